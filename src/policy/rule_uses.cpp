// Which statements of a text come under which rule: for its rate, for what one of them may give
// back, and for what must be tried out.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "policy/rule_match.hpp"
#include "policy/rules.hpp"

namespace portcullis::policy {
namespace {

using catalog::Resolution;

// Where each written effect stands. The text of EXECUTE's statement is another one, so a place may be in
// several statements: then it counts for all of them.
class Places {
 public:
  explicit Places(const sql::Facts& facts) : count_(facts.statements.size()) {
    for (std::size_t i = 0; i < facts.statements.size(); ++i) {
      for (const auto& effect : facts.statements[i].effects) {
        auto& here = statements_[{effect.action, effect.location}];
        if (counts_as_statement(facts.statements[i])) here.insert(i);
      }
    }
  }

  void add(const sql::Effect& written, std::set<std::size_t>& statements) const {
    const auto found = statements_.find({written.action, written.location});
    if (found != statements_.end()) return statements.insert(found->second.begin(), found->second.end());
    // Nothing written is behind it, which resolve() does not do: then it is everything's.
    for (std::size_t i = 0; i < count_; ++i) statements.insert(i);
  }

 private:
  std::size_t count_;
  std::map<std::pair<sql::Action, std::int32_t>, std::set<std::size_t>> statements_;
};

// The written effect behind an effect.
std::vector<std::size_t> roots_of(const Resolution& resolution) {
  std::vector<std::size_t> roots;
  for (std::size_t i = 0; i < resolution.effects.size(); ++i) {
    const auto cause = resolution.effects[i].cause;
    const bool caused = cause >= 0 && static_cast<std::size_t>(cause) < i;
    roots.push_back(caused ? roots[static_cast<std::size_t>(cause)] : i);
  }
  return roots;
}

// Of the agent's rules that are `limited`, by index: the statements that they cover an effect of.
template <class Limited>
std::map<std::size_t, std::set<std::size_t>> covered_by(const PolicyData& policy, const sql::Facts& facts,
                                                        const Resolution& resolution, std::string_view agent,
                                                        Limited limited) {
  std::map<std::size_t, std::set<std::size_t>> covered;
  const auto rules = policy.rules_of.find(agent);
  if (rules == policy.rules_of.end()) return covered;
  const auto counts = [&](std::size_t index) {
    return !policy.rules[index].monitored && limited(policy.rules[index]);
  };
  if (std::none_of(rules->second.begin(), rules->second.end(), counts)) return covered;

  const Places places(facts);
  const auto roots = roots_of(resolution);
  for (const std::size_t index : rules->second) {
    if (!counts(index)) continue;
    std::set<std::size_t> statements;
    for (std::size_t i = 0; i < resolution.effects.size(); ++i) {
      if (comes_under(policy, index, resolution.effects[i]))
        places.add(resolution.effects[roots[i]].effect, statements);
    }
    if (!statements.empty()) covered.emplace(index, std::move(statements));
  }
  return covered;
}

}  // namespace

bool counts_as_statement(const sql::StatementFacts& statement) noexcept {
  return statement.transaction != sql::TransactionControl::commit &&
         statement.transaction != sql::TransactionControl::rollback;
}

std::vector<RuleUse> rule_uses(const PolicyData& policy, const sql::Facts& facts,
                               const Resolution& resolution, std::string_view agent) {
  std::vector<RuleUse> uses;
  const auto covered =
      covered_by(policy, facts, resolution, agent, [](const Rule& rule) { return rule.rate.has_value(); });
  for (const auto& [index, statements] : covered)
    uses.push_back({policy.rules[index].id, static_cast<std::uint32_t>(statements.size())});
  return uses;
}

std::vector<ResultLimits> result_limits(const PolicyData& policy, const sql::Facts& facts,
                                        const Resolution& resolution, std::string_view agent) {
  std::vector<ResultLimits> limits;
  const auto covered =
      covered_by(policy, facts, resolution, agent, [](const Rule& rule) { return rule.results.any(); });
  if (covered.empty()) return limits;
  limits.resize(facts.statements.size());
  for (const auto& [index, statements] : covered) {
    for (const std::size_t statement : statements) limits[statement].lower(policy.rules[index].results);
  }
  return limits;
}

std::vector<DryRunDuty> dry_run_duties(const PolicyData& policy, const sql::Facts& facts,
                                       const Resolution& resolution, std::string_view agent) {
  std::vector<DryRunDuty> duties;
  if (policy.monitored) return duties;
  const auto covered =
      covered_by(policy, facts, resolution, agent, [](const Rule& rule) { return rule.dry_run.has_value(); });
  if (covered.empty()) return duties;
  duties.resize(facts.statements.size());
  for (const auto& [index, statements] : covered) {
    for (const std::size_t statement : statements) duties[statement].add(*policy.rules[index].dry_run);
  }
  return duties;
}

}  // namespace portcullis::policy
