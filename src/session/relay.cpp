#include "session/relay.hpp"

#include <algorithm>
#include <utility>

#include "session/relay_messages.hpp"

namespace portcullis::session {

using base::Error;
namespace sqlstate = base::sqlstate;
namespace type = wire::frontend_type;

namespace {

// What take_view() is for: everything that a verdict is given on.
bool is_judged(char message) {
  return message == type::query || message == type::parse || message == type::bind ||
         message == type::execute || message == type::function_call;
}

// The analysis of a text that the database takes apart by other rules than the gate.
Analysis read_otherwise() {
  return std::make_shared<const base::Result<sql::Facts>>(
      Error{sqlstate::feature_not_supported,
            "the session has changed client_encoding or standard_conforming_strings, so the gate cannot tell "
            "what its texts mean"});
}

}  // namespace

Relay::Relay(Identity identity, Dependencies dependencies)
    : identity_(std::move(identity)),
      needs_(std::move(dependencies)),
      judge_(identity_, needs_, registry_),
      lookup_(identity_.names),
      reading_(identity_.reading) {
  if (const auto basis = needs_.basis->current()) lookup_.told_with = basis->snapshot;
  registry_.prepared.most_names = needs_.session.prepared_statements;
  registry_.portals.most_names = needs_.session.portals;
}

std::size_t Relay::on_client(std::string_view bytes) {
  held_up_ = false;
  if (server_lost_) {
    on_client_without_server(bytes);
    return 0;
  }
  std::size_t consumed = 0;
  std::size_t staged_bytes = 0;
  while (!ended_ && consumed < bytes.size() && !wanted_text_ && !wanted_basis_ && !wanted_dry_run_ &&
         !waits_for_server() && barriers_ == 0 && staged_bytes < kMaxStaged &&
         replies_.size() + staged_.size() < kMaxReplies) {
    if (terminated_) {  // what stands behind it nobody reads
      consumed = bytes.size();
      break;
    }
    const auto rest = bytes.substr(consumed);
    std::size_t taken = 0;
    if (client_stream_left_ > 0) {
      taken = stream_from_client(rest);
    } else {
      const auto header = wire::peek_frontend(rest);
      if (!header) {
        violation(header.error().message);
        break;
      }
      if (!*header) break;
      const auto used = on_client_message(rest, **header);
      if (!used) break;
      taken = *used;
    }
    consumed += taken;
    staged_bytes += taken;
  }
  held_up_ = consumed < bytes.size() && (waits_for_quiet_ || is_held_up());
  release_ready();
  send_for_rows();
  start_clocks();
  return consumed;
}

std::size_t Relay::stream_from_client(std::string_view bytes) {
  const std::size_t part = std::min(bytes.size(), client_stream_left_);
  client_stream_left_ -= part;
  if (!client_stream_dropped_) {
    Staged staged;
    staged.bytes = bytes.substr(0, part);
    stage(std::move(staged));
  }
  if (client_stream_left_ == 0) client_stream_dropped_ = false;
  return part;
}

// The bytes used, or nothing when more are needed first.
std::optional<std::size_t> Relay::on_client_message(std::string_view bytes, const wire::FrameHeader& header) {
  if (bracket_ && (is_judged(header.type) || opens_pipeline(header.type))) {
    violation("a request in the middle of COPY data whose rows are counted: send CopyDone or CopyFail first");
    return std::nullopt;
  }
  const bool is_whole = bytes.size() >= header.frame_size();
  const bool is_part =
      header.type == type::parse || header.type == type::bind || header.type == type::execute;
  if (counted_ && is_part) return refuse_behind_counted(bytes, header);
  const bool is_text = header.type == type::query || header.type == type::parse;
  if (is_text && !is_whole && header.body_size <= kInlineAnalysis) return std::nullopt;
  const auto coming = is_whole ? bytes.substr(0, header.frame_size()) : std::string_view();
  const bool ready = is_judged(header.type)        ? take_view(coming)
                     : opens_pipeline(header.type) ? follow_lookup(needs_.basis->current())
                                                   : true;
  if (!ready) return std::nullopt;
  switch (header.type) {
    case type::query:
    case type::parse: return on_text(bytes, header);
    case type::bind: return on_bind(bytes, header);
    case type::copy_data: return on_copy_data(bytes, header);
    case type::function_call: return on_function_call(bytes, header);
    default: break;
  }
  if (bytes.size() < header.frame_size()) return std::nullopt;
  on_small_message(header.type, bytes.substr(0, header.frame_size()));
  return header.frame_size();
}

// Neither this message nor what is still to come of it goes on. Gives the bytes used.
std::size_t Relay::swallow(std::string_view bytes, const wire::FrameHeader& header) {
  const std::size_t part = std::min(bytes.size(), header.frame_size());
  client_stream_left_ = header.frame_size() - part;
  client_stream_dropped_ = client_stream_left_ > 0;
  return part;
}

// What is too long makes the COPY fail, as if the client had given it up.
std::size_t Relay::on_copy_data(std::string_view bytes, const wire::FrameHeader& header) {
  if (header.frame_size() > needs_.session.message_bytes) {
    std::string failure;
    encode(failure, wire::CopyFail{"portcullis: " + too_long_message(header.frame_size()).message});
    on_small_message(type::copy_fail, failure);
    return swallow(bytes, header);
  }
  const auto part = bytes.substr(0, header.frame_size());
  client_stream_left_ = header.frame_size() - part.size();
  Staged staged;
  staged.type = type::copy_data;
  staged.bytes = part;
  stage(std::move(staged));
  return part.size();
}

Error Relay::too_long_message(std::size_t bytes) const {
  return {sqlstate::program_limit_exceeded,
          "a message of " + std::to_string(bytes) + " bytes is longer than limits.message_bytes, " +
              std::to_string(needs_.session.message_bytes) + ": send less at once"};
}

// Answered as a Query is, by one result or an error and ReadyForQuery.
std::optional<std::size_t> Relay::on_function_call(std::string_view bytes, const wire::FrameHeader& header) {
  const Judgement judgement = judge_.hold_back(
      "FunctionCall", {sqlstate::feature_not_supported,
                       "function calls by the protocol's FunctionCall message are not possible through the "
                       "gate: call the function in a SELECT"});
  ++registry_.pipeline;
  if (!judgement.allowed) {
    stage_refusal(type::query, Request::query, {}, judgement);
    return swallow(bytes, header);
  }
  const auto part = bytes.substr(0, header.frame_size());
  client_stream_left_ = header.frame_size() - part.size();
  Reply reply;
  reply.request = Request::query;
  reply.pipeline = registry_.pipeline - 1;
  stage_judged(type::query, part, std::move(reply), judgement);
  return part.size();
}

std::optional<std::size_t> Relay::on_text(std::string_view bytes, const wire::FrameHeader& header) {
  const bool is_query = header.type == type::query;
  const std::string_view message = is_query ? "Query" : "Parse";
  // A name and parameter types come on top of a Parse's text.
  const std::size_t most = needs_.facts->limits().bytes + (is_query ? 1 : kHead + 4 * 65536);
  if (header.body_size > most) {
    if (bytes.size() < 5 + kHead) return std::nullopt;
    const auto head = bytes.substr(5, kHead);
    const auto name = is_query ? std::string_view{} : until_zero(head);
    const auto text = is_query ? head : head.substr(std::min(head.size(), name.size() + 1));
    if (is_query) ++registry_.pipeline;
    stage_refusal(header.type, is_query ? Request::query : Request::parse, name,
                  judge_.too_long(message, text.substr(0, 1024), header.body_size));
    return swallow(bytes, header);
  }
  if (bytes.size() < header.frame_size()) return std::nullopt;
  const auto frame = bytes.substr(0, header.frame_size());
  const auto query = is_query ? wire::decode<wire::Query>(frame.substr(5)) : wire::Query{};
  const auto parse = is_query ? wire::Parse{} : wire::decode<wire::Parse>(frame.substr(5));
  if (!query || !parse) {
    if (is_query) ++registry_.pipeline;
    stage_refusal(header.type, is_query ? Request::query : Request::parse, {},
                  judge_.refuse(message, query ? parse.error() : query.error()));
    return frame.size();
  }
  const auto text = is_query ? query->text : parse->text;
  if (!reading_.is_shared()) given_analysis_ = read_otherwise();
  if (text.size() > kInlineAnalysis && !given_analysis_ && !needs_.facts->find(text)) {
    wanted_text_ = std::string(text);
    return std::nullopt;
  }
  Judgement judgement = judge_.text(message, text, given_analysis_, parse->parameter_types);
  if (ask_for_newer_catalog(judgement) || ask_for_dry_run(judgement)) return std::nullopt;
  given_analysis_ = nullptr;
  if (is_query) {
    ++registry_.pipeline;
    on_query(frame, judgement);
  } else {
    on_parse(parse->statement, frame, judgement);
  }
  return frame.size();
}

void Relay::give_analysis(Analysis analysis) {
  given_analysis_ = std::move(analysis);
  wanted_text_.reset();
}

void Relay::on_query(std::string_view frame, const Judgement& judgement) {
  if (!judgement.allowed) return stage_refusal(type::query, Request::query, {}, judgement);
  Reply reply = reply_to(Request::query, judgement);
  reply.pipeline = registry_.pipeline - 1;
  reply.statement = judgement.statement;
  reply.may_commit = commits(*judgement.statement->facts);
  reply.cost = judgement.cost;
  stage_judged(type::query, frame, std::move(reply), judgement);
}

void Relay::on_small_message(char message, std::string_view frame) {
  Staged staged;
  staged.type = message;
  staged.bytes = frame;
  switch (message) {
    case type::execute: return on_execute(frame);
    case type::close: return on_close_message(frame);
    case type::describe: staged.reply.emplace().request = Request::describe; return stage(std::move(staged));
    case type::sync: {
      Reply& reply = staged.reply.emplace();
      reply.request = Request::sync;
      reply.pipeline = registry_.pipeline++;
      counted_.reset();
      return stage(std::move(staged));
    }
    case type::copy_done:
    case type::copy_fail: staged.reply.emplace().request = Request::copy_end; return stage(std::move(staged));
    case type::flush: return frame.size() == 5 ? stage(std::move(staged)) : refuse_flush();
    case type::terminate:
      terminated_ = true;
      client_finished_ = gives_server_back_ = leaves_server_clean();
      if (gives_server_back_) return;
      return stage(std::move(staged));
    default: return violation(std::string("invalid frontend message type '") + message + "'");
  }
}

}  // namespace portcullis::session
