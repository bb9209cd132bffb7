// The first bytes of a connection, from anybody who can reach the port.
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const auto frame = wire::read_startup(bytes);
  if (!frame) {
    require(!frame.error().message.empty());
    return 0;
  }
  if (!*frame) return 0;
  const std::size_t consumed = (*frame)->consumed;
  require(consumed >= 8 && consumed <= size && consumed <= wire::kMaxStartupPacket);

  // There is one way to write it.
  std::string again;
  std::visit([&](const auto& packet) { wire::encode(again, packet); }, (*frame)->packet);
  require(again == bytes.substr(0, consumed));

  // It is complete with its last byte and not before.
  const auto early = wire::read_startup(bytes.substr(0, consumed - 1));
  require(early.has_value() && !early->has_value());
  return 0;
}
