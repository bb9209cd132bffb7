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
    if (!waits_since_) waits_since_ = held_since_.value_or(now);
    held_since_.reset();
  }
  // There should be one of more entries, and it cannot be signed for the time being.
  void held_up(Time now) {
    if (!held_since_) held_since_ = now;
  }
  // The place has the one of this size, which was the newest at `began`.
  void taken(Time began, std::uint64_t size) {
    taken_ = std::max(taken_, size);
    waits_since_ = taken_ < signed_ ? std::optional(began) : std::nullopt;
  }

  // There is a checkpoint that can be brought there.
  [[nodiscard]] bool waits() const noexcept { return waits_since_.has_value(); }
  [[nodiscard]] bool is_held_up() const noexcept { return held_since_.has_value(); }
  // When the place counts as behind, unless it takes the newest before; nothing while it has all.
  [[nodiscard]] std::optional<Time> behind_from() const {
    if (!waits_since_ && !held_since_) return std::nullopt;
    return std::min(waits_since_.value_or(Time::max()), held_since_.value_or(Time::max())) + within_;
  }
  [[nodiscard]] bool is_behind(Time now) const {
    const auto from = behind_from();
    return from && now > *from;
  }
  // Of the newest that is there; 0 where none was taken since the start.
  [[nodiscard]] std::uint64_t size() const noexcept { return taken_; }

 private:
  std::chrono::milliseconds within_;
  std::uint64_t signed_ = 0, taken_ = 0;
  std::optional<Time> waits_since_;  // no later than the first that is not there was signed
  std::optional<Time> held_since_;   // nothing could be signed from then on
};

}  // namespace portcullis::audit
