#include <gmock/gmock.h>

#include "app/audit_command.hpp"
#include "audit/log.hpp"
#include "base/clock.hpp"
#include "tests/unit/app/scripted_console.hpp"
#include "tests/unit/app/temporary_folder.hpp"

namespace portcullis::app {
namespace {

using portcullis::testing::ScriptedConsole;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class AuditDrill : public ::testing::Test {
 protected:
  // A log as the writer leaves it.
  AuditDrill() {
    auto log = audit::Log::open({.directory = directory_, .origin = "gate.example/shop"}, clock_);
    EXPECT_TRUE(log);
    EXPECT_TRUE((*log)->append(audit::ConfigRecord{.bytes = "{}"}));
    for (int i = 0; i < 3; ++i) {
      audit::DecisionRecord decision;
      decision.session = 1;
      decision.agent = "repair-bot";
      decision.message = "Query";
      decision.verdict = "allow";
      decision.text = "SELECT 1";
      const auto index = (*log)->append(decision);
      EXPECT_TRUE(index);
      audit::OutcomeRecord outcome;
      outcome.session = 1;
      outcome.decision = *index;
      outcome.result = "ok";
      EXPECT_TRUE((*log)->append(outcome));
    }
  }

  int drill() {
    ScriptedConsole script;
    const int code = drill_audit({directory_, keys_, {}}, script.console);
    out_ = script.out.str();
    err_ = script.err.str();
    return code;
  }

  portcullis::testing::TemporaryFolder folder_;
  std::filesystem::path directory_ = folder_.path() / "audit";
  std::vector<std::filesystem::path> keys_;
  base::SystemClock clock_;
  std::string out_, err_;
};

TEST_F(AuditDrill, FindsEveryAttackThatMustBeFound) {
  const std::string before = folder_.read("audit/00000000000000000000.jsonl");
  EXPECT_EQ(drill(), 0) << out_ << err_;
  EXPECT_THAT(out_, ContainsRegex("a decision is left out +chain made anew +counters, entry [0-9]+\n"));
  EXPECT_THAT(out_, ContainsRegex("the last entry's time is changed +as it is +seal, entry [0-9]+\n"));
  EXPECT_THAT(out_,
              ContainsRegex("a statement's text is changed +chain made anew +not found: only signed notes"));
  EXPECT_THAT(out_,
              ContainsRegex("the end is cut off, with its notes +as it is +not found: only a note kept"));
  EXPECT_THAT(out_, ContainsRegex("a policy is exchanged +chain made anew +not tried: the log has nothing"));
  EXPECT_THAT(
      out_,
      ContainsRegex("\n[0-9]+ attacks: [0-9]+ found, [0-9]+ not to be found, [0-9]+ not tried, 0 missed\n"));
  EXPECT_EQ(err_, "");
  EXPECT_EQ(folder_.read("audit/00000000000000000000.jsonl"), before);
}

TEST_F(AuditDrill, NeedsKeysThatAreSome) {
  keys_ = {folder_.write("no.pub", "x")};
  EXPECT_EQ(drill(), 2);
  EXPECT_THAT(err_, HasSubstr("cannot take the key"));
  EXPECT_EQ(out_, "");
}

TEST_F(AuditDrill, NeedsALogThatIsInOrder) {
  std::string bytes = folder_.read("audit/00000000000000000000.jsonl");
  bytes[bytes.find("SELECT")] = 'X';
  folder_.write("audit/00000000000000000000.jsonl", bytes);
  EXPECT_EQ(drill(), 2);
  EXPECT_THAT(err_, HasSubstr("tampered with as it is"));
  std::filesystem::remove_all(directory_);
  EXPECT_EQ(drill(), 2);
  EXPECT_EQ(out_, "");
}

}  // namespace
}  // namespace portcullis::app
