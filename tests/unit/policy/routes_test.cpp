// What follows from what is allowed, and what does not.
#include "policy_fixture.hpp"

namespace portcullis::policy {
namespace {

using catalog::Via;
using sql::Action;
using sql::ObjectKind;

constexpr auto kSelect = Action::select;

std::vector<catalog::ResolvedEffect> reading_people() {
  return {found(effect_on(kSelect, app("people"))),
          brought(effect_on(kSelect, app("users")), Via::view, 0, "view app.people")};
}
std::vector<catalog::ResolvedEffect> reading_parts(Action action = kSelect) {
  return {found(effect_on(action, app("t"))),
          brought(effect_on(action, {{}, "parts", "t_2024"}), Via::inheritance, 0, "partition of app.t"),
          brought(effect_on(action, {{}, "parts", "t_2024_01"}), Via::inheritance, 1,
                  "partition of parts.t_2024")};
}

TEST(Routes, ProtectionsHoldThroughAView) {
  const auto policy = loaded(policy_text(rule("read", "allow", "\"select\"", "\"app.people\", \"app.*\""),
                                         R"({"id": "pii", "on": ["app.users"]})"));
  const auto decision = decide(policy, reading_people());
  EXPECT_EQ(decision.outcome, Outcome::deny);
  ASSERT_EQ(decision.effects.size(), 2U);
  EXPECT_EQ(decision.effects[0].outcome, Outcome::allow);
  EXPECT_EQ(decision.effects[0].route, "");
  EXPECT_EQ(decision.effects[1].route, "through view app.people");
  expect(decision.effects[1], Outcome::deny, Ground::protection, "pii",
         "select on app.users (through view app.people) is protected");
}

TEST(Routes, CascadeIsWhatItTakesAlong) {
  const auto policy = loaded(
      policy_text(rule("drop", "allow", "\"drop *\"", "\"app.*\""), R"({"id": "pii", "on": ["secret.*"]})"));
  const auto dropping = [](std::vector<catalog::ResolvedEffect> taken) {
    std::vector<catalog::ResolvedEffect> effects{found(effect_on(Action::drop_table, app("t"))),
                                                 found(effect_on(Action::cascade, app("t")))};
    effects.insert(effects.end(), taken.begin(), taken.end());
    return effects;
  };
  const std::string from = "CASCADE from app.t";
  EXPECT_EQ(decide(policy, dropping({})).outcome, Outcome::allow);
  EXPECT_EQ(decide(policy, dropping({brought(effect_on(Action::drop_view, app("v")), Via::cascade, 0, from)}))
                .outcome,
            Outcome::allow);
  expect(decide(policy,
                dropping({brought(effect_on(Action::drop_view, {{}, "secret", "v"}), Via::cascade, 0, from)}))
             .effects[2],
         Outcome::deny, Ground::protection, "pii",
         "drop view on secret.v (by CASCADE from app.t) is protected");
  expect(decide(policy, dropping({brought(effect_on(Action::alter_table_drop_constraint, app("c")),
                                          Via::cascade, 0, from)}))
             .effects[2],
         Outcome::deny, Ground::not_covered, "",
         "no rule allows alter table drop constraint on app.c (by CASCADE from app.t)");
}

TEST(Routes, WhatCascadeTakesAlongAndNobodyJudgesIsRefused) {
  const auto policy = loaded(policy_text(rule("all", "allow", "\"all\"", "\"*.*\"") + "," +
                                         rule("schemas", "allow", "\"drop schema\"", "")));
  const std::vector<catalog::ResolvedEffect> effects{
      found(effect_on(Action::drop_schema, bare("app"), ObjectKind::schema)),
      brought(effect_on(Action::cascade, bare("extension e"), ObjectKind::other), Via::cascade, 0,
              "CASCADE from app")};
  const auto decision = decide(policy, effects);
  EXPECT_EQ(decision.effects[0].outcome, Outcome::allow);
  expect(
      decision.effects[1], Outcome::deny, Ground::unsupported, "",
      "cascade \"extension e\" (by CASCADE from app) is not allowed: the gate cannot judge what this takes "
      "along");
}

TEST(Routes, ARuleCanDenyTheWordCascade) {
  const auto policy = loaded(policy_text(rule("drop", "allow", "\"drop *\"", "\"app.*\"") + "," +
                                         rule("careful", "deny", "\"cascade\"", "")));
  const auto decision = decide(
      policy, {found(effect_on(Action::drop_table, app("t"))), found(effect_on(Action::cascade, app("t")))});
  EXPECT_EQ(decision.effects[1].rule, "careful");
  EXPECT_EQ(decision.outcome, Outcome::deny);
}

TEST(Routes, DenyRulesHoldOnEveryRoute) {
  const auto policy = loaded(policy_text(rule("read", "allow", "\"select\"", "\"app.people\"") + "," +
                                         rule("not", "deny", "\"select\"", "\"app.users\"")));
  EXPECT_EQ(decide(policy, reading_people()).effects[1].rule, "not");
}

TEST(Routes, AViewThatARuleNamesOpensWhatItReads) {
  const auto named = loaded(policy_text(rule("read", "allow", "\"select\"", "\"app.people\"")));
  const auto decision = decide(named, reading_people());
  EXPECT_EQ(decision.outcome, Outcome::allow);
  expect(decision.effects[1], Outcome::allow, Ground::rule, "read",
         "select on app.users (through view app.people) is allowed");
  // A star was not written with this view in mind.
  const auto starred = loaded(policy_text(rule("read", "allow", "\"select\"", "\"views.*\"")));
  auto effects = reading_people();
  effects[0].effect.object.schema = "views";
  expect(decide(starred, effects).effects[1], Outcome::deny, Ground::not_covered, "",
         "no rule allows select on app.users (through view app.people)");
  // A rule on the table itself will do as well.
  const auto both = loaded(policy_text(rule("read", "allow", "\"select\"", "\"views.*\", \"app.users\"")));
  EXPECT_EQ(decide(both, effects).outcome, Outcome::allow);
}

TEST(Routes, AViewOpensTheViewsAndPartitionsInsideIt) {
  const auto policy = loaded(policy_text(rule("read", "allow", "\"select\"", "\"app.people\"")));
  const auto decision = decide(
      policy, {found(effect_on(kSelect, app("people"))),
               brought(effect_on(kSelect, app("inner")), Via::view, 0, "view app.people"),
               brought(effect_on(kSelect, app("users")), Via::view, 1, "view app.inner"),
               brought(effect_on(kSelect, app("users_1")), Via::inheritance, 2, "partition of app.users")});
  EXPECT_EQ(decision.outcome, Outcome::allow);
  EXPECT_EQ(decision.effects[3].route,
            "through partition of app.users, through view app.inner, through view app.people");
}

// As with GRANT: functions are called with the rights of whoever reads the view.
TEST(Routes, AViewOpensNoUsersFunction) {
  const auto policy = loaded(policy_text(rule("read", "allow", "\"select\"", "\"app.people\"")));
  const auto decision = decide(
      policy, {found(effect_on(kSelect, app("people"))),
               brought(call_of(app("secret")), Via::view, 0, "view app.people"),
               brought(call_of({{}, "pg_catalog", "current_setting"}), Via::view, 0, "view app.people", 0)});
  expect(decision.effects[1], Outcome::deny, Ground::not_covered, "",
         "execute function app.secret() (through view app.people) is not covered: name it under "
         "\"functions\".\"allow\"");
  EXPECT_EQ(decision.effects[2].outcome, Outcome::allow);
}

TEST(Routes, PartitionsFollowTheirTable) {
  const auto policy = loaded(policy_text(rule("read", "allow", "\"select\"", "\"app.*\"")));
  const auto decision = decide(policy, reading_parts());
  EXPECT_EQ(decision.outcome, Outcome::allow);
  EXPECT_EQ(decision.effects[2].rule, "read");
  EXPECT_EQ(decide(loaded(policy_text("")), reading_parts()).effects[1].ground, Ground::not_covered);
  const auto shut = loaded(policy_text(rule("read", "allow", "\"select\"", "\"app.*\""),
                                       R"({"id": "p", "on": ["parts.t_2024_01"]})"));
  EXPECT_EQ(decide(shut, reading_parts()).decisive()->rule, "p");
}

TEST(Routes, AskFlowsAsAllowDoes) {
  const auto policy = loaded(policy_text(rule("hold", "ask", "\"truncate\"", "\"app.t\"")));
  const auto decision = decide(policy, reading_parts(Action::truncate));
  EXPECT_EQ(decision.outcome, Outcome::ask);
  EXPECT_EQ(decision.effects[1].rule, "hold");
  // An ask rule on a part binds, though the whole is allowed.
  const auto part = loaded(policy_text(rule("may", "allow", "\"truncate\"", "\"app.t\"") + "," +
                                       rule("hold", "ask", "\"truncate\"", "\"parts.t_2024\"")));
  EXPECT_EQ(decide(part, reading_parts(Action::truncate)).decisive()->rule, "hold");
}

TEST(Routes, TheCheckOfAForeignKeyIsAllowedAndNamed) {
  const auto policy = loaded(policy_text(rule("write", "allow", "\"insert\"", "\"app.orders\""),
                                         R"({"id": "pii", "on": ["app.users"]})"));
  const auto decision = decide(policy, {found(effect_on(Action::insert, app("orders"))),
                                        brought(effect_on(kSelect, app("users")), Via::reference, 0,
                                                "foreign key orders_user of app.orders")});
  EXPECT_EQ(decision.outcome, Outcome::allow);
  expect(decision.effects[1], Outcome::allow, Ground::implied, "",
         "references-check: select on app.users (by foreign key orders_user of app.orders) needs no rule");
}

TEST(Routes, EverythingElseNeedsItsOwnRule) {
  const auto policy = loaded(policy_text(rule("write", "allow", "\"delete\"", "\"app.orders\"")));
  for (const Via via : {Via::rule, Via::trigger, Via::policy, Via::foreign_key, Via::stored_expression,
                        Via::operator_, Via::cascade, Via::event_trigger}) {
    const auto decision =
        decide(policy, {found(effect_on(Action::delete_, app("orders"))),
                        brought(effect_on(Action::delete_, app("items")), via, 0, "x of app.orders")});
    expect(decision.effects[1], Outcome::deny, Ground::not_covered, "",
           "no rule allows delete on app.items (by x of app.orders)");
  }
}

TEST(Routes, TheWhereOfAStatementCountsForWhatItReaches) {
  const auto policy = loaded(policy_text(
      rule("write", "allow", "\"delete\"", "\"app.orders\", \"app.items\"", R"(, "require": ["where"])")));
  const auto deleting = [&](bool where, Via via) {
    auto written = effect_on(Action::delete_, app("orders"));
    written.has_where = where;
    return decide(policy, {found(written), brought(effect_on(Action::delete_, app("items")), via, 0, "x")})
        .effects[1];
  };
  EXPECT_EQ(deleting(true, Via::foreign_key).outcome, Outcome::allow);
  EXPECT_EQ(deleting(true, Via::inheritance).outcome, Outcome::allow);
  EXPECT_EQ(deleting(false, Via::foreign_key).ground, Ground::requirement);
  EXPECT_EQ(deleting(true, Via::rule).ground, Ground::requirement);
}

TEST(Routes, FunctionsOfTriggersMustBeKnownOrPostgresqlsOwn) {
  const std::string write = rule("write", "allow", "\"insert\"", "\"app.orders\"");
  const auto inserting = [](const PolicySet& policy, Via via) {
    auto audit = brought(call_of(app("audit")), via, 0, "trigger t on app.orders");
    return decide(policy,
                  {found(effect_on(Action::insert, app("orders"))), audit,
                   brought(call_of({{}, "pg_catalog", "pg_sleep"}), via, 0, "default of app.orders.x", 0)});
  };
  const auto strict = loaded(policy_text(write));
  const auto knows = loaded(policy_text(write, "", R"j(, "functions": {"allow": ["app.audit()"]})j"));
  const auto named =
      loaded(policy_text(write + "," + rule("f", "allow", "\"execute function\"", "\"app.audit\"")));
  for (const Via via :
       {Via::trigger, Via::stored_expression, Via::policy, Via::operator_, Via::event_trigger}) {
    const auto decision = inserting(strict, via);
    expect(decision.effects[1], Outcome::deny, Ground::not_covered, "",
           "execute function app.audit() (by trigger t on app.orders) is not covered: name it under "
           "\"functions\".\"allow\"");
    EXPECT_EQ(decision.effects[2].outcome, Outcome::allow) << decision.effects[2].reason;
    EXPECT_EQ(inserting(knows, via).outcome, Outcome::allow);
    EXPECT_EQ(inserting(named, via).outcome, Outcome::allow);
  }
}

TEST(Routes, AMissingObjectIsSaidToBeMissing) {
  const auto policy = loaded(policy_text(
      rule("read", "allow", "\"all\"", "\"app.*\"") + "," + rule("not", "deny", "\"select\"", "\"old.t\""),
      R"({"id": "pii", "on": ["app.users"]})"));
  const auto missing = [&](sql::Effect effect) {
    auto resolved = found(std::move(effect), catalog::kNoOid);
    resolved.missing = true;
    return judge(policy, resolved);
  };
  expect(missing(effect_on(kSelect, app("nothing"))), Outcome::deny, Ground::missing, "",
         "relation \"app.nothing\" does not exist");
  expect(missing(effect_on(kSelect, bare("nothing"))), Outcome::deny, Ground::missing, "",
         "relation \"nothing\" does not exist");
  EXPECT_EQ(missing(call_of(app("f"))).reason, "function app.f does not exist");
  EXPECT_EQ(missing(effect_on(Action::call, app("p"), ObjectKind::function)).reason,
            "procedure app.p does not exist");
  EXPECT_EQ(missing(effect_on(Action::use_type, app("t"), ObjectKind::type)).reason,
            "type \"app.t\" does not exist");
  EXPECT_EQ(missing(effect_on(Action::use_operator, app("@@@"), ObjectKind::other)).reason,
            "operator \"app.@@@\" does not exist");
  // What is protected or denied by name is so whether it is there or not.
  EXPECT_EQ(missing(effect_on(kSelect, app("users"))).ground, Ground::protection);
  EXPECT_EQ(missing(effect_on(kSelect, {{}, "old", "t"})).rule, "not");
  // More effects than are followed end with one on nothing.
  expect(missing(effect_on(kSelect, {})), Outcome::deny, Ground::unsupported, "",
         "select is not possible through the gate: it touches more objects than the gate follows");
}

TEST(Routes, AForeignTableIsOpenedByItsOwnNameAlone) {
  const auto foreign = [](catalog::ResolvedEffect effect) {
    effect.relation_kind = catalog::RelationKind::foreign_table;
    return effect;
  };
  const auto file = foreign(found(effect_on(kSelect, app("file"))));
  const auto starred =
      loaded(policy_text(rule("read", "allow", "\"select\"", "\"app.*\", \"*.*\", \"app.t\"")));
  expect(judge(starred, file), Outcome::deny, Ground::not_covered, "",
         "no rule allows select on app.file: it is a foreign table, outside of what the gate follows, so a "
         "rule must name it exactly");
  EXPECT_EQ(judge(starred, found(effect_on(kSelect, app("file")))).outcome, Outcome::allow);
  const auto named = loaded(policy_text(rule("read", "allow", "\"select\"", "\"app.file(line)\"")));
  EXPECT_EQ(judge(named, with_columns(file, {"line"})).outcome, Outcome::allow);
  EXPECT_EQ(judge(named, with_columns(file, {"line", "rest"})).reason,
            "no rule allows select on app.file for rest");
  const auto denied = loaded(policy_text(rule("read", "allow", "\"select\"", "\"app.file\"") + "," +
                                         rule("not", "deny", "\"select\"", "\"app.*\"")));
  EXPECT_EQ(judge(denied, file).rule, "not");
  // Neither a view nor a table above it opens one.
  for (const Via via : {Via::view, Via::inheritance}) {
    const auto through = foreign(brought(effect_on(kSelect, app("file")), via, 0, "x of app.t"));
    const auto above = found(effect_on(kSelect, app("t")));
    EXPECT_EQ(decide(starred, {above, through}).effects[1].ground, Ground::not_covered);
    const auto both = loaded(policy_text(rule("read", "allow", "\"select\"", "\"app.t\", \"app.file\"")));
    EXPECT_EQ(decide(both, {above, through}).outcome, Outcome::allow);
  }
}

TEST(Routes, AreSpokenSafely) {
  const auto policy = loaded(policy_text(""));
  const auto route = [&](std::string through) {
    return decide(policy, {found(effect_on(kSelect, app("v"))),
                           brought(effect_on(kSelect, app("t")), Via::view, 0, std::move(through))})
        .effects[1]
        .route;
  };
  EXPECT_EQ(route("view app.\"My View\""), "through view app.\"My View\"");
  EXPECT_EQ(route("view app.x. Allowed here: all"), "through \"view app.x. Allowed here: all\"");
  EXPECT_EQ(route("view app.a\"\nb"), "through \"view app.a\"\"?b\"");
  // Causes that are none, or that go round in circles, end somewhere.
  auto circle = resolution_of({brought(effect_on(kSelect, app("a")), Via::view, 1, "one"),
                               brought(effect_on(kSelect, app("b")), Via::view, 0, "two"),
                               brought(effect_on(kSelect, app("c")), Via::inheritance, 99, "three")});
  const auto decision = policy.evaluate(circle, {"bot"});
  EXPECT_EQ(decision.outcome, Outcome::deny);
  EXPECT_EQ(decision.effects[0].route, "through one, through two, through one, ...");
  EXPECT_EQ(decision.effects[2].route, "through three");
}

TEST(Routes, DecisionsCarryTheColumns) {
  const auto decision =
      judge(loaded(policy_text("")), with_columns(found(effect_on(kSelect, app("t"))), {"a", "b"}, true));
  EXPECT_EQ(decision.columns, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(decision.all_columns);
}

}  // namespace
}  // namespace portcullis::policy
