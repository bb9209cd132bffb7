// Relay, the way back: the server's messages, the answers that are owed, and what became of each statement.
#include <algorithm>
#include <utility>

#include "session/relay.hpp"

namespace portcullis::session {

using base::Error;
namespace sqlstate = base::sqlstate;
namespace type = wire::backend_type;

namespace {

// Messages that are looked at are held whole; the others stream through by their header.
constexpr std::uint32_t kMaxWhole = 4u << 20;
// Bytes for the client that may wait for the log.
constexpr std::size_t kMaxHeld = 1u << 20;

bool is_looked_at(char message) {
  switch (message) {
    case type::data_row:
    case type::copy_data:
    case type::row_description:
    case type::parameter_description:
    case type::function_call_response:
    case type::notice_response:
    case type::notification_response: return false;
    default: return true;
  }
}

// The header of a streamed message counts as soon as it is seen: a RowDescription answers a Describe.
bool streams(char message, std::uint32_t body_size) {
  return !is_looked_at(message) || body_size > kMaxWhole;
}

std::string gate_error(Error error, std::string_view severity) {
  std::string bytes;
  error.message.insert(0, "portcullis: ");
  encode(bytes, wire::to_error_response(error, severity));
  return bytes;
}

// The truth, late: it ran, and the log cannot say so.
Error unrecorded_outcome() {
  return {sqlstate::io_error,
          "the statement was executed, but its outcome could not be recorded: "
          "the audit log has failed, every further statement is refused"};
}

// A statement that was stopped has its error before ReadyForQuery. A client reads one.
std::string_view without_error(std::string_view frames) {
  const auto header = wire::peek_backend(frames);
  const bool is_error = header && *header && (*header)->type == type::error_response;
  return is_error ? frames.substr((*header)->frame_size()) : frames;
}

}  // namespace

std::size_t Relay::on_server(std::string_view bytes) {
  std::size_t consumed = 0;
  while (!ended_ && consumed < bytes.size()) {
    if (server_lost_) return bytes.size();
    if (!held_.empty() && held_.back().bytes.size() > kMaxHeld) break;
    const auto rest = bytes.substr(consumed);
    const bool asks_round = cost_ || (bracket_ && bracket_->asks());
    if ((own_request_ || asks_round) && server_stream_left_ == 0) {
      const auto used = asks_round ? on_round_answer(rest) : on_own_answer(rest);
      if (!used) break;
      consumed += *used;
      continue;
    }
    if (server_stream_left_ > 0) {
      const std::size_t part = std::min(rest.size(), server_stream_left_);
      if (!server_stream_dropped_) send_to_client(rest.substr(0, part));
      server_stream_left_ -= part;
      consumed += part;
      continue;
    }
    const auto header = wire::peek_backend(rest);
    if (!header) {
      violation("the database sent what is not the protocol: " + header.error().message);
      break;
    }
    if (!*header) break;
    const std::size_t size = (*header)->frame_size();
    if (streams((*header)->type, (*header)->body_size)) {
      server_stream_dropped_ = !gives((*header)->type, size);
      if (!server_stream_dropped_)
        take_server_message((*header)->type, {}, rest.substr(0, std::min(rest.size(), size)));
      server_stream_left_ = size - std::min(rest.size(), size);
      consumed += std::min(rest.size(), size);
      continue;
    }
    if (rest.size() < size) break;
    take_server_message((*header)->type, rest.substr(5, (*header)->body_size), rest.substr(0, size));
    consumed += size;
  }
  if (!ended_) release_ready();
  start_clocks();
  return consumed;
}

void Relay::take_server_message(char message, std::string_view body, std::string_view frame) {
  if (!bracket_ || !take_for_rows(message, body, frame)) on_server_message(message, body, frame);
}

void Relay::on_server_message(char message, std::string_view body, std::string_view frame) {
  if (stop_) return on_stopped(message, body, frame);
  switch (message) {
    case type::ready_for_query: return on_ready_for_query(body, frame);
    case type::error_response: return on_error(body, frame);
    case type::parameter_status: on_parameter_status(body); return send_aside(frame);
    case type::copy_in_response:
      replies_.on_answer(false);
      if (replies_.front() == nullptr) break;
      copying_in_ = !replies_.begin_copy_in();
      if (replies_.front()->request == Request::execute) reopen_pipeline();
      break;
    case type::row_description:
    case type::no_data:
      replies_.on_answer(false);
      if (const auto* front = replies_.front(); front != nullptr && front->request == Request::describe)
        replies_.pop();
      break;
    case type::parse_complete:
    case type::bind_complete:
    case type::close_complete:
    case type::command_complete:
    case type::empty_query_response:
    case type::portal_suspended: return on_completion(message, body, frame);
    case type::notice_response:
    case type::notification_response: return send_aside(frame);
    case type::data_row:
    case type::copy_data:
    case type::copy_done:
    case type::function_call_response:
    case type::parameter_description: break;
    case type::copy_out_response: copying_out_binary_ = !body.empty() && body.front() != 0; break;
    default: return violation(std::string("the database sent an unexpected message '") + message + "'");
  }
  if (!ended_) send_to_client(frame);
}

// Parse, Bind, Close and Execute are answered by one message; a statement of a Query by CommandComplete.
void Relay::on_completion(char message, std::string_view body, std::string_view frame) {
  replies_.on_answer(false);
  Reply* front = replies_.front();
  const auto expected = [&]() -> Request {
    switch (message) {
      case type::parse_complete: return Request::parse;
      case type::bind_complete: return Request::bind;
      case type::close_complete: return Request::close;
      default: return Request::execute;
    }
  }();
  if (front == nullptr ||
      (front->request != expected && !(expected == Request::execute && front->request == Request::query))) {
    return violation("the database answered out of order");
  }
  if (message == type::command_complete) {
    const auto complete = wire::decode<wire::CommandComplete>(body);
    if (!complete) return violation("the database sent a malformed CommandComplete");
    note_statement_end(*front);
    front->complete(complete->tag);
  }
  if (front->request == Request::query) return tell_completion(*front, frame);  // its end is ReadyForQuery
  Reply reply = replies_.pop();
  reached_out_ = reached_out_ || reply.consequences.reaches_out;
  confirm(reply);
  if (reply.request != Request::execute) return send_to_client(frame);
  note_lookup(reply.consequences);
  copying_in_ = false;
  pipeline_executed_ = true;
  settle(reply, message == type::portal_suspended ? "suspended" : "ok");
  if (!reply.may_commit || !changed_) return send_to_client(frame);
  if (outcome_lost_) return end_with(unrecorded_outcome());
  send_when_recorded(frame, true);
}

void Relay::on_error(std::string_view body, std::string_view frame) {
  const auto response = wire::decode<wire::ErrorResponse>(body);
  std::string code = response ? std::string(response->field('C')) : std::string("XX000");
  const std::string_view message = response ? response->field('M') : std::string_view();
  const bool fatal = is_fatal(body);
  if (fatal && lose_server()) return;
  fatal_relayed_ = fatal_relayed_ || fatal;
  if (fatal) completion_.clear();
  if (!fatal) replies_.on_answer(true);
  Reply* front = replies_.front();
  if (front == nullptr || fatal || front->request == Request::sync) {
    if (front != nullptr) front->fail(code, message);
    return send_to_client(frame);
  }

  copying_in_ = false;
  if (front->replacement) {
    std::string answer;
    encode(answer, wire::to_error_response(*front->replacement, "ERROR"));
    send_to_client(answer);
    server_stream_dropped_ = true;  // what is still to come of one that is too long to be held
    return fail_front(front->replacement->code.view(), front->replacement->message);
  }
  send_to_client(frame);
  fail_front(code, message);
}

// The client has the error of the request in front.
void Relay::fail_front(std::string_view code, std::string_view message) {
  Reply* front = replies_.front();
  front->fail(code, message);
  if (front->request == Request::query) return;  // ReadyForQuery follows

  if (replies_.is_fate_unknown()) {
    return violation(
        "a COPY failed that had a Sync inside and requests directly behind it, and which of these "
        "ran cannot be told: send Sync behind the CopyDone or CopyFail that ends a COPY");
  }
  if (front->consequences.commits_within) note_lookup(front->consequences);
  pipeline_error_ = code;
  skip_failed_pipeline();
}

// The front has failed: what the server skips with it.
void Relay::skip_failed_pipeline() {
  bool sync_owed = false;
  auto skipped = replies_.skip_to_sync(sync_owed);
  skipping_ = !sync_owed;
  unsynced_ = unsynced_ || skips_to_sync();  // a Query behind the error is skipped too, and ended nothing
  for (std::size_t i = 0; i < skipped.size(); ++i) {
    withdraw(skipped[i]);
    settle(skipped[i], i == 0 ? "error" : "skipped");
  }
}

bool Relay::skips_to_sync() const {
  return skipping_ && std::none_of(staged_.begin(), staged_.end(), [](const Staged& staged) {
           return staged.type == wire::frontend_type::sync;
         });
}

void Relay::on_ready_for_query(std::string_view body, std::string_view frame) {
  const auto ready = wire::decode<wire::ReadyForQuery>(body);
  if (!ready) return violation("the database sent a malformed ReadyForQuery");
  status_ = ready->status;
  left_block_ = false;
  copying_in_ = false;
  skipping_ = false;
  bool committed = false;
  if (!replies_.take_doubtful_ready()) {
    const Reply* front = replies_.front();
    if (front == nullptr || (front->request != Request::query && front->request != Request::sync)) {
      return violation("the database answered out of order");
    }
    if (may_have_swallowed_a_request(*front)) {
      return violation(
          "a request stood in the middle of COPY data, and whether the database has read it cannot be told: "
          "send CopyDone or CopyFail first");
    }
    Reply reply = replies_.pop();
    if (reply.request == Request::query) registry_.prepared.forget_up_to("", reply.pipeline);
    // Of several statements some may have run before the one that failed, and been committed.
    const bool is_one = reply.statement && reply.statement->facts->statements.size() == 1;
    const bool is_undone = is_one && !reply.consequences.commits_within;
    if (reply.sqlstate.empty() || !is_undone) note_lookup(reply.consequences);
    committed = reply.may_commit;
    if (reply.sqlstate.empty()) {
      confirm(reply);
    } else {
      withdraw(reply);
    }
    settle(reply, reply.sqlstate.empty() ? "ok" : "error", ready->status);
    settle_pipeline(reply);
    if (status_ == 'I') never_ran(registry_.portals.end_of_transaction(reply.pipeline));
    if (replies_.empty() && staged_.empty()) judge_.rest();
  } else {  // a Sync among the data of a COPY, which has failed
    Reply sync;
    sync.sent = needs_.clock->steady();
    settle_pipeline(sync);
  }
  note_end_of_transaction();

  // COMMIT AND CHAIN leaves the next transaction open.
  committed = committed || status_ == 'I';
  if (outcome_lost_ && committed) {
    outcome_lost_ = false;
    completion_.clear();
    send_to_client(gate_error(unrecorded_outcome(), "ERROR"));
    frame = without_error(frame);
  }
  // What changed something is told to be done only when its outcome is on disk, and COMMIT's own with it.
  if (changed_ && committed) {
    send_when_recorded(frame, false);
  } else {
    send_to_client(frame);
  }
  if (status_ == 'I') changed_ = reached_out_ = false;
}

// Up to PostgreSQL 13 a request in the data fails the COPY, is not answered itself, and the session goes on;
// newer servers end it.
bool Relay::may_have_swallowed_a_request(const Reply& copy) const {
  return replies_.copy_is_cut() && copy.request == Request::query &&
         copy.sqlstate == sqlstate::protocol_violation.view();
}

// The settings that decide how text is read are pinned; a server that changes one has left the gate's
// understanding. Where the policy only observes the texts behind it are recorded as not understood.
void Relay::on_parameter_status(std::string_view body) {
  const auto status = wire::decode<wire::ParameterStatus>(body);
  if (!status) return violation("the database sent a malformed ParameterStatus");
  parameters_moved_ = true;
  reading_.note(status->name, status->value);
  if (!reading_.is_shared() && !only_observes())
    violation("the setting \"" + std::string(status->name) + "\" is pinned by the gate and was changed");
}

void Relay::send_to_client(std::string_view bytes) {
  std::string& out = held_.empty() ? to_client_ : held_.back().bytes;
  out += completion_;
  completion_.clear();
  out += bytes;
}

// A Query that changes something is over with its ReadyForQuery, which waits for its outcome: the last
// CommandComplete, right in front of that, tells the client the same.
void Relay::tell_completion(const Reply& query, std::string_view frame) {
  const bool is_last = !query.statement || query.tags.size() >= query.statement->facts->statements.size();
  const bool counts = query.consequences.changes || (query.may_commit && changed_);
  if (!is_last || !counts) return send_to_client(frame);
  send_to_client({});  // one before it, of a text that was not understood
  completion_ = frame;
  completion_size_ = frame.size();
}

// What says nothing of how a statement ended does not part a CommandComplete from its ReadyForQuery.
void Relay::send_aside(std::string_view frame) {
  if (ended_) return;
  if (completion_.empty() || completion_.size() > kMaxHeld) return send_to_client(frame);
  completion_ += frame;
}

void Relay::send_when_recorded(std::string_view frame, bool within_pipeline) {
  if (is_durable(last_outcome_)) return send_to_client(frame);
  const std::size_t completion = completion_.empty() ? 0 : completion_size_;
  held_.push_back({last_outcome_, completion_.append(frame), completion, within_pipeline});
  completion_.clear();
}

std::optional<std::uint64_t> Relay::server_waits_for() const {
  return held_.empty() ? std::nullopt : std::optional(held_.front().ticket);
}

void Relay::on_log() {
  release_ready();
  const bool failed = needs_.sink->failure().has_value();
  while (!held_.empty() && (failed || is_durable(held_.front().ticket))) {
    if (!is_durable(held_.front().ticket)) {
      // In the middle of a pipeline an error would take what follows from its place: only an end is clear.
      if (held_.front().within_pipeline) return end_with(unrecorded_outcome());
      to_client_ += gate_error(unrecorded_outcome(), "ERROR");
      auto& bytes = held_.front().bytes;
      bytes.erase(0, held_.front().completion);
      bytes.erase(0, bytes.size() - without_error(bytes).size());
    }
    to_client_ += held_.front().bytes;
    held_.pop_front();
  }
  start_clocks();
}

// The session ends: what waits for its outcome waits no longer, and unrecorded work is not told to be done.
// True when something was dropped, and with it whatever was not whole.
bool Relay::drop_held() {
  completion_.clear();
  while (!held_.empty() && is_durable(held_.front().ticket)) {
    to_client_ += held_.front().bytes;
    held_.pop_front();
  }
  return !std::exchange(held_, {}).empty();
}

void Relay::violation(std::string message) {
  end_with({sqlstate::protocol_violation, std::move(message)});
}

void Relay::end_with(const Error& last_words) {
  if (drop_held() || !is_mid_message()) to_client_ += gate_error(last_words, "FATAL");
  ended_ = true;
  end_reason_ = last_words.message;
}

}  // namespace portcullis::session
