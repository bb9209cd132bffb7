// PostgreSQL's lexical structure (manual, chapter "Lexical Structure"; scan.l), as far as it decides where
// comments, strings and names begin and end. Reads as a server does with standard_conforming_strings = on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace portcullis::sql {

enum class LexemeKind : std::uint8_t {
  space,
  line_comment,   // -- up to, but not including, the end of the line
  block_comment,  // /* ... */, nested ones inside it
  string,         // '...', E'...', $tag$...$tag$; each segment of a continued string is one
  quoted_name,    // "..."
  word,           // a key word or an unquoted name
  number,
  symbol,  // one byte of an operator or punctuation, or one that PostgreSQL does not know
  end,
};

struct Lexeme {
  LexemeKind kind = LexemeKind::end;
  std::string_view text;
  std::size_t nesting = 0;  // of a block comment: how deep
  bool terminated = true;   // false: the text ended inside it
};

// Each byte of the text is in exactly one lexeme, whatever the text is. Linear in time.
class Lexer {
 public:
  // The text must outlive the lexer.
  explicit Lexer(std::string_view text) noexcept : text_(text) {}
  [[nodiscard]] Lexeme next() noexcept;

 private:
  enum class Quote : std::uint8_t { none, standard, escape };

  Lexeme take(LexemeKind kind, std::size_t length) noexcept;
  Lexeme space() noexcept;
  Lexeme line_comment() noexcept;
  Lexeme block_comment() noexcept;
  Lexeme string(std::size_t prefix, Quote quote) noexcept;
  Lexeme quoted_name() noexcept;
  Lexeme word() noexcept;
  Lexeme dollar() noexcept;
  [[nodiscard]] char at(std::size_t offset) const noexcept;

  std::string_view text_;
  std::size_t position_ = 0;
  // How the string before was quoted, while what follows could still continue it: 'a' <line end> 'b' is one
  // string.
  Quote before_ = Quote::none;
  bool line_end_since_ = false;
};

}  // namespace portcullis::sql
