// What `--sealing-keys FOLDER` of the commands that read a log gives.
#pragma once

#include <filesystem>
#include <optional>

#include "audit/unsealer.hpp"

namespace portcullis::app {

// Nothing where no folder was named. Errors as those of audit::Unsealer::open().
[[nodiscard]] base::Result<std::optional<audit::Unsealer>> open_sealing_keys(
    const std::optional<std::filesystem::path>& folder);

}  // namespace portcullis::app
