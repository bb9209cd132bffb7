// What must have been measured of a statement before it is sent, and what it may show: what the rules that
// cover it say together. docs/dry-run.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "portcullis/base/duration_class.hpp"
#include "portcullis/policy/at_most.hpp"
#include "portcullis/sql/lock_mode.hpp"

namespace portcullis::policy {

// Where no rule says how long a statement that was tried out may wait for a lock, and keep those waiting who
// come after it.
inline constexpr std::chrono::milliseconds kDefaultLockTimeout{500};

struct DryRunDuty {
  std::string rule;  // the first that requires it; empty: none does
  std::optional<AtMost<sql::LockMode>> max_lock;
  std::optional<AtMost<base::DurationClass>> max_duration;
  std::optional<AtMost<std::uint64_t>> max_rows;  // that it inserts, updates or deletes
  // It is tried out on so many of the database's own rows.
  std::optional<AtMost<std::uint64_t>> target_rows;
  // The first rule that says so.
  std::optional<std::string> no_rewrite, no_full_scan;
  // A copy that lacks something of the database will not do; nothing: all rules take one.
  std::optional<std::string> whole_copy;
  // How long what is sent may wait for each of its locks: always set where a dry run is required.
  std::optional<AtMost<std::chrono::milliseconds>> lock_timeout;

  [[nodiscard]] bool required() const noexcept { return !rule.empty(); }
  // Both: of each bound the stricter.
  void add(const DryRunDuty& other);
  friend bool operator==(const DryRunDuty&, const DryRunDuty&) = default;
};

}  // namespace portcullis::policy
