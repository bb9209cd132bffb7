// What a dry run has shown, held against what a policy bears of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "portcullis/base/error.hpp"
#include "portcullis/policy/dry_run_duty.hpp"
#include "shadow/report.hpp"

namespace portcullis::guard {

// 42501: 'portcullis: denied by "additive": it was not tried out: WHY.'
[[nodiscard]] base::Error not_tried_out(const policy::DryRunDuty& duty, const std::string& why);
// 42501: what it locks must be seen while it runs, and cannot be.
[[nodiscard]] base::Error locks_not_seen(const std::string& rule, const std::string& subject,
                                         const std::string& why);
// 55P03, of what was sent `attempts` times and never had its locks within `timeout`. `in_block`: it has
// failed the client's transaction. `is_outdated`: what it was judged by is another by now.
[[nodiscard]] base::Error locks_not_free(const policy::AtMost<std::chrono::milliseconds>& timeout,
                                         const std::string& subject, std::uint32_t attempts, bool in_block,
                                         bool is_outdated);
// The same for an error: 57P03 stays, for then it helps to try again.
[[nodiscard]] base::Error not_tried_out(const policy::DryRunDuty& duty, const base::Error& why);
// Why a statement that comes under `duty` is refused by its dry run; nothing where it may go on. What would
// fail is refused in the database's own words, with its SQLSTATE.
[[nodiscard]] std::optional<base::Error> dry_run_refusal(const policy::DryRunDuty& duty,
                                                         const shadow::StatementReport& statement,
                                                         const shadow::Report& report);

}  // namespace portcullis::guard
