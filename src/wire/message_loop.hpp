// How a sans-I/O machine that talks to a server takes its bytes: message by message, whole ones only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/framing.hpp"

namespace portcullis::wire {

// Gives each whole message to `on_message(type, body)` until it answers something else than Next::read, or
// more bytes are needed. What is no message, or has a longer body than `longest`, goes to `fail(error)`.
// `consumed` bytes were used and must not be given again.
template <class Next, class OnMessage, class Fail>
[[nodiscard]] Next each_message(std::string_view bytes, std::size_t& consumed, std::uint32_t longest,
                                const OnMessage& on_message, const Fail& fail) {
  consumed = 0;
  Next next = Next::read;
  while (next == Next::read) {
    const auto rest = bytes.substr(consumed);
    const auto header = peek_backend(rest);
    if (!header) return fail(header.error());
    if (!*header) return Next::read;
    if ((*header)->body_size > longest) {
      return fail(base::Error{base::sqlstate::protocol_violation,
                              "the server sent a message of " + std::to_string((*header)->body_size) +
                                  " bytes where at most " + std::to_string(longest) + " are read"});
    }
    if (rest.size() < (*header)->frame_size()) return Next::read;
    consumed += (*header)->frame_size();
    next = on_message((*header)->type, rest.substr(5, (*header)->body_size));
  }
  return next;
}

}  // namespace portcullis::wire
