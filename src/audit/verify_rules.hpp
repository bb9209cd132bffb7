// What the entries must say together, once the chain has shown that they are the ones that were written:
// starts and ends, decisions and outcomes, time. docs/audit-format.md, "What must hold between entries".
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "audit/entry_facts.hpp"
#include "portcullis/audit/verify.hpp"

namespace portcullis::audit {

class EntryRules {
 public:
  using Report = std::function<void(VerifyResult severity, std::string_view check, std::string message)>;
  explicit EntryRules(Report report) : report_(std::move(report)) {}

  // The entries before the first to be seen are gone: docs/audit-format.md, "A log that was pruned".
  void begin_cut() noexcept { cut_ = Cut::first; }
  void see(const EntryFacts& entry);
  // Allowed statements that no outcome followed: see VerifyReport.
  [[nodiscard]] std::uint64_t unresolved() const noexcept { return unresolved_; }

 private:
  // An allowed decision that may still have outcomes.
  struct Waiting {
    std::uint64_t index = 0, session = 0;
    bool repeats = false;     // a Bind: each Execute of its portal has an outcome
    bool unresolved = false;  // it should have one, and had none yet
    bool is_gone = false;     // it may have no more
  };

  void see_cut(const EntryFacts& entry);
  void see_lifecycle(const EntryFacts& entry);
  void see_time(const EntryFacts& entry, bool was_running);
  void see_silence(const EntryFacts& entry);
  void see_decision(const EntryFacts& entry);
  void see_counter(const EntryFacts& entry);
  void see_policy(const EntryFacts& entry);
  void see_config(const EntryFacts& entry);
  void see_outcome(const EntryFacts& entry);
  void see_sealed(const EntryFacts& entry);
  // Null where there is none of this index.
  [[nodiscard]] Waiting* waiting_for(std::uint64_t index);
  void drop(Waiting& waiting);
  void drop_waiting();

  enum class Phase : std::uint8_t { fresh, running, closed, recovered };

  // Of a log whose first entries are gone: its first entry is due, then its second, then those of the start
  // that began before.
  enum class Cut : std::uint8_t { none, first, second, running };

  Report report_;
  Cut cut_ = Cut::none;
  Phase phase_ = Phase::fresh;
  std::string boot_;
  std::optional<std::string> segment_boot_;  // of a segment before the start that it belongs to
  std::int64_t latest_ = 0;                  // the latest time seen in this boot
  std::int64_t heartbeat_ = 0;               // microseconds that it may be silent
  // By index. The first one is never gone, and no more than half of them are, but for a few.
  std::deque<Waiting> waiting_;
  std::size_t gone_ = 0;
  std::uint64_t known_from_ = 0;  // decisions below this index are no longer in waiting_
  std::uint64_t unresolved_ = 0;
  std::set<std::string, std::less<>> policies_;  // hashes of those that came into force in this boot
  std::map<std::string, std::uint64_t, std::less<>> counters_;  // decisions of each agent in this boot
};

}  // namespace portcullis::audit
