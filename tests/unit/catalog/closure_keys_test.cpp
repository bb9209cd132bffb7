// Children and partitions, foreign keys, TRUNCATE and DROP with what they take along.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/catalog/resolve_testing.hpp"

namespace portcullis::catalog::testing {
namespace {

using sql::Action;
using sql::ObjectKind;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::Matches;
using ::testing::UnorderedElementsAre;

class ClosureKeys : public ::testing::Test {
 protected:
  ClosureKeys() {
    make.table("app.customers", {"id int4", "ssn text"});
    make.table("app.orders", {"id int4", "customer int4"});
  }
  [[nodiscard]] Lines after(Action action, std::string_view relation, Lines columns = {}) const {
    return resolved(facts_of({effect_on(action, relation, std::move(columns))}), make);
  }
  [[nodiscard]] Lines after_cascade(Action action, std::string_view object,
                                    ObjectKind kind = ObjectKind::relation) const {
    return resolved(
        facts_of({effect_on(action, object, {}, kind), effect_on(Action::cascade, object, {}, kind)}), make);
  }
  MakeSnapshot make;
};

// Class B15: DELETE FROM ref takes the rows along that reference it.
TEST_F(ClosureKeys, DeletingTakesTheChildrenAlong) {
  make.foreign_key("k", "app.orders(customer)", "app.customers(id)", 'c');
  auto deletes = effect_on(Action::delete_, "customers");
  deletes.has_where = true;
  EXPECT_THAT(resolved(facts_of({deletes}), make),
              ElementsAre("delete app.customers where",
                          "delete app.orders where by ON DELETE CASCADE from app.customers"));
}

TEST_F(ClosureKeys, DeletingFollowsAChainAndACycleOfKeys) {
  make.table("app.lines", {"id int4", "order_id int4"});
  make.foreign_key("k", "app.orders(customer)", "app.customers(id)", 'c');
  make.foreign_key("l", "app.lines(order_id)", "app.orders(id)", 'c');
  make.foreign_key("m", "app.customers(id)", "app.lines(id)", 'c');
  EXPECT_THAT(after(Action::delete_, "customers"),
              ElementsAre("delete app.customers", "delete app.orders by ON DELETE CASCADE from app.customers",
                          "delete app.lines by ON DELETE CASCADE from app.orders"));
}

TEST_F(ClosureKeys, ChangingTheTypeOfAKeyChecksTheChildrenAnew) {
  make.foreign_key("k", "app.orders(customer)", "app.customers(id)");
  const std::string because = " by foreign key k, made anew by ALTER COLUMN TYPE of app.customers";
  EXPECT_THAT(after(Action::alter_table_alter_column_type, "customers", {"id"}),
              IsSupersetOf({"alter table add constraint app.orders(customer)" + because,
                            "select app.orders(customer)" + because}));
  EXPECT_THAT(after(Action::alter_table_alter_column_type, "customers", {"ssn"}),
              Not(Contains(::testing::HasSubstr("app.orders"))));
}

TEST_F(ClosureKeys, DroppingAConstraintWithCascadeMayTakeTheKeysThatReferenceIt) {
  make.foreign_key("k", "app.orders(customer)", "app.customers(id)");
  EXPECT_THAT(after_cascade(Action::alter_table_drop_constraint, "customers"),
              Contains("alter table drop constraint app.orders by CASCADE from app.customers"));
  EXPECT_THAT(after(Action::alter_table_drop_constraint, "customers"),
              Not(Contains(::testing::HasSubstr("app.orders"))));
}

TEST_F(ClosureKeys, DeletingMayUpdateTheChildInstead) {
  make.foreign_key("k", "app.orders(customer)", "app.customers(id)", 'n');
  EXPECT_THAT(after(Action::delete_, "customers"),
              Contains("update app.orders(customer) by ON DELETE SET NULL from app.customers"));
  make.table("app.carts", {"id int4", "customer int4"});
  make.foreign_key("l", "app.carts(customer)", "app.customers(id)", 'd');
  EXPECT_THAT(after(Action::delete_, "customers"),
              Contains("update app.carts(customer) by ON DELETE SET DEFAULT from app.customers"));
}

TEST_F(ClosureKeys, AKeyThatOnlyRefusesIsLookedUpInTheChild) {
  make.foreign_key("k", "app.orders(customer)", "app.customers(id)", 'r', 'a');
  const std::string looked_up = "references app.orders(customer) by foreign key k to app.customers";
  EXPECT_THAT(after(Action::delete_, "customers"), ElementsAre("delete app.customers", looked_up));
  EXPECT_THAT(after(Action::update, "customers", {"id"}), ElementsAre("update app.customers(id)", looked_up));
  EXPECT_THAT(after(Action::update, "customers", {"ssn"}), ElementsAre("update app.customers(ssn)"));
}

TEST_F(ClosureKeys, UpdatingAKeyUpdatesTheChild) {
  make.foreign_key("k", "app.orders(customer)", "app.customers(id)", 'a', 'c');
  EXPECT_THAT(after(Action::update, "customers", {"id"}),
              Contains("update app.orders(customer) by ON UPDATE CASCADE from app.customers"));
  EXPECT_THAT(after(Action::update, "customers", {"ssn"}), ElementsAre("update app.customers(ssn)"));
  EXPECT_THAT(after(Action::update, "customers"),
              Contains("update app.orders(customer) by ON UPDATE CASCADE from app.customers"));
}

// PostgreSQL holds a key over a generated column as one that is written.
TEST_F(ClosureKeys, AGeneratedKeyChangesWithTheColumnsThatItIsMadeOf) {
  make.attach("app.customers", 'd', "id", "iu", {}, {"app.customers(ssn)"});
  make.foreign_key("k", "app.orders(customer)", "app.customers(id)", 'a', 'c');
  EXPECT_THAT(after(Action::update, "customers", {"ssn"}),
              Contains("update app.orders(customer) by ON UPDATE CASCADE from app.customers"));
  make.attach("app.orders", 'd', "customer", "iu", {}, {"app.orders(id)"});
  EXPECT_THAT(after(Action::update, "orders", {"id"}),
              Contains("references app.customers(id) by foreign key k of app.orders"));
}

// The same statement on the same tables: 13 was seen to delete the children.
TEST_F(ClosureKeys, UpTo14ARowThatMovesToAnotherPartitionDeletesItsChildren) {
  for (const int version : {140'000, 150'000}) {
    MakeSnapshot partitioned(version);
    partitioned.table("app.orders", {"id int4", "customer int4"});
    partitioned.relation(RelationKind::partitioned_table, "app.events", {"id int4"});
    partitioned.foreign_key("k", "app.orders(customer)", "app.events(id)", 'c', 'a');
    const auto lines = resolved(facts_of({effect_on(Action::update, "events", {"id"})}), partitioned);
    EXPECT_EQ(Matches(Contains("delete app.orders by ON DELETE CASCADE from app.events"))(lines),
              version < 150'000)
        << version;
  }
}

TEST_F(ClosureKeys, WritingAChildLooksUpTheParent) {
  make.foreign_key("k", "app.orders(customer)", "app.customers(id)");
  const auto resolution =
      resolve(facts_of({effect_on(Action::insert, "orders", {"id"})}), *make.build(), path({"app"}));
  EXPECT_THAT(
      lines_of(resolution),
      ElementsAre("insert app.orders(id)", "references app.customers(id) by foreign key k of app.orders"));
  EXPECT_EQ(resolution.effects[1].via, Via::reference);
  EXPECT_THAT(after(Action::update, "orders", {"customer"}),
              Contains("references app.customers(id) by foreign key k of app.orders"));
  EXPECT_THAT(after(Action::update, "orders", {"id"}), ElementsAre("update app.orders(id)"));
}

// Class B15: DELETE FROM par1 reaches its children. Class B14: so does ALTER TABLE.
TEST_F(ClosureKeys, WhatIsDoneToAParentIsDoneToItsChildren) {
  make.table("app.base", {"id int4"});
  make.table("app.prot_child", {"id int4"});
  make.table("app.grandchild", {"id int4"});
  make.inherit("app.prot_child", "app.base");
  make.inherit("app.grandchild", "app.prot_child");
  for (const Action action :
       {Action::delete_, Action::update, Action::select, Action::truncate, Action::lock, Action::drop_table,
        Action::alter_table_add_column, Action::alter_table_drop_column, Action::alter_table_attach_partition,
        Action::vacuum}) {
    const std::string words(sql::name(action));
    EXPECT_THAT(
        after(action, "base"),
        ElementsAre(words + " app.base", words + " app.prot_child by child table app.prot_child of app.base",
                    words + " app.grandchild by child table app.grandchild of app.prot_child"));
  }
  EXPECT_THAT(after(Action::update, "base", {"id"}),
              Contains("update app.prot_child(id) by child table app.prot_child of app.base"));
}

TEST_F(ClosureKeys, WhatIsDoneToOnlyAParentIsNot) {
  make.table("app.base", {"id int4"});
  make.table("app.child", {"id int4"});
  make.table("app.grandchild", {"id int4"});
  make.inherit("app.child", "app.base");
  make.inherit("app.grandchild", "app.child");
  for (const Action action : {Action::delete_, Action::update, Action::select, Action::truncate, Action::lock,
                              Action::alter_table_add_column, Action::create_index}) {
    auto effect = effect_on(action, "base");
    effect.only = true;
    EXPECT_EQ(resolved(facts_of({effect}), make).size(), 1U) << sql::name(action);
  }
}

// SELECT FROM base, ONLY child: the child is read in both ways.
TEST_F(ClosureKeys, OnlyDoesNotHideWhatIsDoneInAnotherWay) {
  make.table("app.base", {"id int4"});
  make.table("app.child", {"id int4"});
  make.table("app.grandchild", {"id int4"});
  make.inherit("app.child", "app.base");
  make.inherit("app.grandchild", "app.child");
  auto only = effect_on(Action::select, "child");
  only.only = true;
  EXPECT_THAT(resolved(facts_of({only, effect_on(Action::select, "base")}), make),
              Contains("select app.grandchild by child table app.grandchild of app.child"));
  EXPECT_THAT(resolved(facts_of({only, effect_on(Action::select, "child")}), make),
              Contains("select app.grandchild by child table app.grandchild of app.child"));
}

TEST_F(ClosureKeys, RowsAreInsertedIntoPartitionsButNotIntoOtherChildren) {
  make.table("app.base", {"id int4"});
  make.table("app.child", {"id int4"});
  make.inherit("app.child", "app.base");
  EXPECT_THAT(after(Action::insert, "base"), ElementsAre("insert app.base(*)"));
  make.relation(RelationKind::partitioned_table, "app.e", {"id int4"});
  make.table("app.e_2024", {"id int4"});
  make.inherit("app.e_2024", "app.e");
  EXPECT_THAT(after(Action::insert, "e"),
              ElementsAre("insert app.e(*)", "insert app.e_2024(*) by partition app.e_2024 of app.e"));
}

TEST_F(ClosureKeys, WhatIsDoneToAnIndexIsDoneToItsTable) {
  make.index("app.customers_key", "app.customers");
  EXPECT_THAT(after(Action::drop_index, "customers_key"),
              ElementsAre("drop index app.customers_key",
                          "drop index app.customers by index app.customers_key of app.customers"));
}

// Class B15: TRUNCATE ref CASCADE.
TEST_F(ClosureKeys, TruncateCascadeFollowsKeysWhateverTheyDoOnDelete) {
  make.foreign_key("k", "app.orders(customer)", "app.customers(id)", 'a');
  make.table("app.lines", {"order_id int4"});
  make.foreign_key("l", "app.lines(order_id)", "app.orders(id)", 'a');
  EXPECT_THAT(after(Action::truncate, "customers"), ElementsAre("truncate app.customers"));
  EXPECT_THAT(after_cascade(Action::truncate, "customers"),
              ElementsAre("truncate app.customers", "cascade app.customers",
                          "truncate app.orders by CASCADE from app.customers",
                          "truncate app.lines by CASCADE from app.orders"));
}

TEST_F(ClosureKeys, EachStatementIsFollowedForItself) {
  make.relation(RelationKind::partitioned_table, "app.e", {"id int4"});
  make.table("app.e_2024", {"id int4"});
  make.inherit("app.e_2024", "app.e");
  make.foreign_key("k", "app.orders(customer)", "app.e_2024(id)");
  auto facts = facts_of({effect_on(Action::truncate, "e")});
  facts.statements.push_back(facts.statements[0]);
  facts.statements[1].effects.push_back(effect_on(Action::cascade, "e"));
  EXPECT_THAT(resolved(facts, make), Contains("truncate app.orders by CASCADE from app.e_2024"));
}

// Class B15: DROP TABLE ref CASCADE.
TEST_F(ClosureKeys, DropCascadeTakesWhatNeedsTheTable) {
  make.foreign_key("k", "app.orders(customer)", "app.customers(id)");
  make.view("app.v", {"id int4"}, {"app.customers(id)"});
  make.view("app.w", {"id int4"}, {"app.v(id)"});
  make.view("app.m", {"id int4"}, {"app.customers(id)"}, {}, RelationKind::materialized_view);
  make.attach("app.orders", 'p', "p", "s", {}, {"app.customers(id)"});
  make.attach("app.orders", 'r', "r", "i", {}, {"app.customers(id)"});
  make.sequence("app.customers_id_seq", "app.customers");
  EXPECT_THAT(after(Action::drop_table, "customers"),
              ElementsAre("drop table app.customers",
                          "drop sequence app.customers_id_seq by sequence of app.customers"));
  EXPECT_THAT(after_cascade(Action::drop_table, "customers"),
              UnorderedElementsAre("drop table app.customers", "cascade app.customers",
                                   "drop sequence app.customers_id_seq by sequence of app.customers",
                                   "drop view app.v by CASCADE from app.customers",
                                   "drop view app.w by CASCADE from app.v",
                                   "drop materialized view app.m by CASCADE from app.customers",
                                   "drop policy app.orders by CASCADE from app.customers",
                                   "drop rule app.orders by CASCADE from app.customers",
                                   "alter table drop constraint app.orders by CASCADE from app.customers"));
}

TEST_F(ClosureKeys, DroppingAColumnTakesTheViewsThatReadIt) {
  make.view("app.v", {"id int4"}, {"app.customers(id)"});
  make.view("app.w", {"ssn text"}, {"app.customers(ssn)"});
  make.foreign_key("k", "app.orders(customer)", "app.customers(id)");
  const auto lines = resolved(facts_of({effect_on(Action::alter_table_drop_column, "customers", {"id"}),
                                        effect_on(Action::cascade, "customers")}),
                              make);
  EXPECT_THAT(lines,
              UnorderedElementsAre("alter table drop column app.customers(id)", "cascade app.customers",
                                   "drop view app.v by CASCADE from app.customers",
                                   "alter table drop constraint app.orders by CASCADE from app.customers"));
}

TEST_F(ClosureKeys, DroppingASchemaDropsWhatItHolds) {
  make.table("secret.t", {"id int4"});
  make.view("app.v", {"id int4"}, {"secret.t(id)"});
  EXPECT_THAT(after(Action::drop_schema, "secret"), ElementsAre("drop schema secret missing"));
  EXPECT_THAT(resolved(facts_of({effect_on(Action::drop_schema, "secret", {}, ObjectKind::schema)}), make),
              ElementsAre("drop schema secret"));
  EXPECT_THAT(
      after_cascade(Action::drop_schema, "secret", ObjectKind::schema),
      ElementsAre("drop schema secret", "cascade secret", "drop table secret.t by CASCADE from secret",
                  "drop view app.v by CASCADE from secret.t"));
}

TEST_F(ClosureKeys, DroppingASchemaTakesWhatOthersHaveOfItsTypesAndFunctions) {
  make.function("secret.f", {"int4"});
  make.type("secret.mood", Type::Kind::enumeration);
  make.table("app.t", {"id int4", "feels secret.mood"});
  make.attach("app.t", 'd', "id", "", {"secret.f"});
  EXPECT_THAT(after_cascade(Action::drop_schema, "secret", ObjectKind::schema),
              UnorderedElementsAre("drop schema secret", "cascade secret",
                                   "drop function secret.f(int4) by CASCADE from secret",
                                   "drop type secret.mood by CASCADE from secret",
                                   "alter table drop column app.t(feels) by CASCADE from secret.mood",
                                   "alter table drop default app.t(id) by CASCADE from secret.f"));
}

TEST_F(ClosureKeys, DroppingATypeTakesItsColumnsViewsAndFunctions) {
  make.type("app.mood", Type::Kind::enumeration);
  make.type("app.moods", Type::Kind::base, {"app.mood"});
  make.table("app.t", {"id int4", "feels app.mood", "felt app.moods"});
  make.view("app.v", {"feels app.mood"}, {"app.t(feels)"});
  make.function("app.f", {"app.moods"});
  EXPECT_THAT(after_cascade(Action::drop_type, "mood", ObjectKind::type),
              UnorderedElementsAre("drop type app.mood", "cascade app.mood",
                                   "alter table drop column app.t(feels) by CASCADE from app.mood",
                                   "alter table drop column app.t(felt) by CASCADE from app.mood",
                                   "drop view app.v by CASCADE from app.t",
                                   "drop function app.f(app.moods) by CASCADE from app.mood"));
}

TEST_F(ClosureKeys, DroppingAFunctionTakesWhatCallsIt) {
  make.function("app.f", {"int4"});
  make.view("app.v", {"id int4"}, {"app.customers(id)"}, {"app.f"});
  make.trigger("app.orders", "t", "i", "app.f");
  EXPECT_THAT(after_cascade(Action::drop_function, "f", ObjectKind::function),
              UnorderedElementsAre("drop function app.f(int4)", "cascade app.f(int4)",
                                   "drop view app.v by CASCADE from app.f",
                                   "drop trigger app.orders by CASCADE from app.f"));
}

TEST_F(ClosureKeys, WhatWouldBeMoreThanTheBoundEndsInWhatNoRuleAllows) {
  make.relation(RelationKind::partitioned_table, "app.e", {"id int4"});
  for (std::size_t i = 0; i < kMaxEffects + 5; ++i) {
    const std::string name = "app.e_" + std::to_string(i);
    make.table(name, {"id int4"});
    make.inherit(name, "app.e");
  }
  const auto resolution = resolve(facts_of({effect_on(Action::select, "e")}), *make.build(), path({"app"}));
  ASSERT_EQ(resolution.effects.size(), kMaxEffects);
  EXPECT_EQ(line_of(resolution.effects[1]), "select app.e_0 by partition app.e_0 of app.e");
  EXPECT_TRUE(resolution.effects.back().missing);
  EXPECT_TRUE(resolution.effects.back().effect.object.name.empty());
  EXPECT_EQ(resolution.effects.back().effect.action, Action::select);
}

TEST_F(ClosureKeys, CausesStandBeforeWhatTheyBringAbout) {
  make.foreign_key("k", "app.orders(customer)", "app.customers(id)", 'c');
  make.view("app.v", {"id int4"}, {"app.customers(id)"});
  make.trigger("app.orders", "t", "d", (make.function("app.f"), "app.f"));
  const auto resolution = resolve(facts_of({effect_on(Action::delete_, "v")}), *make.build(), path({"app"}));
  ASSERT_GE(resolution.effects.size(), 4U);
  for (std::size_t i = 1; i < resolution.effects.size(); ++i) {
    EXPECT_GE(resolution.effects[i].cause, 0);
    EXPECT_LT(resolution.effects[i].cause, static_cast<std::int32_t>(i));
  }
  EXPECT_THAT(lines_of(resolution), IsSupersetOf({"delete app.orders by ON DELETE CASCADE from app.customers",
                                                  "execute function app.f by trigger t on app.orders"}));
}

}  // namespace
}  // namespace portcullis::catalog::testing
