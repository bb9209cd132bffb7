// Keeps floods of refused logins out of the audit log: of each minute the first are recorded one by one, the
// others are counted. Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

namespace portcullis::net {

class RefusalCount {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::minutes kInterval{1};
  static constexpr std::size_t kOneByOne = 20;

  enum class Next {
    record,       // with an entry of its own
    count,        // it was counted
    count_first,  // likewise, and nobody has been told yet: call take() once kInterval is over
  };
  [[nodiscard]] Next note(Time now) {
    const std::lock_guard lock(mutex_);
    if (now - begin_ >= kInterval && counted_ == 0) {
      begin_ = now;
      recorded_ = 0;
    }
    if (recorded_ < kOneByOne) {
      ++recorded_;
      return Next::record;
    }
    return ++counted_ == 1 ? Next::count_first : Next::count;
  }

  // How many were counted; the next refusal begins a new interval.
  [[nodiscard]] std::uint64_t take() {
    const std::lock_guard lock(mutex_);
    begin_ = Time{} - kInterval;
    return std::exchange(counted_, 0);
  }

 private:
  std::mutex mutex_;
  Time begin_ = Time{} - kInterval;
  std::size_t recorded_ = 0;
  std::uint64_t counted_ = 0;
};

}  // namespace portcullis::net
