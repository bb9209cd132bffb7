#include "sql/complexity_guard.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sql/parse_tree.hpp"
#include "tests/support/big_stack.hpp"

namespace portcullis::sql {
namespace {

std::string blanked(std::string_view text) {
  const auto guarded = guard_complexity(text, {});
  return guarded ? guarded->text : "refused: " + guarded.error().message;
}

TEST(ComplexityGuard, MakesCommentsBlankInPlace) {
  EXPECT_EQ(blanked("a/*b*/c"), "a     c");
  EXPECT_EQ(blanked("a --b\nc"), "a    \nc");
  EXPECT_EQ(blanked("'--' /*c*/ \"/*\""), "'--'       \"/*\"");
  EXPECT_EQ(blanked("$$--$$ --x"), "$$--$$    ");
}

TEST(ComplexityGuard, KeepsTheEndOfALineOnlyWhereItContinuesAString) {
  EXPECT_EQ(blanked("'a' --c\n'b'"), "'a'    \n'b'");
  EXPECT_EQ(blanked("'a' /*c\n*/'b'"), "'a'       'b'");
  EXPECT_EQ(blanked("'a' /*c*/\n'b'"), "'a'       'b'");
  EXPECT_EQ(blanked("'a'\n/*c*/ --d\n'b'"), "'a'           'b'");
}

TEST(ComplexityGuard, LeavesAnUnfinishedCommentToTheGrammar) {
  EXPECT_EQ(blanked("a /*b"), "a /*b");
}

// libpg_query's own lexer is the second opinion.
TEST(ComplexityGuard, FindsCommentsWherePgQueryDoes) {
  const std::vector<std::string> texts{
      "select 1 -- one\n, 2 /* two */ -- three",
      "select '--', \"/*\", $$/*$$, $a$ -- $a$ /* x */, E'\\'--' -- y",
      "select 1 /* a /* b */ c */ + 2 --",
      "select 1 +/* a */ - 2 *-- b\n 3",
      "select U&'\\0041' /*c*/ uescape '!', U&\"x--\" -- z",
      "select a$b$c -- d$b$\n from t",
      "/**/select/***/1/*/*/**/*/*/;--",
      "select $1/*x*/, $2--y\r, 3",
      "select 'a' --c\n 'b' /*d*/",
      "select B'01'/*--*/, X'ff'--/*\n",
      "/* \xC3\xA4 */ select '\xE2\x82\xAC' -- \xF0\x9F\x98\x80",
  };
  for (const std::string& text : texts) {
    const auto guarded = guard_complexity(text, {});
    ASSERT_TRUE(guarded) << text;
    const auto found = portcullis::testing::on_big_stack([&] { return scan_comments(text); });
    ASSERT_TRUE(found) << text << ": " << found.error().message;
    EXPECT_EQ(*found, guarded->comments) << text;
  }
}

// (a, b) = (...) in SET stands in the tree once for each column.
TEST(ComplexityGuard, CountsWhatTheTreeRepeats) {
  AnalysisLimits limits;
  limits.tokens = 2000;
  std::string columns = "c0", values = "0";
  for (int i = 1; i < 60; ++i) {
    columns += ", c" + std::to_string(i);
    values += ", " + std::to_string(i);
  }
  const std::string one = "update t set (" + columns + ") = (" + values + ")";
  EXPECT_FALSE(guard_complexity(one, limits)) << "about 60 * 120 tokens";
  EXPECT_TRUE(guard_complexity("insert into t (" + columns + ") values (" + values + ")", limits));
  EXPECT_TRUE(guard_complexity("select * from t where (" + columns + ") = (" + values + ")", limits));
}

TEST(ComplexityGuard, CountsNestedRepetitionsByTheirProduct) {
  std::string text = "select 1";
  for (int depth = 0; depth < 30; ++depth) {
    text = "with x as (update t set (a, b) = (" + text + ") returning 1) select 1";
  }
  EXPECT_FALSE(guard_complexity(text, {})) << "2 ^ 30 copies of the innermost";
}

}  // namespace
}  // namespace portcullis::sql
