// The answer to "may they?" as a record: each effect, the rule that spoke for it, and why. Refusals, audit
// entries, `portcullis check` and tests all print this and never recompute it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

// In rising strictness: the strictest over a statement's effects is the statement's.
enum class Outcome : std::uint8_t { allow, ask, deny };
[[nodiscard]] std::string_view name(Outcome outcome) noexcept;

// Why an effect got its outcome.
enum class Ground : std::uint8_t {
  session,       // needs no rule: transaction control, SHOW, settings on the shipped list, ...
  rule,          // the rule named
  protection,    // the protection named
  not_covered,   // no rule allows it
  requirement,   // a rule would allow it, but what it requires is missing ("where")
  condition,     // a rule names it, but its "when" does not hold
  shipped_list,  // a function, type, setting or operator that is not on the list that ships
  unsupported,   // this version cannot judge it (said so in the reason)
};

struct EffectDecision {
  sql::Action action{};
  sql::ObjectKind kind = sql::ObjectKind::none;
  sql::Name object;  // resolved by search_path where it was written without a schema
  Outcome outcome = Outcome::deny;
  Ground ground = Ground::not_covered;
  std::string rule;            // id of the rule or protection; empty where there is none
  std::string reason;          // one clause, lower case, e.g. "select on app.users is protected"
  std::int32_t location = -1;  // byte offset in the statement's text
};

struct Decision {
  Outcome outcome = Outcome::deny;
  std::vector<EffectDecision> effects;  // every effect of every statement, in order
  // The effect that a refusal speaks of: the first of the strictest outcome, protections before all else.
  [[nodiscard]] const EffectDecision* decisive() const noexcept;
};

}  // namespace portcullis::policy
