// Errors and notices, and what becomes of our own errors on the wire.
#include <gtest/gtest.h>

#include <string>

#include "portcullis/wire/messages.hpp"

namespace portcullis::wire {
namespace {

using namespace std::string_view_literals;

const base::Error kDenied{.code = base::sqlstate::insufficient_privilege,
                          .message = "statement denied",
                          .detail = "why",
                          .hint = "what to do",
                          .position = 17};

TEST(ErrorResponse, CarriesAnErrorThereAndBack) {
  const auto response = to_error_response(kDenied, "ERROR");
  EXPECT_EQ(response.field('S'), "ERROR");
  EXPECT_EQ(response.field('V'), "ERROR");
  EXPECT_EQ(response.field('C'), "42501");
  EXPECT_EQ(response.field('M'), "statement denied");
  EXPECT_EQ(response.field('P'), "17");
  EXPECT_EQ(to_error(response), kDenied);
}

TEST(ErrorResponse, LeavesOutWhatIsNotGiven) {
  const auto response = to_error_response({.code = base::sqlstate::internal_error, .message = "m"}, "FATAL");
  std::string codes;
  for (const auto& field : response.fields) codes += field.code;
  EXPECT_EQ(codes, "SVCM");
  EXPECT_EQ(response.field('D'), "");
}

TEST(ErrorResponse, KeepsFieldsThatItDoesNotKnow) {
  const auto decoded = decode<ErrorResponse>("SERROR\0?new\0\0"sv);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->field('?'), "new");
}

TEST(ErrorResponse, OfAPeerMayLackEverything) {
  const auto error = to_error(decode<ErrorResponse>("\0"sv).value());
  EXPECT_EQ(error.code, base::sqlstate::internal_error);
  EXPECT_TRUE(error.message.empty());
  EXPECT_EQ(error.position, std::nullopt);
}

TEST(ErrorResponse, OfAPeerMayHaveACodeOrPositionOfNonsense) {
  EXPECT_EQ(to_error({{{'C', "nope!"}}}).code, base::sqlstate::internal_error);
  EXPECT_EQ(to_error({{{'C', "42P01 "}}}).code, base::sqlstate::internal_error);
  for (const char* position : {"", "0", "-1", "1x", " 1", "4294967296", "99999999999999999999"}) {
    EXPECT_EQ(to_error({{{'P', position}}}).position, std::nullopt) << position;
  }
  EXPECT_EQ(to_error({{{'P', "4294967295"}}}).position, 4294967295u);
}

TEST(ErrorResponse, IsRefusedWithMoreFieldsThanThereAre) {
  std::string body;
  for (int i = 0; i < 64; ++i) body += "Mx\0"sv;
  EXPECT_TRUE(decode<ErrorResponse>(body + '\0').has_value());
  body += "Mx\0"sv;
  const auto decoded = decode<ErrorResponse>(body + '\0');
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().code, base::sqlstate::protocol_violation);
}

TEST(ErrorResponse, IsWrittenWithoutItsZeroBytes) {
  std::string out;
  encode(out, ErrorResponse{{{'M', std::string("a\0b", 3)}}});
  EXPECT_EQ(out, "E\0\0\0\x0aMa?b\0\0"sv);
}

TEST(NoticeResponse, IsRefusedWithoutItsTerminator) {
  EXPECT_TRUE(decode<NoticeResponse>("Mx\0\0"sv).has_value());
  EXPECT_FALSE(decode<NoticeResponse>("Mx\0"sv).has_value());
  EXPECT_FALSE(decode<NoticeResponse>("Mx\0\0\0"sv).has_value());
}

TEST(NoticeResponse, CannotBeWrittenWithACodeThatEndsTheList) {
  std::string out = "before";
  EXPECT_THROW(encode(out, NoticeResponse{{{'\0', "x"}}}), std::logic_error);
  EXPECT_EQ(out, "before");
}

}  // namespace
}  // namespace portcullis::wire
