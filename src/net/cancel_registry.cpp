#include "net/cancel_registry.hpp"

namespace portcullis::net {

void CancelRegistry::add(std::uint32_t process_id, std::string client_secret, wire::CancelRequest server) {
  const std::lock_guard lock(mutex_);
  servers_[{process_id, std::move(client_secret)}] = std::move(server);
}

void CancelRegistry::remove(std::uint32_t process_id, const std::string& client_secret) {
  const std::lock_guard lock(mutex_);
  servers_.erase({process_id, client_secret});
}

std::optional<wire::CancelRequest> CancelRegistry::find(const wire::CancelRequest& request) const {
  const std::lock_guard lock(mutex_);
  const auto found = servers_.find({request.process_id, request.secret_key});
  if (found == servers_.end()) return std::nullopt;
  return found->second;
}

}  // namespace portcullis::net
