#include "session/planned.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "guard/plan_cost.hpp"
#include "session/judge.hpp"

namespace portcullis::session {

using base::Error;

namespace {

constexpr auto kPlanned = std::to_array<std::string_view>(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "SELECT INTO", "CREATE TABLE AS",
     "CREATE MATERIALIZED VIEW", "DECLARE CURSOR", "EXECUTE"});

bool is_explained(const sql::StatementFacts& statement) {
  return std::any_of(statement.effects.begin(), statement.effects.end(),
                     [](const auto& effect) { return effect.action == sql::Action::explain; });
}

policy::ResultLimits strictest(const std::vector<policy::ResultLimits>& limits) {
  policy::ResultLimits all;
  for (const auto& one : limits) all.lower(one);
  return all;
}

}  // namespace

std::optional<policy::Ceiling> cost_limit(const guard::Verdict& verdict, bool observes) {
  return observes ? std::nullopt : strictest(verdict.demand.results).cost;
}

bool has_plan(const sql::StatementFacts& statement) {
  return std::find(kPlanned.begin(), kPlanned.end(), statement.kind) != kPlanned.end();
}

bool runs_no_plan(const sql::StatementFacts& statement) {
  return !statement.prepares.empty() || !statement.fetches.empty() || is_explained(statement);
}

// What may be planned to cost so much only must have a plan that can be asked for before it runs.
std::optional<Error> Judge::hinders_estimate(const guard::Verdict& verdict, const sql::Facts& meant,
                                             const Recorder::Subject& subject) const {
  const auto limit = cost_limit(verdict, view_.basis->guard->policy().monitors());
  if (!limit) return std::nullopt;
  const auto refuse = [&](const std::string& why) { return guard::cost_refusal(*limit, why); };
  const std::size_t written = subject.written(meant);
  std::size_t planned = 0;
  for (std::size_t i = 0; i < written; ++i) {
    const auto& statement = meant.statements[i];
    if (runs_no_plan(statement)) continue;
    const bool is_limited = i < verdict.demand.results.size() && verdict.demand.results[i].cost;
    if (has_plan(statement)) {
      ++planned;
    } else if (is_limited) {
      return refuse("what " + statement.kind +
                    " costs cannot be estimated: a rule without that limit can allow it");
    }
  }
  if (planned == 0) return std::nullopt;
  if (written > 1) {
    return refuse(
        "what a statement costs cannot be estimated before those ahead of it in the same message have run: "
        "send "
        "the statements one by one");
  }
  if (verdict.row_limit && verdict.runs_code)
    return refuse("what runs code is not planned twice where its rows are counted");
  if (subject.message == "Query" && view_.in_pipeline)
    return refuse("what a Query within a pipeline costs cannot be estimated: send a Sync before it");
  if (subject.message == "Bind" && subject.bind == nullptr)
    return refuse("the parameters are too long for an estimate of the cost");
  if (subject.message == "Bind" && subject.source == nullptr)
    return refuse("the limit came after the statement was prepared: prepare it again");
  if (subject.message == "Execute" && (!subject.asked_cost || *subject.asked_cost > limit->most))
    return refuse("the limit came after the portal was bound: bind it again");
  return std::nullopt;
}

}  // namespace portcullis::session
