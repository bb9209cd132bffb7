// The notes of one segment as they are written, one behind the other: docs/audit-format.md, "Files of notes".
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "audit/storage.hpp"

namespace portcullis::audit {

// Used by one thread.
class NotesFile {
 public:
  // Goes on at `end`, with nothing behind it.
  explicit NotesFile(std::unique_ptr<SegmentFile> file, std::uint64_t end = 0)
      : file_(std::move(file)), end_(end), secured_(end) {}

  // Room for about two hundred notes more, so that a full disk does not end them at once. 53100 where there
  // is none; it can be tried again.
  [[nodiscard]] base::Result<void> secure();
  // On the disk once this returns. 53100 before anything was written where there is no room; anything else is
  // final: what the file then ends with is unknown.
  [[nodiscard]] base::Result<void> append(std::string_view note);
  // Gives back the room that was not used.
  [[nodiscard]] base::Result<void> finish() { return file_->truncate(end_); }

 private:
  std::unique_ptr<SegmentFile> file_;
  std::uint64_t end_;      // of the last note and its empty line
  std::uint64_t secured_;  // room on the disk up to here
};

// An empty file for the notes of the segment with this first index, durable by its name. 53000 for want of a
// descriptor, before anything has changed; it can be tried again.
[[nodiscard]] base::Result<std::unique_ptr<SegmentFile>> make_notes(Storage& storage,
                                                                    std::uint64_t first_index);

}  // namespace portcullis::audit
