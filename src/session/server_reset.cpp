#include "session/server_reset.hpp"

#include <utility>

#include "portcullis/wire/messages.hpp"
#include "wire/message_loop.hpp"

namespace portcullis::session {
namespace {

namespace type = wire::backend_type;

// Nothing of what is asked for here is longer.
constexpr std::uint32_t kMaxMessage = 8 * 1024;

// A string constant, whatever standard_conforming_strings says.
std::string literal(std::string_view text) {
  std::string quoted = "E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted += '\'';
}

// Every name is qualified: nothing in the database can change what this asks.
std::string is_same(const std::string& value, const std::string& expected) {
  return " AND " + value + " OPERATOR(pg_catalog.=) " + expected;
}

std::string settings_of(std::string_view greeting) {
  std::string same;
  while (!greeting.empty()) {
    const auto header = wire::peek_backend(greeting);
    if (!header || !*header || greeting.size() < (*header)->frame_size()) return " AND false";
    const auto frame = greeting.substr(0, (*header)->frame_size());
    greeting.remove_prefix(frame.size());
    if ((*header)->type != type::parameter_status) continue;
    const auto status = wire::decode<wire::ParameterStatus>(frame.substr(5));
    if (!status) return " AND false";
    same +=
        is_same("pg_catalog.current_setting(" + literal(status->name) + ", true)", literal(status->value));
  }
  return same;
}

std::string schemas_of(const std::vector<std::string>& schemas) {
  std::string list = "ARRAY[";
  for (const auto& schema : schemas) list += (list.back() == '[' ? "" : ",") + literal(schema);
  return list + "]::pg_catalog.name[]";
}

constexpr std::string_view kMayLogIn =
    "r.rolcanlogin AND (r.rolvaliduntil IS NULL OR r.rolvaliduntil OPERATOR(pg_catalog.>) pg_catalog.now())"
    " AND pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'CONNECT')"
    " AND (SELECT d.datallowconn FROM pg_catalog.pg_database AS d"
    "  WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger AS e"
    "  WHERE e.evtevent OPERATOR(pg_catalog.=) 'login' AND e.evtenabled OPERATOR(pg_catalog.<>) 'D')";

// As at a login (server_startup.cpp).
constexpr std::string_view kMayBeHeld =
    " AND NOT (r.rolsuper OR r.rolbypassrls OR r.rolreplication OR r.rolcreaterole"
    " OR pg_catalog.pg_has_role(r.oid, 'pg_read_server_files', 'MEMBER')"
    " OR pg_catalog.pg_has_role(r.oid, 'pg_write_server_files', 'MEMBER')"
    " OR pg_catalog.pg_has_role(r.oid, 'pg_execute_server_program', 'MEMBER'))";

}  // namespace

ServerAnswer::ServerAnswer(std::string_view question, std::string order, std::string tag)
    : order_(std::move(order)), tag_(std::move(tag)), settings_may_move_(order_.front() == 'C') {
  encode(out_, wire::Query{question});
}

ServerAnswer ServerAnswer::to_reset() {
  return {"DISCARD ALL", "CZ", "DISCARD ALL"};
}

ServerAnswer ServerAnswer::to_check(const ServerState& state, std::string_view user, bool allow_superuser) {
  std::string question = "SELECT ";
  question += kMayLogIn;
  if (!allow_superuser) question += kMayBeHeld;
  question += is_same("current_user", "session_user");
  question += is_same("pg_catalog.current_setting('role')", "'none'");
  question += is_same("pg_catalog.current_schemas(true)", schemas_of(state.schemas));
  question += settings_of(state.greeting);
  question += " FROM pg_catalog.pg_roles AS r WHERE r.rolname OPERATOR(pg_catalog.=) session_user";
  question += is_same("r.rolname", literal(user));
  return {question, "TDCZ", "SELECT 1"};
}

ServerAnswer::Next ServerAnswer::on_bytes(std::string_view bytes, std::size_t& consumed) {
  const Next next = wire::each_message<Next>(
      bytes, consumed, kMaxMessage,
      [this](char message, std::string_view body) { return on_message(message, body); },
      [this](const base::Error&) {
        order_.clear();
        return Next::failed;
      });
  return next == Next::ready && consumed != bytes.size() ? Next::failed : next;
}

ServerAnswer::Next ServerAnswer::on_message(char message, std::string_view body) {
  if (message == type::parameter_status && settings_may_move_) return Next::read;
  if (order_.empty() || message != order_.front() || !is_right(message, body)) {
    order_.clear();
    return Next::failed;
  }
  order_.erase(0, 1);
  return order_.empty() ? Next::ready : Next::read;
}

bool ServerAnswer::is_right(char message, std::string_view body) const {
  switch (message) {
    case type::data_row: {
      const auto row = wire::decode<wire::DataRow>(body);
      return row && row->fields.size() == 1 && row->fields.front() == "t";
    }
    case type::command_complete: {
      const auto complete = wire::decode<wire::CommandComplete>(body);
      return complete && complete->tag == tag_;
    }
    case type::ready_for_query: {
      const auto ready = wire::decode<wire::ReadyForQuery>(body);
      return ready && ready->status == 'I';
    }
    default: return true;  // RowDescription: what the column is called does not matter
  }
}

}  // namespace portcullis::session
