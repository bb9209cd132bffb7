// Numbers that decide nothing: which they are, and that nothing changes with them.
#include <gtest/gtest.h>

#include <simdjson.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tests/support/big_stack.hpp"
#include "tests/unit/sql/describe.hpp"

namespace portcullis::sql {
namespace {

// The text with a # for every free digit.
std::string marked(std::string_view text) {
  const auto facts = portcullis::testing::analyze_on_big_stack(text);
  if (!facts) return facts.error().message;
  std::string result(text);
  for (const auto& statement : facts->statements) {
    for (const auto& [offset, length] : statement.free_digits) result.replace(offset, length, length, '#');
  }
  return result;
}

TEST(FreeDigits, AreOperandsAndValues) {
  EXPECT_EQ(marked("SELECT abalance FROM accounts WHERE aid = 12345"),
            "SELECT abalance FROM accounts WHERE aid = #####");
  EXPECT_EQ(marked("UPDATE accounts SET a = a + -123, b = 7 WHERE aid = 1"),
            "UPDATE accounts SET a = a + -###, b = # WHERE aid = #");
  EXPECT_EQ(marked("INSERT INTO history (a, b) VALUES (1, -22), (3, 4)"),
            "INSERT INTO history (a, b) VALUES (#, -##), (#, #)");
  EXPECT_EQ(marked("DELETE FROM t WHERE a IN (1, 2) AND b BETWEEN 3 AND 4 OR c <> 5"),
            "DELETE FROM t WHERE a IN (#, #) AND b BETWEEN # AND # OR c <> #");
  EXPECT_EQ(marked("select 1; select f(a = 2) from t where (3) < a"),
            "select #; select f(a = #) from t where (#) < a");
}

TEST(FreeDigits, AreNoneWhereTheNumberMayDecideSomething) {
  for (const std::string text :
       {"SELECT nextval(5), f(-6), 7::regclass, CAST(8 AS oid), a[9] FROM t",
        "SELECT a FROM t LIMIT 1 OFFSET 2", "SELECT a FROM t GROUP BY 1 ORDER BY 2",
        "SELECT '1' FROM t1 WHERE a = $1 /* 2 */ AND b = 1.5",
        "SELECT a::numeric(10,2) FROM t TABLESAMPLE system (3)", "SET work_mem = 4", "SET LOCAL a.b TO 1",
        "ALTER TABLE t ADD COLUMN c int DEFAULT 5", "PREPARE p AS SELECT a FROM t WHERE a = 1",
        "EXPLAIN SELECT a FROM t WHERE a = 1", "EXECUTE p(1)", "FETCH 5 FROM c",
        "CREATE TABLE t AS SELECT 1 + 1", "SELECT - (1) FROM t WHERE a = 1234567890", "SELECT ROW(1, 2)",
        "COPY (SELECT 1 + 1) TO STDOUT"}) {
    EXPECT_EQ(marked(text), text);
  }
}

std::vector<std::string> all_texts() {
  std::vector<std::string> texts;
  for (const auto* file : {PORTCULLIS_SQL_STATEMENTS, PORTCULLIS_SQL_REFERENCES}) {
    for (auto& one : testing::read_cases(file)) texts.push_back(std::move(one.text));
  }
  simdjson::dom::parser parser;
  simdjson::dom::document_stream lines;
  if (parser.load_many(PORTCULLIS_MCP_STATEMENTS).get(lines) != simdjson::SUCCESS) return {};
  for (auto line : lines) {
    std::string_view text;
    if (line["sql"].get(text) == simdjson::SUCCESS) texts.emplace_back(text);
  }
  return texts;
}

TEST(FreeDigits, MayBeOthersAndTheFactsAreTheSame) {
  std::mt19937 random(1);  // NOLINT: the same in each run
  std::size_t changed = 0;
  for (const std::string& text : all_texts()) {
    const auto facts = portcullis::testing::analyze_on_big_stack(text);
    if (!facts) continue;
    for (int round = 0; round < 4; ++round) {
      std::string other = text;
      for (const auto& statement : facts->statements) {
        for (const auto& [offset, length] : statement.free_digits) {
          for (std::uint32_t i = 0; i < length; ++i)
            other[offset + i] = static_cast<char>('0' + (round == 0 ? 0 : random() % 10));
        }
      }
      if (other == text) continue;
      ++changed;
      const auto again = portcullis::testing::analyze_on_big_stack(other);
      ASSERT_TRUE(again) << text << "\n" << other;
      EXPECT_TRUE(*again == *facts) << text << "\n" << other;
    }
  }
  EXPECT_GT(changed, 300u);
}

}  // namespace
}  // namespace portcullis::sql
