// Judge, how much of their results statements may give back.
#include <algorithm>

#include "session/judge.hpp"

namespace portcullis::session {

namespace {

// RETURNING gives the rows of the target the names "old" and "new" (sql/walk_queries.cpp).
bool may_return_rows(const sql::StatementFacts& statement) {
  if (statement.not_understood) return true;
  if (statement.transaction != sql::TransactionControl::none) return false;
  const bool writes = statement.kind == "INSERT" || statement.kind == "UPDATE" ||
                      statement.kind == "DELETE" || statement.kind == "MERGE";
  return !writes || std::any_of(statement.ranges.begin(), statement.ranges.end(),
                                [](const auto& range) { return range.alias == "new"; });
}

void add_cursors(const sql::StatementFacts& statement, ResultPlan& plan) {
  if (!statement.fetches.empty()) plan.fetches.insert(statement.fetches);
  if (!statement.declares_cursor.empty()) plan.declares = statement.declares_cursor;
}

}  // namespace

// Nothing where nothing is limited. What EXECUTE and FETCH run counts as theirs.
std::vector<ResultPlan> Judge::plans_of(const sql::Facts& meant, const guard::Verdict& verdict,
                                        std::size_t written) const {
  const auto& limits = verdict.demand.results;
  const bool of_agent = needs_.limits != nullptr && !view_.basis->guard->policy().monitors() &&
                        needs_.limits->limits_volume(identity_.agent);
  const bool any_cursor = std::any_of(registry_.cursors.begin(), registry_.cursors.end(),
                                      [](const auto& cursor) { return cursor.second->most.any(); });
  const bool any_portal =
      std::any_of(meant.statements.begin(), meant.statements.end(), [this](const auto& statement) {
        if (statement.fetches.empty()) return false;
        const auto portals = registry_.portals.find(statement.fetches, registry_.pipeline);
        return std::any_of(portals.begin(), portals.end(),
                           [](const auto& portal) { return !portal->results.meters.empty(); });
      });
  if (limits.empty() && !of_agent && !any_cursor && !any_portal) return {};
  policy::ResultLimits of_bodies;
  for (std::size_t i = written; i < limits.size(); ++i) of_bodies.lower(limits[i]);
  ResultPlan of_names;  // which cursors they fetch from, and the one that they declare
  for (std::size_t i = written; i < meant.statements.size(); ++i) add_cursors(meant.statements[i], of_names);
  std::vector<ResultPlan> plans;
  for (std::size_t i = 0; i < written; ++i) {
    const auto& statement = meant.statements[i];
    policy::ResultLimits own = i < limits.size() ? limits[i] : policy::ResultLimits{};
    const bool runs_bodies = !statement.executes.empty() || !statement.fetches.empty();
    if (runs_bodies) own.lower(of_bodies);
    plans.push_back(plan_of(statement, own, of_agent, runs_bodies ? of_names : ResultPlan{}));
  }
  return plans;
}

ResultPlan Judge::plan_of(const sql::StatementFacts& statement, const policy::ResultLimits& limits,
                          bool of_agent, ResultPlan plan) const {
  add_cursors(statement, plan);
  plan.of_agent = of_agent && may_return_rows(statement);
  if (limits.any() && (limits.time || limits.cost || may_return_rows(statement))) {
    auto meter = std::make_shared<Meter>(Meter{limits, !view_.basis->guard->policy().monitors()});
    if (!plan.declares.empty()) {
      plan.declared = std::make_shared<Meter>(*meter);
      meter->most.rows = meter->most.bytes = std::nullopt;  // what is declared is returned by FETCH
    }
    plan.meters.push_back(std::move(meter));
  } else if (!plan.declares.empty()) {
    plan.declared = std::make_shared<Meter>();
  }
  for (const auto& cursor : plan.fetches) {
    for (const auto& portal : registry_.portals.find(cursor, registry_.pipeline)) {
      plan.meters.insert(plan.meters.end(), portal->results.meters.begin(), portal->results.meters.end());
    }
  }
  return plan;
}

// What the portals have given back counts on, by what holds now and by what held when they were bound.
void Judge::keep_counting(const std::vector<PortalPtr>& portals, Judgement& judgement) {
  const ResultPlan now = merged(judgement.results);
  judgement.results.assign(1, now);
  auto& plan = judgement.results.front();
  for (const auto& portal : portals) {
    auto& counted = portal->results;
    for (const auto& meter : counted.meters) {
      for (const auto& newer : now.meters) meter->most.lower(newer->most);
    }
    if (counted.meters.empty()) counted.meters = now.meters;
    if (portal == portals.front()) plan.meters.clear();
    plan.meters.insert(plan.meters.end(), counted.meters.begin(), counted.meters.end());
  }
}

}  // namespace portcullis::session
