// verify() with a choice that only tests have.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "portcullis/audit/verify.hpp"

namespace portcullis::audit {

// Segments are cut into stretches of so many bytes, which threads read ahead. With 0, nothing is: every line
// is read where the rules follow the log, one after the other, which is what the rest is tested against.
[[nodiscard]] VerifyReport verify_in_stretches(
    const std::filesystem::path& directory, const VerifyOptions& options,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress, std::uint64_t stretch_bytes);

}  // namespace portcullis::audit
