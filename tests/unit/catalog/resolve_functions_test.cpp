// Functions, attribute notation and types.
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
using ::testing::UnorderedElementsAre;

TEST(ResolveFunctions, EveryOverloadOnThePathCouldBeMeant) {
  MakeSnapshot make;
  make.function("app.total", {"int4"});
  make.function("app.total", {"text"});
  make.function("public.total", {"int4", "int4"});
  make.function("secret.total", {"int4"});
  EXPECT_THAT(resolved(facts_of({call_of("total")}), make),
              UnorderedElementsAre("execute function app.total(int4)", "execute function app.total(text)",
                                   "execute function public.total(int4, int4)"));
  EXPECT_THAT(resolved(facts_of({call_of("secret.total")}), make),
              ElementsAre("execute function secret.total(int4)"));
}

TEST(ResolveFunctions, AnOverloadThatTakesAnotherNumberOfArgumentsCannotBeMeant) {
  MakeSnapshot make;
  make.function("app.f", {});
  make.function("app.f", {"text"});
  make.function("app.f", {"int4", "int4", "int4"}, "", Function::Kind::function, "int4", 2);
  make.function("app.f", {"uuid", "text"}, "", Function::Kind::function, "int4", 0, true);
  const auto call = [&](std::optional<std::uint32_t> count) {
    auto effect = call_of("f");
    effect.argument_count = count;
    return resolved(facts_of({effect}), make);
  };
  const Lines none{"execute function app.f"}, text{"execute function app.f(text)"},
      defaults{"execute function app.f(int4, int4, int4)"}, variadic{"execute function app.f(uuid, text)"};
  EXPECT_EQ(call(0), none);
  EXPECT_THAT(call(1), UnorderedElementsAre(text[0], defaults[0]));
  EXPECT_THAT(call(2), UnorderedElementsAre(defaults[0], variadic[0]));
  EXPECT_THAT(call(3), UnorderedElementsAre(defaults[0], variadic[0]));
  EXPECT_EQ(call(100), variadic);
  EXPECT_EQ(call(std::nullopt).size(), 4U);
}

TEST(ResolveFunctions, OneThatNoOverloadTakesIsMissing) {
  MakeSnapshot make;
  make.function("app.f", {"text"});
  auto call = call_of("f");
  call.argument_count = 2;
  EXPECT_THAT(resolved(facts_of({call}), make), ElementsAre("execute function f missing"));
}

TEST(ResolveFunctions, ConstructsOfSqlArePostgresOwn) {
  const MakeSnapshot make;
  EXPECT_THAT(resolved(facts_of({call_of("pg_catalog.xmlelement"), call_of("pg_catalog.xmltable")}), make),
              ElementsAre("execute function pg_catalog.xmlelement", "execute function pg_catalog.xmltable"));
}

TEST(ResolveFunctions, OneOfPostgresOwnStandsBesideAUsersOfThatName) {
  MakeSnapshot make;
  make.function("app.lower", {"int4"});
  EXPECT_THAT(resolved(facts_of({call_of("lower")}), make),
              ElementsAre("execute function pg_catalog.lower", "execute function app.lower(int4)"));
  EXPECT_THAT(resolved(facts_of({call_of("pg_catalog.lower")}), make),
              ElementsAre("execute function pg_catalog.lower"));
}

TEST(ResolveFunctions, CarryWhatIdentifiesThem) {
  MakeSnapshot make;
  const Oid oid = make.function("app.f", {"int4"}, "vector");
  auto call = call_of("f");
  call.arguments = {"1"};
  const auto resolution = resolve(facts_of({call}), *make.build(), path({"app"}));
  ASSERT_EQ(resolution.effects.size(), 1U);
  const auto& found = resolution.effects[0];
  EXPECT_EQ(found.oid, oid);
  EXPECT_EQ(found.arguments, "int4");
  EXPECT_EQ(found.extension, "vector");
  EXPECT_FALSE(found.body_hash.empty());
  ASSERT_EQ(found.effect.arguments.size(), 1U);
  EXPECT_EQ(found.effect.arguments[0], "1");
}

TEST(ResolveFunctions, WhatIsNotThereIsMissing) {
  const MakeSnapshot make;
  EXPECT_THAT(resolved(facts_of({call_of("nothing")}), make),
              ElementsAre("execute function nothing missing"));
  EXPECT_THAT(resolved(facts_of({call_of("app.lower")}), make),
              ElementsAre("execute function app.lower missing"));
  EXPECT_THAT(
      resolved(facts_of({effect_on(Action::drop_function, "nothing", {}, ObjectKind::function)}), make),
      ElementsAre("drop function nothing missing"));
}

TEST(ResolveFunctions, ProceduresAreFoundForCall) {
  MakeSnapshot make;
  make.function("app.p", {"int4"}, "", Function::Kind::procedure);
  EXPECT_THAT(resolved(facts_of({effect_on(Action::call, "p", {}, ObjectKind::function)}), make),
              ElementsAre("call app.p(int4)"));
}

TEST(ResolveFunctions, ACastByNameHasOneArgument) {
  MakeSnapshot make;
  make.domain("app.email", "text", {});
  auto call = call_of("email");
  call.argument_count = 1;
  EXPECT_THAT(resolved(facts_of({call}), make), ElementsAre("use type app.email"));
  call.argument_count = 2;
  EXPECT_THAT(resolved(facts_of({call}), make), ElementsAre("execute function email missing"));
}

TEST(ResolveFunctions, ANameOfATypeIsACast) {
  MakeSnapshot make;
  make.function("app.check_email", {"text"});
  make.domain("app.email", "text", {"app.check_email"});
  EXPECT_THAT(
      resolved(facts_of({call_of("email")}), make),
      ElementsAre("use type app.email", "execute function app.check_email(text) by domain app.email"));
  // One of PostgreSQL's own types is free, as x::uuid is.
  EXPECT_THAT(resolved(facts_of({call_of("uuid")}), make), IsEmpty());
}

class AttributeNotation : public ::testing::Test {
 protected:
  AttributeNotation() {
    make.table("app.t", {"id int4", "name text"});
    make.function("app.boom", {"app.t"});
    make.function("app.boom", {});
  }
  [[nodiscard]] Lines select(const sql::ColumnUse& column, bool own_name,
                             std::vector<std::string> derived = {}) const {
    std::vector<sql::Effect> effects{effect_on(Action::select, "t")};
    if (own_name) {
      effects.push_back(call_of(column.column));
      effects.back().attribute_notation = true;
    }
    auto facts = facts_of(std::move(effects), {{name_of("t"), {}, false}}, {column});
    facts.statements[0].derived = std::move(derived);
    return resolved(facts, make);
  }
  MakeSnapshot make;
};

TEST_F(AttributeNotation, AColumnIsNoCall) {
  EXPECT_THAT(select(use("t", "name"), true), ElementsAre("select app.t(name)"));
}

TEST_F(AttributeNotation, AFunctionThatNeedsMoreThanTheRowIsNotMeant) {
  make.function("app.bang", {"app.t", "int4"});
  EXPECT_THAT(select(use("t", "bang"), false), ElementsAre("select app.t(*)"));
}

// A table of another query says nothing of a name in this one.
TEST_F(AttributeNotation, ATableThatIsNotVisibleProvesNothing) {
  make.table("app.u", {"boom int4"});
  auto facts = facts_of({effect_on(Action::select, "t"), effect_on(Action::select, "u")},
                        {{name_of("t"), "x", false, 1}, {name_of("u"), "x", false, 2}},
                        {{name_of("x"), "boom", 7, false, 2}});
  facts.statements[0].enclosing_levels = {0, 0, 0};
  EXPECT_THAT(resolved(facts, make), ElementsAre("select app.t", "select app.u(boom)"));
  facts.statements[0].column_uses[0].level = 1;
  EXPECT_THAT(resolved(facts, make), Contains("execute function app.boom(app.t)"));
}

TEST_F(AttributeNotation, WhatNoColumnIsCallsPostgresOwn) {
  EXPECT_THAT(select(use("t", "pg_read_file"), true),
              ElementsAre("select app.t(*)", "execute function pg_catalog.pg_read_file"));
}

// Class B9: SELECT t.boom FROM t.
TEST_F(AttributeNotation, WhatNoColumnIsCallsAUsersFunctionThatTakesARow) {
  EXPECT_THAT(select(use("t", "boom"), false),
              ElementsAre("select app.t(*)", "execute function app.boom(app.t)"));
}

TEST_F(AttributeNotation, ADerivedNameProvesNoColumn) {
  EXPECT_THAT(select(use("t", "name"), true, {"t"}),
              ElementsAre("select app.t(name)", "execute function pg_catalog.name"));
  EXPECT_THAT(select(use("f", "boom"), false, {"f"}),
              ElementsAre("select app.t", "execute function app.boom(app.t)"));
}

TEST_F(AttributeNotation, AFieldOfAnExpressionProvesNoColumn) {
  EXPECT_THAT(select({{}, "boom", 7, true}, false),
              ElementsAre("select app.t", "execute function app.boom(app.t)"));
  EXPECT_THAT(select({{}, "name", 7, true}, true),
              ElementsAre("select app.t", "execute function pg_catalog.name"));
}

TEST_F(AttributeNotation, AViewHasNoSystemColumns) {
  make.function("app.ctid", {"app.t"});
  make.view("app.v", {"id int4"}, {"app.t(id)"});
  EXPECT_THAT(select(use("t", "ctid"), false), ElementsAre("select app.t"));
  EXPECT_THAT(
      resolved(facts_of({effect_on(Action::select, "v")}, {{name_of("v"), {}, false}}, {use("v", "ctid")}),
               make),
      Contains("execute function app.ctid(app.t)"));
}

TEST(ResolveTypes, AreFoundOnThePathOrMissing) {
  MakeSnapshot make;
  make.type("app.mood", Type::Kind::enumeration);
  make.table("app.t", {"id int4"});
  EXPECT_THAT(resolved(facts_of({use_of_type("mood")}), make), ElementsAre("use type app.mood"));
  EXPECT_THAT(resolved(facts_of({use_of_type("app.t")}), make), ElementsAre("use type app.t"));
  EXPECT_THAT(resolved(facts_of({use_of_type("nothing")}), make), ElementsAre("use type nothing missing"));
}

TEST(ResolveTypes, BringTheCodeBehindAllThatTheyAreMadeOf) {
  MakeSnapshot make;
  make.function("app.check_email", {"text"});
  make.function("app.canonical", {"text"});
  make.domain("app.email", "text", {"app.check_email"});
  make.type("app.span", Type::Kind::range, {"app.email"}, {"app.canonical"});
  make.table("app.contact", {"id int4", "reach app.span"});
  EXPECT_THAT(
      resolved(facts_of({use_of_type("contact")}), make),
      UnorderedElementsAre("use type app.contact", "execute function app.canonical(text) by type app.span",
                           "execute function app.check_email(text) by domain app.email"));
}

TEST(ResolveTypes, BaseTypesBringWhatTheyAreReadBy) {
  MakeSnapshot make;
  make.function("app.vector_in", {"text"}, "vector");
  make.type("app.vector", Type::Kind::base, {}, {"app.vector_in"}, "vector");
  EXPECT_THAT(resolved(facts_of({use_of_type("vector")}), make),
              ElementsAre("use type app.vector", "execute function app.vector_in(text) by type app.vector"));
}

}  // namespace
}  // namespace portcullis::catalog::testing
