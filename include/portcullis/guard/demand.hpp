// What a message asks for, in the units that a policy limits by rate.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "portcullis/catalog/resolution.hpp"
#include "portcullis/policy/policy_set.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::guard {

struct Demand {
  // COMMIT and ROLLBACK are not among them: who has used up a limit must still let go of its locks.
  std::uint32_t statements = 0;
  std::uint32_t ddl =
      0;  // of these, the ones that log_statement = 'ddl' would log (PostgreSQL manual 20.8.3)
  std::vector<policy::RuleUse> rules;
  // By what failures of the same statement are known again. Nothing: it is not looked at, nor is a COMMIT or
  // ROLLBACK alone.
  std::optional<std::uint64_t> same;
  // How much each statement may give back, in the order of the facts; empty: as much as it likes.
  std::vector<policy::ResultLimits> results{};
};

// Whether an action, by its name in policies, makes a statement one of `ddl`.
[[nodiscard]] bool is_ddl(std::string_view action) noexcept;

// All but `same`, which is the caller's. `resolution` is that of `facts`; neither is judged here.
[[nodiscard]] Demand demand_of(const policy::PolicySet& policy, const sql::Facts& facts,
                               const catalog::Resolution& resolution, std::string_view agent);

}  // namespace portcullis::guard
