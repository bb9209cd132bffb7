// Calls of functions: what must be known of one before it may be called, and what it does to the thing that
// an argument names.
#include <algorithm>

#include "policy/effect_judge.hpp"

namespace portcullis::policy {

using catalog::ResolvedEffect;
using catalog::Via;
using sql::Action;
using sql::ObjectKind;

// What a function does to the thing that its argument names is written in the statement as well. What INSERT
// does by a column's default, programs do first, to know the number (nextval and currval).
EffectDecision EffectJudge::judge_argument(const sql::Effect& named) const {
  const Bound::Sequence* sequence = nullptr;
  if (all_.bound != nullptr && named.kind == ObjectKind::relation) {
    const auto found = all_.bound->sequences.find(named.object);
    if (found != all_.bound->sequences.end()) sequence = &found->second;
  }
  auto decision = judge_as_written(named, sequence == nullptr ? catalog::kNoOid : sequence->oid);
  if (sequence == nullptr || decision.ground != Ground::not_covered) return decision;
  const bool reads = named.action == Action::select;
  if (may_fill(*sequence, Action::insert) || (reads && may_fill(*sequence, Action::select))) {
    decision.outcome = Outcome::allow;
  }
  return decision;
}

EffectDecision EffectJudge::judge_as_written(const sql::Effect& named, catalog::Oid oid) const {
  ResolvedEffect resolved;
  resolved.effect = named;
  resolved.oid = oid;
  const Coverage nothing;
  return EffectJudge(all_, resolved, nothing, {}).judge();
}

bool EffectJudge::may_fill(const Bound::Sequence& sequence, Action action) const {
  sql::Effect filling{};
  filling.action = action;
  filling.kind = ObjectKind::relation;
  filling.object = sequence.table;
  if (!sequence.column.empty()) filling.columns.push_back(sequence.column);
  return sequence.table_oid != catalog::kNoOid &&
         judge_as_written(filling, sequence.table_oid).outcome == Outcome::allow;
}

// A user's function runs code that the gate does not read: it must be known by name, and be what it was.
void EffectJudge::allow_function() {
  if (!match_.covered && !is_allowed_function()) return deny_for_good();
  if (const auto broken = broken_pin(); !broken.empty()) {
    return settle(Outcome::deny, Ground::not_covered, {}, phrase_ + " is not covered: " + broken);
  }
  if (match_.covered) return ask_or_allow(*match_.covering());
  settle(Outcome::allow, Ground::rule, {}, phrase_ + " is allowed under \"functions\"");
}

bool EffectJudge::is_users_function() const {
  return calls_function(effect_) && effect_.kind == ObjectKind::function && !is_own_function(resolved_);
}

bool EffectJudge::is_allowed_function() const {
  const auto& entries = all_.policy.allowed_functions;
  return std::any_of(entries.begin(), entries.end(), [&](const FunctionEntry& entry) {
    return entry.surely_names(resolved_, all_.has_catalog);
  });
}

std::string EffectJudge::broken_pin() const {
  if (all_.bound == nullptr || !all_.has_catalog) return {};
  const auto pin = all_.bound->pins.find(signature(effect_.object, resolved_.arguments));
  if (pin == all_.bound->pins.end())
    return "it was not there when the policy was loaded: load the policy again";
  if (pin->second != resolved_.body_hash)
    return "its body has changed since the policy was loaded: load the policy again";
  return {};
}

// Defaults, checks, triggers and their like were written by whoever owns the table. PostgreSQL's own
// functions in them are no way for an agent to call one: the arguments are not the agent's.
bool EffectJudge::is_own_code() const {
  return is_own_function(resolved_) && resolved_.via != Via::written && resolved_.via != Via::view;
}

}  // namespace portcullis::policy
