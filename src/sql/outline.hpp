// A statement's words and symbols, and which of them stand outside of all brackets: where its clauses begin.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sql/lexer.hpp"

namespace portcullis::sql {

// Of a text without comments, which must outlive it; up to its first semicolon.
class Outline {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  explicit Outline(std::string_view text) : text_(text) {
    Lexer lexer(text);
    std::size_t at = 0;
    int depth = 0;
    for (auto lexeme = lexer.next(); lexeme.kind != LexemeKind::end; lexeme = lexer.next()) {
      const bool closes = lexeme.text == ")" || lexeme.text == "]";
      if (closes) --depth;
      if (depth == 0 && lexeme.text == ";") break;
      if (lexeme.kind != LexemeKind::space)
        tokens_.push_back({lexeme.text, at, depth == 0, lexeme.kind == LexemeKind::word});
      if (lexeme.text == "(" || lexeme.text == "[") ++depth;
      at += lexeme.text.size();
    }
    end_ = tokens_.empty() ? 0 : tokens_.back().begin + tokens_.back().text.size();
  }

  [[nodiscard]] std::size_t size() const noexcept { return tokens_.size(); }
  [[nodiscard]] bool is(std::size_t at, std::string_view word) const {
    return at < tokens_.size() && is_word(tokens_[at], word);
  }
  [[nodiscard]] bool is_symbol(std::size_t at, std::string_view symbol) const {
    return at < tokens_.size() && tokens_[at].text == symbol;
  }
  [[nodiscard]] bool is_outer(std::size_t at) const { return at < tokens_.size() && tokens_[at].is_outer; }
  // The first from here on; a word behind a dot is a name.
  [[nodiscard]] std::size_t find(std::string_view word, std::size_t from) const {
    for (std::size_t at = from; at < tokens_.size(); ++at) {
      if (is_outer(at) && is(at, word) && (at == 0 || !is_symbol(at - 1, "."))) return at;
    }
    return kNone;
  }
  // Of the tokens from `from` on, before `to`.
  [[nodiscard]] std::string between(std::size_t from, std::size_t to) const {
    if (from >= std::min(to, tokens_.size())) return {};
    const std::size_t end = to < tokens_.size() ? tokens_[to].begin : end_;
    return std::string(text_.substr(tokens_[from].begin, end - tokens_[from].begin));
  }

 private:
  struct Token {
    std::string_view text;
    std::size_t begin = 0;
    bool is_outer = false;  // in no brackets
    bool is_word = false;
  };

  static bool is_word(const Token& token, std::string_view word) {
    return token.is_word && std::equal(word.begin(), word.end(), token.text.begin(), token.text.end(),
                                       [](char a, char b) { return a == (b | 0x20); });
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t end_ = 0;
};

}  // namespace portcullis::sql
