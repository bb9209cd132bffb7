// `portcullis audit replay`: the decisions of a log by another policy.
#pragma once

#include <filesystem>
#include <optional>

#include "app/console.hpp"
#include "replay/replay.hpp"

namespace portcullis::app {

struct ReplayOptions {
  std::filesystem::path directory{}, policy{};
  std::optional<std::filesystem::path> catalog{};  // a file of `portcullis catalog dump`
  replay::Window window{};
  bool json = false;
};

inline constexpr int kChanged = 1, kUntold = 2;

// Prints who would now be denied or allowed. kSuccess when nothing changes, kChanged when something does,
// kUntold when nothing does that can be told, and some cannot; kUsage when the policy, the catalog or the log
// cannot be read.
[[nodiscard]] int replay_audit(const ReplayOptions& options, Console& console);

}  // namespace portcullis::app
