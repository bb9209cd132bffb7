// Which statements the server plans, so that what they cost can be asked before they run.
#pragma once

#include <optional>

#include "portcullis/guard/verdict.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::session {

// EXPLAIN takes it (manual, "EXPLAIN").
[[nodiscard]] bool has_plan(const sql::StatementFacts& statement);
// The strictest limit on what a statement may be planned to cost; nothing where it is only observed.
[[nodiscard]] std::optional<policy::Ceiling> cost_limit(const guard::Verdict& verdict, bool observes);
// It runs none of what its rules are about, or what was planned before: PREPARE, FETCH, EXPLAIN without
// ANALYZE.
[[nodiscard]] bool runs_no_plan(const sql::StatementFacts& statement);

}  // namespace portcullis::session
