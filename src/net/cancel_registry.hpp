// Which server connection a client's cancel key stands for. Shared by all threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "portcullis/wire/messages.hpp"

namespace portcullis::net {

class CancelRegistry {
 public:
  // How long a key of the gate's own is: what PostgreSQL makes, and all that protocol 3.0 has room for.
  static constexpr std::size_t kLongKey = 32, kShortKey = 4;

  // The client knows a process id and `client_key`, which is the gate's own; `server` is what the server
  // knows. Keys of any length. Said again for another server connection of the same client, it takes the
  // place of the first.
  // `told` is called, on the thread of whoever cancels, before the server is.
  void add(std::uint32_t process_id, std::string client_key, wire::CancelRequest server,
           std::function<void()> told = {});
  void remove(std::uint32_t process_id, const std::string& client_key);
  // What is to be sent to the server, or nothing for a guess. Its session is told.
  [[nodiscard]] std::optional<wire::CancelRequest> find(const wire::CancelRequest& request) const;

 private:
  struct Keys {
    std::string client;
    wire::CancelRequest server;
    std::function<void()> told;
  };
  mutable std::mutex mutex_;
  // Of one process id there may be more for a moment: a server may give it again before the gate has seen the
  // end of the session that had it.
  std::multimap<std::uint32_t, Keys> keys_;
};

}  // namespace portcullis::net
