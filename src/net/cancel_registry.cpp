#include "net/cancel_registry.hpp"

namespace portcullis::net {

void CancelRegistry::add(std::uint32_t process_id, std::string client_secret, std::string server_secret) {
  const std::lock_guard lock(mutex_);
  secrets_[{process_id, std::move(client_secret)}] = std::move(server_secret);
}

void CancelRegistry::remove(std::uint32_t process_id, const std::string& client_secret) {
  const std::lock_guard lock(mutex_);
  secrets_.erase({process_id, client_secret});
}

std::optional<wire::CancelRequest> CancelRegistry::find(const wire::CancelRequest& request) const {
  const std::lock_guard lock(mutex_);
  const auto found = secrets_.find({request.process_id, request.secret_key});
  if (found == secrets_.end()) return std::nullopt;
  return wire::CancelRequest{request.process_id, found->second};
}

}  // namespace portcullis::net
