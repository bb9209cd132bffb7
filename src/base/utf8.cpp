#include "base/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace portcullis::base {
namespace {

// Length of the well-formed sequence at the start of `rest`, or 0: the table of RFC 3629, section 4.
std::size_t sequence_length(std::string_view rest) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const auto in = [&](std::size_t i, unsigned low, unsigned high) {
    return i < rest.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  if (lead >= 0x01 && lead <= 0x7f) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return in(1, 0x80, 0xbf) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool second = in(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
    return second && in(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool second = in(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
    return second && in(2, 0x80, 0xbf) && in(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

// How many bytes of `text`, from `at` on and eight at once, are ASCII other than zero.
std::size_t ascii_run(std::string_view text, std::size_t at) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
  const std::size_t begin = at;
  for (; text.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + at, sizeof(eight));
    // A high bit is set where a byte has one, or was zero.
    if ((((eight - ones) | eight) & highs) != 0) break;
  }
  return at - begin;
}

}  // namespace

std::size_t valid_utf8_prefix(std::string_view text) noexcept {
  std::size_t at = ascii_run(text, 0);
  while (at < text.size()) {
    const std::size_t length = sequence_length(text.substr(at));
    if (length == 0) return at;
    at += length;
    if (length > 1) at += ascii_run(text, at);
  }
  return at;
}

std::string_view utf8_beginning(std::string_view text, std::size_t most) noexcept {
  if (text.size() <= most) return text;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u; };
  std::size_t end = most;
  while (end > 0 && most - end < 3 && continues(text[end])) --end;
  return text.substr(0, continues(text[end]) ? most : end);
}

std::size_t character_position(std::string_view text, std::size_t byte_offset) noexcept {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(byte_offset, text.size()));
  const auto continuation = [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u; };
  return 1 +
         static_cast<std::size_t>(std::count_if(text.begin(), end, [&](char c) { return !continuation(c); }));
}

}  // namespace portcullis::base
