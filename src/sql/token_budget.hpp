// How much of the parse tree a text will make, counted before anything parses it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/error.hpp"
#include "sql/analyze.hpp"
#include "sql/lexer.hpp"

namespace portcullis::sql {

// Counts tokens as often as the parse tree will hold them. In UPDATE ... SET (a, b, c) = (source) the tree
// repeats the source for each column, so a text of n bytes could make a tree of n * n, or of 2 ^ n with such
// statements in the source: a token there weighs as many times as there are columns, over all levels.
class TokenBudget {
 public:
  explicit TokenBudget(const AnalysisLimits& limits) : limits_(limits) {}

  // Nothing, or why the text is too complex.
  [[nodiscard]] std::optional<base::Error> add(const Lexeme& token);
  [[nodiscard]] std::uint64_t tree_bytes() const noexcept { return tree_bytes_; }

 private:
  struct Level {
    char opener = ';';            // ( [ or c for CASE; ; for the outermost
    std::uint64_t weight = 1;     // of the bracket itself
    std::uint64_t repeated = 1;   // of what follows in this level, until the next comma
    std::uint64_t items = 1;      // commas and one
    bool may_be_targets = false;  // opened behind SET or a comma
  };

  void open(char opener);
  void close();
  void separate(char separator);
  void symbol(char c);
  void word(std::string_view text);

  const AnalysisLimits& limits_;
  std::vector<Level> levels_{Level{}};
  std::uint64_t weight_ = 0;
  std::uint64_t tree_bytes_ = 0;
  std::size_t statements_ = 0;
  bool statement_open_ = false;
  bool behind_set_or_comma_ = false;
  std::uint64_t closed_targets_ = 0;  // how many, when the last token closed such a bracket
};

// "what (the limit is 5); advice".
[[nodiscard]] std::string over_limit(std::string_view what, std::uint64_t limit, std::string_view advice);

}  // namespace portcullis::sql
