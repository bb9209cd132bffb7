// Certificates of peers: what a login takes from them. Whoever can reach a port may send one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "auth/certificate.hpp"

namespace auth = portcullis::auth;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view der{reinterpret_cast<const char*>(data), size};
  const auto binding = auth::tls_server_end_point(der);
  require(binding.empty() || (binding.size() >= 20 && binding.size() <= 64));
  std::size_t common_names = 0;
  for (const auto& name : auth::certificate_names(der)) {
    require(std::none_of(name.begin(), name.end(), [](char c) { return c >= 0 && c < ' '; }));
    const bool known = name.starts_with("CN=") || name.starts_with("DNS:") || name.starts_with("email:") ||
                       name.starts_with("URI:");
    require(known);
    common_names += name.starts_with("CN=") ? 1 : 0;
  }
  require(common_names <= 1);
  return 0;
}
