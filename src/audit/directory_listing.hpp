// The files of a log, for those who only read it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "portcullis/base/result.hpp"

namespace portcullis::audit {

struct SegmentPath {
  std::filesystem::path path;
  std::uint64_t first_index = 0;
  std::uint64_t bytes = 0;  // 0 for what is no regular file: it cannot be opened either
};

// In the order of their indexes. 58030 when the directory cannot be read, or holds a file that ends like a
// segment or like a file of notes and has another name.
[[nodiscard]] base::Result<std::vector<SegmentPath>> list_segments(const std::filesystem::path& directory);

// The file of notes beside a segment.
struct NotesPath {
  std::filesystem::path path;
  bool exists = false;
  std::uint64_t bytes = 0;  // as of the listing: what comes later speaks of entries that come later
};

struct LogListing {
  std::vector<SegmentPath> segments;  // in the order of their indexes
  std::vector<NotesPath> notes;       // one for each of them
  std::vector<std::string> strays;    // names of files of notes without a segment, in order
  // Likewise, of numbers below the first segment's: what pruning has yet to remove, if that was ordered.
  std::vector<std::string> below;
};

// Of a log that may be written to meanwhile: whatever is listed of notes speaks of entries in the segments
// listed. Errors as those of list_segments().
[[nodiscard]] base::Result<LogListing> list_log(const std::filesystem::path& directory);

}  // namespace portcullis::audit
