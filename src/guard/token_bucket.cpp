#include "guard/token_bucket.hpp"

#include <algorithm>
#include <limits>

#include "policy/limits.hpp"

namespace portcullis::guard {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

// The largest numbers that occur are two full buckets.
template <class Tick>
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 2 /
                               Tick(policy::kLongestWindow).count();
static_assert(policy::kMostInRate <= kMost<microseconds>);
static_assert(policy::kMostVolume <= kMost<seconds>);

template <class Tick>
std::int64_t in_ticks(std::chrono::steady_clock::time_point time) noexcept {
  return std::chrono::floor<Tick>(time.time_since_epoch()).count();
}

}  // namespace

template <class Count, class Tick>
BasicTokenBucket<Count, Tick>::BasicTokenBucket(Count count, seconds window) noexcept
    : count_(static_cast<std::int64_t>(count)), window_(Tick(window).count()), parts_(count_ * window_) {}

template <class Count, class Tick>
std::int64_t BasicTokenBucket<Count, Tick>::level(std::int64_t now) const noexcept {
  const std::int64_t full = count_ * window_;
  if (fresh_ || now <= last_) return parts_;
  if (now - last_ >= window_) return full;
  return std::min(full, parts_ + (now - last_) * count_);
}

template <class Count, class Tick>
std::optional<Tick> BasicTokenBucket<Count, Tick>::wait_for(Count tokens, Time now) const noexcept {
  if (tokens > static_cast<std::uint64_t>(count_)) return std::nullopt;
  const std::int64_t time = in_ticks<Tick>(now);
  const std::int64_t lacking = static_cast<std::int64_t>(tokens) * window_ - level(time);
  if (lacking <= 0) return Tick{0};
  const std::int64_t behind = fresh_ ? 0 : std::max<std::int64_t>(0, last_ - time);
  return Tick{behind + (lacking + count_ - 1) / count_};
}

template <class Count, class Tick>
bool BasicTokenBucket<Count, Tick>::take(Count tokens, Time now) noexcept {
  const auto wait = wait_for(tokens, now);
  if (!wait || *wait > Tick{0}) return false;
  const std::int64_t time = in_ticks<Tick>(now);
  leave(level(time) - static_cast<std::int64_t>(tokens) * window_, time);
  return true;
}

template <class Count, class Tick>
void BasicTokenBucket<Count, Tick>::take_up_to(Count tokens, Time now) noexcept {
  const std::int64_t time = in_ticks<Tick>(now);
  const auto most = std::min<std::uint64_t>(tokens, static_cast<std::uint64_t>(count_));
  leave(std::max<std::int64_t>(0, level(time) - static_cast<std::int64_t>(most) * window_), time);
}

template <class Count, class Tick>
void BasicTokenBucket<Count, Tick>::leave(std::int64_t parts, std::int64_t now) noexcept {
  parts_ = parts;
  last_ = fresh_ ? now : std::max(last_, now);
  fresh_ = false;
}

template class BasicTokenBucket<std::uint32_t, microseconds>;
template class BasicTokenBucket<std::uint64_t, seconds>;

}  // namespace portcullis::guard
