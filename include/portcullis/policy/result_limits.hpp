// How much one statement may give back, how long it may take and what it may be planned to cost: what the
// rules that cover it say together.
#pragma once

#include <cstdint>
#include <optional>

#include "portcullis/policy/at_most.hpp"

namespace portcullis::policy {

using Ceiling = AtMost<std::uint64_t>;

struct ResultLimits {
  std::optional<Ceiling> rows, bytes;
  std::optional<Ceiling> time;  // milliseconds
  std::optional<Ceiling> cost;  // in the planner's units, before it runs (manual, "Using EXPLAIN")

  [[nodiscard]] bool any() const noexcept { return rows || bytes || time || cost; }
  // The stricter of the two, kind by kind.
  void lower(const ResultLimits& other) {
    policy::lower(rows, other.rows);
    policy::lower(bytes, other.bytes);
    policy::lower(time, other.time);
    policy::lower(cost, other.cost);
  }
  friend bool operator==(const ResultLimits&, const ResultLimits&) = default;
};

}  // namespace portcullis::policy
