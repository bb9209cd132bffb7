// What a stranger may take of the gate before it has proved who it is: places, and tries. Time is handed in,
// nothing is ever waited for. Thread-safe: one mutex, held for microseconds.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "portcullis/base/result.hpp"

namespace portcullis::net {

class LoginLimits {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Options {
    std::size_t pending = 400, pending_per_address = 200;  // connections that have not logged in
    std::chrono::milliseconds longest_delay{4'000};        // of the answer to a failed login; zero: none
  };

  // One of the places, given back at its end. Must not outlive the limits.
  class Place {
   public:
    Place(Place&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), address_(std::move(other.address_)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(address_, other.address_);
      return *this;
    }
    ~Place() {
      if (owner_ != nullptr) owner_->leave(address_);
    }

   private:
    friend class LoginLimits;
    Place(LoginLimits& owner, std::string address) noexcept : owner_(&owner), address_(std::move(address)) {}
    LoginLimits* owner_;
    std::string address_;
  };

  explicit LoginLimits(Options options) : options_(options) {}
  LoginLimits(const LoginLimits&) = delete;
  LoginLimits& operator=(const LoginLimits&) = delete;

  // For a connection that was accepted, until it has logged in or gone. `address`: address_key() of its peer.
  // 53300 names the limit that is reached.
  [[nodiscard]] base::Result<Place> enter(std::string address);

  // How long the answer to a login that failed is to be held back, and the connection's place with it: a
  // quarter of a second, twice as long for each further one of the same address or for the same login, known
  // or not, up to the longest. Forgotten after kMemory without another.
  [[nodiscard]] std::chrono::milliseconds failed(std::string_view address, std::string_view login, Time now);

  static constexpr std::chrono::minutes kMemory{2};
  // Of each kind, addresses and logins, so many are remembered; of more, the latest.
  static constexpr std::size_t kMostRemembered = 4'096;

 private:
  struct Failures {
    std::uint32_t count = 0;
    Time last{};
  };
  using Memory = std::map<std::string, Failures, std::less<>>;

  void leave(const std::string& address) noexcept;
  static std::uint32_t count(Memory& memory, std::string_view key, Time now);

  const Options options_;
  std::mutex mutex_;
  std::size_t pending_ = 0;
  std::map<std::string, std::size_t, std::less<>> pending_by_address_;
  Memory failed_addresses_, failed_logins_;
};

// What counts as one address of a peer, from its numeric form: an IPv4 address, in IPv6's clothes or not, and
// of IPv6 the first half, for a single host has the whole of the other.
[[nodiscard]] std::string address_key(const std::string& address);

}  // namespace portcullis::net
