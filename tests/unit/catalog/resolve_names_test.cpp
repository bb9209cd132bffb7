// Names through the search path.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/catalog/resolve_testing.hpp"

namespace portcullis::catalog::testing {
namespace {

using sql::Action;
using sql::ObjectKind;
using ::testing::Contains;
using ::testing::ElementsAre;

sql::Facts select_from(std::string_view relation) {
  return facts_of({effect_on(Action::select, relation)}, {{name_of(relation), {}, false}});
}

TEST(ResolveNames, TakesTheFirstSchemaOfThePathThatHasTheName) {
  MakeSnapshot make;
  make.table("app.t", {"id int4"});
  make.table("public.t", {"id int4"});
  EXPECT_THAT(resolved(select_from("t"), make, path({"public", "app"})), ElementsAre("select public.t"));
  EXPECT_THAT(resolved(select_from("t"), make, path({"app", "public"})), ElementsAre("select app.t"));
}

TEST(ResolveNames, LooksInPgCatalogFirstUnlessThePathNamesIt) {
  MakeSnapshot make;
  make.table("app.pg_class", {"id int4"});
  make.table("pg_catalog.pg_class", {"oid oid"});
  EXPECT_THAT(resolved(select_from("pg_class"), make, path({"app"})),
              ElementsAre("select pg_catalog.pg_class"));
  EXPECT_THAT(resolved(select_from("pg_class"), make, path({"app", "pg_catalog"})),
              ElementsAre("select app.pg_class"));
}

// Class B16: a temporary table in front of the one that was meant.
TEST(ResolveNames, LooksInTheTemporarySchemaWhereThePathGivesIt) {
  MakeSnapshot make;
  make.table("pg_temp_3.t", {"id int4"});
  make.table("app.t", {"id int4"});
  EXPECT_THAT(resolved(select_from("t"), make, path({"pg_temp_3", "app"})),
              ElementsAre("select pg_temp_3.t"));
  EXPECT_THAT(resolved(select_from("t"), make, path({"app"})), ElementsAre("select app.t"));
  EXPECT_THAT(resolved(select_from("pg_temp.t"), make, path({"pg_temp_3", "app"})),
              ElementsAre("select pg_temp_3.t"));
  EXPECT_THAT(resolved(select_from("pg_temp.t"), make, path({"app"})),
              ElementsAre("select pg_temp.t missing"));
}

TEST(ResolveNames, UnderIfExistsWhatIsNotThereWouldBeInTheFirstSchema) {
  const MakeSnapshot make;
  const auto dropped = [&](std::string_view name, ObjectKind kind, Action action) {
    auto effect = effect_on(action, name, {}, kind);
    effect.missing_ok = true;
    return resolved(facts_of({effect}), make, path({"pg_temp_3", "app", "public"}));
  };
  EXPECT_THAT(dropped("t", ObjectKind::relation, Action::drop_table),
              ElementsAre("drop table app.t missing"));
  EXPECT_THAT(dropped("public.t", ObjectKind::relation, Action::drop_table),
              ElementsAre("drop table public.t missing"));
  EXPECT_THAT(dropped("f", ObjectKind::function, Action::drop_function),
              ElementsAre("drop function app.f missing"));
  EXPECT_THAT(dropped("t", ObjectKind::type, Action::drop_type), ElementsAre("drop type app.t missing"));
}

TEST(ResolveNames, SaysWhatIsNotThere) {
  const MakeSnapshot make;
  EXPECT_THAT(resolved(select_from("nothing"), make), ElementsAre("select nothing missing"));
  EXPECT_THAT(resolved(select_from("app.nothing"), make), ElementsAre("select app.nothing missing"));
  EXPECT_THAT(resolved(facts_of({effect_on(Action::drop_table, "nothing")}), make),
              ElementsAre("drop table nothing missing"));
  EXPECT_THAT(resolved(facts_of({effect_on(Action::alter_table_drop_column, "nothing", {"x"})}), make),
              ElementsAre("alter table drop column nothing(x) missing"));
}

TEST(ResolveNames, KnowsItsOwnDatabaseAndLeavesOthersAsWritten) {
  MakeSnapshot make;
  make.table("app.t", {"id int4"});
  EXPECT_THAT(resolved(select_from("shop.app.t"), make), ElementsAre("select app.t"));
  EXPECT_THAT(resolved(select_from("other.app.t"), make), ElementsAre("select other.app.t"));
}

TEST(ResolveNames, PutsWhatIsMadeIntoTheFirstSchemaOfThePath) {
  MakeSnapshot make;
  make.table("public.t", {"id int4"});
  const auto names = path({"pg_temp_3", "pg_catalog", "app", "public"});
  for (const Action action :
       {Action::create_table, Action::create_view, Action::create_sequence, Action::create_table_as,
        Action::select_into, Action::create_materialized_view}) {
    EXPECT_THAT(resolved(facts_of({effect_on(action, "t")}), make, names),
                ElementsAre(std::string(sql::name(action)) + " app.t"));
  }
  EXPECT_THAT(
      resolved(facts_of({effect_on(Action::create_function, "f", {}, ObjectKind::function)}), make, names),
      ElementsAre("create function app.f"));
  EXPECT_THAT(resolved(facts_of({effect_on(Action::create_type, "f", {}, ObjectKind::type)}), make, names),
              ElementsAre("create type app.f"));
  EXPECT_THAT(resolved(facts_of({effect_on(Action::create_temporary_table, "pg_temp.t")}), make, names),
              ElementsAre("create temporary table pg_temp.t"));
}

TEST(ResolveNames, WhatIsMadeOnATableMustHaveIt) {
  MakeSnapshot make;
  make.table("public.t", {"id int4"});
  EXPECT_THAT(resolved(facts_of({effect_on(Action::create_index, "t")}), make),
              ElementsAre("create index public.t"));
  EXPECT_THAT(resolved(facts_of({effect_on(Action::create_trigger, "u")}), make),
              ElementsAre("create trigger u missing"));
}

TEST(ResolveNames, ReplacingAViewFindsTheOneThatIsThere) {
  MakeSnapshot make;
  make.table("app.t", {"id int4"});
  const Oid view = make.view("app.v", {"id int4"}, {"app.t(id)"});
  const auto resolution =
      resolve(facts_of({effect_on(Action::create_view, "v")}), *make.build(), path({"app"}));
  ASSERT_EQ(resolution.effects.size(), 1U);
  EXPECT_EQ(resolution.effects[0].oid, view);
  EXPECT_EQ(resolution.effects[0].relation_kind, RelationKind::view);
}

TEST(ResolveNames, ARenamedRelationKeepsItsSchema) {
  MakeSnapshot make;
  make.table("public.t", {"id int4"});
  EXPECT_THAT(
      resolved(facts_of({effect_on(Action::rename_table, "t"), effect_on(Action::rename_table, "u")}), make),
      ElementsAre("rename table public.t", "rename table public.u"));
  EXPECT_THAT(
      resolved(facts_of({effect_on(Action::set_schema, "t"), effect_on(Action::set_schema, "secret.t")}),
               make),
      ElementsAre("set schema public.t", "set schema secret.t"));
}

TEST(ResolveNames, ASerialColumnsSequenceGoesToItsTablesSchema) {
  MakeSnapshot make;
  make.table("public.t", {"id int4"});
  auto facts = facts_of(
      {effect_on(Action::alter_table_add_column, "t", {"n"}), effect_on(Action::create_sequence, "t_n_seq")});
  facts.statements[0].kind = "ALTER TABLE";
  EXPECT_THAT(resolved(facts, make), Contains("create sequence public.t_n_seq"));
}

TEST(ResolveNames, OtherObjectsAreWhateverThePathCouldMean) {
  const MakeSnapshot make;
  EXPECT_THAT(resolved(facts_of({effect_on(Action::use_collation, "c", {}, ObjectKind::other)}), make),
              ElementsAre("use collation app.c", "use collation public.c"));
  EXPECT_THAT(resolved(facts_of({effect_on(Action::drop_role, "bob", {}, ObjectKind::other)}), make),
              ElementsAre("drop role bob"));
}

TEST(ResolveNames, TellsTheKindAndTheNumberOfWhatItFound) {
  MakeSnapshot make;
  const Oid table = make.relation(RelationKind::partitioned_table, "app.p", {"id int4"});
  const auto resolution = resolve(select_from("p"), *make.build(), path({"app"}));
  EXPECT_TRUE(resolution.has_catalog);
  ASSERT_EQ(resolution.effects.size(), 1U);
  EXPECT_EQ(resolution.effects[0].oid, table);
  EXPECT_EQ(resolution.effects[0].relation_kind, RelationKind::partitioned_table);
  EXPECT_EQ(resolution.effects[0].cause, -1);
  EXPECT_EQ(resolution.effects[0].via, Via::written);
}

}  // namespace
}  // namespace portcullis::catalog::testing
