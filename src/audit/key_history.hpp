// Which key signs a log, entry by entry: docs/audit-format.md, (`key`) of "What must hold between entries".
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/entry_facts.hpp"
#include "portcullis/audit/verifier_key.hpp"
#include "portcullis/audit/verify.hpp"

namespace portcullis::audit {

class KeyHistory {
 public:
  using Report = std::function<void(VerifyResult severity, std::string_view check, std::string message)>;

  struct InForce {
    VerifierKey key;
    std::string text;      // as it stands in the log
    bool trusted = false;  // it is one of those given, or one of those given put it in force
  };

  KeyHistory(std::vector<VerifierKey> given, Report report)
      : given_(std::move(given)), report_(std::move(report)) {}

  // The entries before the first to be seen are gone: it says which key was in force before it.
  void begin_cut() noexcept { is_cut_ = true; }
  // `name` is that of the log, without the version mark.
  void see(const EntryFacts& entry, std::string_view name);
  // All entries seen so far are the log's: their batch is whole.
  void settle() {
    if (std::exchange(changed_, false)) settled_ = now_;
  }

  // Behind the last entry seen; null where nobody signs.
  [[nodiscard]] const InForce* in_force() const noexcept { return now_ ? &*now_ : nullptr; }
  // Behind the last whole batch.
  [[nodiscard]] const InForce* at_end() const noexcept { return settled_ ? &*settled_ : nullptr; }
  [[nodiscard]] bool any_given() const noexcept { return !given_.empty(); }

  // The keys that were replaced behind the newest note: the next one needs a signature by each.
  [[nodiscard]] std::span<const VerifierKey> owed() const noexcept { return owed_; }
  void note_holds() noexcept { owed_.clear(); }

 private:
  void see_segment(const Declaration& said);
  void see_open(const Declaration& said);
  void see_change(const Declaration& said);
  // Nothing where it is no public key of this log.
  [[nodiscard]] std::optional<InForce> key_of(const std::string& text) const;
  [[nodiscard]] bool is_in_force(const std::optional<InForce>& key) const;
  void owe(const VerifierKey& old);
  void adopt(std::optional<InForce> key);
  void wrong(std::string message) const { report_(VerifyResult::tampered, "key", std::move(message)); }

  std::vector<VerifierKey> given_;
  Report report_;
  std::string_view name_;  // of the log, during see()
  std::optional<InForce> now_, settled_;
  bool changed_ = false;
  bool is_cut_ = false;  // until the first entry
  std::vector<VerifierKey> owed_;
};

}  // namespace portcullis::audit
