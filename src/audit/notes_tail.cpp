#include "audit/notes_tail.hpp"

#include <algorithm>
#include <string>

namespace portcullis::audit {
namespace {

constexpr std::string_view kBlank = "\n\n";
// Two whole notes fit, however many have signed them.
constexpr std::size_t kReach = 2 * kMaxNoteBytes;

base::Error no_notes(std::string message) {
  return {base::sqlstate::invalid_parameter_value, std::move(message)};
}

struct Place {
  std::size_t begin, end;  // without the empty line behind it
};

// The last whole note: a block of lines and one of signatures, each with an empty line behind it.
std::optional<Place> last_note(std::string_view bytes) {
  const auto block_before = [bytes](std::size_t blank) {
    const auto before = blank == 0 ? std::string_view::npos : bytes.rfind(kBlank, blank - 1);
    return before == std::string_view::npos ? 0 : before + kBlank.size();
  };
  for (auto blank = bytes.rfind(kBlank); blank != std::string_view::npos;) {
    const std::size_t begin = block_before(blank);
    if (begin == 0) return std::nullopt;
    const std::size_t before = begin - kBlank.size();
    if (bytes.substr(begin).starts_with(kSignatureStart)) return Place{block_before(before), blank + 1};
    blank = before;
  }
  return std::nullopt;
}

}  // namespace

base::Result<NotesTail> read_notes_tail(const ReadBytes& read, std::uint64_t size) {
  const std::uint64_t from = size > kReach ? size - kReach : 0;
  std::string bytes(static_cast<std::size_t>(size - from), '\0');
  const auto got = read(from, bytes.data(), bytes.size());
  if (!got) return got.error();
  bytes.resize(*got);
  // A power cut may have kept the later sectors of a note and not the first.
  const std::string_view whole = std::string_view(bytes).substr(0, bytes.find('\0'));
  NotesTail tail;
  const auto place = last_note(whole);
  const std::size_t end = place ? place->end + 1 : 0;
  if (bytes.size() - end >= kMaxNoteBytes || (!place && from != 0))
    return no_notes("it ends with what is no note");
  if (!place) return tail;
  const std::string_view last = whole.substr(place->begin, place->end - place->begin);
  auto note = read_note(last);
  if (!note) return no_notes("its last note: " + note.error().message);
  tail = {from + place->begin, from + end, std::move(*note), std::string(last)};
  return tail;
}

}  // namespace portcullis::audit
