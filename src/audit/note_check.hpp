// The notes beside the segments, against the entries that they speak of: docs/audit-format.md, "What must
// hold of signatures". Reads one note ahead, and so needs memory for one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "audit/directory_listing.hpp"
#include "audit/key_history.hpp"
#include "audit/leaf_run.hpp"
#include "audit/note_stream.hpp"
#include "portcullis/audit/verify.hpp"

namespace portcullis::audit {

// Of a finding outside of the segments.
struct Place {
  std::string file;
  std::uint64_t line = 0;  // from 1; 0: the file as a whole
};
using PlacedReport =
    std::function<void(VerifyResult severity, std::string_view check, std::string message, Place place)>;

// For each segment: follows(), begin() with its first entry, batch_ended() behind each of its batches, and
// end() where its entries end in order.
class NoteCheck {
 public:
  NoteCheck(KeyHistory& keys, PlacedReport report) : keys_(keys), report_(std::move(report)) {}

  // This segment is due at `first_index`, and `notes` is the file beside it.
  void follows(const NotesPath& notes, std::uint64_t first_index, bool is_last);
  // `name` is that of the log. Reads the first note. A second call for the same segment does nothing.
  void begin(std::string_view name);
  // The tree is that of all entries so far, which the keys have seen.
  void batch_ended(LogTree& tree);
  // There are no more whole batches in the segment.
  void end(std::string_view name);

  // How many entries the newest note that holds speaks of.
  [[nodiscard]] std::uint64_t covered() const noexcept { return covered_; }

 private:
  void require_last_note(std::uint64_t size);
  void open();
  void read_next();
  void take(NoteStream::Piece piece);
  [[nodiscard]] bool is_signed_as_due(const Note& note);
  // Ends the checking of this file.
  void stop(VerifyResult severity, std::string_view check, std::string message);
  void wrong(std::string_view check, std::string message) {
    stop(VerifyResult::tampered, check, std::move(message));
  }

  KeyHistory& keys_;
  PlacedReport report_;
  std::string name_;  // of the log; empty before its first entry
  NotesPath path_;
  bool is_first_ = true, is_last_ = false;
  bool begun_ = false, stopped_ = false;
  std::optional<NoteStream> stream_;
  std::optional<Note> ahead_;
  std::uint64_t line_ = 0;
  std::uint64_t newest_ = 0;  // the size of the file's last note so far, or its number
  std::uint64_t covered_ = 0;
};

}  // namespace portcullis::audit
