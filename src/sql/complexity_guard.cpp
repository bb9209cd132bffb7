#include "sql/complexity_guard.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/utf8.hpp"
#include "portcullis/base/error.hpp"
#include "sql/lexer.hpp"
#include "sql/token_budget.hpp"

namespace portcullis::sql {
namespace {

using base::Error;
namespace sqlstate = base::sqlstate;

// The space and comments between two tokens.
class Gap {
 public:
  void add(const ByteRange& comment, bool is_block) {
    comments_.push_back(comment);
    has_block_ = has_block_ || is_block;
  }

  // Makes it blank up to the token that begins here.
  void close(std::size_t end, GuardedText& guarded) const {
    const auto blank = [&](std::size_t from, std::size_t to) {
      std::fill_n(guarded.text.begin() + static_cast<std::ptrdiff_t>(from), to - from, ' ');
    };
    if (has_block_) blank(begin_, end);
    for (const ByteRange& comment : comments_) blank(comment.begin, comment.end);
    guarded.comments.insert(guarded.comments.end(), comments_.begin(), comments_.end());
  }

  // The next one begins here.
  void open(std::size_t begin) {
    comments_.clear();
    begin_ = begin;
    has_block_ = false;
  }

 private:
  std::vector<ByteRange> comments_;
  std::size_t begin_ = 0;
  bool has_block_ = false;
};

Error bad_encoding(std::string_view text, std::size_t valid) {
  const bool zero = text[valid] == '\0';
  return {sqlstate::character_not_in_repertoire,
          "the text is not valid UTF-8: " + std::string(zero ? "a zero byte" : "an invalid sequence") +
              " at byte " + std::to_string(valid + 1) + "; send UTF-8 without zero bytes"};
}

std::optional<Error> check_bytes(std::string_view text, const AnalysisLimits& limits) {
  if (text.size() > limits.bytes) {
    return Error{sqlstate::program_limit_exceeded,
                 over_limit("the text is too long: " + std::to_string(text.size()) + " bytes", limits.bytes,
                            "split it into smaller statements, or use COPY for bulk data")};
  }
  const std::size_t valid = base::valid_utf8_prefix(text);
  if (valid != text.size()) return bad_encoding(text, valid);
  return std::nullopt;
}

}  // namespace

base::Result<GuardedText> guard_complexity(std::string_view text, const AnalysisLimits& limits) {
  if (auto error = check_bytes(text, limits)) return *std::move(error);
  GuardedText guarded{std::string(text), {}, 0};
  TokenBudget budget(limits);
  Gap gap;
  Lexer lexer(text);
  for (std::size_t position = 0;;) {
    const Lexeme lexeme = lexer.next();
    const ByteRange range{position, position + lexeme.text.size()};
    position = range.end;
    if (lexeme.nesting > limits.comment_nesting) {
      return Error{
          sqlstate::statement_too_complex,
          over_limit("comments are nested too deeply", limits.comment_nesting, "write flatter comments")};
    }
    if (lexeme.kind == LexemeKind::space) continue;
    const bool block = lexeme.kind == LexemeKind::block_comment;
    if (block && !lexeme.terminated) break;  // left as it is: the grammar says what is wrong
    if (block || lexeme.kind == LexemeKind::line_comment) {
      gap.add(range, block);
      continue;
    }
    gap.close(range.begin, guarded);
    if (lexeme.kind == LexemeKind::end) break;
    gap.open(range.end);
    if (auto error = budget.add(lexeme)) return *std::move(error);
  }
  guarded.tree_bytes = budget.tree_bytes();
  return guarded;
}

}  // namespace portcullis::sql
