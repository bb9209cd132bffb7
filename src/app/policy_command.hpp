// `portcullis policy test`: does each policy say what its own tests expect?
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "app/console.hpp"

namespace portcullis::app {

// kSuccess when every file loads, has tests, and passes all of them; else kFailure, with "FILE:LINE: ..." for
// each thing that is wrong. With a catalog, a file of `portcullis catalog dump`, each test is judged by that
// database, and what the policy closes must be in it; kUsage when the file cannot be read.
[[nodiscard]] int test_policies(const std::vector<std::filesystem::path>& files,
                                const std::optional<std::filesystem::path>& catalog, Console& console);

}  // namespace portcullis::app
