// What a dry run has shown, held against what a policy bears of it.
#pragma once

#include <optional>
#include <string>

#include "portcullis/base/error.hpp"
#include "portcullis/policy/dry_run_duty.hpp"
#include "shadow/report.hpp"

namespace portcullis::guard {

// 42501: 'portcullis: denied by "additive": it was not tried out: WHY.'
[[nodiscard]] base::Error not_tried_out(const policy::DryRunDuty& duty, const std::string& why);
// Why a statement that comes under `duty` is refused by its dry run; nothing where it may go on. What would
// fail is refused in the database's own words, with its SQLSTATE.
[[nodiscard]] std::optional<base::Error> dry_run_refusal(const policy::DryRunDuty& duty,
                                                         const shadow::StatementReport& statement,
                                                         const shadow::Report& report);

}  // namespace portcullis::guard
