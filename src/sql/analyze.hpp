// Text -> facts. The one door to libpg_query.
#pragma once

#include <cstddef>
#include <string_view>

#include "portcullis/base/result.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::sql {

struct AnalysisLimits {
  std::size_t bytes = 1u << 20;       // of the text
  std::size_t tokens = 250'000;       // libpg_query overflows the stack on long operator chains
  std::size_t statements = 100;       // in one text
  std::size_t comment_nesting = 32;   // deeper is quadratic in the lexer
  std::size_t bracket_nesting = 500;  // ( [ CASE
  std::size_t tree_depth = 2'000;     // levels of the parse tree as JSON
};

// The stack that a thread calling analyze() must have, for the limits above with a wide margin.
inline constexpr std::size_t kAnalysisStackBytes = std::size_t{64} << 20;

// Must be called once in each thread that will call analyze(), before it does. Threads that parse must be few
// and live as long as the process: each one takes one of about 1,024 pthread keys for good.
void prepare_parser_thread();

// Facts, or why the text is refused, before anything of it could be forwarded:
//   22021 not valid UTF-8, or a zero byte;  54000 too long or too many statements;  54001 too deep or too
//   complex; 42601 the grammar cannot read it (message: libpg_query's own, which is PostgreSQL 15's; position
//   set); 0A000 "not understood": a node, field or value of the tree that the analysis does not know.
// Pure: the same text and limits give the same answer. Never throws, never crashes the process for any bytes.
[[nodiscard]] base::Result<Facts> analyze(std::string_view text, const AnalysisLimits& limits = {});

// The version of the grammar, for messages: "15".
[[nodiscard]] std::string_view grammar_version() noexcept;

}  // namespace portcullis::sql
