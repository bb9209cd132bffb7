#include "portcullis/policy/dry_run_duty.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace portcullis::policy {
namespace {

constexpr std::array<std::string_view, 5> kBuckets{"under 1 s", "1-10 s", "10-100 s", "minutes", "hours"};

template <class Bound>
void lower(std::optional<Bound>& mine, const std::optional<Bound>& other) {
  if (other && (!mine || other->most < mine->most)) mine = other;
}

void keep_first(std::optional<std::string>& mine, const std::optional<std::string>& other) {
  if (!mine) mine = other;
}

}  // namespace

std::string_view name(DurationBucket bucket) noexcept {
  return kBuckets[static_cast<std::size_t>(bucket)];
}

std::optional<DurationBucket> duration_bucket_named(std::string_view name) noexcept {
  const auto found = std::find(kBuckets.begin(), kBuckets.end(), name);
  if (found == kBuckets.end()) return std::nullopt;
  return static_cast<DurationBucket>(found - kBuckets.begin());
}

void DryRunDuty::add(const DryRunDuty& other) {
  if (rule.empty()) rule = other.rule;
  lower(max_lock, other.max_lock);
  lower(max_duration, other.max_duration);
  keep_first(no_rewrite, other.no_rewrite);
  keep_first(no_full_scan, other.no_full_scan);
  keep_first(whole_copy, other.whole_copy);
}

}  // namespace portcullis::policy
