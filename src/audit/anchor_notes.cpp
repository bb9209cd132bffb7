#include "audit/anchor_notes.hpp"

#include <string>
#include <utility>

namespace portcullis::audit {
namespace {

// Lines without an empty one between them.
struct Block {
  std::string bytes{};
  std::uint64_t line = 0;       // of its first line
  bool only_signatures = true;  // every line begins like one
  bool too_long = false;        // for a note, or a part of one; `bytes` is then its beginning

  [[nodiscard]] bool empty() const noexcept { return line == 0; }
};

class Blocks {
 public:
  explicit Blocks(const std::function<void(Note, std::uint64_t)>& take) : take_(take) {}

  void see(const Line& line) {
    const bool is_begin = !std::exchange(inside_line_, line.too_long && !line.terminated);
    if (is_begin && line.terminated && line.text.empty()) return end_block();
    if (current_.empty()) current_.line = line.number;
    if (is_begin && !line.text.starts_with(kSignatureStart)) current_.only_signatures = false;
    current_.too_long =
        current_.too_long || line.too_long || current_.bytes.size() + line.text.size() + 1 > kMaxNoteBytes;
    if (current_.too_long) return;
    current_.bytes.append(line.text);
    if (line.terminated) current_.bytes += '\n';
  }

  // Two empty lines have an empty block between them, so that what stands before them belongs to nothing.
  void end_block() {
    if (!current_.empty() && current_.only_signatures) judge();
    before_ = std::exchange(current_, {});
  }

 private:
  void judge() {
    if (before_.empty() || before_.too_long || current_.too_long) return;
    auto note = read_note(before_.bytes + "\n" + current_.bytes);
    if (note) take_(std::move(*note), before_.line);
  }

  const std::function<void(Note, std::uint64_t)>& take_;
  Block before_, current_;
  bool inside_line_ = false;  // the next piece goes on with a line that is too long to be given at once
};

}  // namespace

base::Result<void> read_anchor_notes(ReadBytes read,
                                     const std::function<void(Note note, std::uint64_t line)>& take) {
  LineScanner lines(std::move(read));
  Blocks blocks(take);
  for (;;) {
    const auto line = lines.next();
    if (!line) return line.error();
    if (!*line) break;
    blocks.see(**line);
  }
  blocks.end_block();
  return {};
}

base::Result<void> read_anchor_file(const std::filesystem::path& file,
                                    const std::function<void(Note note, std::uint64_t line)>& take) {
  auto opened = open_to_read(file.string(), Links::follow);
  if (!opened) return opened.error();
  if (opened->bytes > kMaxAnchorFile) {
    return base::Error{base::sqlstate::io_error,
                       "\"" + file.string() +
                           "\" is larger than 256 MiB: give its newest notes in a file of "
                           "their own"};
  }
  return read_anchor_notes(only_first(opened->bytes, std::move(opened->read)), take);
}

}  // namespace portcullis::audit
