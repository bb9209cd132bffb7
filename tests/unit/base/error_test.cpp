// Codes that came over the wire, and results asked for what they do not have.
#include "portcullis/base/error.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "portcullis/base/result.hpp"

namespace portcullis::base {
namespace {

using namespace std::string_view_literals;

TEST(SqlState, IsTakenFromFiveDigitsOrCapitals) {
  for (const char* code : {"00000", "42501", "08P01", "XX000", "ZZZZZ", "F0000"}) {
    EXPECT_EQ(SqlState::from_text(code).view(), code);
  }
  EXPECT_EQ(SqlState::from_text("42501"), sqlstate::insufficient_privilege);
}

TEST(SqlState, OfNonsenseIsAnInternalError) {
  for (const auto text :
       {""sv, "4250"sv, "425011"sv, "42p01"sv, "4250 "sv, " 4250"sv, "4250\0"sv, "\0\0\0\0\0"sv, "4250\n"sv,
        "4250\xff"sv, "42/01"sv, "42:01"sv, "42@01"sv, "42[01"sv}) {
    EXPECT_EQ(SqlState::from_text(text), sqlstate::internal_error) << text;
  }
}

TEST(SqlState, TakesNoOtherByteAnywhere) {
  for (std::size_t at = 0; at < 5; ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string text = "00000";
      text[at] = static_cast<char>(value);
      const bool valid = (value >= '0' && value <= '9') || (value >= 'A' && value <= 'Z');
      EXPECT_EQ(SqlState::from_text(text).view(), valid ? text : "XX000") << at << ' ' << value;
    }
  }
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good = 1;
  const Result<int> bad = Error{.code = sqlstate::syntax_error, .message = "no"};
  EXPECT_EQ(good.value(), 1);
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code, sqlstate::syntax_error);
}

TEST(Result, ThrowsOnlyWhenAnErrorIsTakenForAValue) {
  const Result<int> bad = Error{.message = "the reason"};
  try {
    static_cast<void>(bad.value());
    FAIL() << "value() of an error returned";
  } catch (const std::logic_error& thrown) {
    EXPECT_NE(std::string(thrown.what()).find("the reason"), std::string::npos);
  }
}

}  // namespace
}  // namespace portcullis::base
