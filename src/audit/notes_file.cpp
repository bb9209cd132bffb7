#include "audit/notes_file.hpp"

#include <string>

#include "audit/format.hpp"

namespace portcullis::audit {
namespace {

constexpr std::uint64_t kStep = std::uint64_t{64} << 10;

// A part of the note may be there, or may come back: nothing can be written behind that.
base::Error final_error(const base::Error& error) {
  return {base::sqlstate::io_error, error.message};
}

}  // namespace

base::Result<void> NotesFile::secure() {
  if (secured_ >= end_ + kStep / 2) return {};
  if (auto reserved = file_->reserve_unseen(end_ + kStep); !reserved) return reserved;
  secured_ = end_ + kStep;
  return {};
}

base::Result<void> NotesFile::append(std::string_view note) {
  const std::string bytes = std::string(note) + '\n';
  const auto ahead = secure();
  if (!ahead && (ahead.error().code != base::sqlstate::disk_full || secured_ < end_ + bytes.size()))
    return ahead;
  if (auto put = file_->write(end_, bytes); !put) {
    // Where no room could be reserved: what was written of it is taken back.
    const bool full = put.error().code == base::sqlstate::disk_full && file_->truncate(end_);
    return full ? put : base::Result<void>(final_error(put.error()));
  }
  if (auto synced = file_->sync(); !synced) return final_error(synced.error());
  end_ += bytes.size();
  return {};
}

base::Result<std::unique_ptr<SegmentFile>> make_notes(Storage& storage, std::uint64_t first_index) {
  auto file = storage.create(notes_name(first_index));
  if (!file) return file;
  if (auto synced = storage.sync_directory(); !synced) return final_error(synced.error());
  return file;
}

}  // namespace portcullis::audit
