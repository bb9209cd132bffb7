// The syntax below the messages.
#include "auth/scram_attributes.hpp"

#include <gtest/gtest.h>

namespace portcullis::auth {
namespace {

using namespace std::string_view_literals;

TEST(AttributeReader, GivesOneAfterTheOther) {
  AttributeReader in{"a=1,b=,c=x=y"};
  EXPECT_EQ(in.take('a'), "1");
  EXPECT_FALSE(in.at_end());
  EXPECT_EQ(in.take('b'), "");
  const auto last = in.next();
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->name, 'c');
  EXPECT_EQ(last->value, "x=y");
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(in.next(), std::nullopt);
  EXPECT_TRUE(in.at_end());
}

TEST(AttributeReader, IsNeverAtTheEndAfterAFailure) {
  for (const auto message : {""sv, "a"sv, "="sv, "=a"sv, "aa=1"sv, "1=a"sv, ",a=1"sv, "a=1\0"sv, "\0"sv}) {
    AttributeReader in{message};
    EXPECT_FALSE(in.next().has_value());
    EXPECT_FALSE(in.at_end());
    EXPECT_FALSE(in.next().has_value());
  }
}

TEST(AttributeReader, FailsForGoodAtAnotherNameThanAsked) {
  AttributeReader in{"a=1,b=2"};
  EXPECT_EQ(in.take('b'), std::nullopt);
  EXPECT_EQ(in.take('b'), std::nullopt);
  EXPECT_FALSE(in.at_end());
}

TEST(AttributeReader, SeesAPromiseThatIsNotKept) {
  AttributeReader in{"a=1,"};
  EXPECT_EQ(in.take('a'), "1");
  EXPECT_FALSE(in.at_end());
  EXPECT_FALSE(in.next().has_value());
}

TEST(ScramNonce, IsPrintableAsciiWithoutAComma) {
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    EXPECT_EQ(is_nonce({&c, 1}), value >= 0x21 && value <= 0x7e && c != ',') << value;
  }
  EXPECT_FALSE(is_nonce(""));
}

TEST(ScramNumber, IsPositiveAndBounded) {
  EXPECT_EQ(read_positive("1", 10), 1u);
  EXPECT_EQ(read_positive("10", 10), 10u);
  for (const char* text : {"", "0", "11", "01", "+1", "-1", " 1", "1 ", "0x1", "4294967297"}) {
    EXPECT_EQ(read_positive(text, 10), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace portcullis::auth
