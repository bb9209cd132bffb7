// The policy that logins go by, swapped as a whole when it is loaded again, and the counters of its agents,
// which stay. Statements are judged by session::BasisSource. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "guard/guard.hpp"

namespace portcullis::net {

class CurrentPolicy {
 public:
  void set(std::shared_ptr<const policy::PolicySet> policy) {
    auto guard = std::make_shared<const guard::Guard>(std::move(policy));
    const std::lock_guard lock(mutex_);
    guard_ = std::move(guard);
  }
  // Knows no database: for settings and names of agents only. Hold it for as long as anything of it is used.
  [[nodiscard]] std::shared_ptr<const guard::Guard> get() const {
    const std::lock_guard lock(mutex_);
    return guard_;
  }
  // Of one agent across its sessions; lives as long as this.
  [[nodiscard]] std::atomic<std::uint64_t>& sequence_of(const std::string& agent) {
    const std::lock_guard lock(mutex_);
    return sequences_[agent];
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const guard::Guard> guard_;
  std::map<std::string, std::atomic<std::uint64_t>> sequences_;
};

}  // namespace portcullis::net
