#include "policy_fixture.hpp"

namespace portcullis::policy {
namespace {

using sql::Action;
using sql::DefaultExpression;
using sql::ObjectKind;

constexpr auto kSelect = Action::select;

TEST(Evaluate, DeniesWhatNothingCovers) {
  const auto policy = loaded(policy_text(rule("read", "allow", "\"select\"", "\"app.orders\"")));
  expect(judge(policy, effect_on(kSelect, app("orders"))), Outcome::allow, Ground::rule, "read",
         "select on app.orders is allowed");
  expect(judge(policy, effect_on(kSelect, app("users"))), Outcome::deny, Ground::not_covered, "",
         "no rule allows select on app.users");
  expect(judge(policy, effect_on(Action::drop_table, app("orders"))), Outcome::deny, Ground::not_covered, "",
         "no rule allows drop table on app.orders");
  expect(judge(policy, effect_on(kSelect, {{}, "public", "orders"})), Outcome::deny, Ground::not_covered, "",
         "no rule allows select on public.orders");
}

// Deny beats ask beats allow, whatever the order; a protection beats them all.
TEST(Evaluate, FollowsThePrecedenceInEveryOrder) {
  const std::string allow = rule("may", "allow", "\"select\"", "\"app.t\"");
  const std::string ask = rule("hold", "ask", "\"select\"", "\"app.t\"");
  const std::string deny = rule("not", "deny", "\"select\"", "\"app.t\"");
  const auto verdict = [](const std::string& rules) {
    return judge(loaded(policy_text(rules)), effect_on(kSelect, app("t")));
  };
  expect(verdict(allow + "," + ask), Outcome::ask, Ground::rule, "hold",
         "select on app.t needs approval by \"dba\"");
  expect(verdict(ask + "," + allow), Outcome::ask, Ground::rule, "hold",
         "select on app.t needs approval by \"dba\"");
  for (const auto& rules :
       {allow + "," + ask + "," + deny, deny + "," + ask + "," + allow, ask + "," + deny + "," + allow}) {
    expect(verdict(rules), Outcome::deny, Ground::rule, "not", "select on app.t is denied");
  }
  const auto shielded =
      loaded(policy_text(rule("may", "allow", "\"select\"", "\"app.t\", \"app.o\"") + "," + deny,
                         R"({"id": "pii", "on": ["app.t"]})"));
  expect(judge(shielded, effect_on(kSelect, app("t"))), Outcome::deny, Ground::protection, "pii",
         "select on app.t is protected");
}

TEST(Evaluate, LooksAtWhomARuleIsFor) {
  const auto policy = loaded(policy_text(
      R"({"id": "etl-only", "allow": ["select"], "on": ["app.a"], "to": ["etl"]},
         {"id": "other-only", "allow": ["select"], "on": ["app.b"], "to": ["other"]})"));
  EXPECT_EQ(judge(policy, effect_on(kSelect, app("a")), {}, "bot").outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, effect_on(kSelect, app("a")), {}, "other").outcome, Outcome::deny);
  EXPECT_EQ(judge(policy, effect_on(kSelect, app("b")), {}, "other").outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, effect_on(kSelect, app("b")), {}, "bot").outcome, Outcome::deny);
  expect(judge(policy, effect_on(kSelect, app("a")), {}, "etl"), Outcome::deny, Ground::not_covered, "",
         "no rule allows select on app.a: agent \"etl\" is not in the policy");
}

TEST(Evaluate, RefusesAStrangerEvenWhatDoesNothing) {
  const auto policy = loaded(policy_text(""));
  EXPECT_EQ(decide(policy, facts_of({}), {}, "stranger").outcome, Outcome::deny);
  EXPECT_EQ(decide(policy, facts_of({}), {}).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, effect_on(Action::begin, {}, ObjectKind::none), {}, "stranger").outcome,
            Outcome::deny);
}

TEST(Evaluate, TakesTheStrictestOfAllStatements) {
  const auto policy = loaded(policy_text(
      rule("read", "allow", "\"select\"", "\"app.a\"") + "," + rule("hold", "ask", "\"insert\"", "\"app.a\""),
      R"({"id": "pii", "on": ["app.users"]})"));
  sql::Facts facts = facts_of({effect_on(kSelect, app("a")), effect_on(Action::insert, app("a"))});
  EXPECT_EQ(decide(policy, facts, {}).outcome, Outcome::ask);
  facts.statements.emplace_back().effects = {effect_on(Action::delete_, app("a")),
                                             effect_on(kSelect, app("users"))};
  const auto decision = decide(policy, facts, {});
  EXPECT_EQ(decision.outcome, Outcome::deny);
  EXPECT_EQ(decision.effects.size(), 4U);
  ASSERT_NE(decision.decisive(), nullptr);
  EXPECT_EQ(decision.decisive()->rule, "pii");  // though another denial stands before it
}

TEST(Evaluate, ProtectsExceptWhatIsExcepted) {
  const auto policy =
      loaded(policy_text(rule("log", "allow", "\"select\", \"insert\", \"update\"", "\"app.ledger\""),
                         R"({"id": "ledger", "on": ["app.ledger"], "except": ["select", "insert"]})"));
  EXPECT_EQ(judge(policy, effect_on(kSelect, app("ledger"))).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, effect_on(Action::insert, app("ledger"))).outcome, Outcome::allow);
  expect(judge(policy, effect_on(Action::update, app("ledger"))), Outcome::deny, Ground::protection, "ledger",
         "update on app.ledger is protected");
}

TEST(Evaluate, ProtectsTheSchemaOfAProtectedObjectToo) {
  const auto policy = loaded(policy_text(rule("schemas", "allow", "\"rename schema\", \"drop schema\"", ""),
                                         R"({"id": "pii", "on": ["app.users"]})"));
  const auto schema = [](Action action, const std::string& name) {
    return effect_on(action, {{}, {}, name}, ObjectKind::schema);
  };
  EXPECT_EQ(judge(policy, schema(Action::rename_schema, "app")).ground, Ground::protection);
  EXPECT_EQ(judge(policy, schema(Action::drop_schema, "app")).ground, Ground::protection);
  EXPECT_EQ(judge(policy, schema(Action::rename_schema, "staging")).outcome, Outcome::allow);
}

TEST(Evaluate, JudgesAnUnqualifiedNameInEverySchemaOfThePath) {
  const auto policy =
      loaded(policy_text(rule("read", "allow", "\"select\"", "\"app.t\", \"app.u\", \"public.t\""),
                         R"({"id": "pii", "on": ["secret.u"]})"));
  EXPECT_EQ(judge(policy, effect_on(kSelect, bare("t")), {"app", "public"}).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, effect_on(kSelect, bare("t")), {"app", "public"}).object, app("t"));
  const auto elsewhere = judge(policy, effect_on(kSelect, bare("t")), {"app", "other"});
  EXPECT_EQ(elsewhere.outcome, Outcome::deny);
  EXPECT_EQ(elsewhere.object, (sql::Name{{}, "other", "t"}));
  EXPECT_EQ(judge(policy, effect_on(kSelect, bare("u")), {"app", "secret"}).rule, "pii");
  EXPECT_EQ(judge(policy, effect_on(kSelect, bare("t")), {}).outcome, Outcome::deny);
}

TEST(Evaluate, FindsCatalogsFirstAndLetsThemOnlyBeRead) {
  const auto policy = loaded(policy_text(rule("look", "allow", "\"select\"", "\"pg_catalog.pg_class\"") +
                                         "," + rule("all", "allow", "\"all\"", "\"app.pg_class\"")));
  EXPECT_EQ(judge(policy, effect_on(kSelect, {{}, "pg_catalog", "pg_class"})).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, effect_on(kSelect, bare("pg_class")), {"public"}).outcome, Outcome::allow);
  // A path that puts a schema before pg_catalog changes what the name means.
  EXPECT_EQ(judge(policy, effect_on(kSelect, bare("pg_class")), {"public", "pg_catalog"}).outcome,
            Outcome::deny);
  expect(judge(policy, effect_on(Action::update, {{}, "pg_catalog", "pg_class"})), Outcome::deny,
         Ground::unsupported, "",
         "update on pg_catalog.pg_class is not possible through the gate: PostgreSQL's own catalogs can only "
         "be selected from");
  EXPECT_EQ(judge(policy, effect_on(Action::lock, bare("pg_class")), {"app"}).ground, Ground::unsupported);
}

TEST(Evaluate, RefusesNamesItCannotFollow) {
  const auto policy = loaded(policy_text(rule("all", "allow", "\"all\"", "\"app.t\"")));
  expect(judge(policy, effect_on(kSelect, {"db", "app", "t"})), Outcome::deny, Ground::unsupported, "",
         "select on db.app.t is not possible through the gate: leave the database's name out");
  for (const auto* schema : {"pg_temp", "pg_temp_3", "pg_toast", "pg_toast_temp_1"}) {
    EXPECT_EQ(judge(policy, effect_on(kSelect, {{}, schema, "t"})).ground, Ground::unsupported) << schema;
  }
}

TEST(Evaluate, AsksForAWhereOfItsOwn) {
  const auto policy = loaded(policy_text(rule("write", "allow", "\"insert\", \"update\", \"delete\"",
                                              "\"app.t\"", R"(, "require": ["where"])")));
  auto update = effect_on(Action::update, app("t"));
  expect(judge(policy, update), Outcome::deny, Ground::requirement, "write",
         "update on app.t needs a WHERE of its own");
  update.has_where = true;
  EXPECT_EQ(judge(policy, update).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, effect_on(Action::delete_, app("t"))).ground, Ground::requirement);
  EXPECT_EQ(judge(policy, effect_on(Action::insert, app("t"))).outcome, Outcome::allow);
}

// Requirements of all rules that cover an effect add up.
TEST(Evaluate, KeepsARequirementThatAnotherRuleDoesNotMake) {
  const auto policy =
      loaded(policy_text(rule("free", "allow", "\"update\"", "\"app.t\"") + "," +
                         rule("careful", "ask", "\"update\"", "\"app.t\"", R"(, "require": ["where"])")));
  EXPECT_EQ(judge(policy, effect_on(Action::update, app("t"))).rule, "careful");
  EXPECT_EQ(judge(policy, effect_on(Action::update, app("t"))).outcome, Outcome::deny);
}

TEST(Evaluate, HoldsAColumnAgainstEveryPartOfTheCondition) {
  const auto policy = loaded(
      policy_text(rule("drift", "allow", "\"alter table add column\"", "\"app.t\"",
                       R"(, "when": {"default": ["none", "constant"], "nullable": true, "type": "base"})")));
  const auto with = [&](auto change) {
    sql::AddedColumn column;
    column.column = "x";
    change(column);
    return judge(policy, add_column(app("t"), column));
  };
  const std::string start = "alter table add column on app.t is not what the rule's \"when\" allows: ";
  EXPECT_EQ(with([](auto&) {}).outcome, Outcome::allow);
  EXPECT_EQ(with([](auto& c) { c.default_expression = DefaultExpression::constant; }).outcome,
            Outcome::allow);
  expect(with([](auto& c) { c.default_expression = DefaultExpression::other; }), Outcome::deny,
         Ground::condition, "drift", start + "its default is not a constant");
  expect(with([](auto& c) { c.nullable = false; }), Outcome::deny, Ground::condition, "drift",
         start + "the column is not nullable");
  expect(with([](auto& c) { c.base_type = false; }), Outcome::deny, Ground::condition, "drift",
         start + "its type is not one of PostgreSQL's own");
  expect(with([](auto& c) { c.inline_constraint = true; }), Outcome::deny, Ground::condition, "drift",
         start + "the column's definition has a constraint in it");
  expect(judge(policy, effect_on(Action::alter_table_add_column, app("t"))), Outcome::deny, Ground::condition,
         "drift", start + "the gate cannot tell what the column is");
}

TEST(Evaluate, LetsADenyRuleWithAConditionDenyOnlyThat) {
  const auto policy =
      loaded(policy_text(rule("may", "allow", "\"alter table add column\"", "\"app.t\"") + "," +
                         rule("no-code", "deny", "\"alter table add column\"", "\"app.t\"",
                              R"(, "when": {"default": ["other"]})")));
  sql::AddedColumn column;
  EXPECT_EQ(judge(policy, add_column(app("t"), column)).rule, "may");
  column.default_expression = DefaultExpression::other;
  EXPECT_EQ(judge(policy, add_column(app("t"), column)).rule, "no-code");
  column.inline_constraint = true;
  EXPECT_EQ(judge(policy, add_column(app("t"), column)).rule, "no-code");
  EXPECT_EQ(judge(policy, effect_on(Action::alter_table_add_column, app("t"))).rule, "no-code");
}

TEST(Evaluate, LeavesOutOfAPatternWhatNoRuleCanAllow) {
  const auto policy = loaded(policy_text(rule("all", "allow", "\"all\"", "\"app.t\"")));
  for (const Action action :
       {kSelect, Action::drop_table, Action::truncate, Action::alter_table_drop_column}) {
    EXPECT_EQ(judge(policy, effect_on(action, app("t"))).outcome, Outcome::allow) << sql::name(action);
  }
  expect(judge(policy, effect_on(Action::cascade, app("t"))), Outcome::deny, Ground::unsupported, "",
         "cascade on app.t is not allowed: it reaches objects that the statement does not name");
  EXPECT_EQ(judge(policy, effect_on(Action::copy_to_program, app("t"))).outcome, Outcome::deny);
  EXPECT_EQ(judge(policy, effect_on(Action::do_, bare("plpgsql"), ObjectKind::other)).outcome, Outcome::deny);
}

TEST(Evaluate, TakesADenyRuleWithoutOnForEverything) {
  const auto policy = loaded(policy_text(rule("all", "allow", "\"all\"", "\"app.t\"") + "," +
                                         rule("no-drop", "deny", "\"drop *\"", "")));
  EXPECT_EQ(judge(policy, effect_on(Action::drop_table, app("t"))).rule, "no-drop");
  EXPECT_EQ(judge(policy, effect_on(Action::truncate, app("t"))).rule, "all");
}

TEST(Evaluate, KeepsToNamesWhereARuleHasThem) {
  const auto policy = loaded(policy_text(rule("note", "allow", "\"comment\", \"vacuum\"", "\"app.bob\"") +
                                         "," + rule("roles", "allow", "\"create role\"", "")));
  EXPECT_EQ(judge(policy, effect_on(Action::comment, app("bob"))).outcome, Outcome::allow);
  // A role is no object of a schema, whatever the path.
  EXPECT_EQ(judge(policy, effect_on(Action::comment, bare("bob"), ObjectKind::other), {"app"}).outcome,
            Outcome::deny);
  EXPECT_EQ(judge(policy, effect_on(Action::vacuum, {}, ObjectKind::none)).outcome, Outcome::deny);
  EXPECT_EQ(judge(policy, effect_on(Action::create_role, bare("bob"), ObjectKind::other)).outcome,
            Outcome::allow);
}

TEST(Evaluate, AllowsFunctionsOnTheListAndThoseARuleNames) {
  const auto policy = loaded(policy_text(
      rule("total", "allow", "\"execute function\"", "\"app.order_total\", \"pg_catalog.pg_sleep\"")));
  expect(judge(policy, call_of(bare("count"))), Outcome::allow, Ground::shipped_list, "",
         "execute function pg_catalog.count is on the list that ships");
  EXPECT_EQ(judge(policy, call_of({{}, "pg_catalog", "lower"})).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, call_of({{}, "app", "lower"})).outcome, Outcome::deny);
  EXPECT_EQ(judge(policy, call_of(app("order_total"))).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, call_of(bare("order_total")), {"app"}).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, call_of(bare("order_total")), {"app", "public"}).outcome, Outcome::deny);
  EXPECT_EQ(judge(policy, call_of(bare("pg_sleep")), {"public"}).rule, "total");
  const auto refused = judge(policy, call_of(bare("pg_read_file")), {"public"});
  EXPECT_EQ(refused.outcome, Outcome::deny);
  EXPECT_EQ(refused.ground, Ground::shipped_list);
  EXPECT_TRUE(
      refused.reason.starts_with("execute function pg_catalog.pg_read_file is not allowed: the function is "
                                 "not on the list that ships ("))
      << refused.reason;
  EXPECT_EQ(judge(policy, call_of(bare("query_to_xml"))).outcome, Outcome::deny);
}

// What stands behind PostgreSQL's own in the path need not be allowed, but nothing may stand against it.
TEST(Evaluate, LetsRulesBeatTheListThatShips) {
  const auto policy =
      loaded(policy_text(rule("no-chance", "deny", "\"execute function\"", "\"pg_catalog.random\"") + "," +
                             rule("ask-now", "ask", "\"execute function\"", "\"pg_catalog.now\""),
                         R"({"id": "mine", "on": ["app.lower"]})"));
  EXPECT_EQ(judge(policy, call_of(bare("random"))).rule, "no-chance");
  EXPECT_EQ(judge(policy, call_of(bare("now"))).outcome, Outcome::ask);
  // It could be the protected one.
  EXPECT_EQ(judge(policy, call_of(bare("lower")), {"app"}).rule, "mine");
  EXPECT_EQ(judge(policy, call_of(bare("lower")), {"public"}).outcome, Outcome::allow);
  // Before its own there is no such excuse.
  EXPECT_EQ(judge(policy, call_of(bare("upper")), {"public", "pg_catalog"}).outcome, Outcome::deny);
}

TEST(Evaluate, JudgesAColumnBehindADotAsTheCallItCanBe) {
  const auto policy = loaded(policy_text(""));
  const auto attribute = [&](const std::string& name) {
    auto effect = call_of(bare(name));
    effect.attribute_notation = true;
    return judge(policy, effect, {"public"});
  };
  for (const auto* name : {"name", "version", "length", "count", "date"}) {
    EXPECT_EQ(attribute(name).outcome, Outcome::allow) << name;
  }
  expect(attribute("pg_read_file"), Outcome::deny, Ground::shipped_list, "",
         "execute function pg_catalog.pg_read_file is not allowed: behind a dot, \"pg_read_file\" can be a "
         "call of "
         "PostgreSQL's function of that name; if it is a column, write it without the table's name in front");
  for (const auto* name : {"pg_sleep", "nextval", "lo_unlink", "set_config"}) {
    EXPECT_EQ(attribute(name).outcome, Outcome::deny) << name;
  }
}

TEST(Evaluate, NeedsARuleForTypesOperatorsAndCollationsOfOthers) {
  const auto policy = loaded(policy_text(rule("point", "allow", "\"use type\"", "\"app.point3\"")));
  EXPECT_EQ(judge(policy, effect_on(Action::use_type, app("point3"), ObjectKind::type)).outcome,
            Outcome::allow);
  expect(judge(policy, effect_on(Action::use_type, app("dm"), ObjectKind::type)), Outcome::deny,
         Ground::shipped_list, "",
         "use type app.dm is not allowed: it is not one of PostgreSQL's own, and no rule names it");
  EXPECT_EQ(judge(policy, effect_on(Action::use_operator, app("@@@"), ObjectKind::other)).ground,
            Ground::shipped_list);
  EXPECT_EQ(judge(policy, effect_on(Action::use_collation, app("c"), ObjectKind::other)).ground,
            Ground::shipped_list);
}

TEST(Evaluate, PassesOnWhereAnEffectStands) {
  auto effect = effect_on(kSelect, app("t"));
  effect.location = 14;
  EXPECT_EQ(judge(loaded(policy_text("")), effect).location, 14);
  EXPECT_EQ(judge(loaded(policy_text("")), effect, {}, "stranger").location, 14);
}

}  // namespace
}  // namespace portcullis::policy
