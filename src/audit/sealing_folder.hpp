// The folder with a log's files of keys, one an epoch: docs/audit-sealing.md, "Files of keys". Only who
// writes the log writes here; others may read meanwhile.
//
// Errors are 53100 for a full disk, 53000 where no more files can be open, 58030 for what the system does not
// do, F0000 with what to do for a folder or a file that is not as it must be. None holds a part of a key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "audit/sealing_file.hpp"
#include "base/descriptor.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::audit {

class SealingFolder {
 public:
  // For the one who writes: made with mode 0700 when it is absent. What a crash left half done is destroyed.
  // While it or a copy of it lives, another make() of the folder is refused.
  [[nodiscard]] static base::Result<SealingFolder> make(const std::filesystem::path& path);
  // For readers: must be there. Like make() it refuses a folder that others may use at all, or that belongs
  // neither to root nor to the user that runs this.
  [[nodiscard]] static base::Result<SealingFolder> open(const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  // In their order. F0000 for a name that ends like a file of keys and is none.
  [[nodiscard]] base::Result<std::vector<std::uint64_t>> epochs() const;
  // Strictly; a regular file (no symbolic link), with owner and mode as the folder's, of this epoch. It may
  // be replaced meanwhile: this gives the old or the new one.
  [[nodiscard]] base::Result<SealingKeys> read(std::uint64_t epoch) const;
  // A new file, durable with its name when this returns. 58030 where there is one of the epoch: its keys must
  // never be used again.
  [[nodiscard]] base::Result<void> create(const SealingKeys& keys) const;
  // In place of the file of this epoch; then the blocks of the old one are overwritten and synced. Where a
  // crash comes before that, the next make() does it. On failure either the old or the new one is there, and
  // the old bytes may be, too.
  [[nodiscard]] base::Result<void> replace(const SealingKeys& keys) const;

 private:
  explicit SealingFolder(std::filesystem::path path) : path_(std::move(path)) {}
  [[nodiscard]] base::Result<std::vector<std::string>> names() const;
  [[nodiscard]] base::Result<SealingKeys> read_once(std::uint64_t epoch, bool& is_replaced) const;
  [[nodiscard]] base::Result<void> destroy_leftovers() const;
  [[nodiscard]] base::Result<void> destroy(const std::string& name) const;
  [[nodiscard]] base::Result<void> write_beside(const std::string& name, const SealingKeys& keys) const;
  [[nodiscard]] base::Result<void> sync() const;

  std::filesystem::path path_;
  std::shared_ptr<const base::Descriptor> folder_;
};

}  // namespace portcullis::audit
