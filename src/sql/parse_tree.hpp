// libpg_query and the JSON text that it writes; nothing else in this program calls the library.
#pragma once

#include <string_view>
#include <vector>

#include "portcullis/base/result.hpp"
#include "sql/complexity_guard.hpp"
#include "sql/node.hpp"

namespace portcullis::sql {

// One statement of the text. `root` points into memory of the calling thread, which the next parse() there
// reuses.
struct ParsedStatement {
  Node root;
  std::size_t offset = 0;  // of the first byte that is neither space nor comment
  std::size_t length = 0;  // without the semicolon and what stands before it
};

// `original` is the text that `guarded` was made from. Every node is known to check_tree().
// Errors: 42601, 54001 and 0A000 as in analyze.hpp.
[[nodiscard]] base::Result<std::vector<ParsedStatement>> parse(std::string_view original,
                                                               const GuardedText& guarded,
                                                               const AnalysisLimits& limits);

// Where libpg_query's own lexer finds comments: a second opinion on complexity_guard's. Error 42601 where it
// finds no tokens at all. For texts that the guard has passed.
[[nodiscard]] base::Result<std::vector<ByteRange>> scan_comments(std::string_view text);

}  // namespace portcullis::sql
