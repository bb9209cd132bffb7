// Names and texts as SQL writes them, standard_conforming_strings being on. Manual 4.1.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace portcullis::shadow {

[[nodiscard]] inline std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) out.append(c == quote ? 2 : 1, c);
  return out += quote;
}
[[nodiscard]] inline std::string literal(std::string_view text) {
  return quoted(text, '\'');
}
// "500ms", as settings take times.
[[nodiscard]] inline std::string in_milliseconds(std::chrono::milliseconds time) {
  return std::to_string(time.count()) + "ms";
}
[[nodiscard]] inline std::string identifier(std::string_view name) {
  return quoted(name, '"');
}

[[nodiscard]] inline std::string qualified(std::string_view schema, std::string_view name) {
  return identifier(schema) + "." + identifier(name);
}

}  // namespace portcullis::shadow
