// Every statement of references.txt speaks of the ranges, columns, operators and arguments below it, and what
// must hold of these lists for any statement.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/big_stack.hpp"
#include "tests/unit/sql/describe.hpp"

namespace portcullis::sql {
namespace {

using portcullis::testing::analyze_on_big_stack;
using testing::Case;

StatementFacts only(std::string_view text) {
  const auto facts = analyze_on_big_stack(text);
  if (!facts || facts->statements.size() != 1) {
    ADD_FAILURE() << text << ": " << (facts ? "not one statement" : facts.error().message);
    return {};
  }
  return facts->statements.front();
}

template <class Entry>
bool has_twice(const std::vector<Entry>& entries) {
  for (auto entry = entries.begin(); entry != entries.end(); ++entry) {
    if (std::find(entries.begin(), entry, *entry) != entry) return true;
  }
  return false;
}

TEST(References, AreThoseThatAreWrittenBelowTheStatements) {
  const auto cases = testing::read_cases(PORTCULLIS_SQL_REFERENCES);
  ASSERT_GT(cases.size(), 100u);
  for (const Case& one : cases) {
    EXPECT_EQ(testing::describe_references(one.text), one.expected)
        << "references.txt:" << one.line << ": " << one.text;
  }
}

TEST(References, OfEveryStatementHaveNamesAndAreThereOnce) {
  auto cases = testing::read_cases(PORTCULLIS_SQL_STATEMENTS);
  for (const Case& one : cases) {
    const auto facts = analyze_on_big_stack(one.text);
    if (!facts) continue;
    for (const StatementFacts& statement : facts->statements) {
      for (const Range& range : statement.ranges) EXPECT_FALSE(range.relation.name.empty()) << one.text;
      for (const Name& name : statement.operators) EXPECT_FALSE(name.name.empty()) << one.text;
      EXPECT_EQ(std::count(statement.derived.begin(), statement.derived.end(), ""), 0) << one.text;
      EXPECT_FALSE(has_twice(statement.ranges) || has_twice(statement.derived) ||
                   has_twice(statement.operators))
          << one.text;
    }
  }
}

// What a query reads is a range of it, but for what it reads by other words than FROM.
TEST(References, HaveARangeForEveryRelationThatASelectReads) {
  for (const Case& one : testing::read_cases(PORTCULLIS_SQL_STATEMENTS)) {
    const auto facts = analyze_on_big_stack(one.text);
    if (!facts) continue;
    for (const StatementFacts& statement : facts->statements) {
      if (statement.kind != "SELECT") continue;
      for (const Effect& effect : statement.effects) {
        if (effect.action != Action::select) continue;
        EXPECT_TRUE(std::any_of(statement.ranges.begin(), statement.ranges.end(), [&](const Range& range) {
          return range.relation == effect.object;
        })) << one.text;
      }
    }
  }
}

TEST(References, TellWhereAColumnStands) {
  const std::string text = "select /* c */ x.ssn from t x";
  const auto facts = only(text);
  ASSERT_EQ(facts.column_uses.size(), 1u);
  EXPECT_EQ(text.substr(static_cast<std::size_t>(facts.column_uses[0].location)), "x.ssn from t x");
}

TEST(References, CutNamesAsPostgresDoes) {
  const std::string name(80, 'a');
  EXPECT_EQ(only("select X.\"X\", " + name + " from t X").column_uses,
            (std::vector<ColumnUse>{{.of = {{}, {}, "x"}, .column = "X", .location = 7, .level = 1},
                                    {.of = {}, .column = std::string(63, 'a'), .location = 14, .level = 1}}));
}

TEST(Arguments, AreLimitedInNumberAndLength) {
  std::string calls = "select f('" + std::string(2000, 'x') + "', 'y')";
  for (int i = 0; i < 1000; ++i) calls += ", f('" + std::to_string(i) + "')";
  const auto facts = only(calls);
  ASSERT_EQ(facts.effects.size(), 101u);  // the last is for all that are too many
  EXPECT_FALSE(facts.effects.front().arguments.at(0));
  EXPECT_EQ(facts.effects.front().arguments.at(1), "y");
  EXPECT_TRUE(facts.effects.back().arguments.empty());
}

}  // namespace
}  // namespace portcullis::sql
