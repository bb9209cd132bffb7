// What a stranger can make of the beginning of a connection: whatever it sends and in whatever pieces, it
// never logs in. The first byte of an input says whether TLS is on and in what pieces the others come.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "session/client_startup.hpp"
#include "wire/framing.hpp"

namespace auth = portcullis::auth;
namespace session = portcullis::session;
namespace wire = portcullis::wire;
using Next = session::ClientStartup::Next;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

session::ClientStartupOptions options(bool tls) {
  session::ClientStartupOptions made;
  made.tls_available = tls;
  made.channel_binding = "binding";
  made.login_of = [](std::string_view login) -> std::optional<auth::Login> {
    if (login == "c") return auth::Login{std::nullopt, "CN=c"};
    if (login == "u") return std::nullopt;
    return auth::Login{auth::mock_verifier(login, "no password fits it"), ""};
  };
  made.mock_of = [](std::string_view login) { return auth::mock_verifier(login, "mock"); };
  made.nonce = "nonce";
  return made;
}

// Every answer is a byte for an encryption request, or whole messages.
void check_answer(std::string_view out) {
  while (!out.empty() && (out.front() == 'S' || out.front() == 'N') && out.size() == 1) out.remove_prefix(1);
  while (!out.empty()) {
    const auto header = wire::peek_backend(out);
    require(header.has_value() && header->has_value() && (*header)->frame_size() <= out.size());
    out.remove_prefix((*header)->frame_size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool tls = (data[0] & 1) != 0;
  const std::size_t piece = 1 + data[0] / 2u;
  const std::string_view bytes{reinterpret_cast<const char*>(data + 1), size - 1};
  session::ClientStartup machine(options(tls));
  std::string buffer;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    buffer += bytes.substr(at, piece);
    std::size_t consumed = 1;
    Next next = Next::read;
    while (next == Next::read && consumed > 0 && !buffer.empty()) {
      next = machine.on_bytes(buffer, consumed);
      require(consumed <= buffer.size());
      buffer.erase(0, consumed);
    }
    check_answer(machine.take_out());
    require(next != Next::done && machine.proof().empty());
    if (next == Next::start_tls) {
      require(tls && buffer.empty());
      require(machine.on_tls("", std::nullopt));
    }
    if (next == Next::close || next == Next::cancel) return 0;
    require(buffer.size() <= wire::kMaxAuthToken + std::size_t{300});
  }
  return 0;
}
