#include "portcullis/guard/demand.hpp"

#include <algorithm>

#include "policy/limits.hpp"

namespace portcullis::guard {
namespace {

// What tcop/utility.c calls LOGSTMT_DDL, by the first words of the actions.
bool is_ddl(const sql::Effect& effect) noexcept {
  constexpr std::string_view kWords[] = {"create ",        "alter ",         "drop ",
                                         "rename ",        "set schema",     "owner to",
                                         "comment",        "grant",          "revoke",
                                         "security label", "cluster",        "import foreign schema",
                                         "select into",    "reassign owned", "refresh materialized view"};
  const auto name = sql::name(effect.action);
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [name](std::string_view word) { return name.starts_with(word); });
}

}  // namespace

Demand demand_of(const policy::PolicySet& policy, const sql::Facts& facts,
                 const catalog::Resolution& resolution, std::string_view agent) {
  Demand demand;
  for (const auto& statement : facts.statements) {
    if (!policy::counts_as_statement(statement)) continue;
    ++demand.statements;
    if (std::any_of(statement.effects.begin(), statement.effects.end(), is_ddl)) ++demand.ddl;
  }
  demand.rules = policy.rule_uses(facts, resolution, agent);
  demand.results = policy.result_limits(facts, resolution, agent);
  return demand;
}

}  // namespace portcullis::guard
