// Resolution + policy -> decision, effect by effect: deny beats ask beats allow, and what nothing covers is
// denied.
#include <algorithm>

#include "policy/builtins.hpp"
#include "policy/effect_judge.hpp"
#include "policy/monitor.hpp"
#include "policy/object_name.hpp"
#include "policy/phrases.hpp"
#include "policy/route.hpp"
#include "policy/rules.hpp"

namespace portcullis::policy {
namespace {

using catalog::Resolution;
using catalog::ResolvedEffect;

bool same_name_in_text(const ResolvedEffect& a, const ResolvedEffect& b) {
  return a.effect.action == b.effect.action && a.effect.kind == b.effect.kind &&
         a.effect.location == b.effect.location && a.effect.object.name == b.effect.object.name &&
         a.via == catalog::Via::written && b.via == catalog::Via::written;
}

// Without a catalog a name stands for several objects. PostgreSQL takes its own of that name unless one
// before it in the path, or a function that fits the arguments better, has been put there by someone who may.
// So what comes behind its own need not be allowed: it is enough that no protection and no rule stands
// against it.
bool only_beside_own(const Resolution& resolution, std::size_t index, const EffectDecision& decision) {
  const bool open = decision.ground == Ground::shipped_list || decision.ground == Ground::not_covered;
  if (resolution.has_catalog || decision.outcome != Outcome::deny || !open) return false;
  const auto& effect = resolution.effects[index];
  if (effect.effect.object.schema == "pg_catalog") return false;
  for (std::size_t before = index; before-- > 0 && same_name_in_text(resolution.effects[before], effect);) {
    const auto& object = resolution.effects[before].effect.object;
    if (object.schema != "pg_catalog") continue;
    if (effect.effect.kind == sql::ObjectKind::function) return true;
    return effect.effect.kind == sql::ObjectKind::relation &&
           builtin_catalog(object.schema, object.name) != nullptr;
  }
  return false;
}

std::string uncovered_json_cast(const Bound* bound) {
  if (bound == nullptr) return {};
  for (const auto& function : bound->json_casts) {
    if (!bound->pins.contains(function)) return function;
  }
  return {};
}

EffectDecision stranger(const Resolution& resolution, const ResolvedEffect& effect, std::string_view agent) {
  EffectDecision decision;
  decision.action = effect.effect.action;
  decision.kind = effect.effect.kind;
  decision.object = effect.effect.object;
  decision.location = effect.effect.location;
  decision.route = route_of(resolution, effect);
  decision.columns = effect.effect.columns;
  decision.all_columns = effect.all_columns;
  decision.reason = "no rule allows " + phrase(decision.action, decision.kind, decision.object) +
                    ": agent \"" + std::string(agent) + "\" is not in the policy";
  return decision;
}

Judged judge_all(const Case& all, const Resolution& resolution) {
  Judged judged(resolution.effects.size());
  std::vector<Coverage> coverage(resolution.effects.size());
  const Coverage nothing;
  for (std::size_t i = 0; i < resolution.effects.size(); ++i) {
    const auto& effect = resolution.effects[i];
    // A cause stands before what it brings about; anything else covers nothing.
    const bool caused = effect.cause >= 0 && static_cast<std::size_t>(effect.cause) < i;
    EffectJudge judge(all, effect, caused ? coverage[static_cast<std::size_t>(effect.cause)] : nothing,
                      route_of(resolution, effect));
    auto decision = judge.judge();
    decision.index = i;
    coverage[i] = judge.coverage();
    if (!only_beside_own(resolution, i, decision)) judged[i] = std::move(decision);
  }
  return judged;
}

Decision decision_of(Judged judged) {
  Decision decision;
  decision.outcome = Outcome::allow;
  for (auto& effect : judged) {
    if (!effect) continue;
    decision.outcome = std::max(decision.outcome, effect->outcome);
    decision.effects.push_back(*std::move(effect));
  }
  return decision;
}

Decision strangers(const Resolution& resolution, std::string_view agent) {
  Decision decision;
  for (const auto& effect : resolution.effects) {
    decision.effects.push_back(stranger(resolution, effect, agent));
    decision.effects.back().index = decision.effects.size() - 1;
  }
  return decision;
}

}  // namespace

Decision evaluate(const PolicyData& policy, const Resolution& resolution, const Context& context,
                  const Bound* bound) {
  const auto rules = policy.rules_of.find(context.agent);
  if (rules == policy.rules_of.end()) return strangers(resolution, context.agent);
  const sql::Claims claims = context.claims == nullptr ? sql::Claims{} : *context.claims;
  const auto judged_by = [&](const std::vector<std::size_t>& some) {
    const Case all{policy,
                   some,
                   resolution.has_catalog,
                   bound,
                   uncovered_json_cast(bound),
                   !claims.reason.empty(),
                   claims.confidence.value_or(0)};
    return judge_all(all, resolution);
  };
  const auto& enforced = policy.enforced_of.find(context.agent)->second;
  Judged held = judged_by(enforced);
  if (enforced.size() == rules->second.size() && !policy.monitored) return decision_of(std::move(held));
  return decision_of(with_monitored(policy, resolution, std::move(held), judged_by(rules->second)));
}

}  // namespace portcullis::policy
