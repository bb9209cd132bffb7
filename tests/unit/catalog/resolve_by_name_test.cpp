// Without a catalog.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/catalog/resolve_testing.hpp"

namespace portcullis::catalog::testing {
namespace {

using sql::Action;
using sql::ObjectKind;
using ::testing::ElementsAre;

Lines by_name(const sql::Facts& facts, std::initializer_list<std::string> schemas = {"app", "public"}) {
  return lines_of(resolve_by_name(facts, path(schemas)));
}

TEST(ResolveByName, ANameIsWhateverThePathCouldMean) {
  EXPECT_THAT(by_name(facts_of({effect_on(Action::delete_, "t")})),
              ElementsAre("delete app.t", "delete public.t"));
  EXPECT_THAT(by_name(facts_of({effect_on(Action::delete_, "app.t")})), ElementsAre("delete app.t"));
  EXPECT_THAT(by_name(facts_of({effect_on(Action::delete_, "t")}), {}), ElementsAre("delete t"));
  EXPECT_THAT(by_name(facts_of({use_of_type("mood")})),
              ElementsAre("use type app.mood", "use type public.mood"));
  EXPECT_FALSE(resolve_by_name({}, path({"app"})).has_catalog);
}

TEST(ResolveByName, PostgresOwnComeFirstUnlessThePathNamesPgCatalog) {
  const auto catalog = facts_of({effect_on(Action::select, "pg_class")});
  EXPECT_THAT(by_name(catalog), ElementsAre("select pg_catalog.pg_class"));
  EXPECT_THAT(by_name(catalog, {"app", "pg_catalog"}),
              ElementsAre("select app.pg_class", "select pg_catalog.pg_class"));
  EXPECT_THAT(by_name(facts_of({effect_on(Action::select, "pg_new")}), {"app"}),
              ElementsAre("select pg_catalog.pg_new", "select app.pg_new"));
  EXPECT_THAT(by_name(facts_of({call_of("lower")}), {"app"}),
              ElementsAre("execute function pg_catalog.lower", "execute function app.lower"));
  EXPECT_THAT(by_name(facts_of({call_of("total")}), {"app"}), ElementsAre("execute function app.total"));
}

TEST(ResolveByName, OtherObjectsInSchemasAreLookedUpToo) {
  EXPECT_THAT(by_name(facts_of({effect_on(Action::use_operator, "@@@", {}, ObjectKind::other)}), {"app"}),
              ElementsAre("use operator app.@@@"));
  EXPECT_THAT(by_name(facts_of({effect_on(Action::drop_role, "bob", {}, ObjectKind::other)}), {"app"}),
              ElementsAre("drop role bob"));
}

TEST(ResolveByName, ColumnsAreThoseThatCouldBeTheRelations) {
  const auto facts =
      facts_of({effect_on(Action::select, "app.users"), effect_on(Action::select, "app.orders")},
               {{name_of("app.users"), "u", false}, {name_of("app.orders"), {}, false}},
               {use("u", "ssn"), use("", "id"), use("orders", "note"), use("", "ctid")});
  EXPECT_THAT(by_name(facts), ElementsAre("select app.users(id, ssn)", "select app.orders(id, note)"));
}

TEST(ResolveByName, StarsAndWholeRowsAreAllColumns) {
  const auto with = [](const sql::ColumnUse& column, bool renames = false) {
    return by_name(
        facts_of({effect_on(Action::select, "app.users")}, {{name_of("app.users"), "u", renames}}, {column}));
  };
  EXPECT_THAT(with(use("", "")), ElementsAre("select app.users(*)"));
  EXPECT_THAT(with(use("u", "")), ElementsAre("select app.users(*)"));
  EXPECT_THAT(with(use("", "u")), ElementsAre("select app.users(u, *)"));
  EXPECT_THAT(with(use("v", "")), ElementsAre("select app.users"));
  EXPECT_THAT(with(use("u", "x"), true), ElementsAre("select app.users(x, *)"));
}

TEST(ResolveByName, WritesAndCopiesWithoutAListAreAllColumns) {
  EXPECT_THAT(by_name(facts_of({effect_on(Action::insert, "app.t")})), ElementsAre("insert app.t(*)"));
  EXPECT_THAT(by_name(facts_of({effect_on(Action::insert, "app.t", {"b", "a"})})),
              ElementsAre("insert app.t(a, b)"));
  EXPECT_THAT(
      by_name(facts_of({effect_on(Action::copy_to_stdout, "app.t"), effect_on(Action::select, "app.t")})),
      ElementsAre("copy to stdout app.t(*)", "select app.t(*)"));
}

TEST(ResolveByName, IsBounded) {
  sql::Facts facts = facts_of(std::vector<sql::Effect>(kMaxEffects, effect_on(Action::delete_, "t")));
  const auto resolution = resolve_by_name(facts, path({"app", "public"}));
  ASSERT_EQ(resolution.effects.size(), kMaxEffects);
  EXPECT_TRUE(resolution.effects.back().missing);
  EXPECT_TRUE(resolution.effects.back().effect.object.name.empty());
  EXPECT_FALSE(resolution.effects[kMaxEffects - 2].missing);
}

}  // namespace
}  // namespace portcullis::catalog::testing
