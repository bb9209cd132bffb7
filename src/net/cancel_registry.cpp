#include "net/cancel_registry.hpp"

#include <openssl/crypto.h>

namespace portcullis::net {
namespace {

// In a time that does not depend on how much of it is right.
bool same_key(const std::string& right, const std::string& given) noexcept {
  return right.size() == given.size() && CRYPTO_memcmp(right.data(), given.data(), right.size()) == 0;
}

}  // namespace

void CancelRegistry::add(std::uint32_t process_id, std::string client_key, wire::CancelRequest server,
                         std::function<void()> told) {
  remove(process_id, client_key);
  const std::lock_guard lock(mutex_);
  keys_.emplace(process_id, Keys{std::move(client_key), std::move(server), std::move(told)});
}

void CancelRegistry::remove(std::uint32_t process_id, const std::string& client_key) {
  const std::lock_guard lock(mutex_);
  const auto [begin, end] = keys_.equal_range(process_id);
  for (auto at = begin; at != end; ++at) {
    if (!same_key(at->second.client, client_key)) continue;
    keys_.erase(at);
    return;
  }
}

std::optional<wire::CancelRequest> CancelRegistry::find(const wire::CancelRequest& request) const {
  const std::lock_guard lock(mutex_);
  const auto [begin, end] = keys_.equal_range(request.process_id);
  for (auto at = begin; at != end; ++at) {
    if (!same_key(at->second.client, request.secret_key)) continue;
    if (at->second.told) at->second.told();
    return at->second.server;
  }
  return std::nullopt;
}

}  // namespace portcullis::net
