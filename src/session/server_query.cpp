#include "session/server_query.hpp"

#include <utility>

#include "portcullis/wire/messages.hpp"
#include "wire/message_loop.hpp"

namespace portcullis::session {

using base::Error;
namespace sqlstate = base::sqlstate;
namespace type = wire::backend_type;

namespace {

// No row that the gate asks for is longer: a server that sends more is not the one that was asked.
constexpr std::uint32_t kMaxRow = 64u << 20;

}  // namespace

ServerQuery::ServerQuery(std::string_view text, RowTaker& rows) : rows_(rows) {
  encode(out_, wire::Query{text});
}

ServerQuery::ServerQuery(const ParametrizedQuery& query, RowTaker& rows) : rows_(rows), is_extended_(true) {
  const auto& given = query.parameters;
  encode(out_, wire::Parse{"", query.text, given.types});
  encode(out_, wire::Bind{"", "", given.formats, {given.values.begin(), given.values.end()}, {}});
  encode(out_, wire::Execute{"", 0});
  encode(out_, wire::Sync{});
}

ServerQuery::Next ServerQuery::on_bytes(std::string_view bytes, std::size_t& consumed) {
  return wire::each_message<Next>(
      bytes, consumed, kMaxRow,
      [this](char message, std::string_view body) { return on_message(message, body); },
      [this](Error error) { return fail(std::move(error)); });
}

ServerQuery::Next ServerQuery::on_message(char message, std::string_view body) {
  switch (message) {
    case type::data_row: {
      const auto row = wire::decode<wire::DataRow>(body);
      if (!row) return fail(row.error());
      if (const auto taken = rows_.take(row->fields); !taken) return fail(taken.error());
      return Next::read;
    }
    case type::error_response: {
      const auto response = wire::decode<wire::ErrorResponse>(body);
      if (!response) return fail(response.error());
      Error error = wire::to_error(*response);
      error.message = "the database refused a query of the gate's own: " + error.message;
      return fail(std::move(error));
    }
    case type::ready_for_query: return Next::ready;
    case type::parse_complete:
    case type::bind_complete:
      if (is_extended_) return Next::read;
      return fail_unexpected(message);
    case type::row_description:
    case type::command_complete:
    case type::empty_query_response:
    case type::notice_response:
    case type::notification_response:
    case type::parameter_status: return Next::read;
    default: return fail_unexpected(message);
  }
}

ServerQuery::Next ServerQuery::fail_unexpected(char message) {
  return fail({sqlstate::protocol_violation,
               std::string("the database answered the gate's own query with an unexpected message '") +
                   message + "'"});
}

ServerQuery::Next ServerQuery::fail(Error error) {
  failure_ = std::move(error);
  return Next::failed;
}

}  // namespace portcullis::session
