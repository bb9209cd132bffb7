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

class Bytes final : public portcullis::audit::SegmentFile {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  base::Result<std::uint64_t> size() override { return bytes_.size(); }
  base::Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t count) override {
    return offset < bytes_.size() ? bytes_.copy(into, count, offset) : 0;
  }
  base::Result<void> write(std::uint64_t, std::string_view) override { std::abort(); }
  base::Result<void> reserve(std::uint64_t) override { std::abort(); }
  base::Result<void> reserve_unseen(std::uint64_t) override { std::abort(); }
  base::Result<void> truncate(std::uint64_t) override { std::abort(); }
  base::Result<void> sync() override { std::abort(); }

 private:
  std::string_view bytes_;
};

portcullis::audit::ReadBytes reader(std::string_view bytes) {
  return [bytes](std::uint64_t offset, char* into, std::size_t count) {
    return Bytes(bytes).read(offset, into, count);
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

  Bytes file(bytes);
  const auto tail = portcullis::audit::read_notes_tail(file);
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
