// "limits": how often an agent may do what the rules allow it, and how much of it at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/catalog/resolution.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

// Bounds of the format: whatever reckons with a rate in microseconds stays within 63 bits.
inline constexpr std::uint32_t kMostInRate = 1'000'000;
inline constexpr std::chrono::seconds kLongestWindow = std::chrono::hours{24} * 31;
// Each failure is remembered with its time, so there cannot be many.
inline constexpr std::uint32_t kMostFailures = 100;
inline constexpr std::int64_t kMostRows = 1'000'000'000'000;
inline constexpr std::int64_t kMostCost = 1'000'000'000'000;

struct Rate {
  std::uint32_t count = 0;        // 1 to kMostInRate
  std::chrono::seconds window{};  // 1 s to kLongestWindow
  std::string text;               // as written: "600/minute"
  friend bool operator==(const Rate& a, const Rate& b) noexcept {
    return a.count == b.count && a.window == b.window;
  }
};

// A rate of something that is counted by the million: bytes or rows. Whatever reckons with one does so in
// whole seconds and stays within 63 bits.
inline constexpr std::uint64_t kMostVolume = std::uint64_t{1} << 40;
struct Volume {
  std::uint64_t count = 0;        // 1 to kMostVolume
  std::chrono::seconds window{};  // 1 s to kLongestWindow
  std::string text;               // as written: "1GiB/day"
  friend bool operator==(const Volume& a, const Volume& b) noexcept {
    return a.count == b.count && a.window == b.window;
  }
};

// "1GiB/day", or without a unit "50000/hour"; "KiB", "MiB", "GiB" only where `bytes`. Nothing for all else.
[[nodiscard]] std::optional<Volume> parse_volume(std::string_view text, bool bytes);
// "16MiB", "512": bytes from 1 to kMostVolume.
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(std::string_view text);

// "500ms", "30s", "5min", "1h", from 1 ms to kLongestWindow. Nothing for all else.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_time(std::string_view text);

// "600/minute" (or second, hour, day), "3/10min" (or s, h, d). Nothing for all else.
[[nodiscard]] std::optional<Rate> parse_rate(std::string_view text);

// All that the entries for the agent, for its groups and for "*" say together. Each rate holds on its own;
// of ceilings the lowest stands here.
struct AgentLimits {
  std::vector<Rate> statements, ddl, same_statement_failures;
  std::vector<Volume> rows_returned, bytes_returned;
  std::optional<std::uint32_t> connections, concurrent;
  std::map<std::string, Rate, std::less<>> rules;  // by id: the rules to this agent that have a rate
};

struct Limits {
  std::map<std::string, AgentLimits, std::less<>> agents;  // every agent of the policy, limited or not
};

// COMMIT and ROLLBACK count against no rate: who has used up a limit must still let go of its locks.
[[nodiscard]] bool counts_as_statement(const sql::StatementFacts& statement) noexcept;

// Actions that a limit on rows is about: writing them, and running what may.
[[nodiscard]] bool may_change_rows(sql::Action action) noexcept;
// An effect that does, or that is code which nobody has read: of PostgreSQL's own functions only those that
// ship allowed do not.
[[nodiscard]] bool may_change_rows(const catalog::ResolvedEffect& resolved);

}  // namespace portcullis::policy
