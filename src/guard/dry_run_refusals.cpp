#include "guard/dry_run_refusals.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace portcullis::guard {

using base::Error;
using policy::DryRunDuty;
using shadow::RelationFacts;
using shadow::Report;
using shadow::StatementReport;
namespace sqlstate = base::sqlstate;

namespace {

constexpr std::string_view kNotSent = ", which a dry run has shown; nothing was sent";

Error denied(const std::string& rule, std::string why) {
  return {sqlstate::insufficient_privilege,
          "portcullis: denied by \"" + rule + "\": " + std::move(why) + "."};
}

std::string name_of(const RelationFacts& relation) {
  return relation.schema + "." + relation.name;
}

template <class Is>
const RelationFacts* find(const StatementReport& statement, Is is) {
  const auto& relations = statement.facts.relations;
  const auto found = std::find_if(relations.begin(), relations.end(),
                                  [&](const auto& relation) { return !relation.is_new && is(relation); });
  return found == relations.end() ? nullptr : &*found;
}

// The database's own words, and whose they are. What nobody could find out is no pass.
std::optional<Error> would_fail(const DryRunDuty& duty, const StatementReport& statement) {
  const auto outlook = outlook_of(statement.facts, statement.probes);
  if (outlook.outcome == shadow::Outlook::Outcome::runs) return std::nullopt;
  const bool is_known = outlook.outcome == shadow::Outlook::Outcome::fails;
  Error failure = outlook.error.value_or(Error{sqlstate::internal_error, "what it would do is not known"});
  std::string message = "portcullis: refused by \"" + duty.rule;
  message += is_known ? "\", for its dry run fails: " : "\", for it may fail, and nobody could find out: ";
  failure.message.insert(0, message);
  if (!failure.message.ends_with('.')) failure.message += '.';
  failure.position.reset();
  return failure;
}

// Whether these read a table whole is for production's planner to say.
bool is_planned(const StatementReport& statement) {
  constexpr auto kPlanned =
      std::to_array<std::string_view>({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"});
  const auto& tag = statement.facts.tag;
  return std::any_of(kPlanned.begin(), kPlanned.end(),
                     [&](const auto kind) { return tag.starts_with(kind); });
}

std::optional<Error> over_lock(const DryRunDuty& duty, const StatementReport& statement) {
  if (!duty.max_lock) return std::nullopt;
  const auto* relation = find(statement, [&](const RelationFacts& facts) {
    return !facts.locks.empty() && facts.locks.strongest() > duty.max_lock->most;
  });
  if (relation == nullptr) return std::nullopt;
  return denied(duty.max_lock->rule, "it locks " + name_of(*relation) + " in " +
                                         std::string(name(relation->locks.strongest())) + " mode, and " +
                                         std::string(name(duty.max_lock->most)) +
                                         " is the strongest allowed" + std::string(kNotSent));
}

std::optional<Error> rewritten(const DryRunDuty& duty, const StatementReport& statement) {
  if (!duty.no_rewrite) return std::nullopt;
  const auto* relation = find(statement, [](const RelationFacts& facts) { return facts.is_rewritten; });
  if (relation == nullptr) return std::nullopt;
  return denied(*duty.no_rewrite, "it writes " + name_of(*relation) + " anew" + std::string(kNotSent));
}

std::optional<Error> scanned(const DryRunDuty& duty, const StatementReport& statement) {
  if (!duty.no_full_scan) return std::nullopt;
  if (is_planned(statement)) {
    return denied(
        *duty.no_full_scan,
        "whether it reads a table whole hangs on the database's plan for it, which a copy cannot show");
  }
  const auto* relation = find(statement, [](const RelationFacts& facts) { return facts.is_scanned; });
  if (relation == nullptr) return std::nullopt;
  return denied(*duty.no_full_scan, "it reads all of " + name_of(*relation) + std::string(kNotSent));
}

// As SQL, for the agent to send next, where that is short enough to be read.
Error with_safer_form(Error refusal, const StatementReport& statement) {
  constexpr std::size_t kLongest = 600;
  if (!statement.safer) return refusal;
  std::string steps, told;
  for (const auto& step : statement.safer->steps) {
    if (!step.sql.empty()) steps += step.sql + "; ";
    told += (step.sql.empty() ? "" : step.sql + " -- ") + step.why + "\n";
  }
  if (steps.size() > kLongest || steps.empty()) return refusal;
  steps.erase(steps.size() - 2);
  refusal.message += " Safer: " + steps + ".";
  refusal.hint = std::move(told);
  return refusal;
}

std::optional<Error> too_long(const DryRunDuty& duty, const StatementReport& statement) {
  if (!duty.max_duration) return std::nullopt;
  const auto& [most, rule] = *duty.max_duration;
  const std::string limit = "\"max_duration\" is " + std::string(name(most)) + "; nothing was sent";
  if (!statement.forecast)
    return denied(rule, "how long it takes is not known, for its sizes could not be asked: " + limit);
  const auto& forecast = *statement.forecast;
  if (!forecast.duration)
    return denied(rule, "how long it takes is not known, for " + forecast.basis + ": " + limit);
  if (*forecast.duration <= most) return std::nullopt;
  return denied(rule, "it is estimated to take " + std::string(name(*forecast.duration)) + " (" +
                          forecast.basis + "): " + limit);
}

// "100 rows".
std::string rows_in_words(std::uint64_t rows) {
  return std::to_string(rows) + (rows == 1 ? " row" : " rows");
}

std::optional<Error> too_many_rows(const DryRunDuty& duty, const StatementReport& statement) {
  if (!duty.max_rows) return std::nullopt;
  const auto& [most, rule] = *duty.max_rows;
  if (statement.rows && statement.rows->is_within(most)) return std::nullopt;
  const std::string limit = "\"rows\" is " + std::to_string(most) + "; nothing was sent";
  if (!statement.rows || statement.rows->basis == shadow::RowCount::Basis::unknown) {
    const std::string why = statement.rows ? statement.rows->why : "nobody asked";
    return denied(rule,
                  "how many rows it changes is not known, for " + why + ": " + limit +
                      ". Send an INSERT, UPDATE or DELETE of one table whose rows can be counted before");
  }
  const bool is_said = statement.rows->basis == shadow::RowCount::Basis::written;
  return denied(rule, "it would change more than " + rows_in_words(most) +
                          (is_said ? ", which its text says; nothing was sent"
                                   : ", which production's rows have shown; nothing was sent") +
                          ". Change them in smaller parts");
}

bool lacks_something(const StatementReport& statement, const Report& report) {
  const auto& bare = report.without_row;
  return !report.left_out.empty() ||
         find(statement, [&](const RelationFacts& relation) {
           return std::find(bare.begin(), bare.end(), name_of(relation)) != bare.end();
         }) != nullptr;
}

}  // namespace

Error not_tried_out(const DryRunDuty& duty, const std::string& why) {
  return denied(duty.rule, "it was not tried out: " + why);
}

Error locks_not_seen(const std::string& rule, const std::string& subject, const std::string& why) {
  return denied(rule,
                "what " + subject + " locks cannot be seen while it runs (" + why + "); nothing was changed");
}

Error locks_not_free(const policy::AtMost<std::chrono::milliseconds>& timeout, const std::string& subject,
                     std::uint32_t attempts, bool in_block, bool is_outdated) {
  Error error{sqlstate::lock_not_available,
              "portcullis: " + subject +
                  " was not executed: others hold locks that stand in its way, and \"" + timeout.rule +
                  "\" lets it wait " + std::to_string(timeout.most.count()) + " ms for each"};
  if (attempts > 1) error.message += "; it was tried " + std::to_string(attempts) + " times";
  error.message += in_block ? ". The transaction has failed: roll it back" : ". Nothing was changed";
  error.message += is_outdated ? ", and what it was judged by has changed meanwhile." : ".";
  error.hint = "Send it again later: the longer it waited, the longer everybody else would wait behind it.";
  return error;
}

Error not_tried_out(const DryRunDuty& duty, const Error& why) {
  auto refusal = not_tried_out(duty, why.message);
  if (why.code == sqlstate::cannot_connect_now) refusal.code = why.code;
  return refusal;
}

std::optional<Error> dry_run_refusal(const DryRunDuty& duty, const StatementReport& statement,
                                     const Report& report) {
  if (statement.not_tried) return not_tried_out(duty, *statement.not_tried);
  if (duty.whole_copy && lacks_something(statement, report)) {
    return denied(
        *duty.whole_copy,
        "the copy that it was tried out in lacks something of the database, so that may answer otherwise "
        "(`portcullis dry-run` names it; \"incomplete\": true in the rule's \"dry_run\" accepts it)");
  }
  if (statement.facts.failure) return would_fail(duty, statement);
  // Before what the rows have answered: who is refused anyway learns nothing of them.
  for (const auto& check : {over_lock, rewritten, scanned, too_long, too_many_rows}) {
    if (auto refusal = check(duty, statement)) return with_safer_form(*std::move(refusal), statement);
  }
  return would_fail(duty, statement);
}

}  // namespace portcullis::guard
