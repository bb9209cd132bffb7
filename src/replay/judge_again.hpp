// One decision of the past by another policy: by the gate's own evaluation, on what the record holds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "portcullis/policy/bound.hpp"
#include "portcullis/policy/decision.hpp"
#include "portcullis/policy/policy_set.hpp"
#include "replay/pace.hpp"
#include "replay/past_decision.hpp"

namespace portcullis::replay {

struct Answer {
  // Refused before any rule was asked, as what is not understood: it stays so.
  bool is_unread = false;
  std::string untold;  // why it cannot be told; empty: it can
  policy::Outcome outcome = policy::Outcome::deny;
  policy::Decision decision;  // effect by effect; empty where it cannot be told
  // Rules with a limit on what it gives back, takes or changes that it did not have then: it may be stopped
  // in its midst.
  std::vector<std::string> may_stop;
};

class Judge {
 public:
  // Both must outlive the judge. `bound`: of a catalog; null: what the records hold is all that is known.
  explicit Judge(const policy::PolicySet& policy, const policy::Bound* bound = nullptr)
      : policy_(policy), bound_(bound) {}

  // `then` is the policy that it was made by; null: it is not at hand. `pace` has taken the decision's entry
  // last.
  [[nodiscard]] Answer judge(const PastDecision& past, const policy::PolicySet* then, const Pace& pace) const;

 private:
  [[nodiscard]] Answer judge_unread(const PastDecision& past) const;
  // Why limits leave it open whether it would have been let through; empty: they do not.
  [[nodiscard]] std::string open_limit(const PastDecision& past, const policy::PolicySet& then,
                                       bool was_asked, const Pace& pace, Answer& answer) const;

  const policy::PolicySet& policy_;
  const policy::Bound* bound_;
};

}  // namespace portcullis::replay
