#include "audit/erased_records.hpp"

#include <algorithm>

namespace portcullis::audit {

// Ranges that touch become one.
void IndexSet::add(IndexRange range) {
  auto next = ranges_.upper_bound(range.first);
  if (next != ranges_.begin()) {
    const auto before = std::prev(next);
    if (before->second == UINT64_MAX || before->second + 1 >= range.first) {
      range = {before->first, std::max(before->second, range.last)};
      ranges_.erase(before);
    }
  }
  while (next != ranges_.end() && (range.last == UINT64_MAX || next->first <= range.last + 1)) {
    range.last = std::max(range.last, next->second);
    next = ranges_.erase(next);
  }
  ranges_.emplace_hint(next, range.first, range.last);
}

bool IndexSet::has(std::uint64_t index) const {
  const auto next = ranges_.upper_bound(index);
  return next != ranges_.begin() && std::prev(next)->second >= index;
}

void ErasedRecords::add(const Order& order) {
  for (const SealClass kind : kEachSealClass) {
    if (!order.classes.has(kind)) continue;
    for (const IndexRange& range : order.records) records_[static_cast<std::size_t>(kind)].add(range);
  }
}

void ErasedRecords::add(SealClass kind, std::int64_t before) {
  auto& latest = before_[static_cast<std::size_t>(kind)];
  latest = std::max(latest, before);
}

bool have_common(std::span<const IndexRange> one, std::span<const IndexRange> other) {
  auto left = one.begin();
  auto right = other.begin();
  while (left != one.end() && right != other.end()) {
    if (left->last < right->first) {
      ++left;
    } else if (right->last < left->first) {
      ++right;
    } else {
      return true;
    }
  }
  return false;
}

}  // namespace portcullis::audit
