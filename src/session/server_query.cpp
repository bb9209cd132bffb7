#include "session/server_query.hpp"

#include <utility>

#include "portcullis/wire/messages.hpp"
#include "wire/framing.hpp"

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

ServerQuery::Next ServerQuery::on_bytes(std::string_view bytes, std::size_t& consumed) {
  consumed = 0;
  Next next = Next::read;
  while (next == Next::read) {
    const auto rest = bytes.substr(consumed);
    const auto header = wire::peek_backend(rest);
    if (!header) return fail(header.error());
    if (!*header) return Next::read;
    if ((*header)->body_size > kMaxRow) {
      return fail(
          {sqlstate::protocol_violation, "the database answered the gate's own query with an oversized row"});
    }
    if (rest.size() < (*header)->frame_size()) return Next::read;
    consumed += (*header)->frame_size();
    next = on_message((*header)->type, rest.substr(5, (*header)->body_size));
  }
  return next;
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
    case type::row_description:
    case type::command_complete:
    case type::empty_query_response:
    case type::notice_response:
    case type::notification_response:
    case type::parameter_status: return Next::read;
    default:
      return fail({sqlstate::protocol_violation,
                   std::string("the database answered the gate's own query with an unexpected message '") +
                       message + "'"});
  }
}

ServerQuery::Next ServerQuery::fail(Error error) {
  failure_ = std::move(error);
  return Next::failed;
}

}  // namespace portcullis::session
