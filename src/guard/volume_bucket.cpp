#include "guard/volume_bucket.hpp"

#include <algorithm>
#include <limits>

#include "policy/limits.hpp"

namespace portcullis::guard {
namespace {

using std::chrono::seconds;

// The largest numbers that occur are two full buckets.
static_assert(2 * seconds(policy::kLongestWindow).count() <=
              std::numeric_limits<std::int64_t>::max() / static_cast<std::int64_t>(policy::kMostVolume));

std::int64_t in_seconds(VolumeBucket::Time time) noexcept {
  return std::chrono::floor<seconds>(time.time_since_epoch()).count();
}

}  // namespace

std::int64_t VolumeBucket::level(std::int64_t now) const noexcept {
  const std::int64_t full = count_ * window_;
  if (fresh_ || now <= last_) return parts_;
  if (now - last_ >= window_) return full;
  return std::min(full, parts_ + (now - last_) * count_);
}

std::optional<seconds> VolumeBucket::wait_for(std::uint64_t units, Time now) const noexcept {
  if (units > static_cast<std::uint64_t>(count_)) return std::nullopt;
  const std::int64_t lacking = static_cast<std::int64_t>(units) * window_ - level(in_seconds(now));
  return seconds{lacking <= 0 ? 0 : (lacking + count_ - 1) / count_};
}

void VolumeBucket::take(std::uint64_t units, Time now) noexcept {
  const std::int64_t time = in_seconds(now);
  parts_ = level(time) - static_cast<std::int64_t>(units) * window_;
  last_ = fresh_ ? time : std::max(last_, time);
  fresh_ = false;
}

}  // namespace portcullis::guard
