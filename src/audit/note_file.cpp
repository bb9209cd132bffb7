#include "audit/note_file.hpp"

#include <algorithm>
#include <system_error>

#include "audit/format.hpp"
#include "audit/line_scanner.hpp"

namespace portcullis::audit {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".notes";
constexpr std::string_view kSignatureStart = "\xe2\x80\x94 ";
// The last whole note, the empty line behind it, and the beginning of one more that a crash left.
constexpr std::uint64_t kEndBytes = 2 * (kMaxNoteBytes + 1);

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

// In the order of their segments.
base::Result<std::vector<fs::path>> list_notes(const fs::path& directory) {
  std::error_code failed;
  std::vector<fs::path> files;
  fs::directory_iterator file(directory, failed);
  for (; !failed && file != fs::directory_iterator{}; file.increment(failed)) {
    const std::string name = file->path().filename().string();
    if (!name.ends_with(kSuffix)) continue;
    const std::string stem = name.substr(0, name.size() - kSuffix.size());
    if (!segment_first_index(stem + std::string(kSegmentSuffix))) {
      return cannot_read("\"" + name +
                         "\" is not the name of a file of notes: it is called as its segment is");
    }
    files.push_back(file->path());
  }
  if (failed) {
    return cannot_read("could not read the audit log \"" + directory.string() + "\": " + failed.message());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The last note that is whole, at the end of a file of notes: the signatures that an empty line follows, and
// the text right before them.
std::optional<std::string> last_whole_note(std::string_view end) {
  for (;;) {
    const auto behind = end.rfind("\n\n");
    if (behind == std::string_view::npos) return std::nullopt;
    end = end.substr(0, behind + 1);
    const auto blank = end.rfind("\n\n");
    if (blank == std::string_view::npos) return std::nullopt;
    if (!end.substr(blank + 2).starts_with(kSignatureStart)) continue;
    const auto before = end.substr(0, blank).rfind("\n\n");
    return std::string(end.substr(before == std::string_view::npos ? 0 : before + 2));
  }
}

// Nothing where the file has no whole note.
base::Result<std::optional<StoredNote>> last_note_of(const fs::path& file) {
  std::error_code failed;
  const std::uint64_t size = fs::file_size(file, failed);
  if (failed) return cannot_read("could not read \"" + file.string() + "\": " + failed.message());
  const std::uint64_t from = size > kEndBytes ? size - kEndBytes : 0;
  const auto end = read_part(file, from, kEndBytes, Links::refuse);
  if (!end) return end.error();
  auto bytes = last_whole_note(*end);
  if (!bytes && from == 0) return std::optional<StoredNote>{};
  auto note = bytes ? read_note(*bytes) : read_note({});
  if (!note) {
    return cannot_read("the last note of \"" + file.string() +
                       "\" cannot be read: run portcullis audit verify");
  }
  return std::optional<StoredNote>{{std::move(*note), std::move(*bytes)}};
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
  const auto files = list_notes(directory);
  if (!files) return files.error();
  for (auto file = files->rbegin(); file != files->rend(); ++file) {
    auto note = last_note_of(*file);
    if (!note || *note) return note;
  }
  return std::optional<StoredNote>{};
}

}  // namespace portcullis::audit
