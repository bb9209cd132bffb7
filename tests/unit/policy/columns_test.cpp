// Protections and rules that name single columns.
#include "policy_fixture.hpp"

namespace portcullis::policy {
namespace {

using sql::Action;

constexpr auto kSelect = Action::select;

catalog::ResolvedEffect on_t(Action action, std::vector<std::string> columns = {}, bool all = false) {
  return with_columns(found(effect_on(action, app("t"))), std::move(columns), all);
}

class ProtectedColumns : public testing::Test {
 protected:
  EffectDecision judged(catalog::ResolvedEffect effect) const { return judge(policy_, std::move(effect)); }
  bool is_protected(catalog::ResolvedEffect effect) const {
    return judged(std::move(effect)).ground == Ground::protection;
  }
  PolicySet policy_ =
      loaded(policy_text(rule("all", "allow", "\"all\"", "\"app.*\""),
                         R"j({"id": "pii", "on": ["app.t(ssn, email)"], "except": ["references"]})j"));
};

TEST_F(ProtectedColumns, AreNotToBeTouched) {
  expect(judged(on_t(kSelect, {"id", "ssn"})), Outcome::deny, Ground::protection, "pii",
         "select on app.t touches ssn, which is protected");
  expect(judged(on_t(kSelect, {}, true)), Outcome::deny, Ground::protection, "pii",
         "select on app.t touches email, ssn, which is protected");
  EXPECT_EQ(judged(on_t(kSelect, {"id", "name"})).outcome, Outcome::allow);
  EXPECT_EQ(judged(on_t(kSelect)).outcome, Outcome::allow);  // SELECT count(*)
  for (const Action action : {Action::insert, Action::update, Action::copy_to_stdout, Action::copy_from_stdin,
                              Action::alter_table_alter_column_type, Action::alter_table_drop_column}) {
    EXPECT_TRUE(is_protected(on_t(action, {"ssn"}))) << sql::name(action);
    EXPECT_FALSE(is_protected(on_t(action, {"id"}))) << sql::name(action);
  }
  EXPECT_FALSE(is_protected(on_t(Action::references, {"ssn"})));  // excepted
}

TEST_F(ProtectedColumns, AreTouchedByWhatNamesNone) {
  for (const Action action :
       {Action::insert, Action::copy_to_stdout, Action::delete_, Action::truncate, Action::drop_table,
        Action::create_index, Action::alter_table_owner_to, Action::alter_table_disable_row_level_security,
        Action::rename_table, Action::grant, Action::create_trigger, Action::create_statistics}) {
    EXPECT_TRUE(is_protected(on_t(action))) << sql::name(action);
  }
  for (const Action action : {Action::lock, Action::select_for_update, Action::comment, Action::vacuum,
                              Action::analyze, Action::reindex}) {
    EXPECT_FALSE(is_protected(on_t(action))) << sql::name(action);
  }
}

TEST_F(ProtectedColumns, DoNotKeepOthersFromBeingAdded) {
  EXPECT_EQ(judged(found(add_column(app("t"), {.column = "note"}))).outcome, Outcome::allow);
  EXPECT_TRUE(is_protected(found(add_column(app("t"), {.column = "ssn"}))));
}

TEST_F(ProtectedColumns, ShutTheSchemaTheyAreIn) {
  EXPECT_TRUE(is_protected(found(effect_on(Action::rename_schema, bare("app"), sql::ObjectKind::schema))));
}

TEST(AllowedColumns, CoverOnlyThemselves) {
  const auto policy =
      loaded(policy_text(rule("some", "allow", "\"select\", \"update\", \"insert\"", "\"app.t(a, b)\"")));
  EXPECT_EQ(judge(policy, on_t(kSelect, {"a", "b"})).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, on_t(Action::update, {"a"})).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, on_t(kSelect)).outcome, Outcome::allow);  // touches none
  expect(judge(policy, on_t(kSelect, {"a", "c"})), Outcome::deny, Ground::not_covered, "",
         "no rule allows select on app.t for c");
  expect(judge(policy, on_t(kSelect, {"a"}, true)), Outcome::deny, Ground::not_covered, "",
         "no rule allows select on app.t as a whole: the rules name single columns of it, so name those");
  EXPECT_EQ(judge(policy, on_t(Action::insert)).outcome, Outcome::deny);
}

TEST(AllowedColumns, OfSeveralRulesAddUp) {
  const auto policy = loaded(policy_text(rule("one", "allow", "\"select\"", "\"app.t(a)\"") + "," +
                                         rule("two", "allow", "\"select\"", "\"app.t(b)\", \"app.t(c)\"")));
  EXPECT_EQ(judge(policy, on_t(kSelect, {"a", "b", "c"})).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, on_t(kSelect, {"a", "d"})).outcome, Outcome::deny);
}

TEST(AllowedColumns, OpenNothingThatIsDoneToAWholeTable) {
  const auto policy = loaded(policy_text(rule("all", "allow", "\"all\"", "\"app.t(a)\"")));
  EXPECT_EQ(judge(policy, on_t(kSelect, {"a"})).outcome, Outcome::allow);
  for (const Action action : {Action::delete_, Action::truncate, Action::drop_table, Action::lock,
                              Action::alter_table_drop_column}) {
    EXPECT_EQ(judge(policy, on_t(action, {"a"})).outcome, Outcome::deny) << sql::name(action);
  }
}

TEST(DeniedColumns, AreDeniedWhereTheyAreTouched) {
  const auto policy = loaded(policy_text(rule("all", "allow", "\"all\"", "\"app.t\"") + "," +
                                         rule("not", "deny", "\"all\"", "\"app.t(ssn)\"")));
  EXPECT_EQ(judge(policy, on_t(kSelect, {"id"})).rule, "all");
  EXPECT_EQ(judge(policy, on_t(kSelect, {"id", "ssn"})).rule, "not");
  EXPECT_EQ(judge(policy, on_t(kSelect, {}, true)).rule, "not");
  EXPECT_EQ(judge(policy, on_t(Action::delete_)).rule, "not");
}

TEST(AskedColumns, AskWhereTheyAreTouched) {
  const auto policy = loaded(policy_text(rule("may", "allow", "\"update\"", "\"app.t\"") + "," +
                                         rule("pay", "ask", "\"update\"", "\"app.t(salary)\"")));
  EXPECT_EQ(judge(policy, on_t(Action::update, {"name"})).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, on_t(Action::update, {"name", "salary"})).outcome, Outcome::ask);
  // What only the ask rule covers goes no further than that.
  const auto alone = loaded(policy_text(rule("pay", "ask", "\"update\"", "\"app.t(salary)\"")));
  EXPECT_EQ(judge(alone, on_t(Action::update, {"salary"})).outcome, Outcome::ask);
  EXPECT_EQ(judge(alone, on_t(Action::update, {"name", "salary"})).outcome, Outcome::deny);
}

TEST(Requirements, BindTheColumnsThatTheRuleNames) {
  const auto policy =
      loaded(policy_text(rule("careful", "allow", "\"update\"", "\"app.t(a)\"", R"(, "require": ["where"])") +
                         "," + rule("free", "allow", "\"update\"", "\"app.t(b)\"")));
  EXPECT_EQ(judge(policy, on_t(Action::update, {"b"})).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, on_t(Action::update, {"a", "b"})).rule, "careful");
}

TEST(Catalogs, ShowWhatIsOnTheList) {
  const auto policy = loaded(policy_text(rule("open", "allow", "\"select\"", "\"pg_catalog.pg_stats\"")));
  const auto read = [&](const std::string& name, std::vector<std::string> columns, bool all = false) {
    return judge(policy,
                 with_columns(found(effect_on(kSelect, {{}, "pg_catalog", name}), 1259), columns, all));
  };
  EXPECT_EQ(read("pg_class", {}, true).ground, Ground::shipped_list);
  EXPECT_EQ(read("pg_class", {}, true).outcome, Outcome::allow);
  EXPECT_EQ(read("pg_roles", {"rolname"}).outcome, Outcome::allow);
  EXPECT_EQ(read("pg_roles", {"rolname", "rolconfig"}).outcome, Outcome::deny);
  EXPECT_EQ(read("pg_roles", {}, true).outcome, Outcome::deny);
  EXPECT_NE(read("pg_roles", {}, true).reason.find("its column rolconfig is not on the list that ships"),
            std::string::npos);
  EXPECT_EQ(read("pg_authid", {"rolname"}).outcome, Outcome::deny);
  EXPECT_EQ(read("pg_not_reviewed", {"x"}).outcome, Outcome::deny);
  EXPECT_EQ(read("pg_stats", {}, true).rule, "open");
  // No star opens what is PostgreSQL's own.
  const auto starred = loaded(policy_text(rule("all", "allow", "\"select\"", "\"*.*\"")));
  EXPECT_EQ(judge(starred, found(effect_on(kSelect, {{}, "pg_catalog", "pg_authid"}), 1260)).outcome,
            Outcome::deny);
}

// What rules name of a catalog that ships limited, and what it ships with.
class LimitedCatalog : public testing::Test {
 protected:
  static EffectDecision read(const PolicySet& policy, const std::string& name,
                             std::vector<std::string> columns, bool all = false) {
    auto effect = effect_on(kSelect, {{}, "pg_catalog", name});
    return judge(policy, with_columns(found(std::move(effect), 1249), std::move(columns), all));
  }
  EffectDecision read(std::vector<std::string> columns, bool all = false) const {
    return read(policy_, "pg_attribute", std::move(columns), all);
  }
  PolicySet policy_ = loaded(
      policy_text(rule("options", "allow", "\"select\"",
                       R"j("pg_catalog.pg_attribute(attfdwoptions)", "pg_catalog.pg_settings(setting)")j")));
};

TEST_F(LimitedCatalog, IsOpenedOneColumnAtATime) {
  expect(read({"attname", "attfdwoptions", "attnum"}), Outcome::allow, Ground::rule, "options",
         "select on pg_catalog.pg_attribute is allowed");
  EXPECT_EQ(read({"attfdwoptions"}).rule, "options");
  EXPECT_EQ(read({"attname"}).ground, Ground::shipped_list);
  EXPECT_EQ(read(policy_, "pg_settings", {"name", "setting"}).rule, "options");
}

TEST_F(LimitedCatalog, KeepsTheOtherColumnsClosed) {
  const std::string closed = "select on pg_catalog.pg_attribute is not allowed: its column attmissingval";
  for (const auto& columns : std::vector<std::vector<std::string>>{
           {"attmissingval"}, {"attname", "attmissingval"}, {"attname", "attfdwoptions", "attmissingval"}}) {
    const auto decision = read(columns);
    EXPECT_EQ(decision.outcome, Outcome::deny);
    EXPECT_TRUE(decision.reason.starts_with(closed)) << decision.reason;
  }
  // The column that is named is the one that nothing opens.
  const auto both = read(policy_, "pg_settings", {"reset_val", "setting"});
  EXPECT_NE(both.reason.find("its column reset_val is not on the list"), std::string::npos) << both.reason;
}

TEST_F(LimitedCatalog, IsNotOpenedAsAWhole) {
  EXPECT_EQ(read({}, true).outcome, Outcome::deny);
  EXPECT_EQ(read({"attfdwoptions"}, true).outcome, Outcome::deny);
  // Nor where the rules name all that the list holds back: what a later server adds may be told by a star.
  const auto all = loaded(policy_text(
      rule("all", "allow", "\"select\"", R"j("pg_catalog.pg_attribute(attfdwoptions, attmissingval)")j")));
  EXPECT_EQ(read(all, "pg_attribute", {"attname", "attfdwoptions", "attmissingval"}).rule, "all");
  EXPECT_EQ(read(all, "pg_attribute", {}, true).outcome, Outcome::deny);
}

TEST_F(LimitedCatalog, OpensNoOtherCatalogAndNoneThatDoesNotShip) {
  EXPECT_EQ(read(policy_, "pg_foreign_table", {"ftrelid", "ftoptions"}).outcome, Outcome::deny);
  const auto named =
      loaded(policy_text(rule("one", "allow", "\"select\"",
                              R"j("pg_catalog.pg_authid(rolname)", "pg_catalog.pg_not_reviewed(a)")j")));
  EXPECT_EQ(read(named, "pg_authid", {"rolname"}).rule, "one");
  EXPECT_EQ(read(named, "pg_authid", {"rolname", "rolpassword"}).outcome, Outcome::deny);
  EXPECT_EQ(read(named, "pg_not_reviewed", {"a", "b"}).outcome, Outcome::deny);
}

TEST_F(LimitedCatalog, IsStillDeniedAskedForAndReasonedFor) {
  const auto with = [](const std::string& id, const std::string& verb, const std::string& more = "") {
    return rule(id, verb, "\"select\"", R"j("pg_catalog.pg_attribute(attfdwoptions)")j", more);
  };
  const std::vector<std::string> both{"attname", "attfdwoptions"};
  const auto denied = loaded(policy_text(with("may", "allow") + "," + with("not", "deny")));
  EXPECT_EQ(read(denied, "pg_attribute", both).rule, "not");
  const auto asked = loaded(policy_text(with("ask", "ask")));
  EXPECT_EQ(read(asked, "pg_attribute", both).outcome, Outcome::ask);
  EXPECT_EQ(read(asked, "pg_attribute", {"attname"}).outcome, Outcome::allow);
  EXPECT_EQ(read(asked, "pg_attribute", {"attfdwoptions", "attmissingval"}).outcome, Outcome::deny);
  const auto reasoned = loaded(policy_text(with("why", "allow", R"j(, "require": ["reason"])j")));
  EXPECT_EQ(read(reasoned, "pg_attribute", both).ground, Ground::no_reason);
  // Of another agent.
  const auto others = loaded(policy_text(
      R"j({"id": "x", "allow": ["select"], "on": ["pg_catalog.pg_attribute(attfdwoptions)"], "to": ["other"]})j"));
  EXPECT_EQ(read(others, "pg_attribute", both).outcome, Outcome::deny);
}

}  // namespace
}  // namespace portcullis::policy
