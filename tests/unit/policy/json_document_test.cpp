#include "policy/json_document.hpp"

#include <gtest/gtest.h>

namespace portcullis::policy {
namespace {

using Kind = JsonValue::Kind;

JsonValue root_of(std::string_view text) {
  auto document = read_json(text);
  EXPECT_TRUE(document.problems.empty()) << to_text(document.problems, "text");
  return document.root.value_or(JsonValue{});
}

Problem problem_of(std::string_view text) {
  const auto document = read_json(text);
  EXPECT_FALSE(document.root);
  EXPECT_EQ(document.problems.size(), 1U);
  return document.problems.empty() ? Problem{} : document.problems.front();
}

std::pair<std::uint32_t, std::uint32_t> place(const JsonValue& value) {
  return {value.line, value.column};
}
using Place = std::pair<std::uint32_t, std::uint32_t>;

TEST(ReadJson, KnowsEveryKind) {
  const auto root = root_of(R"([null, true, false, -7, 18446744073709551615, 1.5, "s", [], {}])");
  ASSERT_EQ(root.items.size(), 9U);
  EXPECT_EQ(root.items[0].kind, Kind::null);
  EXPECT_TRUE(root.items[1].boolean);
  EXPECT_EQ(root.items[2].kind, Kind::boolean);
  EXPECT_EQ(root.items[3].integer, -7);
  EXPECT_EQ(root.items[4].kind, Kind::number);  // beyond a signed number
  EXPECT_DOUBLE_EQ(root.items[5].number, 1.5);
  EXPECT_EQ(root.items[6].string, "s");
  EXPECT_EQ(root.items[7].kind, Kind::array);
  EXPECT_EQ(root.items[8].kind, Kind::object);
}

TEST(ReadJson, SaysWhereEveryKeyAndValueStands) {
  const auto root = root_of(
      "// a comment, with \"quotes\" and {\n"
      "{ \"a\" : 1, /* two\n"
      "lines */ \"b\\\"c\": [ true,\n"
      "\t\"x\" , {\"k\":null} ] }\n");
  EXPECT_EQ(place(root), (Place{2, 1}));
  ASSERT_EQ(root.members.size(), 2U);
  EXPECT_EQ(root.members[0].column, 3U);
  EXPECT_EQ(place(root.members[0].value), (Place{2, 9}));
  EXPECT_EQ(root.members[1].key, "b\"c");
  EXPECT_EQ(root.members[1].line, 3U);
  EXPECT_EQ(root.members[1].column, 10U);
  const auto& list = root.members[1].value;
  EXPECT_EQ(place(list), (Place{3, 18}));
  EXPECT_EQ(place(list.items[0]), (Place{3, 20}));
  EXPECT_EQ(place(list.items[1]), (Place{4, 2}));
  EXPECT_EQ(place(list.items[2]), (Place{4, 8}));
  EXPECT_EQ(place(list.items[2].members[0].value), (Place{4, 13}));
}

TEST(ReadJson, CountsCharactersNotBytes) {
  const auto root = root_of("[\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x90\x98\", 1]");
  EXPECT_EQ(place(root.items[1]), (Place{1, 9}));
  EXPECT_EQ(place(root_of("\xEF\xBB\xBF[1]").items[0]), (Place{1, 2}));  // behind a byte order mark
}

TEST(ReadJson, RefusesAKeyThatStandsTwice) {
  const auto problem = problem_of("{\"a\": 1,\n \"b\": 2, \"a\": 3}");
  EXPECT_EQ(problem.line, 2U);
  EXPECT_EQ(problem.column, 10U);
  EXPECT_EQ(problem.message, "\"a\" stands twice in the same object: take one of the two out");
}

TEST(ReadJson, SaysWhereTheSyntaxBreaks) {
  const auto trailing = problem_of("{\n  \"a\": 1,\n}");
  EXPECT_EQ(trailing.line, 3U);
  EXPECT_EQ(trailing.column, 1U);
  EXPECT_TRUE(trailing.message.starts_with("this is not JSON: syntax error")) << trailing.message;

  const auto missing = problem_of("{\"a\" \"long string\"}");
  EXPECT_EQ(missing.column, 6U);
  const auto doubled = problem_of("[1,,2]");
  EXPECT_EQ(doubled.column, 4U);
  const auto open = problem_of("[1");
  EXPECT_EQ(open.line, 1U);
  problem_of("");
  problem_of("[1] [2]");
  problem_of("'a'");
  problem_of("[\"\xFF\"]");
  problem_of("/* never closed");
  problem_of("[1e999]");
}

TEST(ReadJson, BoundsDepthAndSize) {
  EXPECT_TRUE(read_json(std::string(64, '[') + std::string(64, ']')).root);
  const auto deep = problem_of(std::string(65, '[') + std::string(65, ']'));
  EXPECT_EQ(deep.column, 65U);
  EXPECT_TRUE(deep.message.find("deeper than 64") != std::string::npos);
  problem_of(std::string(100'000, '['));
  const auto large = problem_of(std::string((4U << 20U) + 1, ' '));
  EXPECT_TRUE(large.message.find("4194304") != std::string::npos) << large.message;
}

TEST(ObjectReader, ReportsWrongKindsRangesAndUnknownKeys) {
  const auto root =
      root_of("{\"name\": 1, \"count\": 11, \"flag\": \"x\", \"list\": [\"a\", 2], \"conut\": 1}");
  std::vector<Problem> problems;
  ObjectReader reader(root, "the thing", problems);
  EXPECT_FALSE(reader.take_string("name"));
  EXPECT_FALSE(reader.take_integer("count", 1, 10));
  EXPECT_FALSE(reader.take_boolean("flag"));
  EXPECT_FALSE(reader.take_strings("list"));
  EXPECT_EQ(reader.take("absent"), nullptr);
  EXPECT_TRUE(problems.size() == 4);
  reader.finish();
  EXPECT_EQ(problems, (std::vector<Problem>{
                          {1, 10, "\"name\" must be a string, not a whole number"},
                          {1, 22, "\"count\" is 11: write a number from 1 to 10"},
                          {1, 34, "\"flag\" must be true or false, not a string"},
                          {1, 53, "\"list\" is a list of strings, this is a whole number"},
                          {1, 57, "unknown key \"conut\" in the thing: did you mean \"count\"?"},
                      }));
}

}  // namespace
}  // namespace portcullis::policy
