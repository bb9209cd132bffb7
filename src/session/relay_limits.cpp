// Relay, what a statement may give back and how long it may take: counting by the headers of messages, and
// the stop of what is over its limit.
//
// A statement under a limit is alone: nothing behind it is sent before it is answered, so that a cancel can
// hit nothing else, and its transaction can still be made to fail. The stop is over once the server has said
// how the statement ended AND the cancel's own connection has ended. A statement that came to its end before
// the cancel reached it is made to fail by a poison where a transaction is open; where none is, it is
// committed, and the client is told so.
#include <algorithm>
#include <utility>

#include "session/relay.hpp"

namespace portcullis::session {

using base::Error;
namespace type = wire::backend_type;

namespace {

constexpr base::SqlState kIdleSessionTimeout{"57P05"}, kIdleInTransactionTimeout{"25P03"};

using Time = std::chrono::steady_clock::time_point;

// How long a statement may go on after it was stopped, before the session is given up.
constexpr std::chrono::seconds kStopTime{60};
// What ends a COPY in binary: a header of 5 bytes and a count of -1.
constexpr std::size_t kBinaryTrailer = 7;

bool runs(const Reply* reply) {
  return reply != nullptr && (reply->request == Request::query || reply->request == Request::execute);
}

// Of the statement that is answered now.
const ResultPlan* plan_of(const Reply& reply) {
  if (reply.results.empty()) return nullptr;
  const std::size_t at = reply.request == Request::query ? reply.tags.size() : 0;
  return &reply.results[std::min(at, reply.results.size() - 1)];
}

}  // namespace

// --- one at a time

bool Relay::is_limited(const Reply& reply) const {
  return std::any_of(reply.results.begin(), reply.results.end(), [this](const ResultPlan& plan) {
    return plan.of_agent || !meters_of(plan).empty() || (plan.declared && plan.declared->most.any());
  });
}

bool Relay::holds_back() const {
  if (stop_) return true;
  const auto& owed = replies_.all();
  return !copying_in_ && !owed.empty() && owed.back().alone;
}

// --- counting

// Those of the cursors that the statement fetches from too.
std::vector<MeterPtr> Relay::meters_of(const ResultPlan& plan) const {
  std::vector<MeterPtr> meters = plan.meters;
  for (const auto& name : plan.fetches) {
    const auto cursor = registry_.cursors.find(name);
    if (cursor != registry_.cursors.end() && cursor->second->most.any()) meters.push_back(cursor->second);
  }
  return meters;
}

// Whether the message goes on to the client: false from the first row on that would pass a limit.
bool Relay::gives(char message, std::size_t size) {
  if (stop_) return message == type::notification_response;
  const bool is_row = message == type::data_row || message == type::copy_data;
  Reply* front = is_row || message == type::notice_response ? replies_.front() : nullptr;
  if (!runs(front)) return true;
  const bool is_end = message == type::copy_data && copying_out_binary_ && size == kBinaryTrailer;
  const std::uint64_t rows = is_row && !is_end ? 1 : 0;
  if (auto passed = passes(*front, rows, size)) {
    stop(std::move(*passed));
    return false;
  }
  front->rows += rows;
  front->bytes += is_row ? size : 0;
  return true;
}

std::optional<Passed> Relay::passes(Reply& reply, std::uint64_t rows, std::uint64_t bytes) {
  const ResultPlan* plan = plan_of(reply);
  if (plan == nullptr || !plan->counts()) return std::nullopt;
  const auto meters = meters_of(*plan);
  for (const auto& meter : meters) {
    auto passed = passed_by(*meter, rows, bytes);
    if (passed && meter->enforced) return passed;
    if (passed) reply.limit = passed->limit;
  }
  if (plan->of_agent && needs_.limits != nullptr) {
    auto refused = needs_.limits->give(identity_.agent, rows, bytes, needs_.clock->steady());
    if (refused) return Passed{std::move(refused->limit), std::move(refused->told)};
  }
  for (const auto& meter : meters) {
    meter->rows += rows;
    meter->bytes += bytes;
  }
  return std::nullopt;
}

// A cursor that was made begins to count anew, and the next statement of a Query has its own time.
void Relay::note_statement_end(Reply& reply) {
  const ResultPlan* plan = plan_of(reply);
  if (plan != nullptr && plan->declared) registry_.cursors.insert_or_assign(plan->declares, plan->declared);
  reply.began.reset();
}

// --- time

// The strictest for the statement that runs now.
std::optional<policy::Ceiling> Relay::time_of(const Reply& reply) const {
  std::optional<policy::Ceiling> least;
  const ResultPlan* plan = plan_of(reply);
  if (plan == nullptr) return least;
  for (const auto& meter : meters_of(*plan)) {
    const auto& time = meter->most.time;
    if (meter->enforced && time && (!least || time->most < least->most)) least = time;
  }
  return least;
}

void Relay::start_clocks() {
  const bool is_idle = replies_.empty() && staged_.empty() && held_.empty() && !own_request_;
  if (!is_idle) idle_since_.reset();
  if (is_idle && !idle_since_) idle_since_ = needs_.clock->steady();
  Reply* front = replies_.front();
  if (runs(front) && !front->began && time_of(*front)) front->began = needs_.clock->steady();
}

std::chrono::milliseconds Relay::idle_time() const {
  return status_ == 'I' ? needs_.session.idle_time : needs_.session.idle_in_transaction_time;
}

std::optional<Time> Relay::wakes_at() const {
  if (ended_) return std::nullopt;
  if (bracket_ && bracket_->resumes_at()) return bracket_->resumes_at();
  if (stop_) return stop_->since + kStopTime;
  if (idle_since_) {
    const auto most = idle_time();
    return most.count() == 0 ? std::nullopt : std::optional<Time>(*idle_since_ + most);
  }
  // The pace of COPY FROM STDIN is the client's.
  if (replies_.empty() || !replies_.all().front().began || copying_in_) return std::nullopt;
  if (bracket_ && bracket_->is_closing()) return std::nullopt;
  const auto time = time_of(replies_.all().front());
  if (!time) return std::nullopt;
  return *replies_.all().front().began + std::chrono::milliseconds(time->most);
}

void Relay::on_time() {
  const auto due = wakes_at();
  if (!due || needs_.clock->steady() < *due) return;
  if (bracket_ && bracket_->resumes_at()) return resume_rows();
  if (stop_) {
    Error given_up = stop_->passed.told;
    given_up.message += " The database did not stop it: the connection is closed.";
    return end_with(given_up);
  }
  if (!idle_since_) return stop(too_long(*time_of(replies_.all().front())));
  if (status_ == 'I') {
    end_with({kIdleSessionTimeout, "terminating connection due to idle-session timeout"});
  } else {
    end_with({kIdleInTransactionTimeout, "terminating connection due to idle-in-transaction timeout"});
  }
}

// --- the stop

void Relay::stop(Passed passed) {
  replies_.on_answer(false);
  Reply& reply = *replies_.front();
  reply.limit = passed.limit;
  stop_.emplace(std::move(passed), needs_.clock->steady());
  if (bracket_) bracket_->give_up();
  // Only a client that breaks off its own COPY data gets something sent behind what is alone.
  if (replies_.size() > 1) end_with(stop_->passed.told);
}

bool Relay::take_cancel() {
  return stop_ && !ended_ && std::exchange(stop_->wants_cancel, false);
}

void Relay::on_cancel_ended() {
  if (!stop_ || ended_) return;
  stop_->cancel_ended = true;
  send_for_rows();
  finish_stop();
  if (!holds_back()) release_ready();
  start_clocks();
}

// The server's messages while a statement is stopped: the client sees none of its own.
void Relay::on_stopped(char message, std::string_view body, std::string_view frame) {
  Reply& reply = *replies_.front();
  const bool is_execute = reply.request == Request::execute;
  switch (message) {
    case type::parameter_status:
      on_parameter_status(body);
      if (!ended_) send_to_client(frame);
      return;
    case type::notification_response: return send_to_client(frame);
    case type::error_response:
      if (is_fatal(body)) {
        stop_.reset();
        return on_error(body, frame);
      }
      stop_->failed = true;
      stop_->answered = is_execute;
      break;
    case type::command_complete:
      note_statement_end(reply);
      if (const auto complete = wire::decode<wire::CommandComplete>(body); complete && !stop_->poisoned)
        reply.complete(complete->tag);
      [[fallthrough]];
    case type::empty_query_response:
    case type::portal_suspended: stop_->answered = is_execute; break;
    case type::ready_for_query: {
      const auto ready = wire::decode<wire::ReadyForQuery>(body);
      if (!ready || is_execute) return violation("the database answered out of order");
      stop_->ready = frame;
      stop_->status = ready->status;
      stop_->answered = true;
      break;
    }
    // A COPY FROM STDIN behind it in the same text, of which the client is not told.
    case type::copy_in_response: encode(to_server_, wire::CopyFail{"stopped"}); return;
    case type::data_row:
    case type::copy_data:
    case type::copy_done:
    case type::copy_out_response:
    case type::row_description:
    case type::no_data:
    case type::parameter_description:
    case type::notice_response: return;
    default: return violation(std::string("the database sent an unexpected message '") + message + "'");
  }
  finish_stop();
}

// Its rows were to be counted, and so its transaction was still open: nothing of it stays.
void Relay::on_rows_undone() {
  stop_->failed = true;
  if (replies_.front()->request == Request::query) return;  // ReadyForQuery follows
  stop_->answered = true;
  finish_stop();
}

void Relay::finish_stop() {
  if (!stop_->answered || !stop_->cancel_ended) return;
  Reply& reply = *replies_.front();
  const bool is_execute = reply.request == Request::execute;
  const bool stays_open = is_execute ? !stop_->failed : stop_->status == 'T';
  if (stays_open && stop_->poisoned) return violation("the database executed what cannot be executed");
  if (stays_open) return poison_stopped(is_execute);

  const bool is_done = !stop_->failed && leaves_changes(reply);
  Error told = stop_->passed.told;
  told.message += fate_of(reply, is_done);
  if (reply.decision) told.message += " Record " + std::to_string(*reply.decision) + ".";
  if (!is_done) reply.fail(told.code.view(), told.message);
  std::string answer;
  encode(answer, wire::to_error_response(told, "ERROR"));
  const std::string ready = std::move(stop_->ready);
  stop_.reset();
  if (!is_execute) return on_ready_for_query(std::string_view(ready).substr(5), answer + ready);
  send_to_client(answer);
  note_lookup(reply.consequences);
  pipeline_error_ = told.code.view();
  skip_failed_pipeline();
}

// The statement came to its end before the cancel reached it: its transaction fails all the same.
void Relay::poison_stopped(bool is_execute) {
  if (client_stream_left_ > 0)
    return violation("a statement was stopped in the middle of a message of COPY data");
  stop_->poisoned = true;
  stop_->answered = false;
  if (is_execute) {
    encode(to_server_, wire::Execute{identity_.reserved_name, 0});
    encode(to_server_, wire::Flush{});
  } else {
    encode(to_server_, wire::Query{"PORTCULLIS_STOPPED"});
  }
}

// It changes something, or commits what was changed before it: in its transaction, or in a pipeline that has
// no Sync at its end.
bool Relay::leaves_changes(const Reply& reply) const {
  const bool commits = reply.may_commit || (status_ == 'I' && !reply.consequences.may_rewind);
  return reply.consequences.changes || (commits && changed_);
}

std::string Relay::fate_of(const Reply& reply, bool is_done) const {
  std::string fate;
  if (!leaves_changes(reply)) {
    fate = " Nothing was changed.";
  } else if (is_done) {
    fate = " It had come to its end before: what it changed is committed, only its result was held back.";
  } else if (reply.may_commit || reply.consequences.commits_within) {
    fate = " What it had committed by itself stays, the rest is undone.";
  } else {
    fate = " Nothing of it is committed.";
  }
  const bool in_block = reply.request == Request::execute ? status_ != 'I' : stop_->status == 'E';
  return in_block ? fate + " The transaction has failed: roll it back." : fate;
}

}  // namespace portcullis::session
