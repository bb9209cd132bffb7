#include "session/row_bracket.hpp"

#include <utility>

#include "guard/row_refusals.hpp"
#include "portcullis/guard/verdict.hpp"
#include "portcullis/wire/messages.hpp"

namespace portcullis::session {

using base::Error;
using Step = RowBracket::Step;
namespace sqlstate = base::sqlstate;

namespace {

// Triggers that may be put off to the end of the transaction. Foreign keys and unique constraints that are
// only check: they change no rows.
constexpr std::string_view kDeferredTriggers =
    "SELECT EXISTS(SELECT FROM pg_catalog.pg_trigger AS t WHERE t.tgdeferrable AND NOT t.tgisinternal)";
// Where the transaction ends at once this does what its end would do, before it can no longer be undone.
constexpr std::string_view kRunDeferred = "SET CONSTRAINTS ALL IMMEDIATE";

// The counting itself is not possible: a right is missing, or something that it needs. All else, as a
// statement that was cancelled, is the client's to read as the server says it.
bool is_of_counting(const base::Error& error) {
  const auto code = error.code.view().substr(0, 2);
  return code == "42" || code == "34" || code == "26" || code == "22" || code == "0A";
}

std::string as_frame(const Error& error) {
  std::string frame;
  encode(frame, wire::to_error_response(error, "ERROR"));
  return frame;
}

}  // namespace

RowBracket::RowBracket(RowCounter& counter, std::string name, Work work)
    : counter_(counter), name_(std::move(name)), work_(std::move(work)) {
  std::vector<std::string> statements;
  if (work_.is_query && !work_.in_block) statements.emplace_back("BEGIN");
  statements.push_back(counter_.base_query());
  statements.emplace_back(kDeferredTriggers);
  (void)ask(Phase::opening, statements);
}

Step RowBracket::ask(Phase phase, const std::vector<std::string>& statements) {
  phase_ = phase;
  round_ = std::make_unique<OwnRound>(name_, statements,
                                      work_.is_query ? OwnRound::End::sync : OwnRound::End::flush);
  out_ += round_->take_out();
  return Step::send;
}

Step RowBracket::on_answer(char type, std::string_view body, std::string_view frame) {
  switch (round_->on_message(type, body, frame)) {
    case OwnRound::Next::read: return Step::read;
    case OwnRound::Next::violation: return Step::violation;
    case OwnRound::Next::done: break;
  }
  const auto round = std::move(round_);
  if (work_.is_query) ending_.status = round->transaction_status();
  skips_ = skips_ || round->failure().has_value();
  if (how_ == How::failed && phase_ != Phase::closing) return undo();
  switch (phase_) {
    case Phase::opening: return opened(*round);
    case Phase::counting: return counted(*round);
    case Phase::closing: return closed(*round);
    case Phase::running: break;
  }
  return Step::violation;
}

Step RowBracket::opened(const OwnRound& round) {
  if (round.failure()) return fail(*round.failure());
  const std::size_t base = work_.is_query && !work_.in_block ? 1 : 0;
  if (work_.is_query && ending_.status != 'T') return Step::violation;
  if (const auto taken = counter_.take_base(round.rows(base)); !taken) return stop(unverified(taken.error()));
  const auto& told = round.rows(base + 1);
  const bool deferred = told.size() != 1 || told[0].size() != 1 || told[0][0] != "f";
  if (work_.ends_transaction) {
    if (!deferred) return Step::pass;
    if (work_.is_one_statement) return count();
    return stop(guard::row_refusal(
        work_.limit, "what triggers do at the end of the transaction is counted before it, and " +
                         work_.subject + " does more: send COMMIT alone"));
  }
  // What its triggers put off would run at the client's Sync, behind the count.
  if (deferred && !work_.is_query && !work_.in_block) {
    return stop(
        guard::row_refusal(work_.limit,
                           "this database has triggers that are put off to the end of the transaction: "
                           "send BEGIN and a Sync before " +
                               work_.subject + ", or send it as a simple Query"));
  }
  return run();
}

Step RowBracket::run() {
  phase_ = Phase::running;
  out_ += work_.message;
  if (!work_.is_query) encode(out_, wire::Flush{});
  return Step::send;
}

Step RowBracket::on_done() {
  return how_ == How::failed ? undo() : count();
}

// Whatever ended the gate's transaction has committed what was not counted.
Step RowBracket::on_ready(char status) {
  ending_.status = status;
  if (status == 'I') return Step::violation;
  if (how_ == How::failed) return undo();
  return status == 'T' ? count() : Step::violation;
}

Step RowBracket::count() {
  std::vector<std::string> statements;
  const bool ends = work_.ends_transaction || (work_.is_query && !work_.in_block);
  if (ends) statements.emplace_back(kRunDeferred);
  report_ = statements.size();
  statements.emplace_back(RowCounter::report_query());
  return ask(Phase::counting, statements);
}

Step RowBracket::counted(const OwnRound& round) {
  if (round.failure()) {
    counter_.forget();
    return fail(*round.failure());
  }
  auto touched = counter_.take_report(round.rows(report_));
  if (!touched) return stop(unverified(touched.error()));
  ending_.rows = std::move(*touched);
  if (ending_.rows.total + work_.before > work_.limit.rows) return stop(too_many());
  return work_.ends_transaction ? Step::pass : close();
}

Step RowBracket::stop(Error why) {
  how_ = How::stopped;
  ending_.sqlstate = why.code.view();
  ending_.error_frame = as_frame(guard::with_record(why, work_.record));
  return close();
}

Step RowBracket::fail(const OwnRound::Failure& failure) {
  const bool of_deferred = phase_ == Phase::counting && failure.statement < report_;
  if (!of_deferred && is_of_counting(failure.error)) return stop(unverified(failure.error));
  how_ = How::failed;
  ending_.sqlstate = failure.error.code.view();
  ending_.error_frame = failure.frame;
  return close();
}

Step RowBracket::undo() {
  counter_.forget();
  return close();
}

bool RowBracket::ends_here() const noexcept {
  return work_.is_query && (!work_.in_block || (work_.ends_transaction && work_.is_one_statement));
}

Step RowBracket::close() {
  ending_.how = how_;
  const bool ends = ends_here();
  if (ends && how_ != How::done && ending_.status == 'I') return Step::finish;  // not even BEGIN has worked
  if (ends) return ask(Phase::closing, {how_ == How::done ? "COMMIT" : "ROLLBACK"});
  const bool has_failed = work_.is_query ? ending_.status == 'E' : skips_;
  if (how_ == How::done || has_failed) return Step::finish;
  return ask(Phase::closing, {"PORTCULLIS_STOPPED record " + std::to_string(work_.record)});
}

// A COMMIT that fails has rolled back, and what it says is what the client's own would have said.
Step RowBracket::closed(const OwnRound& round) {
  const bool ends = ends_here();
  if (ends && ending_.status != 'I') return Step::violation;
  if (!ends) return round.failure() ? Step::finish : Step::violation;
  if (how_ != How::done) return round.failure() ? Step::violation : Step::finish;
  if (round.failure()) {
    counter_.forget();
    ending_.how = How::failed;
    ending_.sqlstate = round.failure()->error.code.view();
    ending_.error_frame = round.failure()->frame;
  } else if (round.tag(0) != "COMMIT") {
    return Step::violation;
  }
  return Step::finish;
}

Error RowBracket::too_many() const {
  RowsTouched all = ending_.rows;
  all.total += work_.before;
  return {sqlstate::insufficient_privilege,
          "portcullis: stopped by \"" + work_.limit.rule + "\": " + work_.subject + " touched " +
              to_text(all) + ", limit " + std::to_string(work_.limit.rows) + "; nothing was changed."};
}

Error RowBracket::unverified(const Error& why) const {
  return guard::row_refusal(
      work_.limit, "how many rows " + work_.subject + " changes cannot be verified (" + why.message + ")");
}

}  // namespace portcullis::session
