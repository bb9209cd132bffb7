// Other ways to write a statement, none of which changes what it does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace portcullis::testing {

struct Variant {
  std::string_view how;  // "comments between tokens"
  std::string text;
};

// A line of statements.txt with nothing at its marks.
[[nodiscard]] std::string plain(std::string_view marked);
// Each has the effects of plain(marked), none more and none less.
[[nodiscard]] std::vector<Variant> same_statement(std::string_view marked);
// Statements around the statement: what decides it stays, though effects come beside it.
struct Wrapped {
  std::string_view how;
  std::string text;
};
// `kind` as in sql::StatementFacts.
[[nodiscard]] std::vector<Wrapped> wrapped(std::string_view marked, std::string_view kind);

}  // namespace portcullis::testing
