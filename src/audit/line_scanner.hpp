// Cuts a segment into lines, with memory for one line only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "portcullis/base/result.hpp"

namespace portcullis::audit {

// Reads up to `count` bytes at `offset`; fewer only at the end.
using ReadBytes =
    std::function<base::Result<std::size_t>(std::uint64_t offset, char* into, std::size_t count)>;

enum class Links : std::uint8_t { refuse, follow };  // symbolic ones

struct OpenedFile {
  ReadBytes read;           // of what is in the file by then
  std::uint64_t bytes = 0;  // when it was opened
};

// For reading only. Never waits. 58030 for what is not a regular file, or, unless they are to be followed, is
// a symbolic link to one.
[[nodiscard]] base::Result<OpenedFile> open_to_read(const std::string& path, Links links = Links::refuse);

// As if the file ended at `bytes`.
[[nodiscard]] ReadBytes only_first(std::uint64_t bytes, ReadBytes read);

struct Line {
  std::string_view text;     // without the line feed; valid until the next call
  std::uint64_t offset = 0;  // of its first byte
  std::uint64_t number = 0;  // from 1
  bool terminated = false;   // a line feed follows
  bool too_long = false;     // above kMaxLineBytes: without a line feed, `text` is only a part of it
  bool is_rest = false;      // of the line before, which was too long: no line of its own
};

class LineScanner {
 public:
  // From the line on that begins at `offset`, with `lines` before it.
  explicit LineScanner(ReadBytes read, std::uint64_t offset = 0, std::uint64_t lines = 0)
      : read_(std::move(read)), file_offset_(offset), lines_(lines) {}

  // Nothing at the end of the file.
  [[nodiscard]] base::Result<std::optional<Line>> next();

 private:
  [[nodiscard]] base::Result<bool> fill();

  ReadBytes read_;
  std::string buffer_;
  std::size_t begin_ = 0;          // of the unread part of buffer_
  std::uint64_t file_offset_ = 0;  // of buffer_[0]
  std::uint64_t lines_ = 0;
  bool at_end_ = false;
  bool inside_line_ = false;  // what was given last goes on
};

// White space of a file that was allocated and not written: nothing, or zero bytes.
[[nodiscard]] bool is_blank(std::string_view line) noexcept;

}  // namespace portcullis::audit
