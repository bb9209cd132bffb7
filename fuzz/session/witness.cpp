#include "witness.hpp"

#include <algorithm>

#include "script.hpp"

namespace portcullis::fuzz {
namespace {

namespace front = wire::frontend_type;
namespace back = wire::backend_type;

constexpr std::string_view kPoison = "PORTCULLIS_DENIED", kStop = "PORTCULLIS_STOPPED";

std::string_view body_of(std::string_view frame) {
  return frame.substr(5);
}

base::Error error_of(std::string_view frame) {
  const auto response = wire::decode<wire::ErrorResponse>(body_of(frame));
  require(response.has_value());
  return wire::to_error(*response);
}

bool is_fatal(std::string_view frame) {
  return wire::decode<wire::ErrorResponse>(body_of(frame))->field('V') == "FATAL";
}

bool is_from_gate(std::string_view frame) {
  return frame.front() == back::error_response && error_of(frame).message != "model";
}

// It ran, and the log could not be told so: an addition in front of what ends the answer.
bool is_unrecorded(const base::Error& error) {
  return error.message.find("its outcome could not be recorded") != std::string::npos;
}

// It ran, and may have been answered in part.
bool is_stop(const base::Error& error) {
  const auto has = [&](std::string_view part) { return error.message.find(part) != error.message.npos; };
  return has("stopped by \"") || has("cannot be verified") || error.message == ModelServer::kOwnFailure;
}

// It failed while it ran, or waited to be sent again: its transaction fails as with any other error.
bool is_broken_off(const base::Error& error) {
  return error.message.find("others hold locks") != error.message.npos ||
         error.message == "canceling statement due to user request" ||
         error.message == ModelServer::kLockNotFree || error.message == ModelServer::kCancelled;
}

bool is_refusable(char type) {
  return type == front::query || type == front::parse || type == front::bind || type == front::execute ||
         type == front::function_call;
}

// May be said at any time.
bool is_aside(char type) {
  return type == back::notice_response || type == back::notification_response ||
         type == back::parameter_status;
}

}  // namespace

void Frames::add(std::string_view bytes) {
  const auto part = std::min(dropped_, bytes.size());
  dropped_ -= part;
  bytes_ += bytes.substr(part);
}

bool Frames::next_begun(std::string& frame) {
  const auto header = peek_(bytes_);
  if (!header || !*header) return false;
  dropped_ = (*header)->frame_size() - bytes_.size();
  frame = std::exchange(bytes_, {});
  return true;
}

bool Frames::next(std::string& frame) {
  const auto header = peek_(bytes_);
  if (!header || !*header || bytes_.size() < (*header)->frame_size()) return false;
  frame = bytes_.substr(0, (*header)->frame_size());
  bytes_.erase(0, frame.size());
  return true;
}

// --- to the server

void SentWitness::on_client_bytes(std::string_view bytes) {
  from_client_.add(bytes);
  std::string frame;
  while (from_client_.next(frame)) {
    if (frame.front() == front::copy_data) data_.push_back(frame.substr(5));
  }
}

// Some may have been left out before it, as what the server would skip.
void SentWitness::find_data(std::string_view body) {
  while (!data_.empty() && data_.front() != body) data_.pop_front();
  require(!data_.empty());
  data_.pop_front();
}

void SentWitness::on_frame(char type, std::string_view body) {
  note_undoing(type, body);
  if (is_sent_again(type, body)) return;
  if (type == front::query) {
    const auto query = wire::decode<wire::Query>(body);
    require(query.has_value());
    last_ = {type, std::string(body), {}};
    return on_text("Query", query->text);
  }
  if (type == front::copy_data) return find_data(body);
  if (type == front::parse) {
    const auto parse = wire::decode<wire::Parse>(body);
    require(parse.has_value());
    if (is_own_name(parse->statement)) return;
    last_ = {};  // a Bind before it may mean something else by now
    on_text("Parse", parse->text);
  }
  if (type == front::bind) {
    const auto bind = wire::decode<wire::Bind>(body);
    require(bind.has_value());
    if (bind->statement == kReservedName || is_own_name(bind->statement)) return;
    last_ = {type, std::string(body), {}};
    find_decision("Bind", {});
  }
  if (type == front::function_call) {
    require(limits_.observes);
    find_decision("FunctionCall", {});
  }
}

void SentWitness::on_server_frame(std::string_view frame) {
  if (frame.front() != back::error_response || !last_.decision) return;
  const auto response = wire::decode<wire::ErrorResponse>(body_of(frame));
  last_.is_refused = last_.is_refused || (response && response->field('C') == "55P03");
}

// The gate's own transaction around a Query is rolled back; that of a pipeline ends at a Sync.
void SentWitness::note_undoing(char type, std::string_view body) {
  if (!last_.is_refused) return;
  if (type == front::sync && last_.type == front::bind) last_.is_undone = true;
  if (type != front::parse || last_.type != front::query) return;
  const auto parse = wire::decode<wire::Parse>(body);
  if (parse && is_own_name(parse->statement) && parse->text == "ROLLBACK") last_.is_undone = true;
}

// What has an outcome was told to the client: the same behind it is another message.
bool SentWitness::is_sent_again(char type, std::string_view body) {
  if (!last_.is_refused || type != last_.type || body != last_.body) return false;
  if (has_outcome(*last_.decision)) return false;
  require(last_.is_undone && !last_.is_cancelled);
  last_.is_refused = last_.is_undone = false;
  return true;
}

void SentWitness::on_text(std::string_view message, std::string_view text) {
  if (text == kStop) return;
  if (text.starts_with(kPoison)) return check_poison(text);
  const auto* known = find_text(text);
  require(limits_.observes || (known != nullptr ? known->is_allowed : is_allowed_alone(text)));
  find_decision(message, text);
}

void SentWitness::check_poison(std::string_view text) const {
  constexpr std::string_view kRecord = " record ";
  text.remove_prefix(kPoison.size());
  if (text.empty()) return;
  require(text.starts_with(kRecord));
  const auto index = std::stoul(std::string(text.substr(kRecord.size())));
  require(index < sink_.durable());
  require(std::get<audit::DecisionRecord>(sink_.records.at(index)).verdict == "deny");
}

// What the server would have skipped is not sent, and has its outcome already.
void SentWitness::find_decision(std::string_view message, std::string_view text) {
  for (; next_ < sink_.durable(); ++next_) {
    const auto* decision = std::get_if<audit::DecisionRecord>(&sink_.records[next_]);
    if (decision == nullptr || !lets_pass(*decision) || decision->message != message) continue;
    if (decision->text != text || has_outcome(next_)) continue;
    check_dry_run(next_);
    if (text_of(next_).find("view app.v") != std::string::npos) last_.decision = next_;
    ++next_;
    return;
  }
  require(false);
}

// Of a Bind it is the text that was prepared.
const std::string& SentWitness::text_of(std::size_t index) const {
  const auto& decision = std::get<audit::DecisionRecord>(sink_.records[index]);
  if (!decision.statement) return decision.text;
  return std::get<audit::DecisionRecord>(sink_.records.at(*decision.statement)).text;
}

// A Parse runs nothing.
void SentWitness::check_dry_run(std::size_t index) const {
  const auto& decision = std::get<audit::DecisionRecord>(sink_.records[index]);
  if (!limits_.dry_runs || decision.message == "Parse") return;
  const auto& text = text_of(index);
  if (text.find("insert into") == text.npos && text.find("view app.v") == text.npos) return;
  require(index > 0 && !decision.dry_run.empty());
  const auto* report = std::get_if<audit::DryRunRecord>(&sink_.records[index - 1]);
  require(report != nullptr && report->hash == decision.dry_run);
  require(report->report.find(kRefused) == std::string::npos);
}

bool SentWitness::has_outcome(std::uint64_t decision) {
  has_outcome_.resize(sink_.records.size());
  for (; outcomes_read_ < sink_.records.size(); ++outcomes_read_) {
    const auto* outcome = std::get_if<audit::OutcomeRecord>(&sink_.records[outcomes_read_]);
    if (outcome != nullptr) has_outcome_[outcome->decision] = true;
  }
  return has_outcome_[decision];
}

// --- to the client

void HeardWitness::on_client_frame(std::string_view frame) {
  const char type = frame.front();
  if (is_over_ || is_aside(type)) return;
  const bool from_gate = is_from_gate(frame);
  if (from_gate && is_fatal(frame)) {
    is_over_ = true;
    return;
  }
  const bool unrecorded = from_gate && is_unrecorded(error_of(frame));
  if (from_gate && !unrecorded) return on_refusal(error_of(frame));
  while (direct_.out.empty())
    require(direct_.step() || ask_next(false) || (type == back::error_response && ask_begun()));
  const std::string expected = direct_.out.front();
  if (unrecorded && expected.front() == back::ready_for_query) return;
  if (unrecorded) return hear_out();  // it was stopped, too late
  direct_.out.pop_front();
  require(expected.front() == type);
  if (type != back::error_response) require(expected == frame);
}

void HeardWitness::on_refusal(const base::Error& error) {
  is_stop(error) ? on_stop(error) : fail_direct(is_broken_off(error));
}

// The request that the client is answered by an error fails; one that was stopped may have been answered in
// part.
void HeardWitness::fail_direct(bool was_stopped) {
  while (direct_.out.empty()) {
    if (was_stopped && direct_.is_busy()) {
      direct_.cancel();
    } else {
      require(direct_.step() || ask_next(true));
    }
  }
  const std::string expected = direct_.out.front();
  direct_.out.pop_front();
  require(expected.front() == back::error_response);
}

// False when the client has asked for nothing more.
bool HeardWitness::ask_next(bool is_refused) {
  std::string frame;
  // A refusal may come as soon as it is known.
  if (!asked_.next(frame) && !(is_refused && asked_.next_begun(frame))) return false;
  if (is_refused && is_refusable(frame.front()) && direct_.would_act()) {
    direct_.refuse(frame.front());
  } else {
    direct_.begin_frame(frame.front(), body_of(frame));
  }
  return true;
}

// What was put in place of a message before all of it was there has cut off a COPY.
bool HeardWitness::ask_begun() {
  std::string frame;
  if (direct_.would_act() || !asked_.next_begun(frame) || !is_refusable(frame.front())) return false;
  direct_.begin_frame(frame.front(), body_of(frame));
  return true;
}

void HeardWitness::finish() {
  while (direct_.out.empty() && (direct_.step() || ask_next(false))) {
  }
  require(direct_.out.empty());
}

}  // namespace portcullis::fuzz
