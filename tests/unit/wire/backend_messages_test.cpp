// What is particular to single messages of a server.
#include <gtest/gtest.h>

#include <string>

#include "portcullis/wire/messages.hpp"

namespace portcullis::wire {
namespace {

using namespace std::string_view_literals;

template <class Message>
bool refused(std::string_view body) {
  const auto decoded = decode<Message>(body);
  return !decoded && decoded.error().code == base::sqlstate::protocol_violation;
}

template <class Message>
std::string encoded(const Message& message) {
  std::string out;
  encode(out, message);
  return out;
}

TEST(AuthenticationCode, IsTheFirstFourBytes) {
  EXPECT_EQ(authentication_code("\0\0\0\x0a..."sv).value(), kAuthSasl);
  EXPECT_EQ(authentication_code("\0\0\0\7"sv).value(), 7u);
  for (const auto body : {""sv, "\0"sv, "\0\0\0"sv}) EXPECT_FALSE(authentication_code(body).has_value());
}

TEST(Authentication, IsNotTakenForAnotherCode) {
  EXPECT_TRUE(refused<AuthenticationOk>("\0\0\0\3"sv));
  EXPECT_TRUE(refused<AuthenticationCleartextPassword>("\0\0\0\0"sv));
  EXPECT_TRUE(refused<AuthenticationMd5Password>("\0\0\0\3salt"sv));
  EXPECT_TRUE(refused<AuthenticationSasl>("\0\0\0\x0bM\0\0"sv));
  EXPECT_TRUE(refused<AuthenticationSaslContinue>("\0\0\0\x0cr=x"sv));
  EXPECT_TRUE(refused<AuthenticationSaslFinal>("\0\0\0\x0bv=x"sv));
}

TEST(Authentication, IsLaidOutAsInTheManual) {
  EXPECT_EQ(encoded(AuthenticationOk{}), "R\0\0\0\x08\0\0\0\0"sv);
  EXPECT_EQ(encoded(AuthenticationMd5Password{"salt"}), "R\0\0\0\x0c\0\0\0\5salt"sv);
  EXPECT_EQ(encoded(AuthenticationSasl{{"A", "B"}}),
            "R\0\0\0\x0d\0\0\0\x0a"
            "A\0B\0\0"sv);
  EXPECT_EQ(encoded(AuthenticationSaslFinal{"v=x"}), "R\0\0\0\x0b\0\0\0\x0cv=x"sv);
}

TEST(AuthenticationSasl, CannotBeWrittenWithANamelessMechanism) {
  std::string out = "before";
  EXPECT_THROW(encode(out, AuthenticationSasl{{"A", "", "B"}}), std::logic_error);
  EXPECT_EQ(out, "before");
}

TEST(BackendKeyData, HasAKeyOfFourTo256Bytes) {
  for (const std::size_t size : {4u, 256u}) {
    const std::string body = std::string(4, '\1') + std::string(size, 'k');
    EXPECT_EQ(decode<BackendKeyData>(body).value().secret_key.size(), size);
  }
  for (const std::size_t size : {0u, 3u, 257u}) {
    EXPECT_TRUE(refused<BackendKeyData>(std::string(4, '\1') + std::string(size, 'k'))) << size;
  }
}

TEST(NegotiateProtocolVersion, RefusesACountThatTheBodyCannotHold) {
  EXPECT_TRUE(refused<NegotiateProtocolVersion>("\0\0\0\0\xff\xff\xff\xff"sv));
  EXPECT_TRUE(refused<NegotiateProtocolVersion>("\0\0\0\0\0\0\0\2a\0"sv));
  EXPECT_EQ(decode<NegotiateProtocolVersion>("\0\0\0\0\0\0\0\1a\0"sv).value().unrecognized.at(0), "a");
}

TEST(ReadyForQuery, HasOneOfThreeStates) {
  for (int status = 0; status < 256; ++status) {
    const char byte = static_cast<char>(status);
    const bool known = byte == 'I' || byte == 'T' || byte == 'E';
    EXPECT_EQ(decode<ReadyForQuery>({&byte, 1}).has_value(), known) << status;
  }
}

TEST(ParameterStatus, IsTwoStrings) {
  const auto decoded = decode<ParameterStatus>("TimeZone\0UTC\0"sv);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->name, "TimeZone");
  EXPECT_EQ(decoded->value, "UTC");
  EXPECT_TRUE(refused<ParameterStatus>("TimeZone\0"sv));
}

}  // namespace
}  // namespace portcullis::wire
