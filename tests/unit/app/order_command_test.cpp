// `portcullis audit order`, `sign` and `orders`, on a log with sealed texts.
#include "app/order_command.hpp"

#include <gmock/gmock.h>

#include "app/exit_code.hpp"
#include "app/order_reach.hpp"
#include "audit/key_file.hpp"
#include "audit/log.hpp"
#include "base/clock.hpp"
#include "tests/unit/app/scripted_console.hpp"
#include "tests/unit/app/temporary_folder.hpp"
#include "tests/unit/audit/ordering.hpp"

namespace portcullis::app {
namespace {

using audit::OrderAction;
using portcullis::testing::named_key;
using portcullis::testing::ScriptedConsole;
using ::testing::HasSubstr;

class OrderCommand : public ::testing::Test {
 protected:
  OrderCommand() {
    audit::LogOptions options;
    options.directory = directory_;
    options.origin = "gate.example/shop";
    options.text = audit::TextMode::sealed;
    options.sealing_keys = folder_.path() / "audit.keys";
    auto log = audit::Log::open(std::move(options), clock_).value();
    EXPECT_TRUE(log->append(audit::ConfigRecord{R"({"audit":{"erasers":[")" + vkey(anna_) + "\",\"" +
                                                vkey(bert_) + "\"]}}"}));                      // 2
    for (std::uint64_t i = 0; i < 6; ++i) add(*log, i % 2 == 0 ? "bot" : "other", i % 2 + 1);  // 3 to 14
    EXPECT_TRUE(audit::write_key_files(folder_.path() / "anna.key", anna_));
    EXPECT_TRUE(audit::write_key_files(folder_.path() / "bert.key", bert_));
  }
  static std::string vkey(const audit::NamedKey& key) {
    return audit::vkey_text(key.name, key.key.public_key());
  }
  // A decision, and what became of it.
  static void add(audit::Log& log, const std::string& agent, std::uint64_t session) {
    audit::DecisionRecord record;
    record.session = session;
    record.agent = agent;
    record.message = "Query";
    record.verdict = "allow";
    record.text = "select 1";
    const auto index = log.append(record).value();
    audit::OutcomeRecord outcome;
    outcome.session = session;
    outcome.decision = index;
    outcome.result = "error";
    outcome.error = "no such person";
    EXPECT_TRUE(log.append(outcome));
  }
  MakeOrderOptions asked(const std::string& records, const std::string& agent = {}) const {
    MakeOrderOptions options;
    options.directory = directory_;
    options.records = records;
    options.agent = agent;
    options.basis = "Art. 17 GDPR";
    options.out = folder_.path() / "1.order";
    return options;
  }
  int make(const MakeOrderOptions& options) {
    said_.emplace();
    return make_order(options, said_->console);
  }
  audit::SignedOrder made() const {
    return audit::read_order(folder_.read("1.order"), audit::Unsigned::take).value();
  }
  std::string records() const {
    const auto order = made();
    return audit::to_text(std::span(order.order.records));
  }
  int sign(const std::string& key) {
    said_.emplace();
    return sign_order({folder_.path() / "1.order", folder_.path() / key}, said_->console);
  }

  const audit::NamedKey anna_ = named_key(11, "anna"), bert_ = named_key(12, "bert");
  testing::TemporaryFolder folder_;
  const std::filesystem::path directory_ = folder_.path() / "audit";
  const base::SystemClock clock_;
  std::optional<ScriptedConsole> said_{std::in_place};
};

TEST_F(OrderCommand, SpeaksOfTheRecordsThatWereAskedFor) {
  EXPECT_EQ(make(asked("9,3-4,10")), kSuccess) << said_->err.str();
  EXPECT_EQ(records(), "3-4 9-10");
  EXPECT_EQ(made().order.origin, "gate.example/shop");
  EXPECT_THAT(said_->out.str(), HasSubstr("reaches:  4 records"));
  EXPECT_THAT(said_->out.str(), HasSubstr("agents:   bot, other"));
  EXPECT_EQ(make(asked("3")), kFailure);
  EXPECT_THAT(said_->err.str(), HasSubstr("is there already"));
}

TEST_F(OrderCommand, FindsWhatAnAgentDidAndWhatBecameOfIt) {
  EXPECT_EQ(make(asked("", "bot")), kSuccess) << said_->err.str();
  EXPECT_EQ(records(), "3-4 7-8 11-12");
}

TEST_F(OrderCommand, RefusesWhatCannotBeOrdered) {
  const auto why = [&](int code, const MakeOrderOptions& options) {
    EXPECT_EQ(make(options), code);
    EXPECT_FALSE(std::filesystem::exists(options.out));
    return said_->err.str();
  };
  EXPECT_THAT(why(kUsage, asked("")), HasSubstr("say which records"));
  EXPECT_THAT(why(kUsage, asked("3-")), HasSubstr("no records"));
  EXPECT_THAT(why(kFailure, asked("0-2")), HasSubstr("no sealed text"));
  EXPECT_THAT(why(kFailure, asked("3-999")), HasSubstr("ends before entry 999"));
  auto options = asked("3");
  options.classes = {"texts"};
  EXPECT_THAT(why(kUsage, options), HasSubstr("no class \"texts\""));
  options = asked("3");
  options.before = "yesterday";
  EXPECT_THAT(why(kUsage, options), HasSubstr("no time"));
  options.before = "2020-01-01";
  EXPECT_THAT(why(kFailure, options), HasSubstr("no sealed text"));
  options = asked("3");
  options.basis = " ";
  EXPECT_THAT(why(kUsage, options), HasSubstr("1 to 500 bytes"));
  options = asked("3");
  options.directory /= "none";
  (void)why(kFailure, options);
}

TEST_F(OrderCommand, IsSignedByEachOnce) {
  ASSERT_EQ(make(asked("3")), kSuccess);
  EXPECT_EQ(sign("anna.key"), kSuccess) << said_->err.str();
  EXPECT_THAT(said_->out.str(), HasSubstr("Art. 17 GDPR"));
  EXPECT_EQ(sign("anna.key"), kFailure);
  EXPECT_THAT(said_->err.str(), HasSubstr("signed it already"));
  EXPECT_EQ(sign("bert.key"), kSuccess);
  EXPECT_EQ(sign("none.key"), kFailure);
  const std::vector<audit::VerifierKey> keys{testing::public_key_of(anna_), testing::public_key_of(bert_)};
  EXPECT_EQ(audit::count_signers(audit::read_order(folder_.read("1.order")).value(), keys).value(), 2u);
}

TEST_F(OrderCommand, ThereIsARegister) {
  EXPECT_EQ(list_orders(directory_, said_->console), kSuccess);
  EXPECT_THAT(said_->out.str(), HasSubstr("no orders"));
  audit::Order order = testing::an_order(OrderAction::hold, {{3, 4}});
  order.origin = "gate.example/shop";
  const std::string bytes = testing::signed_order(order, {&anna_, &bert_});
  const std::string alone = testing::signed_order(order, {&anna_});
  {
    audit::LogOptions options;
    options.directory = directory_;
    options.origin = order.origin;
    auto log = audit::Log::open(std::move(options), clock_).value();
    EXPECT_TRUE(log->append(audit::HoldRecord{audit::read_order(bytes)->hash, bytes}));
    EXPECT_TRUE(log->append(audit::EraseRecord{.hash = audit::read_order(alone)->hash, .order = alone}));
  }
  EXPECT_EQ(list_orders(directory_, said_->console), kSuccess);
  EXPECT_THAT(said_->out.str(), HasSubstr("signed:   anna, bert\n"));
  EXPECT_THAT(said_->out.str(), HasSubstr("state:    in force"));
  EXPECT_THAT(said_->out.str(), HasSubstr("has no effect"));
}

}  // namespace
}  // namespace portcullis::app
