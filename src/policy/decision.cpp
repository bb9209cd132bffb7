#include "portcullis/policy/decision.hpp"

#include "policy/object_name.hpp"
#include "policy/phrases.hpp"

namespace portcullis::policy {

std::string_view name(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::allow: return "allow";
    case Outcome::would_deny: return "would_deny";
    case Outcome::ask: return "ask";
    case Outcome::deny: return "deny";
  }
  return "deny";
}

std::string_view name(Ground ground) noexcept {
  switch (ground) {
    case Ground::session: return "session";
    case Ground::rule: return "rule";
    case Ground::protection: return "protection";
    case Ground::not_covered: return "not covered";
    case Ground::requirement: return "requirement";
    case Ground::no_reason: return "no reason";
    case Ground::condition: return "condition";
    case Ground::shipped_list: return "shipped list";
    case Ground::unsupported: return "unsupported";
    case Ground::implied: return "implied";
    case Ground::missing: return "missing";
  }
  return "unsupported";
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

std::string missing_phrase(sql::Action action, sql::ObjectKind kind, const sql::Name& object) {
  // PostgreSQL writes names without quotes inside its own quotes; here nothing in a name may end those.
  std::string plain;
  for (const char c : sql::to_text(object)) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    plain += control ? '?' : c;
    if (c == '"') plain += c;
  }
  const std::string there = "\"" + plain + "\" does not exist";
  switch (kind) {
    case sql::ObjectKind::relation: return "relation " + there;
    case sql::ObjectKind::type: return "type " + there;
    case sql::ObjectKind::schema: return "schema " + there;
    case sql::ObjectKind::function:
      return (action == sql::Action::call ? "procedure " : "function ") + quoted(object) + " does not exist";
    case sql::ObjectKind::none:
    case sql::ObjectKind::setting:
    case sql::ObjectKind::other: break;
  }
  return (action == sql::Action::use_operator ? "operator " : "object ") + there;
}

}  // namespace portcullis::policy
