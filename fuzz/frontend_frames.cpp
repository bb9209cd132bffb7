// What a client sends after its start-up packet: frames, and every message in them.
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

// A body that decodes as this message is written back as it was.
template <class Message>
void check(std::string_view frame) {
  const auto message = wire::decode<Message>(frame.substr(5));
  if (!message) {
    require(!message.error().message.empty());
    return;
  }
  std::string again;
  wire::encode(again, *message);
  require(again == frame);
}

void check_frame(std::string_view frame) {
  namespace type = wire::frontend_type;
  switch (frame.front()) {
    case type::bind: return check<wire::Bind>(frame);
    case type::close: return check<wire::Close>(frame);
    case type::copy_data: return check<wire::CopyData>(frame);
    case type::copy_done: return check<wire::CopyDone>(frame);
    case type::copy_fail: return check<wire::CopyFail>(frame);
    case type::describe: return check<wire::Describe>(frame);
    case type::execute: return check<wire::Execute>(frame);
    case type::flush: return check<wire::Flush>(frame);
    case type::function_call: return;  // never decoded: the gate refuses it
    case type::parse: return check<wire::Parse>(frame);
    case type::password:
      check<wire::PasswordMessage>(frame);
      check<wire::SaslInitialResponse>(frame);
      return check<wire::SaslResponse>(frame);
    case type::query: return check<wire::Query>(frame);
    case type::sync: return check<wire::Sync>(frame);
    case type::terminate: return check<wire::Terminate>(frame);
  }
  std::abort();  // peek_frontend let a type pass that it does not know
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes{reinterpret_cast<const char*>(data), size};
  for (;;) {
    const auto header = wire::peek_frontend(bytes);
    if (!header || !*header || (*header)->frame_size() > bytes.size()) return 0;
    require((*header)->body_size <= wire::kMaxLargeBody);
    check_frame(bytes.substr(0, (*header)->frame_size()));
    bytes.remove_prefix((*header)->frame_size());
  }
}
