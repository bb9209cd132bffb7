#include "audit/directory_listing.hpp"

#include <algorithm>
#include <system_error>

#include "audit/format.hpp"

namespace portcullis::audit {

base::Result<std::vector<SegmentPath>> list_segments(const std::filesystem::path& directory) {
  std::error_code failed;
  std::vector<SegmentPath> segments;
  std::filesystem::directory_iterator file(directory, failed);
  for (; !failed && file != std::filesystem::directory_iterator{}; file.increment(failed)) {
    const std::string name = file->path().filename().string();
    if (const auto first = segment_first_index(name)) {
      const auto bytes = file->file_size(failed);
      if (!failed) segments.push_back({file->path(), *first, bytes});
    } else if (name.ends_with(kSegmentSuffix)) {
      return base::Error{base::sqlstate::io_error, "\"" + name +
                                                       "\" is not the name of a segment: a segment is called "
                                                       "by the index of its first entry, in 20 digits"};
    }
  }
  if (failed) {
    return base::Error{base::sqlstate::io_error,
                       "could not read the audit log \"" + directory.string() + "\": " + failed.message()};
  }
  std::sort(segments.begin(), segments.end(),
            [](const SegmentPath& a, const SegmentPath& b) { return a.first_index < b.first_index; });
  return segments;
}

}  // namespace portcullis::audit
