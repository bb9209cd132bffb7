// Which statements the server plans, so that what they cost can be asked before they run.
#pragma once

#include "portcullis/sql/facts.hpp"

namespace portcullis::session {

// EXPLAIN takes it (manual, "EXPLAIN").
[[nodiscard]] bool has_plan(const sql::StatementFacts& statement);
// It runs none of what its rules are about, or what was planned before: PREPARE, FETCH, EXPLAIN without
// ANALYZE.
[[nodiscard]] bool runs_no_plan(const sql::StatementFacts& statement);

}  // namespace portcullis::session
