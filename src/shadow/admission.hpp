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

}  // namespace portcullis::shadow
