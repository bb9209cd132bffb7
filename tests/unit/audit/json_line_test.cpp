#include "audit/json_line.hpp"

#include <gtest/gtest.h>

#include "audit/format.hpp"

namespace portcullis::audit {
namespace {

using Status = JsonLine::Status;

TEST(JsonLine, FindsWhatAnObjectHolds) {
  const std::string line = R"({"a":[1,{"x":"y"}],"b":true,"c":-5,"d":"t\n\"\u0001"})";
  JsonLine json;
  ASSERT_EQ(json.parse(line), Status::complete) << json.problem();
  EXPECT_TRUE(json.is_canonical());
  EXPECT_EQ(json.integer(*json.find(json.root(), "c")), -5);
  EXPECT_EQ(json.raw(*json.find(json.root(), "b")), "true");
  EXPECT_EQ(json.text(*json.find(json.root(), "d")), "t\n\"\x01");
  const auto* array = json.find(json.root(), "a");
  const auto* second = json.next(*json.first_child(*array));
  EXPECT_EQ(json.text(*json.find(*second, "x")), "y");
  EXPECT_EQ(json.find(json.root(), "z"), nullptr);
}

TEST(JsonLine, CallsEveryProperBeginningTruncated) {
  const std::string line = R"({"a":[1,{"x":"\u00e9"}],"b":false,"c":{},"d":[],"e":"\\"})";
  JsonLine json;
  for (std::size_t i = 0; i < line.size(); ++i) {
    EXPECT_EQ(json.parse(std::string_view(line).substr(0, i)), Status::truncated) << i;
  }
  EXPECT_EQ(json.parse(line), Status::complete);
}

TEST(JsonLine, RefusesWhatTheLogNeverHolds) {
  JsonLine json;
  const std::string deep = R"({"a":[[[[[[1]]]]]]})";
  for (const std::string& bad : std::initializer_list<std::string>{R"([1])",
                                                                   R"("x")",
                                                                   R"({"a":null})",
                                                                   R"({"a":1.0})",
                                                                   R"({"a":1e3})",
                                                                   R"({ "a":1})",
                                                                   R"({"a": 1})",
                                                                   R"({"a":1} )",
                                                                   R"({"a":1}{})",
                                                                   R"({"b":1,"a":2})",
                                                                   R"({"a":1,"a":2})",
                                                                   R"({"a":1,})",
                                                                   R"({,})",
                                                                   R"({"a":"\x"})",
                                                                   R"({"a":"\ud83d\ude00"})",
                                                                   R"({"a":"\u0000"})",
                                                                   "{\"a\":\"\x01\"}",
                                                                   "{\"a\":\"\xff\"}",
                                                                   R"({"a":+1})",
                                                                   R"({"a":-})",
                                                                   R"({"a":tru})",
                                                                   R"({a:1})",
                                                                   deep}) {
    EXPECT_EQ(json.parse(bad), Status::malformed) << bad;
  }
}

TEST(JsonLine, TellsCanonicalFormFromOthers) {
  JsonLine json;
  for (const char* other : {R"({"a":"\u0041"})", R"({"a":"\/"})", R"({"a":"\u000A"})", R"({"a":"\u000a"})",
                            R"({"a":01})", R"({"a":-0})", R"({"a":9007199254740992})",
                            R"({"a":99999999999999999999})", R"({"\u0061":1})", R"({"a":"\u001F"})"}) {
    ASSERT_EQ(json.parse(other), Status::complete) << other;
    EXPECT_FALSE(json.is_canonical()) << other;
  }
}

TEST(JsonLine, HoldsNoMoreValuesThanTheFormatAllows) {
  std::string line = "{\"a\":[0";
  for (std::size_t i = 0; i < kMaxValues; ++i) line += ",0";
  line += "]}";
  JsonLine json;
  EXPECT_EQ(json.parse(line), Status::malformed);
  EXPECT_STREQ(json.problem(), "too many values");
}

}  // namespace
}  // namespace portcullis::audit
