// Operators, casts and event triggers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/catalog/resolve_testing.hpp"

namespace portcullis::catalog::testing {
namespace {

using sql::Action;
using sql::ObjectKind;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class ClosureOperators : public ::testing::Test {
 protected:
  ClosureOperators() {
    make.type("app.mood", Type::Kind::enumeration);
    make.type("app.moods", Type::Kind::base, {"app.mood"});
    make.table("app.t", {"id int4", "feels app.mood"});
    make.table("app.plain", {"id int4"});
    make.function("app.f", {"int4"});
  }
  [[nodiscard]] Lines using_operator(std::string_view name, std::string_view schema,
                                     std::vector<sql::Effect> effects,
                                     const NameSpace& names = {{"app", "public"}}) const {
    auto facts = facts_of(std::move(effects));
    facts.statements[0].operators.push_back({{}, std::string(schema), std::string(name)});
    return resolved(facts, make, names);
  }
  MakeSnapshot make;
  const char* equals = "execute function app.f(int4) by operator app.=";
  const char* cast = "execute function app.f(int4) by cast by app.f";
};

// Class B9: 1 OPERATOR(public.@@@) 2.
TEST_F(ClosureOperators, AUsersOperatorIsTheFunctionBehindIt) {
  make.user_operator("app", "@@@", "int4", "int4", "app.f");
  EXPECT_THAT(using_operator("@@@", "", {effect_on(Action::use_operator, "@@@", {}, ObjectKind::other)}),
              ElementsAre("use operator app.@@@", "execute function app.f(int4) by operator app.@@@"));
  // Literals without a type would take those of the operator that the schema leaves.
  make.user_operator("app", "=", "app.mood", "app.mood", "app.f");
  EXPECT_THAT(using_operator("=", "app", {}), ElementsAre(equals));
  EXPECT_THAT(
      using_operator("@@@", "public", {effect_on(Action::use_operator, "public.@@@", {}, ObjectKind::other)}),
      ElementsAre("use operator public.@@@ missing"));
}

TEST_F(ClosureOperators, OneOnPostgresOwnTypesIsAlwaysMeant) {
  make.user_operator("app", "=", "int4", "text", "app.f");
  EXPECT_THAT(using_operator("=", "", {effect_on(Action::select, "plain")}), Contains(equals));
  EXPECT_THAT(using_operator("=", "", {effect_on(Action::select, "plain")}, path({"public"})),
              Not(Contains(equals)));
  EXPECT_THAT(using_operator("=", "app", {effect_on(Action::select, "plain")}, path({"public"})),
              Contains(equals));
  EXPECT_THAT(using_operator("=", "pg_catalog", {effect_on(Action::select, "plain")}), Not(Contains(equals)));
}

TEST_F(ClosureOperators, OneOnUsersTypesWhereAValueCanHaveThem) {
  make.user_operator("app", "=", "app.mood", "app.mood", "app.f");
  make.function("app.current_mood", {}, "", Function::Kind::function, "app.mood");
  make.function("app.plain_f", {"int4"});
  EXPECT_THAT(using_operator("=", "", {effect_on(Action::select, "plain")}), Not(Contains(equals)));
  EXPECT_THAT(using_operator("=", "", {call_of("plain_f")}), Not(Contains(equals)));
  EXPECT_THAT(using_operator("=", "", {effect_on(Action::insert, "t")}), Contains(equals));
  EXPECT_THAT(using_operator("=", "", {use_of_type("mood")}), Contains(equals));
  EXPECT_THAT(using_operator("=", "", {use_of_type("moods")}), Contains(equals));
  EXPECT_THAT(using_operator("=", "", {call_of("current_mood")}), Contains(equals));
}

TEST_F(ClosureOperators, AnArrayComesAboutByItsElementAndARowByItsTable) {
  make.user_operator("app", "=", "app.moods", "app.moods", "app.f");
  EXPECT_THAT(using_operator("=", "", {effect_on(Action::insert, "t")}), Contains(equals));
  MakeSnapshot rows;
  rows.table("app.t", {"id int4"});
  rows.function("app.f", {"int4"});
  rows.user_operator("app", "=", "app.t", "app.t", "app.f");
  auto facts = facts_of({effect_on(Action::select, "t")}, {{name_of("t"), {}, false}}, {use("", "t")});
  facts.statements[0].operators.push_back({{}, {}, "="});
  EXPECT_THAT(resolved(facts, rows), Contains(equals));
}

// Only where a column of such a type is used, not wherever its table is.
TEST_F(ClosureOperators, AColumnThatIsNotUsedGivesNoValue) {
  make.user_operator("app", "=", "app.mood", "app.mood", "app.f");
  const auto reading = [&](std::vector<sql::ColumnUse> uses) {
    auto facts = facts_of({effect_on(Action::select, "t")}, {{name_of("t"), {}, false}}, std::move(uses));
    facts.statements[0].operators.push_back({{}, {}, "="});
    return resolved(facts, make);
  };
  EXPECT_THAT(reading({use("", "id")}), Not(Contains(equals)));
  EXPECT_THAT(reading({use("", "id"), use("t", "feels")}), Contains(equals));
  EXPECT_THAT(reading({use("", "")}), Contains(equals));
  EXPECT_THAT(reading({use("", "t")}), Contains(equals));
  EXPECT_THAT(using_operator("=", "", {effect_on(Action::delete_, "t")}), Not(Contains(equals)));
  EXPECT_THAT(using_operator("=", "", {effect_on(Action::update, "t", {"id"})}), Not(Contains(equals)));
  EXPECT_THAT(using_operator("=", "", {effect_on(Action::update, "t", {"feels"})}), Contains(equals));
  EXPECT_THAT(using_operator("=", "", {effect_on(Action::copy_from_stdin, "t", {"id"})}), Contains(equals));
}

TEST_F(ClosureOperators, CastsBetweenPostgresOwnTypesAreAlwaysMeant) {
  make.cast("int4", "text", "app.f");
  EXPECT_THAT(using_operator("+", "", {effect_on(Action::select, "plain")}), Contains(cast));
}

// Class B9: ROW(1)::ct::int.
TEST_F(ClosureOperators, CastsOfUsersTypesWhereAValueCanHaveThem) {
  make.cast("app.mood", "int4", "app.f");
  EXPECT_THAT(resolved(facts_of({effect_on(Action::select, "plain")}), make), Not(Contains(cast)));
  EXPECT_THAT(resolved(facts_of({use_of_type("mood")}), make), Contains(cast));
  EXPECT_THAT(resolved(facts_of({effect_on(Action::insert, "t")}), make), Contains(cast));
}

TEST_F(ClosureOperators, AnOperatorThatIsUsedMakesValuesOfItsOperandsTypes) {
  make.type("app.far", Type::Kind::enumeration);
  make.function("app.g", {"int4"});
  make.user_operator("app", "@#@", "app.far", "app.far", "app.g");
  make.cast("int4", "app.far", "app.f");
  EXPECT_THAT(using_operator("@#@", "", {effect_on(Action::select, "plain")}), Contains(cast));
  EXPECT_THAT(using_operator("=", "", {effect_on(Action::select, "plain")}), Not(Contains(cast)));
}

class ClosureEvents : public ::testing::Test {
 protected:
  ClosureEvents() { make.function("app.f"); }
  [[nodiscard]] Lines after(const std::string& kind) const {
    auto facts = facts_of({});
    facts.statements[0].kind = kind;
    return resolved(facts, make);
  }
  MakeSnapshot make;
  const char* runs = "execute function app.f by event trigger e";
};

TEST_F(ClosureEvents, RunForTheirTags) {
  make.event_trigger("e", "ddl_command_start", "CREATE TABLE", "app.f");
  EXPECT_THAT(after("CREATE TABLE"), ElementsAre(runs));
  EXPECT_THAT(after("CREATE VIEW"), IsEmpty());
}

TEST_F(ClosureEvents, RunForEveryChangeOfTheSchemaWithoutTags) {
  make.event_trigger("e", "ddl_command_end", "", "app.f");
  for (const char* const kind :
       {"CREATE TABLE", "ALTER TABLE", "DROP VIEW", "COMMENT", "GRANT", "SELECT INTO"}) {
    EXPECT_THAT(after(kind), ElementsAre(runs)) << kind;
  }
  for (const char* const kind :
       {"SELECT", "UPDATE", "SET", "CREATE ROLE", "DROP DATABASE", "TRUNCATE TABLE"}) {
    EXPECT_THAT(after(kind), IsEmpty()) << kind;
  }
}

TEST_F(ClosureEvents, ThoseOfDropsAndRewritesRunForTheStatementsThatMayDoThat) {
  make.event_trigger("e", "sql_drop", "", "app.f");
  EXPECT_THAT(after("DROP TABLE"), ElementsAre(runs));
  EXPECT_THAT(after("ALTER TABLE"), ElementsAre(runs));
  EXPECT_THAT(after("CREATE TABLE"), IsEmpty());
  MakeSnapshot rewrites;
  rewrites.function("app.f");
  rewrites.event_trigger("e", "table_rewrite", "", "app.f");
  auto facts = facts_of({});
  facts.statements[0].kind = "DROP TABLE";
  EXPECT_THAT(resolved(facts, rewrites), IsEmpty());
  facts.statements[0].kind = "ALTER TABLE";
  EXPECT_THAT(resolved(facts, rewrites), ElementsAre(runs));
}

}  // namespace
}  // namespace portcullis::catalog::testing
