// A segment of the audit log from a disk that somebody else had in hand: the reader, the chain, the line for
// people.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "audit/chain.hpp"
#include "audit/read.hpp"

namespace {

using namespace portcullis::audit;

LineScanner scanner(std::string_view bytes) {
  return LineScanner(
      [bytes](std::uint64_t offset, char* into, std::size_t count) -> portcullis::base::Result<std::size_t> {
        return offset < bytes.size() ? bytes.copy(into, count, offset) : 0;
      });
}

SegmentScan scan(std::string_view bytes) {
  LineScanner lines = scanner(bytes);
  Chain chain;
  return scan_segment(lines, chain, {}).value();
}

void require(bool holds) {
  if (!holds) std::abort();
}

// The quick checks of a line say what the slow ones do.
void compare(std::string_view line, const std::optional<ReadProblem>& quick) {
  EntryReader reader;
  const auto careful = reader.read_carefully(line);
  require(quick.has_value() == careful.has_value());
  if (quick) require(quick->check == careful->check && quick->message == careful->message);
}

// No hash needs to be right for this: each line by itself.
void read_lines(std::string_view bytes) {
  LineScanner lines = scanner(bytes);
  EntryReader entry;
  for (auto line = lines.next().value(); line; line = lines.next().value()) {
    if (line->too_long) return;
    const auto bad = entry.read(line->text);
    compare(line->text, bad);
    if (bad) continue;
    const std::string shown = describe(entry);
    require(std::all_of(shown.begin(), shown.end(),
                        [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; }));
    if (entry.ends_batch()) static_cast<void>(entry.seal_holds());
    JsonLine again;
    require(again.parse(line->text) == JsonLine::Status::complete && again.is_emitted_again());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const SegmentScan first = scan(bytes);
  require((first.whole ? 1 : 0) + (first.torn ? 1 : 0) + (first.problem ? 1 : 0) == 1);
  require(first.end <= size && first.end + first.torn_bytes <= size && first.last_batch <= first.end);
  // What recovery keeps is a whole log, and says the same.
  const SegmentScan kept = scan(bytes.substr(0, first.end));
  require(kept.whole && !kept.blank_tail && kept.end == first.end && kept.batches == first.batches);
  require(kept.state.next_index == first.state.next_index && kept.state.leaf == first.state.leaf);
  read_lines(bytes);
  return 0;
}
