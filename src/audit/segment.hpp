// The segment being written and the one made in advance. Bytes go only where line feeds were written and
// synced before, so that a torn write shows as line feeds, and syncing an entry does not have to sync the
// file's size as well.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "audit/storage.hpp"

namespace portcullis::audit {

// Used by one thread. Every Error is final, what is on the disk is then unknown and nothing more may be
// written, but for 53100 from secure(), prepare_next() and fill(), and 53000 from prepare_next().
class SegmentWriter {
 public:
  // `fill_step`: how many line feeds are written at a time.
  SegmentWriter(Storage& storage, std::uint64_t fill_step) : storage_(storage), fill_step_(fill_step) {}

  // Goes on behind the last entry of an existing segment, with nothing behind it.
  void resume(std::unique_ptr<SegmentFile> file, std::uint64_t end);

  // Room on the disk for the current segment up to `end`.
  [[nodiscard]] base::Result<void> secure(std::uint64_t end);
  [[nodiscard]] std::uint64_t secured() const noexcept { return current_.secured; }
  [[nodiscard]] std::uint64_t end() const noexcept { return current_.end; }

  // Makes the next segment, with room for `bytes`. After a failure it can be tried again.
  [[nodiscard]] base::Result<void> prepare_next(std::uint64_t bytes);
  [[nodiscard]] bool has_next() const noexcept { return next_.file != nullptr; }
  [[nodiscard]] std::uint64_t next_secured() const noexcept { return next_.secured; }
  // Cuts the current segment behind its last entry and begins the next, which must be prepared.
  [[nodiscard]] base::Result<void> rotate(std::uint64_t first_index);

  // Line feeds, synced, for a batch of this size. Almost always there already, from commit().
  [[nodiscard]] base::Result<void> fill(std::uint64_t batch_bytes);
  // fill() would have nothing to do.
  [[nodiscard]] bool is_filled_for(std::uint64_t batch_bytes) const noexcept {
    return current_.end + batch_bytes <= current_.filled;
  }
  // One write, one sync; and now and then line feeds ahead, under the same sync. fill() must have returned
  // success.
  [[nodiscard]] base::Result<void> commit(std::string_view batch);
  // The same without the sync: the next commit() is of this, too.
  [[nodiscard]] base::Result<void> write(std::string_view part);
  // At a clean end: cuts the current segment behind its last entry, removes the next.
  [[nodiscard]] base::Result<void> finish();

 private:
  struct Open {
    std::unique_ptr<SegmentFile> file;
    std::uint64_t end = 0;      // of the last entry
    std::uint64_t filled = 0;   // line feeds up to here, synced
    std::uint64_t secured = 0;  // room on the disk up to here
  };
  [[nodiscard]] base::Result<void> write_feeds(SegmentFile& file, std::uint64_t from, std::uint64_t to) const;
  [[nodiscard]] base::Result<void> trim();

  Storage& storage_;
  std::uint64_t fill_step_;
  Open current_, next_;
};

// Writes the bytes of a file once more where they are, so that the next sync is of them too.
[[nodiscard]] base::Result<void> rewrite(SegmentFile& file, std::uint64_t from, std::uint64_t to);

}  // namespace portcullis::audit
