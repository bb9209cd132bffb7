// A catalog that `portcullis catalog dump` wrote, as `--catalog` names one.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "portcullis/base/result.hpp"
#include "portcullis/catalog/snapshot.hpp"

namespace portcullis::app {

// Null where no file is named. The error says which file is wrong, and how.
[[nodiscard]] base::Result<std::shared_ptr<const catalog::Snapshot>> read_catalog(
    const std::optional<std::filesystem::path>& file);

}  // namespace portcullis::app
