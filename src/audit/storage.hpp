// What the log needs of a file system, and no more, so that a test can fail any call or forget what was not
// synced.
//
// Errors are 53100 for a full disk or quota, 53000 from list(), create() and open() for want of a file
// descriptor (nothing has changed then), and 58030 for anything else. None of the classes is thread-safe: the
// log's writer thread is their only user.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/result.hpp"

namespace portcullis::audit {

// An open segment. Closing it (destroying it) syncs nothing.
class SegmentFile {
 public:
  virtual ~SegmentFile() = default;
  [[nodiscard]] virtual base::Result<std::uint64_t> size() = 0;
  // Fewer bytes than `count` only at the end of the file.
  [[nodiscard]] virtual base::Result<std::size_t> read(std::uint64_t offset, char* into,
                                                       std::size_t count) = 0;
  // All of `bytes`, or an error and an unknown part of them.
  [[nodiscard]] virtual base::Result<void> write(std::uint64_t offset, std::string_view bytes) = 0;
  // Room on the disk for the file's bytes up to `end`, so that writing them cannot meet a full disk. The size
  // stays what it is where the file system can do that; elsewhere line feeds are written.
  [[nodiscard]] virtual base::Result<void> reserve(std::uint64_t end) = 0;
  // The same where it does not show: the size stays what it is, or nothing is reserved and that is no error.
  [[nodiscard]] virtual base::Result<void> reserve_unseen(std::uint64_t end) = 0;
  // Also gives back what was reserved above `size`.
  [[nodiscard]] virtual base::Result<void> truncate(std::uint64_t size) = 0;
  // Returns once the bytes and the size are on stable storage: fdatasync(2). After an error, what is on the
  // disk is unknown, and a later success would prove nothing.
  [[nodiscard]] virtual base::Result<void> sync() = 0;
};

// The directory of one log.
class Storage {
 public:
  virtual ~Storage() = default;
  [[nodiscard]] virtual base::Result<std::vector<std::string>> list() = 0;
  // The file must not exist.
  [[nodiscard]] virtual base::Result<std::unique_ptr<SegmentFile>> create(const std::string& name) = 0;
  [[nodiscard]] virtual base::Result<std::unique_ptr<SegmentFile>> open(const std::string& name) = 0;
  // `to` must not exist; an open SegmentFile stays good.
  [[nodiscard]] virtual base::Result<void> rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual base::Result<void> remove(const std::string& name) = 0;
  // Names created, renamed and removed before are durable once this returns.
  [[nodiscard]] virtual base::Result<void> sync_directory() = 0;
};

// The real one. Makes the directory with mode 0700 when it is absent, refuses one that others may write to,
// and holds flock(2) on its file `lock` for as long as it lives: a second process, or a second call, is
// refused.
[[nodiscard]] base::Result<std::unique_ptr<Storage>> open_directory(const std::filesystem::path& directory);

// Whether some process has the log open now; false too where there is no log. It may change at once.
[[nodiscard]] bool is_open_elsewhere(const std::filesystem::path& directory);

}  // namespace portcullis::audit
