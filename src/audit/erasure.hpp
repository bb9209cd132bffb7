// Carries orders out: checks them against the log, writes the entry, and then destroys the keys. The same for
// a gate that runs and for a command that has the log to itself. docs/audit-sealing.md, "Entries".
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "audit/order_rules.hpp"
#include "audit/sealing_folder.hpp"
#include "base/clock.hpp"
#include "portcullis/audit/record.hpp"

namespace portcullis::audit {

// Whoever writes the log.
class ErasureHost {
 public:
  virtual ~ErasureHost() = default;
  // The entry's index, when it is durable; or why it will not be.
  [[nodiscard]] virtual base::Result<std::uint64_t> append(Record record) = 0;
  // Nothing is sealed under the newest epoch's keys from here on, nor are they in memory. Nothing to do where
  // no texts are sealed.
  [[nodiscard]] virtual base::Result<void> leave_epoch() = 0;
  // Returns when a durable note covers the entry of this index, at once where the log is not signed; an error
  // where that takes long.
  [[nodiscard]] virtual base::Result<void> wait_signed(std::uint64_t index) = 0;
};

struct ErasureOptions {
  std::filesystem::path directory;  // the log's
  std::string origin;
  // For tests, which end the process there: called with "entry", "entry durable", and "keys" before the file
  // of each epoch; of what is pruned also with "config", "signed", "segment" and "notes" before each file.
  std::function<void(std::string_view step)> at_step{};
  // What is younger is not pruned: the policy's limits count it at the next start.
  std::chrono::seconds needed{};
};

// What an order reaches of a log.
struct OrderReach {
  std::map<std::uint64_t, IndexSet> slots{};  // by epoch
  std::uint64_t records = 0;                  // with a sealed text of the classes
  std::uint64_t clear = 0;                    // with a text in the clear, which cannot be erased
};

// Not thread-safe. `host` and `clock` must outlive it.
class Erasure {
 public:
  Erasure(ErasureOptions options, SealingFolder keys, ErasureHost& host, const base::Clock& clock)
      : options_(std::move(options)), keys_(std::move(keys)), host_(host), clock_(clock) {}

  // The file of an order, of any action; what was done, in words. Again and again has the same effect as
  // once. 22023 where the order is refused: it will be the next time. Any other error says what has to be
  // mended; then it is to be carried out again, for its entry may be there and its keys too.
  [[nodiscard]] base::Result<std::string> carry_out(std::string_view order);

  // Erases what the newest configuration in the log keeps no longer, in whole epochs; in words, empty where
  // there was nothing.
  [[nodiscard]] base::Result<std::string> expire();

 private:
  [[nodiscard]] base::Result<void> catch_up();
  [[nodiscard]] base::Result<std::string> erase(const SignedOrder& order, std::string_view bytes);
  [[nodiscard]] base::Result<std::string> hold(const SignedOrder& order, std::string_view bytes);
  // erasure_prune.cpp
  [[nodiscard]] base::Result<std::string> prune(const SignedOrder& order, std::string_view bytes);
  [[nodiscard]] base::Result<void> check_prune(const SignedOrder& order, std::string_view bytes) const;
  [[nodiscard]] base::Result<void> repeat_config(std::uint64_t first);
  [[nodiscard]] base::Result<std::string> remove_pruned(const OrderRules::Prune& pruned);
  [[nodiscard]] const OrderRules::Prune* recorded_prune(const std::string& hash) const;
  [[nodiscard]] base::Result<bool> was_recorded(const std::string& hash) const;
  [[nodiscard]] base::Result<void> leave_newest(const OrderReach& reach);
  [[nodiscard]] base::Result<void> destroy(const OrderReach& reach, SealClassSet classes);
  [[nodiscard]] base::Result<std::string> expire(SealClass kind);
  [[nodiscard]] base::Result<std::vector<std::uint64_t>> expired(SealClass kind, std::int64_t before) const;
  [[nodiscard]] base::Result<bool> is_all_before(std::uint64_t epoch, std::uint64_t next,
                                                 std::int64_t before) const;
  [[nodiscard]] std::int64_t micros() const;
  void at(std::string_view step) const {
    if (options_.at_step) options_.at_step(step);
  }

  const ErasureOptions options_;
  const SealingFolder keys_;
  ErasureHost& host_;
  const base::Clock& clock_;
  OrderRules rules_;
  std::uint64_t seen_ = 0;  // entries that rules_ has seen
};

// Reads the log from the first to the last of the records. 58030 when it cannot.
[[nodiscard]] base::Result<OrderReach> reach_of(const std::filesystem::path& directory, const Order& order);

// Of an entry's texts: which class has one that is sealed, or stands in the clear.
[[nodiscard]] SealClassSet sealed_classes(const EntryReader& entry);
[[nodiscard]] SealClassSet clear_classes(const EntryReader& entry);

}  // namespace portcullis::audit
