// Orders carried out on a log with sealed texts: what goes, what stays, and what a kill at any step leaves.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <set>

#include "audit/format.hpp"
#include "audit/key_file.hpp"
#include "audit/prove.hpp"
#include "audit/read.hpp"
#include "audit/requests.hpp"
#include "audit/unsealer.hpp"
#include "base/encoding.hpp"
#include "tests/unit/audit/log_erasure_host.hpp"
#include "tests/unit/audit/ordering.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;
using portcullis::testing::a_release;
using portcullis::testing::an_order;
using portcullis::testing::named_key;
using portcullis::testing::public_key_of;
using portcullis::testing::signed_order;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Erasing : public ::testing::Test {
 protected:
  std::unique_ptr<Log> open() {
    LogOptions options = audit::testing::options(directory_);
    options.text = TextMode::sealed;
    options.sealing_keys = keys_;
    options.key = std::make_shared<const NamedKey>(named_key(1, options.origin));
    auto log = Log::open(std::move(options), clock_);
    EXPECT_TRUE(log) << log.error().message;
    EXPECT_TRUE((*log)->append(ConfigRecord{
        R"({"audit":{"erasers":[")" + vkey_text("anna", anna_.key.public_key()) + "\",\"" +
        vkey_text("bert", bert_.key.public_key()) + R"("],"retention_ms":{"parameters":3600000}}})"}));
    return std::move(*log);
  }
  static DecisionRecord statement(int number) {
    DecisionRecord record = decision("select " + std::to_string(number) + " -- a person's name");
    record.message = "Parse";
    record.parameters = {{ParameterRecord::Form::text, "p" + std::to_string(number), 0}};
    record.said_reason = "because of " + std::to_string(number);
    return record;
  }
  void fill(Log& log, int statements) {
    for (int i = 1; i <= statements; ++i) {
      last_ = log.append(statement(i)).value();
      if (i % 50 != 0 && i != statements) continue;
      ASSERT_TRUE(wait_durable(log, last_ + 1));
    }
  }
  Erasure erasure(LogErasureHost& host, std::function<void(std::string_view)> at_step = {}) {
    return {{directory_, kOrigin, std::move(at_step), {}}, SealingFolder::open(keys_).value(), host, clock_};
  }
  std::string signed_by_two(const Order& order) const { return signed_order(order, {&anna_, &bert_}); }
  std::string carry_out(Log& log, const Order& order) {
    LogErasureHost host(log);
    const auto done = erasure(host).carry_out(signed_by_two(order));
    return done ? *done : done.error().message;
  }
  // "text parameters said" as far as they can be opened, by entry.
  std::map<std::uint64_t, std::string> opened() {
    std::map<std::uint64_t, std::string> found;
    auto unsealer = Unsealer::open(keys_).value();
    EntryFilter filter;
    filter.type = EntryType::decision;
    EXPECT_TRUE(for_each_entry(directory_, filter, [&](const EntryReader& entry) {
      std::string& states = found[entry.index()];
      for (const char* field : {"text", "parameters", "said"}) {
        const auto one = unsealer.open(entry, field);
        EXPECT_TRUE(one.state == Unsealed::State::open || one.state == Unsealed::State::erased);
        states += one.state == Unsealed::State::open ? field[0] : '-';
      }
      return true;
    }));
    return found;
  }
  std::uint64_t count(EntryType type) {
    EntryFilter filter;
    filter.type = type;
    std::uint64_t found = 0;
    EXPECT_TRUE(for_each_entry(directory_, filter, [&](const EntryReader&) { return ++found, true; }));
    return found;
  }
  // Nothing but that nobody keeps anything elsewhere.
  void expect_in_order() { EXPECT_EQ(found(), ""); }
  // With the keys: "kept@5", without that nobody keeps anything elsewhere.
  std::string found() {
    VerifyOptions given;
    given.keys = {public_key_of(named_key(1, kOrigin))};
    given.sealing_keys = keys_;
    const auto report = verify(directory_, given);
    std::string out;
    for (const auto& finding : report.findings) {
      if (finding.check == "no anchor") continue;
      out += (out.empty() ? "" : " ") + finding.check + "@" + std::to_string(finding.index);
    }
    return out;
  }
  static SealClassSet only(SealClass kind) {
    SealClassSet classes;
    classes.add(kind);
    return classes;
  }

  const NamedKey anna_ = named_key(11, "anna"), bert_ = named_key(12, "bert");
  FixedClock clock_;
  TemporaryDirectory folder_;
  const std::filesystem::path directory_ = folder_ / "audit", keys_ = folder_ / "audit.keys";
  std::uint64_t last_ = 0;
};

TEST_F(Erasing, TakesTheKeysOfTheRecordsAndClasses) {
  auto log = open();
  fill(*log, 10);
  const auto first = last_ - 9;
  EXPECT_EQ(carry_out(*log, an_order(OrderAction::erase, {{first + 1, first + 3}, {last_, last_}},
                                     only(SealClass::parameters))),
            "erased: the texts (parameters) of 4 records");
  for (const auto& [index, states] : opened()) {
    const bool is_erased = (index > first && index < first + 4) || index == last_;
    EXPECT_EQ(states, is_erased ? "t-s" : "tps") << index;
  }
  fill(*log, 3);
  EXPECT_EQ(opened().at(last_), "tps");
  log.reset();
  expect_in_order();
  EXPECT_EQ(count(EntryType::erase), 1u);
}

TEST_F(Erasing, RefusesWhatIsNotOrderedOrHeld) {
  auto log = open();
  fill(*log, 4);
  LogErasureHost host(*log);
  auto erasure = this->erasure(host);
  const Order order = an_order(OrderAction::erase, {{last_ - 1, last_}});
  const auto refused = [&](const std::string& bytes) {
    const auto done = erasure.carry_out(bytes);
    EXPECT_EQ(done ? base::sqlstate::internal_error : done.error().code,
              base::sqlstate::invalid_parameter_value);
    return done ? *done : done.error().message;
  };
  EXPECT_THAT(refused(signed_order(order, {&anna_})), HasSubstr("two keys of audit.erasers"));
  EXPECT_THAT(refused("x"), HasSubstr("no order"));
  EXPECT_THAT(refused(signed_by_two(an_order(OrderAction::erase, {{last_ + 9, last_ + 9}}))),
              HasSubstr("stands behind it"));
  EXPECT_THAT(refused(signed_by_two(an_order(OrderAction::erase, {{0, 0}}))),
              HasSubstr("none of its records"));
  const std::string hold =
      signed_by_two(an_order(OrderAction::hold, {{last_, last_}}, only(SealClass::said)));
  EXPECT_THAT(erasure.carry_out(hold).value(), HasSubstr("held: records " + std::to_string(last_)));
  EXPECT_THAT(refused(signed_by_two(order)), HasSubstr("is held by the order"));
  EXPECT_EQ(opened().at(last_), "tps");
  EXPECT_EQ(count(EntryType::erase), 0u);
  const std::string release = signed_by_two(a_release(read_order(hold)->hash));
  EXPECT_THAT(erasure.carry_out(release).value(), HasSubstr("released"));
  EXPECT_THAT(erasure.carry_out(release).value(), HasSubstr("released"));  // as behind a crash
  EXPECT_EQ(count(EntryType::hold), 2u);
  EXPECT_THAT(erasure.carry_out(signed_by_two(order)).value(), HasSubstr("of 2 records"));
  EXPECT_EQ(opened().at(last_), "---");
  log.reset();
  expect_in_order();
}

TEST_F(Erasing, AnOrderToHoldComesIntoForceOnce) {
  auto log = open();
  fill(*log, 1);
  const Order order = an_order(OrderAction::hold, {{last_, last_}});
  EXPECT_THAT(carry_out(*log, order), HasSubstr("held"));
  EXPECT_THAT(carry_out(*log, order), HasSubstr("held"));
  EXPECT_EQ(count(EntryType::hold), 1u);
}

// The whole of what is promised: a thousand of some thousands.
TEST_F(Erasing, LeavesEveryProofAndEveryOtherText) {
  std::mt19937 random(7);
  auto log = open();
  fill(*log, 1'500);
  ASSERT_TRUE(log->new_epoch());
  fill(*log, 1'500);
  log.reset();
  const std::string proof = prove_inclusion(directory_, last_).value();
  const auto before = opened();
  log = open();
  fill(*log, 500);

  std::vector<std::uint64_t> all;
  for (const auto& [index, states] : opened()) all.push_back(index);
  std::shuffle(all.begin(), all.end(), random);
  all.resize(1'000);
  const std::set<std::uint64_t> chosen(all.begin(), all.end());
  IndexSet set;
  for (const auto index : chosen) set.add({index, index});
  std::vector<IndexRange> ranges;
  for (const auto& [first, last] : set.ranges()) ranges.push_back({first, last});

  std::map<std::uint64_t, std::pair<int, std::size_t>> old_files;  // held open: the blocks of before
  const auto folder = SealingFolder::open(keys_).value();
  const auto epochs = folder.epochs().value();
  ASSERT_GE(epochs.size(), 3u);
  for (const auto epoch : epochs) {
    const auto file = keys_ / sealing_name(epoch);
    old_files[epoch] = {::open(file.c_str(), O_RDONLY | O_CLOEXEC), std::filesystem::file_size(file)};
  }
  EXPECT_EQ(carry_out(*log, an_order(OrderAction::erase, ranges)),
            "erased: the texts (parameters said text) of 1000 records");
  EXPECT_GT(folder.epochs().value().back(), epochs.back());  // the newest was left
  fill(*log, 5);
  for (const auto& [epoch, old] : old_files) {
    std::string bytes(old.second, 'x');
    ASSERT_EQ(::pread(old.first, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    EXPECT_EQ(bytes.find_first_not_of('\0'), std::string::npos) << epoch;
    ::close(old.first);
  }
  for (const auto& [index, states] : opened())
    EXPECT_EQ(states, chosen.contains(index) ? "---" : "tps") << index;

  // By no node that is left, of whatever class and epoch, as if it stood above the slot.
  std::vector<KeyTree::Node> nodes;
  for (const auto epoch : folder.epochs().value()) {
    const auto keys = folder.read(epoch).value();
    for (const auto kind : kEachSealClass) {
      for (const auto& node : keys.of(kind).nodes()) nodes.push_back(node);
    }
  }
  int tried = 0;
  EntryFilter filter;
  filter.type = EntryType::decision;
  ASSERT_TRUE(for_each_entry(directory_, filter, [&](const EntryReader& entry) {
    if (!chosen.contains(entry.index())) return true;
    const auto& json = entry.json();
    const auto* sealed = json.find(json.root(), "sealed");
    const auto number = [&](const char* key) {
      return static_cast<std::uint64_t>(*json.integer(*json.find(*sealed, key)));
    };
    const SealedPlace place{sha256(kOrigin), number("epoch"), number("slot")};
    const auto* commitment = json.first_child(*json.find(*sealed, "text"));
    const std::string box = base::from_base64(json.raw(*json.next(*commitment))).value();
    for (const auto& node : nodes) {
      KeyTree::Node at = node;
      at.number = static_cast<std::uint32_t>(place.slot >> (kTreeDepth - at.level));
      while (at.level < kTreeDepth) at = step_to(at, static_cast<std::uint32_t>(place.slot));
      EXPECT_FALSE(open_box(box_key(at.key, "text"), place, "text", box));
    }
    return ++tried < 10;
  }));
  EXPECT_EQ(tried, 10);

  log.reset();
  expect_in_order();
  EXPECT_EQ(prove_inclusion(directory_, last_ - 505).has_value(), true);
  EXPECT_NE(proof, "");
}

// --- what a verifier with the keys says

TEST_F(Erasing, AVerifierWithTheKeysFindsWhatNobodyOrdered) {
  auto log = open();
  fill(*log, 4);
  const std::uint64_t first = last_ - 3;
  log.reset();
  expect_in_order();
  const auto folder = SealingFolder::open(keys_).value();
  const auto epochs = folder.epochs().value();
  const auto change = [&](const std::function<void(SealingKeys&)>& how) {
    auto keys = folder.read(epochs.front()).value();
    how(keys);
    ASSERT_TRUE(folder.replace(keys));
  };
  const auto file = keys_ / sealing_name(epochs.front());
  const std::string before = read_bytes(file);
  change([](SealingKeys& keys) { keys.of(SealClass::said).erase(1, 2); });
  EXPECT_EQ(found(), "erased@" + std::to_string(first + 1));
  change([](SealingKeys& keys) { keys.of(SealClass::text) = KeyTree(random_key().value()); });
  EXPECT_EQ(found(), "sealed@" + std::to_string(first) + " erased@" + std::to_string(first + 1));
  write_bytes(file, before + "more\n");
  EXPECT_EQ(found(), "read@0");
  write_bytes(file, before);
  write_bytes(keys_ / "0.sealing", before);
  EXPECT_EQ(found(), "read@0");
  std::filesystem::remove(keys_ / "0.sealing");
  expect_in_order();
  std::filesystem::remove(file);
  EXPECT_EQ(found(), "erased@" + std::to_string(first));
  std::filesystem::remove_all(keys_);
  EXPECT_EQ(found(), "read@0");
}

TEST_F(Erasing, AVerifierWithTheKeysFindsWhatIsStillThere) {
  auto log = open();
  fill(*log, 4);
  const auto folder = SealingFolder::open(keys_).value();
  const auto epoch = folder.epochs().value().front();
  const std::string before = read_bytes(keys_ / sealing_name(epoch));
  ASSERT_THAT(carry_out(*log, an_order(OrderAction::erase, {{last_ - 1, last_}}, only(SealClass::text))),
              HasSubstr("of 2 records"));
  log.reset();
  expect_in_order();
  write_bytes(keys_ / sealing_name(epoch), before);
  EXPECT_EQ(found(), "kept@" + std::to_string(last_ - 1));
  write_bytes(keys_ / sealing_name(epoch), "x");  // what cannot be read counts as open
  EXPECT_EQ(found(), "read@0 kept@" + std::to_string(last_ - 1));
}

// --- requests, and kills

TEST_F(Erasing, AKillAtAnyStepIsMadeUpFor) {
  {
    auto log = open();
    fill(*log, 10);
    ASSERT_TRUE(log->new_epoch());
    fill(*log, 10);
  }
  std::uint64_t killed = 0;
  for (int step = 1; step < 20; ++step) {
    // Of both epochs, and others each time.
    const auto at = static_cast<std::uint64_t>(step);
    const Order order =
        an_order(OrderAction::erase, {{3 + at % 9, 3 + at % 9}, {last_ - at % 9, last_ - at % 9}});
    const std::string bytes = signed_by_two(order);
    const std::string hash = read_order(bytes)->hash;
    Requests requests(directory_);
    ASSERT_TRUE(requests.leave(read_order(bytes).value(), bytes));
    const pid_t child = ::fork();
    if (child == 0) {
      auto log = open();
      LogErasureHost host(*log);
      int left = step;
      auto erasure = this->erasure(host, [&](std::string_view) {
        if (--left == 0) ::raise(SIGKILL);
      });
      (void)requests.look(erasure, {});
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    const bool was_killed = WIFSIGNALED(status);
    killed += was_killed ? 1 : 0;
    EXPECT_EQ(requests.answer(hash).has_value(), !was_killed);
    auto log = open();
    LogErasureHost host(*log);
    auto erasure = this->erasure(host);
    (void)requests.look(erasure, {});
    const auto answer = requests.answer(hash);
    ASSERT_TRUE(answer && answer->done) << step;
    EXPECT_FALSE(requests.any());
    const auto states = opened();
    EXPECT_EQ(states.at(3 + at % 9), "---") << step;
    EXPECT_EQ(states.at(last_ - at % 9), "---") << step;
    log.reset();
    expect_in_order();
    if (!was_killed) break;
  }
  EXPECT_EQ(killed, 4u);  // before the entry, behind it, and before the keys of each epoch
}

TEST_F(Erasing, AnswersWhatIsNoOrderAndGoesOn) {
  auto log = open();
  fill(*log, 2);
  LogErasureHost host(*log);
  auto erasure = this->erasure(host);
  Requests requests(directory_);
  const std::string good = signed_by_two(an_order(OrderAction::erase, {{last_, last_}}));
  const auto order = read_order(good).value();
  ASSERT_TRUE(requests.leave(order, good));
  const auto in = directory_ / "requests";
  write_bytes(in / "none.order", "x");
  write_bytes(in / "large.order", std::string(kMaxOrderBytes + 1, 'x'));
  write_bytes(in / "renamed.order", good);
  write_bytes(in / "not plain.order", "x");
  write_bytes(in / "half.order.draft", "x");
  std::filesystem::create_directory(in / "folder.order");
  std::filesystem::create_symlink(in / (order.hash + ".order"), in / "link.order");
  ASSERT_EQ(::mkfifo((in / "pipe.order").c_str(), 0600), 0);
  (void)requests.look(erasure, {});
  for (const char* name : {"none", "large", "renamed", "folder", "link", "pipe"}) {
    const auto answer = requests.answer(name);
    EXPECT_TRUE(answer && !answer->done && !answer->message.empty()) << name;
    EXPECT_FALSE(std::filesystem::exists(in / (std::string(name) + ".order"))) << name;
  }
  EXPECT_TRUE(requests.answer(order.hash)->done);
  EXPECT_FALSE(requests.any());
  requests.forget_answer(order.hash);
  EXPECT_FALSE(requests.answer(order.hash));
  EXPECT_EQ(opened().at(last_), "---");
}

// What cannot be done now is not refused, and not tried all the time.
TEST_F(Erasing, TriesAgainEverMoreSeldom) {
  auto log = open();
  fill(*log, 1);
  class Broken final : public ErasureHost {
   public:
    base::Result<std::uint64_t> append(Record) override {
      ++tried;
      return base::Error{base::sqlstate::disk_full, "no room"};
    }
    base::Result<void> leave_epoch() override { return {}; }
    base::Result<void> wait_signed(std::uint64_t) override { return {}; }
    int tried = 0;
  } broken;
  Erasure failing({directory_, kOrigin}, SealingFolder::open(keys_).value(), broken, clock_);
  Requests requests(directory_);
  const std::string bytes = signed_by_two(an_order(OrderAction::erase, {{last_, last_}}));
  ASSERT_TRUE(requests.leave(read_order(bytes).value(), bytes));
  std::chrono::steady_clock::time_point now{};
  for (int second = 0; second < 100; ++second, now += std::chrono::seconds(1))
    (void)requests.look(failing, now);
  EXPECT_EQ(broken.tried, 7);  // at 0, 1, 3, 7, 15, 31, 63
  EXPECT_TRUE(requests.any());
  EXPECT_FALSE(requests.answer(read_order(bytes)->hash));
  LogErasureHost host(*log);
  auto erasure = this->erasure(host);
  (void)requests.look(erasure, now + std::chrono::hours(1));
  EXPECT_TRUE(requests.answer(read_order(bytes)->hash)->done);
}

// --- time

constexpr std::int64_t kHour = 3'600'000'000;

TEST_F(Erasing, WholeEpochsExpire) {
  auto log = open();
  fill(*log, 3);
  const std::uint64_t old = last_;
  clock_.micros += kHour;
  ASSERT_TRUE(log->new_epoch());
  fill(*log, 3);
  LogErasureHost host(*log);
  auto erasure = this->erasure(host);
  EXPECT_EQ(erasure.expire().value(), "");  // the next epoch is not an hour old
  clock_.micros += kHour + 61'000'000;
  EXPECT_THAT(erasure.expire().value(), HasSubstr("of the class parameters"));
  EXPECT_EQ(opened().at(old), "t-s");
  EXPECT_EQ(opened().at(last_), "tps");
  EXPECT_EQ(erasure.expire().value(), "");
  EXPECT_EQ(count(EntryType::erase), 1u);
  log.reset();
  EXPECT_THAT(found(), AllOf(Not(HasSubstr("erased")), Not(HasSubstr("kept")), Not(HasSubstr("retention"))));
}

TEST_F(Erasing, NothingExpiresThatIsHeldOrNewerThanItsEpoch) {
  auto log = open();
  fill(*log, 1);
  const std::uint64_t old = last_;
  clock_.micros += 5 * kHour;
  fill(*log, 1);
  clock_.micros -= 5 * kHour;  // the clock was set back
  ASSERT_TRUE(log->new_epoch());
  fill(*log, 1);
  clock_.micros += 2 * kHour;
  LogErasureHost host(*log);
  auto erasure = this->erasure(host);
  EXPECT_EQ(erasure.expire().value(), "");
  clock_.micros += 5 * kHour;
  const std::string hold = signed_by_two(an_order(OrderAction::hold, {{0, 0}}, only(SealClass::parameters)));
  ASSERT_TRUE(erasure.carry_out(hold));
  EXPECT_EQ(erasure.expire().value(), "");
  ASSERT_TRUE(erasure.carry_out(signed_by_two(a_release(read_order(hold)->hash))));
  EXPECT_THAT(erasure.expire().value(), HasSubstr("parameters"));
  EXPECT_EQ(opened().at(old), "t-s");
  EXPECT_EQ(opened().at(old + 1), "t-s");
}

}  // namespace
}  // namespace portcullis::audit
