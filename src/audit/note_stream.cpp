#include "audit/note_stream.hpp"

#include <utility>

namespace portcullis::audit {

base::Result<NoteStream::Piece> NoteStream::next() {
  bytes_.clear();
  line_ = 0;
  for (int blank = 0;;) {
    const auto line = lines_.next();
    if (!line) return line.error();
    if (!*line) return rest();
    if (line_ == 0) line_ = (*line)->number;
    bytes_.append((*line)->text);
    if ((*line)->terminated) bytes_ += '\n';
    // A power cut may have kept the later sectors of a note and not the first: then it is not whole.
    if ((*line)->terminated && (*line)->text.empty() && ++blank >= 2 &&
        bytes_.find('\0') == std::string::npos)
      return whole();
    if (bytes_.size() > kMaxNoteBytes) {
      return Piece{.kind = Kind::wrong, .problem = "it is longer than 256 KiB", .line = line_};
    }
  }
}

// Up to the second empty line, which is not the note's own.
NoteStream::Piece NoteStream::whole() {
  bytes_.pop_back();
  auto note = read_note(bytes_);
  if (!note) return {.kind = Kind::wrong, .problem = note.error().message, .line = line_};
  return {.kind = Kind::note, .note = std::move(*note), .line = line_};
}

NoteStream::Piece NoteStream::rest() {
  if (bytes_.empty()) return {.kind = Kind::end};
  if (bytes_.size() < kMaxNoteBytes) return {.kind = Kind::torn, .line = line_};
  return {.kind = Kind::wrong, .problem = "it has no end within 256 KiB", .line = line_};
}

}  // namespace portcullis::audit
