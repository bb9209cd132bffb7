// Which records of a log an order is to speak of, from what a person asks for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "audit/erased_records.hpp"
#include "audit/order_file.hpp"

namespace portcullis::app {

struct ReachQuery {
  std::optional<audit::IndexSet> records{};  // nothing: all
  audit::SealClassSet classes{};
  std::string agent{};  // empty: any; outcomes and dry runs are their session's
  std::int64_t before = std::numeric_limits<std::int64_t>::max();  // microseconds since 1970
};

struct Reached {
  std::string origin;                       // of the log
  std::uint64_t entries = 0;                // of the log
  std::vector<audit::IndexRange> ranges{};  // which hold no other sealed text of the classes
  std::uint64_t records = 0;                // with a sealed text of the classes
  std::uint64_t clear = 0;                  // with one in the clear, which cannot be erased
  std::int64_t first = 0, last = 0;         // when the first and the last of `records` were written
  std::set<std::string> agents{};           // theirs; at most 100
};

// Reads the log once. 58030 when it cannot.
[[nodiscard]] base::Result<Reached> reach(const std::filesystem::path& directory, const ReachQuery& query);

// "17,100-200" or "17 100-200": 22023 for anything else.
[[nodiscard]] base::Result<audit::IndexSet> read_records(const std::string& text);

}  // namespace portcullis::app
