// Changes a small secret file as a whole: readers see the old content or the new, never a part.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "portcullis/base/result.hpp"

namespace portcullis::app {

// Reads the file (an absent one is empty), asks `change` for the new content, writes that beside it with mode
// 0600, syncs, and renames. A symbolic link stays one: the file behind it changes. Others who update a file
// of the same folder through this function wait meanwhile. On failure the file is as it was: F0000 when it is
// not to be trusted (app/trusted_file.hpp), 58030 when it cannot be written.
[[nodiscard]] base::Result<void> update_secret_file(
    const std::filesystem::path& file, const std::function<std::string(std::string_view)>& change);

}  // namespace portcullis::app
