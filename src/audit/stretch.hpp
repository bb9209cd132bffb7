// A part of a segment, checked apart from all before it: what many threads do at once.
//
// A stretch takes its first entry at its word: index, batch, origin, the hash before. From there on
// everything is checked that needs no entry of before the stretch. So what is left to whoever follows the log
// is whether that first entry is the one due, and what entries must say together. Where a line is no entry in
// order, the stretch ends before it, and says no more: whoever follows the log reads that line again, with
// all that is needed to say what is wrong with it, or whether it is the end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "audit/chain.hpp"
#include "audit/entry_facts.hpp"
#include "audit/leaf_run.hpp"
#include "audit/line_scanner.hpp"

namespace portcullis::audit {

using SharedFile = std::shared_ptr<const base::Result<OpenedFile>>;

struct Stretch {
  // Which: the lines that begin in these bytes.
  SharedFile file{};
  std::size_t segment = 0;  // in the order of the log
  std::uint64_t from = 0, to = 0;
  bool ends_segment = false;  // as large as the file was when it was opened

  // What was found. Without an entry, nothing but `is_whole` counts.
  bool is_whole = false;    // all lines that begin there, if any, are entries in order
  std::uint64_t begin = 0;  // of the first entry, in bytes
  ChainState claimed{};     // by the first one
  ChainState state{};       // behind the last
  SegmentScan scan{};       // of these alone; `line` counts them
  std::vector<EntryFacts> entries{};
  LeafRun leaves{};
  FactStore store{};    // what `entries` point to
  std::string bytes{};  // and the lines
};

// Keeps its memory from one stretch to the next. One a thread.
class StretchReader {
 public:
  // Throws std::bad_alloc. What cannot be read is left out.
  void read(Stretch& stretch);

 private:
  // The lines that begin in the stretch, whole ones.
  [[nodiscard]] std::string_view load(Stretch& stretch);
  [[nodiscard]] bool take(Stretch& stretch, std::string_view line, std::uint64_t offset);

  Chain chain_;
  EntryReader first_;
};

}  // namespace portcullis::audit
