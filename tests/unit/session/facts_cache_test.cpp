// Facts by text: what is analysed once, and what is never mistaken for another.
#include <gtest/gtest.h>

#include <string>

#include "session/facts_cache.hpp"
#include "tests/support/big_stack.hpp"

namespace portcullis::session {
namespace {

class FactsCacheTest : public ::testing::Test {
 protected:
  Analysis analyze(std::string_view text) {
    return testing::on_big_stack([&] { return cache_.analyze(text); });
  }
  // Whether the second has the analysis of the first.
  bool shares(std::string_view first, std::string_view second) { return analyze(first) == analyze(second); }

  FactsCache cache_;
};

TEST_F(FactsCacheTest, KnowsATextAgain) {
  EXPECT_FALSE(cache_.find("SELECT 1"));
  const auto first = analyze("SELECT a FROM t ORDER BY 1");
  EXPECT_TRUE(cache_.find("SELECT a FROM t ORDER BY 1") == first);
  EXPECT_TRUE(shares("not sql at all", "not sql at all"));
}

TEST_F(FactsCacheTest, TextsThatDifferInFreeNumbersShareTheirFacts) {
  EXPECT_TRUE(shares("SELECT a FROM t WHERE id = 12345", "SELECT a FROM t WHERE id = 67890"));
  EXPECT_TRUE(shares("SELECT a FROM t WHERE id = 12345", "SELECT a FROM t WHERE id = 00000"));
  EXPECT_TRUE(cache_.find("SELECT a FROM t WHERE id = 99999"));
  EXPECT_FALSE(cache_.find("SELECT a FROM t WHERE id = 999999")) << "what stands behind it has moved";
}

TEST_F(FactsCacheTest, OtherDigitsAreOtherTexts) {
  EXPECT_FALSE(shares("SELECT f(1) FROM t WHERE a = 1", "SELECT f(2) FROM t WHERE a = 1"));
  EXPECT_FALSE(shares("SELECT '1' FROM t WHERE a = 1", "SELECT '2' FROM t WHERE a = 1"));
  EXPECT_FALSE(shares("SELECT a FROM t WHERE a = 1 LIMIT 1", "SELECT a FROM t WHERE a = 1 LIMIT 2"));
  EXPECT_FALSE(shares("SELECT a FROM t1 WHERE a = 1", "SELECT a FROM t2 WHERE a = 1"));
  EXPECT_FALSE(shares("SELECT a FROM \"t 1\" WHERE a = 1", "SELECT a FROM \"t 2\" WHERE a = 1"));
  EXPECT_FALSE(shares("SELECT $1 + 1", "SELECT $2 + 1"));
  EXPECT_FALSE(shares("SELECT 1 /*confidence='0.1'*/", "SELECT 1 /*confidence='0.9'*/"));
  EXPECT_FALSE(shares("SET work_mem = 1", "SET work_mem = 2"));
}

// The mask is a digit itself.
TEST_F(FactsCacheTest, ATextThatReadsLikeAKeyIsJudgedByItself) {
  EXPECT_FALSE(shares("SELECT a FROM t WHERE a = 0 AND f(0)", "SELECT a FROM t WHERE a = 0 AND f(1)"));
  EXPECT_FALSE(cache_.find(std::string_view("SELECT a FROM t WHERE a = \0 AND f(0)", 37)));
  // The same but for digits, of which other ones are free.
  const auto string = analyze("SELECT a FROM t WHERE b = '1' AND a = 1");
  EXPECT_TRUE(analyze("SELECT a FROM t WHERE b = '1' AND a = 2") == string);
  EXPECT_TRUE(analyze("SELECT a FROM t WHERE b = '2' AND a = 2") != string);
  EXPECT_TRUE(cache_.find("SELECT a FROM t WHERE b = '1' AND a = 3") == string);
}

TEST_F(FactsCacheTest, IsBounded) {
  const auto first = analyze("SELECT f(0)");
  for (int i = 1; i <= 2'500; ++i) analyze("SELECT f(" + std::to_string(i) + ")");
  EXPECT_FALSE(cache_.find("SELECT f(0)"));
  EXPECT_TRUE(cache_.find("SELECT f(2500)"));
  const std::string long_text = "SELECT '" + std::string(9'000, 'x') + "'";
  EXPECT_FALSE(shares(long_text, long_text));
}

}  // namespace
}  // namespace portcullis::session
