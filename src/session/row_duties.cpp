#include "session/row_duties.hpp"

#include <algorithm>
#include <array>

#include "guard/row_refusals.hpp"
#include "session/judge.hpp"

namespace portcullis::session {

using base::Error;

namespace {

// In a pipeline these leave the end of the transaction to the client's Sync. Other statements may commit as
// they end.
constexpr auto kCountedInPipelines =
    std::to_array<std::string_view>({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "EXECUTE",
                                     "EXPLAIN", "PREPARE", "SET CONSTRAINTS"});

bool is_counted_in_pipelines(const sql::StatementFacts& statement) {
  return std::find(kCountedInPipelines.begin(), kCountedInPipelines.end(), statement.kind) !=
         kCountedInPipelines.end();
}

}  // namespace

std::optional<RowDuty> rows_duty_of(const guard::Verdict& verdict, const sql::Facts& meant) {
  const auto& limit = verdict.row_limit ? verdict.row_limit : verdict.row_limit_at_commit;
  if (!verdict.allowed() || !limit || meant.statements.empty()) return std::nullopt;
  RowDuty duty{*limit, !verdict.row_limit, true, verdict.runs_code, meant.statements.front().kind};
  // What EXECUTE runs stands behind the statements that are written.
  duty.is_one_statement = meant.statements.size() == 1 || duty.subject == "EXECUTE";
  if (!duty.is_one_statement) duty.subject = "the message";
  return duty;
}

std::optional<RowDuty> stricter(const std::optional<RowDuty>& a, const std::optional<RowDuty>& b) {
  if (!a || !b) return a ? a : b;
  RowDuty both = a->limit.rows <= b->limit.rows ? *a : *b;
  both.at_commit = a->at_commit && b->at_commit;
  both.runs_at_bind = a->runs_at_bind || b->runs_at_bind;
  return both;
}

// What comes under a limit on rows must have an end at which they can be counted and still be undone.
std::optional<Error> Judge::hinders_counting(const guard::Verdict& verdict, const sql::Facts& meant,
                                             const Recorder::Subject& subject) const {
  const auto refuse = [](const policy::RowLimit& limit, const std::string& why) {
    return guard::row_refusal(limit, why);
  };
  // A cursor from before the limit was there.
  if (fetches_what_moves(meant)) {
    const auto strictest = view_.basis->guard->policy().strictest_row_limit(identity_.agent);
    if (strictest)
      return refuse(*strictest, "what a cursor runs is not counted as a whole: send the query itself");
  }
  const auto& limit = verdict.row_limit ? verdict.row_limit : verdict.row_limit_at_commit;
  if (subject.message == "Query") {
    if (!limit || !view_.in_pipeline) return std::nullopt;
    return refuse(*limit, "rows cannot be counted in a Query within a pipeline: send a Sync before it");
  }
  if (!verdict.row_limit) return std::nullopt;
  if (!std::all_of(meant.statements.begin(), meant.statements.end(), is_counted_in_pipelines)) {
    return refuse(*verdict.row_limit,
                  meant.statements.front().kind +
                      " runs code whose rows can be counted only in a simple Query: send it as "
                      "one");
  }
  if (subject.message == "Bind" && subject.bind == nullptr && verdict.runs_code) {
    return refuse(*verdict.row_limit, "the parameters are too long for a statement that runs functions");
  }
  return std::nullopt;
}

}  // namespace portcullis::session
