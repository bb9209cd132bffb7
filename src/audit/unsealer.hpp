// Opens sealed fields of entries with the files of keys: docs/audit-sealing.md.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "audit/entry_reader.hpp"
#include "audit/seal_classes.hpp"
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

// For a person: the value, or in brackets why there is none.
[[nodiscard]] std::string shown(Unsealed opened);

// Of how many entries texts were opened, and which those are.
struct OpenedTexts {
  std::uint64_t first = 0, last = 0;  // the lowest and the highest index
  std::uint64_t records = 0;
  SealClassSet classes{};
};

class Unsealer {
 public:
  // `count` opens nothing: it says of each field that there is a key for that it is open, with an empty
  // value, so that opened() tells beforehand what would be opened.
  enum class Use : std::uint8_t { open, count };
  // Errors as those of SealingFolder::open().
  [[nodiscard]] static base::Result<Unsealer> open(const std::filesystem::path& folder, Use use = Use::open);

  // `field` is one of the names in "sealed". The entry need not have been verified.
  [[nodiscard]] Unsealed open(const EntryReader& entry, std::string_view field);
  // The text that stands in the entry under `field`, in the clear or sealed; empty where it cannot be known.
  [[nodiscard]] std::string text(const EntryReader& entry, std::string_view field);

  // An entry that is met again behind 65,536 others may be counted again.
  [[nodiscard]] const OpenedTexts& opened() const noexcept { return opened_; }

 private:
  using Read = std::pair<std::uint64_t, base::Result<SealingKeys>>;

  Unsealer(SealingFolder folder, Use use) : folder_(std::move(folder)), use_(use) {}
  void count(std::uint64_t index, SealClass kind);
  [[nodiscard]] const base::Result<SealingKeys>* keys_of(std::uint64_t epoch);

  SealingFolder folder_;
  Use use_;
  OpenedTexts opened_;
  std::unordered_set<std::uint64_t> counted_;
  std::list<Read> read_;  // the epochs read last, each file once
};

}  // namespace portcullis::audit
