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

// SELECT `outer` FROM orders, with a query on users in one place or another: level 1 is the first, 2 the
// second.
class ResolveLevels : public ResolveColumns {
 protected:
  [[nodiscard]] Lines of(std::vector<sql::ColumnUse> uses, std::vector<std::uint32_t> enclosing) const {
    auto facts =
        facts_of({effect_on(Action::select, "orders"), effect_on(Action::select, "users")},
                 {{name_of("orders"), "o", false, 1}, {name_of("users"), "u", false, 2}}, std::move(uses));
    facts.statements[0].enclosing_levels = std::move(enclosing);
    return resolved(facts, make);
  }
  static sql::ColumnUse at(std::uint32_t level, std::string_view of, std::string_view column) {
    auto found = use(of, column);
    found.level = level;
    return found;
  }
  const std::vector<std::uint32_t> inside{0, 0, 1}, beside{0, 0, 0};
};

TEST_F(ResolveLevels, AStarIsOfItsOwnQueryOnly) {
  EXPECT_THAT(of({at(1, "", ""), at(2, "", "id")}, beside),
              ElementsAre("select app.orders(*)", "select app.users(id)"));
  EXPECT_THAT(of({at(1, "", "id"), at(2, "", "")}, inside),
              ElementsAre("select app.orders(id)", "select app.users(*)"));
}

TEST_F(ResolveLevels, AStarOfANameMayBeOfAQueryAround) {
  EXPECT_THAT(of({at(2, "o", "")}, inside), ElementsAre("select app.orders(*)", "select app.users"));
  EXPECT_THAT(of({at(2, "o", ""), at(1, "u", "")}, beside),
              ElementsAre("select app.orders", "select app.users"));
}

TEST_F(ResolveLevels, AColumnMayBeOfAQueryAround) {
  EXPECT_THAT(of({at(2, "", "id")}, inside), ElementsAre("select app.orders(id)", "select app.users(id)"));
  EXPECT_THAT(of({at(2, "o", "note"), at(2, "", "name")}, inside),
              ElementsAre("select app.orders(note)", "select app.users(name)"));
}

TEST_F(ResolveLevels, AColumnIsOfNoQueryInsideOrBeside) {
  EXPECT_THAT(of({at(1, "", "id")}, inside), ElementsAre("select app.orders(id)", "select app.users"));
  EXPECT_THAT(of({at(1, "", "id")}, beside), ElementsAre("select app.orders(id)", "select app.users"));
  EXPECT_THAT(of({at(2, "", "id"), at(1, "u", "ssn")}, beside),
              ElementsAre("select app.orders", "select app.users(id)"));
}

TEST_F(ResolveLevels, ARowIsOfAVisibleTable) {
  EXPECT_THAT(of({at(1, "", "u"), at(1, "", "o")}, inside),
              ElementsAre("select app.orders(*)", "select app.users"));
  EXPECT_THAT(of({at(2, "", "o")}, inside), ElementsAre("select app.orders(*)", "select app.users"));
}

TEST_F(ResolveLevels, OneRelationInManyQueriesAddsUp) {
  auto facts = facts_of({effect_on(Action::select, "users")},
                        {{name_of("users"), {}, false, 1},
                         {name_of("users"), "a", false, 2},
                         {name_of("users"), "a", false, 4}},
                        {at(3, "", "id"), at(4, "a", "name"), at(1, "a", "ssn"), at(5, "", "ssn")});
  facts.statements[0].enclosing_levels = {0, 0, 0, 2, 1, 0};
  EXPECT_THAT(resolved(facts, make), ElementsAre("select app.users(id, name)"));
}

TEST_F(ResolveLevels, AreKnownWithoutACatalogToo) {
  auto facts = facts_of({effect_on(Action::select, "orders"), effect_on(Action::select, "users")},
                        {{name_of("orders"), "o", false, 1}, {name_of("users"), "u", false, 2}},
                        {at(1, "", ""), at(2, "", "id"), at(2, "u", "name"), at(1, "u", "ssn")});
  facts.statements[0].enclosing_levels = beside;
  EXPECT_THAT(lines_of(resolve_by_name(facts, path({"app"}))),
              ElementsAre("select app.orders(*)", "select app.users(id, name)"));
}

TEST_F(ResolveColumns, ExpressionsOfDefinitionsAreOfTheirTable) {
  const auto with = [&](Action action, std::vector<sql::ColumnUse> uses, Lines columns = {}) {
    return resolved(facts_of({effect_on(action, "users", std::move(columns))},
                             {{name_of("users"), {}, false}}, std::move(uses)),
                    make);
  };
  EXPECT_THAT(with(Action::create_index, {use("users", "name"), use("", "id")}),
              ElementsAre("create index app.users(id, name)"));
  EXPECT_THAT(with(Action::create_index, {use("", "users")}), ElementsAre("create index app.users(*)"));
  EXPECT_THAT(with(Action::alter_table_add_constraint, {use("", "ssn")}),
              ElementsAre("alter table add constraint app.users(ssn)"));
  EXPECT_THAT(with(Action::alter_table_add_constraint, {}, {"id"}),
              ElementsAre("alter table add constraint app.users(id)"));
  EXPECT_THAT(with(Action::alter_table_alter_column_type, {use("", "ssn")}, {"name"}),
              ElementsAre("alter table alter column type app.users(name, ssn)"));
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
