// The answer to "may they?" as a record: each effect, the rule that spoke for it, and why. Refusals, audit
// entries, `portcullis check` and tests all print this and never recompute it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

// In rising strictness: the strictest over a statement's effects is the statement's. `would_deny` goes
// through and is recorded: only a policy or rule in mode "monitor" is against it.
enum class Outcome : std::uint8_t { allow, would_deny, ask, deny };
[[nodiscard]] std::string_view name(Outcome outcome) noexcept;
// Whether the statement goes on to the database.
[[nodiscard]] constexpr bool forwards(Outcome outcome) noexcept {
  return outcome <= Outcome::would_deny;
}

// Why an effect got its outcome.
enum class Ground : std::uint8_t {
  session,       // needs no rule: transaction control, SHOW, settings on the shipped list, ...
  rule,          // the rule named; or, where none is, what stands under "functions" or "settings"
  protection,    // the protection named
  not_covered,   // no rule allows it
  requirement,   // a rule would allow it, but what it requires is missing ("where")
  no_reason,     // likewise, for want of a reason that the agent states
  condition,     // a rule names it, but its "when" does not hold
  shipped_list,  // on the lists that ship, or not on them: functions, catalogs, types, settings, operators
  unsupported,   // this version cannot judge it (said so in the reason)
  implied,       // comes with what is allowed: the check of a foreign key
  missing,       // the database has no such object
};
[[nodiscard]] std::string_view name(Ground ground) noexcept;  // "not covered"

struct EffectDecision {
  sql::Action action{};
  sql::ObjectKind kind = sql::ObjectKind::none;
  sql::Name object;  // where PostgreSQL finds it
  Outcome outcome = Outcome::deny;
  Ground ground = Ground::not_covered;
  std::string rule;            // id of the rule or protection; empty where there is none
  std::string reason;          // one clause, lower case, e.g. "select on app.users is protected"
  std::int32_t location = -1;  // byte offset in the statement's text
  // How it came about: "through view app.people". Empty for what stands in the statement. Part of the reason
  // too.
  std::string route{};
  // Of its columns the ones that are touched, or all.
  std::vector<std::string> columns{};
  bool all_columns = false;
  std::size_t index = 0;  // of the effect in the resolution
};

struct Decision {
  Outcome outcome = Outcome::deny;
  // Of every effect in the resolution, in order, but for what a name could have meant beside PostgreSQL's own
  // object of that name.
  std::vector<EffectDecision> effects;
  // The effect that a refusal speaks of: the first of the strictest outcome, protections before all else.
  [[nodiscard]] const EffectDecision* decisive() const noexcept;
};

}  // namespace portcullis::policy
