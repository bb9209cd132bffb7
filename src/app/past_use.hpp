// What agents had used up of their limits before this start, so that a restart gives nobody a new day.
#pragma once

#include <chrono>
#include <filesystem>

#include "base/clock.hpp"
#include "guard/rate_limiter.hpp"
#include "portcullis/base/result.hpp"
#include "portcullis/policy/policy_set.hpp"

namespace portcullis::app {

// How far back the policy's limits count.
[[nodiscard]] std::chrono::seconds longest_window(const policy::PolicySet& policy);

// Reads the log as far back as the longest window of the policy's limits goes and tells `limits` of it. Not
// for windows under an hour, which are over before a gate has started again. Of a text with several
// statements the log does not say which of them is DDL: as many count as may. 58030 when the log
// cannot be read.
[[nodiscard]] base::Result<void> remember_past_use(const std::filesystem::path& log,
                                                   const policy::PolicySet& policy, const base::Clock& clock,
                                                   guard::RateLimiter& limits);

}  // namespace portcullis::app
