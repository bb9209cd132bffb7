// Any JSON (RFC 8259), for what stands in a log and was not written by it: the configuration. Lines are read
// by json_line.hpp, which is quicker and takes less.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::audit {

struct JsonValue {
  enum class Kind : std::uint8_t { object, array, string, number, word } kind = Kind::word;
  std::string text{};  // of a string, decoded; of a number or a word (true, false, null), as written
  std::map<std::string, JsonValue, std::less<>> members{};  // of a key that stands twice the last
  std::vector<JsonValue> elements{};

  // Null where this is no object, or has none of the key.
  [[nodiscard]] const JsonValue* find(std::string_view key) const;
  // Of a number that is whole and from 0 to 2^53-1, without a point or an exponent.
  [[nodiscard]] std::optional<std::int64_t> count() const;
};

inline constexpr std::size_t kMostJsonLevels = 64;

// Nothing for anything else, and for what is nested deeper than kMostJsonLevels. What is written as \u0080 or
// above becomes U+FFFD, each half of a pair.
[[nodiscard]] std::optional<JsonValue> read_json(std::string_view text);

}  // namespace portcullis::audit
