#include "session/bracket.hpp"

#include <algorithm>
#include <utility>

#include "guard/dry_run_refusals.hpp"
#include "guard/row_refusals.hpp"
#include "portcullis/guard/verdict.hpp"
#include "portcullis/wire/messages.hpp"

namespace portcullis::session {

using base::Error;
using Step = Bracket::Step;
namespace sqlstate = base::sqlstate;

namespace {

// Triggers that may be put off to the end of the transaction. Foreign keys and unique constraints that are
// only check: they change no rows.
constexpr std::string_view kDeferredTriggers =
    "SELECT EXISTS(SELECT FROM pg_catalog.pg_trigger AS t WHERE t.tgdeferrable AND NOT t.tgisinternal)";
// Where the transaction ends at once this does what its end would do, before it can no longer be undone.
constexpr std::string_view kRunDeferred = "SET CONSTRAINTS ALL IMMEDIATE";

// What did not get its locks is sent again behind a pause, twice as long each time, for so long in all.
constexpr std::chrono::milliseconds kFirstPause{100}, kLongestPause{1'000}, kRetryTime{5'000};

// The counting itself is not possible: a right is missing, or something that it needs. All else, as a
// statement that was cancelled, is the client's to read as the server says it.
bool is_of_counting(const base::Error& error) {
  const auto code = error.code.view().substr(0, 2);
  return code == "42" || code == "34" || code == "26" || code == "22" || code == "0A";
}

Error cancelled() {
  return {sqlstate::query_canceled, "canceling statement due to user request"};
}

std::string as_frame(const Error& error) {
  std::string frame;
  encode(frame, wire::to_error_response(error, "ERROR"));
  return frame;
}

}  // namespace

Bracket::Bracket(RowCounter& counter, std::string name, Work work)
    : counter_(counter), name_(std::move(name)), work_(std::move(work)) {
  (void)open();
}

Step Bracket::open() {
  std::vector<std::string> statements;
  if (is_own()) statements.emplace_back("BEGIN");
  if (work_.limit) {
    statements.push_back(counter_.base_query());
    statements.emplace_back(kDeferredTriggers);
  }
  if (work_.locks) {
    watch_.emplace(*work_.locks);
    for (auto& one : watch_->opening()) statements.push_back(std::move(one));
  }
  return ask(Phase::opening, statements);
}

Step Bracket::ask(Phase phase, const std::vector<std::string>& statements) {
  phase_ = phase;
  round_ = std::make_unique<OwnRound>(name_, statements,
                                      work_.is_query ? OwnRound::End::sync : OwnRound::End::flush);
  out_ += round_->take_out();
  return Step::send;
}

Step Bracket::on_answer(char type, std::string_view body, std::string_view frame) {
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

Step Bracket::opened(const OwnRound& round) {
  if (round.failure()) return fail(*round.failure());
  const std::size_t base = is_own() ? 1 : 0;
  if (work_.is_query && ending_.status != 'T') return Step::violation;
  if (watch_) {
    const auto taken = watch_->take_opening(round, base + (work_.limit ? 2 : 0));
    if (!taken) return stop(unverified(taken.error()));
  }
  if (!work_.limit) return run();
  if (const auto taken = counter_.take_base(round.rows(base)); !taken) return stop(unverified(taken.error()));
  const auto& told = round.rows(base + 1);
  const bool deferred = told.size() != 1 || told[0].size() != 1 || told[0][0] != "f";
  if (work_.ends_transaction) {
    if (!deferred) return Step::pass;
    if (work_.is_one_statement) return count();
    return stop(guard::row_refusal(
        *work_.limit, "what triggers do at the end of the transaction is counted before it, and " +
                          work_.subject + " does more: send COMMIT alone"));
  }
  // What its triggers put off would run at the client's Sync, behind the count.
  if (deferred && !work_.is_query && !work_.in_block) {
    return stop(
        guard::row_refusal(*work_.limit,
                           "this database has triggers that are put off to the end of the transaction: "
                           "send BEGIN and a Sync before " +
                               work_.subject + ", or send it as a simple Query"));
  }
  return run();
}

Step Bracket::run() {
  if (is_cancelled_ && attempts_ > 1) {
    note_failed(cancelled());
    return close();
  }
  phase_ = Phase::running;
  owes_bind_ = attempts_ > 1 && !work_.is_query;
  if (owes_bind_) out_ += work_.bind;
  out_ += work_.message;
  if (!work_.is_query) encode(out_, wire::Flush{});
  return Step::send;
}

bool Bracket::tries_again(std::chrono::steady_clock::duration since) {
  const bool is_alone = is_own() || (!work_.is_query && !work_.bind.empty());
  // Whoever was stopped for another limit has failed for good.
  if (how_ != How::done || !may_repeat_) return false;
  if (lock_duty() == nullptr || !is_alone || !work_.locks->is_one_statement) return false;
  pause_ = std::min(kFirstPause * (1 << std::min(attempts_ - 1, 5u)), kLongestPause);
  if (since + pause_ > kRetryTime) return false;
  how_ = How::again;
  return true;
}

Step Bracket::end_pipeline() {
  out_.clear();
  phase_ = Phase::closing;
  round_ = std::make_unique<OwnRound>(name_, std::vector<std::string>{}, OwnRound::End::sync);
  out_ += round_->take_out();
  return Step::send;
}

Step Bracket::break_off(const Error& why) {
  resumes_at_.reset();
  note_failed(why);
  ending_.how = how_;
  ending_.status = 'I';
  return Step::finish;
}

Step Bracket::cancel() {
  may_repeat_ = false;
  is_cancelled_ = true;
  return resumes_at_ ? break_off(cancelled()) : Step::read;
}

void Bracket::end_by(const Error& why, std::string frame) {
  ending_.sqlstate = why.code.view();
  ending_.error = why.message;
  ending_.error_frame = std::move(frame);
}

void Bracket::note_failed(const Error& why) {
  how_ = How::failed;
  end_by(why, as_frame(why));
}

Step Bracket::again() {
  resumes_at_.reset();
  ++attempts_;
  how_ = How::done;
  skips_ = false;
  return open();
}

Step Bracket::on_done() {
  return how_ == How::failed ? undo() : count();
}

// Whatever ended the gate's transaction has committed what was not counted.
Step Bracket::on_ready(char status) {
  ending_.status = status;
  if (status == 'I') return Step::violation;
  if (how_ == How::failed || how_ == How::again) return undo();
  return status == 'T' ? count() : Step::violation;
}

Step Bracket::count() {
  std::vector<std::string> statements;
  if (work_.limit && (work_.ends_transaction || is_own())) statements.emplace_back(kRunDeferred);
  report_ = statements.size();
  if (work_.limit) statements.emplace_back(RowCounter::report_query());
  if (watch_) {
    for (auto& one : watch_->closing(!is_own())) statements.push_back(std::move(one));
  }
  return statements.empty() ? close() : ask(Phase::counting, statements);
}

Step Bracket::counted(const OwnRound& round) {
  if (round.failure()) {
    counter_.forget();
    return fail(*round.failure());
  }
  if (watch_) {
    const auto taken = watch_->take_closing(round, report_ + (work_.limit ? 1 : 0));
    if (!taken) return stop(unverified(taken.error()));
    ending_.differences = watch_->differences();
  }
  if (!work_.limit) return close();
  auto touched = counter_.take_report(round.rows(report_));
  if (!touched) return stop(unverified(touched.error()));
  ending_.rows = std::move(*touched);
  if (ending_.rows.total + work_.before > work_.limit->rows) return stop(too_many());
  return work_.ends_transaction ? Step::pass : close();
}

Step Bracket::stop(Error why) {
  how_ = How::stopped;
  const Error told = guard::with_record(why, work_.record);
  end_by(told, as_frame(told));
  return close();
}

Step Bracket::fail(const OwnRound::Failure& failure) {
  const bool of_deferred = phase_ == Phase::counting && failure.statement < report_;
  if (!of_deferred && is_of_counting(failure.error)) return stop(unverified(failure.error));
  how_ = How::failed;
  end_by(failure.error, failure.frame);
  return close();
}

Step Bracket::undo() {
  counter_.forget();
  return close();
}

bool Bracket::ends_here() const noexcept {
  return work_.is_query && (is_own() || (work_.ends_transaction && work_.is_one_statement));
}

Step Bracket::close() {
  ending_.how = how_;
  const bool ends = ends_here();
  if (ends && how_ != How::done && ending_.status == 'I') return Step::finish;  // not even BEGIN has worked
  if (ends) return ask(Phase::closing, {how_ == How::done ? "COMMIT" : "ROLLBACK"});
  const bool has_failed = work_.is_query ? ending_.status == 'E' : skips_;
  if (how_ == How::done || has_failed) return Step::finish;
  return ask(Phase::closing, {"PORTCULLIS_STOPPED record " + std::to_string(work_.record)});
}

// A COMMIT that fails has rolled back, and what it says is what the client's own would have said.
Step Bracket::closed(const OwnRound& round) {
  if (how_ == How::again) {
    if (round.failure() || round.transaction_status() != 'I') return Step::violation;
    return is_cancelled_ ? break_off(cancelled()) : Step::wait;
  }
  const bool ends = ends_here();
  if (ends && ending_.status != 'I') return Step::violation;
  if (!ends) return round.failure() ? Step::finish : Step::violation;
  if (how_ != How::done) return round.failure() ? Step::violation : Step::finish;
  if (round.failure()) {
    counter_.forget();
    ending_.how = How::failed;
    end_by(round.failure()->error, round.failure()->frame);
  } else if (round.tag(0) != "COMMIT") {
    return Step::violation;
  }
  return Step::finish;
}

Error Bracket::too_many() const {
  RowsTouched all = ending_.rows;
  all.total += work_.before;
  return {sqlstate::insufficient_privilege,
          "portcullis: stopped by \"" + work_.limit->rule + "\": " + work_.subject + " touched " +
              to_text(all) + ", limit " + std::to_string(work_.limit->rows) + "; nothing was changed."};
}

Error Bracket::unverified(const Error& why) const {
  if (!work_.limit) return guard::locks_not_seen(work_.locks->timeout.rule, work_.subject, why.message);
  return guard::row_refusal(
      *work_.limit, "how many rows " + work_.subject + " changes cannot be verified (" + why.message + ")");
}

}  // namespace portcullis::session
