// Which server connection a client's cancel key stands for. Shared by all threads.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "portcullis/wire/messages.hpp"

namespace portcullis::net {

class CancelRegistry {
 public:
  // The client knows a process id and `client_secret`, which is the gate's own; `server` is what the server
  // knows. Said again for another server connection of the same client, it takes the place of the first.
  void add(std::uint32_t process_id, std::string client_secret, wire::CancelRequest server);
  void remove(std::uint32_t process_id, const std::string& client_secret);
  // What is to be sent to the server, or nothing for a guess.
  [[nodiscard]] std::optional<wire::CancelRequest> find(const wire::CancelRequest& request) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::uint32_t, std::string>, wire::CancelRequest> servers_;
};

}  // namespace portcullis::net
