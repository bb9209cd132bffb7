#include "sql/token_budget.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace portcullis::sql {
namespace {

using base::Error;
namespace sqlstate = base::sqlstate;

// The most that a token adds to the tree's JSON text: nodes with the names of their fields, and its own bytes
// as \u0000 at worst. Measured: some 150 bytes; a test compares the sum with real trees.
constexpr std::uint64_t kTreeBytesPerToken = 400, kTreeBytesPerByte = 6;
// libpg_query ends the process when the text of a tree passes 1 GiB, outside of its error handling.
constexpr std::uint64_t kMostTreeBytes = std::uint64_t{256} << 20;

bool equals_lower(std::string_view word, std::string_view lower) {
  return std::equal(word.begin(), word.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

std::uint64_t saturating_product(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  return std::min(a, kMost) * std::min(b, kMost) > kMost ? kMost : a * b;
}

}  // namespace

std::string over_limit(std::string_view what, std::uint64_t limit, std::string_view advice) {
  return std::string(what) + " (the limit is " + std::to_string(limit) + "); " + std::string(advice);
}

std::optional<Error> TokenBudget::add(const Lexeme& token) {
  const std::uint64_t times = saturating_product(levels_.back().weight, levels_.back().repeated);
  weight_ += times;
  tree_bytes_ += saturating_product(times, kTreeBytesPerToken + kTreeBytesPerByte * token.text.size());
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
    return Error{sqlstate::statement_too_complex, over_limit("the text has too many tokens", limits_.tokens,
                                                             "split it into smaller statements")};
  }
  if (tree_bytes_ > kMostTreeBytes) {
    return Error{
        sqlstate::statement_too_complex,
        over_limit("the parse tree would be too large", kMostTreeBytes, "split it into smaller statements")};
  }
  if (levels_.size() - 1 > limits_.bracket_nesting) {
    return Error{sqlstate::statement_too_complex,
                 over_limit("brackets or CASE are nested too deeply", limits_.bracket_nesting,
                            "write a flatter statement")};
  }
  if (statements_ > limits_.statements) {
    return Error{sqlstate::program_limit_exceeded,
                 over_limit("the text has too many statements", limits_.statements,
                            "send fewer statements at a time")};
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

}  // namespace portcullis::sql
