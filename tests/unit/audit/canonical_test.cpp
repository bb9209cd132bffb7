#include "audit/canonical.hpp"

#include <gtest/gtest.h>

#include "audit/format.hpp"

namespace portcullis::audit {
namespace {

std::string string_of(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

TEST(CanonicalString, EscapesAsRfc8785Says) {
  // RFC 8785, section 3.2.2: the example's string, and what it says of control characters.
  EXPECT_EQ(string_of("\u20ac$\x0f\nA'B\"\\\\\"/"), "\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"");
  EXPECT_EQ(string_of("\b\t\n\f\r"), R"("\b\t\n\f\r")");
  EXPECT_EQ(string_of("\x01\x1f"), R"("\u0001\u001f")");
  EXPECT_EQ(string_of("\x7f"), "\"\x7f\"");
  EXPECT_EQ(string_of("</script>"), "\"</script>\"");
  EXPECT_EQ(string_of(""), "\"\"");
}

TEST(CanonicalString, EscapesAtEveryPlaceOfATextOfAnyLength) {
  for (std::size_t length = 1; length < 20; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (int byte = 1; byte < 256; ++byte) {
        std::string text(length, '!'), escaped = text;
        text[at] = static_cast<char>(byte);
        const std::string alone = string_of(text.substr(at, 1));
        escaped.replace(at, 1, alone, 1, alone.size() - 2);
        ASSERT_EQ(string_of(text), '"' + escaped + '"') << length << " " << at << " " << byte;
      }
    }
  }
  EXPECT_EQ(string_of(std::string(17, '"')).size(), 2u + 2 * 17);
}

TEST(CanonicalNumber, HasNoPlusNoZerosNoExponent) {
  std::string out;
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-1}, kMaxInteger, -kMaxInteger}) {
    append_number(out, number);
    out += ' ';
  }
  EXPECT_EQ(out, "0 -1 9007199254740991 -9007199254740991 ");
}

TEST(ObjectWriter, KeepsBytesThatAreNoUtf8AsBase64) {
  std::string out;
  ObjectWriter object(out);
  object.text("a", "gr\xc3\xbc\xc3\x9f");
  object.text("b", "\xff\xfe");
  object.text("c", std::string_view("x\0y", 3));
  object.text_unless_empty("d", "");
  object.end();
  EXPECT_EQ(out, "{\"a\":\"gr\xc3\xbc\xc3\x9f\",\"b_base64\":\"//4=\",\"c_base64\":\"eAB5\"}");
}

TEST(ObjectWriter, RefusesNumbersThatADoubleCannotHold) {
  for (const std::uint64_t number : {std::uint64_t{1} << 53, UINT64_MAX}) {
    std::string out;
    ObjectWriter object(out);
    object.number("n", number);
    EXPECT_FALSE(object.in_range()) << number;
  }
  std::string out;
  ObjectWriter object(out);
  object.number("n", static_cast<std::uint64_t>(kMaxInteger));
  EXPECT_TRUE(object.in_range());
}

TEST(ArrayWriter, WrapsWhatIsNoUtf8) {
  std::string out;
  ArrayWriter array(out);
  array.text("UPDATE 3");
  array.text("\xff");
  array.end();
  EXPECT_EQ(out, R"(["UPDATE 3",{"base64":"/w=="}])");
}

TEST(SegmentName, IsTheFirstIndexInTwentyDigits) {
  EXPECT_EQ(segment_name(0), "00000000000000000000.jsonl");
  EXPECT_EQ(segment_name(12345), "00000000000000012345.jsonl");
  EXPECT_EQ(segment_first_index("00000000000000012345.jsonl"), 12345u);
  for (const char* bad :
       {"0.jsonl", "0000000000000000000x.jsonl", "00000000000000000000.json", "lock", "",
        "99999999999999999999.jsonl", "-0000000000000000001.jsonl", "000000000000000000000.jsonl"}) {
    EXPECT_FALSE(segment_first_index(bad)) << bad;
  }
}

}  // namespace
}  // namespace portcullis::audit
