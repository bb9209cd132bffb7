// A decision as the log tells it, with what it was about put together again so that a policy can judge it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/entry_reader.hpp"
#include "portcullis/base/result.hpp"
#include "portcullis/catalog/resolution.hpp"
#include "portcullis/policy/decision.hpp"
#include "portcullis/policy/policy_set.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::replay {

// What was decided of one effect then, in the words of the log.
struct PastEffect {
  std::string action, object, outcome, ground, rule, route;
};

struct PastDecision {
  std::uint64_t index = 0;
  std::int64_t micros = 0, session = 0;  // since 1970
  std::string agent, message, sqlstate, reason, policy;
  policy::Outcome verdict = policy::Outcome::deny;
  std::vector<std::string> kinds;   // none: it was not understood, or there was nothing in it
  std::vector<PastEffect> effects;  // beside those of the resolution
  catalog::Resolution resolution;
  policy::Known known;      // of what they reach
  std::string unclear;      // why the resolution is not what was judged; empty: it is
  std::string said_reason;  // what the agent said about itself
  std::optional<double> said_confidence;
  std::vector<std::string> limits;  // that hold for what it gives back: "rows_returned 100 of rule read"
  bool rows_counted = false, tried_out = false;
  std::string text;  // where it was kept
  bool has_text_left_out = false;
};

// Of an entry of the type "decision". Never fails: what cannot be read stands in `unclear`.
[[nodiscard]] PastDecision past_decision(const audit::EntryReader& entry);

}  // namespace portcullis::replay
