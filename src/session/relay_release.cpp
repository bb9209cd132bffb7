// Relay, from a judgement to the server: messages wait in their order until their records are durable, then
// they are released, or what fails in their place.
#include <algorithm>
#include <utility>

#include "session/relay.hpp"

namespace portcullis::session {

using base::Error;
namespace type = wire::frontend_type;

namespace {

std::string poison_text(const std::optional<std::uint64_t>& record) {
  return record ? "PORTCULLIS_DENIED record " + std::to_string(*record) : std::string("PORTCULLIS_DENIED");
}

// A message of the same kind that fails at the server in whatever state it is, and executes nothing.
std::string poison(Request request, std::string_view name, std::string_view reserved_name,
                   const std::optional<std::uint64_t>& record) {
  std::string bytes;
  const std::string text = poison_text(record);
  switch (request) {
    case Request::query: encode(bytes, wire::Query{text}); break;
    case Request::parse: encode(bytes, wire::Parse{name, text, {}}); break;
    case Request::bind: encode(bytes, wire::Bind{"", reserved_name, {}, {}, {}}); break;
    case Request::execute: encode(bytes, wire::Execute{reserved_name, 0}); break;
    case Request::describe:
    case Request::close:
    case Request::sync:
    case Request::copy_end: break;  // never refused
  }
  return bytes;
}

}  // namespace

void Relay::stage_judged(char message, std::string_view frame, Reply&& reply, const Judgement& judgement) {
  Staged staged;
  staged.type = message;
  staged.bytes = std::exchange(spare_, {});
  staged.bytes = frame;
  staged.ticket = judgement.record;
  reply.decision = judgement.record;
  reply.key = judgement.key;
  outlives_reset_ = outlives_reset_ || judgement.outlives_reset;
  // Parse and Bind change nothing themselves; what Bind's planning could do is settled with the Execute
  // behind it.
  if (reply.request == Request::query || reply.request == Request::execute) {
    reply.consequences = judgement.consequences;
  } else {
    const bool is_planned = reply.request != Request::parse;
    reply.consequences.changes = judgement.consequences.changes && is_planned;
    reply.consequences.reaches_out = judgement.consequences.reaches_out && is_planned;
  }
  staged.reply = std::move(reply);
  stage(std::move(staged));
}

void Relay::stage_refusal(char message, Request request, std::string_view name, const Judgement& judgement) {
  Staged staged;
  staged.type = message;
  staged.bytes = poison(request, name, identity_.reserved_name, judgement.record);
  staged.ticket = judgement.record;
  staged.refused = true;
  staged.tally = judgement.tally;
  if (judgement.tally && request != Request::query) counted_ = judgement;
  Reply& reply = staged.reply.emplace();
  reply.request = request;
  reply.name = name;
  reply.replacement = judgement.refusal;
  if (request == Request::query) reply.pipeline = registry_.pipeline - 1;
  stage(std::move(staged));
}

// The server skips up to the Sync whatever stands behind an error in its pipeline. Behind one that is counted
// nothing is judged, for a record of each of its parts would be a flood too: it shares its fate.
std::size_t Relay::refuse_behind_counted(std::string_view bytes, const wire::FrameHeader& header) {
  const Request request = header.type == type::parse  ? Request::parse
                          : header.type == type::bind ? Request::bind
                                                      : Request::execute;
  const Judgement first = *counted_;
  stage_refusal(header.type, request, {}, first);
  return swallow(bytes, header);
}

void Relay::stage(Staged&& staged) {
  note_executed(staged);
  if (staged.reply && !staged.refused) {
    const bool ends = staged.reply->request == Request::sync || staged.reply->request == Request::query;
    staged.counts = staged.reply->rows_duty || staged.reply->lock_duty;
    staged.asks_cost = staged.reply->cost.has_value();
    if (staged.counts || staged.asks_cost) flush_before_counting();
    staged.barrier = staged.counts || staged.asks_cost || staged.reply->consequences.changes_catalog ||
                     (ends && lookup_.catalog_changing);
    barriers_ += staged.barrier ? 1 : 0;
    bound_ = bound_ || staged.reply->consequences.binds_session;
    note_sending(staged.reply->consequences);
  }
  if ((staged.type == type::sync && !swallows_sync()) || (staged.type == type::query && !skips_to_sync()))
    unsynced_ = pipeline_ends_block_ = false;
  if (staged.type == type::execute && staged.reply && staged.reply->consequences.may_rewind)
    pipeline_ends_block_ = true;
  if (opens_pipeline(staged.type)) unsynced_ = true;
  if (staged.type == type::copy_done || staged.type == type::copy_fail) rows_copy_ended_ = true;
  staged_bytes_ += staged.bytes.size();
  staged_.push_back(std::move(staged));
}

std::optional<std::uint64_t> Relay::ticket_of(const Staged& staged) {
  if (!staged.tally) return staged.ticket;
  const auto& entry = staged.tally->entry;
  return entry && *entry ? std::optional(**entry) : std::nullopt;
}

std::optional<std::uint64_t> Relay::client_waits_for() const {
  if (!holds_back() && !waits_to_count()) return staged_.empty() ? std::nullopt : ticket_of(staged_.front());
  // None is released before an answer is in; those that are not durable by then would wait for nobody.
  const auto last = std::find_if(staged_.rbegin(), staged_.rend(),
                                 [](const Staged& staged) { return ticket_of(staged).has_value(); });
  const auto ticket = last == staged_.rend() ? std::nullopt : ticket_of(*last);
  return !ticket || is_durable(*ticket) || needs_.sink->failure() ? std::nullopt : ticket;
}

void Relay::release_ready() {
  while (!staged_.empty() && !holds_back() && !cost_) {
    Staged& next = staged_.front();
    if (!take_number(next)) return;
    if (next.ticket && !is_durable(*next.ticket)) needs_.sink->write_out();
    if (next.ticket && !is_durable(*next.ticket)) {
      const auto failure = needs_.sink->failure();
      if (!failure) return;
      refuse_for_failed_log(next, *failure);
    }
    if (waits_to_count()) return;
    if (next.asks_cost && !next.refused && !skipping_) {
      ask_cost(next);
    } else {
      release(take_staged());
    }
  }
}

Relay::Staged Relay::take_staged() {
  Staged taken = std::move(staged_.front());
  staged_.pop_front();
  barriers_ -= taken.barrier ? 1 : 0;
  staged_bytes_ -= std::min(staged_bytes_, taken.bytes.size());
  return taken;
}

void Relay::on_counted() {
  judge_.write_counted();
  release_ready();
  send_for_rows();
  start_clocks();
}

// What is counted is told with the number of the entry that it shares. False: that is not written yet.
bool Relay::take_number(Staged& staged) const {
  if (!staged.tally) return true;
  if (!staged.tally->entry) return false;
  const auto entry = *std::exchange(staged.tally, nullptr)->entry;
  if (!entry) {
    refuse_for_failed_log(staged, entry.error());
    return true;
  }
  Reply& reply = *staged.reply;
  staged.ticket = *entry;
  staged.bytes = poison(reply.request, reply.name, identity_.reserved_name, staged.ticket);
  reply.replacement = guard::with_record(*reply.replacement, *entry);
  return true;
}

// It fails where it stands, and its transaction with it.
void Relay::refuse_staged(Staged& staged, Error why) const {
  Reply& reply = *staged.reply;
  reply.fail(why.code.view(), why.message);
  reply.replacement = std::move(why);
  reply.stopped = true;
  staged.refused = true;
  staged.bytes = poison(reply.request, reply.name, identity_.reserved_name, std::nullopt);
}

// The decision did not reach the disk: whatever it was, it is a refusal now.
void Relay::refuse_for_failed_log(Staged& staged, const Error& failure) const {
  Reply& reply = *staged.reply;
  reply.replacement = failure;
  reply.decision.reset();
  staged.bytes = poison(reply.request, reply.name, identity_.reserved_name, std::nullopt);
  staged.refused = true;
}

void Relay::release(Staged&& staged) {
  const bool continues = staged.type == 0;
  if (!continues)
    last_release_dropped_ = skipping_ && staged.type != type::sync && staged.type != type::terminate;
  if (last_release_dropped_) return drop_skipped(staged);
  if (staged.counts && !staged.refused && must_count(*staged.reply)) {
    if (!replies_.is_in_doubt()) return begin_rows(std::move(staged));
    refuse_to_count(staged);
  }
  // A poison is whole: what streams behind it belongs to the message that it replaced.
  if (staged.refused) last_release_dropped_ = true;
  switch (staged.type) {
    case type::sync:
      skipping_ = false;
      if (copying_in_) {  // the server swallows it, or the data have failed meanwhile
        staged.reply.reset();
        replies_.add_doubtful_sync();
      }
      break;
    case type::copy_done:
    case type::copy_fail:
      // A Flush before the data was swallowed with them.
      if (bracket_ && !bracket_->work().is_query) encode(staged.bytes, wire::Flush{});
      if (std::exchange(copying_in_, false) || replies_.empty()) staged.reply.reset();
      break;
    case type::terminate: client_finished_ = true; break;
    case type::copy_data:
    case type::flush: break;
    default:  // answered only if the COPY has failed
      if (continues) break;
      if (std::exchange(copying_in_, false)) replies_.cut_copy();
      break;
  }
  const bool refused_query = staged.refused && staged.reply->request == Request::query;
  if (refused_query && replies_.empty() && status_ == 'I' && !pipeline_sent_ && !copying_in_ &&
      !replies_.is_in_doubt() && server_stream_left_ == 0 && !registry_.prepared.has("")) {
    // Nothing is open that the server would have to roll back, nor an unnamed statement to drop, as it does
    // at every Query: the gate may answer alone.
    std::string answer;
    encode(answer, wire::to_error_response(*staged.reply->replacement, "ERROR"));
    encode(answer, wire::ReadyForQuery{'I'});
    if (staged.reply->stopped) {
      withdraw(*staged.reply);
      settle(*staged.reply, "stopped", status_);
    }
    if (staged_.empty()) judge_.rest();
    return send_to_client(answer);
  }
  note_pipeline(staged.type);
  if (staged.reply && !staged.refused) announce_catalog_change(*staged.reply);
  const bool alone = staged.reply && !staged.refused && is_limited(*staged.reply);
  const bool asks = alone && staged.reply->request == Request::execute;
  // Its clock starts when what is before it is answered.
  if (asks && time_of(*staged.reply)) encode(to_server_, wire::Flush{});
  to_server_ += staged.bytes;
  if (staged.bytes.capacity() > spare_.capacity() && staged.bytes.capacity() <= kMaxSpare)
    spare_ = std::move(staged.bytes);
  // The Sync behind it waits for its answer.
  if (asks) encode(to_server_, wire::Flush{});
  if (alone) staged.reply->alone = true;
  if (staged.reply) staged.reply->sent = needs_.clock->steady();
  if (staged.reply) replies_.push(std::move(*staged.reply));
}

// Data of a COPY are sent, and their end is not on its way.
bool Relay::swallows_sync() const {
  return copying_in_ && std::none_of(staged_.begin(), staged_.end(), [](const Staged& staged) {
           return staged.type == type::copy_done || staged.type == type::copy_fail;
         });
}

// Parts of the extended query protocol, which the server answers for good at a Sync.
bool Relay::opens_pipeline(char message) noexcept {
  return message == type::parse || message == type::bind || message == type::describe ||
         message == type::execute || message == type::close;
}

void Relay::note_pipeline(char message) {
  // A Sync among the data of a COPY is swallowed.
  if ((message == type::sync && !copying_in_) || message == type::query) pipeline_sent_ = false;
  if (opens_pipeline(message)) pipeline_sent_ = true;
  const bool may_rename = message == type::parse || message == type::close;
  if (message == type::bind || (may_rename && pipeline_binds_ > 0)) ++pipeline_binds_;
  if (!pipeline_sent_) pipeline_binds_ = 0;
}

// The Syncs that were sent ahead of the end of a COPY's data are swallowed: they ended no pipeline.
void Relay::reopen_pipeline() {
  pipeline_sent_ = true;
  const auto& owed = replies_.all();
  for (auto reply = owed.begin() + 1; reply != owed.end(); ++reply) {
    if (reply->request != Request::copy_end)
      pipeline_sent_ = reply->request != Request::sync && reply->request != Request::query;
  }
  unsynced_ = pipeline_sent_;
  bool copies = copying_in_;
  for (const auto& staged : staged_) {
    const bool is_sync = staged.type == type::sync;
    if ((is_sync && !copies) || staged.type == type::query) unsynced_ = false;
    if (opens_pipeline(staged.type)) unsynced_ = true;
    const bool belongs = staged.type == 0 || staged.type == type::copy_data || staged.type == type::flush;
    copies = copies && (belongs || is_sync);
  }
}

// What the server would throw away unread need not be sent.
void Relay::drop_skipped(Staged& staged) {
  if (!staged.reply) return;
  withdraw(*staged.reply);
  if (!staged.refused) drop_unsent(*staged.reply, "skipped");
}

}  // namespace portcullis::session
