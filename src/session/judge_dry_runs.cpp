// Judge, statements that must be tried out before they are judged: what is wanted of a dry run, and what it
// says.
#include <algorithm>
#include <utility>

#include "base/holds.hpp"
#include "guard/dry_run_refusals.hpp"
#include "guard/row_questions.hpp"
#include "session/judge.hpp"
#include "shadow/admission.hpp"

namespace portcullis::session {

using base::Error;
using sql::TransactionControl;
namespace sqlstate = base::sqlstate;

namespace {

// How often what is judged by may change while one message is tried out.
constexpr std::size_t kMostAttempts = 5;
constexpr std::size_t kMostStatements = 20;
// Parameters of types that users have made have other oids in a copy.
constexpr std::uint32_t kFirstOwnOid = 16'384;

const policy::DryRunDuty* first_duty(const guard::Verdict& verdict) {
  const auto found = std::find_if(verdict.dry_runs.begin(), verdict.dry_runs.end(),
                                  [](const auto& duty) { return duty.required(); });
  return found == verdict.dry_runs.end() ? nullptr : &*found;
}

bool is_due(const guard::Verdict& verdict, std::size_t statement) {
  return statement < verdict.dry_runs.size() && verdict.dry_runs[statement].required();
}

bool goes_back(TransactionControl control) {
  return control == TransactionControl::rollback || control == TransactionControl::rollback_to ||
         control == TransactionControl::savepoint;
}

bool ends(TransactionControl control) {
  return control != TransactionControl::none && control != TransactionControl::begin;
}

// What it waits for is no table's lock but the rows that others have written. And who locks a table says so,
// in a transaction of the client's own.
bool works_on_rows(std::string_view kind) {
  constexpr auto kOnRows = std::to_array<std::string_view>(
      {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "EXECUTE", "FETCH", "EXPLAIN", "LOCK TABLE"});
  return base::holds(kOnRows, kind);
}

// Of those that wait for locks together; not required where none does.
policy::DryRunDuty duty_of_locks(const guard::Verdict& verdict, const sql::Facts& meant,
                                 std::size_t written) {
  policy::DryRunDuty all;
  for (std::size_t i = 0; i < written; ++i) {
    if (is_due(verdict, i) && !works_on_rows(meant.statements[i].kind)) all.add(verdict.dry_runs[i]);
  }
  return all;
}

// What stands before a statement in its text may not change what it runs under.
std::optional<std::string> hangs_on_text(const guard::Verdict& verdict, const sql::Facts& meant,
                                         std::size_t written) {
  bool ended = false, is_set = false;
  const bool waits = duty_of_locks(verdict, meant, written).required();
  for (std::size_t i = 0; i < written; ++i) {
    const auto& statement = meant.statements[i];
    if (goes_back(statement.transaction)) return "a text that goes back in its transaction is not followed";
    if (waits && statement.transaction != TransactionControl::none) {
      return "how long it waits for locks is bounded within its transaction, which a text alone is: leave "
             "BEGIN and COMMIT out of it, or send them by themselves";
    }
    if (is_due(verdict, i) && ended) return "it stands behind the end of a transaction: send it alone";
    if (is_due(verdict, i) && is_set) return "it stands behind a change of settings: send it alone";
    ended = ended || ends(statement.transaction);
    is_set = is_set || changes_settings(statement);
    if (waits && is_set) return "a change of settings stands in the same text: send it alone";
  }
  if (written > 1 && (verdict.runs_code || verdict.runs_triggers))
    return "functions or triggers run in the same text, and may change what the others mean: send it alone";
  return std::nullopt;
}

shadow::Parameters parameters_of(const Source& source, const wire::Bind& bind) {
  shadow::Parameters parameters;
  parameters.types = source.parameter_types;
  for (auto& type : parameters.types) type = type < kFirstOwnOid ? type : 0;
  parameters.formats = bind.parameter_formats;
  for (const auto& value : bind.parameters)
    parameters.values.push_back(value ? std::optional(std::string(*value)) : std::nullopt);
  return parameters;
}

std::string role_of(const SessionSettings& settings) {
  const auto role =
      std::find_if(settings.begin(), settings.end(), [](const auto& one) { return one.first == "role"; });
  return role == settings.end() ? std::string() : role->second;
}

}  // namespace

bool Judge::must_be_tried_out(const guard::Verdict& verdict) noexcept {
  return first_duty(verdict) != nullptr;
}

// What cannot be tried out as it would run.
std::optional<Error> Judge::hinders_dry_run(const guard::Verdict& verdict, const sql::Facts& meant,
                                            const Recorder::Subject& subject) const {
  const auto refuse = [duty = first_duty(verdict)](const std::string& why) {
    return guard::not_tried_out(*duty, why);
  };
  const std::size_t written = subject.written(meant);
  for (std::size_t i = written; i < meant.statements.size(); ++i) {
    if (is_due(verdict, i))
      return refuse("what EXECUTE and FETCH run is not followed there: send the statement itself");
  }
  if (subject.message == "Execute")
    return refuse("what it is judged by has changed since it was bound: bind it again");
  if (written > kMostStatements)
    return refuse("one text has at most " + std::to_string(kMostStatements) + " statements there");
  if (subject.message == "Parse") return std::nullopt;
  if (subject.message == "Bind" && (subject.bind == nullptr || subject.source == nullptr)) {
    return refuse(subject.bind == nullptr
                      ? "its parameters are too long"
                      : "which statement it is cannot be told any more: prepare it again under a new name");
  }
  if (const auto why = hangs_on_text(verdict, meant, written)) return refuse(*why);
  for (std::size_t i = 0; i < written; ++i) {
    const auto& statement = meant.statements[i];
    if (statement.transaction != TransactionControl::none) continue;
    if (const auto why = shadow::not_to_be_tried_out(statement)) return refuse(why->message);
  }
  if (subject.message == "Query" && view_.in_pipeline)
    return refuse("it stands in a pipeline that has not ended: send a Sync before it");
  if (view_.failed) return refuse("its transaction has failed: send ROLLBACK first");
  if (view_.earlier == nullptr)
    return refuse("what its transaction has changed before cannot be done again in a copy: COMMIT first");
  if (view_.settings && role_of(*view_.settings) != "none")
    return refuse("the session has set its role: RESET ROLE first");
  if (!view_.settings && view_.in_pipeline)
    return refuse("what its settings are cannot be asked within a pipeline: send a Sync before it");
  if (view_.tried && view_.tried->attempts >= kMostAttempts &&
      !is_answered(request_of(verdict, meant, subject)))
    return refuse("what it is judged by keeps changing: try again in a moment");
  return std::nullopt;
}

// Production is asked as it is for everybody: behind what only this transaction sees, or this text has
// changed before, it would be asked for other rows, or another table of that name. Why it cannot be.
std::optional<std::string> Judge::hinders_question(const sql::Facts& meant, std::size_t statement) const {
  if (!view_.earlier->empty()) return "its transaction has changed the catalog before (COMMIT first)";
  const auto begin = meant.statements.begin();
  const bool is_first = std::all_of(
      begin, begin + static_cast<std::ptrdiff_t>(statement),
      [](const auto& before) { return before.reads_only || before.transaction != TransactionControl::none; });
  if (is_first) return std::nullopt;
  return "a statement before it in the same text changes something (send it alone)";
}

void Judge::add_questions(const guard::Verdict& verdict, const sql::Facts& meant, std::size_t statement,
                          DryRunRequest& request) const {
  auto& rows = request.rows.emplace_back();
  auto& targets = request.targets.emplace_back();
  if (!is_due(verdict, statement)) return;
  const auto& duty = verdict.dry_runs[statement];
  const guard::RowSubject subject{request.statements.back(), meant.statements[statement],
                                  view_.basis->snapshot.get(), *view_.names};
  const auto why = hinders_question(meant, statement);
  if (duty.max_rows) {
    rows = guard::row_question(subject, duty.max_rows->most);
    if (why && !rows->sql.empty()) rows = shadow::rows_unknown(duty.max_rows->most, *why);
  }
  if (duty.target_rows) {
    targets = guard::target_question(subject, duty.target_rows->most);
    if (why && !targets->sql.empty()) targets = shadow::targets_unknown(duty.target_rows->most, *why);
  }
}

DryRunRequest Judge::request_of(const guard::Verdict& verdict, const sql::Facts& meant,
                                const Recorder::Subject& subject) const {
  DryRunRequest request;
  request.earlier = *view_.earlier;
  request.settings = view_.settings;
  // In a block, or beside others in a text, which PostgreSQL takes for one, it fails, and is tried out so.
  if (!view_.in_block && subject.written(meant) == 1)
    request.outside = shadow::outside_of(meant.statements.front());
  if (subject.message == "Bind") {
    request.statements = {subject.source->text};
    add_questions(verdict, meant, 0, request);
    if (!subject.bind->parameters.empty()) request.parameters = parameters_of(*subject.source, *subject.bind);
    return request;
  }
  for (std::size_t i = 0; i < subject.written(meant); ++i) {
    const auto& statement = meant.statements[i];
    if (statement.transaction != TransactionControl::none) continue;
    request.statements.emplace_back(subject.text.substr(statement.offset, statement.length));
    add_questions(verdict, meant, i, request);
  }
  return request;
}

std::optional<LockDuty> Judge::lock_duty_of(const guard::Verdict& verdict, const sql::Facts& meant,
                                            const Recorder::Subject& subject) const {
  if (subject.message == "Parse") return std::nullopt;
  const auto written = subject.written(meant);
  const auto all = duty_of_locks(verdict, meant, written);
  if (!all.required()) return std::nullopt;
  LockDuty duty{*all.lock_timeout, meant.statements.front().kind, written == 1, nullptr};
  if (written > 1) duty.subject = "the message";
  if (view_.tried && view_.tried->result) duty.report = *view_.tried->result;
  // What runs outside transactions has none that could be undone: given up, it leaves an invalid index.
  const bool is_outside =
      duty.report && std::ranges::any_of(duty.report->statements,
                                         [](const auto& statement) { return statement.facts.is_by_rule; });
  return is_outside ? std::nullopt : std::optional(duty);
}

bool Judge::is_answered(const DryRunRequest& request) const {
  return view_.tried && view_.tried->basis == view_.basis && view_.tried->request == request;
}

// True: something must be found out first, and nothing is decided yet.
bool Judge::wants_dry_run(const guard::Verdict& verdict, const sql::Facts& meant,
                          const Recorder::Subject& subject, Judgement& later) const {
  if (view_.failed) return false;
  if (!view_.settings) {
    // Only at its beginning can a pipeline be asked for.
    later.wants_settings = !view_.in_pipeline;
    return later.wants_settings;
  }
  if (subject.message == "Parse") return false;
  auto request = request_of(verdict, meant, subject);
  if (is_answered(request)) return false;
  later.wants_dry_run = std::move(request);
  return true;
}

std::optional<Error> Judge::refused_by_dry_run(const guard::Verdict& verdict, const sql::Facts& meant,
                                               const Recorder::Subject& subject) const {
  if (subject.message == "Parse") return std::nullopt;
  const auto& result = view_.tried->result;
  if (!result) return guard::not_tried_out(*first_duty(verdict), result.error());
  const auto& report = **result;
  std::size_t reported = 0;
  for (std::size_t i = 0; i < subject.written(meant); ++i) {
    if (meant.statements[i].transaction != TransactionControl::none) continue;
    // Behind one that fails nothing was tried out.
    if (reported == report.statements.size())
      return guard::not_tried_out(*first_duty(verdict), "a statement before it in the text fails");
    const auto& statement = report.statements[reported++];
    if (!is_due(verdict, i)) continue;
    if (auto refusal = guard::dry_run_refusal(verdict.dry_runs[i], statement, report)) return refusal;
  }
  return std::nullopt;
}

}  // namespace portcullis::session
