#include "shadow/run_facts.hpp"

#include <utility>

namespace portcullis::shadow {

std::string_view kind_name(char relkind) noexcept {
  switch (relkind) {
    case 'r':
    case 'p': return "table";
    case 'i':
    case 'I': return "index";
    case 'v': return "view";
    case 'm': return "materialized view";
    case 'S': return "sequence";
    case 'c': return "type";
    default: return "relation";
  }
}

RunFacts facts_of_both(RunFacts with_rows, RunFacts rowless) {
  constexpr base::SqlState kForeignKey{"23503"};
  if (!rowless.failure) {
    rowless.on_made_up_rows = std::move(with_rows.failure);
    return rowless;
  }
  const auto code = rowless.failure->code;
  if (code == kForeignKey || code != with_rows.failure->code) with_rows.on_made_up_rows = with_rows.failure;
  return with_rows;
}

}  // namespace portcullis::shadow
