// Server connections that sessions have left clean, until another session of the same agent wants one or
// their time is over. docs/decisions/0021-server-connections-used-again.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "net/asio_prefix.hpp"
#include "net/places.hpp"
#include "net/stream.hpp"
#include "portcullis/wire/messages.hpp"
#include "session/server_reset.hpp"
#include "session/startup_options.hpp"

namespace portcullis::net {

struct ReuseOptions {
  std::size_t connections = 0;                  // kept for each agent, of all threads; 0: none
  std::chrono::milliseconds idle_time{60'000};  // how long one is kept
  std::chrono::milliseconds age{600'000};       // from its login on: then it is not kept any more
};

struct KeptConnection {
  std::string agent;
  session::Settings settings;  // of its start-up packet
  session::ServerState state;  // after its login
  wire::CancelRequest cancel;
  std::chrono::steady_clock::time_point logged_in;
  std::unique_ptr<Stream> stream;
  std::optional<Places::Place> descriptor{};  // of those for clients and their connections
};

// How many of each agent all threads keep. Thread-safe.
class KeptCount {
 public:
  // False: there are `most` already.
  [[nodiscard]] bool add(const std::string& agent, std::size_t most);
  void remove(const std::string& agent);
  // Of all agents.
  [[nodiscard]] std::size_t total() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::size_t, std::less<>> kept_;
};

// Those of one worker, on its thread alone. Whatever is not given out is closed.
class KeptConnections {
 public:
  explicit KeptConnections(asio::io_context& context) : timer_(context) {}
  ~KeptConnections() { close_all(); }
  KeptConnections(const KeptConnections&) = delete;
  KeptConnections& operator=(const KeptConnections&) = delete;

  // Once, before the first put(). `count` outlives this.
  void use(const ReuseOptions& options, KeptCount& count);
  // Whether one with this login may still be kept.
  [[nodiscard]] bool wants(std::chrono::steady_clock::time_point logged_in) const;
  // One that is idle, reset, and has nothing to be read. The oldest of the agent goes where there are too
  // many.
  void put(KeptConnection connection);
  // The newest that was opened for this agent with exactly these settings; to be checked before it is used.
  [[nodiscard]] std::optional<KeptConnection> take(std::string_view agent, const session::Settings& settings);
  void close_all();
  // ... and takes none any more.
  void shut_down();

 private:
  struct Place {
    KeptConnection connection;
    std::chrono::steady_clock::time_point until;
  };
  using List = std::list<Place>;  // the oldest first
  [[nodiscard]] KeptConnection release(List::iterator place);
  bool make_room(const std::string& agent);
  void close_outdated();
  void start_timer();

  ReuseOptions options_{};
  KeptCount* count_ = nullptr;
  List places_;
  asio::steady_timer timer_;
  bool closed_ = false;
};

}  // namespace portcullis::net
