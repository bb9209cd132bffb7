// `portcullis policy learn`: the least policy that allows what a log holds.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "app/console.hpp"
#include "replay/replay.hpp"

namespace portcullis::app {

struct LearnOptions {
  std::filesystem::path directory{};
  replay::Window window{};
  std::optional<std::filesystem::path> out{};      // a new file; nothing: standard output
  std::optional<std::filesystem::path> catalog{};  // a file of `portcullis catalog dump`
  std::string name = "learnt";
  bool include_denied = false;  // what was refused by its effects, too
  bool partial = false;         // write it though it does not allow everything
};

// Writes a policy that was held against the window before: it allows all of it, and its tests pass. kSuccess;
// kFailure, and nothing written, where no policy can allow all of it (which records, and why, is said), or it
// cannot be written; kUsage when the log or the catalog cannot be read, or the window holds nothing to learn
// from.
[[nodiscard]] int learn_policy(const LearnOptions& options, Console& console);

}  // namespace portcullis::app
