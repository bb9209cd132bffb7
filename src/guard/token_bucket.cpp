#include "guard/token_bucket.hpp"

#include <algorithm>
#include <limits>

#include "policy/limits.hpp"

namespace portcullis::guard {
namespace {

using std::chrono::microseconds;

// The largest numbers that occur are two full buckets.
static_assert(2 * microseconds(policy::kLongestWindow).count() <=
              std::numeric_limits<std::int64_t>::max() / policy::kMostInRate);

std::int64_t in_microseconds(TokenBucket::Time time) noexcept {
  return std::chrono::floor<microseconds>(time.time_since_epoch()).count();
}

}  // namespace

TokenBucket::TokenBucket(std::uint32_t count, std::chrono::seconds window) noexcept
    : count_(count), window_(microseconds(window).count()), parts_(count_ * window_) {}

std::int64_t TokenBucket::level(std::int64_t now) const noexcept {
  const std::int64_t full = count_ * window_;
  if (fresh_ || now <= last_) return parts_;
  if (now - last_ >= window_) return full;
  return std::min(full, parts_ + (now - last_) * count_);
}

std::optional<microseconds> TokenBucket::wait_for(std::uint32_t tokens, Time now) const noexcept {
  if (tokens > count_) return std::nullopt;
  const std::int64_t time = in_microseconds(now);
  const std::int64_t lacking = tokens * window_ - level(time);
  if (lacking <= 0) return microseconds{0};
  const std::int64_t behind = fresh_ ? 0 : std::max<std::int64_t>(0, last_ - time);
  return microseconds{behind + (lacking + count_ - 1) / count_};
}

bool TokenBucket::take(std::uint32_t tokens, Time now) noexcept {
  const auto wait = wait_for(tokens, now);
  if (!wait || *wait > microseconds{0}) return false;
  const std::int64_t time = in_microseconds(now);
  parts_ = level(time) - tokens * window_;
  last_ = fresh_ ? time : std::max(last_, time);
  fresh_ = false;
  return true;
}

}  // namespace portcullis::guard
