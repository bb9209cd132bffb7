// Which types and lengths a header may have.
#include "wire/framing.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace portcullis::wire {
namespace {

using namespace std::string_view_literals;

std::string header(char type, std::uint32_t length) {
  std::string bytes{type};
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((length >> shift) & 0xffu);
  return bytes;
}

std::set<char> accepted(base::Result<std::optional<FrameHeader>> (*peek)(std::string_view)) {
  std::set<char> types;
  for (int type = 0; type < 256; ++type) {
    if (peek(header(static_cast<char>(type), 4))) types.insert(static_cast<char>(type));
  }
  return types;
}

std::set<char> letters(std::string_view text) {
  return {text.begin(), text.end()};
}

// The largest length that is accepted, by bisection.
std::uint32_t largest(base::Result<std::optional<FrameHeader>> (*peek)(std::string_view), char type) {
  std::uint32_t low = 4, high = 0xffffffff;
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    (peek(header(type, middle)) ? low : high) = middle;
  }
  return low;
}

TEST(FrameHeader, NeedsFiveBytes) {
  for (const auto bytes : {""sv, "Q"sv, "Q\0"sv, "Q\0\0\0"sv, "!\0\0\0"sv}) {
    const auto found = peek_frontend(bytes);
    ASSERT_TRUE(found.has_value());
    EXPECT_FALSE(found->has_value());
  }
}

TEST(FrameHeader, IsReadWithoutItsBody) {
  const auto found = peek_frontend("Q\0\1\2\3"sv);
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ((*found)->type, 'Q');
  EXPECT_EQ((*found)->body_size, 0x010203u - 4);
  EXPECT_EQ((*found)->frame_size(), 0x010203u + 1);
}

TEST(FrameHeader, HasTheTypesOfTheManual) {
  EXPECT_EQ(accepted(peek_frontend), letters("BCdcfDEHFPpQSX"));
  EXPECT_EQ(accepted(peek_backend), letters("RK23CdcGHWDIEVvnNAtS1sZT"));
}

TEST(FrameHeader, RefusesImpossibleLengths) {
  for (const std::uint32_t length :
       {0u, 1u, 2u, 3u, 0x40000003u + 1, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
    for (const char type : letters("BCdcfDEHFPpQSX")) {
      const auto found = peek_frontend(header(type, length));
      ASSERT_FALSE(found.has_value()) << type << ' ' << length;
      EXPECT_EQ(found.error().code, base::sqlstate::protocol_violation);
    }
    for (const char type : letters("RK23CdcGHWDIEVvnNAtS1sZT")) {
      const auto found = peek_backend(header(type, length));
      ASSERT_FALSE(found.has_value()) << type << ' ' << length;
      EXPECT_EQ(found.error().code, base::sqlstate::protocol_violation);
    }
  }
}

TEST(FrameHeader, BoundsEachTypeOfAClient) {
  for (const char type : letters("QPBdF")) EXPECT_EQ(largest(peek_frontend, type), 0x3ffffffeu) << type;
  for (const char type : letters("CcfDEHSX")) EXPECT_EQ(largest(peek_frontend, type), 10000u) << type;
  EXPECT_EQ(largest(peek_frontend, 'p'), 65535u);
}

TEST(FrameHeader, BoundsEachTypeOfAServer) {
  for (const char type : letters("TDdVENAt")) EXPECT_EQ(largest(peek_backend, type), 0x40000003u) << type;
  for (const char type : letters("RK23CcGHWIvnS1sZ")) EXPECT_EQ(largest(peek_backend, type), 30000u) << type;
}

TEST(FrameHeader, NamesTheTypeThatItRefuses) {
  EXPECT_NE(peek_frontend(header('!', 4)).error().message.find("\"!\""), std::string::npos);
  EXPECT_NE(peek_frontend(header('\x01', 4)).error().message.find("\"\\x01\""), std::string::npos);
  EXPECT_NE(peek_backend(header('Q', 4)).error().message.find("backend"), std::string::npos);
}

}  // namespace
}  // namespace portcullis::wire
