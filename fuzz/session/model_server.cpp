#include "model_server.hpp"

#include <utility>

namespace portcullis::fuzz {
namespace {

namespace front = wire::frontend_type;
namespace back = wire::backend_type;

std::string framed(char type, std::string_view body) {
  const auto size = static_cast<std::uint32_t>(body.size() + 4);
  std::string frame{type, static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                    static_cast<char>(size >> 8), static_cast<char>(size)};
  return frame.append(body);
}

// Where it matters a row says which of its table's it is.
std::string row_text(const ModelSession::Effect& effect, unsigned at) {
  if (effect.of != kLimited) return "a row of the table";
  return std::to_string(effect.first_row + at) + " of " + std::string(effect.of);
}

bool gives_rows(const KnownText& text) {
  return !text.parts.empty() &&
         (text.parts.front().does == Does::read || text.parts.front().does == Does::fetch);
}

}  // namespace

void ModelServer::on_frame(char type, std::string_view body) {
  begin_frame(type, body);
  while (step()) {
  }
}

bool ModelServer::step() {
  if (!is_busy()) return false;
  if (!coming_.empty()) {
    out.push_back(std::move(coming_.front()));
    coming_.pop_front();
    // Behind its last statement a Query is committed at once.
    if (!coming_.empty() || query_ == nullptr || next_part_ < query_->parts.size()) return true;
  }
  go_on_with_query();
  return true;
}

void ModelServer::fail_at_end() {
  out.pop_back();
  session_.fail();
  ready();
}

void ModelServer::cancel() {
  if (!closed_ && (is_busy() || copying_)) fail_request("57014");
}

void ModelServer::cancel_for_client() {
  if (!closed_ && !own_runs_ && (is_busy() || copying_)) fail_request("57014", kCancelled);
}

void ModelServer::fail_request(std::string_view code, std::string_view text) {
  coming_.clear();
  copying_ = false;
  query_ != nullptr ? fail_query(code, text) : fail(code, text);
}

void ModelServer::begin_frame(char type, std::string_view body) {
  if (closed_) return;
  if (copying_) return on_copy(type, body);
  if (type == front::sync) skipping_ = false;
  if (type == front::terminate) {
    closed_ = true;
    return;
  }
  if (skipping_) return;
  on_message(type, body);
}

void ModelServer::on_message(char type, std::string_view body) {
  switch (type) {
    case front::query: return on_query(body);
    case front::parse: return on_parse(body);
    case front::bind: return on_bind(body);
    case front::describe: return on_describe(body);
    case front::execute: return on_execute(body);
    case front::close: return on_close(body);
    case front::sync: return on_sync(body);
    case front::function_call: return fail_query("42883");
    case front::flush: return body.empty() ? void() : fail("08P01");
    default: return;  // data of a COPY that has failed
  }
}

void ModelServer::refuse(char type) {
  const bool is_query = type == front::query || type == front::function_call;
  if (is_query) session_.close_statement("");  // the gate's word for either is a Query
  is_query ? fail_query("42501") : fail("42501");
}

void ModelServer::speak(char type) {
  if (closed_) return;
  if (type == back::notification_response) return put(type, std::string("\0\0\0\1c\0p\0", 8));
  put(type, std::string("SNOTICE\0C00000\0Mmodel\0\0", 23));
}

// --- simple queries

void ModelServer::on_query(std::string_view body) {
  const auto query = wire::decode<wire::Query>(body);
  session_.close_statement("");
  if (!query) return fail_query("08P01");
  query_ = find_text(query->text);
  own_runs_ = false;
  next_part_ = 0;
  if (query_ == nullptr) return fail_query("42601");
  session_.start_message();
  if (query_->parts.empty()) put(back::empty_query_response);
}

// Its next statement, or its end.
void ModelServer::go_on_with_query() {
  const auto& parts = query_->parts;
  if (next_part_ < parts.size()) {
    const auto effect = session_.run(parts[next_part_++], parts.size() == 1);
    return effect.error.empty() ? put_effect(effect, false) : fail_query(effect.error);
  }
  query_ = nullptr;
  session_.end_of_message();
  ready();
}

void ModelServer::fail_query(std::string_view code, std::string_view text) {
  query_ = nullptr;
  session_.fail();
  error(code, "ERROR", text);
  ready();
}

// --- extended queries

void ModelServer::on_parse(std::string_view body) {
  const auto parse = wire::decode<wire::Parse>(body);
  if (!parse) return fail("08P01");
  if (is_own_name(parse->statement)) return parse_own(parse->statement, parse->text);
  const auto* text = find_text(parse->text);
  const auto failure = text == nullptr ? "42601" : session_.prepare(std::string(parse->statement), text);
  failure.empty() ? put(back::parse_complete) : fail(failure);
}

void ModelServer::on_bind(std::string_view body) {
  const auto bind = wire::decode<wire::Bind>(body);
  if (!bind) return fail("08P01");
  if (is_own_name(bind->portal)) return put(back::bind_complete);
  const auto failure = session_.bind(std::string(bind->portal), std::string(bind->statement));
  failure.empty() ? put(back::bind_complete) : fail(failure);
}

void ModelServer::on_describe(std::string_view body) {
  const auto describe = wire::decode<wire::Describe>(body);
  if (!describe) return fail("08P01");
  const std::string name(describe->name);
  const KnownText* text = nullptr;
  if (describe->kind == 'S') {
    text = session_.prepared(name);
  } else if (const auto* portal = session_.portal(name); portal != nullptr) {
    text = portal->text;
  }
  if (text == nullptr) return fail(describe->kind == 'S' ? "26000" : "34000");
  if (session_.is_barred(*text) && gives_rows(*text)) return fail("25P02");
  if (describe->kind == 'S') put(back::parameter_description, std::string(2, '\0'));
  gives_rows(*text) ? put(back::row_description, std::string(2, '\0')) : put(back::no_data);
}

void ModelServer::on_execute(std::string_view body) {
  const auto execute = wire::decode<wire::Execute>(body);
  if (!execute) return fail("08P01");
  if (is_own_name(execute->portal)) return run_own(execute->portal);
  own_runs_ = false;
  const std::string name(execute->portal);
  const auto* portal = session_.portal(name);
  const bool is_empty = portal != nullptr && portal->text->parts.empty();
  bool suspended = false;
  session_.start_message();
  const auto effect = session_.run_portal(name, execute->max_rows, suspended);
  if (!effect.error.empty()) return fail(effect.error);
  if (is_empty) return put(back::empty_query_response);
  if (!suspended) return put_effect(effect, true);
  give_rows(effect);
  coming_.push_back(framed(back::portal_suspended, {}));
}

void ModelServer::on_close(std::string_view body) {
  const auto close = wire::decode<wire::Close>(body);
  if (!close) return fail("08P01");
  const std::string name(close->name);
  close->kind == 'S' ? session_.close_statement(name) : session_.close_portal(name);
  put(back::close_complete);
}

void ModelServer::on_sync(std::string_view body) {
  if (!body.empty()) {
    session_.fail();
    error("08P01");
  }
  session_.end_of_message();
  ready();
}

void ModelServer::fail(std::string_view code, std::string_view text) {
  session_.fail();
  error(code, "ERROR", text);
  skipping_ = true;
}

// --- COPY FROM STDIN

void ModelServer::on_copy(char type, std::string_view body) {
  switch (type) {
    case front::copy_data:
      if (body.find("bad") != body.npos) return fail_request("22P04");
      ++copied_;
      return;
    case front::copy_done: return end_copy();
    case front::copy_fail: return fail_request("57014");
    case front::sync:
    case front::flush: return;
    default: break;
  }
  if (!ends_at_cut_copy_) return fail_request("08P01");
  error("08P01");
  error("08P01", "FATAL");
  closed_ = true;
}

void ModelServer::end_copy() {
  copying_ = false;
  session_.finish_copy(copied_);
  complete("COPY " + std::to_string(std::exchange(copied_, 0)));
}

// --- frames

void ModelServer::put(char type, std::string_view body) {
  out.push_back(framed(type, body));
}

void ModelServer::give_row_of(std::initializer_list<std::optional<std::string_view>> fields) {
  std::string body{'\0', static_cast<char>(fields.size())};
  for (const auto& field : fields) {
    const auto size = field ? static_cast<unsigned char>(field->size()) : 0;
    body += field ? std::string{'\0', '\0', '\0', static_cast<char>(size)} + std::string(*field)
                  : std::string(4, '\xFF');
  }
  coming_.push_back(framed(back::data_row, body));
}

void ModelServer::give_rows(const ModelSession::Effect& effect) {
  for (unsigned i = 0; i < effect.rows; ++i) give_row_of({row_text(effect, i)});
}

void ModelServer::put_effect(const ModelSession::Effect& effect, bool described) {
  if (effect.copies_in) {
    copying_ = true;
    copied_ = 0;
    return put(back::copy_in_response, std::string(3, '\0'));
  }
  if (effect.copies_out) {
    put(back::copy_out_response, std::string(3, '\0'));
    for (unsigned i = 0; i < 2; ++i) coming_.push_back(framed(back::copy_data, row_text(effect, i) + "\n"));
    coming_.push_back(framed(back::copy_done, {}));
  }
  if (!described && effect.rows > 0) put(back::row_description, std::string(2, '\0'));
  give_rows(effect);
  complete(effect.tag);
  // What has ended a transaction can no longer be cancelled.
  if (effect.is_settled) (void)step();
}

void ModelServer::complete(std::string_view tag) {
  std::string frame;
  encode(frame, wire::CommandComplete{tag});
  coming_.push_back(std::move(frame));
}

void ModelServer::ready() {
  std::string frame;
  encode(frame, wire::ReadyForQuery{session_.status()});
  out.push_back(std::move(frame));
}

void ModelServer::error(std::string_view code, std::string_view severity, std::string_view text) {
  std::string frame;
  if (code == "55P03") text = kLockNotFree;
  encode(frame, wire::to_error_response({base::SqlState::from_text(code), std::string(text)}, severity));
  out.push_back(std::move(frame));
}

}  // namespace portcullis::fuzz
