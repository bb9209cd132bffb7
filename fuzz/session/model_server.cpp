#include "model_server.hpp"

#include <utility>

namespace portcullis::fuzz {
namespace {

namespace front = wire::frontend_type;
namespace back = wire::backend_type;

bool is_own(std::string_view name) {
  return name == kOwnName;
}

bool gives_rows(const KnownText& text) {
  return !text.parts.empty() &&
         (text.parts.front().does == Does::read || text.parts.front().does == Does::fetch);
}

}  // namespace

void ModelServer::on_frame(char type, std::string_view body) {
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
    case front::flush: return body.empty() ? void() : fail("08P01");
    default: return;  // data of a COPY that has failed
  }
}

void ModelServer::refuse(char type) {
  const bool is_query = type == front::query || type == front::function_call;
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
  if (!query) return fail_query("08P01");
  query_ = find_text(query->text);
  next_part_ = 0;
  if (query_ == nullptr) return fail_query("42601");
  session_.close_statement("");
  go_on_with_query();
}

void ModelServer::go_on_with_query() {
  const auto& parts = query_->parts;
  if (parts.empty()) put(back::empty_query_response);
  while (next_part_ < parts.size()) {
    const auto effect = session_.run(parts[next_part_++], parts.size() == 1);
    if (!effect.error.empty()) return fail_query(effect.error);
    put_effect(effect, false);
    if (copying_) return;
  }
  query_ = nullptr;
  session_.end_of_message();
  ready();
}

void ModelServer::fail_query(std::string_view code) {
  query_ = nullptr;
  session_.fail();
  error(code);
  ready();
}

// --- extended queries

void ModelServer::on_parse(std::string_view body) {
  const auto parse = wire::decode<wire::Parse>(body);
  if (!parse) return fail("08P01");
  if (is_own(parse->statement)) {
    own_[std::string(kOwnName)] = parse->text;
    return put(back::parse_complete);
  }
  const auto* text = find_text(parse->text);
  const auto failure = text == nullptr ? "42601" : session_.prepare(std::string(parse->statement), text);
  failure.empty() ? put(back::parse_complete) : fail(failure);
}

void ModelServer::on_bind(std::string_view body) {
  const auto bind = wire::decode<wire::Bind>(body);
  if (!bind) return fail("08P01");
  if (is_own(bind->portal)) return put(back::bind_complete);
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
  if (is_own(execute->portal)) return run_own(own_[std::string(kOwnName)]);
  const std::string name(execute->portal);
  const auto* portal = session_.portal(name);
  const bool is_empty = portal != nullptr && portal->text->parts.empty();
  bool suspended = false;
  const auto effect = session_.run_portal(name, execute->max_rows, suspended);
  if (!effect.error.empty()) return fail(effect.error);
  if (is_empty) return put(back::empty_query_response);
  if (!suspended) return put_effect(effect, true);
  put_rows(effect.rows);
  put(back::portal_suspended);
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

void ModelServer::fail(std::string_view code) {
  session_.fail();
  error(code);
  skipping_ = true;
}

// --- COPY FROM STDIN

void ModelServer::on_copy(char type, std::string_view body) {
  const bool in_query = query_ != nullptr;
  const auto fail_copy = [&](std::string_view code) {
    copying_ = false;
    in_query ? fail_query(code) : fail(code);
  };
  switch (type) {
    case front::copy_data:
      if (body.find("bad") != body.npos) return fail_copy("22P04");
      ++copied_;
      return;
    case front::copy_done: return end_copy();
    case front::copy_fail: return fail_copy("57014");
    case front::sync:
    case front::flush: return;
    default: break;
  }
  if (!ends_at_cut_copy_) return fail_copy("08P01");
  error("08P01");
  error("08P01", "FATAL");
  closed_ = true;
}

void ModelServer::end_copy() {
  copying_ = false;
  session_.finish_copy(copied_);
  complete("COPY " + std::to_string(std::exchange(copied_, 0)));
  if (query_ != nullptr) go_on_with_query();
}

// --- what the gate asks for itself

void ModelServer::run_own(std::string_view text) {
  if (std::exchange(own_fails_, false) && session_.status() == 'I') return fail("57014");
  if (text.starts_with("SELECT pg_catalog.unnest(")) {
    put_row_of({"pg_catalog"});
    put_row_of({session_.search_path()});
  } else if (text.starts_with("SELECT pg_catalog.current_setting('portcullis.")) {
    put_row_of({std::nullopt, std::nullopt, std::nullopt});
  } else if (text.find("transaction_isolation") != text.npos) {
    put_row_of({"read committed"});
  }
  complete("SELECT 1");
}

// --- frames

void ModelServer::put(char type, std::string_view body) {
  const auto size = static_cast<std::uint32_t>(body.size() + 4);
  std::string frame{type, static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                    static_cast<char>(size >> 8), static_cast<char>(size)};
  out.push_back(frame.append(body));
}

void ModelServer::put_row_of(std::initializer_list<std::optional<std::string_view>> fields) {
  std::string body{'\0', static_cast<char>(fields.size())};
  for (const auto& field : fields) {
    const auto size = field ? static_cast<unsigned char>(field->size()) : 0;
    body += field ? std::string{'\0', '\0', '\0', static_cast<char>(size)} + std::string(*field)
                  : std::string(4, '\xFF');
  }
  put(back::data_row, body);
}

void ModelServer::put_rows(unsigned rows) {
  for (unsigned i = 0; i < rows; ++i) put_row_of({std::string_view("a row of the table")});
}

void ModelServer::put_effect(const ModelSession::Effect& effect, bool described) {
  if (effect.copies_in) {
    copying_ = true;
    return put(back::copy_in_response, std::string(3, '\0'));
  }
  if (effect.copies_out) {
    put(back::copy_out_response, std::string(3, '\0'));
    put(back::copy_data, "1\n");
    put(back::copy_data, "2\n");
    put(back::copy_done);
  }
  if (!described && effect.rows > 0) put(back::row_description, std::string(2, '\0'));
  put_rows(effect.rows);
  complete(effect.tag);
}

void ModelServer::complete(std::string_view tag) {
  std::string frame;
  encode(frame, wire::CommandComplete{tag});
  out.push_back(std::move(frame));
}

void ModelServer::ready() {
  std::string frame;
  encode(frame, wire::ReadyForQuery{session_.status()});
  out.push_back(std::move(frame));
}

void ModelServer::error(std::string_view code, std::string_view severity) {
  std::string frame;
  encode(frame, wire::to_error_response({base::SqlState::from_text(code), "model"}, severity));
  out.push_back(std::move(frame));
}

}  // namespace portcullis::fuzz
