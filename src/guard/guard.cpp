#include "guard/guard.hpp"

#include <utility>

#include "guard/refusal_text.hpp"

namespace portcullis::guard {

Guard::Guard(std::shared_ptr<const policy::PolicySet> policy, std::shared_ptr<const policy::Bound> bound)
    : policy_(std::move(policy)), bound_(std::move(bound)) {}

Verdict Guard::decide(const sql::Facts& facts, const Request& request) const {
  Verdict verdict;
  if (facts.statements.empty()) {
    // A text of comments alone asks for nothing, whoever sends it.
    verdict.outcome = verdict.decision.outcome = policy::Outcome::allow;
    return verdict;
  }
  const auto resolution = request.snapshot == nullptr
                              ? catalog::resolve_by_name(facts, *request.names)
                              : catalog::resolve(facts, *request.snapshot, *request.names);
  verdict.decision = policy_->evaluate(resolution, {request.agent}, bound_.get());
  verdict.outcome = verdict.decision.outcome;
  if (verdict.allowed()) verdict.demand = demand_of(*policy_, facts, resolution, request.agent);
  if (!verdict.allowed()) {
    verdict.refusal = refusal_of(*policy_, verdict.decision, request.agent, request.text);
  }
  return verdict;
}

Verdict Guard::refuse(const base::Error& analysis_error) {
  Verdict verdict;
  verdict.outcome = policy::Outcome::deny;
  verdict.refusal = analysis_error;
  verdict.refusal->message = "portcullis: refused: " + analysis_error.message;
  if (!verdict.refusal->message.ends_with('.')) verdict.refusal->message += '.';
  return verdict;
}

}  // namespace portcullis::guard
