// What the rules of one agent say to one effect, before anything else is weighed.
#pragma once

#include <string>
#include <vector>

#include "policy/rules.hpp"
#include "portcullis/catalog/resolution.hpp"

namespace portcullis::policy {

// The first rule of each kind; null where there is none.
struct RuleMatch {
  const Rule* denies = nullptr;
  const Rule* asks = nullptr;
  const Rule* allows = nullptr;
  const Rule* lacks_where = nullptr;   // covers the effect and requires a WHERE that it lacks
  const Rule* lacks_reason = nullptr;  // likewise a reason
  const Rule* unmet = nullptr;         // its condition alone keeps it from covering
  std::string unmet_reason;
  // Allow and ask rules together name all that is touched, and so do those of them alone that write the
  // object's name out.
  bool covered = false, covered_by_name = false;
  // Not covered though rules name columns of the object: the touched columns that none of them names, or all,
  // and those that one does.
  std::vector<std::string> beyond;
  bool beyond_all = false;
  std::vector<std::string> opened;

  [[nodiscard]] const Rule* covering() const noexcept { return asks != nullptr ? asks : allows; }
};

// Of the statement that has the effect: whether it has a WHERE, and what the agent says about itself.
struct Surrounding {
  bool has_where = false;
  bool has_reason = false;
  double confidence = 0;
};
[[nodiscard]] RuleMatch match_rules(const PolicyData& policy, const std::vector<std::size_t>& rules,
                                    const catalog::ResolvedEffect& effect, const Surrounding& statement);

// Whether the rule has its say on the effect beside whatever else covers it: what its limits count by.
[[nodiscard]] bool comes_under(const PolicyData& policy, std::size_t rule,
                               const catalog::ResolvedEffect& effect);

// A function must be named: no star opens one.
[[nodiscard]] bool calls_function(const sql::Effect& effect) noexcept;

// A foreign table holds what a file or another server says: no star opens one either, and nothing that leads
// to it. Only a catalog can tell.
[[nodiscard]] bool is_outside(const catalog::ResolvedEffect& effect) noexcept;

}  // namespace portcullis::policy
