// What stands between untrusted text and libpg_query: encoding, size and nesting, and comments made blank.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/result.hpp"
#include "sql/analyze.hpp"

namespace portcullis::sql {

struct ByteRange {
  std::size_t begin = 0, end = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

struct GuardedText {
  // The text with every byte of a comment a space, so that offsets stay. libpg_query's lexer returns comments
  // as tokens, which the grammar's look-ahead trips over: it cannot read `1 NOT /* c */ IN (1)`. The end of
  // the line behind a -- comment stays, for 'a' --c <line end> 'b' is one string; next to a block comment
  // none stays, for 'a' /*c*/ <line end> 'b' is two.
  std::string text;
  std::vector<ByteRange> comments;  // where they were, in the order of the text
  // What the parse tree can take as JSON text, at the most.
  std::size_t tree_bytes = 0;
};

// Linear in time and in memory. Errors: 22021, 54000 and 54001 as in analyze.hpp.
[[nodiscard]] base::Result<GuardedText> guard_complexity(std::string_view text, const AnalysisLimits& limits);

}  // namespace portcullis::sql
