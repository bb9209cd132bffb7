#include "net/login_limits.hpp"

#include <algorithm>

#include "net/asio_prefix.hpp"

namespace portcullis::net {
namespace {

constexpr std::chrono::milliseconds kFirstDelay{250};
constexpr std::size_t kLongestKey = 64;  // no login is longer

base::Error too_many(std::string_view limit, std::size_t value) {
  return {base::sqlstate::too_many_connections, "sorry, too many clients already: " + std::string(limit) +
                                                    " of the gate is " + std::to_string(value)};
}

}  // namespace

base::Result<LoginLimits::Place> LoginLimits::enter(std::string address) {
  const std::lock_guard lock(mutex_);
  if (pending_ >= options_.pending) return too_many("limits.logins_pending", options_.pending);
  std::size_t& here = pending_by_address_[address];
  if (here >= options_.pending_per_address)  // not zero: the entry is an old one
    return too_many("limits.connections_per_address", options_.pending_per_address);
  ++here;
  ++pending_;
  return Place(*this, std::move(address));
}

void LoginLimits::leave(const std::string& address) noexcept {
  const std::lock_guard lock(mutex_);
  --pending_;
  const auto found = pending_by_address_.find(address);
  if (--found->second == 0) pending_by_address_.erase(found);
}

std::chrono::milliseconds LoginLimits::failed(std::string_view address, std::string_view login, Time now) {
  const std::lock_guard lock(mutex_);
  const auto by_address = count(failed_addresses_, address, now);
  const auto by_login = count(failed_logins_, login.substr(0, kLongestKey), now);
  const auto doublings = std::min<std::uint32_t>(std::max(by_address, by_login) - 1, 20);
  return std::min(kFirstDelay * (1 << doublings), options_.longest_delay);
}

std::uint32_t LoginLimits::count(Memory& memory, std::string_view key, Time now) {
  auto found = memory.find(key);
  if (found == memory.end()) {
    if (memory.size() >= kMostRemembered) {
      memory.erase(std::min_element(memory.begin(), memory.end(), [](const auto& a, const auto& b) {
        return a.second.last < b.second.last;
      }));
    }
    found = memory.emplace(key, Failures{}).first;
  } else if (now - found->second.last > kMemory) {
    found->second.count = 0;
  }
  found->second.last = now;
  return ++found->second.count;
}

std::string address_key(const std::string& address) {
  ErrorCode error;
  const auto parsed = asio::ip::make_address(address, error);
  if (error || parsed.is_v4()) return address;
  auto six = parsed.to_v6();
  if (six.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, six).to_string();
  auto bytes = six.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return asio::ip::address_v6(bytes).to_string() + "/64";
}

}  // namespace portcullis::net
