// Where a proof goes that a command makes.
#pragma once

#include <filesystem>
#include <string>

#include "app/console.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::app {

// To `file`, which is made and was not there before, or to standard output where it is empty. kSuccess, else
// kFailure, said on the console; so is the proof's own error.
[[nodiscard]] int give_proof(const base::Result<std::string>& proof, const std::filesystem::path& file,
                             Console& console);

}  // namespace portcullis::app
