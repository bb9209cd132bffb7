// What is particular to single messages of a client.
#include <gtest/gtest.h>

#include <string>

#include "portcullis/wire/messages.hpp"

namespace portcullis::wire {
namespace {

using namespace std::string_view_literals;

template <class Message>
base::SqlState refusal(std::string_view body) {
  const auto decoded = decode<Message>(body);
  EXPECT_FALSE(decoded.has_value());
  return decoded ? base::sqlstate::internal_error : decoded.error().code;
}

template <class Message>
std::string encoded(const Message& message) {
  std::string out;
  encode(out, message);
  return out;
}

TEST(Query, IsLaidOutAsInTheManual) {
  EXPECT_EQ(encoded(Query{"select 1"}), "Q\0\0\0\x0dselect 1\0"sv);
}

TEST(Query, CannotHideAStatementBehindAZeroByte) {
  EXPECT_EQ(refusal<Query>("select 1\0drop table t\0"sv), base::sqlstate::protocol_violation);
  EXPECT_EQ(refusal<Query>("\0\0"sv), base::sqlstate::protocol_violation);
}

TEST(Query, SaysNothingOfItsTextWhenMalformed) {
  const auto decoded = decode<Query>("select 'secret'");
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().message.find("secret"), std::string::npos);
  EXPECT_NE(decoded.error().message.find("\"Query\""), std::string::npos);
}

TEST(Query, WithAZeroByteCannotBeWritten) {
  std::string out = "before";
  EXPECT_THROW(encode(out, Query{"select 1\0; drop"sv}), std::logic_error);
  EXPECT_EQ(out, "before");
}

TEST(Parse, GivesTypesAsUnsignedOids) {
  const auto decoded = decode<Parse>("s\0select $1\0\0\2\xff\xff\xff\xff\0\0\0\x17"sv);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->statement, "s");
  EXPECT_EQ(decoded->text, "select $1");
  EXPECT_EQ(decoded->parameter_types, (std::vector<std::uint32_t>{0xffffffff, 23}));
}

TEST(Parse, RefusesACountThatTheBodyCannotHold) {
  EXPECT_EQ(refusal<Parse>("\0\0\xff\xff"sv), base::sqlstate::protocol_violation);
  EXPECT_EQ(refusal<Parse>("\0\0\0\2\0\0\0\1\0\0\0"sv), base::sqlstate::protocol_violation);
}

TEST(Parse, HoldsAsManyTypesAsTheFieldCanCount) {
  const Parse most{"", "select", std::vector<std::uint32_t>(65535, 23)};
  const std::string frame = encoded(most);
  const auto decoded = decode<Parse>(std::string_view(frame).substr(5));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->parameter_types.size(), 65535u);
  const Parse one_more{"", "select", std::vector<std::uint32_t>(65536, 23)};
  EXPECT_THROW(encoded(one_more), std::logic_error);
}

TEST(Bind, TellsNullFromEmpty) {
  const auto decoded = decode<Bind>("\0s\0\0\0\0\3\xff\xff\xff\xff\0\0\0\0\0\0\0\1x\0\0"sv);
  ASSERT_TRUE(decoded.has_value());
  ASSERT_EQ(decoded->parameters.size(), 3u);
  EXPECT_EQ(decoded->parameters[0], std::nullopt);
  EXPECT_EQ(decoded->parameters[1], ""sv);
  EXPECT_EQ(decoded->parameters[2], "x"sv);
}

TEST(Bind, RefusesCountsAndSizesThatTheBodyCannotHold) {
  for (const auto body : {"\0\0\xff\xff"sv, "\0\0\0\0\xff\xff"sv, "\0\0\0\0\0\0\xff\xff"sv,
                          "\0\0\0\0\0\1\x7f\xff\xff\xff\0\0"sv, "\0\0\0\0\0\1\xff\xff\xff\xfe\0\0"sv,
                          "\0\0\0\0\0\1\0\0\0\3\0\0"sv}) {
    EXPECT_EQ(refusal<Bind>(body), base::sqlstate::protocol_violation);
  }
}

TEST(Bind, HasNoneOneOrAllParameterFormats) {
  const auto with = [](std::size_t formats, std::size_t parameters) {
    Bind message;
    message.parameter_formats.assign(formats, 1);
    message.parameters.assign(parameters, "x");
    const std::string frame = encoded(message);
    return decode<Bind>(std::string_view(frame).substr(5)).has_value();
  };
  EXPECT_TRUE(with(0, 3));
  EXPECT_TRUE(with(1, 3));
  EXPECT_TRUE(with(3, 3));
  EXPECT_TRUE(with(1, 0));
  EXPECT_FALSE(with(2, 3));
  EXPECT_FALSE(with(4, 3));
  EXPECT_FALSE(with(2, 0));
}

TEST(Bind, RefusesUnknownFormatsAsPostgreSqlDoes) {
  EXPECT_EQ(refusal<Bind>("\0\0\0\1\0\2\0\0\0\0"sv), base::sqlstate::invalid_parameter_value);
  EXPECT_EQ(refusal<Bind>("\0\0\0\0\0\0\0\1\xff\xff"sv), base::sqlstate::invalid_parameter_value);
}

TEST(Bind, HoldsAsManyParametersAsTheFieldCanCount) {
  Bind most;
  most.parameters.assign(65535, std::nullopt);
  const std::string frame = encoded(most);
  const auto decoded = decode<Bind>(std::string_view(frame).substr(5));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->parameters.size(), 65535u);
  most.parameters.emplace_back();
  EXPECT_THROW(encoded(most), std::logic_error);
}

TEST(DescribeAndClose, AreForAStatementOrAPortal) {
  EXPECT_EQ(decode<Describe>("Sname\0"sv).value().kind, 'S');
  EXPECT_EQ(decode<Close>("Pname\0"sv).value().name, "name");
  for (const auto body : {"Xname\0"sv, "sname\0"sv, "\0name\0"sv, "\0\0"sv}) {
    EXPECT_EQ(refusal<Describe>(body), base::sqlstate::protocol_violation);
    EXPECT_EQ(refusal<Close>(body), base::sqlstate::protocol_violation);
  }
}

TEST(Execute, GivesTheRowLimitAsItCame) {
  EXPECT_EQ(decode<Execute>("p\0\xff\xff\xff\xff"sv).value().max_rows, 0xffffffffu);
}

TEST(PasswordMessage, IsOneStringAndNoMore) {
  EXPECT_EQ(decode<PasswordMessage>("secret\0"sv).value().password, "secret");
  EXPECT_EQ(refusal<PasswordMessage>("secret\0\0"sv), base::sqlstate::protocol_violation);
  EXPECT_EQ(decode<PasswordMessage>("hush").error().message.find("hush"), std::string::npos);
}

TEST(SaslInitialResponse, TellsNoneFromEmpty) {
  EXPECT_EQ(decode<SaslInitialResponse>("M\0\xff\xff\xff\xff"sv).value().response, std::nullopt);
  EXPECT_EQ(decode<SaslInitialResponse>("M\0\0\0\0\0"sv).value().response, ""sv);
  EXPECT_EQ(refusal<SaslInitialResponse>("M\0\xff\xff\xff\xffx"sv), base::sqlstate::protocol_violation);
  EXPECT_EQ(refusal<SaslInitialResponse>("M\0\0\0\0\2x"sv), base::sqlstate::protocol_violation);
  EXPECT_EQ(refusal<SaslInitialResponse>("M\0\xff\xff\xff\xfexx"sv), base::sqlstate::protocol_violation);
}

}  // namespace
}  // namespace portcullis::wire
