// Which query each range and each reference belongs to, and whose names a query sees.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/support/big_stack.hpp"

namespace portcullis::sql {
namespace {

// "t@1 u@2; x@2; 0 0 1": ranges, references, and for each level the one around it.
std::string levels_of(std::string_view text) {
  const auto facts = portcullis::testing::analyze_on_big_stack(text);
  if (!facts) return facts.error().message;
  std::string found;
  for (const StatementFacts& statement : facts->statements) {
    for (const Range& range : statement.ranges) {
      found +=
          (range.alias.empty() ? range.relation.name : range.alias) + '@' + std::to_string(range.level) + ' ';
    }
    found += '|';
    for (const ColumnUse& use : statement.column_uses) {
      found += ' ' + (use.of.name.empty() ? "" : use.of.name + '.') +
               (use.column.empty() ? "*" : use.column) + '@' + std::to_string(use.level);
    }
    found += " |";
    for (const auto level : statement.enclosing_levels) found += ' ' + std::to_string(level);
  }
  return found;
}

TEST(Levels, AQueryHasOneOfItsOwn) {
  EXPECT_EQ(levels_of("select a from t"), "t@1 | a@1 | 0 0");
  EXPECT_EQ(levels_of("delete from t where a returning b"), "t@1 old@1 new@1 | a@1 b@1 | 0 0");
  EXPECT_EQ(levels_of("update t set a = b"), "t@1 | b@1 | 0 0");
  EXPECT_EQ(levels_of("merge into t using s on c when matched then delete"), "t@1 s@1 | c@1 | 0 0");
}

TEST(Levels, AnExpressionsQuerySeesTheOneAroundIt) {
  EXPECT_EQ(levels_of("select (select a from u) from t where exists (select * from v)"),
            "u@2 t@1 v@3 | a@2 *@3 | 0 0 1 1");
  EXPECT_EQ(levels_of("update t set (a, b) = (select c, d from u)"), "t@1 u@2 | c@2 d@2 | 0 0 1");
  EXPECT_EQ(levels_of("select 1 from t join u on (select a)"), "t@1 u@1 | a@2 | 0 0 1");
}

TEST(Levels, ASubqueryInFromSeesWhatIsBesideItWithLateralOnly) {
  EXPECT_EQ(levels_of("select * from t, (select a from u) s"), "t@1 u@2 | *@1 a@2 | 0 0 0");
  EXPECT_EQ(levels_of("select * from t, lateral (select a from u) s"), "t@1 u@2 | *@1 a@2 | 0 0 1");
  EXPECT_EQ(levels_of("select (select 1 from t, (select a) s) from u"), "t@2 u@1 | a@3 | 0 0 1 1");
  EXPECT_EQ(levels_of("select 1 from t, f(a) g"), "t@1 | a@1 | 0 0");
}

TEST(Levels, AWithQuerySeesNothingOfTheQueryItIsFor) {
  EXPECT_EQ(levels_of("with w as (select a from u) select b from t"), "u@2 t@1 | a@2 b@1 | 0 0 0");
  EXPECT_EQ(levels_of("select (with w as (select a from u) select b from v) from t"),
            "u@3 v@2 t@1 | a@3 b@2 | 0 0 1 1");
  EXPECT_EQ(levels_of("with d as (delete from u returning a) update t set b = 1 where c"),
            "t@1 u@2 old@2 new@2 | a@2 c@1 | 0 0 0");
}

TEST(Levels, EveryArmOfAUnionHasItsOwn) {
  EXPECT_EQ(levels_of("select a from t union select b from u order by c"), "t@2 u@3 | c@1 a@2 b@3 | 0 0 1 1");
}

TEST(Levels, WhatIsInsertedDoesNotSeeTheTarget) {
  EXPECT_EQ(levels_of("insert into t select a from u on conflict (b) do nothing returning c"),
            "t@1 old@1 new@1 u@2 | t.b@1 a@2 c@1 | 0 0 0");
  EXPECT_EQ(levels_of("insert into t values ((select a)) returning b"),
            "t@1 old@1 new@1 | a@3 b@1 | 0 0 0 2");
}

TEST(Levels, ExpressionsOfDefinitionsStandInNone) {
  EXPECT_EQ(levels_of("create index on t (a) where b"), "t@0 | t.a@0 b@0 | 0");
  EXPECT_EQ(levels_of("create policy p on t using (exists (select a from u))"), "t@0 u@1 | a@1 | 0 0");
  EXPECT_EQ(levels_of("create view v as select a from t"), "t@1 | a@1 | 0 0");
}

TEST(Levels, TheSameReferenceIsThereOnceInEach) {
  EXPECT_EQ(levels_of("select a, a from t, t where a in (select a from t)"), "t@1 t@2 | a@1 a@2 | 0 0 1");
}

TEST(Levels, OfEveryStatementLieInsideLowerOnes) {
  const auto facts = portcullis::testing::analyze_on_big_stack("select (((select (select 1))))");
  ASSERT_TRUE(facts);
  const auto& enclosing = facts->statements[0].enclosing_levels;
  for (std::size_t level = 1; level < enclosing.size(); ++level) EXPECT_LT(enclosing[level], level);
}

}  // namespace
}  // namespace portcullis::sql
