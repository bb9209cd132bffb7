// Strict UTF-8, against the definition and against known bad sequences.
#include "base/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portcullis::base {
namespace {

using namespace std::string_view_literals;

// The only way to write a code point (RFC 3629, section 3), without asking whether it may be written.
std::string written(std::uint32_t point) {
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80u | ((point >> shift) & 0x3fu)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0u | (point >> 6)), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0u | (point >> 12)), tail(6), tail(0)};
  return {static_cast<char>(0xf0u | (point >> 18)), tail(12), tail(6), tail(0)};
}

TEST(Utf8, HasEveryCodePointButZeroAndSurrogates) {
  for (std::uint32_t point = 0; point < 0x1fffff; ++point) {
    const bool scalar = point != 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
    ASSERT_EQ(is_valid_utf8(written(point)), scalar) << point;
  }
}

TEST(Utf8, HasTwoByteSequencesOnlyWhereTheyBelong) {
  for (unsigned lead = 0; lead < 256; ++lead) {
    for (unsigned second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(lead), static_cast<char>(second)};
      const bool two_ascii = lead >= 1 && lead < 0x80 && second >= 1 && second < 0x80;
      const bool one_character = lead >= 0xc2 && lead <= 0xdf && second >= 0x80 && second <= 0xbf;
      ASSERT_EQ(is_valid_utf8(text), two_ascii || one_character) << lead << ' ' << second;
    }
  }
}

TEST(Utf8, RefusesKnownBadSequences) {
  for (const auto text : {"\xc0\x80"sv,
                          "\xc0\xaf"sv,
                          "\xc1\xbf"sv,
                          "\xe0\x80\xaf"sv,
                          "\xe0\x9f\xbf"sv,
                          "\xed\xa0\x80"sv,
                          "\xed\xbf\xbf"sv,
                          "\xed\xa0\xbd\xed\xb8\x80"sv,
                          "\xf0\x80\x80\xaf"sv,
                          "\xf0\x8f\xbf\xbf"sv,
                          "\xf4\x90\x80\x80"sv,
                          "\xf5\x80\x80\x80"sv,
                          "\xf8\x88\x80\x80\x80"sv,
                          "\xfe"sv,
                          "\xff"sv,
                          "\x80"sv,
                          "\xbf"sv,
                          "\xc2"sv,
                          "\xe2\x82"sv,
                          "\xf0\x9f\x98"sv,
                          "\xe2\x28\xa1"sv,
                          "\xe2\x82\x28"sv,
                          "\xf0\x28\x8c\xbc"sv,
                          "\xf0\x90\x28\xbc"sv,
                          "\0"sv}) {
    EXPECT_EQ(valid_utf8_prefix(text), 0u);
    EXPECT_EQ(valid_utf8_prefix("ok" + std::string(text) + "after"), 2u);
  }
}

TEST(Utf8, CountsTheBytesBeforeTheFirstBadOne) {
  EXPECT_EQ(valid_utf8_prefix(""), 0u);
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_EQ(valid_utf8_prefix("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), 14u);
  EXPECT_EQ(valid_utf8_prefix("caf\xc3\xa9\xc3"), 5u);
  EXPECT_EQ(valid_utf8_prefix("ab\0cd"sv), 2u);
}

TEST(Utf8, FindsABadByteAtEveryPlaceOfATextOfAnyLength) {
  for (std::size_t length = 1; length < 20; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (const char bad : {'\0', '\x80', '\xff'}) {
        std::string text(length, 'a');
        text[at] = bad;
        EXPECT_EQ(valid_utf8_prefix(text), at) << length;
        text[at] = '\x7f';
        EXPECT_EQ(valid_utf8_prefix(text), length);
        // Behind a letter of two bytes the runs begin elsewhere.
        text[at] = bad;
        EXPECT_EQ(valid_utf8_prefix("\xc3\xa4" + text), at + 2) << length;
      }
    }
  }
}

TEST(CharacterPosition, CountsCharactersFromOne) {
  const auto text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"sv;
  EXPECT_EQ(character_position(text, 0), 1u);
  EXPECT_EQ(character_position(text, 1), 2u);
  EXPECT_EQ(character_position(text, 3), 3u);
  EXPECT_EQ(character_position(text, 6), 4u);
  EXPECT_EQ(character_position(text, 10), 5u);
}

TEST(CharacterPosition, StopsAtTheEndOfTheText) {
  EXPECT_EQ(character_position("abc", 3), 4u);
  EXPECT_EQ(character_position("abc", 1000), 4u);
  EXPECT_EQ(character_position("", 5), 1u);
}

}  // namespace
}  // namespace portcullis::base
