// What the gate does with a message: the decision, and for a refusal the text that the agent reads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "portcullis/base/error.hpp"
#include "portcullis/catalog/resolution.hpp"
#include "portcullis/guard/demand.hpp"
#include "portcullis/policy/decision.hpp"
#include "portcullis/policy/dry_run_duty.hpp"
#include "portcullis/sql/claims.hpp"

namespace portcullis::guard {

struct Verdict {
  policy::Outcome outcome = policy::Outcome::deny;
  policy::Decision decision;  // empty where the text could not be judged at all
  // What was decided on, for the record; null where the text could not be judged at all.
  std::shared_ptr<const catalog::Resolution> resolution{};
  // Set unless allowed: SQLSTATE and sentence. `message` has no record number yet: with_record() adds it.
  std::optional<base::Error> refusal;
  // Of would_deny: what the refusal would have been, for the record. The agent never reads it.
  std::optional<base::Error> would_refuse{};
  Demand demand;          // of what is allowed: to be held against the limits before it is forwarded
  sql::Claims claims{};   // that the agent makes about itself, by the statement or its session
  std::string nearest{};  // of a refusal: what is allowed and most like it, "SELECT on app.orders"
  // Functions of users are among what it runs, called or by whatever else but a trigger; or triggers: what
  // these do to the session is not known.
  bool runs_code = false, runs_triggers = false;
  // Of what is allowed: how many rows it may change, to be counted and enforced while it runs.
  std::optional<policy::RowLimit> row_limit{};
  // It ends a transaction, and what was put off to the end may change so many rows.
  std::optional<policy::RowLimit> row_limit_at_commit{};
  // Of what is allowed, in the order of the facts: what must be tried out before; empty: nothing.
  std::vector<policy::DryRunDuty> dry_runs{};
  // Goes on to the database: would_deny too.
  [[nodiscard]] bool allowed() const noexcept { return policy::forwards(outcome); }
};

// The verdict as one JSON object, for programs that decide what to do next (docs/policy.md has its fields).
// Valid UTF-8 whatever the statement holds; `indent` as in nlohmann's dump(), -1 for one line.
[[nodiscard]] std::string to_json(const Verdict& verdict, int indent = 2);

// "portcullis: denied by "pii": SELECT on app.users is protected. Record 8412. Allowed here: SELECT on
// app.orders." Everything stands in the message, for servers between the agent and the gate pass on nothing
// else.
[[nodiscard]] base::Error with_record(const base::Error& refusal, std::uint64_t record);

}  // namespace portcullis::guard
