#include "replay/demands.hpp"

#include <algorithm>

namespace portcullis::replay {
namespace {

// One statement with all that is written: of which statement an effect is, the record does not say.
sql::Facts facts_of(const PastDecision& past) {
  sql::Facts facts;
  auto& statement = facts.statements.emplace_back();
  for (const auto& resolved : past.resolution.effects) {
    if (resolved.cause < 0) statement.effects.push_back(resolved.effect);
  }
  return facts;
}

template <class Limit>
void add_stricter(const std::optional<Limit>& now, const std::optional<Limit>& then,
                  std::vector<std::string>& rules) {
  if (now && (!then || now->most < then->most)) rules.push_back(now->rule);
}

}  // namespace

Demands demands_of(const policy::PolicySet& policy, const PastDecision& past) {
  const auto facts = facts_of(past);
  Demands demands;
  demands.rows = policy.row_limit(past.resolution, past.agent);
  for (const auto& limits : policy.result_limits(facts, past.resolution, past.agent))
    demands.results.lower(limits);
  for (const auto& duty : policy.dry_run_duties(facts, past.resolution, past.agent))
    demands.dry_run.add(duty);
  const auto* limits = limits_of(policy, past.agent);
  for (const auto& use : policy.rule_uses(facts, past.resolution, past.agent)) {
    const auto rate = limits == nullptr ? decltype(limits->rules.end()){} : limits->rules.find(use.rule);
    if (limits != nullptr && rate != limits->rules.end()) demands.rates.emplace_back(use.rule, rate->second);
  }
  return demands;
}

bool was_limited(const PastDecision& past, std::string_view name) {
  return std::any_of(past.limits.begin(), past.limits.end(),
                     [&](const std::string& limit) { return limit.starts_with(std::string(name) + " "); });
}

std::vector<std::string> stricter(const Demands& now, const Demands& then) {
  std::vector<std::string> rules;
  if (now.rows && (!then.rows || now.rows->rows < then.rows->rows)) rules.push_back(now.rows->rule);
  add_stricter(now.results.rows, then.results.rows, rules);
  add_stricter(now.results.bytes, then.results.bytes, rules);
  add_stricter(now.results.time, then.results.time, rules);
  add_stricter(now.results.cost, then.results.cost, rules);
  std::sort(rules.begin(), rules.end());
  rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
  return rules;
}

const policy::AgentLimits* limits_of(const policy::PolicySet& policy, std::string_view agent) {
  const auto& agents = policy.limits().agents;
  const auto found = agents.find(agent);
  return found == agents.end() ? nullptr : &found->second;
}

policy::Bound united(policy::Bound catalog, const policy::Bound& record) {
  for (const auto& [oid, entries] : record.relations) {
    auto& here = catalog.relations[oid];
    here.insert(here.end(), entries.begin(), entries.end());
  }
  return catalog;
}

}  // namespace portcullis::replay
