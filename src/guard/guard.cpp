#include "guard/guard.hpp"

#include <algorithm>
#include <utility>

#include "guard/refusal_text.hpp"
#include "guard/row_refusals.hpp"

namespace portcullis::guard {
namespace {

bool runs_code(const catalog::Resolution& resolution) {
  return std::any_of(resolution.effects.begin(), resolution.effects.end(), [](const auto& resolved) {
    switch (resolved.effect.action) {
      // With arguments that are written its facts tell what it does.
      case sql::Action::execute_function:
        return (resolved.oid != catalog::kNoOid && resolved.via != catalog::Via::trigger) ||
               (resolved.effect.object.name == "set_config" && resolved.effect.arguments.empty());
      case sql::Action::call:
      case sql::Action::do_: return true;
      default: return false;  // functions behind any other are effects of their own
    }
  });
}

bool runs_triggers(const catalog::Resolution& resolution) {
  return std::any_of(resolution.effects.begin(), resolution.effects.end(), [](const auto& resolved) {
    return resolved.effect.action == sql::Action::execute_function && resolved.via == catalog::Via::trigger;
  });
}

bool ends_transaction(const sql::Facts& facts) {
  return std::any_of(facts.statements.begin(), facts.statements.end(), [](const auto& statement) {
    return statement.transaction == sql::TransactionControl::commit ||
           statement.transaction == sql::TransactionControl::prepare_transaction;
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
  verdict.resolution = std::make_shared<const catalog::Resolution>(
      request.snapshot == nullptr ? catalog::resolve_by_name(facts, *request.names)
                                  : catalog::resolve(facts, *request.snapshot, *request.names));
  const catalog::Resolution& resolution = *verdict.resolution;
  verdict.claims = sql::merged(facts.claims, request.claims == nullptr ? sql::Claims{} : *request.claims);
  verdict.decision = policy_->evaluate(resolution, {request.agent, &verdict.claims}, bound_.get());
  verdict.outcome = verdict.decision.outcome;
  verdict.runs_code = runs_code(resolution);
  verdict.runs_triggers = runs_triggers(resolution);
  if (verdict.outcome != policy::Outcome::allow) explain(verdict, request);
  for (const auto& statement : facts.statements) {
    if (!statement.not_understood || !verdict.allowed()) continue;
    auto unread = not_understood(*statement.not_understood, request.agent);
    verdict.outcome = verdict.decision.outcome = unread.outcome;
    verdict.refusal = std::move(unread.refusal);
    verdict.would_refuse = std::move(unread.would_refuse);
  }
  if (verdict.allowed()) verdict.dry_runs = policy_->dry_run_duties(facts, resolution, request.agent);
  if (verdict.allowed()) limit_rows(verdict, facts, resolution, request.agent);
  if (verdict.allowed()) verdict.demand = demand_of(*policy_, facts, resolution, request.agent);
  return verdict;
}

void Guard::limit_rows(Verdict& verdict, const sql::Facts& facts, const catalog::Resolution& resolution,
                       std::string_view agent) const {
  if (ends_transaction(facts)) verdict.row_limit_at_commit = policy_->strictest_row_limit(agent);
  const auto& statements = facts.statements;
  verdict.row_limit = policy_->row_limit(
      resolution, agent, statements.size() == 1 ? statements.front().values_rows : std::nullopt);
  hold_to_dry_runs(verdict, facts);
  if (!verdict.row_limit) return;
  const auto refused = uncountable(facts, resolution);
  if (!refused) return;
  verdict.refusal = row_refusal(*verdict.row_limit, refused->why);
  verdict.outcome = verdict.decision.outcome = policy::Outcome::deny;
  auto& effects = verdict.decision.effects;
  if (effects.empty()) return;
  const auto told = std::find_if(effects.begin(), effects.end(),
                                 [&](const auto& effect) { return effect.action == refused->action; });
  auto& decisive = told == effects.end() ? effects.front() : *told;
  decisive.outcome = policy::Outcome::deny;
  decisive.ground = policy::Ground::unsupported;
  decisive.rule = verdict.row_limit->rule;
  decisive.reason = refused->why;
}

// Between the count of a dry run and the statement others may write, and what is counted then may be another
// thing than what the statement sees: what it changes is counted too.
void Guard::hold_to_dry_runs(Verdict& verdict, const sql::Facts& facts) {
  for (std::size_t i = 0; i < verdict.dry_runs.size() && i < facts.statements.size(); ++i) {
    const auto& bound = verdict.dry_runs[i].max_rows;
    const auto& kind = facts.statements[i].kind;
    const bool changes_rows = kind == "INSERT" || kind == "UPDATE" || kind == "DELETE";
    if (bound && changes_rows && (!verdict.row_limit || bound->most < verdict.row_limit->rows))
      verdict.row_limit = policy::RowLimit{bound->rule, bound->most};
  }
}

std::shared_ptr<const Guard> Guard::with_catalog(const catalog::Snapshot& snapshot) const {
  return std::make_shared<const Guard>(
      policy_, std::make_shared<const policy::Bound>(policy_->bind(snapshot, bound_.get())));
}

void Guard::explain(Verdict& verdict, const Request& request) const {
  auto& told = verdict.allowed() ? verdict.would_refuse : verdict.refusal;
  told = refusal_of(*policy_, verdict.decision, request.agent, request.text);
  if (const auto* decisive = verdict.decision.decisive())
    verdict.nearest = policy_->nearest_allowed(request.agent, *decisive);
}

Verdict Guard::refuse(const base::Error& error) {
  Verdict verdict;
  verdict.outcome = policy::Outcome::deny;
  verdict.refusal = error;
  verdict.refusal->message = "portcullis: refused: " + error.message;
  if (!verdict.refusal->message.ends_with('.')) verdict.refusal->message += '.';
  return verdict;
}

Verdict Guard::not_understood(const base::Error& error, std::string_view agent) const {
  Verdict verdict = refuse(error);
  if (!policy_->forwards_not_understood(agent)) return verdict;
  verdict.outcome = verdict.decision.outcome = policy::Outcome::would_deny;
  verdict.would_refuse = std::exchange(verdict.refusal, std::nullopt);
  return verdict;
}

Verdict Guard::over_limit(Verdict verdict, base::Error refusal) const {
  verdict.outcome = policy_->monitors() ? policy::Outcome::would_deny : policy::Outcome::deny;
  (verdict.allowed() ? verdict.would_refuse : verdict.refusal) = std::move(refusal);
  return verdict;
}

}  // namespace portcullis::guard
