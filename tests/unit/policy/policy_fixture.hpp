// Facts and policies by hand, so that these tests say what they rest on and need no parser.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "portcullis/catalog/resolution.hpp"
#include "portcullis/policy/policy_set.hpp"

namespace portcullis::policy {

inline void PrintTo(const Problem& problem, std::ostream* out) {
  *out << to_text({problem}, "");
}

inline sql::Effect effect_on(sql::Action action, sql::Name object,
                             sql::ObjectKind kind = sql::ObjectKind::relation) {
  sql::Effect effect{};
  effect.action = action;
  effect.kind = kind;
  effect.object = std::move(object);
  return effect;
}
inline sql::Name app(std::string name) {
  return {{}, "app", std::move(name)};
}
inline sql::Name bare(std::string name) {
  return {{}, {}, std::move(name)};
}

inline sql::Effect call_of(sql::Name function) {
  return effect_on(sql::Action::execute_function, std::move(function), sql::ObjectKind::function);
}
inline sql::Effect setting_to(std::string name, std::vector<std::string> values) {
  auto effect = effect_on(sql::Action::set, bare(std::move(name)), sql::ObjectKind::setting);
  effect.values = std::move(values);
  return effect;
}
inline sql::Effect add_column(sql::Name table, sql::AddedColumn column = {}) {
  auto effect = effect_on(sql::Action::alter_table_add_column, std::move(table));
  effect.added_column = std::move(column);
  return effect;
}

inline sql::Facts facts_of(std::vector<sql::Effect> effects) {
  sql::Facts facts;
  facts.statements.emplace_back().effects = std::move(effects);
  return facts;
}

// A policy with two agents, one of them in a group, and whatever parts the test gives.
inline std::string policy_text(const std::string& rules, const std::string& protections = "",
                               const std::string& more = "") {
  return R"({"version": 1, "name": "test", "groups": {"etl": {}},
    "agents": {"bot": {"login": "bot_login", "groups": ["etl"]}, "other": {"login": "other_login"}},
    "reviewers": {"dba": ["ada", "grace"]},
    "protect": [)" +
         protections + "], \"rules\": [" + rules + "]" + more + "}";
}

inline PolicySet loaded(const std::string& text) {
  auto result = PolicySet::load(text);
  if (!result.policy) throw std::runtime_error(to_text(result.problems, "policy"));
  return std::move(*result.policy);
}

// As the names alone tell, without a database behind them.
inline Decision decide(const PolicySet& policy, const sql::Facts& facts,
                       std::vector<std::string> search_path = {"app"}, std::string_view agent = "bot") {
  return policy.evaluate(catalog::resolve_by_name(facts, {std::move(search_path)}), {agent});
}

// The effect that decides, among all that one written effect could mean.
inline EffectDecision judge(const PolicySet& policy, sql::Effect effect,
                            std::vector<std::string> search_path = {"app"}, std::string_view agent = "bot") {
  const auto decision = decide(policy, facts_of({std::move(effect)}), std::move(search_path), agent);
  const auto* decisive = decision.decisive();
  EXPECT_NE(decisive, nullptr);
  return decisive == nullptr ? EffectDecision{} : *decisive;
}

inline std::string rule(const std::string& id, const std::string& verb, const std::string& actions,
                        const std::string& on, const std::string& more = "") {
  const std::string of = verb == "ask" ? R"(, "of": {"reviewers": "dba"})" : "";
  return R"({"id": ")" + id + R"(", ")" + verb + "\": [" + actions + "]" +
         (on.empty() ? "" : ", \"on\": [" + on + "]") + R"(, "to": ["*"])" + of + more + "}";
}

// Resolved effects by hand, as a database behind them would give them.
inline catalog::ResolvedEffect found(sql::Effect effect, catalog::Oid oid = 20000) {
  catalog::ResolvedEffect resolved;
  resolved.effect = std::move(effect);
  resolved.oid = oid;
  return resolved;
}
inline catalog::ResolvedEffect brought(sql::Effect effect, catalog::Via via, std::int32_t cause,
                                       std::string through, catalog::Oid oid = 20001) {
  auto resolved = found(std::move(effect), oid);
  resolved.via = via;
  resolved.cause = cause;
  resolved.through = std::move(through);
  return resolved;
}
inline catalog::ResolvedEffect with_columns(catalog::ResolvedEffect resolved,
                                            std::vector<std::string> columns, bool all = false) {
  resolved.effect.columns = std::move(columns);
  resolved.all_columns = all;
  return resolved;
}
inline catalog::Resolution resolution_of(std::vector<catalog::ResolvedEffect> effects) {
  catalog::Resolution resolution;
  resolution.effects = std::move(effects);
  resolution.has_catalog = true;
  return resolution;
}
inline Decision decide(const PolicySet& policy, std::vector<catalog::ResolvedEffect> effects,
                       const Bound* bound = nullptr) {
  return policy.evaluate(resolution_of(std::move(effects)), {"bot"}, bound);
}
inline EffectDecision judge(const PolicySet& policy, catalog::ResolvedEffect effect,
                            const Bound* bound = nullptr) {
  return decide(policy, {std::move(effect)}, bound).effects.at(0);
}

inline void expect(const EffectDecision& decision, Outcome outcome, Ground ground, const std::string& rule_id,
                   const std::string& reason) {
  EXPECT_EQ(decision.outcome, outcome) << decision.reason;
  EXPECT_EQ(decision.ground, ground) << decision.reason;
  EXPECT_EQ(decision.rule, rule_id);
  EXPECT_EQ(decision.reason, reason);
}

}  // namespace portcullis::policy
