// What holds without any rule: session control, what ships with the gate, and what no rule can open.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/catalog/resolution.hpp"
#include "portcullis/policy/decision.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

struct Standing {
  bool allowed =
      false;  // a deny or ask rule still beats it; a refusal that `final` says holds against every rule
  bool final = false;
  Ground ground = Ground::session;
  std::string words;  // what to say behind what is done: "needs no rule", "is not allowed: ..."
};

using SettingNames = std::set<std::string, std::less<>>;  // in lower case

struct Surroundings {
  const SettingNames& settings;  // that the policy allows
  bool has_catalog = false;
  std::string_view json_cast;  // a cast to json that the policy does not allow; empty: there is none
  const std::vector<std::string>& opened;  // the columns of this effect that rules of the agent name
  // Whether a rule of the agent opens anything in the schema.
  std::function<bool(std::string_view schema)> uses_schema;
  // The verdict on something that a function does to what its argument names.
  std::function<EffectDecision(const sql::Effect&)> judge;
};

// Nothing for an effect that is for the rules alone.
[[nodiscard]] std::optional<Standing> standing(const catalog::ResolvedEffect& effect,
                                               const Surroundings& surroundings);

// PostgreSQL's own function, not one that someone put into its schema.
[[nodiscard]] bool is_own_function(const catalog::ResolvedEffect& effect) noexcept;

// The touched columns that keep a catalog which ships limited from being read: those that the list holds back
// and that are not `opened`. None for every other effect.
[[nodiscard]] std::vector<std::string> closed_columns(const catalog::ResolvedEffect& read,
                                                      const std::vector<std::string>& opened);

[[nodiscard]] Standing stands_refused(Ground ground, std::string_view why, bool final);
[[nodiscard]] Standing stands_allowed(Ground ground, std::string_view words);

}  // namespace portcullis::policy
