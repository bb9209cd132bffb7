// Before the first write: finds the end of the log, cuts what a crash left behind it, refuses any other
// damage.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "audit/chain.hpp"
#include "audit/log.hpp"
#include "audit/storage.hpp"
#include "audit/tree.hpp"

namespace portcullis::audit {

struct Recovered {
  ChainState state;  // after the last entry, whose batch may go on; index 0 for a log that is to begin
  Frontier tree;     // of all entries, from what the last segment says of those before it
  std::chrono::system_clock::time_point segment_began{};  // the last segment, as its first entry says
  std::unique_ptr<SegmentFile> file;                      // the last segment; none for a log that is to begin
  std::uint64_t end = 0;                                  // of its last entry; nothing is behind it any more
  bool closed = true;                                     // the last entry is `close`, or there is none
  std::uint64_t dropped_bytes = 0;                        // of a batch that was never acknowledged

  std::uint64_t segment = 0;           // the first index of the last segment
  std::string key;                     // in force at the end; empty: the log is not signed
  std::string previous_key;            // before it, where no note covers the change; empty otherwise
  std::uint64_t signed_size = 0;       // of the newest note
  std::unique_ptr<SegmentFile> notes;  // those of the last segment; none where there is no file yet
  std::uint64_t notes_end = 0;         // of its last note; nothing is behind it any more
};

struct RecoverNeeds {
  std::string directory, origin;
  std::vector<KnownHead> known;
  // Asked with all but the files, before anything is changed.
  std::function<base::Result<void>(const Recovered&)> check;
};

// Reads the last segment whole, and of every older one the first and the last entry; and the newest note. On
// success all of the log is synced, and it ends with a whole batch or with decisions and outcomes of one that
// the next entry goes on with. 58030 for damage that no crash explains,
// for a log that does not go on from its newest note or from what is known of it, for a log of another
// origin, and for files that cannot be read; the error of needs.check. The files are then as they were.
[[nodiscard]] base::Result<Recovered> recover(Storage& storage, const RecoverNeeds& needs);

}  // namespace portcullis::audit
