// What the entries must say together, once the chain has shown that they are the ones that were written: starts and
// ends, decisions and outcomes, time. docs/audit-format.md, "What must hold between entries".
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "audit/entry_reader.hpp"
#include "portcullis/audit/verify.hpp"

namespace portcullis::audit {

class EntryRules {
 public:
  using Report = std::function<void(VerifyResult severity, std::string_view check, std::string message)>;
  explicit EntryRules(Report report) : report_(std::move(report)) {}

  void see(const EntryReader& entry);
  // Statements whose final outcome never came.
  [[nodiscard]] std::uint64_t unresolved() const noexcept { return unresolved_ + required_; }

 private:
  // A decision that may still have outcomes. A Parse or Bind may have one (an error), an executed statement should.
  struct Waiting {
    bool required = false;
  };
  using Session = std::map<std::uint64_t, Waiting>;  // by the index of the decision

  void see_lifecycle(const EntryReader& entry);
  void see_time(const EntryReader& entry);
  void see_decision(const EntryReader& entry);
  void see_outcome(const EntryReader& entry);
  void see_session(const EntryReader& entry);
  void forget_optional(Session& session, std::uint64_t before);
  void drop_waiting();
  void erase(Session& session, Session::iterator at);

  enum class Phase : std::uint8_t { fresh, running, closed, recovered };

  Report report_;
  Phase phase_ = Phase::fresh;
  std::string boot_;
  std::int64_t latest_ = 0;  // the latest time seen in this boot
  std::unordered_map<std::uint64_t, Session> waiting_;
  std::size_t waiting_count_ = 0;
  std::uint64_t required_ = 0;    // of those waiting
  std::uint64_t unresolved_ = 0;  // of those no longer waited for
  bool forgot_ = false;           // more decisions waited than are kept
};

}  // namespace portcullis::audit
