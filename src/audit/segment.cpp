#include "audit/segment.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "audit/format.hpp"

namespace portcullis::audit {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20;

}  // namespace

void SegmentWriter::resume(std::unique_ptr<SegmentFile> file, std::uint64_t end) {
  current_ = Open{std::move(file), end, end, end};
}

base::Result<void> SegmentWriter::secure(std::uint64_t end) {
  if (end <= current_.secured) return {};
  if (auto reserved = current_.file->reserve(end); !reserved) return reserved;
  current_.secured = end;
  return {};
}

base::Result<void> SegmentWriter::write_feeds(SegmentFile& file, std::uint64_t from, std::uint64_t to) const {
  const std::string feeds(static_cast<std::size_t>(std::min(to - from, fill_step_)), '\n');
  while (from < to) {
    const auto count = std::min<std::uint64_t>(feeds.size(), to - from);
    if (auto put = file.write(from, std::string_view(feeds).substr(0, static_cast<std::size_t>(count)));
        !put) {
      return put;
    }
    from += count;
  }
  return {};
}

base::Result<void> SegmentWriter::prepare_next(std::uint64_t bytes) {
  const std::string name(kNextName);
  auto created = storage_.create(name);
  if (!created) return created.error();
  Open made{std::move(*created), 0, std::min(bytes, fill_step_), bytes};
  auto done = made.file->reserve(bytes);
  if (done) done = write_feeds(*made.file, 0, made.filled);
  if (done) done = made.file->sync();
  if (!done) {
    // Without room for it, it is made again later: the name must be free then. Nothing is lost if it is not.
    made.file.reset();
    if (auto removed = storage_.remove(name); !removed) return removed;
    return done;
  }
  next_ = std::move(made);
  return {};
}

base::Result<void> SegmentWriter::trim() {
  if (auto cut = current_.file->truncate(current_.end); !cut) return cut;
  return current_.file->sync();
}

base::Result<void> SegmentWriter::rotate(std::uint64_t first_index) {
  // Trimmed and synced first: behind a segment that another one follows there is nothing, whenever the power
  // fails.
  if (current_.file) {
    if (auto trimmed = trim(); !trimmed) return trimmed;
  }
  if (auto renamed = storage_.rename(std::string(kNextName), segment_name(first_index)); !renamed)
    return renamed;
  if (auto synced = storage_.sync_directory(); !synced) return synced;
  current_ = std::exchange(next_, Open{});
  return {};
}

base::Result<void> SegmentWriter::fill(std::uint64_t batch_bytes) {
  const std::uint64_t needed = current_.end + batch_bytes;
  if (needed <= current_.filled) return {};
  // A step more than needed, but not where there may be no room.
  const std::uint64_t until = std::max(needed, std::min(needed + fill_step_, current_.secured));
  if (auto put = write_feeds(*current_.file, current_.filled, until); !put) return put;
  if (auto synced = current_.file->sync(); !synced) {
    // A disk that is full only now, when the pages are written, has lost them: unlike in the calls before,
    // this is final.
    return base::Error{base::sqlstate::io_error, synced.error().message};
  }
  current_.filled = until;
  current_.secured = std::max(current_.secured, until);
  return {};
}

base::Result<void> SegmentWriter::commit(std::string_view batch) {
  if (auto put = current_.file->write(current_.end, batch); !put) return put;
  const std::uint64_t end = current_.end + batch.size();
  std::uint64_t filled = current_.filled;
  if (filled - end < fill_step_ / 2 && end + fill_step_ <= current_.secured) {
    const auto put = write_feeds(*current_.file, filled, end + fill_step_);
    if (put) filled = end + fill_step_;
    // Too little room is no failure of this batch: the next one meets it in fill(), where it can be waited
    // for.
    if (!put && put.error().code != base::sqlstate::disk_full) return put;
  }
  if (auto synced = current_.file->sync(); !synced) return synced;
  current_.end = end;
  current_.filled = filled;
  return {};
}

base::Result<void> SegmentWriter::write(std::string_view part) {
  if (auto put = current_.file->write(current_.end, part); !put) return put;
  current_.end += part.size();
  return {};
}

base::Result<void> SegmentWriter::finish() {
  if (auto trimmed = trim(); !trimmed) return trimmed;
  if (!has_next()) return {};
  next_ = Open{};
  if (auto removed = storage_.remove(std::string(kNextName)); !removed) return removed;
  return storage_.sync_directory();
}

base::Result<void> rewrite(SegmentFile& file, std::uint64_t from, std::uint64_t to) {
  std::string piece;
  while (from < to) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, to - from)));
    const auto got = file.read(from, piece.data(), piece.size());
    if (!got) return got.error();
    if (*got != piece.size())
      return base::Error{base::sqlstate::io_error, "a segment shrank while it was read"};
    if (auto put = file.write(from, piece); !put) return put;
    from += piece.size();
  }
  return {};
}

}  // namespace portcullis::audit
