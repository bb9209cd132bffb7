#include "sql/complexity_guard.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "base/utf8.hpp"
#include "portcullis/base/error.hpp"
#include "sql/lexer.hpp"

namespace portcullis::sql {
namespace {

using base::Error;
namespace sqlstate = base::sqlstate;

std::string over(std::string_view what, std::size_t limit, std::string_view advice) {
  return std::string(what) + " (the limit is " + std::to_string(limit) + "); " + std::string(advice);
}

bool equals_lower(std::string_view word, std::string_view lower) {
  return std::equal(word.begin(), word.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

// Counts tokens as often as the parse tree will hold them. In UPDATE ... SET (a, b, c) = (source) the tree
// repeats the source for each column, so a text of n bytes could make a tree of n * n, or of 2 ^ n with such
// statements in the source: a token there weighs as many times as there are columns, over all levels.
class TokenBudget {
 public:
  explicit TokenBudget(const AnalysisLimits& limits) : limits_(limits) {}

  // Nothing, or why the text is too complex.
  std::optional<Error> add(const Lexeme& token);

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
  std::size_t statements_ = 0;
  bool statement_open_ = false;
  bool behind_set_or_comma_ = false;
  std::uint64_t closed_targets_ = 0;  // how many, when the last token closed such a bracket
};

std::uint64_t saturating_product(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  return std::min(a, kMost) * std::min(b, kMost) > kMost ? kMost : a * b;
}

std::optional<Error> TokenBudget::add(const Lexeme& token) {
  weight_ += saturating_product(levels_.back().weight, levels_.back().repeated);
  const std::uint64_t targets = std::exchange(closed_targets_, 0);
  const bool behind = std::exchange(behind_set_or_comma_, false);
  const char c = token.kind == LexemeKind::symbol ? token.text[0] : '\0';
  if (c != ';' && !statement_open_) {
    statement_open_ = true;
    ++statements_;
  }
  if (c == '=' && targets > 1) levels_.back().repeated = targets;
  if (c != '\0') symbol(c);
  if (c == '(') levels_.back().may_be_targets = behind;
  if (token.kind == LexemeKind::word) word(token.text);
  if (weight_ > limits_.tokens) {
    return Error{sqlstate::statement_too_complex,
                 over("the text has too many tokens", limits_.tokens, "split it into smaller statements")};
  }
  if (levels_.size() - 1 > limits_.bracket_nesting) {
    return Error{sqlstate::statement_too_complex, over("brackets or CASE are nested too deeply",
                                                       limits_.bracket_nesting, "write a flatter statement")};
  }
  if (statements_ > limits_.statements) {
    return Error{
        sqlstate::program_limit_exceeded,
        over("the text has too many statements", limits_.statements, "send fewer statements at a time")};
  }
  return std::nullopt;
}

void TokenBudget::symbol(char c) {
  if (c == '(' || c == '[') open(c);
  if (c == ')' || c == ']') close();
  if (c == ',' || c == ';') separate(c);
}

void TokenBudget::word(std::string_view text) {
  if (equals_lower(text, "case")) open('c');
  if (equals_lower(text, "end") && levels_.back().opener == 'c') levels_.pop_back();
  behind_set_or_comma_ = equals_lower(text, "set");
}

void TokenBudget::open(char opener) {
  const Level& outer = levels_.back();
  levels_.push_back({.opener = opener, .weight = saturating_product(outer.weight, outer.repeated)});
}

void TokenBudget::close() {
  while (levels_.back().opener == 'c') levels_.pop_back();
  if (levels_.size() == 1) return;
  if (levels_.back().may_be_targets) closed_targets_ = levels_.back().items;
  levels_.pop_back();
}

void TokenBudget::separate(char separator) {
  if (separator == ';') {
    while (levels_.back().opener == 'c') levels_.pop_back();
    statement_open_ = statement_open_ && levels_.size() > 1;
  }
  levels_.back().repeated = 1;
  ++levels_.back().items;
  behind_set_or_comma_ = separator == ',';
}

// Makes the comments of one gap between tokens blank.
void blank_gap(std::string& text, const std::vector<ByteRange>& gap, std::size_t begin, std::size_t end,
               bool has_block_comment) {
  const auto blank = [&](std::size_t from, std::size_t to) {
    std::fill(text.begin() + static_cast<std::ptrdiff_t>(from),
              text.begin() + static_cast<std::ptrdiff_t>(to), ' ');
  };
  if (has_block_comment) return blank(begin, end);
  for (const ByteRange& comment : gap) blank(comment.begin, comment.end);
}

Error bad_encoding(std::string_view text, std::size_t valid) {
  const bool zero = text[valid] == '\0';
  return {sqlstate::character_not_in_repertoire,
          "the text is not valid UTF-8: " + std::string(zero ? "a zero byte" : "an invalid sequence") +
              " at byte " + std::to_string(valid + 1) + "; send UTF-8 without zero bytes"};
}

}  // namespace

base::Result<GuardedText> guard_complexity(std::string_view text, const AnalysisLimits& limits) {
  if (text.size() > limits.bytes) {
    return Error{sqlstate::program_limit_exceeded,
                 over("the text is too long: " + std::to_string(text.size()) + " bytes", limits.bytes,
                      "split it into smaller statements, or use COPY for bulk data")};
  }
  if (const std::size_t valid = base::valid_utf8_prefix(text); valid != text.size()) {
    return bad_encoding(text, valid);
  }
  GuardedText guarded{std::string(text), {}};
  TokenBudget budget(limits);
  std::vector<ByteRange> gap;
  std::size_t gap_begin = 0;
  bool gap_has_block_comment = false;
  Lexer lexer(text);
  for (std::size_t position = 0;;) {
    const Lexeme lexeme = lexer.next();
    const ByteRange range{position, position + lexeme.text.size()};
    position = range.end;
    const bool block = lexeme.kind == LexemeKind::block_comment;
    if (lexeme.nesting > limits.comment_nesting) {
      return Error{sqlstate::statement_too_complex,
                   over("comments are nested too deeply", limits.comment_nesting, "write flatter comments")};
    }
    if (lexeme.kind == LexemeKind::space) continue;
    if (block || lexeme.kind == LexemeKind::line_comment) {
      if (!lexeme.terminated) break;  // left as it is: the grammar says what is wrong
      gap.push_back(range);
      gap_has_block_comment = gap_has_block_comment || block;
      continue;
    }
    blank_gap(guarded.text, gap, gap_begin, range.begin, gap_has_block_comment);
    guarded.comments.insert(guarded.comments.end(), gap.begin(), gap.end());
    if (lexeme.kind == LexemeKind::end) break;
    gap.clear();
    gap_begin = range.end;
    gap_has_block_comment = false;
    if (auto error = budget.add(lexeme)) return *std::move(error);
  }
  return guarded;
}

}  // namespace portcullis::sql
