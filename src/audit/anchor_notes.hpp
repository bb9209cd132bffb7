// A file of notes that were kept elsewhere, with whatever else somebody wrote between them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "audit/line_scanner.hpp"
#include "audit/note_read.hpp"

namespace portcullis::audit {

inline constexpr std::uint64_t kMaxAnchorFile = std::uint64_t{256} << 20;

// What `take` is given of a file that is read from its beginning to its end: see read_anchor_file().
[[nodiscard]] base::Result<void> read_anchor_notes(
    ReadBytes read, const std::function<void(Note note, std::uint64_t line)>& take);

// Gives `take` every note in the file, with the line that it begins at, in the order of the file: of any
// origin and size, and signed by nobody knows whom. What is no note is passed over. 58030 when the file
// cannot be read or is larger than kMaxAnchorFile. Memory for two notes, or one line of 16 MiB.
[[nodiscard]] base::Result<void> read_anchor_file(
    const std::filesystem::path& file, const std::function<void(Note note, std::uint64_t line)>& take);

}  // namespace portcullis::audit
