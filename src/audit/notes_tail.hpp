// The end of a file of notes, as a crash may have left it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "audit/line_scanner.hpp"
#include "audit/note_read.hpp"

namespace portcullis::audit {

struct NotesTail {
  std::uint64_t begin = 0,
                end = 0;     // of the last whole note with its empty line; 0 and 0 where there is none
  std::optional<Note> note;  // that one, which nobody has checked
  std::string bytes;         // of it, without the empty line
};

// Of a file of `size` bytes, whose end alone is read. What stands behind `end` is the beginning of a note, as
// a power cut leaves it: shorter than a note can be, perhaps with zero bytes in it. 22023 for anything else;
// the file's own error where it cannot be read.
[[nodiscard]] base::Result<NotesTail> read_notes_tail(const ReadBytes& read, std::uint64_t size);

}  // namespace portcullis::audit
