#include "portcullis/policy/decision.hpp"

#include "policy/object_name.hpp"
#include "policy/phrases.hpp"

namespace portcullis::policy {

std::string_view name(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::allow: return "allow";
    case Outcome::ask: return "ask";
    case Outcome::deny: return "deny";
  }
  return "deny";
}

const EffectDecision* Decision::decisive() const noexcept {
  const EffectDecision* found = nullptr;
  for (const auto& effect : effects) {
    if (effect.outcome != outcome) continue;
    if (found == nullptr) found = &effect;
    if (effect.ground == Ground::protection) return &effect;
  }
  return found;
}

std::string phrase(sql::Action action, sql::ObjectKind kind, const sql::Name& object) {
  std::string text(sql::name(action));
  if (object.name.empty()) return text;
  text += kind == sql::ObjectKind::relation ? " on " : " ";
  return text + quoted(object);
}

}  // namespace portcullis::policy
