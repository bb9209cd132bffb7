// Cuts a byte stream into messages. The length of a message is checked before a byte of its body is waited
// for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "portcullis/base/result.hpp"
#include "portcullis/wire/messages.hpp"

namespace portcullis::wire {

// A message with a type byte: one byte type, four bytes length (itself included, the type not), then the
// body.
struct FrameHeader {
  char type = 0;
  std::uint32_t body_size = 0;  // bytes behind the length field
  [[nodiscard]] std::size_t frame_size() const noexcept { return std::size_t{5} + body_size; }
};

// What PostgreSQL's server accepts from a client (libpq.h, pqcomm.h, auth.c; tcop/postgres.c says which type
// has which).
inline constexpr std::uint32_t kMaxLargeBody = 0x3ffffffe - 4;  // Query, Parse, Bind, CopyData, FunctionCall
inline constexpr std::uint32_t kMaxSmallBody = 10000 - 4;       // everything else from a client
inline constexpr std::uint32_t kMaxStartupPacket = 10000;       // with its length field
inline constexpr std::uint32_t kMaxAuthToken = 65535;  // 'p' during authentication, with its length field
// What a server can build (stringinfo.c), and what libpq accepts of the types that are short by nature
// (fe-protocol3.c, VALID_LONG_MESSAGE_TYPE).
inline constexpr std::uint32_t kMaxBackendBody = 0x3fffffff;
inline constexpr std::uint32_t kMaxShortBackendBody = 30000 - 4;

// The header at the start of `bytes`; nothing while fewer than 5 bytes are there.
// 08P01 for a type that a client cannot send, a length below 4, or a length above the type's bound.
[[nodiscard]] base::Result<std::optional<FrameHeader>> peek_frontend(std::string_view bytes);
// The same for what a server sends; every type of backend_type is known.
[[nodiscard]] base::Result<std::optional<FrameHeader>> peek_backend(std::string_view bytes);

// The first packet of a connection, or of a connection whose SSLRequest or GSSENCRequest was answered.
using StartupPacket = std::variant<StartupMessage, SslRequest, GssEncRequest, CancelRequest>;
struct StartupFrame {
  StartupPacket packet;
  std::size_t consumed = 0;  // bytes of the packet; what follows belongs to the next
};
// Nothing while the packet is not complete. 08P01 for a length below 8 or above kMaxStartupPacket (seen
// before the body is waited for), malformed or duplicate parameters (by name, in any case of letters:
// PostgreSQL's settings have none), or a trailing byte; 0A000 for a major version other than 3.
[[nodiscard]] base::Result<std::optional<StartupFrame>> read_startup(std::string_view bytes);

}  // namespace portcullis::wire
