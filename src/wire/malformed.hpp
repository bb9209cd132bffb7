// How a decoder ends: the message, or the one error for bytes that are not that message.
#pragma once

#include <string_view>
#include <utility>

#include "portcullis/base/result.hpp"
#include "wire/byte_reader.hpp"

namespace portcullis::wire {

// 08P01, `malformed "<message>" message: <what>, ...`. Nothing of the body is quoted: it may hold a password.
[[nodiscard]] base::Error malformed(std::string_view message, std::string_view what);

// What is wrong with a body that was read by `in`, or nothing to say: an empty view.
[[nodiscard]] std::string_view complaint(const ByteReader& in) noexcept;

// `value`, unless `in` ran out of bytes or has some left over.
template <class Message>
[[nodiscard]] base::Result<Message> finish(const ByteReader& in, std::string_view name, Message value) {
  if (const auto what = complaint(in); !what.empty()) return malformed(name, what);
  return base::Result<Message>{std::move(value)};
}

// For a message that has no fields.
template <class Message>
[[nodiscard]] base::Result<Message> decode_empty(std::string_view body, std::string_view name) {
  return finish(ByteReader{body}, name, Message{});
}

}  // namespace portcullis::wire
