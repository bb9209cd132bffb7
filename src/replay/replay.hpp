// A log by another policy: who would now be denied or allowed, and where that stands.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "portcullis/base/result.hpp"
#include "portcullis/catalog/snapshot.hpp"
#include "portcullis/policy/decision.hpp"
#include "portcullis/policy/policy_set.hpp"

namespace portcullis::replay {

// Which decisions of a log.
struct Window {
  std::int64_t since = 0,
               until =
                   std::numeric_limits<std::int64_t>::max();  // microseconds since 1970; `until` is not in it
  std::vector<std::string> agents;                            // empty: all
  [[nodiscard]] bool holds(std::int64_t micros, std::string_view agent) const;
};

// Decisions that are alike, by their records.
struct Evidence {
  std::uint64_t count = 0, first = 0, last = 0;
  void add(std::uint64_t record);
  friend bool operator==(const Evidence&, const Evidence&) = default;
};

// What decides now, or, where it is allowed now, what decided then.
struct Change {
  std::string agent;
  policy::Outcome then{}, now{};
  std::string action, object, route;
  std::string rule, ground;  // of the new policy
  friend auto operator<=>(const Change&, const Change&) = default;
};

struct Untold {
  std::string agent, why;
  friend auto operator<=>(const Untold&, const Untold&) = default;
};

struct Report {
  std::uint64_t judged = 0;                      // decisions in the window
  std::uint64_t unread = 0;                      // of these, refused before any rule was asked
  std::uint64_t untold = 0;                      // it cannot be told
  std::array<std::uint64_t, 4> same{}, newly{};  // by outcome: as it was, and now so
  std::map<Change, Evidence> changes;
  std::map<Untold, Evidence> why_untold;
  std::map<std::string, Evidence> may_stop;  // by rule: allowed, and may be stopped by a limit in its midst
  [[nodiscard]] std::uint64_t changed() const;
};

// By `policy` what the log holds in the window. `snapshot`: what the policy is held against; null: what the
// records hold is all that is known. 58030 as for_each_entry().
[[nodiscard]] base::Result<Report> replay(const std::filesystem::path& log, const policy::PolicySet& policy,
                                          const catalog::Snapshot* snapshot, const Window& window);

}  // namespace portcullis::replay
