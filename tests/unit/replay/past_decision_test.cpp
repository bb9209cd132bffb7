#include "replay/past_decision.hpp"

#include <gtest/gtest.h>

#include "replay/judge_again.hpp"
#include "tests/unit/replay/entry_of.hpp"

namespace portcullis::replay {
namespace {

using testing::EntryOf;

audit::DecisionRecord decision(audit::EffectTraits traits = {}) {
  audit::DecisionRecord record;
  record.session = 1;
  record.agent = "bot";
  record.message = "Query";
  record.verdict = "allow";
  record.kinds = {"UPDATE"};
  record.catalog = "c";
  record.text = "UPDATE";
  record.effects = {{"update", "app.t", "allow", "write", "", "rule"}};
  record.effects.front().traits = std::move(traits);
  return record;
}

TEST(PastDecision, EveryTraitComesBack) {
  audit::EffectTraits traits;
  traits.kind = "function";
  traits.parts = {"a.b", "c"};
  traits.via = "foreign key";
  traits.oid = 16'400;
  traits.relation = "f";
  traits.part_of = {"app.parent", "app.\"Odd name\""};
  traits.missing = traits.missing_ok = traits.where = true;
  traits.column = "note";
  traits.column_default = "other";
  traits.not_null = traits.other_type = traits.constraint = true;
  traits.computed = true;
  traits.values = {"one", "two"};
  traits.arguments = "integer";
  traits.body = "b0d1";
  traits.extension = "vector";
  const EntryOf entry(decision(traits));
  const auto past = past_decision(*entry);
  ASSERT_EQ(past.unclear, "") << entry.line();
  const auto& resolved = past.resolution.effects.at(0);
  EXPECT_EQ(resolved.effect.kind, sql::ObjectKind::function);
  EXPECT_EQ(resolved.effect.object, (sql::Name{{}, "a.b", "c"}));
  EXPECT_EQ(resolved.via, catalog::Via::foreign_key);
  EXPECT_EQ(resolved.oid, 16'400u);
  EXPECT_EQ(resolved.relation_kind, catalog::RelationKind::foreign_table);
  EXPECT_TRUE(resolved.missing && resolved.effect.missing_ok && resolved.effect.has_where);
  ASSERT_TRUE(resolved.effect.added_column);
  EXPECT_EQ(resolved.effect.added_column->column, "note");
  EXPECT_EQ(resolved.effect.added_column->default_expression, sql::DefaultExpression::other);
  EXPECT_FALSE(resolved.effect.added_column->nullable || resolved.effect.added_column->base_type);
  EXPECT_TRUE(resolved.effect.added_column->inline_constraint);
  EXPECT_FALSE(resolved.effect.value_is_constant);
  EXPECT_EQ(resolved.effect.values, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(resolved.arguments, "integer");
  EXPECT_EQ(resolved.body_hash, "b0d1");
  EXPECT_EQ(resolved.extension, "vector");
  EXPECT_EQ(resolved.cause, -1);
  EXPECT_TRUE(past.resolution.has_catalog);
}

TEST(PastDecision, WhatIsLeftOutIsNotSo) {
  const auto past = past_decision(*EntryOf(decision()));
  ASSERT_EQ(past.unclear, "");
  const auto& resolved = past.resolution.effects.at(0);
  EXPECT_EQ(resolved.effect.kind, sql::ObjectKind::relation);
  EXPECT_EQ(resolved.effect.object, (sql::Name{{}, "app", "t"}));
  EXPECT_FALSE(resolved.effect.has_where || resolved.missing || resolved.effect.added_column);
  EXPECT_TRUE(resolved.effect.value_is_constant);
}

TEST(PastDecision, NamesThatAreNoUtf8LeaveTheTraitsOut) {
  audit::EffectTraits traits;
  traits.part_of = {"app.\xff"};
  const auto past = past_decision(*EntryOf(decision(traits)));
  EXPECT_EQ(past.unclear, "it was recorded without the traits of its effects");
}

TEST(PastDecision, WhatCannotBeReadIsSaid) {
  auto record = decision();
  record.effects.front().traits.reset();
  EXPECT_NE(past_decision(*EntryOf(record)).unclear, "");
  record = decision();
  record.effects.front().action = "levitate";
  EXPECT_NE(past_decision(*EntryOf(record)).unclear, "");
  record = decision();
  record.effects.front().traits->cause = 3;
  EXPECT_NE(past_decision(*EntryOf(record)).unclear, "");
  record = decision();
  record.effects.front().traits->via = "magic";
  EXPECT_NE(past_decision(*EntryOf(record)).unclear, "");
}

constexpr const char* kThen = R"({"version": 1, "name": "then", "agents": {"bot": {"login": "b"}},
  "rules": [{"id": "write", "allow": ["update"], "on": ["app.t"], "to": ["*"]}]})";

policy::PolicySet load(std::string text) {
  auto loaded = policy::PolicySet::load(text);
  if (!loaded.policy) throw std::runtime_error(policy::to_text(loaded.problems, "policy"));
  return *std::move(loaded.policy);
}

Answer judged(const audit::DecisionRecord& record, const policy::PolicySet& now, bool store_text = true) {
  const auto then = load(kThen);
  Pace pace(now);
  const EntryOf entry(record, 1'790'000'000'000'000, store_text);
  pace.take(*entry);
  return Judge(now).judge(past_decision(*entry), &then, pace);
}

TEST(JudgeAgain, ARecordThatItsOwnPolicyDoesNotExplainIsNotJudged) {
  auto record = decision();
  EXPECT_EQ(judged(record, load(kThen)).untold, "");
  record.effects.front().rule = "another";
  EXPECT_EQ(judged(record, load(kThen)).untold, "judged again by its own policy it comes out otherwise");
}

TEST(JudgeAgain, AReasonThatWasNotKeptCannotBeTold) {
  const auto now = load(R"({"version": 1, "name": "now", "agents": {"bot": {"login": "b"}},
    "rules": [{"id": "write", "allow": ["update"], "on": ["app.t"], "to": ["*"], "require": ["reason"]}]})");
  auto record = decision();
  EXPECT_EQ(judged(record, now).outcome, policy::Outcome::deny);
  EXPECT_EQ(judged(record, now, false).untold, "whether the agent gave a reason was not kept");
  record.said_reason = "because";
  EXPECT_EQ(judged(record, now).outcome, policy::Outcome::allow);
}

TEST(JudgeAgain, WhatWasRefusedByALimitStaysSoByTheSamePolicyOnly) {
  auto record = decision();
  record.verdict = "deny";
  record.sqlstate = "53400";
  const auto same = judged(record, load(kThen));
  EXPECT_EQ(same.untold + std::string(name(same.outcome)), "deny");
  const auto other = judged(record, load(std::string(kThen) + "\n"));
  EXPECT_EQ(other.untold, "it was refused by 53400, which is no matter of rules alone");
}

TEST(JudgeAgain, WhatWasRefusedUnreadStaysSo) {
  auto record = decision();
  record.effects.clear();
  record.kinds.clear();
  record.verdict = "deny";
  record.sqlstate = "42601";
  EXPECT_TRUE(judged(record, load(kThen)).is_unread);
  const auto watching = load(
      R"({"version": 1, "name": "now", "mode": "monitor", "agents": {"bot": {"login": "b"}}, "rules": []})");
  EXPECT_NE(judged(record, watching).untold, "");
  record.verdict = "would_deny";
  EXPECT_EQ(judged(record, load(kThen)).outcome, policy::Outcome::deny);
  EXPECT_EQ(judged(record, watching).outcome, policy::Outcome::would_deny);
}

TEST(JudgeAgain, LimitsThatWereNotThereLeaveItOpen) {
  const auto with = [](const std::string& limits) {
    return load(R"({"version": 1, "name": "now", "agents": {"bot": {"login": "b"}},
      "rules": [{"id": "write", "allow": ["update"], "on": ["app.t"], "to": ["*"], )" +
                limits + "}]}");
  };
  auto record = decision();
  EXPECT_EQ(judged(record, with(R"("limits": {"rows_affected": 5})")).untold,
            "whether rule write can count the rows that it changes");
  EXPECT_EQ(judged(record, with(R"("limits": {"cost": 5})")).untold,
            "what it was planned to cost, which rule write limits");
  EXPECT_EQ(judged(record, with(R"("require": ["dry run"])")).untold,
            "what a dry run would have shown, which rule write requires");
  const auto stopped = judged(record, with(R"("limits": {"rows_returned": 5})"));
  EXPECT_EQ(stopped.untold, "");
  EXPECT_EQ(stopped.may_stop, std::vector<std::string>{"write"});
  record.rows_limit = 10;
  EXPECT_EQ(judged(record, with(R"("limits": {"rows_affected": 5})")).outcome, policy::Outcome::allow);
}

TEST(JudgeAgain, AnAgentThatThePolicyDoesNotNameIsDenied) {
  const auto now = load(R"({"version": 1, "name": "now", "agents": {"other": {"login": "o"}}, "rules": []})");
  EXPECT_EQ(judged(decision(), now).outcome, policy::Outcome::deny);
}

TEST(JudgeAgain, APartitionIsProtectedWithItsTable) {
  audit::EffectTraits traits;
  traits.oid = 16'400;
  traits.part_of = {"app.whole"};
  const auto now = load(R"({"version": 1, "name": "now", "agents": {"bot": {"login": "b"}},
    "protect": [{"id": "p", "on": ["app.whole"]}],
    "rules": [{"id": "write", "allow": ["update"], "on": ["app.t"], "to": ["*"]}]})");
  const auto answer = judged(decision(traits), now);
  EXPECT_EQ(answer.outcome, policy::Outcome::deny);
  EXPECT_EQ(answer.decision.effects.at(0).rule, "p");
  EXPECT_EQ(judged(decision(), now).outcome, policy::Outcome::allow);
}

}  // namespace
}  // namespace portcullis::replay
