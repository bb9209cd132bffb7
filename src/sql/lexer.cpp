#include "sql/lexer.hpp"

#include <algorithm>

namespace portcullis::sql {
namespace {

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}
constexpr bool is_line_end(char c) {
  return c == '\n' || c == '\r';
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
constexpr bool is_tag_part(char c) {
  return is_name_start(c) || is_digit(c);
}
constexpr bool is_name_part(char c) {
  return is_tag_part(c) || c == '$';
}

}  // namespace

char Lexer::at(std::size_t offset) const noexcept {
  return position_ + offset < text_.size() ? text_[position_ + offset] : '\0';
}

Lexeme Lexer::take(LexemeKind kind, std::size_t length) noexcept {
  const Lexeme lexeme{kind, text_.substr(position_, length)};
  position_ += lexeme.text.size();
  return lexeme;
}

Lexeme Lexer::next() noexcept {
  if (position_ >= text_.size()) return {};
  const char c = at(0);
  if (is_space(c)) return space();
  if (c == '-' && at(1) == '-') return line_comment();
  if (c == '/' && at(1) == '*') return block_comment();
  if (c == '\'') {
    const bool continues = before_ != Quote::none && line_end_since_;
    return string(0, continues ? before_ : Quote::standard);
  }
  before_ = Quote::none;
  if (c == '"') return quoted_name();
  if (c == '$') return dollar();
  if (is_name_start(c)) return word();
  if (!is_digit(c)) return take(LexemeKind::symbol, 1);
  std::size_t length = 1;
  while (is_digit(at(length)) || at(length) == '.') ++length;
  return take(LexemeKind::number, length);
}

Lexeme Lexer::space() noexcept {
  std::size_t length = 0;
  for (; position_ + length < text_.size() && is_space(at(length)); ++length) {
    line_end_since_ = line_end_since_ || is_line_end(at(length));
  }
  return take(LexemeKind::space, length);
}

Lexeme Lexer::line_comment() noexcept {
  const std::size_t end = text_.find_first_of("\n\r", position_);
  return take(LexemeKind::line_comment, std::min(end, text_.size()) - position_);
}

Lexeme Lexer::block_comment() noexcept {
  before_ = Quote::none;  // a block comment ends the chance to continue a string
  std::size_t depth = 1, deepest = 1, length = 2;
  while (depth > 0 && position_ + length < text_.size()) {
    if (at(length) == '/' && at(length + 1) == '*') {
      deepest = std::max(deepest, ++depth);
      length += 2;
    } else if (at(length) == '*' && at(length + 1) == '/') {
      --depth;
      length += 2;
    } else {
      ++length;
    }
  }
  Lexeme lexeme = take(LexemeKind::block_comment, length);
  lexeme.nesting = deepest;
  lexeme.terminated = depth == 0;
  return lexeme;
}

Lexeme Lexer::string(std::size_t prefix, Quote quote) noexcept {
  std::size_t length = prefix + 1;
  bool terminated = false;
  while (!terminated && position_ + length < text_.size()) {
    const char c = at(length++);
    if (c == '\\' && quote == Quote::escape) {
      ++length;
    } else if (c == '\'' && at(length) == '\'') {
      ++length;
    } else {
      terminated = c == '\'';
    }
  }
  before_ = quote;
  line_end_since_ = false;
  Lexeme lexeme = take(LexemeKind::string, length);
  lexeme.terminated = terminated;
  return lexeme;
}

Lexeme Lexer::quoted_name() noexcept {
  std::size_t length = 1;
  bool terminated = false;
  while (!terminated && position_ + length < text_.size()) {
    if (at(length++) != '"') continue;
    terminated = at(length) != '"';
    if (!terminated) ++length;
  }
  Lexeme lexeme = take(LexemeKind::quoted_name, length);
  lexeme.terminated = terminated;
  return lexeme;
}

Lexeme Lexer::word() noexcept {
  std::size_t length = 1;
  while (position_ + length < text_.size() && is_name_part(at(length))) ++length;
  if (length == 1 && at(1) == '\'') {
    const char c = at(0);
    if (c == 'e' || c == 'E') return string(1, Quote::escape);
    // Bit strings and N'...' too end at the first quote that is not doubled.
    if (c == 'b' || c == 'B' || c == 'x' || c == 'X' || c == 'n' || c == 'N')
      return string(1, Quote::standard);
  }
  return take(LexemeKind::word, length);
}

// $1, $tag$...$tag$ or a lone dollar sign.
Lexeme Lexer::dollar() noexcept {
  std::size_t length = 1;
  if (is_digit(at(1))) {
    while (is_digit(at(length))) ++length;
    return take(LexemeKind::number, length);
  }
  if (is_name_start(at(1))) {
    while (position_ + length < text_.size() && is_tag_part(at(length))) ++length;
  }
  if (at(length) != '$') return take(LexemeKind::symbol, 1);
  const std::string_view tag = text_.substr(position_, length + 1);
  const std::size_t end = text_.find(tag, position_ + tag.size());
  if (end != std::string_view::npos) return take(LexemeKind::string, end + tag.size() - position_);
  Lexeme lexeme = take(LexemeKind::string, text_.size() - position_);
  lexeme.terminated = false;
  return lexeme;
}

}  // namespace portcullis::sql
