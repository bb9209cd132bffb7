#include "audit/note_file.hpp"

#include <algorithm>
#include <utility>

#include "audit/directory_listing.hpp"
#include "audit/line_scanner.hpp"
#include "audit/notes_tail.hpp"

namespace portcullis::audit {
namespace {

namespace fs = std::filesystem;

base::Error cannot_read(const std::string& message) {
  return {.code = base::sqlstate::io_error, .message = message};
}

base::Error in_file(const fs::path& file, const base::Error& error) {
  return {.code = error.code, .message = "\"" + file.string() + "\": " + error.message};
}

// From `offset` on, at most `count` bytes.
base::Result<std::string> read_part(const fs::path& file, std::uint64_t offset, std::size_t count,
                                    Links links) {
  const auto opened = open_to_read(file.string(), links);
  if (!opened) return opened.error();
  std::string bytes(std::min<std::uint64_t>(count, opened->bytes - std::min(opened->bytes, offset)), '\0');
  const auto got = opened->read(offset, bytes.data(), bytes.size());
  if (!got) return got.error();
  bytes.resize(*got);
  return bytes;
}

// Nothing where the file has no whole note.
base::Result<std::optional<StoredNote>> last_note_of(const fs::path& file) {
  const auto opened = open_to_read(file.string(), Links::refuse);
  if (!opened) return opened.error();
  auto tail = read_notes_tail(opened->read, opened->bytes);
  if (!tail) {
    return cannot_read("the last note of \"" + file.string() +
                       "\" cannot be read: run portcullis audit verify");
  }
  if (!tail->note) return std::optional<StoredNote>{};
  return std::optional<StoredNote>{{std::move(*tail->note), std::move(tail->bytes)}};
}

}  // namespace

base::Result<std::string> read_whole(const fs::path& file, std::size_t most) {
  auto bytes = read_part(file, 0, most + 1, Links::follow);
  if (bytes && bytes->size() > most) {
    return cannot_read("\"" + file.string() + "\" is larger than " + std::to_string(most) +
                       " bytes: it is not what was asked for");
  }
  return bytes;
}

base::Result<StoredNote> read_note_file(const fs::path& file) {
  auto bytes = read_whole(file, kMaxNoteBytes + 1);
  if (!bytes) return bytes.error();
  if (bytes->ends_with("\n\n")) bytes->pop_back();
  auto note = read_note(*bytes);
  if (!note) return in_file(file, note.error());
  return StoredNote{std::move(*note), std::move(*bytes)};
}

std::vector<std::string> split_notes(std::string_view bytes) {
  std::vector<std::string> notes;
  for (;;) {
    const auto blank = bytes.find("\n\n");
    const auto behind = blank == std::string_view::npos ? blank : bytes.find("\n\n", blank + 2);
    if (behind == std::string_view::npos) return notes;
    notes.emplace_back(bytes.substr(0, behind + 1));
    bytes.remove_prefix(behind + 2);
  }
}

base::Result<std::optional<StoredNote>> newest_note(const fs::path& directory) {
  const auto log = list_log(directory);
  if (!log) return log.error();
  if (!log->strays.empty())
    return cannot_read("\"" + log->strays.back() + "\" is beside no segment: run portcullis audit verify");
  for (auto file = log->notes.rbegin(); file != log->notes.rend(); ++file) {
    if (!file->exists) continue;
    auto note = last_note_of(file->path);
    if (!note || *note) return note;
  }
  return std::optional<StoredNote>{};
}

}  // namespace portcullis::audit
