// How far a place outside is behind the checkpoints that were signed. Pure: times come from the caller.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace portcullis::audit {

class AnchorProgress {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit AnchorProgress(std::chrono::milliseconds within) : within_(within) {}

  // There is a checkpoint of so many entries.
  void signed_at(Time now, std::uint64_t size) {
    if (size <= signed_) return;
    signed_ = size;
    if (!waits_since_) waits_since_ = now;
  }
  // The place has the one of this size, which was the newest at `began`.
  void taken(Time began, std::uint64_t size) {
    taken_ = std::max(taken_, size);
    waits_since_ = taken_ < signed_ ? std::optional(began) : std::nullopt;
  }

  [[nodiscard]] bool waits() const noexcept { return waits_since_.has_value(); }
  // When the place counts as behind, unless it takes the newest before; nothing while it has all.
  [[nodiscard]] std::optional<Time> behind_from() const {
    return waits_since_ ? std::optional(*waits_since_ + within_) : std::nullopt;
  }
  [[nodiscard]] bool is_behind(Time now) const { return waits_since_ && now > *waits_since_ + within_; }
  // Of the newest that is there; 0 where none was taken since the start.
  [[nodiscard]] std::uint64_t size() const noexcept { return taken_; }

 private:
  std::chrono::milliseconds within_;
  std::uint64_t signed_ = 0, taken_ = 0;
  std::optional<Time> waits_since_;  // no later than the first that is not there was signed
};

}  // namespace portcullis::audit
