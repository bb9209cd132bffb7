#include "audit/prune_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "audit/directory_listing.hpp"
#include "base/descriptor.hpp"

namespace portcullis::audit {
namespace {

base::Error cannot(std::string_view doing, const std::filesystem::path& path, int code) {
  return {.code = base::sqlstate::io_error,
          .message = "cannot " + std::string(doing) + " \"" + path.string() + "\": " +
                     std::generic_category().message(code) + "; run this as the user that runs the gate"};
}

// Synced each time: no later segment is gone before an earlier one, whatever the machine does.
base::Result<void> remove(const std::filesystem::path& directory, const std::filesystem::path& file) {
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) return cannot("remove", file, errno);
  const base::Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened.is_open() || ::fsync(opened.get()) != 0) return cannot("sync the folder", directory, errno);
  return {};
}

}  // namespace

base::Result<std::uint64_t> remove_segments_before(
    const std::filesystem::path& directory, std::uint64_t first,
    const std::function<void(std::string_view step)>& at_step) {
  const auto log = list_log(directory);
  if (!log) return log.error();
  const bool begins_one =
      std::any_of(log->segments.begin(), log->segments.end(),
                  [first](const SegmentPath& segment) { return segment.first_index == first; });
  if (!begins_one)
    return base::Error{base::sqlstate::io_error, "\"" + directory.string() +
                                                     "\" has no segment that begins with entry " +
                                                     std::to_string(first) + ": run portcullis audit verify"};
  for (const std::string& name : log->below) {
    if (at_step) at_step("notes");
    if (const auto done = remove(directory, directory / name); !done) return done.error();
  }
  std::uint64_t removed = 0;
  for (std::size_t i = 0; log->segments[i].first_index < first; ++i, ++removed) {
    if (at_step) at_step("segment");
    if (const auto done = remove(directory, log->segments[i].path); !done) return done.error();
    if (!log->notes[i].exists) continue;
    if (at_step) at_step("notes");
    if (const auto done = remove(directory, log->notes[i].path); !done) return done.error();
  }
  return removed;
}

}  // namespace portcullis::audit
