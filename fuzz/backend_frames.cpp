// What a server sends: frames, and the messages in them that the gate reads.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/framing.hpp"

namespace wire = portcullis::wire;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// A body that decodes as this message is written back as it was. Whether it does decode.
template <class Message>
bool check(std::string_view frame) {
  const auto message = wire::decode<Message>(frame.substr(5));
  if (!message) {
    require(!message.error().message.empty());
    return false;
  }
  std::string again;
  wire::encode(again, *message);
  require(again == frame);
  return true;
}

// No body is two of them.
void check_authentication(std::string_view frame) {
  const int meanings =
      check<wire::AuthenticationOk>(frame) + check<wire::AuthenticationCleartextPassword>(frame) +
      check<wire::AuthenticationMd5Password>(frame) + check<wire::AuthenticationSasl>(frame) +
      check<wire::AuthenticationSaslContinue>(frame) + check<wire::AuthenticationSaslFinal>(frame);
  require(meanings <= 1);
}

// What becomes an error of ours stays the same through the wire.
void check_error(std::string_view frame) {
  check<wire::ErrorResponse>(frame);
  const auto response = wire::decode<wire::ErrorResponse>(frame.substr(5));
  if (!response) return;
  const auto error = wire::to_error(*response);
  require(wire::to_error(wire::to_error_response(error, "ERROR")) == error);
}

void check_frame(std::string_view frame) {
  namespace type = wire::backend_type;
  switch (frame.front()) {
    case type::authentication: return check_authentication(frame);
    case type::error_response: return check_error(frame);
    case type::backend_key_data: check<wire::BackendKeyData>(frame); return;
    case type::bind_complete: check<wire::BindComplete>(frame); return;
    case type::close_complete: check<wire::CloseComplete>(frame); return;
    case type::command_complete: check<wire::CommandComplete>(frame); return;
    case type::copy_data: check<wire::CopyData>(frame); return;
    case type::data_row: check<wire::DataRow>(frame); return;
    case type::negotiate_protocol_version: check<wire::NegotiateProtocolVersion>(frame); return;
    case type::notice_response: check<wire::NoticeResponse>(frame); return;
    case type::parameter_status: check<wire::ParameterStatus>(frame); return;
    case type::parse_complete: check<wire::ParseComplete>(frame); return;
    case type::ready_for_query: check<wire::ReadyForQuery>(frame); return;
    default: return;  // passed on unread
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes{reinterpret_cast<const char*>(data), size};
  for (;;) {
    const auto header = wire::peek_backend(bytes);
    if (!header || !*header || (*header)->frame_size() > bytes.size()) return 0;
    require((*header)->body_size <= wire::kMaxBackendBody);
    check_frame(bytes.substr(0, (*header)->frame_size()));
    bytes.remove_prefix((*header)->frame_size());
  }
}
