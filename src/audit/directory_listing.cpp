#include "audit/directory_listing.hpp"

#include <algorithm>
#include <functional>
#include <system_error>

#include "audit/format.hpp"

namespace portcullis::audit {
namespace {

base::Error bad_name(const std::string& name) {
  const bool notes = name.ends_with(kNotesSuffix);
  return {
      base::sqlstate::io_error,
      "\"" + name + "\" is not the name of a " + (notes ? "file of notes" : "segment") +
          ": it is called by the index of the segment's first entry, in 20 digits; give it its name back"};
}

// Calls `take` for each file; refuses those that are called like none of a log and end like one.
base::Result<void> for_each_file(
    const std::filesystem::path& directory,
    const std::function<void(const std::filesystem::directory_entry&, const std::string& name)>& take) {
  std::error_code failed;
  std::filesystem::directory_iterator file(directory, failed);
  for (; !failed && file != std::filesystem::directory_iterator{}; file.increment(failed)) {
    const std::string name = file->path().filename().string();
    const bool segment = name.ends_with(kSegmentSuffix) && !segment_first_index(name);
    if (segment || (name.ends_with(kNotesSuffix) && !notes_first_index(name))) return bad_name(name);
    take(*file, name);
  }
  if (!failed) return {};
  return base::Error{base::sqlstate::io_error,
                     "could not read the audit log \"" + directory.string() + "\": " + failed.message()};
}

// Of a regular file, and never of what a link points to; 0 of all else.
std::uint64_t bytes_of(const std::filesystem::path& path) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(path, failed))) return 0;
  const auto bytes = std::filesystem::file_size(path, failed);
  return failed ? 0 : bytes;
}

NotesPath notes_of(const std::filesystem::path& directory, const SegmentPath& segment) {
  NotesPath notes{.path = directory / notes_name(segment.first_index)};
  std::error_code failed;
  // What cannot be looked at is there, as far as anybody knows: opening it says what is wrong.
  notes.exists =
      std::filesystem::symlink_status(notes.path, failed).type() != std::filesystem::file_type::not_found;
  notes.bytes = bytes_of(notes.path);
  return notes;
}

}  // namespace

base::Result<std::vector<SegmentPath>> list_segments(const std::filesystem::path& directory) {
  std::vector<SegmentPath> segments;
  const auto listed = for_each_file(directory, [&](const auto& file, const std::string& name) {
    if (const auto first = segment_first_index(name))
      segments.push_back({file.path(), *first, bytes_of(file.path())});
  });
  if (!listed) return listed.error();
  std::sort(segments.begin(), segments.end(),
            [](const SegmentPath& a, const SegmentPath& b) { return a.first_index < b.first_index; });
  return segments;
}

// Three steps, for the gate may be writing: a file of notes is made after its segment, the last note of one
// before the segment that follows, and a note after the entries that it speaks of. So names of notes come
// before the segments, their sizes behind them, and the entries are read last of all.
base::Result<LogListing> list_log(const std::filesystem::path& directory) {
  LogListing log;
  const auto listed = for_each_file(directory, [&](const auto&, const std::string& name) {
    if (notes_first_index(name)) log.strays.push_back(name);
  });
  if (!listed) return listed.error();
  auto segments = list_segments(directory);
  if (!segments) return segments.error();
  log.segments = std::move(*segments);
  for (const SegmentPath& segment : log.segments) {
    log.notes.push_back(notes_of(directory, segment));
    std::erase(log.strays, notes_name(segment.first_index));
  }
  std::sort(log.strays.begin(), log.strays.end());
  const std::string first =
      log.segments.empty() ? std::string() : notes_name(log.segments.front().first_index);
  const auto behind = std::lower_bound(log.strays.begin(), log.strays.end(), first);
  log.below.assign(log.strays.begin(), behind);
  log.strays.erase(log.strays.begin(), behind);
  return log;
}

}  // namespace portcullis::audit
