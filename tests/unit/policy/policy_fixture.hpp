// Facts and policies by hand, so that these tests say what they rest on and need no parser.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

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
inline std::string policy_text(const std::string& rules, const std::string& protections = "") {
  return R"({"version": 1, "name": "test", "groups": {"etl": {}},
    "agents": {"bot": {"login": "bot_login", "groups": ["etl"]}, "other": {"login": "other_login"}},
    "reviewers": {"dba": ["ada", "grace"]},
    "protect": [)" +
         protections + "], \"rules\": [" + rules + "]}";
}

inline PolicySet loaded(const std::string& text) {
  auto result = PolicySet::load(text);
  if (!result.policy) throw std::runtime_error(to_text(result.problems, "policy"));
  return std::move(*result.policy);
}

inline EffectDecision judge(const PolicySet& policy, sql::Effect effect,
                            std::vector<std::string> search_path = {"app"}, std::string_view agent = "bot") {
  const auto decision = policy.evaluate(facts_of({std::move(effect)}), {agent, std::move(search_path)});
  EXPECT_EQ(decision.effects.size(), 1U);
  EXPECT_EQ(decision.outcome, decision.effects.front().outcome);
  return decision.effects.front();
}

}  // namespace portcullis::policy
