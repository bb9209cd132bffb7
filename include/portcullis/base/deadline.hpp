// "Until when", as a value: never, already over, or a point of the monotonic clock.
#pragma once

#include <chrono>

namespace portcullis::base {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  // Is never reached.
  constexpr Deadline() noexcept = default;
  constexpr explicit Deadline(Clock::time_point at) noexcept : at_(at) {}

  // A delay too long for the clock means never; a negative one has passed already.
  [[nodiscard]] static constexpr Deadline after(Clock::time_point now, Clock::duration delay) noexcept {
    if (delay >= Clock::time_point::max() - now) return Deadline{};
    return Deadline{now + delay};
  }

  [[nodiscard]] constexpr bool reached(Clock::time_point now) const noexcept { return now >= at_; }
  [[nodiscard]] constexpr bool is_never() const noexcept { return at_ == Clock::time_point::max(); }
  [[nodiscard]] constexpr Clock::time_point at() const noexcept { return at_; }
  friend constexpr auto operator<=>(const Deadline&, const Deadline&) = default;

 private:
  Clock::time_point at_ = Clock::time_point::max();
};

}  // namespace portcullis::base
