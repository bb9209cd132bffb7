// Whether what is erased or pruned was ordered, may be, and is not held: (`order`), (`hold`) and
// (`retention`) of docs/audit-sealing.md. The verifier asks it of each entry; who carries orders out, before
// he does.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/entry_reader.hpp"
#include "audit/erased_records.hpp"
#include "audit/order_file.hpp"

namespace portcullis::audit {

inline constexpr std::size_t kMostHolds = 10'000;

// An entry `erase`, `hold` or `prune`, or one that somebody wants to write.
struct OrderEntry {
  EntryType type = EntryType::erase;
  std::uint64_t index = 0;
  std::int64_t micros = 0;               // of the entry
  std::string hash{}, order{};           // by an order
  std::optional<std::int64_t> before{};  // by time, with the class
  std::string text_class{};
  std::uint64_t first = 0;  // of `prune`, with the root of the entries before
  std::string root{};
};
// Of an entry `erase`, `hold` or `prune`.
[[nodiscard]] OrderEntry order_entry(const EntryReader& entry);

struct OrderViolation {
  std::string_view check;  // "order", "hold", "retention"
  std::string message;
};

// What the newest `config` says.
struct ErasurePowers {
  std::vector<VerifierKey> erasers{};                         // whose orders hold
  std::array<std::optional<std::int64_t>, 3> retention_ms{};  // by class
};
[[nodiscard]] ErasurePowers erasure_powers(std::string_view config_bytes);

class OrderRules {
 public:
  struct Hold {
    std::vector<IndexRange> records;
    SealClassSet classes;
  };

  // An entry that counts: all before `first` was ordered to be gone.
  struct Prune {
    std::uint64_t index = 0, first = 0;
    std::string hash;  // of the order
  };

  // Every entry of the log, in order; of other types than `segment`, `erase`, `hold`, `prune` and `config`
  // nothing is needed. The log begins with the first segment. What is wrong with it, and then it counts as if
  // it were not there. `name` is that of the log.
  [[nodiscard]] std::optional<OrderViolation> see(const EntryReader& entry, std::string_view name);

  // In the place of see() of a `segment`.
  void begin_segment(std::uint64_t index, std::span<const Hash> frontier);

  // What would be wrong with such an entry behind all that were seen.
  [[nodiscard]] std::optional<OrderViolation> judge(const OrderEntry& entry, std::string_view name) const;

  [[nodiscard]] const ErasurePowers& powers() const noexcept { return powers_; }
  // By the hash of the order; at most kMostHolds.
  [[nodiscard]] const std::map<std::string, Hold>& holds() const noexcept { return holds_; }
  // Whether anything of the class is held.
  [[nodiscard]] bool is_held(SealClass kind) const;
  [[nodiscard]] const ErasedRecords& erased() const noexcept { return erased_; }
  [[nodiscard]] const std::vector<Prune>& prunes() const noexcept { return prunes_; }
  // By the number of each segment: the root of the tree of all entries before it, hex, as it says.
  [[nodiscard]] const std::map<std::uint64_t, std::string>& segments() const noexcept { return segments_; }
  // Behind the newest `config`; nothing where none was seen.
  [[nodiscard]] std::optional<std::uint64_t> config_index() const noexcept { return config_index_; }
  // Entries that erase, so far.
  [[nodiscard]] std::uint64_t erasures() const noexcept { return erasures_; }

 private:
  struct Judged;
  [[nodiscard]] Judged judge_order(const OrderEntry& entry, std::string_view name) const;
  [[nodiscard]] std::optional<std::string> reach(const Order& order, std::uint64_t index) const;
  [[nodiscard]] std::optional<OrderViolation> judge_time(const OrderEntry& entry) const;
  [[nodiscard]] std::optional<OrderViolation> held(const Order& order) const;
  [[nodiscard]] std::optional<std::string> reach_of_prune(const OrderEntry& entry, const Order& order) const;
  [[nodiscard]] std::optional<OrderViolation> held_against(const Order& order) const;
  [[nodiscard]] std::optional<std::string> unsigned_by(const SignedOrder& order) const;
  [[nodiscard]] std::uint64_t first() const noexcept {
    return segments_.empty() ? 0 : segments_.begin()->first;
  }
  void take(const OrderEntry& entry, const SignedOrder& order);

  ErasurePowers powers_;
  std::map<std::string, Hold> holds_;
  ErasedRecords erased_;
  std::uint64_t erasures_ = 0;
  std::vector<Prune> prunes_;
  std::map<std::uint64_t, std::string> segments_;
  std::optional<std::uint64_t> config_index_;
  // Orders to hold may be in force that were pruned: until the entry that says what was.
  bool has_pruned_holds_ = false;
};

}  // namespace portcullis::audit
