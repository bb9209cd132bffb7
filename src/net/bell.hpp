// Wakes what waits on several threads, from any thread.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace portcullis::net {

// Whoever rings may outlive those that hang on it: they are taken down first.
class Bell {
 public:
  void hang(std::function<void()> notify) {
    const std::lock_guard lock(mutex_);
    listeners_.push_back(std::move(notify));
  }
  void take_down() {
    const std::lock_guard lock(mutex_);
    listeners_.clear();
  }
  void ring() {
    const std::lock_guard lock(mutex_);
    for (const auto& notify : listeners_) notify();
  }

 private:
  std::mutex mutex_;
  std::vector<std::function<void()>> listeners_;
};

}  // namespace portcullis::net
