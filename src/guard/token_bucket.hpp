// A rate of N in a window: a bucket that holds N tokens, full at first, and gets N more evenly in each
// window.
//
// Exact: it reckons in whole ticks and in Nths of a token, and rounds nothing away. In a span of time
// of length L it gives at most N + N * L / window tokens, so never more than 2 N in one window.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace portcullis::guard {

template <class Count, class Tick>
class BasicTokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `window` is at most policy::kLongestWindow; both at least 1.
  BasicTokenBucket(Count count, std::chrono::seconds window) noexcept;

  // How long until `tokens` are there; zero when they are. Nothing: there are never so many. A time before
  // one that it has seen counts as that one.
  [[nodiscard]] std::optional<Tick> wait_for(Count tokens, Time now) const noexcept;
  // Takes them if they are there, else takes none and says false.
  [[nodiscard]] bool take(Count tokens, Time now) noexcept;
  // Takes as many of them as there are.
  void take_up_to(Count tokens, Time now) noexcept;

 private:
  [[nodiscard]] std::int64_t level(std::int64_t now) const noexcept;
  void leave(std::int64_t parts, std::int64_t now) noexcept;

  // A token is `window_` parts, and a tick brings `count_` parts.
  std::int64_t count_, window_, parts_;
  std::int64_t last_ = 0;  // tick for which parts_ holds
  bool fresh_ = true;      // nothing was ever taken, so there is no time yet
};

// Of statements, at most policy::kMostInRate.
using TokenBucket = BasicTokenBucket<std::uint32_t, std::chrono::microseconds>;
// Of what is counted by the million, bytes and rows: at most policy::kMostVolume.
using VolumeBucket = BasicTokenBucket<std::uint64_t, std::chrono::seconds>;

}  // namespace portcullis::guard
