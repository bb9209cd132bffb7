#include "audit/note_check.hpp"

#include <algorithm>
#include <utility>

namespace portcullis::audit {
namespace {

std::string said(std::uint64_t number) {
  return std::to_string(number);
}

}  // namespace

void NoteCheck::follows(const NotesPath& notes, std::uint64_t first_index, bool is_last) {
  if (!std::exchange(is_first_, false)) require_last_note(first_index);
  path_ = notes;
  is_last_ = is_last;
  begun_ = stopped_ = false;
  stream_.reset();
  ahead_.reset();
  line_ = 0;
  newest_ = first_index;
}

// The gate signs all of a segment before it begins the next one: where that note is missing, it was taken.
void NoteCheck::require_last_note(std::uint64_t size) {
  if (stopped_ || keys_.in_force() == nullptr || newest_ == size) return;
  wrong("notes", "the note of size " + said(size) +
                     ", which is signed before the next segment begins, is missing: somebody removed it, or "
                     "the file, or put the segments behind it there without the private key");
}

void NoteCheck::begin(std::string_view name) {
  if (std::exchange(begun_, true) || !path_.exists) return;
  name_ = name;
  open();
  if (!stopped_) read_next();
}

void NoteCheck::open() {
  auto opened = open_to_read(path_.path.string());
  if (!opened) return stop(VerifyResult::incomplete, "read", opened.error().message);
  stream_.emplace(only_first(path_.bytes, std::move(opened->read)));
}

void NoteCheck::read_next() {
  ahead_.reset();
  auto piece = stream_->next();
  if (!piece) return stop(VerifyResult::incomplete, "read", piece.error().message);
  if (piece->kind != NoteStream::Kind::end) line_ = piece->line;
  take(std::move(*piece));
}

void NoteCheck::take(NoteStream::Piece piece) {
  using Kind = NoteStream::Kind;
  if (piece.kind == Kind::end) return;
  if (piece.kind == Kind::wrong) return wrong("notes", "what stands here is no note: " + piece.problem);
  if (piece.kind == Kind::torn && is_last_) {
    return stop(VerifyResult::incomplete, "torn tail",
                "the last note is torn, as a crash leaves it, and the next start of the gate cuts it");
  }
  if (piece.kind == Kind::torn) return wrong("notes", "a part of a note, and a segment follows");
  const Note& note = piece.note;
  if (!name_.empty() && note.origin != name_)
    return wrong("notes", "a note of \"" + note.origin + "\" in the log \"" + name_ + "\"");
  if (note.size <= newest_) {
    return wrong("notes", "a note of size " + said(note.size) + " stands where one above " + said(newest_) +
                              " is due");
  }
  ahead_ = std::move(piece.note);
}

void NoteCheck::batch_ended(LogTree& tree) {
  if (!ahead_ || ahead_->size > tree.end()) return;
  if (ahead_->size < tree.end()) {
    return wrong("notes", "a note of size " + said(ahead_->size) + ", where no batch ended");
  }
  if (!is_signed_as_due(*ahead_)) return;
  if (ahead_->root != tree.root()) {
    return wrong("root", "the note of size " + said(ahead_->size) +
                             " was signed over other entries: its root is " + to_hex(ahead_->root) +
                             ", theirs " + to_hex(tree.root()));
  }
  newest_ = covered_ = ahead_->size;
  keys_.note_holds();
  read_next();
}

bool NoteCheck::is_signed_as_due(const Note& note) {
  const auto* key = keys_.in_force();
  if (key == nullptr) {
    wrong("signature", "a note of size " + said(note.size) + ", where no key is in force that could sign it");
    return false;
  }
  if (is_signed(note, key->key) != Signed::by_key) {
    wrong("signature",
          "the note of size " + said(note.size) + " is not signed by the key in force, " + key->text);
    return false;
  }
  const auto owed = keys_.owed();
  const bool by_old = std::all_of(owed.begin(), owed.end(), [&](const VerifierKey& old) {
    return is_signed(note, old) == Signed::by_key;
  });
  if (!by_old) {
    wrong("signature", "the note of size " + said(note.size) +
                           " is the first behind a change of the key, and not signed by the old one as well");
  }
  return by_old;
}

void NoteCheck::end(std::string_view name) {
  begin(name);
  if (!ahead_) return;
  wrong("notes", "a note of size " + said(ahead_->size) + ", and " +
                     (is_last_ ? "the log has fewer entries in whole batches: its end was cut off"
                               : "the next segment begins before it"));
}

void NoteCheck::stop(VerifyResult severity, std::string_view check, std::string message) {
  stopped_ = true;
  ahead_.reset();
  report_(severity, check, std::move(message), {path_.path.filename().string(), line_});
}

}  // namespace portcullis::audit
