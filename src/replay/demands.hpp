// What a policy asks of a statement beside its rules on the effects: limits, and what must be measured
// before.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/limits.hpp"
#include "portcullis/policy/dry_run_duty.hpp"
#include "portcullis/policy/policy_set.hpp"
#include "replay/past_decision.hpp"

namespace portcullis::replay {

struct Demands {
  std::optional<policy::RowLimit> rows;
  policy::ResultLimits results;                             // of all its statements the strictest
  policy::DryRunDuty dry_run;                               // likewise
  std::vector<std::pair<std::string, policy::Rate>> rates;  // of rules
};

[[nodiscard]] Demands demands_of(const policy::PolicySet& policy, const PastDecision& past);

// Whether a limit of that name was in force when it was decided.
[[nodiscard]] bool was_limited(const PastDecision& past, std::string_view name);

// The rules that limit what it gives back, takes or changes more strictly than it was: they may stop it.
[[nodiscard]] std::vector<std::string> stricter(const Demands& now, const Demands& then);

// Null where the policy does not name the agent.
[[nodiscard]] const policy::AgentLimits* limits_of(const policy::PolicySet& policy, std::string_view agent);

// What is known by a catalog and by a record.
[[nodiscard]] policy::Bound united(policy::Bound catalog, const policy::Bound& record);

}  // namespace portcullis::replay
