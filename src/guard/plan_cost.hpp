// What PostgreSQL's planner expects a statement to cost, as EXPLAIN (FORMAT JSON) says it.
#pragma once

#include <string>
#include <string_view>

#include "portcullis/base/result.hpp"
#include "portcullis/policy/result_limits.hpp"

namespace portcullis::guard {

// The sum of "Total Cost" over the plans of all queries that the statement became by rules. An error for what
// is no such text, or has a query without a plan.
[[nodiscard]] base::Result<double> plan_cost(std::string_view explained);

// 42501: "portcullis: denied by "read": WHY (its limit "cost" is 1000)."
[[nodiscard]] base::Error cost_refusal(const policy::Ceiling& limit, const std::string& why);
// 54000: "portcullis: stopped by "read": planned to cost 53210, limit 1000; nothing was run. ..."
[[nodiscard]] base::Error too_costly(const policy::Ceiling& limit, double cost);

}  // namespace portcullis::guard
