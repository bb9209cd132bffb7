// Notes in files, for those who only read them: one that somebody kept, and the newest of a log.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/note_read.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::audit {

struct StoredNote {
  Note note;
  std::string bytes;  // byte for byte
};

// A whole regular file. 58030 when it cannot be read or has more than `most` bytes.
[[nodiscard]] base::Result<std::string> read_whole(const std::filesystem::path& file, std::size_t most);

// A file that holds one note; an empty line may follow, as in a log's file of notes. 58030 when it cannot be
// read, 22023 when it is anything else.
[[nodiscard]] base::Result<StoredNote> read_note_file(const std::filesystem::path& file);

// The whole notes in the bytes of a log's `.notes` file, each as it was signed, without the empty line behind
// it; what is left at the end is passed over.
[[nodiscard]] std::vector<std::string> split_notes(std::string_view bytes);

// The last whole note of a log's last `.notes` file that has one, whoever signed it: what a crash left of one
// behind it is passed over. Nothing where there is none. Reads the ends of these files only. 58030 when one
// cannot be read or is no file of notes.
[[nodiscard]] base::Result<std::optional<StoredNote>> newest_note(const std::filesystem::path& directory);

}  // namespace portcullis::audit
