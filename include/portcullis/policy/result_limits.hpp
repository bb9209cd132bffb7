// How much one statement may give back, how long it may take and what it may be planned to cost: what the
// rules that cover it say together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace portcullis::policy {

// The most, and the rule that says so.
struct Ceiling {
  std::uint64_t most = 0;
  std::string rule;
  friend bool operator==(const Ceiling&, const Ceiling&) = default;
};

struct ResultLimits {
  std::optional<Ceiling> rows, bytes;
  std::optional<Ceiling> time;  // milliseconds
  std::optional<Ceiling> cost;  // in the planner's units, before it runs (manual, "Using EXPLAIN")

  [[nodiscard]] bool any() const noexcept { return rows || bytes || time || cost; }
  // The stricter of the two, kind by kind.
  void lower(const ResultLimits& other) {
    lower(rows, other.rows);
    lower(bytes, other.bytes);
    lower(time, other.time);
    lower(cost, other.cost);
  }
  friend bool operator==(const ResultLimits&, const ResultLimits&) = default;

 private:
  static void lower(std::optional<Ceiling>& mine, const std::optional<Ceiling>& other) {
    if (other && (!mine || other->most < mine->most)) mine = other;
  }
};

}  // namespace portcullis::policy
