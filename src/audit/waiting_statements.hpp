// Statements that wait for what became of them, and are given on in their order.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

#include "audit/statement.hpp"

namespace portcullis::audit {

class WaitingStatements {
 public:
  explicit WaitingStatements(std::function<void(Statement&&)> emit) : emit_(std::move(emit)) {}

  void add(Statement&& statement);
  [[nodiscard]] bool has(std::uint64_t decision) const {
    return rows_.contains(decision) || late_.contains(decision);
  }
  // `bytes` is the length of its line. Not to be called without has().
  void add_outcome(std::uint64_t decision, StatementOutcome&& outcome, std::size_t bytes);
  // Nothing more comes of the session's statements; of any, of which a start has no more.
  void settle_session(std::uint64_t session);
  void settle_all();
  [[nodiscard]] bool is_empty() const { return rows_.empty() && late_.empty(); }
  // How many were given on before all of their outcomes could be known.
  [[nodiscard]] std::uint64_t cut_short() const noexcept { return cut_short_; }

 private:
  struct Row {
    Statement statement;
    bool is_settled = false;
  };
  using Rows = std::map<std::uint64_t, Row>;
  void note_open_ended(std::uint64_t session, std::uint64_t index);
  void take(Row& row, StatementOutcome&& outcome);
  void give_on();
  void make_room();

  std::function<void(Statement&&)> emit_;
  Rows rows_;  // the first of them is not settled
  std::size_t bytes_ = 0;
  Rows late_;  // were overtaken by others
  // Of each session, those that only its end settles: a Bind, whose portal may be read again, and a Parse.
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> open_ended_;
  std::uint64_t cut_short_ = 0;
};

}  // namespace portcullis::audit
