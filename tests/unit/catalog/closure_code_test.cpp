// Views, rules, triggers, policies and stored expressions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/catalog/resolve_testing.hpp"

namespace portcullis::catalog::testing {
namespace {

using sql::Action;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class ClosureCode : public ::testing::Test {
 protected:
  ClosureCode() {
    make.table("app.users", {"id int4", "name text", "ssn text"});
    make.table("app.log", {"id int4", "line text"});
    make.function("app.f", {"int4"});
    make.builtin_function("pg_sleep");
  }
  [[nodiscard]] Lines after(Action action, std::string_view relation, Lines columns = {}) const {
    return resolved(facts_of({effect_on(action, relation, std::move(columns))}), make);
  }
  MakeSnapshot make;
};

TEST_F(ClosureCode, AViewReadsWhatItsDefinitionReads) {
  make.view("app.people", {"id int4"}, {"app.users(name, id)"}, {"app.f", "pg_sleep"});
  EXPECT_THAT(after(Action::select, "people"),
              UnorderedElementsAre("select app.people", "select app.users(id, name) by view app.people",
                                   "execute function app.f(int4) by view app.people",
                                   "execute function pg_catalog.pg_sleep by view app.people"));
}

TEST_F(ClosureCode, ViewsOnViewsAreFollowedToTheEnd) {
  make.view("app.people", {"id int4"}, {"app.users(*)"});
  make.view("app.some", {"id int4"}, {"app.people(id)"});
  const auto resolution =
      resolve(facts_of({effect_on(Action::select, "some")}), *make.build(), path({"app"}));
  EXPECT_THAT(lines_of(resolution), ElementsAre("select app.some", "select app.people(id) by view app.some",
                                                "select app.users(*) by view app.people"));
  EXPECT_EQ(resolution.effects[1].cause, 0);
  EXPECT_EQ(resolution.effects[2].cause, 1);
  EXPECT_EQ(resolution.effects[2].via, Via::view);
  EXPECT_EQ(resolution.effects[2].effect.location, 7);
  EXPECT_EQ(resolution.effects[2].oid, make.relation_oid("app.users"));
}

TEST_F(ClosureCode, AMaterializedViewCountsAsItsSources) {
  make.view("app.m", {"id int4"}, {"app.users(ssn)"}, {"app.f"}, RelationKind::materialized_view);
  EXPECT_THAT(after(Action::select, "m"), Contains("select app.users(ssn) by view app.m"));
  EXPECT_THAT(
      after(Action::refresh_materialized_view, "m"),
      IsSupersetOf({"select app.users(ssn) by view app.m", "execute function app.f(int4) by view app.m"}));
}

// Class B15: DELETE FROM upd, where upd is a view.
TEST_F(ClosureCode, WritingToAViewWritesToItsTable) {
  make.view("app.upd", {"id int4"}, {"app.users(id, name)"});
  auto deletes = effect_on(Action::delete_, "upd");
  deletes.has_where = true;
  EXPECT_THAT(resolved(facts_of({deletes}), make),
              ElementsAre("delete app.upd where", "delete app.users where by view app.upd",
                          "select app.users(id, name) by view app.upd"));
  EXPECT_THAT(after(Action::update, "upd", {"id"}), Contains("update app.users(id, name) by view app.upd"));
  EXPECT_THAT(after(Action::insert, "upd", {"id"}), Contains("insert app.users(id, name) by view app.upd"));
  EXPECT_THAT(after(Action::select_for_update, "upd"),
              Contains("select for update app.users by view app.upd"));
  EXPECT_THAT(after(Action::lock, "upd"), Contains("lock app.users by view app.upd"));
}

TEST_F(ClosureCode, AnInsteadOfTriggerStandsInForTheWrite) {
  make.view("app.upd", {"id int4"}, {"app.users(id)"});
  make.trigger("app.upd", "t_upd", "d", "app.f", true);
  EXPECT_THAT(after(Action::delete_, "upd"),
              UnorderedElementsAre("delete app.upd", "select app.users(id) by view app.upd",
                                   "execute function app.f(int4) by trigger t_upd on app.upd"));
  EXPECT_THAT(after(Action::insert, "upd", {"id"}), Contains("insert app.users(id) by view app.upd"));
}

// Class B15: UPDATE src, where a rule deletes.
TEST_F(ClosureCode, ARuleMayDoAnythingToWhatItNames) {
  make.table("app.src", {"id int4"});
  make.attach("app.src", 'r', "r", "u", {"pg_sleep"}, {"app.log(id)"}, true);
  EXPECT_THAT(
      after(Action::update, "src", {"id"}),
      UnorderedElementsAre("update app.src(id)", "select app.log(id) by rule r on app.src",
                           "insert app.log(*) by rule r on app.src", "update app.log(*) by rule r on app.src",
                           "delete app.log by rule r on app.src",
                           "execute function pg_catalog.pg_sleep by rule r on app.src"));
  EXPECT_THAT(after(Action::insert, "src", {"id"}), ElementsAre("insert app.src(id)"));
}

TEST_F(ClosureCode, TriggersRunForTheirEvents) {
  make.trigger("app.users", "t_audit", "iudt", "app.f");
  for (const Action action : {Action::insert, Action::update, Action::delete_, Action::truncate}) {
    EXPECT_THAT(after(action, "users"),
                Contains("execute function app.f(int4) by trigger t_audit on app.users"));
  }
  EXPECT_THAT(after(Action::select, "users"), ElementsAre("select app.users"));
}

TEST_F(ClosureCode, ATriggersFunctionOfPostgresOwnIsFree) {
  make.trigger("app.users", "t_own", "i", "pg_sleep");
  EXPECT_THAT(after(Action::insert, "users"), ElementsAre("insert app.users(*)"));
}

TEST_F(ClosureCode, PoliciesReadAndCallWhereTheyAreInForce) {
  for (const bool in_force : {true, false}) {
    MakeSnapshot own;
    own.table("app.rights", {"who text"});
    own.relation(RelationKind::table, "app.t", {"id int4", "who text"}, in_force);
    own.function("app.may", {"text"});
    own.builtin_function("pg_sleep");
    own.attach("app.t", 'p', "p", "sd", {"app.may", "pg_sleep"}, {"app.t(who)", "app.rights(who)"});
    const auto lines = resolved(facts_of({effect_on(Action::select, "t")}), own);
    if (!in_force) {
      EXPECT_THAT(lines, ElementsAre("select app.t"));
      continue;
    }
    EXPECT_THAT(lines, UnorderedElementsAre("select app.t", "select app.rights(who) by policy p on app.t",
                                            "execute function app.may(text) by policy p on app.t",
                                            "execute function pg_catalog.pg_sleep by policy p on app.t"));
    EXPECT_THAT(resolved(facts_of({effect_on(Action::insert, "t")}), own), ElementsAre("insert app.t(*)"));
  }
}

TEST_F(ClosureCode, AVirtualColumnReadsWhatItsExpressionReads) {
  make.attach("app.users", 'd', "name", "siu", {}, {"app.users(ssn)"});
  EXPECT_THAT(after(Action::select, "users", {"name"}),
              ElementsAre("select app.users(name)", "select app.users(ssn) by column app.users.name"));
  EXPECT_THAT(after(Action::select, "users", {"id"}), ElementsAre("select app.users(id)"));
}

TEST_F(ClosureCode, AStoredColumnHoldsWhatItsExpressionReads) {
  make.attach("app.users", 'd', "name", "iu", {"app.f"}, {"app.users(ssn)"});
  EXPECT_THAT(after(Action::select, "users", {"name"}),
              ElementsAre("select app.users(name)", "select app.users(ssn) by column app.users.name"));
  EXPECT_THAT(after(Action::select, "users", {"id"}), ElementsAre("select app.users(id)"));
}

// A serial's default names its sequence, which is used when the row is written.
TEST_F(ClosureCode, ReadingASerialColumnDoesNotReadItsSequence) {
  make.sequence("app.users_id_seq", "app.users");
  make.attach("app.users", 'd', "id", "iu", {"pg_sleep"}, {"app.users_id_seq"});
  EXPECT_THAT(after(Action::select, "users", {"id"}), ElementsAre("select app.users(id)"));
}

// Class B9: DEFAULT, CHECK, index and partition key.
TEST_F(ClosureCode, StoredExpressionsCallUsersFunctionsWhenRowsAreWritten) {
  make.attach("app.users", 'd', "name", "", {"app.f", "pg_sleep"});
  make.attach("app.log", 'c', "c_line", "", {"app.f"});
  make.table("app.indexed", {"id int4"});
  make.attach("app.indexed", 'i', "i_id", "", {"app.f"});
  EXPECT_THAT(
      after(Action::insert, "users", {"id"}),
      ElementsAre("insert app.users(id)", "execute function app.f(int4) by default of app.users.name"));
  EXPECT_THAT(after(Action::update, "log", {"id"}),
              ElementsAre("update app.log(id)", "execute function app.f(int4) by CHECK c_line on app.log"));
  EXPECT_THAT(
      after(Action::insert, "indexed"),
      ElementsAre("insert app.indexed(*)", "execute function app.f(int4) by index i_id on app.indexed"));
  EXPECT_THAT(after(Action::delete_, "users"), ElementsAre("delete app.users"));
  EXPECT_THAT(after(Action::reindex, "indexed"),
              Contains("execute function app.f(int4) by index i_id on app.indexed"));
}

TEST_F(ClosureCode, APartitionIsHeldAgainstItsParentsKey) {
  make.relation(RelationKind::partitioned_table, "app.e", {"id int4"});
  make.table("app.e_2024", {"id int4"});
  make.inherit("app.e_2024", "app.e");
  make.attach("app.e", 'k', "", "", {"app.f"});
  EXPECT_THAT(after(Action::insert, "e_2024"),
              Contains("execute function app.f(int4) by partition key on app.e"));
}

// Class B9: a domain's CHECK.
TEST_F(ClosureCode, DomainsOfWrittenColumnsAreChecked) {
  make.function("app.check_email", {"text"});
  make.domain("app.email", "text", {"app.check_email"});
  make.table("app.contact", {"id int4", "reach app.email"});
  const char* const check = "execute function app.check_email(text) by domain app.email";
  EXPECT_THAT(after(Action::update, "contact", {"reach"}), Contains(check));
  EXPECT_THAT(after(Action::update, "contact", {"id"}), Not(Contains(check)));
  EXPECT_THAT(after(Action::insert, "contact", {"id"}), Contains(check));  // NULL is checked too
  EXPECT_THAT(after(Action::select, "contact"), Not(Contains(check)));
}

// Class B12: a column that makes PostgreSQL write the table anew builds its indexes too.
TEST_F(ClosureCode, ARewriteEvaluatesIndexes) {
  make.attach("app.users", 'i', "i_name", "", {"app.f"});
  const char* const index = "execute function app.f(int4) by index i_name on app.users";
  auto add = effect_on(Action::alter_table_add_column, "users", {"x"});
  add.added_column.emplace();
  EXPECT_THAT(resolved(facts_of({add}), make), Not(Contains(index)));
  add.added_column->default_expression = sql::DefaultExpression::other;
  EXPECT_THAT(resolved(facts_of({add}), make), Contains(index));
  EXPECT_THAT(after(Action::alter_table_alter_column_type, "users", {"name"}), Contains(index));
}

TEST_F(ClosureCode, CyclesAndDiamondsComeToAnEnd) {
  make.table("app.a", {"id int4"});
  make.table("app.b", {"id int4"});
  make.attach("app.a", 'r', "ra", "iud", {}, {"app.b(id)", "app.a(id)"});
  make.attach("app.b", 'r', "rb", "iud", {}, {"app.a(id)"});
  const auto lines = after(Action::insert, "a", {"id"});
  EXPECT_LT(lines.size(), 20U);
  EXPECT_THAT(lines, IsSupersetOf({"delete app.b by rule ra on app.a", "delete app.a by rule ra on app.a"}));

  make.view("app.v0", {"id int4"}, {"app.users(id)"});
  for (int i = 1; i <= 40; ++i) {
    const std::string below = "app.v" + std::to_string(i - 1);
    make.view("app.w" + std::to_string(i), {"id int4"}, {below + "(id)"});
    make.view("app.v" + std::to_string(i), {"id int4"},
              {below + "(id)", "app.w" + std::to_string(i) + "(id)"});
  }
  EXPECT_EQ(after(Action::select, "v40").size(), 82U);
}

TEST_F(ClosureCode, OtherColumnsByAnotherWayAreAnEffectOfTheirOwn) {
  make.view("app.a", {"id int4"}, {"app.users(id)"});
  make.view("app.b", {"id int4"}, {"app.users(ssn)"});
  make.view("app.c", {"id int4"}, {"app.users(id, ssn)"});
  EXPECT_THAT(resolved(facts_of({effect_on(Action::select, "a"), effect_on(Action::select, "b"),
                                 effect_on(Action::select, "c")}),
                       make),
              ElementsAre("select app.a", "select app.b", "select app.c",
                          "select app.users(id) by view app.a", "select app.users(ssn) by view app.b"));
}

TEST_F(ClosureCode, WhatIsWrittenAlreadyIsNotAddedAgain) {
  make.view("app.a", {"id int4"}, {"app.users(id)"});
  EXPECT_THAT(resolved(facts_of({effect_on(Action::select, "a"), effect_on(Action::select, "users")},
                                {{name_of("users"), {}, false}}, {use("", "")}),
                       make),
              ElementsAre("select app.a(*)", "select app.users(*)"));
}

}  // namespace
}  // namespace portcullis::catalog::testing
