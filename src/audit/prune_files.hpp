// Takes the first segments of a log away, once that was ordered.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "portcullis/base/result.hpp"

namespace portcullis::audit {

// How many segments are gone: those before `first`, which begins one, from the oldest on, each with its file
// of notes. What a crash leaves is a log that begins later, perhaps with notes beside no segment before it;
// the next call goes on. `at_step` is called with "segment" and "notes" before each file. 58030 when the
// folder cannot be read or a file stays.
[[nodiscard]] base::Result<std::uint64_t> remove_segments_before(
    const std::filesystem::path& directory, std::uint64_t first,
    const std::function<void(std::string_view step)>& at_step);

}  // namespace portcullis::audit
