#include "portcullis/guard/demand.hpp"

#include <algorithm>

#include "policy/limits.hpp"

namespace portcullis::guard {

// What tcop/utility.c calls LOGSTMT_DDL, by the first words of the actions.
bool is_ddl(std::string_view action) noexcept {
  constexpr std::string_view kWords[] = {"create ",        "alter ",         "drop ",
                                         "rename ",        "set schema",     "owner to",
                                         "comment",        "grant",          "revoke",
                                         "security label", "cluster",        "import foreign schema",
                                         "select into",    "reassign owned", "refresh materialized view"};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [action](std::string_view word) { return action.starts_with(word); });
}

Demand demand_of(const policy::PolicySet& policy, const sql::Facts& facts,
                 const catalog::Resolution& resolution, std::string_view agent) {
  Demand demand;
  for (const auto& statement : facts.statements) {
    if (!policy::counts_as_statement(statement)) continue;
    ++demand.statements;
    if (std::any_of(statement.effects.begin(), statement.effects.end(),
                    [](const sql::Effect& effect) { return is_ddl(sql::name(effect.action)); }))
      ++demand.ddl;
  }
  demand.rules = policy.rule_uses(facts, resolution, agent);
  demand.results = policy.result_limits(facts, resolution, agent);
  return demand;
}

}  // namespace portcullis::guard
