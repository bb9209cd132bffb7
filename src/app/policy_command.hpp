// `portcullis policy test`: does each policy say what its own tests expect?
#pragma once

#include <filesystem>
#include <vector>

#include "app/console.hpp"

namespace portcullis::app {

// kSuccess when every file loads, has tests, and passes all of them; else kFailure, with "FILE:LINE: ..." for
// each thing that is wrong.
[[nodiscard]] int test_policies(const std::vector<std::filesystem::path>& files, Console& console);

}  // namespace portcullis::app
