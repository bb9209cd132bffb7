// Text made to hurt: each is refused with its own SQLSTATE, and none ends the process.
#include <gtest/gtest.h>

#include <string>

#include "tests/support/big_stack.hpp"

namespace portcullis::sql {
namespace {

using portcullis::testing::analyze_on_big_stack;

std::string repeated(std::string_view part, std::size_t times) {
  std::string text;
  text.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

std::string nested(std::string_view before, std::string_view inside, std::string_view behind,
                   std::size_t times) {
  return repeated(before, times) + std::string(inside) + repeated(behind, times);
}

// The SQLSTATE, or "" for a text that is understood.
std::string code_of(std::string_view text, const AnalysisLimits& limits = {}) {
  const auto facts = analyze_on_big_stack(text, limits);
  return facts ? "" : std::string(facts.error().code.view());
}

TEST(Limits, ChainsOfOperatorsAreTooDeep) {
  EXPECT_EQ(code_of("select 1" + repeated("+1", 100'000)), "54001");
  EXPECT_EQ(code_of("select " + repeated("'a'||", 40'000) + "'a'"), "54001");
  EXPECT_EQ(code_of("select 1" + repeated(" union select 1", 20'000)), "54001");
  EXPECT_EQ(code_of("select " + repeated("- ", 50'000) + "1"), "54001");
  EXPECT_EQ(code_of("select " + repeated("not ", 50'000) + "true"), "54001");
  EXPECT_EQ(code_of("select 1" + repeated("::int", 30'000)), "54001");
  EXPECT_EQ(code_of("select a" + repeated(" isnull", 140'000)), "54001");
  EXPECT_EQ(code_of("select * from a" + repeated(" natural join a", 60'000)), "54001");
  EXPECT_EQ(code_of("select a" + repeated("[1]", 30'000)), "");  // a flat list of subscripts
}

TEST(Limits, ShortChainsAreUnderstood) {
  EXPECT_EQ(code_of("select 1" + repeated("+1", 400)), "");
  EXPECT_EQ(code_of("select * from t where a = 1" + repeated(" or a = 1", 10'000)), "");
}

TEST(Limits, BracketsAreCountedBeforeTheyAreParsed) {
  EXPECT_EQ(code_of("select " + nested("(", "1", ")", 100'000)), "54001");
  EXPECT_EQ(code_of("select " + nested("(", "1", ")", 200)), "");
  EXPECT_EQ(code_of(nested("select (", "1", ")", 2'000)), "54001");
  EXPECT_EQ(code_of("select " + nested("case when true then ", "1", " end", 20'000)), "54001");
  EXPECT_EQ(code_of("select " + nested("case when true then ", "1", " end", 100)), "");
  EXPECT_EQ(code_of("select " + nested("array[", "1", "]", 20'000)), "54001");
  EXPECT_EQ(code_of(repeated("(", 200'000)), "54001");
}

TEST(Limits, NestedCommentsNeverReachTheLibrary) {
  EXPECT_EQ(code_of("select 1 " + nested("/*", "x", "*/", 30'000)), "54001");
  EXPECT_EQ(code_of(repeated("/*", 200'000)), "54001");
  EXPECT_EQ(code_of("select 1 " + nested("/*", "x", "*/", 30)), "");
}

TEST(Limits, LengthIsBounded) {
  EXPECT_EQ(code_of("select '" + std::string(10'000'000, 'x') + "'"), "54000");
  EXPECT_EQ(code_of("select '" + std::string(1'000'000, 'x') + "'"), "");
}

TEST(Limits, TokensAreBounded) {
  EXPECT_EQ(code_of("select * from t where a in (1" + repeated(",1", 100'000) + ")"), "");
  EXPECT_EQ(code_of("select * from t where a in (1" + repeated(",1", 200'000) + ")"), "54001");
}

TEST(Limits, RepeatedSourcesAreBounded) {
  std::string columns = "a0", values = "0";
  for (int i = 1; i < 20'000; ++i) (columns += ",a") += std::to_string(i), values += ",1";
  EXPECT_EQ(code_of("update t set (" + columns + ") = (" + values + ")"), "54001");
  EXPECT_EQ(code_of("update t set (a, b, c) = (select 1, 2, 3)"), "");
}

TEST(Limits, RepeatedBytesAreBounded) {
  std::string columns = "a0";
  for (int i = 1; i < 1'000; ++i) columns += ",a" + std::to_string(i);
  EXPECT_EQ(code_of("update t set (" + columns + ") = (select '" + std::string(500'000, 'x') + "')"),
            "54001");
  AnalysisLimits limits;
  limits.bytes = 1u << 30;
  EXPECT_EQ(code_of("select '" + std::string(50'000'000, '\x01') + "'", limits), "54001");
}

TEST(Limits, RepeatedWalksAreBounded) {
  const std::string tables = "a" + repeated(",a", 10'000);
  EXPECT_EQ(code_of("select * from " + tables + repeated(" for update of a", 3'000)), "54001");
  EXPECT_EQ(code_of(nested("select * from (", "select * from " + tables, ") x for update", 100)), "54001");
  EXPECT_EQ(code_of("select * from " + tables + " for update"), "");
}

TEST(Limits, StatementsAreBounded) {
  EXPECT_EQ(code_of(repeated("select 1;", 100)), "");
  EXPECT_EQ(code_of(repeated("select 1;", 101)), "54000");
  EXPECT_EQ(code_of(repeated(";", 10'000)), "");
  AnalysisLimits limits;
  limits.statements = 2;
  EXPECT_EQ(code_of("select 1; select 2", limits), "");
  EXPECT_EQ(code_of("select 1; select 2; select 3", limits), "54000");
}

TEST(Limits, AreThoseThatWereGiven) {
  AnalysisLimits limits;
  limits.bytes = 10;
  EXPECT_EQ(code_of("select 123", limits), "");
  EXPECT_EQ(code_of("select 1234", limits), "54000");
  limits = {};
  limits.tree_depth = 20;
  EXPECT_EQ(code_of("select 1", limits), "");
  EXPECT_EQ(code_of("select 1+1+1+1+1+1+1+1+1+1", limits), "54001");
}

TEST(Limits, BadBytesAreRefused) {
  EXPECT_EQ(code_of(std::string_view("select 1\0; drop table t", 23)), "22021");
  EXPECT_EQ(code_of("select '\xFF'"), "22021");
  EXPECT_EQ(code_of("select '\xC0\xA7'"), "22021");
  EXPECT_EQ(code_of("select '\xED\xA0\x80'"), "22021");
  EXPECT_EQ(code_of("select \x82"), "22021");
}

TEST(Limits, ControlCharactersAreNoReasonToFail) {
  EXPECT_EQ(code_of("select '\x01\x1F\x7F'"), "");
  EXPECT_EQ(code_of("select E'\\x01\\u0002'"), "");
  EXPECT_EQ(code_of("select \"a\x01\""), "");
}

}  // namespace
}  // namespace portcullis::sql
