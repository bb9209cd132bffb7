#include "audit/text_lines.hpp"

#include <algorithm>

#include "audit/format.hpp"
#include "audit/note_read.hpp"
#include "base/utf8.hpp"

namespace portcullis::audit {
namespace {

constexpr std::size_t kHashDigits = 64;

}  // namespace

void add_line(std::string& out, std::string_view word, std::string_view value) {
  out.append(word).append(" ").append(value) += '\n';
}

std::string_view cut(std::string_view& text, char mark) {
  const auto at = text.find(mark);
  const std::string_view before = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return before;
}

std::optional<std::string_view> value_of(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word) || !text.substr(word.size()).starts_with(' ')) return std::nullopt;
  return cut(text, '\n').substr(word.size() + 1);
}

std::optional<std::uint64_t> read_number(std::string_view digits) {
  const auto number = read_decimal(digits);
  return number && *number <= static_cast<std::uint64_t>(kMaxInteger) ? number : std::nullopt;
}

std::optional<SealClassSet> read_classes(std::string_view text) {
  SealClassSet classes;
  for (std::string_view rest = text; !rest.empty();) {
    const auto kind = seal_class(cut(rest, ' '));
    if (!kind) return std::nullopt;
    classes.add(*kind);
  }
  // Sorted, once each, one space between: there is one way to write them.
  if (classes.empty() || to_text(classes) != text) return std::nullopt;
  return classes;
}

bool is_hash(std::string_view text) {
  return text.size() == kHashDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_said_text(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; };
  return !text.empty() && text.size() <= kMaxSaidText && text.front() != ' ' && text.back() != ' ' &&
         std::none_of(text.begin(), text.end(), is_control) && base::is_valid_utf8(text);
}

bool has_control_characters(std::string_view bytes) {
  return std::any_of(bytes.begin(), bytes.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
}

}  // namespace portcullis::audit
