#include "portcullis/catalog/snapshot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MakeSnapshot;
using ::testing::UnorderedElementsAre;

const Attached& attached(const Snapshot& snapshot, std::string_view schema, std::string_view relation) {
  return snapshot.relation(schema, relation)->attached.at(0);
}

TEST(Snapshot, FindsRelationsByOidAndByNameInTheirSchema) {
  MakeSnapshot make;
  const Oid here = make.table("app.t", {"a int4", "b text"});
  const Oid there = make.table("other.t", {});
  const auto snapshot = make.build();
  EXPECT_EQ(snapshot->relation("app", "t")->oid, here);
  EXPECT_EQ(snapshot->relation("other", "t")->oid, there);
  EXPECT_EQ(snapshot->relation(here)->name, "t");
  EXPECT_EQ(snapshot->relation("app", "T"), nullptr);
  EXPECT_EQ(snapshot->relation("nowhere", "t"), nullptr);
  EXPECT_EQ(snapshot->relation(Oid{1}), nullptr);
  EXPECT_EQ(snapshot->schema("app"), snapshot->schema(snapshot->relation(here)->schema));
}

TEST(Snapshot, FindsColumnsByName) {
  MakeSnapshot make;
  make.table("app.t", {"a int4", "b text"});
  const auto snapshot = make.build();
  const Relation* t = snapshot->relation("app", "t");
  EXPECT_EQ(t->column("b")->number, 2);
  EXPECT_EQ(t->column("b")->type, make.type_oid("text"));
  EXPECT_EQ(t->column("c"), nullptr);
}

TEST(Snapshot, HoldsRelationsByOid) {
  MakeSnapshot make;
  make.table("app.z", {});
  make.table("pg_catalog.pg_class", {"relname name"});
  make.table("app.a", {});
  const auto snapshot = make.build();
  std::vector<Oid> oids;
  for (const Relation& relation : snapshot->relations()) oids.push_back(relation.oid);
  EXPECT_TRUE(std::ranges::is_sorted(oids));
  EXPECT_EQ(oids.size(), 3U);
  EXPECT_LT(snapshot->relation("pg_catalog", "pg_class")->oid, kFirstUserOid);
}

TEST(Snapshot, LeadsFromParentToChildrenAndBack) {
  MakeSnapshot make;
  const Oid parent = make.table("app.p", {});
  const Oid child = make.table("app.c", {});
  make.inherit("app.c", "app.p");
  const auto snapshot = make.build();
  EXPECT_THAT(snapshot->relation(parent)->children, ElementsAre(child));
  EXPECT_THAT(snapshot->relation(child)->parents, ElementsAre(parent));
}

TEST(Snapshot, LeadsFromATableToItsIndexesAndSequences) {
  MakeSnapshot make;
  const Oid table = make.table("app.t", {"a int4"});
  const Oid index = make.index("app.i", "app.t");
  const Oid sequence = make.sequence("app.s", "app.t");
  make.sequence("app.free");
  const auto snapshot = make.build();
  EXPECT_THAT(snapshot->relation(table)->indexes, ElementsAre(index));
  EXPECT_THAT(snapshot->relation(table)->owned_sequences, ElementsAre(sequence));
  EXPECT_EQ(snapshot->relation(index)->table, table);
  EXPECT_EQ(snapshot->relation("app", "free")->table, kNoOid);
}

TEST(Snapshot, LeadsAlongForeignKeysBothWays) {
  MakeSnapshot make;
  const Oid parent = make.table("app.p", {"x int4", "y int4"});
  const Oid child = make.table("app.c", {"a int4", "b int4"});
  make.foreign_key("fk", "app.c(b, a)", "app.p(x, y)", 'c', 'n');
  const auto snapshot = make.build();
  ASSERT_EQ(snapshot->foreign_keys_to(parent).size(), 1U);
  ASSERT_EQ(snapshot->foreign_keys_from(child).size(), 1U);
  const ForeignKey& key = *snapshot->foreign_keys_to(parent)[0];
  EXPECT_EQ(&key, snapshot->foreign_keys_from(child)[0]);
  EXPECT_THAT(key.child_columns, ElementsAre("b", "a"));
  EXPECT_THAT(key.parent_columns, ElementsAre("x", "y"));
  EXPECT_EQ(key.on_delete, ForeignKey::Action::cascade);
  EXPECT_EQ(key.on_update, ForeignKey::Action::set_null);
  EXPECT_THAT(snapshot->foreign_keys_to(child), IsEmpty());
}

TEST(Snapshot, TellsWhatAViewReadsAndWhoReadsATable) {
  MakeSnapshot make;
  const Oid table = make.table("app.t", {"a int4", "b int4"});
  const Oid other = make.table("app.u", {"c int4"});
  make.builtin_function("pg_sleep");
  const Oid view = make.view("app.v", {"a int4"}, {"app.t(b, a)", "app.u(*)"}, {"pg_sleep"});
  const auto snapshot = make.build();
  const Attached& definition = attached(*snapshot, "app", "v");
  EXPECT_EQ(definition.kind, Attached::Kind::view_definition);
  EXPECT_EQ(definition.events, Events{.select = true});
  ASSERT_EQ(definition.accesses.size(), 2U);
  EXPECT_EQ(definition.accesses[0].relation, table);
  EXPECT_THAT(definition.accesses[0].columns, ElementsAre("a", "b"));
  EXPECT_FALSE(definition.accesses[0].all_columns);
  EXPECT_EQ(definition.accesses[1].relation, other);
  EXPECT_TRUE(definition.accesses[1].all_columns);
  EXPECT_EQ(snapshot->builtin_function_name(definition.functions.at(0)), "pg_sleep");
  EXPECT_THAT(snapshot->relation(table)->used_by, ElementsAre(view));
}

TEST(Snapshot, DoesNotCountARelationAsUsedByItself) {
  MakeSnapshot make;
  make.table("app.t", {"a int4"});
  make.attach("app.t", 'c', "check", "iu", {}, {"app.t(a)"});
  EXPECT_THAT(make.build()->relation("app", "t")->used_by, IsEmpty());
}

TEST(Snapshot, AddsTheFunctionsOfTypesThatStoredCodeConvertsTo) {
  MakeSnapshot make;
  const Oid inner = make.function("app.inner");
  const Oid outer = make.function("app.outer");
  make.domain("app.d1", "text", {"app.inner"});
  make.domain("app.d2", "app.d1", {"app.outer"});
  make.type("app.pair", Type::Kind::composite, {"app.d2", "int4"});
  make.table("app.t", {"a int4"});
  make.attach("app.t", 'd', "a", "iu", {}, {}, false, {"app.pair"});
  EXPECT_THAT(attached(*make.build(), "app", "t").functions, UnorderedElementsAre(inner, outer));
}

TEST(Snapshot, MakesARowTypeOfEachTable) {
  MakeSnapshot make;
  make.domain("app.mail", "text", {});
  make.table("app.t", {"a int4", "m app.mail"});
  const auto snapshot = make.build();
  const Type* type = snapshot->type("app", "t");
  ASSERT_NE(type, nullptr);
  EXPECT_EQ(type->relation, make.relation_oid("app.t"));
  EXPECT_THAT(type->parts, UnorderedElementsAre(make.type_oid("int4"), make.type_oid("app.mail")));
}

TEST(Snapshot, FindsAllOverloadsOfAFunction) {
  MakeSnapshot make;
  const Oid one = make.function("app.f", {"int4"}, "ext");
  const Oid two = make.function("app.f", {"text", "int4"});
  make.function("other.f");
  const auto snapshot = make.build();
  ASSERT_EQ(snapshot->functions("app", "f").size(), 2U);
  EXPECT_EQ(snapshot->functions("app", "f")[0]->oid, one);
  EXPECT_EQ(snapshot->function(two)->arguments, "text, int4");
  EXPECT_EQ(snapshot->function(one)->extension, "ext");
  EXPECT_THAT(snapshot->functions("app", "g"), IsEmpty());
  EXPECT_THAT(snapshot->functions("nowhere", "f"), IsEmpty());
  EXPECT_EQ(snapshot->functions().size(), 3U);
}

TEST(Snapshot, FindsOperatorsByNameInAllSchemas) {
  MakeSnapshot make;
  make.function("app.same");
  make.user_operator("app", "===", "int4", "int4", "app.same");
  make.user_operator("other", "===", "", "text", "app.same");
  const auto snapshot = make.build();
  ASSERT_EQ(snapshot->operators("===").size(), 2U);
  EXPECT_EQ(snapshot->operators("===")[1]->left, kNoOid);
  EXPECT_THAT(snapshot->operators("="), IsEmpty());
}

TEST(Snapshot, HoldsCastsAndEventTriggersWithTheirTags) {
  MakeSnapshot make;
  const Oid function = make.function("app.f");
  make.type("app.mood", Type::Kind::enumeration);
  make.cast("app.mood", "int4", "app.f");
  make.event_trigger("one", "ddl_command_start", "CREATE TABLE,DROP TABLE", "app.f");
  make.event_trigger("two", "sql_drop", "", "app.f");
  const auto snapshot = make.build();
  EXPECT_EQ(snapshot->casts().front().function, function);
  EXPECT_THAT(snapshot->event_triggers()[0].tags, ElementsAre("CREATE TABLE", "DROP TABLE"));
  EXPECT_THAT(snapshot->event_triggers()[1].tags, IsEmpty());
}

TEST(Snapshot, NamesRelationsForMessages) {
  MakeSnapshot make;
  const Oid oid = make.table("app.t", {});
  const auto snapshot = make.build();
  EXPECT_EQ(snapshot->relation_text(oid), "app.t");
  EXPECT_EQ(snapshot->relation_text(77), "77");
}

}  // namespace
}  // namespace portcullis::catalog
