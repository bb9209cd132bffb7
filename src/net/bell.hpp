// Wakes what waits on several threads, from any thread.
#pragma once

#include <mutex>
#include <vector>

#include "net/waiters.hpp"

namespace portcullis::net {

// Whoever rings may outlive those that hang on it: they are taken down first.
class Bell {
 public:
  void hang(Waiters& waiters) {
    const std::lock_guard lock(mutex_);
    waiters_.push_back(&waiters);
  }
  void take_down() {
    const std::lock_guard lock(mutex_);
    waiters_.clear();
  }
  void ring() {
    const std::lock_guard lock(mutex_);
    for (auto* waiters : waiters_) waiters->notify();
  }

 private:
  std::mutex mutex_;
  std::vector<Waiters*> waiters_;
};

}  // namespace portcullis::net
