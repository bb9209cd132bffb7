// Every statement of statements.txt has the facts that stand below it. A line that is not indented is a
// statement, the indented one after it what describe() says; # begins a comment.
#include <gtest/gtest.h>
#include <pg_query.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sql/complexity_guard.hpp"
#include "tests/support/big_stack.hpp"
#include "tests/unit/sql/describe.hpp"

namespace portcullis::sql {
namespace {

using testing::Case;

std::vector<Case> read_cases() {
  return testing::read_cases(PORTCULLIS_SQL_STATEMENTS);
}

TEST(Statements, HaveTheFactsThatAreWrittenBelowThem) {
  const auto cases = read_cases();
  ASSERT_GT(cases.size(), 500u);
  for (const Case& one : cases) {
    EXPECT_EQ(testing::describe(one.text), one.expected) << "statements.txt:" << one.line << ": " << one.text;
  }
}

TEST(Statements, MakeTreesNoLargerThanTheGuardSays) {
  std::size_t largest_share = 0;
  for (const Case& one : read_cases()) {
    const auto guarded = guard_complexity(one.text, {});
    ASSERT_TRUE(guarded) << one.text;
    const std::size_t size = portcullis::testing::on_big_stack([&] {
      PgQueryParseResult result = pg_query_parse(guarded->text.c_str());
      const std::size_t length =
          result.parse_tree != nullptr ? std::string_view(result.parse_tree).size() : 0;
      pg_query_free_parse_result(result);
      return length;
    });
    if (guarded->tree_bytes > 0) largest_share = std::max(largest_share, 100 * size / guarded->tree_bytes);
  }
  EXPECT_LT(largest_share, 50u) << "per cent of the estimate; the guard must stay well above the truth";
}

// Only queries that read no table and call nothing have no effect at all.
TEST(Statements, WithoutEffectsAreQueriesOnly) {
  for (const Case& one : read_cases()) {
    const auto facts = portcullis::testing::analyze_on_big_stack(one.text);
    if (!facts) continue;
    for (const StatementFacts& statement : facts->statements) {
      EXPECT_TRUE(!statement.effects.empty() || statement.kind == "SELECT") << one.text;
    }
  }
}

}  // namespace
}  // namespace portcullis::sql
