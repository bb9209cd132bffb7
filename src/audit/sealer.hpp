// Seals what is appended: the newest epoch's keys, in memory, and when a new one begins.
//
// Of an epoch it keeps only keys of slots that are not taken yet: whoever reads the gate's memory can open
// nothing that was sealed before, and what is erased from the file is gone.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/sealing_folder.hpp"
#include "base/clock.hpp"

namespace portcullis::audit {

struct ClearField {
  std::string_view field;
  std::string_view value;
};

// As it stands in the entry.
struct Sealed {
  struct Field {
    std::string_view name;
    std::string commitment, box;
  };
  std::uint64_t epoch = 0, slot = 0;
  std::vector<Field> fields{};
};

// Takes slots in the order of the keys, each with the keys below it; those before are wiped.
class SlotKeys {
 public:
  SlotKeys() = default;
  explicit SlotKeys(const KeyTree& tree);
  // Not below any that was asked for before, nor the same again. Two hashes on average, where none is left
  // out.
  [[nodiscard]] std::optional<SecretKey> take(std::uint32_t slot);

 private:
  std::vector<KeyTree::Node> ahead_;  // the first slots last
};

// Thread-safe.
class Sealer {
 public:
  // A new epoch is due when one is so old, or has so few slots left.
  static constexpr std::chrono::hours kEpochAge{24};
  static constexpr std::uint32_t kSlotsAhead = std::uint32_t{1} << 17;
  // Where none can be made: for so long the old one still serves,
  static constexpr std::chrono::hours kGrace{1};
  // and so many slots are kept for what cannot be turned away.
  static constexpr std::uint32_t kSlotsKept = std::uint32_t{1} << 14;
  // How long after a failure nothing is tried unless `at_once`.
  static constexpr std::chrono::milliseconds kRetry{250};

  // Errors as those of SealingFolder. `clock` must outlive it. Nothing can be sealed before the first epoch.
  [[nodiscard]] static base::Result<std::unique_ptr<Sealer>> open(const std::filesystem::path& folder,
                                                                  std::string origin,
                                                                  const base::Clock& clock);

  // Begins an epoch where none is, one is due, or `at_once` (unless nothing was sealed under the newest):
  // its file is durable when this returns. `durable` is the number of entries that are. Errors as those of
  // SealingFolder::create(), and 53400 where no entry became durable since the newest one began; the newest
  // then goes on.
  [[nodiscard]] base::Result<void> renew(std::uint64_t durable, bool at_once = false);

  enum class Need : std::uint8_t { refusable, certain };
  // Under one slot, which no other call gets. An error when there is no key for them: why the last epoch
  // could not be made (53100, 58030, ...), or 53400 when the next one comes at once.
  [[nodiscard]] base::Result<Sealed> seal(std::span<const ClearField> fields, Need need);

  [[nodiscard]] std::uint64_t epoch() const;
  [[nodiscard]] const SealingFolder& folder() const noexcept { return folder_; }

 private:
  // What one entry is sealed with: of the classes that it has.
  struct Taken {
    std::uint64_t epoch = 0;
    std::uint32_t slot = 0;
    std::array<std::optional<SecretKey>, kSealClasses.size()> keys{};
  };

  Sealer(SealingFolder folder, std::string origin, const base::Clock& clock);
  [[nodiscard]] std::int64_t micros() const;
  [[nodiscard]] bool is_due() const;
  [[nodiscard]] std::optional<base::Error> refusal(Need need) const;
  [[nodiscard]] base::Result<Taken> take(std::span<const ClearField> fields, Need need);
  [[nodiscard]] base::Result<void> begin(std::uint64_t durable);

  const SealingFolder folder_;
  const std::string origin_;
  const Hash origin_hash_;
  const base::Clock& clock_;

  std::mutex making_;  // one epoch at a time; never taken while mutex_ is held
  mutable std::mutex mutex_;
  bool has_epoch_ = false;
  std::uint64_t epoch_ = 0;
  std::int64_t made_ = 0;
  std::uint32_t next_slot_ = 0;
  std::array<SlotKeys, kSealClasses.size()> keys_{};
  std::optional<base::Error> failure_;  // of the last try to make an epoch
  std::chrono::steady_clock::time_point next_try_{};
};

}  // namespace portcullis::audit
