// Around a change of the schema: how long it waits for a lock, and what it has locked, stored anew and read
// whole, held against what its dry run had shown.
//
// What is asked runs in the session's own transaction, in which the statement does: behind its end nobody
// could tell any more. Every name and operator is qualified, for the client's search_path may lead elsewhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "portcullis/base/result.hpp"
#include "session/lock_duty.hpp"
#include "session/own_round.hpp"
#include "shadow/measurement.hpp"

namespace portcullis::session {

class LockWatch {
 public:
  explicit LockWatch(LockDuty duty) : duty_(std::move(duty)) {}

  // What is asked before the statement, and the answers: those of `round` from `first` on.
  [[nodiscard]] std::vector<std::string> opening() const;
  [[nodiscard]] base::Result<void> take_opening(const OwnRound& round, std::size_t first);

  // What is asked behind it. `goes_on`: the transaction does, and gets its own lock_timeout back.
  [[nodiscard]] std::vector<std::string> closing(bool goes_on) const;
  [[nodiscard]] base::Result<void> take_closing(const OwnRound& round, std::size_t first);

  // A lock that was not free is the duty's doing, and not that of a stricter lock_timeout of the client's.
  [[nodiscard]] bool is_armed() const noexcept { return is_armed_; }
  // What came otherwise than predicted; nothing: it was not compared.
  [[nodiscard]] const std::optional<std::vector<std::string>>& differences() const noexcept {
    return differences_;
  }
  [[nodiscard]] const LockDuty& duty() const noexcept { return duty_; }

 private:
  // Of the one statement; null: nothing is compared.
  [[nodiscard]] const shadow::RunFacts* predicted() const noexcept;

  LockDuty duty_;
  std::string own_timeout_;  // the session's, in milliseconds
  bool is_armed_ = false;
  std::vector<OwnRound::Row> held_rows_;
  shadow::Held held_;
  shadow::Baseline baseline_;
  shadow::Counters counters_;
  std::optional<std::vector<std::string>> differences_;
};

}  // namespace portcullis::session
