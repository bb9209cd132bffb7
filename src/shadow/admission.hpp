// Which statements may run in a shadow at all.
#pragma once

#include <optional>

#include "portcullis/base/error.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::shadow {

// Nothing: it may be tried out. 0A000 says why not: it would leave its transaction, change who runs what
// comes behind it, reach outside the database, or is code that nobody sees into.
[[nodiscard]] std::optional<base::Error> not_to_be_tried_out(const sql::StatementFacts& statement);
// Of a text, which must be one statement.
[[nodiscard]] std::optional<base::Error> not_to_be_tried_out(const sql::Facts& facts);

// PostgreSQL refuses it within a transaction block, whatever the catalog holds (25001): it must be sent as it
// is, with no BEGIN, no SET LOCAL and nothing else around it.
[[nodiscard]] inline bool runs_outside_transactions(const sql::StatementFacts& statement) noexcept {
  return statement.outside_transactions == sql::OutsideTransactions::always;
}
// The same, or it hangs on what the catalog holds, as REINDEX of a table that may be partitioned: within a
// block it may get 25001 that it would not get without.
[[nodiscard]] inline bool may_run_outside_transactions(const sql::StatementFacts& statement) noexcept {
  return statement.outside_transactions != sql::OutsideTransactions::never;
}

}  // namespace portcullis::shadow
