// Headers of messages with a type byte, bounded by type.
#include "wire/framing.hpp"

#include <string>

#include "base/encoding.hpp"
#include "wire/byte_reader.hpp"

namespace portcullis::wire {
namespace {

using Bound = std::optional<std::uint32_t>;  // nothing: not a type of that side
using BoundOf = Bound (*)(char type);

// SocketBackend() of tcop/postgres.c; 'p' from auth.c, as it comes only during authentication.
Bound frontend_bound(char type) {
  switch (type) {
    case frontend_type::query:
    case frontend_type::parse:
    case frontend_type::bind:
    case frontend_type::copy_data:
    case frontend_type::function_call: return kMaxLargeBody;
    case frontend_type::password: return kMaxAuthToken - 4;
    case frontend_type::close:
    case frontend_type::copy_done:
    case frontend_type::copy_fail:
    case frontend_type::describe:
    case frontend_type::execute:
    case frontend_type::flush:
    case frontend_type::sync:
    case frontend_type::terminate: return kMaxSmallBody;
  }
  return std::nullopt;
}

// libpq's own list of long types, and ParameterDescription: 65535 parameters are more than libpq reads, not
// more than other drivers do.
Bound backend_bound(char type) {
  switch (type) {
    case backend_type::copy_data:
    case backend_type::data_row:
    case backend_type::error_response:
    case backend_type::function_call_response:
    case backend_type::notice_response:
    case backend_type::notification_response:
    case backend_type::parameter_description:
    case backend_type::row_description: return kMaxBackendBody;
    case backend_type::authentication:
    case backend_type::backend_key_data:
    case backend_type::bind_complete:
    case backend_type::close_complete:
    case backend_type::command_complete:
    case backend_type::copy_done:
    case backend_type::copy_in_response:
    case backend_type::copy_out_response:
    case backend_type::copy_both_response:
    case backend_type::empty_query_response:
    case backend_type::negotiate_protocol_version:
    case backend_type::no_data:
    case backend_type::parameter_status:
    case backend_type::parse_complete:
    case backend_type::portal_suspended:
    case backend_type::ready_for_query: return kMaxShortBackendBody;
  }
  return std::nullopt;
}

std::string quoted_type(char type) {
  if (type > ' ' && type <= '~') return {'"', type, '"'};
  return "\"\\x" + base::to_hex({&type, 1}) + '"';
}

base::Error violation(std::string message) {
  return {.code = base::sqlstate::protocol_violation, .message = std::move(message)};
}

base::Result<std::optional<FrameHeader>> peek(std::string_view bytes, std::string_view side,
                                              BoundOf bound_of) {
  if (bytes.size() < 5) return std::optional<FrameHeader>{};
  ByteReader in{bytes};
  const char type = in.character();
  const std::uint32_t length = in.u32();
  const Bound bound = bound_of(type);
  if (!bound) {
    return violation("invalid " + std::string(side) + " message type " + quoted_type(type) +
                     ", check that both ends speak protocol 3");
  }
  if (length < 4 || length - 4 > *bound) {
    return violation("invalid length \"" + std::to_string(length) + "\" of a message of type " +
                     quoted_type(type) + ", which is from 4 to " + std::to_string(*bound + 4));
  }
  return std::optional<FrameHeader>{FrameHeader{.type = type, .body_size = length - 4}};
}

}  // namespace

base::Result<std::optional<FrameHeader>> peek_frontend(std::string_view bytes) {
  return peek(bytes, "frontend", frontend_bound);
}

base::Result<std::optional<FrameHeader>> peek_backend(std::string_view bytes) {
  return peek(bytes, "backend", backend_bound);
}

}  // namespace portcullis::wire
