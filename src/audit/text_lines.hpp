// Small files of text that say one thing, a line each: "WORD VALUE". What orders and requests have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/seal_classes.hpp"

namespace portcullis::audit {

inline constexpr std::size_t kMaxSaidText = 500;  // bytes of what a person says

// Appends the line.
void add_line(std::string& out, std::string_view word, std::string_view value);

// What is before the first `mark`, which is cut off with it; all of the text where there is none.
[[nodiscard]] std::string_view cut(std::string_view& text, char mark);
// Cuts off the first line: nothing, and nothing is cut off, unless it begins with the word and a space.
[[nodiscard]] std::optional<std::string_view> value_of(std::string_view& text, std::string_view word);

// Decimal, without leading zeros, below 2^53.
[[nodiscard]] std::optional<std::uint64_t> read_number(std::string_view digits);
// "parameters said": at least one, once each, in this order.
[[nodiscard]] std::optional<SealClassSet> read_classes(std::string_view text);
// SHA-256 in lower-case hexadecimal digits.
[[nodiscard]] bool is_hash(std::string_view text);
// UTF-8 of 1 to kMaxSaidText bytes without control characters, and without a space at either end.
[[nodiscard]] bool is_said_text(std::string_view text);
// Whether there are control characters besides line feeds.
[[nodiscard]] bool has_control_characters(std::string_view bytes);

}  // namespace portcullis::audit
