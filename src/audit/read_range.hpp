// What read.cpp and read_statements.cpp have in common.
#pragma once

#include <optional>
#include <string_view>

#include "audit/prefilter.hpp"
#include "audit/read.hpp"

namespace portcullis::audit {

// Which entries were gone over. Behind a leap the line says its index, the next ones count on from it.
class RangeRead {
 public:
  void leap() noexcept { is_known_ = false; }
  void pass(std::string_view line) {
    if (is_known_) {
      ++index_;
    } else {
      index_ = raw_number(line, ",\"i\":").value_or(0);
      is_known_ = true;
    }
    if (scanned_++ == 0) first_ = index_;
    last_ = index_;
  }
  // A line that is not one of the range.
  void step_over() noexcept { ++index_; }
  void tell(ReadFacts& facts) const {
    facts.first = first_;
    facts.last = last_;
    facts.scanned = scanned_;
  }

 private:
  bool is_known_ = false;
  std::uint64_t index_ = 0, first_ = 0, last_ = 0, scanned_ = 0;
};

[[nodiscard]] inline SearchedRange range_of(const ReadOptions& options) {
  return {options.filter.from, options.filter.to, options.filter.since, options.filter.until, options.every};
}

// As if the log ended with `as_of`, or with what is its last entry now, which is returned; nothing where it
// has none. 22023 where it ends before.
[[nodiscard]] base::Result<std::optional<std::uint64_t>> end_log(LogSearch& log,
                                                                 std::optional<std::uint64_t> as_of);

}  // namespace portcullis::audit
