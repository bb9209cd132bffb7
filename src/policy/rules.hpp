// A policy in memory: what the loader fills in and the evaluation reads.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "policy/action_set.hpp"
#include "policy/function_entry.hpp"
#include "policy/limits.hpp"
#include "policy/object_pattern.hpp"
#include "portcullis/policy/policy_set.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

struct Protection {
  std::string id;
  std::vector<ObjectPattern> on;
  ActionSet except;
};

// What "when" says of the new column. An absent part is no condition.
struct ColumnCondition {
  std::set<sql::DefaultExpression> defaults;  // empty: any
  std::optional<bool> nullable;
  bool base_type = false;  // true: only those
};

struct Rule {
  std::string id;
  Outcome outcome = Outcome::deny;
  std::vector<std::string> words;  // the actions as written, for summaries
  ActionSet actions;
  std::vector<ObjectPattern> on;  // in the file's order; empty: whatever the actions are done to
  std::optional<ColumnCondition> when;
  // Matches an agent that is less sure than this, and then opens nothing: an ask rule with it holds what
  // other rules open.
  std::optional<double> confidence_below;
  bool requires_where = false, requires_reason = false;
  bool monitored = false;    // by its own "mode": it is as if it were not there, but for the record
  std::string reviewers;     // of an ask rule
  std::optional<Rate> rate;  // for each agent on its own
  ResultLimits results;      // of each statement
  std::optional<DryRunDuty> dry_run;
  std::optional<std::uint64_t> rows_affected;  // by one statement, whatever it brings about counted
  [[nodiscard]] bool opens() const noexcept { return outcome != Outcome::deny; }
};

struct PolicyData {
  std::string name;
  bool monitored = false;  // as a whole; then no rule says so of itself
  std::string bytes;
  std::string hash;
  std::vector<Agent> agents;
  std::vector<Protection> protections;
  std::vector<Rule> rules;
  std::map<std::string, std::vector<std::size_t>, std::less<>>
      rules_of;  // by agent: indices, in the file's order
  std::map<std::string, std::vector<std::size_t>, std::less<>> enforced_of;  // of these, the ones that hold
  std::vector<FunctionEntry> allowed_functions, denied_functions;
  std::set<std::string, std::less<>> allowed_settings;  // in lower case
  Limits limits;
  std::vector<PolicyTest> tests;
};

struct PolicySet::Rules : PolicyData {};

// Fills in all but bytes and hash, or reports every problem found, by line.
[[nodiscard]] std::optional<PolicyData> read_policy(std::string_view text, std::vector<Problem>& problems);

[[nodiscard]] Decision evaluate(const PolicyData& policy, const catalog::Resolution& resolution,
                                const Context& context, const Bound* bound);
[[nodiscard]] Bound bind(const PolicyData& policy, const catalog::Snapshot& snapshot, const Bound* earlier);
[[nodiscard]] Bound bind(const PolicyData& policy, const Known& known);
[[nodiscard]] std::string summarize_allowed(const PolicyData& policy, std::string_view agent,
                                            std::size_t limit);
[[nodiscard]] std::string nearest_allowed(const PolicyData& policy, std::string_view agent,
                                          const EffectDecision& refused);
[[nodiscard]] Explanation explain(const PolicyData& policy, std::string_view agent);
[[nodiscard]] std::vector<RuleUse> rule_uses(const PolicyData& policy, const sql::Facts& facts,
                                             const catalog::Resolution& resolution, std::string_view agent);
[[nodiscard]] std::vector<ResultLimits> result_limits(const PolicyData& policy, const sql::Facts& facts,
                                                      const catalog::Resolution& resolution,
                                                      std::string_view agent);
[[nodiscard]] std::vector<DryRunDuty> dry_run_duties(const PolicyData& policy, const sql::Facts& facts,
                                                     const catalog::Resolution& resolution,
                                                     std::string_view agent);

[[nodiscard]] std::optional<RowLimit> row_limit(const PolicyData& policy,
                                                const catalog::Resolution& resolution, std::string_view agent,
                                                std::optional<std::uint64_t> values_rows);
[[nodiscard]] std::optional<RowLimit> strictest_row_limit(const PolicyData& policy, std::string_view agent);

}  // namespace portcullis::policy
