// Which limit on rows a text comes under: the strictest of all rules that have a say on what it writes.
#include <algorithm>
#include <array>

#include "base/holds.hpp"
#include "policy/builtins.hpp"
#include "policy/rule_match.hpp"
#include "policy/rules.hpp"
#include "policy/standing.hpp"

namespace portcullis::policy {
namespace {

using catalog::ResolvedEffect;
using sql::Action;

constexpr auto kWrites =
    std::to_array<Action>({Action::insert, Action::update, Action::delete_, Action::truncate,
                           Action::copy_from_stdin, Action::copy_from_file, Action::copy_from_program});
constexpr auto kRuns = std::to_array<Action>({Action::execute_function, Action::call, Action::do_});

// PostgreSQL's own functions that ship allowed write no rows; those that a policy opens beside them may run a
// query that they are given, and what a cursor was made for.
bool runs_unread_code(const ResolvedEffect& resolved) {
  const auto& effect = resolved.effect;
  if (!base::holds(kRuns, effect.action)) return false;
  if (effect.action != Action::execute_function || !is_own_function(resolved)) return true;
  const auto* listed = builtin_function(effect.object.schema, effect.object.name);
  return listed == nullptr ||
         (listed->decision != BuiltinDecision::allow && listed->decision != BuiltinDecision::object);
}

// The triggers that were put off until now.
bool runs_deferred(const ResolvedEffect& resolved) noexcept {
  return resolved.effect.action == Action::set_constraints;
}

bool is_table(const ResolvedEffect& resolved) noexcept {
  const bool is_known = resolved.oid != catalog::kNoOid && resolved.effect.kind == sql::ObjectKind::relation;
  return is_known && (resolved.relation_kind == catalog::RelationKind::table ||
                      resolved.relation_kind == catalog::RelationKind::partitioned_table);
}

// Each row that is written out becomes one of the target or of a partition of it, or changes one where there
// is a conflict. One row alone is worked out as a SELECT list is, where a function may return many.
bool is_one_for_one(const ResolvedEffect& resolved, bool is_alone) {
  const Action action = resolved.effect.action;
  if (action == Action::insert || action == Action::update) {
    return is_table(resolved) &&
           (resolved.via == catalog::Via::written || resolved.via == catalog::Via::inheritance);
  }
  if (action == Action::execute_function && is_alone && resolved.via == catalog::Via::written) return false;
  return !base::holds(kWrites, action) && !runs_unread_code(resolved) && !runs_deferred(resolved);
}

void tighten(std::optional<RowLimit>& limit, const Rule& rule) {
  if (!limit || *rule.rows_affected < limit->rows) limit = RowLimit{rule.id, *rule.rows_affected};
}

std::vector<std::size_t> limited_rules(const PolicyData& policy, std::string_view agent) {
  std::vector<std::size_t> limited;
  const auto rules = policy.enforced_of.find(agent);
  if (rules == policy.enforced_of.end()) return limited;
  std::copy_if(rules->second.begin(), rules->second.end(), std::back_inserter(limited),
               [&](std::size_t index) { return policy.rules[index].rows_affected.has_value(); });
  return limited;
}

}  // namespace

bool may_change_rows(Action action) noexcept {
  return base::holds(kWrites, action) || base::holds(kRuns, action);
}

bool may_change_rows(const ResolvedEffect& resolved) {
  return base::holds(kWrites, resolved.effect.action) || runs_unread_code(resolved) ||
         runs_deferred(resolved);
}

std::optional<RowLimit> row_limit(const PolicyData& policy, const catalog::Resolution& resolution,
                                  std::string_view agent, std::optional<std::uint64_t> values_rows) {
  std::optional<RowLimit> strictest;
  const auto limited = limited_rules(policy, agent);
  if (limited.empty()) return strictest;
  for (const auto& effect : resolution.effects) {
    const bool any = runs_unread_code(effect) || runs_deferred(effect);
    if (!any && !base::holds(kWrites, effect.effect.action)) continue;
    for (const std::size_t index : limited) {
      if (any || comes_under(policy, index, effect)) tighten(strictest, policy.rules[index]);
    }
  }
  if (!strictest || !values_rows || *values_rows > strictest->rows) return strictest;
  const bool is_known =
      std::all_of(resolution.effects.begin(), resolution.effects.end(),
                  [&](const ResolvedEffect& effect) { return is_one_for_one(effect, *values_rows == 1); });
  return is_known ? std::nullopt : strictest;
}

std::optional<RowLimit> strictest_row_limit(const PolicyData& policy, std::string_view agent) {
  std::optional<RowLimit> strictest;
  for (const std::size_t index : limited_rules(policy, agent)) tighten(strictest, policy.rules[index]);
  return strictest;
}

}  // namespace portcullis::policy
