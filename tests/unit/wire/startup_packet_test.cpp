// The packets that open a connection.
#include <gtest/gtest.h>

#include <string>

#include "wire/framing.hpp"

namespace portcullis::wire {
namespace {

using namespace std::string_view_literals;

// Length and code before `rest`.
std::string packet(std::uint32_t code, std::string_view rest) {
  std::string bytes;
  for (const std::uint32_t value : {static_cast<std::uint32_t>(8 + rest.size()), code}) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((value >> shift) & 0xffu);
  }
  return bytes.append(rest);
}

base::SqlState refusal(std::string_view bytes) {
  const auto read = read_startup(bytes);
  EXPECT_FALSE(read.has_value());
  return read ? base::sqlstate::internal_error : read.error().code;
}

template <class Packet>
std::string encoded(const Packet& message) {
  std::string out;
  encode(out, message);
  return out;
}

TEST(StartupPacket, GivesItsParametersInTheOrderSent) {
  const StartupMessage sent{kProtocol32,
                            {{"user", "agent"}, {"database", ""}, {"_pq_.x", "1"}, {"options", "-c a=b"}}};
  const auto read = read_startup(encoded(sent));
  ASSERT_TRUE(read.has_value() && read->has_value());
  const auto* message = std::get_if<StartupMessage>(&(*read)->packet);
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(message->protocol, kProtocol32);
  EXPECT_EQ(message->parameters, sent.parameters);
}

TEST(StartupPacket, IsLaidOutAsInTheManual) {
  EXPECT_EQ(encoded(StartupMessage{kProtocol30, {{"user", "a"}}}), "\0\0\0\x10\0\3\0\0user\0a\0\0"sv);
  EXPECT_EQ(encoded(SslRequest{}), "\0\0\0\x08\x04\xd2\x16\x2f"sv);
  EXPECT_EQ(encoded(GssEncRequest{}), "\0\0\0\x08\x04\xd2\x16\x30"sv);
  EXPECT_EQ(encoded(CancelRequest{1, "abcd"}), "\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\1abcd"sv);
}

TEST(StartupPacket, LeavesWhatFollowsIt) {
  for (const std::string& bytes :
       {encoded(SslRequest{}), encoded(GssEncRequest{}), encoded(CancelRequest{1, "abcd"}),
        encoded(StartupMessage{kProtocol30, {{"user", "a"}}})}) {
    const auto read = read_startup(bytes + "more");
    ASSERT_TRUE(read.has_value() && read->has_value());
    EXPECT_EQ((*read)->consumed, bytes.size());
  }
}

TEST(StartupPacket, WaitsUntilItIsComplete) {
  for (const std::string& bytes :
       {encoded(SslRequest{}), encoded(CancelRequest{1, std::string(256, 'k')}),
        encoded(StartupMessage{kProtocol30, {{"user", "a"}, {"database", "b"}}})}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto read = read_startup(std::string_view(bytes).substr(0, size));
      ASSERT_TRUE(read.has_value()) << size;
      EXPECT_FALSE(read->has_value()) << size;
    }
  }
}

TEST(StartupPacket, IsRefusedByItsLengthAlone) {
  for (const auto length : {"\0\0\0\0"sv, "\0\0\0\3"sv, "\0\0\0\7"sv, "\0\0\x27\x11"sv, "\x7f\xff\xff\xff"sv,
                            "\xff\xff\xff\xff"sv, "GET "sv, "\x16\x03\x01\x02"sv}) {
    EXPECT_EQ(refusal(length), base::sqlstate::protocol_violation);
  }
  const auto largest = read_startup("\0\0\x27\x10"sv);
  ASSERT_TRUE(largest.has_value());
  EXPECT_FALSE(largest->has_value());
}

TEST(StartupPacket, OfAnotherMajorVersionIsNotSupported) {
  for (const std::uint32_t version : {0u, 131072u, 262144u, kGssEncRequestCode + 1, 0xffffffffu}) {
    EXPECT_EQ(refusal(packet(version, "user\0a\0\0"sv)), base::sqlstate::feature_not_supported) << version;
  }
  EXPECT_TRUE(read_startup(packet((3u << 16) | 9999, "user\0a\0\0"sv)).has_value());
}

TEST(StartupPacket, NeedsItsTerminators) {
  for (const auto rest : {""sv, "user"sv, "user\0"sv, "user\0a"sv, "user\0a\0"sv, "user\0a\0\0x"sv,
                          "user\0a\0\0\0"sv, "\0user\0a\0\0"sv}) {
    EXPECT_EQ(refusal(packet(kProtocol30, rest)), base::sqlstate::protocol_violation);
  }
}

TEST(StartupPacket, MayHaveNoParameters) {
  EXPECT_TRUE(read_startup(packet(kProtocol30, "\0"sv)).has_value());
}

TEST(StartupPacket, RefusesAParameterGivenTwice) {
  EXPECT_EQ(refusal(packet(kProtocol30, "user\0a\0user\0a\0\0"sv)), base::sqlstate::protocol_violation);
  EXPECT_EQ(refusal(packet(kProtocol30, "user\0a\0x\0y\0USER\0b\0\0"sv)), base::sqlstate::protocol_violation);
}

TEST(StartupPacket, RefusesRequestsWithAPayload) {
  EXPECT_EQ(refusal(packet(kSslRequestCode, "x")), base::sqlstate::protocol_violation);
  EXPECT_EQ(refusal(packet(kGssEncRequestCode, "\0"sv)), base::sqlstate::protocol_violation);
}

TEST(CancelRequest, HasAKeyOfFourTo256Bytes) {
  for (const std::size_t size : {4u, 32u, 256u}) {
    const auto read = read_startup(encoded(CancelRequest{7, std::string(size, '\0')}));
    ASSERT_TRUE(read.has_value() && read->has_value()) << size;
    const auto* request = std::get_if<CancelRequest>(&(*read)->packet);
    ASSERT_NE(request, nullptr);
    EXPECT_EQ(request->process_id, 7u);
    EXPECT_EQ(request->secret_key, std::string(size, '\0'));
  }
  for (const std::size_t size : {0u, 3u, 257u, 9000u}) {
    EXPECT_EQ(refusal(encoded(CancelRequest{7, std::string(size, 'k')})), base::sqlstate::protocol_violation)
        << size;
  }
  EXPECT_EQ(refusal(packet(kCancelRequestCode, "")), base::sqlstate::protocol_violation);
  EXPECT_EQ(refusal(packet(kCancelRequestCode, "ab")), base::sqlstate::protocol_violation);
}

TEST(StartupPacket, CannotBeWrittenAsAnotherThanWasMeant) {
  std::string out = "before";
  EXPECT_THROW(encode(out, StartupMessage{kProtocol30, {{"", "x"}}}), std::logic_error);
  EXPECT_THROW(encode(out, StartupMessage{kProtocol30, {{"user", "a"}, {"x", std::string("a\0b", 3)}}}),
               std::logic_error);
  EXPECT_EQ(out, "before");
}

TEST(StartupPacket, WithAByteChangedIsRefusedOrReadFaithfully) {
  const std::string sent = encoded(StartupMessage{kProtocol30, {{"user", "agent"}, {"database", "d"}}});
  for (std::size_t at = 0; at < sent.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string bytes = sent;
      bytes[at] = static_cast<char>(value);
      const auto read = read_startup(bytes);
      if (!read || !*read) continue;
      const auto* message = std::get_if<StartupMessage>(&(*read)->packet);
      if (message == nullptr) continue;
      EXPECT_EQ(encoded(*message), bytes.substr(0, (*read)->consumed));
    }
  }
}

}  // namespace
}  // namespace portcullis::wire
