// `portcullis policy diff`: what would another policy change, and for whom?
#pragma once

#include <filesystem>
#include <optional>

#include "app/console.hpp"

namespace portcullis::app {

struct DiffOptions {
  std::filesystem::path from, to;
  std::optional<std::filesystem::path> catalog;  // a file of `portcullis catalog dump`
};

inline constexpr int kDifferent = 1;

// Prints what comes (+) and goes (-), by the words of the rules; with a catalog also every action on a
// relation whose verdict changes. kSuccess when both say the same, kDifferent when not, kUsage when a file
// cannot be read.
[[nodiscard]] int diff_policies(const DiffOptions& options, Console& console);

}  // namespace portcullis::app
