#include "shadow/script.hpp"

#include "portcullis/wire/messages.hpp"
#include "wire/message_loop.hpp"

namespace portcullis::shadow {

using base::Error;
namespace sqlstate = base::sqlstate;
namespace type = wire::backend_type;

namespace {

constexpr std::uint32_t kMaxMessage = 1u << 20;

}  // namespace

Script::Script(std::vector<std::string> statements) : statements_(std::move(statements)) {
  encode(out_, wire::Query{statements_.front()});
}

Script::Next Script::on_bytes(std::string_view bytes, std::size_t& consumed) {
  return wire::each_message<Next>(
      bytes, consumed, kMaxMessage,
      [this](char message, std::string_view body) { return on_message(message, body); },
      [this](Error error) { return fail(std::move(error)); });
}

Script::Next Script::on_message(char message, std::string_view body) {
  switch (message) {
    case type::error_response: return on_error(body);
    case type::ready_for_query: return on_ready(body);
    case type::row_description:
    case type::data_row:
    case type::command_complete:
    case type::empty_query_response:
    case type::notice_response:
    case type::notification_response:
    case type::parameter_status: return Next::read;
    default: return fail({sqlstate::protocol_violation, "the server answered a statement out of order"});
  }
}

Script::Next Script::on_error(std::string_view body) {
  const auto response = wire::decode<wire::ErrorResponse>(body);
  if (!response) return fail(response.error());
  auto error = wire::to_error(*response);
  const auto severity = response->field('V');
  if (severity == "FATAL" || severity == "PANIC") {
    if (error.message.empty()) error.message = "the server has ended the connection and did not say why";
    return fail(std::move(error));
  }
  failures_.push_back({at_, std::move(error)});
  return Next::read;
}

Script::Next Script::on_ready(std::string_view body) {
  const auto ready = wire::decode<wire::ReadyForQuery>(body);
  if (!ready) return fail(ready.error());
  if (ready->status != 'I')
    return fail({sqlstate::protocol_violation, "a statement has left a transaction open"});
  if (++at_ == statements_.size()) return Next::done;
  encode(out_, wire::Query{statements_[at_]});
  return Next::read;
}

Script::Next Script::fail(Error error) {
  failure_ = std::move(error);
  return Next::failed;
}

}  // namespace portcullis::shadow
