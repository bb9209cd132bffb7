#include "guard/policy_tests.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "guard/guard.hpp"
#include "sql/analyze.hpp"

namespace portcullis::guard {
namespace {

// A name that the text uses and did not make: a session would refuse it.
std::optional<base::Error> unknown_name(const sql::Facts& facts) {
  std::set<std::string> prepared, cursors;
  for (const auto& statement : facts.statements) {
    if (!statement.executes.empty() && !prepared.contains(statement.executes)) {
      return base::Error{base::sqlstate::invalid_sql_statement_name,
                         "prepared statement \"" + statement.executes + "\" does not exist"};
    }
    if (!statement.fetches.empty() && !cursors.contains(statement.fetches)) {
      return base::Error{base::sqlstate::invalid_cursor_name,
                         "cursor \"" + statement.fetches + "\" does not exist"};
    }
    if (!statement.prepares.empty()) prepared.insert(statement.prepares);
    if (!statement.declares_cursor.empty()) cursors.insert(statement.declares_cursor);
  }
  return std::nullopt;
}

Verdict verdict_on(const Guard& guard, const policy::PolicyTest& test, const Analyze& analyze,
                   const catalog::Snapshot* snapshot) {
  const catalog::NameSpace names{test.search_path};
  const Request request{test.as, &names, snapshot, test.sql, &test.claims};
  const auto facts = analyze(test.sql);
  if (!facts) return guard.not_understood(facts.error(), test.as);
  if (const auto unknown = unknown_name(*facts)) return guard.not_understood(*unknown, test.as);
  return guard.decide(*facts, request);
}

// Borrowed for the time of the run, though a guard wants to share.
Guard guard_of(const policy::PolicySet& policy, const catalog::Snapshot* snapshot) {
  const auto bound =
      snapshot == nullptr ? nullptr : std::make_shared<const policy::Bound>(policy.bind(*snapshot));
  return Guard(std::shared_ptr<const policy::PolicySet>(std::shared_ptr<void>(), &policy), bound);
}

std::string spoken(policy::Outcome outcome, const std::string& rule) {
  return std::string(policy::name(outcome)) + (rule.empty() ? "" : " by \"" + rule + "\"");
}

}  // namespace

std::vector<policy::Problem> run_policy_tests(const policy::PolicySet& policy, const Analyze& analyze,
                                              const catalog::Snapshot* snapshot) {
  const Guard guard = guard_of(policy, snapshot);
  std::vector<policy::Problem> failures;
  for (const auto& test : policy.tests()) {
    const Verdict verdict = verdict_on(guard, test, analyze, snapshot);
    const auto* decisive = verdict.decision.decisive();
    const std::string rule = decisive == nullptr ? std::string() : decisive->rule;
    if (verdict.outcome == test.expect && (test.rule.empty() || test.rule == rule)) continue;
    std::string message = "the test expects " + spoken(test.expect, test.rule) + " for " + test.as +
                          ", the policy says " + spoken(verdict.outcome, rule) + ": " + test.sql;
    const auto& told = verdict.refusal ? verdict.refusal : verdict.would_refuse;
    if (told) message += " (" + told->message + ")";
    failures.push_back({test.line, test.column, std::move(message)});
  }
  return failures;
}

bool holds(const policy::PolicySet& policy, const policy::PolicyTest& test,
           const catalog::Snapshot* snapshot) {
  const auto analyze = [](std::string_view text) { return sql::analyze(text); };
  return verdict_on(guard_of(policy, snapshot), test, analyze, snapshot).outcome == test.expect;
}

std::vector<policy::Problem> run_policy_tests(const policy::PolicySet& policy,
                                              const catalog::Snapshot* snapshot) {
  return run_policy_tests(
      policy, [](std::string_view text) { return sql::analyze(text); }, snapshot);
}

}  // namespace portcullis::guard
