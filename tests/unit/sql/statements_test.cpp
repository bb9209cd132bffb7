// Every statement of statements.txt has the facts that stand below it. A line that is not indented is a
// statement, the indented one after it what describe() says; # begins a comment.
#include <gtest/gtest.h>
#include <pg_query.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "sql/complexity_guard.hpp"
#include "tests/support/big_stack.hpp"
#include "tests/unit/sql/describe.hpp"

namespace portcullis::sql {
namespace {

struct Case {
  int line = 0;
  std::string text, expected;
};

std::vector<Case> read_cases() {
  std::vector<Case> cases;
  std::ifstream file(PORTCULLIS_SQL_STATEMENTS);
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("    ")) {
      if (!cases.empty()) cases.back().expected = line.substr(4);
    } else {
      cases.push_back({number, line, ""});
    }
  }
  return cases;
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
