#include "guard/refusal_text.hpp"

#include <algorithm>
#include <string>

#include "base/utf8.hpp"

namespace portcullis::guard {

using policy::Decision;
using policy::EffectDecision;
using policy::Ground;
using policy::Outcome;

namespace {

constexpr std::size_t kMostEffectsListed = 20;

// Reasons are lower case, as records want them; in a refusal the action stands out as SQL does.
std::string with_loud_action(const EffectDecision& effect) {
  std::string reason = effect.reason;
  const std::string_view words = sql::name(effect.action);
  // No name can stand before the action, so the first place that has its words is the action.
  const auto at = reason.find(words);
  if (at == std::string::npos) return reason;
  std::transform(words.begin(), words.end(), reason.begin() + static_cast<std::ptrdiff_t>(at),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return reason;
}

std::string sentence(const EffectDecision& effect) {
  if (effect.ground == Ground::missing)
    return effect.reason;  // PostgreSQL's own words, for programs know them
  if (effect.outcome == Outcome::ask) {
    return with_loud_action(effect) + " (rule \"" + effect.rule + "\"), which this version cannot give yet";
  }
  return "denied" + (effect.rule.empty() ? std::string() : " by \"" + effect.rule + "\"") + ": " +
         with_loud_action(effect);
}

std::string refused_effects(const Decision& decision) {
  std::string list;
  std::size_t count = 0;
  const bool refused = !policy::forwards(decision.outcome);
  for (const auto& effect : decision.effects) {
    // What is merely recorded is no reason for a refusal.
    const bool speaks = effect.outcome != Outcome::allow && policy::forwards(effect.outcome) != refused;
    if (!speaks || ++count > kMostEffectsListed) continue;
    list += (list.empty() ? "" : "\n") + sentence(effect) + ".";
  }
  if (count < 2) return {};
  if (count > kMostEffectsListed) list += "\nAnd " + std::to_string(count - kMostEffectsListed) + " more.";
  return refused ? list + "\nNothing of the text was executed." : list;
}

std::string who_to_ask(const policy::PolicySet& policy, std::string_view agent) {
  const auto* known = policy.agent_by_name(agent);
  if (known == nullptr || known->owner.empty()) return "whoever owns the policy";
  return known->owner + ", who answers for this agent,";
}

std::string advice(const EffectDecision& effect, const std::string& who) {
  if (effect.outcome == Outcome::ask) return "Leave this out, or ask " + who + " to do it.";
  switch (effect.ground) {
    case Ground::protection:
      return "No rule can open what is protected: leave it out, and send the rest on its own.";
    case Ground::requirement: return "Add a WHERE clause that says which rows are meant.";
    case Ground::no_reason: return "Say in one sentence what it is for, and send it again.";
    case Ground::condition: return "Change the statement so that the rule's condition holds.";
    case Ground::missing: return "Check the name, and write it with its schema.";
    case Ground::unsupported: return "No rule can allow this: find another way, or ask " + who + " to do it.";
    case Ground::session:
    case Ground::implied:
    case Ground::rule:
    case Ground::not_covered:
    case Ground::shipped_list: break;
  }
  return "Use what is allowed here, or ask " + who + " for a rule.";
}

// PostgreSQL manual, appendix A: undefined_table, undefined_function, invalid_schema_name, undefined_object.
base::SqlState code_of(const EffectDecision& effect) {
  if (effect.ground != Ground::missing) return base::sqlstate::insufficient_privilege;
  switch (effect.kind) {
    case sql::ObjectKind::relation: return "42P01";
    case sql::ObjectKind::function: return "42883";
    case sql::ObjectKind::schema: return "3F000";
    case sql::ObjectKind::none:
    case sql::ObjectKind::type:
    case sql::ObjectKind::setting:
    case sql::ObjectKind::other: break;
  }
  return effect.action == sql::Action::use_operator ? base::SqlState("42883") : base::SqlState("42704");
}

std::optional<std::uint32_t> position_of(const EffectDecision& effect, std::string_view text) {
  if (effect.location < 0 || static_cast<std::size_t>(effect.location) >= text.size()) return std::nullopt;
  return static_cast<std::uint32_t>(
      base::character_position(text, static_cast<std::size_t>(effect.location)));
}

}  // namespace

base::Error refusal_of(const policy::PolicySet& policy, const Decision& decision, std::string_view agent,
                       std::string_view text) {
  base::Error refusal;
  refusal.code = base::sqlstate::insufficient_privilege;
  const EffectDecision* effect = decision.decisive();
  if (effect == nullptr) {
    // Only an agent that the policy does not name is refused a statement that does nothing.
    refusal.message = "portcullis: denied: agent \"" + std::string(agent) + "\" is not in the policy.";
    return refusal;
  }
  refusal.code = code_of(*effect);
  const bool missing = effect->ground == Ground::missing;
  refusal.message = (missing ? "" : "portcullis: ") + sentence(*effect) + ".";
  if (effect->outcome != Outcome::ask && !missing) {
    const std::string allowed = policy.allowed_summary(agent);
    refusal.message += " Allowed here: " + (allowed.empty() ? "nothing" : allowed);
    if (!refusal.message.ends_with("...")) refusal.message += '.';
  }
  refusal.detail = refused_effects(decision);
  refusal.hint = advice(*effect, who_to_ask(policy, agent));
  refusal.position = position_of(*effect, text);
  return refusal;
}

}  // namespace portcullis::guard
