// The segments of a log, for those who only read it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "portcullis/base/result.hpp"

namespace portcullis::audit {

struct SegmentPath {
  std::filesystem::path path;
  std::uint64_t first_index = 0;
  std::uint64_t bytes = 0;
};

// In the order of their indexes. 58030 when the directory cannot be read, or holds a file that ends like a
// segment and has another name.
[[nodiscard]] base::Result<std::vector<SegmentPath>> list_segments(const std::filesystem::path& directory);

}  // namespace portcullis::audit
