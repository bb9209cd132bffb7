#include "guard/guard.hpp"

#include <utility>

#include "guard/refusal_text.hpp"

namespace portcullis::guard {

Guard::Guard(std::shared_ptr<const policy::PolicySet> policy) : policy_(std::move(policy)) {}

Verdict Guard::decide(const sql::Facts& facts, const Request& request) const {
  Verdict verdict;
  verdict.decision = policy_->evaluate(facts, {request.agent, *request.search_path});
  verdict.outcome = verdict.decision.outcome;
  if (!verdict.allowed()) {
    verdict.refusal = refusal_of(*policy_, verdict.decision, request.agent, request.text);
  }
  return verdict;
}

Verdict Guard::refuse(const base::Error& analysis_error, const Request& /*request*/) const {
  Verdict verdict;
  verdict.outcome = policy::Outcome::deny;
  verdict.refusal = analysis_error;
  verdict.refusal->message = "portcullis: refused: " + analysis_error.message;
  if (!verdict.refusal->message.ends_with('.')) verdict.refusal->message += '.';
  return verdict;
}

}  // namespace portcullis::guard
