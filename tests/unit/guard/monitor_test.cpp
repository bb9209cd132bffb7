// Verdicts under mode "monitor", and with what an agent says about itself.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "guard/guard.hpp"

namespace portcullis::guard {
namespace {

using policy::Outcome;

Guard guard_of(const std::string& more) {
  auto loaded = policy::PolicySet::load(
      R"({"version": 1, "name": "t", "agents": {"bot": {"login": "l"}},
          "rules": [{"id": "read", "allow": ["select"], "on": ["app.t"], "to": ["*"], "require": ["reason"]}])" +
      more + "}");
  if (!loaded.policy) throw std::runtime_error(policy::to_text(loaded.problems, "policy"));
  return Guard(std::make_shared<const policy::PolicySet>(std::move(*loaded.policy)));
}
const std::string kMonitor = R"(, "mode": "monitor")";
const std::string kProtect = R"(, "protect": [{"id": "pii", "on": ["app.users"]}])";

sql::Facts facts_on(sql::Action action, std::string table) {
  sql::Effect effect{};
  effect.action = action;
  effect.kind = sql::ObjectKind::relation;
  effect.object = {{}, "app", std::move(table)};
  sql::Facts facts;
  facts.statements.emplace_back().effects.push_back(std::move(effect));
  return facts;
}

Verdict decide(const Guard& guard, const sql::Facts& facts, const sql::Claims& claims = {}) {
  const catalog::NameSpace names{{"app"}};
  return guard.decide(facts, {"bot", &names, nullptr, {}, &claims});
}

const base::Error kSyntax{base::sqlstate::syntax_error, "syntax error at or near \"FROBNICATE\""};

TEST(MonitorVerdict, GoesThroughWithTheRefusalForTheRecord) {
  const auto verdict = decide(guard_of(kMonitor), facts_on(sql::Action::drop_table, "t"));
  EXPECT_EQ(verdict.outcome, Outcome::would_deny);
  EXPECT_TRUE(verdict.allowed());
  EXPECT_FALSE(verdict.refusal);
  ASSERT_TRUE(verdict.would_refuse);
  EXPECT_EQ(
      verdict.would_refuse->message,
      "portcullis: denied: no rule allows DROP TABLE on app.t. Allowed here: SELECT on app.t with a reason.");
  EXPECT_EQ(verdict.demand.statements, 1U);
}

TEST(MonitorVerdict, IsARefusalWhereSomethingIsProtected) {
  auto facts = facts_on(sql::Action::drop_table, "t");
  facts.statements.push_back(facts_on(sql::Action::select, "users").statements.front());
  const auto verdict = decide(guard_of(kMonitor + kProtect), facts);
  EXPECT_EQ(verdict.outcome, Outcome::deny);
  EXPECT_FALSE(verdict.would_refuse);
  ASSERT_TRUE(verdict.refusal);
  EXPECT_NE(verdict.refusal->message.find("denied by \"pii\""), std::string::npos);
  EXPECT_EQ(verdict.refusal->detail, "");  // what is merely recorded does not speak
}

TEST(MonitorVerdict, ForwardsWhatIsNotUnderstoodOnlyWhereNothingIsProtected) {
  const auto forwarded = guard_of(kMonitor).not_understood(kSyntax, "bot");
  EXPECT_EQ(forwarded.outcome, Outcome::would_deny);
  EXPECT_EQ(forwarded.would_refuse->code, base::sqlstate::syntax_error);
  EXPECT_EQ(guard_of("").not_understood(kSyntax, "bot").outcome, Outcome::deny);
  EXPECT_EQ(guard_of(kMonitor + kProtect).not_understood(kSyntax, "bot").outcome, Outcome::deny);
  EXPECT_EQ(guard_of(kMonitor).not_understood(kSyntax, "stranger").outcome, Outcome::deny);
}

TEST(MonitorVerdict, ForwardsWhatIsTooDeepOrNoTextOnlyWhereNothingIsProtected) {
  for (const auto code : {base::sqlstate::program_limit_exceeded, base::sqlstate::statement_too_complex,
                          base::sqlstate::character_not_in_repertoire, base::SqlState("53200")}) {
    EXPECT_EQ(guard_of(kMonitor).not_understood({code, "no"}, "bot").outcome, Outcome::would_deny)
        << code.view();
    EXPECT_EQ(guard_of(kMonitor + kProtect).not_understood({code, "no"}, "bot").outcome, Outcome::deny)
        << code.view();
  }
  EXPECT_EQ(Guard::refuse({base::sqlstate::feature_not_supported, "FunctionCall"}).outcome, Outcome::deny);
}

TEST(MonitorVerdict, OnAPreparedTextThatWasNotUnderstoodIsTheSame) {
  const auto facts = sql::not_understood_facts(kSyntax);
  EXPECT_EQ(decide(guard_of(kMonitor), facts).outcome, Outcome::would_deny);
  EXPECT_EQ(decide(guard_of(kMonitor + kProtect), facts).outcome, Outcome::deny);
  const auto enforced = decide(guard_of(""), facts);
  EXPECT_EQ(enforced.outcome, Outcome::deny);
  EXPECT_EQ(enforced.refusal->code, base::sqlstate::syntax_error);
}

TEST(MonitorVerdict, RecordsALimitThatIsUsedUp) {
  const base::Error full{base::sqlstate::configuration_limit_exceeded, "portcullis: used up."};
  const auto facts = facts_on(sql::Action::select, "t");
  const auto observed = guard_of(kMonitor), enforced = guard_of("");
  const auto recorded = observed.over_limit(decide(observed, facts, {"why", {}, ""}), full);
  EXPECT_TRUE(recorded.allowed());
  EXPECT_EQ(recorded.outcome, Outcome::would_deny);
  EXPECT_EQ(recorded.would_refuse->message, full.message);
  const auto refused = enforced.over_limit(decide(enforced, facts, {"why", {}, ""}), full);
  EXPECT_EQ(refused.outcome, Outcome::deny);
  EXPECT_EQ(refused.refusal->message, full.message);
}

TEST(ClaimsOfAStatement, AreThoseOfItsCommentAndOfTheSession) {
  const auto guard = guard_of("");
  auto facts = facts_on(sql::Action::select, "t");
  EXPECT_FALSE(decide(guard, facts).allowed());
  EXPECT_EQ(decide(guard, facts).refusal->hint, "Say in one sentence what it is for, and send it again.");
  EXPECT_TRUE(decide(guard, facts, {"of the session", {}, ""}).allowed());
  facts.claims.reason = "of the comment";
  EXPECT_TRUE(decide(guard, facts).allowed());
}

TEST(VerdictAsJson, HasWhatAProgramNeedsToGoOn) {
  const auto verdict = decide(guard_of(kProtect), facts_on(sql::Action::select, "users"));
  EXPECT_EQ(
      to_json(verdict, -1),
      R"({"verdict":"deny","effects":[{"action":"select","object":"app.users","verdict":"deny",)"
      R"("ground":"protection","reason":"select on app.users is protected","rule":"pii"}],)"
      R"("refusal":{"sqlstate":"42501","message":"portcullis: denied by \"pii\": SELECT on app.users is )"
      R"(protected. Allowed here: SELECT on app.t with a reason.","hint":"No rule can open what is protected: )"
      R"(leave it out, and send the rest on its own.","action":"select","object":"app.users",)"
      R"("ground":"protection","rule":"pii","nearest_allowed":"SELECT on app.t with a reason"}})");
  const auto observed = to_json(decide(guard_of(kMonitor), facts_on(sql::Action::drop_table, "t")), -1);
  EXPECT_NE(observed.find(R"("would_refuse":{"sqlstate":"42501")"), std::string::npos) << observed;
  EXPECT_EQ(observed.find(R"("refusal")"), std::string::npos);
}

}  // namespace
}  // namespace portcullis::guard
