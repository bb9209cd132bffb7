// Which columns a statement asks for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/catalog/resolve_testing.hpp"

namespace portcullis::catalog::testing {
namespace {

using sql::Action;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

class ResolveColumns : public ::testing::Test {
 protected:
  ResolveColumns() {
    make.table("app.users", {"id int4", "name text", "ssn text"});
    make.table("app.orders", {"id int4", "user_id int4", "note text"});
  }
  // SELECT ... FROM users AS `alias`
  [[nodiscard]] Lines from_users(std::vector<sql::ColumnUse> uses, std::string_view alias = "") const {
    return resolved(facts_of({effect_on(Action::select, "users")},
                             {{name_of("users"), std::string(alias), false}}, std::move(uses)),
                    make);
  }
  MakeSnapshot make;
};

TEST_F(ResolveColumns, NamedOnes) {
  EXPECT_THAT(from_users({use("", "name"), use("", "id"), use("", "name")}),
              ElementsAre("select app.users(id, name)"));
  EXPECT_THAT(from_users({use("users", "name"), use("app.users", "ssn")}),
              ElementsAre("select app.users(name, ssn)"));
}

TEST_F(ResolveColumns, NoneForARelationThatIsOnlyCounted) {
  EXPECT_THAT(from_users({}), ElementsAre("select app.users"));
}

TEST_F(ResolveColumns, AStarIsAllOfThem) {
  EXPECT_THAT(from_users({use("", "")}), ElementsAre("select app.users(*)"));
  EXPECT_THAT(from_users({use("u", "")}, "u"), ElementsAre("select app.users(*)"));
  EXPECT_THAT(from_users({use("app.users", "")}), ElementsAre("select app.users(*)"));
}

TEST_F(ResolveColumns, AnAliasHidesTheRelationsName) {
  EXPECT_THAT(from_users({use("users", "ssn")}, "u"), ElementsAre("select app.users"));
  EXPECT_THAT(from_users({use("u", "ssn")}, "u"), ElementsAre("select app.users(ssn)"));
}

TEST_F(ResolveColumns, ASchemaInFrontMustBeItsOwn) {
  EXPECT_THAT(from_users({use("public.users", "ssn")}), ElementsAre("select app.users"));
}

TEST_F(ResolveColumns, ABareNameOfARangeIsTheWholeRow) {
  EXPECT_THAT(from_users({use("", "users")}), ElementsAre("select app.users(*)"));
  EXPECT_THAT(from_users({use("", "u")}, "u"), ElementsAre("select app.users(*)"));
}

TEST_F(ResolveColumns, AColumnOfTheRangesNameIsNoWholeRow) {
  make.table("app.note", {"id int4", "note text"});
  EXPECT_THAT(resolved(facts_of({effect_on(Action::select, "note")}, {{name_of("note"), {}, false}},
                                {use("", "note")}),
                       make),
              ElementsAre("select app.note(note)"));
}

TEST_F(ResolveColumns, AFunctionOfTheRowTakesTheWholeRow) {
  EXPECT_THAT(from_users({use("u", "to_json")}, "u"), ElementsAre("select app.users(*)"));
}

TEST_F(ResolveColumns, SystemColumnsAreLeftOut) {
  EXPECT_THAT(from_users({use("", "ctid"), use("users", "xmin"), use("", "id")}),
              ElementsAre("select app.users(id)"));
}

TEST_F(ResolveColumns, RenamedColumnsMayBeAnyOfThem) {
  EXPECT_THAT(resolved(facts_of({effect_on(Action::select, "users")}, {{name_of("users"), "u", true}},
                                {use("u", "a")}),
                       make),
              ElementsAre("select app.users(*)"));
}

TEST_F(ResolveColumns, ABareNameCountsForEveryRelationThatHasIt) {
  const auto lines =
      resolved(facts_of({effect_on(Action::select, "users"), effect_on(Action::select, "orders")},
                        {{name_of("users"), "u", false}, {name_of("orders"), "o", false}},
                        {use("", "id"), use("o", "note"), use("u", "name")}),
               make);
  EXPECT_THAT(lines, ElementsAre("select app.users(id, name)", "select app.orders(id, note)"));
}

TEST_F(ResolveColumns, AllRangesOfARelationAddUp) {
  const auto lines = resolved(facts_of({effect_on(Action::select, "users")},
                                       {{name_of("users"), "a", false}, {name_of("users"), "b", false}},
                                       {use("a", "id"), use("b", "ssn")}),
                              make);
  EXPECT_THAT(lines, ElementsAre("select app.users(id, ssn)"));
}

TEST_F(ResolveColumns, ARelationReadWithoutARangeGoesByItsOwnName) {
  const auto lines =
      resolved(facts_of({effect_on(Action::select, "app.users")}, {}, {use("users", "ssn")}), make);
  EXPECT_THAT(lines, ElementsAre("select app.users(ssn)"));
}

TEST_F(ResolveColumns, WritesKeepTheColumnsThatTheyName) {
  EXPECT_THAT(resolved(facts_of({effect_on(Action::insert, "users", {"ssn", "id"})}), make),
              ElementsAre("insert app.users(id, ssn)"));
  EXPECT_THAT(resolved(facts_of({effect_on(Action::update, "users", {"name"})}), make),
              ElementsAre("update app.users(name)"));
}

TEST_F(ResolveColumns, WritesWithoutAListAreToAllColumns) {
  EXPECT_THAT(resolved(facts_of({effect_on(Action::insert, "users")}), make),
              ElementsAre("insert app.users(*)"));
  EXPECT_THAT(resolved(facts_of({effect_on(Action::copy_from_stdin, "users")}), make),
              ElementsAre("copy from stdin app.users(*)"));
}

TEST_F(ResolveColumns, CopyToReadsItsListOrAllColumns) {
  EXPECT_THAT(resolved(facts_of({effect_on(Action::copy_to_stdout, "users", {"name"}),
                                 effect_on(Action::select, "users", {"name"})}),
                       make),
              ElementsAre("copy to stdout app.users(name)", "select app.users(name)"));
  EXPECT_THAT(
      resolved(facts_of({effect_on(Action::copy_to_stdout, "users"), effect_on(Action::select, "users")}),
               make),
      ElementsAre("copy to stdout app.users(*)", "select app.users(*)"));
}

TEST_F(ResolveColumns, ViewsHaveColumnsToo) {
  make.view("app.people", {"id int4", "name text"}, {"app.users(id, name)"});
  const auto lines = resolved(
      facts_of({effect_on(Action::select, "people")}, {{name_of("people"), "p", false}}, {use("p", "name")}),
      make);
  EXPECT_THAT(lines, Contains("select app.people(name)"));
  EXPECT_THAT(lines, Not(Contains("select app.people(*)")));
}

}  // namespace
}  // namespace portcullis::catalog::testing
