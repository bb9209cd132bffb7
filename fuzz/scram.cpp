// Both sides of SCRAM and the stored verifier. An input is two messages with a line feed between them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/scram.hpp"

namespace auth = portcullis::auth;
namespace base = portcullis::base;

namespace {

constexpr std::string_view kClientNonce = "rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view kServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

void require(bool holds) {
  if (!holds) std::abort();
}

void check_verifier(std::string_view text) {
  const auto verifier = auth::parse_verifier(text);
  if (verifier) require(auth::to_text(*verifier) == text);
}

// No message gets past a verifier that no password fits.
void check_server(std::string_view first, std::string_view last) {
  auth::ScramServer server{auth::mock_verifier("nobody", "process secret"), std::string(kServerNonce)};
  const auto challenge = server.first(first);
  if (challenge) {
    require(challenge->starts_with("r="));
    require(challenge->find(std::string(kServerNonce) + ",s=") != std::string::npos);
  }
  require(!server.last(last));
  auth::ScramServer bound{auth::mock_verifier("nobody", "process secret"), std::string(kServerNonce),
                          "binding"};
  const bool begun = bound.first(first, true).has_value();
  require(!begun || first.starts_with("p=tls-server-end-point,,"));
  require(!bound.last(last));
}

// No server is believed that does not know the password's verifier: these messages come from nobody who
// could. The password is never used elsewhere, and few iterations keep the target fast.
void check_client(std::string_view first, std::string_view last) {
  const auto iterations = first.rfind(",i=");
  if (iterations != std::string_view::npos && first.size() - iterations > 6) return;
  auth::ScramClient client{base::Secret{"not the password of any corpus file"}, std::string(kClientNonce)};
  require(client.first() == "n,,n=,r=" + std::string(kClientNonce));
  const auto proof = client.last(first);
  if (proof) require(proof->starts_with("c=biws,r=" + std::string(kClientNonce)));
  require(!client.check(last));
  auth::ScramClient bound{base::Secret{"not the password of any corpus file"}, std::string(kClientNonce)};
  (void)bound.first({auth::ChannelBinding::Use::bound, "binding"});
  const auto bound_proof = bound.last(first);
  require(bound_proof.has_value() == proof.has_value());
  require(!bound_proof || !bound_proof->starts_with("c=biws,"));
  require(!bound.check(last));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const auto line = bytes.find('\n');
  const auto first = bytes.substr(0, line);
  const auto last = line == std::string_view::npos ? std::string_view{} : bytes.substr(line + 1);
  check_verifier(first);
  check_server(first, last);
  check_client(first, last);
  return 0;
}
