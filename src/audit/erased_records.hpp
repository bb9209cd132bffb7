// Which texts of a log are ordered to be erased.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <span>

#include "audit/order_file.hpp"

namespace portcullis::audit {

// Numbers as ranges: memory for each gap between them.
class IndexSet {
 public:
  void add(IndexRange range);
  [[nodiscard]] bool has(std::uint64_t index) const;
  [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
  // By their first, with a gap between any two.
  [[nodiscard]] const std::map<std::uint64_t, std::uint64_t>& ranges() const noexcept { return ranges_; }

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // the last by the first
};

class ErasedRecords {
 public:
  void add(const Order& order);
  // All of the class that was recorded before this time.
  void add(SealClass kind, std::int64_t before);
  // Everything below this index was pruned, its keys with it.
  void add_pruned(std::uint64_t first) { pruned_ = std::max(pruned_, first); }

  [[nodiscard]] bool by_order(SealClass kind, std::uint64_t index) const {
    return records_[static_cast<std::size_t>(kind)].has(index);
  }
  [[nodiscard]] bool by_time(SealClass kind, std::int64_t micros) const {
    return micros < before_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] bool by_pruning(std::uint64_t index) const noexcept { return index < pruned_; }

 private:
  std::array<IndexSet, kEachSealClass.size()> records_;
  std::array<std::int64_t, kEachSealClass.size()> before_{};
  std::uint64_t pruned_ = 0;
};

// Whether there is an index in both; each ascending.
[[nodiscard]] bool have_common(std::span<const IndexRange> one, std::span<const IndexRange> other);

}  // namespace portcullis::audit
