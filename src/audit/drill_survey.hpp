// What a log has that can be attacked: for the drill.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "portcullis/base/result.hpp"

namespace portcullis::audit {

// Indexes of entries, the first of each kind. Nothing where the log has none.
struct Survey {
  std::string origin;
  std::uint64_t entries = 0;
  std::optional<std::uint64_t> open;
  std::optional<std::uint64_t> text;       // a decision with the text of its statement, sealed or not
  std::optional<std::uint64_t> counted;    // a decision whose agent has a later one in the same start
  std::string counted_agent{};             // of that one
  std::optional<std::uint64_t> next_open;  // behind `counted`
  std::optional<std::uint64_t> outcome;
  std::optional<std::uint64_t> by_policy;  // a decision that names its policy
  std::optional<std::uint64_t> policy, config;
  std::optional<std::uint64_t> swap;  // it and the next one say the same in the other order
  std::optional<std::uint64_t>
      running;                 // neither the first nor the last entry of its start, which goes on behind it
  std::int64_t heartbeat = 0;  // of that start, in microseconds
  std::optional<std::uint64_t> second_segment;  // its first entry, where a third one follows
  std::optional<std::uint64_t> last_segment;    // its first entry, where it is not the first
  std::optional<std::uint64_t> last_batch;      // the last batch's first entry, where it is not the log's
  std::optional<std::uint64_t> batch_below;     // the last end of a batch below `below`
  bool changes_key = false;                     // it has an entry `key`
};

// Reads the log once. `text`, `counted` and `swap` are of the entries below `below`, which signatures reach.
// Errors as those of for_each_entry(); 22023 where it has no entry.
[[nodiscard]] base::Result<Survey> survey(const std::filesystem::path& directory,
                                          std::uint64_t below = UINT64_MAX);

}  // namespace portcullis::audit
