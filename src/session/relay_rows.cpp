// Relay, messages whose rows are counted or whose locks are bounded: when that may begin, whose the server's
// answers are, and what becomes of the message. relay_locks.cpp: those whose locks are not free.
#include <algorithm>
#include <utility>

#include "guard/dry_run_refusals.hpp"
#include "guard/row_refusals.hpp"
#include "portcullis/guard/verdict.hpp"
#include "session/relay.hpp"

namespace portcullis::session {

using Step = Bracket::Step;
namespace type = wire::backend_type;

namespace {

// No row that the gate asks for is longer.
constexpr std::uint32_t kMaxRow = 1u << 20, kMaxPlan = 32u << 20;

bool is_completion(char message) {
  return message == type::command_complete || message == type::empty_query_response ||
         message == type::portal_suspended || message == type::bind_complete;
}

}  // namespace

// --- when it may begin

// What is outstanding is answered only behind a Sync or this.
void Relay::flush_before_counting() {
  if (!unsynced_) return;
  Staged flush;
  flush.type = wire::frontend_type::flush;
  encode(flush.bytes, wire::Flush{});
  staged_.push_back(std::move(flush));
}

bool Relay::waits_to_count() const {
  if (staged_.empty() || staged_.front().refused || copying_in_) return false;
  if (!staged_.front().counts && !staged_.front().asks_cost) return false;
  return cost_ || !replies_.empty() || own_request_ || bracket_ || server_stream_left_ > 0;
}

// In a failed transaction the server runs nothing but its end, and that undoes everything. Once a part of the
// pipeline was executed `status_` does not say how the transaction is.
bool Relay::must_count(const Reply& reply) const {
  const bool is_query = reply.request == Request::query;
  if (status_ == 'E' && (is_query || !pipeline_executed_)) return false;
  if (reply.lock_duty) return true;
  if (!reply.rows_duty->at_commit) return true;
  return changed_ && (!is_query || status_ == 'T');
}

void Relay::begin_rows(Staged staged) {
  if (copying_in_) {
    drop_unsent(*staged.reply);
    return violation("a request in the middle of COPY data: send CopyDone or CopyFail first");
  }
  note_pipeline(staged.type);
  Reply& reply = *staged.reply;
  announce_catalog_change(reply);
  Bracket::Work work;
  work.locks = reply.lock_duty;
  work.is_query = reply.request == Request::query;
  // A COMMIT in the same pipeline may have ended the block.
  work.in_block = status_ == 'T' && (work.is_query || !pipeline_ends_block_);
  if (reply.rows_duty) {
    work.limit = reply.rows_duty->limit;
    work.ends_transaction = reply.rows_duty->at_commit;
    work.is_one_statement = reply.rows_duty->is_one_statement;
  }
  work.message = std::move(staged.bytes);
  work.subject = reply.rows_duty ? reply.rows_duty->subject : reply.lock_duty->subject;
  // Nothing else is in the pipeline's transaction, whose end is then nobody else's.
  const bool is_alone = status_ == 'I' && !pipeline_executed_ && pipeline_binds_ == 1;
  if (is_alone && !work.is_query && reply.portal) work.bind = reply.portal->bind;
  work.before = reply.portal ? reply.portal->rows_touched : 0;
  work.record = reply.decision.value_or(0);
  reply.alone = is_limited(reply);
  bracket_ = std::make_unique<Bracket>(row_counter_, identity_.reserved_name + "-rows", std::move(work));
  rows_copy_ended_ = false;
  bracket_basis_ = needs_.basis->last();
  reply.sent = needs_.clock->steady();
  replies_.push(std::move(reply));
  to_server_ += bracket_->take_out();
}

// A COPY that failed has left it open which answers are still to come.
void Relay::refuse_to_count(Staged& staged) const {
  const Reply& reply = *staged.reply;
  if (!reply.rows_duty) {
    return refuse_staged(staged,
                         guard::locks_not_seen(reply.lock_duty->timeout.rule, reply.lock_duty->subject,
                                               "answers to a COPY are owed: send a Sync and wait for "
                                               "its answer"));
  }
  refuse_staged(staged, guard::row_refusal(staged.reply->rows_duty->limit,
                                           "rows cannot be counted while answers to a COPY are owed: send a "
                                           "Sync and wait for its answer"));
}

// --- what the server says

// The bytes used, or nothing when more are needed first.
std::optional<std::size_t> Relay::on_round_answer(std::string_view bytes) {
  const auto whole = own_frame(bytes, cost_ ? kMaxPlan : kMaxRow);
  if (!whole) return std::nullopt;
  const auto frame = *whole;
  const auto body = frame.substr(5);
  switch (frame.front()) {
    case type::parameter_status: on_parameter_status(body); [[fallthrough]];
    case type::notification_response:
      // Behind the completion, as where nothing is counted.
      if (!ended_ && bracket_ && bracket_->holds()) {
        bracket_->hold(frame);
      } else if (!ended_) {
        send_to_client(frame);
      }
      return frame.size();
    case type::notice_response: send_to_client(frame); return frame.size();
    case type::error_response:
      if (!is_fatal(body)) break;
      on_server_message(type::error_response, body, frame);
      return frame.size();
    default: break;
  }
  if (!cost_) {
    take_step(bracket_->on_answer(frame.front(), body, frame));
  } else if (!take_cost_answer(frame.front(), body, frame)) {
    violation("the database answered out of order while a statement was planned");
  }
  return frame.size();
}

void Relay::take_step(Step step) {
  switch (step) {
    case Step::read: return;
    case Step::send: return send_for_rows();
    case Step::pass: return pass_uncounted();
    case Step::wait: return bracket_->rest(needs_.clock->steady());
    case Step::finish: return finish_rows();
    case Step::violation:
      return violation(
          "the database answered out of order while the gate asked about a statement, or its transaction "
          "had ended");
  }
}

// Never in the middle of COPY data, which the server would take for it, and it for data. And the cancel of a
// message that is stopped shall not hit what undoes it.
void Relay::send_for_rows() {
  if (bracket_ && client_stream_left_ == 0 && (!stop_ || stop_->cancel_ended))
    to_server_ += bracket_->take_out();
}

// True: the message is not the client's, or not yet.
bool Relay::take_for_rows(char message, std::string_view body, std::string_view frame) {
  const bool is_query = bracket_->work().is_query;
  if (message == type::bind_complete && bracket_->takes_bind()) return true;
  if (is_completion(message) &&
      (is_query || replies_.front()->request != Request::bind || message == type::bind_complete)) {
    return hold_for_rows(message, frame);
  }
  switch (message) {
    case type::parameter_status:
    case type::notification_response:
      // One that streams is sent at once.
      if (!bracket_->holds() || body.size() + 5 != frame.size()) break;
      if (message == type::parameter_status) on_parameter_status(body);
      bracket_->hold(frame);
      return true;
    case type::copy_in_response: rows_copy_ended_ = false; break;  // there may be several in one Query
    case type::ready_for_query: {
      const auto ready = wire::decode<wire::ReadyForQuery>(body);
      if (!is_query || !ready) break;
      copying_in_ = false;
      take_step(bracket_->on_ready(ready->status));
      return true;
    }
    case type::error_response: return take_error_for_rows(body);
    default: break;
  }
  release_held_rows();
  if (message != type::parameter_status && message != type::notification_response) bracket_->stay();
  return false;
}

bool Relay::hold_for_rows(char message, std::string_view frame) {
  release_held_rows();
  bracket_->hold(frame);
  replies_.front()->began.reset();  // the next statement, or the counting, has its own time
  if (bracket_->work().is_query) return true;
  const bool is_bind = message == type::bind_complete;
  if (is_bind != (replies_.front()->request == Request::bind)) {
    violation("the database answered out of order");
    return true;
  }
  copying_in_ = false;
  take_step(bracket_->on_done());
  return true;
}

// What was held back was not the last.
void Relay::release_held_rows() {
  if (bracket_->holds()) bracket_->stay();
  for (const auto& frame : bracket_->take_held())
    on_server_message(frame[0], std::string_view(frame).substr(5), frame);
}

// --- how it ends

// Nothing was put off to the end of this transaction, or not too much: it ends as the client says.
void Relay::pass_uncounted() {
  to_server_ += bracket_->work().message;
  bracket_.reset();
}

void Relay::finish_rows() {
  const auto bracket = std::move(bracket_);
  auto& ending = bracket->ending();
  const bool is_done = ending.how == Bracket::How::done;
  Reply& front = *replies_.front();
  front.changed = to_record(ending.rows);
  front.rows_counted = bracket->work().limit && ending.how != Bracket::How::failed;
  front.attempts = bracket->attempts();
  if (is_done) front.differences = std::move(ending.differences);
  front.stopped = ending.how == Bracket::How::stopped;
  if (front.portal) front.portal->rows_touched += ending.rows.total;
  replies_.on_answer(false);
  for (const auto& frame : bracket->take_held()) {
    if (is_done || !is_completion(frame[0]))
      on_server_message(frame[0], std::string_view(frame).substr(5), frame);
  }
  if (!is_done && !ending.error_frame.empty()) {
    send_to_client(ending.error_frame);
    fail_front(ending.sqlstate, ending.error);
  }
  if (stop_ && !is_done) on_rows_undone();
  if (!bracket->work().is_query) return;
  std::string ready;
  encode(ready, wire::ReadyForQuery{ending.status});
  on_server_message(type::ready_for_query, std::string_view(ready).substr(5), ready);
}

}  // namespace portcullis::session
