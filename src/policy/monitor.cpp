// The rule for what a monitored policy lets through: where something is protected, no more than an allow rule
// with stars would open, for only of that it is known that it touches nothing protected, and nothing that
// changes how the gate reads a session's statements. Where nothing is protected everything: the session
// follows what it can, and what it cannot read is recorded as such.
#include "policy/monitor.hpp"

#include <algorithm>
#include <utility>

#include "policy/rule_match.hpp"
#include "policy/settings.hpp"

namespace portcullis::policy {
namespace {

using catalog::ResolvedEffect;
using sql::Action;

bool is_setting(const sql::Effect& effect) noexcept {
  return effect.action == Action::set || effect.action == Action::reset;
}

bool stars_would_open(const ResolvedEffect& effect, const EffectDecision& refused) {
  return refused.ground == Ground::not_covered && effect.effect.kind == sql::ObjectKind::relation &&
         !is_outside(effect);
}

// `refused` by the policy without a single rule.
bool may_pass(const PolicyData& policy, const ResolvedEffect& effect, const EffectDecision& refused) {
  if (refused.ground == Ground::protection) return false;
  if (policy.protections.empty()) return true;
  if (changes_what_is_pinned(effect.effect)) return false;
  // The settings of a session that a policy may allow lift no protection.
  return is_setting(effect.effect) || stars_would_open(effect, refused);
}

std::optional<EffectDecision> recorded_only(std::optional<EffectDecision> decision) {
  if (decision && decision->outcome != Outcome::allow) decision->outcome = Outcome::would_deny;
  return decision;
}

bool is_allowed(const std::optional<EffectDecision>& decision) {
  return decision && decision->outcome == Outcome::allow;
}

}  // namespace

Judged with_monitored(const PolicyData& policy, const catalog::Resolution& resolution, Judged held,
                      Judged meant) {
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (is_allowed(held[i]) && is_allowed(meant[i])) continue;
    const bool refused = held[i] && !forwards(held[i]->outcome);
    if (!refused) {
      held[i] = recorded_only(std::move(meant[i]));
    } else if (policy.monitored &&
               (is_allowed(meant[i]) || may_pass(policy, resolution.effects[i], *held[i]))) {
      held[i] = recorded_only(std::move(meant[i]));
    }
  }
  return held;
}

}  // namespace portcullis::policy
