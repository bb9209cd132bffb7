// Cuts a file of notes into its notes, with memory for one only.
#pragma once

#include <string>

#include "audit/line_scanner.hpp"
#include "audit/note_read.hpp"

namespace portcullis::audit {

class NoteStream {
 public:
  enum class Kind : std::uint8_t {
    note,
    end,    // behind the last whole note there is nothing
    torn,   // behind it there is the beginning of one more, shorter than a note may be
    wrong,  // what stands there is no note: what follows cannot be told apart
  };
  struct Piece {
    Kind kind = Kind::end;
    Note note{};             // of Kind::note
    std::string problem{};   // of Kind::wrong
    std::uint64_t line = 0;  // where it begins, from 1
  };

  explicit NoteStream(ReadBytes read) : lines_(std::move(read)) {}

  // The next one; not to be called again behind anything but a note. 58030 when the file cannot be read.
  [[nodiscard]] base::Result<Piece> next();

 private:
  [[nodiscard]] Piece whole();
  [[nodiscard]] Piece rest();

  LineScanner lines_;
  std::string bytes_;       // from the beginning of the note on
  std::uint64_t line_ = 0;  // where it begins
};

}  // namespace portcullis::audit
