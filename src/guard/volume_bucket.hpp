// As TokenBucket, for what is counted by the million: bytes and rows. It reckons in whole seconds, exactly.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace portcullis::guard {

class VolumeBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `count` is at most policy::kMostVolume, `window` at most policy::kLongestWindow, both at least 1.
  VolumeBucket(std::uint64_t count, std::chrono::seconds window) noexcept
      : count_(static_cast<std::int64_t>(count)), window_(window.count()), parts_(count_ * window_) {}

  // How long until `units` are there; zero when they are. Nothing: there are never so many.
  [[nodiscard]] std::optional<std::chrono::seconds> wait_for(std::uint64_t units, Time now) const noexcept;
  // Takes them; wait_for() has said that they are there.
  void take(std::uint64_t units, Time now) noexcept;

 private:
  [[nodiscard]] std::int64_t level(std::int64_t now) const noexcept;

  // A unit is `window_` parts, and a second brings `count_` parts.
  std::int64_t count_, window_, parts_;
  std::int64_t last_ = 0;  // second for which parts_ holds
  bool fresh_ = true;      // nothing was ever taken
};

}  // namespace portcullis::guard
