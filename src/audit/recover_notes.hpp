// What the notes of a log, and those who have seen it from outside, say of the log that a start has found.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audit/entry_reader.hpp"
#include "audit/notes_tail.hpp"
#include "audit/recover.hpp"

namespace portcullis::audit {

// Fed by the recovery: read(), then the entries of the last segment, then judge(); clear() changes files.
class RecoveredNotes {
 public:
  RecoveredNotes(Storage& storage, const RecoverNeeds& needs) : storage_(storage), needs_(needs) {}

  // `segments` and `notes`: the first indexes that the names have, ascending.
  [[nodiscard]] base::Result<void> read(const std::vector<std::uint64_t>& segments,
                                        const std::vector<std::uint64_t>& notes);
  // A segment is read, perhaps another one than before.
  void begin_segment();
  // The next entry of it, and the tree before it.
  void see(const EntryReader& entry, const Frontier& tree);
  // `found` has the state, the tree and the last segment; it gets the keys and the notes. `unborn`: a segment
  // that goes. 58030 where the log is not the one that was signed or known, or does not go on from there.
  [[nodiscard]] base::Result<void> judge(Recovered& found, std::optional<std::uint64_t> unborn);
  // The notes of a segment that goes, which are none yet: before the segment, or a crash between the two
  // would leave notes without one.
  [[nodiscard]] base::Result<void> remove_of(std::uint64_t unborn);
  // Cuts and syncs, and gives the file of the last segment to `found`.
  [[nodiscard]] base::Result<void> clear(Recovered& found);

 private:
  struct Change {
    std::uint64_t index;
    std::string key, old;  // `old` of an entry `key` alone
  };

  [[nodiscard]] base::Error damage(std::uint64_t number, const std::string& what) const;
  [[nodiscard]] base::Error behind(const std::string& what, std::uint64_t size, std::uint64_t found) const;
  void watch(const Frontier& tree);
  [[nodiscard]] std::string key_at(std::uint64_t size) const;
  [[nodiscard]] base::Result<Hash> root_at(std::uint64_t size);
  [[nodiscard]] base::Result<void> check_newest(const Recovered& found);
  [[nodiscard]] base::Result<void> check_known(const Recovered& found);

  Storage& storage_;
  const RecoverNeeds& needs_;
  std::vector<std::uint64_t> segments_, notes_;
  std::uint64_t newest_in_ = 0;  // the segment of the newest note
  std::optional<Note> newest_;
  std::map<std::uint64_t, std::optional<Hash>> watched_;  // roots by size
  std::string first_key_;                                 // in force before the last segment
  std::vector<Change> changes_;                           // within it
};

}  // namespace portcullis::audit
