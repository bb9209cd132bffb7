// A policy's rules on one agent, turned round: not which objects a rule names, but which rules name an
// object.
#include <algorithm>
#include <array>
#include <charconv>

#include "policy/rules.hpp"

namespace portcullis::policy {
namespace {

using Permission = Explanation::Permission;

std::string_view word(sql::DefaultExpression expression) noexcept {
  switch (expression) {
    case sql::DefaultExpression::none: return "none";
    case sql::DefaultExpression::constant: return "constant";
    case sql::DefaultExpression::other: return "other";
  }
  return "other";
}

void add_conditions(const ColumnCondition& when, std::vector<std::string>& conditions) {
  std::string defaults;
  for (const auto expression : when.defaults)
    defaults += (defaults.empty() ? "default " : " or ") + std::string(word(expression));
  if (!defaults.empty()) conditions.push_back(defaults);
  if (when.nullable) conditions.emplace_back(*when.nullable ? "nullable" : "not nullable");
  if (when.base_type) conditions.emplace_back("base type");
}

std::string plain(double number) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return {digits.data(), end};
}

std::string bounds_of(const DryRunDuty& duty) {
  std::string text;
  if (duty.max_lock) text.append(", locks of ").append(name(duty.max_lock->most)).append(" at most");
  if (duty.no_rewrite) text += ", nothing written anew";
  if (duty.no_full_scan) text += ", no table read whole";
  if (duty.max_duration) text.append(", in ").append(name(duty.max_duration->most)).append(" at most");
  if (duty.lock_timeout && duty.lock_timeout->most != kDefaultLockTimeout)
    text.append(", waiting ").append(std::to_string(duty.lock_timeout->most.count())).append(" ms for locks");
  if (duty.target_rows)
    text += ", on " + std::to_string(duty.target_rows->most) + " of the database's own rows at most";
  if (duty.max_rows) text += ", " + std::to_string(duty.max_rows->most) + " rows changed at most";
  return text;
}

std::vector<std::string> conditions_of(const Rule& rule) {
  std::vector<std::string> conditions;
  if (rule.outcome == Outcome::ask) conditions.push_back("approved by " + rule.reviewers);
  if (rule.requires_where) conditions.emplace_back("with WHERE");
  if (rule.requires_reason) conditions.emplace_back("with a reason");
  if (rule.dry_run) conditions.push_back("tried out before" + bounds_of(*rule.dry_run));
  if (rule.when) add_conditions(*rule.when, conditions);
  if (rule.confidence_below) conditions.push_back("confidence below " + plain(*rule.confidence_below));
  if (rule.rate) conditions.push_back("at most " + rule.rate->text);
  const auto& results = rule.results;
  if (results.rows) conditions.push_back("at most " + std::to_string(results.rows->most) + " rows returned");
  if (results.bytes)
    conditions.push_back("at most " + std::to_string(results.bytes->most) + " bytes returned");
  if (results.time) conditions.push_back("for at most " + std::to_string(results.time->most) + " ms");
  if (results.cost) conditions.push_back("planned to cost at most " + std::to_string(results.cost->most));
  if (rule.rows_affected) {
    conditions.push_back("at most " + std::to_string(*rule.rows_affected) + " rows changed by a statement");
  }
  if (rule.monitored) conditions.emplace_back("monitored only");
  return conditions;
}

std::vector<Permission> permissions_of(const PolicyData& policy, const std::vector<std::size_t>& rules) {
  std::vector<Permission> permissions;
  for (const std::size_t index : rules) {
    const Rule& rule = policy.rules[index];
    const Permission permission{rule.outcome, {}, rule.words, rule.id, conditions_of(rule)};
    if (rule.on.empty()) permissions.push_back(permission);
    for (const auto& pattern : rule.on) permissions.emplace_back(permission).object = to_text(pattern);
  }
  return permissions;
}

// Those on one object together, at the place of the first.
std::vector<Permission> by_object(std::vector<Permission> permissions) {
  for (auto first = permissions.begin(); first != permissions.end();) {
    first = std::stable_partition(first, permissions.end(),
                                  [object = first->object](const auto& p) { return p.object == object; });
  }
  return permissions;
}

std::vector<std::string> words_of(const ActionSet& actions) {
  std::vector<std::string> words;
  for (const auto action : sql::all_actions()) {
    if (actions.contains(action)) words.emplace_back(sql::name(action));
  }
  return words;
}

template <class Items>
std::vector<std::string> texts_of(const Items& items) {
  std::vector<std::string> texts;
  for (const auto& item : items) texts.push_back(to_text(item));
  return texts;
}

}  // namespace

Explanation explain(const PolicyData& policy, std::string_view agent) {
  Explanation explanation;
  const auto rules = policy.rules_of.find(agent);
  if (rules == policy.rules_of.end()) return explanation;
  explanation.monitored = policy.monitored;
  explanation.permissions = by_object(permissions_of(policy, rules->second));
  for (const auto& protection : policy.protections) {
    explanation.protections.push_back({protection.id, texts_of(protection.on), words_of(protection.except)});
  }
  explanation.functions_allowed = texts_of(policy.allowed_functions);
  explanation.functions_denied = texts_of(policy.denied_functions);
  explanation.settings.assign(policy.allowed_settings.begin(), policy.allowed_settings.end());
  ActionSet opened;
  for (const std::size_t index : rules->second) {
    if (policy.rules[index].opens() && !policy.rules[index].monitored) opened |= policy.rules[index].actions;
  }
  for (const auto action : sql::all_actions()) {
    if (opened.contains(action)) explanation.opened.push_back(action);
  }
  return explanation;
}

}  // namespace portcullis::policy
