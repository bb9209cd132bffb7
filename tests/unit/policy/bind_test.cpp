// A policy held against a database, and statements resolved in it.
#include "policy_fixture.hpp"
#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::policy {
namespace {

using catalog::testing::MakeSnapshot;
using sql::Action;

// Made twice with other names for the same tables, it is a database before and after a RENAME.
MakeSnapshot shop(const std::string& users = "app.users") {
  MakeSnapshot make;
  make.table(users, {"id int4", "ssn text"});
  make.table("app.users_2024", {"id int4", "ssn text"});
  make.inherit("app.users_2024", users);
  make.view("app.people", {"id int4"}, {users + "(id)"});
  make.table("app.orders", {"id int4", "total int4"});
  make.function("app.audit");
  make.function("app.total", {"int4"});
  make.function("vec.distance", {"int4"}, "vector");
  make.trigger("app.orders", "log", "i", "app.audit");
  return make;
}

Bound bound_to(const PolicySet& policy, const MakeSnapshot& make) {
  return policy.bind(*make.build());
}

Decision decide_in(const PolicySet& policy, const MakeSnapshot& make, sql::Effect effect,
                   const Bound& bound) {
  const auto snapshot = make.build();
  return policy.evaluate(catalog::resolve(facts_of({std::move(effect)}), *snapshot, {{"app"}}), {"bot"},
                         &bound);
}

const std::string kReadAll = rule("read", "allow", "\"select\"", "\"app.*\"");

TEST(Bind, FindsWhatProtectionsMean) {
  const auto make = shop();
  const auto policy = loaded(policy_text(
      kReadAll, R"j({"id": "pii", "on": ["app.users"]}, {"id": "o", "on": ["app.orders(total)"]})j"));
  const auto bound = bound_to(policy, make);
  EXPECT_TRUE(bound.errors.empty());
  ASSERT_EQ(bound.relations.size(), 3U);
  EXPECT_EQ(bound.relations.at(make.relation_oid("app.users")),
            (std::vector<Bound::Protected>{{0, 0, "it was app.users when the policy was loaded"}}));
  EXPECT_EQ(bound.relations.at(make.relation_oid("app.users_2024")),
            (std::vector<Bound::Protected>{{0, 0, "it is part of app.users"}}));
  EXPECT_EQ(bound.relations.at(make.relation_oid("app.orders")).size(), 1U);
}

TEST(Bind, EveryTableHasSystemColumns) {
  const auto policy = loaded(policy_text(rule("read", "allow", "\"select\"", "\"app.orders(ctid, xmin)\"")));
  const auto bound = bound_to(policy, shop());
  EXPECT_TRUE(bound.warnings.empty() && bound.errors.empty());
}

TEST(Bind, KeepsProtectingWhatWasRenamed) {
  const auto policy = loaded(policy_text(kReadAll, R"({"id": "pii", "on": ["app.users"]})"));
  const auto before = bound_to(policy, shop());
  const auto after = shop("app.old");
  const auto decision = decide_in(policy, after, effect_on(Action::select, app("old")), before);
  ASSERT_NE(decision.decisive(), nullptr);
  expect(*decision.decisive(), Outcome::deny, Ground::protection, "pii",
         "select on app.old is protected: it was app.users when the policy was loaded");
  // Held against the new state it still is, though there the name means nothing any more.
  const auto again = policy.bind(*after.build(), &before);
  EXPECT_EQ(decide_in(policy, after, effect_on(Action::select, app("old")), again).outcome, Outcome::deny);
  EXPECT_EQ(again.errors.size(), 1U);
  EXPECT_EQ(decide_in(policy, after, effect_on(Action::select, app("old")), bound_to(policy, after)).outcome,
            Outcome::allow);
}

TEST(Bind, ProtectsAPartitionUnderItsOwnName) {
  const auto make = shop();
  const auto policy = loaded(policy_text(kReadAll, R"({"id": "pii", "on": ["app.users"]})"));
  const auto decision =
      decide_in(policy, make, effect_on(Action::select, app("users_2024")), bound_to(policy, make));
  ASSERT_NE(decision.decisive(), nullptr);
  EXPECT_EQ(decision.decisive()->reason, "select on app.users_2024 is protected: it is part of app.users");
}

TEST(Bind, ProtectionsHoldThroughTheViewsOfADatabase) {
  const auto make = shop();
  const auto policy = loaded(policy_text(kReadAll, R"({"id": "pii", "on": ["app.users"]})"));
  const auto decision =
      decide_in(policy, make, effect_on(Action::select, app("people")), bound_to(policy, make));
  ASSERT_NE(decision.decisive(), nullptr);
  EXPECT_EQ(decision.decisive()->rule, "pii");
  EXPECT_NE(decision.decisive()->reason.find("select on app.users (through view app.people)"),
            std::string::npos)
      << decision.decisive()->reason;
}

TEST(Bind, PinsWhatIsAllowed) {
  const auto make = shop();
  const auto policy =
      loaded(policy_text(rule("write", "allow", "\"insert\"", "\"app.orders\"") + "," +
                             rule("f", "allow", "\"execute function\"", "\"app.total\""),
                         "", R"j(, "functions": {"allow": ["app.audit()", "extension vector"]})j"));
  const auto bound = bound_to(policy, make);
  EXPECT_EQ(bound.pins.size(), 3U);
  EXPECT_EQ(bound.pins.at("app.audit()"), "0123456789abcdef0123456789abcdef");
  EXPECT_TRUE(bound.pins.contains("app.total(int4)"));
  EXPECT_TRUE(bound.pins.contains("vec.distance(int4)"));
  EXPECT_EQ(decide_in(policy, make, effect_on(Action::insert, app("orders")), bound).outcome, Outcome::allow);
  auto changed = bound;
  changed.pins["app.audit()"] = "another";
  EXPECT_EQ(decide_in(policy, make, effect_on(Action::insert, app("orders")), changed).outcome,
            Outcome::deny);
  // A newer snapshot changes no pin.
  EXPECT_EQ(policy.bind(*make.build(), &changed).pins, changed.pins);
}

TEST(Bind, KnowsWhoseSequencesAre) {
  auto make = shop();
  make.sequence("app.orders_id_seq", "app.orders");
  make.attach("app.orders", 'd', "id", "", {}, {"app.orders_id_seq"});
  make.sequence("app.orders_free_seq", "app.orders");
  make.sequence("app.lone");
  const auto orders = make.relation_oid("app.orders");
  const auto bound = bound_to(loaded(policy_text("")), make);
  EXPECT_EQ(
      bound.sequences,
      (std::map<sql::Name, Bound::Sequence>{
          {app("orders_id_seq"), {make.relation_oid("app.orders_id_seq"), orders, app("orders"), "id"}},
          {app("orders_free_seq"), {make.relation_oid("app.orders_free_seq"), orders, app("orders"), ""}},
          {app("lone"), {make.relation_oid("app.lone"), catalog::kNoOid, {}, ""}}}));
}

TEST(Bind, TellsWhatIsNotThere) {
  const auto policy = loaded(policy_text(
      "\n" + rule("read", "allow", "\"select\"", "\"app.ordres\", \"app.orders(totl)\"") + "," + "\n" +
          rule("make", "allow", "\"create table\"", "\"app.new\"") + "," + "\n" +
          rule("not", "deny", "\"drop *\"", "\"app.gone\""),
      "\n"
      R"j({"id": "p", "on": ["ap.*", "app.users(sn)", "app.audit", "pg_catalog.pg_class"]})j",
      R"j(, "functions": {"allow": ["app.total(text)", "extension postgis"], "deny": ["app.f"]})j"));
  const auto bound = bound_to(policy, shop());
  ASSERT_EQ(bound.errors.size(), 4U) << to_text(bound.errors, "");
  EXPECT_EQ(bound.errors[0].message, "the database has no schema \"ap\"");
  EXPECT_EQ(bound.errors[0].line, 5U);
  EXPECT_EQ(bound.errors[1].message, "\"app.users\" has no column \"sn\"");
  EXPECT_EQ(bound.errors[2].message, "the database has no object \"app.gone\"");
  EXPECT_EQ(bound.errors[3].message, "the database has no function \"app.f\"");
  ASSERT_EQ(bound.warnings.size(), 4U) << to_text(bound.warnings, "");
  EXPECT_EQ(bound.warnings[0].message, "the database has no object \"app.ordres\"");
  EXPECT_EQ(bound.warnings[1].message, "\"app.orders\" has no column \"totl\"");
  EXPECT_EQ(bound.warnings[2].message,
            "the database has no function \"app.total(text)\": it has app.total(int4)");
  EXPECT_EQ(bound.warnings[3].message, "the database has no function of extension postgis");
}

TEST(Bind, FindsCastsToJson) {
  auto make = shop();
  make.type("app.mood", catalog::Type::Kind::enumeration);
  make.function("app.mood_to_json", {"app.mood"});
  make.cast("app.mood", "json", "app.mood_to_json");
  const auto bound = bound_to(loaded(policy_text("")), make);
  EXPECT_EQ(bound.json_casts, (std::vector<std::string>{"app.mood_to_json(app.mood)"}));
}

}  // namespace
}  // namespace portcullis::policy
