#include "app/check_command.hpp"

#include <gmock/gmock.h>

#include "app/exit_code.hpp"
#include "tests/unit/app/sample_policy.hpp"
#include "tests/unit/app/scripted_console.hpp"
#include "tests/unit/app/temporary_folder.hpp"

namespace portcullis::app {
namespace {

using portcullis::testing::ScriptedConsole;
using ::testing::HasSubstr;

// A verdict made by hand: what is printed is this room's, what is decided is not.
guard::Verdict sample_verdict() {
  guard::Verdict verdict;
  verdict.outcome = policy::Outcome::deny;
  policy::EffectDecision add;
  add.action = *sql::action_named("alter table add column");
  add.object = {"", "app", "orders"};
  add.outcome = policy::Outcome::allow;
  add.ground = policy::Ground::rule;
  add.rule = "drift";
  add.location = 12;
  policy::EffectDecision drop;
  drop.action = *sql::action_named("drop table");
  drop.object = {"", "app", "users\x1b[2J\xc2\x9b"};
  drop.ground = policy::Ground::not_covered;
  drop.reason = "no rule allows DROP TABLE";
  verdict.decision.outcome = policy::Outcome::deny;
  verdict.decision.effects = {add, drop};
  verdict.refusal = base::Error{.code = base::sqlstate::insufficient_privilege,
                                .message = "portcullis: denied",
                                .detail = "one\ntwo",
                                .position = 46};
  return verdict;
}

TEST(CheckOutput, IsATableForPeople) {
  EXPECT_EQ(to_text(sample_verdict()), R"(verdict: deny

  VERDICT  ACTION                  OBJECT           BY           WHY
  allow    alter table add column  app.orders       "drift"
  deny     drop table              app.users?[2J??  not covered  no rule allows DROP TABLE

The agent reads:
  ERROR 42501: portcullis: denied
  DETAIL: one
          two
  at character 46
)");
}

TEST(CheckOutput, IsJsonForPrograms) {
  EXPECT_EQ(guard::to_json(sample_verdict()), R"({
  "verdict": "deny",
  "effects": [
    {
      "action": "alter table add column",
      "object": "app.orders",
      "verdict": "allow",
      "ground": "rule",
      "reason": "",
      "rule": "drift",
      "offset": 12
    },
    {
      "action": "drop table",
      "object": "app.users\u001b[2J)"
                                              "\xc2\x9b"
                                              R"(",
      "verdict": "deny",
      "ground": "not covered",
      "reason": "no rule allows DROP TABLE"
    }
  ],
  "refusal": {
    "sqlstate": "42501",
    "message": "portcullis: denied",
    "detail": "one\ntwo",
    "position": 46,
    "action": "drop table",
    "object": "app.users\u001b[2J)"
                                              "\xc2\x9b"
                                              R"(",
    "ground": "not covered"
  }
})");
}

TEST(CheckOutput, SaysWhenThereIsNothingToJudge) {
  guard::Verdict verdict;
  verdict.outcome = policy::Outcome::allow;
  EXPECT_EQ(to_text(verdict), "verdict: allow\n\n  nothing in this text has an effect that needs a rule\n");
  EXPECT_EQ(guard::to_json(verdict), "{\n  \"verdict\": \"allow\",\n  \"effects\": []\n}");
}

class CheckCommand : public ::testing::Test {
 protected:
  int run(CheckOptions options, const std::string& input = {}) {
    options.policy = folder_.write("policy.json", portcullis::testing::kSamplePolicy);
    if (options.agent.empty()) options.agent = "bot";
    ScriptedConsole script(input);
    const int code = check(options, script.console);
    out_ = script.out.str();
    err_ = script.err.str();
    return code;
  }
  int run_sql(const std::string& sql, Format format = Format::text) {
    CheckOptions options;
    options.format = format;
    options.sql = sql;
    return run(options);
  }

  portcullis::testing::TemporaryFolder folder_;
  std::string out_, err_;
};

TEST_F(CheckCommand, AnswersWithItsExitCode) {
  EXPECT_EQ(run_sql("SELECT id FROM app.orders"), kSuccess);
  EXPECT_THAT(out_, HasSubstr("verdict: allow"));
  EXPECT_EQ(run_sql("SELECT login FROM app.users"), kDenied);
  EXPECT_THAT(out_, HasSubstr("\"pii\""));
  EXPECT_EQ(run_sql("CREATE INDEX CONCURRENTLY i ON app.orders (id)"), kAsk);
  EXPECT_THAT(out_, HasSubstr("verdict: ask"));
  EXPECT_EQ(run_sql(""), kSuccess);
}

TEST_F(CheckCommand, ShowsEachEffectOfATextAndWhatTheAgentReads) {
  EXPECT_EQ(run_sql("ALTER TABLE app.orders ADD COLUMN x int; DROP TABLE app.users"), kDenied);
  EXPECT_THAT(out_, HasSubstr("allow    alter table add column  app.orders  \"drift\""));
  EXPECT_THAT(out_, HasSubstr("deny     drop table              app.users   \"pii\""));
  EXPECT_THAT(out_, HasSubstr("ERROR 42501: portcullis: denied by \"pii\""));
}

TEST_F(CheckCommand, JudgesWhatCannotBeParsed) {
  EXPECT_EQ(run_sql("SELEC 1", Format::json), kDenied);
  EXPECT_THAT(out_, HasSubstr("\"sqlstate\": \"42601\""));
}

TEST_F(CheckCommand, LooksNamesUpInTheSearchPathGiven) {
  EXPECT_EQ(run_sql("SELECT 1 FROM orders"), kDenied);
  CheckOptions options;
  options.search_path = {"app"};
  options.sql = "SELECT id FROM orders";
  EXPECT_EQ(run(options), kSuccess) << out_;
}

TEST_F(CheckCommand, ReadsItsInputWhenNoStatementIsGiven) {
  EXPECT_EQ(run({}, "SELECT id\nFROM app.orders"), kSuccess);
  EXPECT_EQ(run({}, "SELECT 1 FROM app.users\n"), kDenied);
}

TEST_F(CheckCommand, KnowsNoStrangers) {
  CheckOptions options;
  options.agent = "agent_bot";
  options.sql = "SELECT 1";
  EXPECT_EQ(run(options), kUsage);
  EXPECT_THAT(err_, HasSubstr("give one of bot"));
  EXPECT_EQ(out_, "");
}

TEST_F(CheckCommand, SaysWhatIsWrongWithThePolicy) {
  CheckOptions options;
  options.policy = folder_.write("bad.json", "{\n  \"version\": }");
  options.agent = "bot";
  ScriptedConsole script;
  EXPECT_EQ(check(options, script.console), kUsage);
  EXPECT_THAT(script.err.str(), HasSubstr("bad.json:2:"));
}

}  // namespace
}  // namespace portcullis::app
