// What CASCADE takes along, by what stands in pg_depend.
#include "catalog/drops.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/catalog/resolve_testing.hpp"

namespace portcullis::catalog::testing {
namespace {

using sql::Action;
using sql::ObjectKind;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class DropsTest : public ::testing::Test {
 protected:
  DropsTest() {
    make.table("app.t", {"id int4", "plain text"});
    make.table("app.u", {"id int4", "text text"});
  }
  [[nodiscard]] Lines cascade(Action action, std::string_view object, Lines columns = {},
                              ObjectKind kind = ObjectKind::relation) const {
    return resolved(facts_of({effect_on(action, object, std::move(columns), kind),
                              effect_on(Action::cascade, object, {}, kind)}),
                    make);
  }
  MakeSnapshot::Object table(const std::string& name) { return {Catalog::relation, make.relation_oid(name)}; }
  MakeSnapshot make;
};

TEST_F(DropsTest, WhatNothingNeedsTakesNothingAlong) {
  EXPECT_THAT(cascade(Action::drop_table, "t"), ElementsAre("drop table app.t", "cascade app.t"));
  EXPECT_THAT(cascade(Action::alter_table_drop_column, "t", {"plain"}),
              ElementsAre("alter table drop column app.t(plain)", "cascade app.t"));
  EXPECT_THAT(cascade(Action::drop_table, "gone"),
              ElementsAre("drop table gone missing", "cascade gone missing"));
}

TEST_F(DropsTest, PartsOfATableGoWithIt) {
  make.index("app.t_key", "app.t");
  make.attach("app.t", 'c', "positive", "iu", {}, {"app.t(id)"});
  make.attach("app.t", 'p', "own", "s", {}, {"app.t(id)"});
  make.trigger("app.t", "noted", "i", (make.function("app.f"), "app.f"));
  EXPECT_THAT(cascade(Action::drop_table, "t"), ElementsAre("drop table app.t", "cascade app.t"));
}

TEST_F(DropsTest, APolicyOfTheTableItselfDoesNotGoWithAColumnUnsaid) {
  make.attach("app.t", 'p', "own", "s", {}, {"app.t(id)"});
  EXPECT_THAT(cascade(Action::alter_table_drop_column, "t", {"id"}),
              ElementsAre("alter table drop column app.t(id)", "cascade app.t",
                          "drop policy app.t by CASCADE from app.t"));
  EXPECT_THAT(cascade(Action::alter_table_drop_column, "t", {"plain"}), Not(Contains(HasSubstr("policy"))));
}

TEST_F(DropsTest, PartitionsFollowTheirTableAndOtherChildrenDoNot) {
  make.relation(RelationKind::partitioned_table, "app.e", {"id int4"});
  make.table("secret.e_1", {"id int4"});
  make.inherit("secret.e_1", "app.e");
  make.table("secret.child", {"id int4"});
  make.inherit("secret.child", "app.t");
  make.view("app.v", {"id int4"}, {"secret.e_1(id)"});
  EXPECT_THAT(cascade(Action::drop_table, "e"),
              UnorderedElementsAre("drop table app.e", "cascade app.e",
                                   "drop table secret.e_1 by partition secret.e_1 of app.e",
                                   "drop view app.v by CASCADE from secret.e_1"));
  EXPECT_THAT(cascade(Action::drop_table, "t"), Contains("drop table secret.child by CASCADE from app.t"));
}

TEST_F(DropsTest, ASequenceFollowsTheColumnThatOwnsIt) {
  make.sequence("secret.numbers", "app.t");
  make.attach("app.u", 'd', "id", "iu", {}, {"secret.numbers"});
  EXPECT_THAT(cascade(Action::alter_table_drop_column, "t", {"id"}),
              UnorderedElementsAre("alter table drop column app.t(id)", "cascade app.t",
                                   "drop sequence secret.numbers by sequence of app.t",
                                   "alter table drop default app.u(id) by CASCADE from secret.numbers"));
  EXPECT_THAT(cascade(Action::drop_sequence, "secret.numbers"),
              Contains("alter table drop default app.u(id) by CASCADE from secret.numbers"));
}

// As a default needs its generated column, and a column its identity sequence.
TEST_F(DropsTest, WhatBelongsToSomethingElseTakesThatAlong) {
  const auto code = make.object(Catalog::default_value, 'd', make.relation_oid("app.u"), "text");
  make.needs(code, {Catalog::relation, make.relation_oid("app.t"), 1});
  make.needs(code, {Catalog::relation, make.relation_oid("app.u"), 2}, 'i');
  EXPECT_THAT(cascade(Action::alter_table_drop_column, "t", {"id"}),
              ElementsAre("alter table drop column app.t(id)", "cascade app.t",
                          "alter table drop column app.u(text) by CASCADE from app.t"));
}

TEST_F(DropsTest, OperatorsCastsAndTheirLikeAreSaidByName) {
  make.function("app.f", {"int4"});
  make.type("app.mood", Type::Kind::enumeration);
  make.user_operator("app", "===", "int4", "int4", "app.f");
  make.cast("app.mood", "int4", "app.f");
  make.domain("app.d", "int4", {"app.f"});
  EXPECT_THAT(cascade(Action::drop_function, "f", {}, ObjectKind::function),
              UnorderedElementsAre("drop function app.f(int4)", "cascade app.f(int4)",
                                   "drop operator app.=== by CASCADE from app.f",
                                   "drop cast app.mood by CASCADE from app.f",
                                   "drop domain app.d by CASCADE from app.f"));
}

TEST_F(DropsTest, WhatHasNoEffectOfItsOwnIsGivenUp) {
  const auto other = make.object(static_cast<Catalog>(3600), 'z', kNoOid, "text search dictionary app.d");
  make.needs(other, table("app.t"));
  EXPECT_THAT(cascade(Action::drop_table, "t"),
              Contains("cascade text search dictionary app.d by CASCADE from app.t"));
  make.needs({static_cast<Catalog>(2602), 99'999}, table("app.u"));  // nothing says what it is
  EXPECT_THAT(cascade(Action::drop_table, "u"), Contains(HasSubstr("cascade an object of catalog 2602")));
}

TEST_F(DropsTest, AMemberTakesItsExtensionAlongWhichIsGivenUp) {
  make.function("app.member", {"app.t"}, "shapes");
  EXPECT_THAT(cascade(Action::drop_table, "t"),
              Contains("cascade extension shapes by CASCADE from app.member"));
}

TEST_F(DropsTest, CirclesComeToAnEnd) {
  make.needs(table("app.t"), table("app.u"));
  make.needs(table("app.u"), table("app.t"));
  EXPECT_THAT(cascade(Action::drop_table, "t"),
              ElementsAre("drop table app.t", "cascade app.t", "drop table app.u by CASCADE from app.t"));
  const auto a = make.object(Catalog::constraint, 'c', make.relation_oid("app.u"), "a");
  const auto b = make.object(Catalog::constraint, 'c', make.relation_oid("app.u"), "b");
  make.needs(a, {Catalog::relation, make.relation_oid("app.t"), 1});
  make.needs(a, b, 'a');
  make.needs(b, a, 'a');
  EXPECT_THAT(cascade(Action::alter_table_drop_column, "t", {"id"}),
              Contains("alter table drop constraint app.u by CASCADE from app.t"));
}

TEST_F(DropsTest, EndsAtTheBound) {
  for (std::size_t i = 0; i < kMaxEffects + 5; ++i) {
    const std::string name = "app.v" + std::to_string(i);
    make.view(name, {"id int4"}, {"app.t(id)"});
  }
  const auto facts = facts_of({effect_on(Action::drop_table, "t"), effect_on(Action::cascade, "t")});
  const auto resolution = resolve(facts, *make.build(), path({"app"}));
  ASSERT_EQ(resolution.effects.size(), kMaxEffects);
  EXPECT_TRUE(resolution.effects.back().missing);
  EXPECT_TRUE(resolution.effects.back().effect.object.name.empty());
}

// REVOKE, ALTER TYPE ... DROP ATTRIBUTE, ALTER DOMAIN ... DROP CONSTRAINT, DROP EXTENSION.
TEST_F(DropsTest, TheCascadeOfOtherStatementsIsGivenUp) {
  make.type("app.mood", Type::Kind::enumeration);
  EXPECT_THAT(cascade(Action::revoke, "t"), Contains(HasSubstr("cascade SELECT by SELECT ... CASCADE")));
  EXPECT_THAT(cascade(Action::alter_type, "mood", {}, ObjectKind::type), Contains(HasSubstr("... CASCADE")));
  EXPECT_THAT(cascade(Action::alter_domain, "mood", {}, ObjectKind::type),
              Contains(HasSubstr("... CASCADE")));
  EXPECT_THAT(cascade(Action::drop_extension, "x", {}, ObjectKind::other),
              Contains(HasSubstr("... CASCADE")));
  EXPECT_THAT(resolved(facts_of({effect_on(Action::drop_table, "t"), effect_on(Action::cascade, "u")}), make),
              Contains(HasSubstr("... CASCADE")));
}

}  // namespace
}  // namespace portcullis::catalog::testing
