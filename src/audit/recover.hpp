// Before the first write: finds the end of the log, cuts what a crash left behind it, refuses any other
// damage.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "audit/chain.hpp"
#include "audit/storage.hpp"
#include "audit/tree.hpp"

namespace portcullis::audit {

struct Recovered {
  ChainState state;  // after the last entry; index 0 for a log that is to begin
  Frontier tree;     // of all entries, from what the last segment says of those before it
  std::chrono::system_clock::time_point segment_began{};  // the last segment, as its first entry says
  std::unique_ptr<SegmentFile> file;                      // the last segment; none for a log that is to begin
  std::uint64_t end = 0;                                  // of its last entry; nothing is behind it any more
  bool closed = true;                                     // the last entry is `close`, or there is none
  std::uint64_t dropped_bytes = 0;                        // of a batch that was never acknowledged
};

// Reads the last segment whole, and of every older one the first and the last entry. On success the log ends
// with a whole batch and all of it is synced. 58030 for damage that no crash explains, for a log of another
// origin, and for files that cannot be read; the files are then as they were.
[[nodiscard]] base::Result<Recovered> recover(Storage& storage, const std::string& directory,
                                              const std::string& origin);

}  // namespace portcullis::audit
