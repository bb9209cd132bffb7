// Strict UTF-8: what PostgreSQL accepts as UTF8 (RFC 3629: no overlong forms, no surrogates, nothing above
// U+10FFFF).
#pragma once

#include <cstddef>
#include <string_view>

namespace portcullis::base {

// The number of leading bytes that are valid; equal to text.size() when all of it is. A zero byte is not
// valid: PostgreSQL's text cannot hold one.
[[nodiscard]] std::size_t valid_utf8_prefix(std::string_view text) noexcept;
[[nodiscard]] inline bool is_valid_utf8(std::string_view text) noexcept {
  return valid_utf8_prefix(text) == text.size();
}
// At most `most` bytes of the text's beginning; of valid text they are valid, too.
[[nodiscard]] std::string_view utf8_beginning(std::string_view text, std::size_t most) noexcept;
// 1-based character position of a byte offset in valid text: what the protocol's error field 'P' counts.
[[nodiscard]] std::size_t character_position(std::string_view text, std::size_t byte_offset) noexcept;

}  // namespace portcullis::base
