// Mode "monitor", of a policy and of a rule: what it lets through, and what it never does.
#include "policy_fixture.hpp"

namespace portcullis::policy {
namespace {

using catalog::Via;
using sql::Action;
using sql::ObjectKind;

constexpr auto kSelect = Action::select;
const std::string kMonitor = R"(, "mode": "monitor")";
const std::string kPii = R"_({"id": "pii", "on": ["app.users", "app.customers(ssn)"]})_";

PolicySet monitored(const std::string& rules = "", const std::string& protections = "") {
  return loaded(policy_text(rules, protections, kMonitor));
}

Outcome outcome_of(const PolicySet& policy, sql::Effect effect) {
  return judge(policy, std::move(effect)).outcome;
}

TEST(Monitor, LetsThroughWhatNoRuleAllowsAndSaysSo) {
  const auto policy = monitored(rule("read", "allow", "\"select\"", "\"app.orders\""));
  EXPECT_TRUE(policy.monitors());
  expect(judge(policy, effect_on(kSelect, app("orders"))), Outcome::allow, Ground::rule, "read",
         "select on app.orders is allowed");
  expect(judge(policy, effect_on(Action::delete_, app("orders"))), Outcome::would_deny, Ground::not_covered,
         "", "no rule allows delete on app.orders");
  EXPECT_TRUE(forwards(Outcome::would_deny));
  EXPECT_FALSE(forwards(Outcome::ask));
}

TEST(Monitor, LetsThroughWhatItsRulesAreAgainst) {
  const auto policy = monitored(
      rule("no", "deny", "\"drop table\"", "") + "," + rule("hold", "ask", "\"truncate\"", "\"app.t\"") +
      "," + rule("write", "allow", "\"update\"", "\"app.t\"", R"(, "require": ["where"])"));
  expect(judge(policy, effect_on(Action::drop_table, app("t"))), Outcome::would_deny, Ground::rule, "no",
         "drop table on app.t is denied");
  expect(judge(policy, effect_on(Action::truncate, app("t"))), Outcome::would_deny, Ground::rule, "hold",
         "truncate on app.t needs approval by \"dba\"");
  expect(judge(policy, effect_on(Action::update, app("t"))), Outcome::would_deny, Ground::requirement,
         "write", "update on app.t needs a WHERE of its own");
}

TEST(Monitor, NeverLiftsAProtection) {
  const auto policy = monitored(rule("all", "allow", "\"all\"", "\"app.*\""), kPii);
  EXPECT_EQ(outcome_of(policy, effect_on(Action::insert, app("users"))), Outcome::deny);
  auto column = effect_on(kSelect, app("customers"));
  column.columns = {"id", "ssn"};
  EXPECT_EQ(outcome_of(policy, column), Outcome::deny);
  EXPECT_EQ(outcome_of(policy, effect_on(Action::drop_schema, bare("app"), ObjectKind::schema)),
            Outcome::deny);
  const auto decision =
      decide(policy, {found(effect_on(kSelect, app("people"))),
                      brought(effect_on(kSelect, app("users")), Via::view, 0, "view app.people")});
  EXPECT_EQ(decision.outcome, Outcome::deny);
  EXPECT_EQ(decision.decisive()->rule, "pii");
}

// Code that the gate does not read, names that it does not know and objects that lead outside could all touch
// what is protected.
TEST(Monitor, HoldsWhatCouldReachAroundAProtection) {
  auto foreign = found(effect_on(kSelect, app("remote")));
  foreign.relation_kind = catalog::RelationKind::foreign_table;
  auto missing = found(effect_on(kSelect, app("gone")), catalog::kNoOid);
  missing.missing = true;
  auto role = effect_on(Action::set_role, bare("owner"), ObjectKind::other);
  role.values = {"owner"};
  const std::vector<catalog::ResolvedEffect> held{
      foreign,
      missing,
      found(call_of(app("f"))),
      found(call_of({{}, "pg_catalog", "query_to_xml"}), catalog::kNoOid),
      found(call_of({{}, "pg_catalog", "pg_read_file"}), catalog::kNoOid),
      found(effect_on(Action::do_, {}, ObjectKind::none), catalog::kNoOid),
      found(effect_on(Action::copy_to_program, {}, ObjectKind::none), catalog::kNoOid),
      found(effect_on(Action::create_extension, bare("dblink"), ObjectKind::other), catalog::kNoOid),
      found(effect_on(Action::create_publication, bare("p"), ObjectKind::other), catalog::kNoOid),
      found(effect_on(Action::drop_owned, bare("r"), ObjectKind::other), catalog::kNoOid),
      brought(effect_on(Action::cascade, bare("extension e"), ObjectKind::other), catalog::Via::cascade, -1,
              "CASCADE from app.t"),
      found(effect_on(kSelect, {{}, "pg_catalog", "pg_statistic"}), catalog::kNoOid),
      found(effect_on(Action::update, {{}, "pg_catalog", "pg_class"}), catalog::kNoOid),
      found(effect_on(kSelect, {{}, "pg_temp", "t"})),
      found(role, catalog::kNoOid),
  };
  const auto guarded = monitored("", kPii), open = monitored();
  for (const auto& effect : held) {
    EXPECT_EQ(judge(guarded, effect).outcome, Outcome::deny) << sql::name(effect.effect.action);
    EXPECT_EQ(judge(open, effect).outcome, Outcome::would_deny) << sql::name(effect.effect.action);
  }
  EXPECT_EQ(judge(guarded, found(effect_on(Action::alter_table_drop_column, app("t")))).outcome,
            Outcome::would_deny);
}

TEST(Monitor, KeepsWhatTheGatePinsWhereSomethingIsProtected) {
  for (const bool guarded : {false, true}) {
    const auto policy = guarded ? monitored("", kPii) : monitored();
    const auto pinned = guarded ? Outcome::deny : Outcome::would_deny;
    EXPECT_EQ(outcome_of(policy, setting_to("search_path", {"evil"})), Outcome::would_deny);  // followed
    EXPECT_EQ(outcome_of(policy, setting_to("client_encoding", {"SJIS"})), pinned);
    EXPECT_EQ(outcome_of(policy, setting_to("standard_conforming_strings", {"off"})), pinned);
    EXPECT_EQ(outcome_of(policy, setting_to("role", {"owner"})), pinned);
    EXPECT_EQ(outcome_of(policy, setting_to("work_mem", {"1GB"})), Outcome::would_deny);
    auto config = call_of({{}, "pg_catalog", "set_config"});
    config.arguments = {"Client_Encoding", "SJIS", std::nullopt};
    EXPECT_EQ(outcome_of(policy, config), pinned);
    config.arguments = {};
    EXPECT_EQ(outcome_of(policy, config), pinned);
  }
}

TEST(Monitor, KnowsNobodyWhomThePolicyDoesNotName) {
  const auto policy = monitored();
  EXPECT_EQ(judge(policy, effect_on(kSelect, app("t")), {}, "stranger").outcome, Outcome::deny);
  EXPECT_TRUE(policy.forwards_not_understood("bot"));
  EXPECT_FALSE(policy.forwards_not_understood("stranger"));
  EXPECT_FALSE(monitored("", kPii).forwards_not_understood("bot"));
  EXPECT_FALSE(loaded(policy_text("")).forwards_not_understood("bot"));
}

// Whatever is allowed when the same policy is enforced is allowed when it is not.
TEST(Monitor, RefusesNothingThatEnforcingAllows) {
  const std::string rules = rule("read", "allow", "\"select\"", "\"app.t\", \"pg_catalog.pg_authid\"") + "," +
                            rule("run", "allow", "\"execute function\"", "\"app.f\"") + "," +
                            rule("make", "allow", "\"create schema\"", "");
  const auto enforced = loaded(policy_text(rules, kPii)), observed = monitored(rules, kPii);
  for (const auto& effect :
       {effect_on(kSelect, app("t")), effect_on(kSelect, {{}, "pg_catalog", "pg_authid"}), call_of(app("f")),
        effect_on(Action::create_schema, bare("s"), ObjectKind::schema)}) {
    EXPECT_EQ(outcome_of(enforced, effect), Outcome::allow) << sql::name(effect.action);
    EXPECT_EQ(outcome_of(observed, effect), Outcome::allow) << sql::name(effect.action);
  }
}

TEST(MonitoredRule, IsAbsentButForTheRecord) {
  const auto policy = loaded(policy_text(rule("read", "allow", "\"select\"", "\"app.*\"") + "," +
                                         rule("not-yet", "deny", "\"select\"", "\"app.t\"", kMonitor) + "," +
                                         rule("ask-later", "ask", "\"select\"", "\"app.a\"", kMonitor)));
  EXPECT_FALSE(policy.monitors());
  expect(judge(policy, effect_on(kSelect, app("o"))), Outcome::allow, Ground::rule, "read",
         "select on app.o is allowed");
  expect(judge(policy, effect_on(kSelect, app("t"))), Outcome::would_deny, Ground::rule, "not-yet",
         "select on app.t is denied");
  expect(judge(policy, effect_on(kSelect, app("a"))), Outcome::would_deny, Ground::rule, "ask-later",
         "select on app.a needs approval by \"dba\"");
  EXPECT_EQ(outcome_of(policy, effect_on(Action::insert, app("t"))), Outcome::deny);
}

TEST(MonitoredRule, OpensNothing) {
  const auto policy = loaded(policy_text(
      rule("soon", "allow", "\"select\", \"execute function\"", "\"app.t\", \"app.f\"", kMonitor) + "," +
      rule("ask-soon", "ask", "\"insert\"", "\"app.t\"", kMonitor)));
  expect(judge(policy, effect_on(kSelect, app("t"))), Outcome::deny, Ground::not_covered, "",
         "no rule allows select on app.t");
  EXPECT_EQ(outcome_of(policy, call_of(app("f"))), Outcome::deny);
  EXPECT_EQ(outcome_of(policy, effect_on(Action::insert, app("t"))), Outcome::deny);
  EXPECT_EQ(policy.allowed_summary("bot"), "");
}

TEST(MonitoredRule, LiftsNoOtherRule) {
  const auto policy = loaded(policy_text(rule("no", "deny", "\"select\"", "\"app.t\"") + "," +
                                             rule("soon", "allow", "\"all\"", "\"app.*\"", kMonitor) + "," +
                                             rule("hold", "ask", "\"insert\"", "\"app.t\"") + "," +
                                             rule("no-soon", "deny", "\"insert\"", "\"app.t\"", kMonitor),
                                         kPii));
  EXPECT_EQ(judge(policy, effect_on(kSelect, app("t"))).rule, "no");
  EXPECT_EQ(outcome_of(policy, effect_on(kSelect, app("t"))), Outcome::deny);
  EXPECT_EQ(outcome_of(policy, effect_on(Action::insert, app("t"))), Outcome::ask);
  EXPECT_EQ(outcome_of(policy, effect_on(kSelect, app("users"))), Outcome::deny);
}

TEST(MonitoredRule, HasNoRateAndNoPlaceInAMonitoredPolicy) {
  const auto limited =
      rule("r", "allow", "\"select\"", "\"app.t\"", kMonitor + R"(, "limits": {"rate": "1/hour"})");
  const auto policy = loaded(policy_text(limited));
  EXPECT_TRUE(policy
                  .rule_uses(facts_of({effect_on(kSelect, app("t"))}),
                             catalog::resolve_by_name(facts_of({effect_on(kSelect, app("t"))}), {}), "bot")
                  .empty());
  const auto twice = PolicySet::load(policy_text(limited, "", kMonitor));
  ASSERT_EQ(twice.problems.size(), 1U);
  EXPECT_NE(twice.problems[0].message.find("the whole policy is in mode \"monitor\""), std::string::npos);
}

}  // namespace
}  // namespace portcullis::policy
