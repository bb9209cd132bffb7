// How clients come in: the listening socket, the worker that each gets, and what becomes of those for whom
// there is no file descriptor.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/asio_prefix.hpp"
#include "net/places.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::net {

struct Shared;
class Worker;

// The index of the smallest number; of several, the first from `first` on, and from the beginning behind the
// last.
[[nodiscard]] std::size_t index_of_least(const std::vector<std::size_t>& numbers, std::size_t first) noexcept;

// What happens often and is told once a second, with how often.
class SecondlyCount {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // How many there were since it was told last, this one with them; nothing where that was less than a second
  // ago.
  [[nodiscard]] std::optional<std::uint64_t> note(Time now);

 private:
  std::optional<Time> told_at_;
  std::uint64_t count_ = 0;
};

// A descriptor that is kept to be given up when there is no other.
class SpareDescriptor {
 public:
  SpareDescriptor() { take_back(); }
  ~SpareDescriptor() { lend(); }
  SpareDescriptor(const SpareDescriptor&) = delete;
  SpareDescriptor& operator=(const SpareDescriptor&) = delete;
  // False where there is none.
  bool lend() noexcept;
  void take_back() noexcept;

 private:
  int number_ = -1;
};

// 53300: no descriptor for another connection.
[[nodiscard]] base::Error no_descriptor();

// All of it on the first worker's thread, once that runs.
class Accepting {
 public:
  // Both must outlive it; there is at least one worker.
  Accepting(Shared& shared, std::vector<std::unique_ptr<Worker>>& workers);

  // The port, or 58030 with why not.
  [[nodiscard]] base::Result<std::uint16_t> listen();
  // Until close().
  asio::awaitable<void> run();
  void close() noexcept;

 private:
  // False where it helps to wait a little.
  [[nodiscard]] bool try_to_accept();
  [[nodiscard]] bool accept_some();
  void tell_failure(const std::string& why);
  [[nodiscard]] bool turn_one_away();
  void welcome(Worker& worker, asio::ip::tcp::socket socket);
  Worker& next_worker();

  Shared& shared_;
  std::vector<std::unique_ptr<Worker>>& workers_;
  std::size_t first_ = 0;  // among workers with as few sessions
  asio::ip::tcp::acceptor acceptor_;
  SpareDescriptor spare_;
  SecondlyCount turned_away_, failed_;
};

}  // namespace portcullis::net
