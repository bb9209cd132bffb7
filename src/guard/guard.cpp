#include "guard/guard.hpp"

#include <algorithm>
#include <utility>

#include "guard/refusal_text.hpp"

namespace portcullis::guard {
namespace {

bool runs_code(const catalog::Resolution& resolution) {
  return std::any_of(resolution.effects.begin(), resolution.effects.end(), [](const auto& resolved) {
    switch (resolved.effect.action) {
      case sql::Action::execute_function: return resolved.oid != catalog::kNoOid;
      case sql::Action::call:
      case sql::Action::do_: return true;
      default: return false;  // functions behind any other are effects of their own
    }
  });
}

}  // namespace

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
  verdict.runs_code = runs_code(resolution);
  if (verdict.allowed()) verdict.demand = demand_of(*policy_, facts, resolution, request.agent);
  if (!verdict.allowed()) {
    verdict.refusal = refusal_of(*policy_, verdict.decision, request.agent, request.text);
  }
  return verdict;
}

std::shared_ptr<const Guard> Guard::with_catalog(const catalog::Snapshot& snapshot) const {
  return std::make_shared<const Guard>(
      policy_, std::make_shared<const policy::Bound>(policy_->bind(snapshot, bound_.get())));
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
