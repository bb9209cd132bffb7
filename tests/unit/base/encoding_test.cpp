// base64, base64url and hex.
#include "base/encoding.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portcullis::base {
namespace {

using namespace std::string_view_literals;

TEST(Base64, IsThatOfRfc4648) {  // section 10, "Test Vectors"
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foo"), "Zm9v");
  EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(to_base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64("\xfb\xff\xfe"), "+//+");
  EXPECT_EQ(to_base64url("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(to_base64url("f"), "Zg");
}

TEST(Base64, ComesBackForEveryByteAndLength) {
  std::string bytes;
  for (int value = 0; value < 256; ++value) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
    EXPECT_TRUE(is_base64url(to_base64url(bytes)));
    bytes += static_cast<char>(value);
  }
}

TEST(Base64, RefusesWhatItsEncoderWouldNotWrite) {
  for (const auto text :
       {"Z"sv, "Zg"sv, "Zg="sv, "Zg==="sv, "Zh=="sv, "Zm9="sv, "Zm9v="sv, "Zm9v===="sv, "="sv, "===="sv,
        "Zg== "sv, " Zg=="sv, "Zm\n8="sv, "Zg=\0"sv, "Z=g="sv, "-__-"sv, "Zg==Zg=="sv, "Zm9v\x80"sv}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
}

TEST(Base64Url, RefusesWhatItsEncoderWouldNotWrite) {
  for (const auto text : {"Z"sv, "Zg=="sv, "Zh"sv, "Zm9"sv, "+//+"sv, "Zg "sv, "Zg\0"sv, "Zm9vY"sv}) {
    EXPECT_EQ(from_base64url(text), std::nullopt) << text;
    EXPECT_FALSE(is_base64url(text)) << text;
  }
}

TEST(Base64, OfAnyTwoCharactersIsCanonicalOrRefused) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string start{static_cast<char>(first), static_cast<char>(second)};
      const auto padded = from_base64(start + "==");
      if (padded) {
        ASSERT_EQ(to_base64(*padded), start + "==");
      }
      const auto bare = from_base64url(start);
      ASSERT_EQ(is_base64url(start), bare.has_value()) << start;
      if (bare) {
        ASSERT_EQ(to_base64url(*bare), start);
      }
    }
  }
}

TEST(Hex, IsLowerCaseTwoDigitsAByte) {
  EXPECT_EQ(to_hex(""), "");
  EXPECT_EQ(to_hex("\x00\x0f\xa0\xff"sv), "000fa0ff");
}

}  // namespace
}  // namespace portcullis::base
