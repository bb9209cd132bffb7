// The policy that logins go by, swapped as a whole when it is loaded again. Statements are judged by
// session::BasisSource. Any thread.
#pragma once

#include <memory>
#include <mutex>
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

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const guard::Guard> guard_;
};

}  // namespace portcullis::net
