// A file of notes is read by three: the verifier from its beginning, the start of the gate from its end, and,
// where it was kept elsewhere, the verifier again between whatever else stands there. What the first takes
// for notes the others do, too.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "audit/anchor_notes.hpp"
#include "audit/note_stream.hpp"
#include "audit/notes_tail.hpp"

namespace {

using portcullis::audit::Note;
using portcullis::audit::NoteStream;
namespace base = portcullis::base;

portcullis::audit::ReadBytes reader(std::string_view bytes) {
  return [bytes](std::uint64_t offset, char* into, std::size_t count) -> base::Result<std::size_t> {
    return offset < bytes.size() ? bytes.copy(into, count, offset) : 0;
  };
}

void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> found;
  NoteStream stream(reader(bytes));
  auto piece = stream.next();
  for (; piece && piece->kind == NoteStream::Kind::note; piece = stream.next())
    found.push_back(piece->note.text);
  demand(bool(piece));

  const auto tail = portcullis::audit::read_notes_tail(reader(bytes), size);
  std::vector<std::string> anchored;
  demand(bool(portcullis::audit::read_anchor_notes(
      reader(bytes), [&](const Note& note, std::uint64_t) { anchored.push_back(note.text); })));
  for (std::size_t i = 0; i < found.size(); ++i) demand(i < anchored.size() && anchored[i] == found[i]);
  // What stands behind a wrong one is read by who reads from the end; who refuses to is on the safe side, as
  // where a part of a note begins like a signature.
  if (piece->kind == NoteStream::Kind::wrong || !tail) return 0;
  demand(tail->note.has_value() == !found.empty());
  demand(found.empty() || tail->note->text == found.back());
  demand(tail->end <= size && (tail->end == size) == (piece->kind == NoteStream::Kind::end));
  return 0;
}
