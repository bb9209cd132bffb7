// Opens sealed fields of entries with the files of keys: docs/audit-sealing.md.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <utility>

#include "audit/entry_reader.hpp"
#include "audit/sealing_folder.hpp"

namespace portcullis::audit {

struct Unsealed {
  enum class State : std::uint8_t {
    absent,  // the entry has no such sealed field
    open,    // `value`, whose commitment holds with `salt`
    erased,  // there is no key for it
    wrong,  // the key does not fit the box, or the commitment does not hold: the entry or the key was changed
    unreadable,  // the file of keys: `problem` says why
  } state = State::absent;
  std::string value{};
  Hash salt{};
  std::string problem{};
};

class Unsealer {
 public:
  // Errors as those of SealingFolder::open().
  [[nodiscard]] static base::Result<Unsealer> open(const std::filesystem::path& folder);

  // `field` is one of the names in "sealed". The entry need not have been verified.
  [[nodiscard]] Unsealed open(const EntryReader& entry, std::string_view field);
  // The text that stands in the entry under `field`, in the clear or sealed; empty where it cannot be known.
  [[nodiscard]] std::string text(const EntryReader& entry, std::string_view field);

 private:
  using Read = std::pair<std::uint64_t, base::Result<SealingKeys>>;

  explicit Unsealer(SealingFolder folder) : folder_(std::move(folder)) {}
  [[nodiscard]] const base::Result<SealingKeys>* keys_of(std::uint64_t epoch);

  SealingFolder folder_;
  std::list<Read> read_;  // the epochs read last, each file once
};

}  // namespace portcullis::audit
