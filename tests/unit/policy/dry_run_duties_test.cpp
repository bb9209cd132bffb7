// What must be tried out of which statement, and what it may show.
#include <gmock/gmock.h>

#include "policy_fixture.hpp"

namespace portcullis::policy {
namespace {

using base::DurationClass;
using sql::Action;
using sql::LockMode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using LockBound = AtMost<LockMode>;
using Texts = std::vector<std::string>;

std::string tried(const std::string& id, const std::string& actions, const std::string& bounds = "",
                  const std::string& more = "") {
  return rule(
      id, "allow", actions, "\"app.*\"",
      R"(, "require": ["dry run"])" + (bounds.empty() ? "" : R"(, "dry_run": {)" + bounds + "}") + more);
}

// Effects have places, by which it is known which statement they stand in.
sql::Effect at(sql::Effect effect, std::int32_t location) {
  effect.location = location;
  return effect;
}
sql::Effect adds_column(std::int32_t location = 12) {
  return at(add_column(app("t")), location);
}

sql::Facts statements(std::vector<std::vector<sql::Effect>> all) {
  sql::Facts facts;
  for (auto& effects : all) facts.statements.emplace_back().effects = std::move(effects);
  return facts;
}

std::vector<DryRunDuty> duties(const std::string& rules, const sql::Facts& facts,
                               const std::string& agent = "bot", const std::string& more = "") {
  return loaded(policy_text(rules, "", more))
      .dry_run_duties(facts, catalog::resolve_by_name(facts, {{"app"}}), agent);
}

// By the rule that requires each.
Texts rules_of(const std::vector<DryRunDuty>& duties) {
  Texts all;
  for (const auto& duty : duties) all.push_back(duty.rule);
  return all;
}

constexpr const char* kAdd = "\"alter table add column\"";

TEST(DryRunDuties, HoldWhatTheRuleSays) {
  const auto all = duties(tried("t", kAdd, R"("max_lock": "SHARE", "max_duration": "1-10 s", "rewrite": false,
                                              "full_scan": false)"),
                          statements({{adds_column()}}));
  ASSERT_EQ(all.size(), 1u);
  DryRunDuty expected;
  expected.rule = "t";
  expected.max_lock = {LockMode::share, "t"};
  expected.max_duration = {DurationClass::up_to_10s, "t"};
  expected.no_rewrite = expected.no_full_scan = expected.whole_copy = "t";
  expected.lock_timeout = {std::chrono::milliseconds{500}, "t"};
  EXPECT_EQ(all.front(), expected);
  EXPECT_TRUE(all.front().required());
}

TEST(DryRunDuties, WithoutBoundsWantAWholeCopyOnly) {
  const auto all = duties(tried("t", kAdd), statements({{adds_column()}}));
  ASSERT_EQ(all.size(), 1u);
  DryRunDuty expected;
  expected.rule = "t";
  expected.whole_copy = "t";
  expected.lock_timeout = {std::chrono::milliseconds{500}, "t"};
  EXPECT_EQ(all.front(), expected);
}

TEST(DryRunDuties, TakeAnIncompleteCopyWhereTheRuleSaysSo) {
  const auto all = duties(tried("t", kAdd, R"("incomplete": true)"), statements({{adds_column()}}));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_TRUE(all.front().required());
  EXPECT_EQ(all.front().whole_copy, std::nullopt);
}

TEST(DryRunDuties, OfSeveralRulesEachBoundIsTheStrictest) {
  const auto all =
      duties(tried("a", kAdd, R"("max_lock": "EXCLUSIVE", "max_duration": "under 1 s", "incomplete": true)") +
                 "," + tried("b", kAdd, R"("max_lock": "SHARE", "max_duration": "hours", "rewrite": false)"),
             statements({{adds_column()}}));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all.front().rule, "a");
  EXPECT_EQ(all.front().max_lock, (LockBound{LockMode::share, "b"}));
  EXPECT_EQ(all.front().max_duration->most, DurationClass::under_1s);
  EXPECT_EQ(all.front().max_duration->rule, "a");
  EXPECT_EQ(all.front().no_rewrite, "b");
  EXPECT_EQ(all.front().no_full_scan, std::nullopt);
  EXPECT_EQ(all.front().whole_copy, "b");
}

TEST(DryRunDuties, SayHowLongIsWaitedForALock) {
  const auto all = duties(
      tried("a", kAdd, R"("lock_timeout": "2s")") + "," + tried("b", kAdd, R"("lock_timeout": "1500ms")"),
      statements({{adds_column()}}));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all.front().lock_timeout->most, std::chrono::milliseconds{1500});
  EXPECT_EQ(all.front().lock_timeout->rule, "b");
}

TEST(DryRunDuties, OfTwoBoundsOnRowsTheLowerHolds) {
  const auto update = at(effect_on(Action::update, app("t")), 12);
  const auto all = duties(tried("a", "\"update\"", R"("rows": 100)") + "," +
                              tried("b", "\"update\"", R"("rows": 0)") + "," + tried("c", "\"update\""),
                          statements({{update}}));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all.front().max_rows, (AtMost<std::uint64_t>{0, "b"}));
}

TEST(DryRunDuties, OfTheDatabasesOwnRowsTheFewestAreTaken) {
  const auto update = at(effect_on(Action::update, app("t")), 12);
  const auto all =
      duties(tried("a", "\"update\"", R"("target_rows": 100)") + "," +
                 tried("b", "\"update\"", R"("target_rows": 20)") + "," + tried("c", "\"update\""),
             statements({{update}}));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all.front().target_rows, (AtMost<std::uint64_t>{20, "b"}));
}

TEST(DryRunDuties, OfEqualBoundsTheFirstRuleIsNamed) {
  const auto all = duties(tried("a", kAdd, R"("max_lock": "SHARE", "full_scan": false)") + "," +
                              tried("b", kAdd, R"("max_lock": "SHARE", "full_scan": false)"),
                          statements({{adds_column()}}));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all.front().max_lock, (LockBound{LockMode::share, "a"}));
  EXPECT_EQ(all.front().no_full_scan, "a");
}

TEST(DryRunDuties, AreThereAlsoWhereAnotherRuleAllowsItWithout) {
  const auto free = rule("free", "allow", kAdd, "\"app.*\"");
  EXPECT_THAT(rules_of(duties(free + "," + tried("t", kAdd), statements({{adds_column()}}))),
              ElementsAre("t"));
  EXPECT_THAT(rules_of(duties(tried("t", kAdd) + "," + free, statements({{adds_column()}}))),
              ElementsAre("t"));
}

TEST(DryRunDuties, AreOfTheStatementsThatTheRuleCovers) {
  const auto select = at(effect_on(Action::select, app("t")), 80);
  const auto update = at(effect_on(Action::update, app("t")), 120);
  const auto rules = rule("free", "allow", "\"select\"", "\"app.*\"") + "," + tried("a", kAdd) + "," +
                     tried("u", "\"update\"", R"("max_lock": "SHARE")");
  const auto all =
      duties(rules, statements({{adds_column()}, {select}, {update}, {adds_column(160), at(update, 170)}}));
  ASSERT_THAT(rules_of(all), ElementsAre("a", "", "u", "a"));
  EXPECT_FALSE(all[1].required());
  EXPECT_EQ(all[0].max_lock, std::nullopt);
  EXPECT_EQ(all[3].max_lock, (LockBound{LockMode::share, "u"}));
}

TEST(DryRunDuties, AreEmptyWhereNothingIsCovered) {
  const auto select = statements({{effect_on(Action::select, app("t"))}});
  EXPECT_THAT(duties(tried("t", kAdd) + "," + rule("free", "allow", "\"select\"", "\"app.*\""), select),
              IsEmpty());
  EXPECT_THAT(duties(tried("t", kAdd), statements({{adds_column()}}), "stranger"), IsEmpty());
  EXPECT_THAT(duties(rule("free", "allow", kAdd, "\"app.*\""), statements({{adds_column()}})), IsEmpty());
}

TEST(DryRunDuties, AreNoneInAMonitoredRuleOrPolicy) {
  const auto facts = statements({{adds_column()}});
  EXPECT_THAT(duties(tried("t", kAdd, "", R"(, "mode": "monitor")"), facts), IsEmpty());
  EXPECT_THAT(duties(tried("t", kAdd), facts, "bot", R"(, "mode": "monitor")"), IsEmpty());
  EXPECT_THAT(
      rules_of(duties(tried("m", kAdd, "", R"(, "mode": "monitor")") + "," + tried("t", kAdd), facts)),
      ElementsAre("t"));
}

TEST(DryRunDuties, AreExplainedWithTheirBounds) {
  const auto policy =
      loaded(policy_text(tried("bare", "\"comment\"") + "," +
                         tried("bound", kAdd, R"("max_lock": "SHARE UPDATE EXCLUSIVE", "rewrite": false,
                                          "full_scan": false, "max_duration": "10-100 s")") +
                         "," + tried("few", "\"update\"", R"("rows": 100, "target_rows": 9)")));
  const auto explanation = policy.explain("bot");
  ASSERT_EQ(explanation.permissions.size(), 3u);
  EXPECT_THAT(explanation.permissions[0].conditions, ElementsAre("tried out before"));
  EXPECT_THAT(
      explanation.permissions[1].conditions,
      ElementsAre("tried out before, locks of SHARE UPDATE EXCLUSIVE at most, nothing written anew, no "
                  "table read whole, in 10-100 s at most"));
  EXPECT_THAT(
      explanation.permissions[2].conditions,
      ElementsAre("tried out before, on 9 of the database's own rows at most, 100 rows changed at most"));
}

}  // namespace
}  // namespace portcullis::policy
