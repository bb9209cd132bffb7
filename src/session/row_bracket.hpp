// Around one message that may change no more than so many rows: what was counted before it, the message as
// the client sent it, and what is counted behind it, before anything is committed or the client told that it
// is done. Over the limit the transaction fails, as it does with any statement that fails.
//
// A Query outside a transaction gets one of the gate's own around it. The message of a pipeline is counted
// within the transaction that the pipeline is in anyway. Nothing else is under way meanwhile. While the
// client's message runs, nothing of the gate's is in the session that its code could forge. Sans-I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "portcullis/policy/policy_set.hpp"
#include "session/own_round.hpp"
#include "session/row_counter.hpp"

namespace portcullis::session {

class RowBracket {
 public:
  struct Work {
    policy::RowLimit limit;
    bool is_query = false;
    bool in_block = false;  // the client's own transaction, which goes on behind it
    // COMMIT or PREPARE TRANSACTION: counted is what was put off until now, before the message is sent.
    bool ends_transaction = false;
    bool is_one_statement = true;
    std::string message;       // as the client sent it
    std::string subject;       // for people: "UPDATE"
    std::uint64_t before = 0;  // rows that count too: of the same portal, executed in parts
    std::uint64_t record = 0;  // of the decision
  };
  enum class Step : std::uint8_t {
    read,       // more of the server's messages
    send,       // take_out() has something
    pass,       // the message needs no counting: it is the caller's to send
    finish,     // ending() says how
    violation,  // the server answered out of order, or the transaction is not what it must be
  };
  enum class How : std::uint8_t { done, stopped, failed };
  struct Ending {
    How how = How::done;
    // What the client reads in place of the last completion; empty where it has read its error already.
    std::string error_frame;
    std::string sqlstate;
    char status = 'I';  // of the ReadyForQuery behind a Query
    RowsTouched rows;
  };

  // `counter` is the session's and outlives this. `name` is for statements of the gate's own.
  RowBracket(RowCounter& counter, std::string name, Work work);

  [[nodiscard]] std::string take_out() { return std::exchange(out_, {}); }
  // What the server sends answers the gate, not the client.
  [[nodiscard]] bool asks() const noexcept { return round_ != nullptr; }
  [[nodiscard]] Step on_answer(char type, std::string_view body, std::string_view frame);

  // While the client's message runs: the completion of what may be its last statement is held back, with what
  // else the client reads behind it.
  void hold(std::string_view frame) { held_.emplace_back(frame); }
  [[nodiscard]] bool holds() const noexcept { return !held_.empty(); }
  [[nodiscard]] std::vector<std::string> take_held() { return std::exchange(held_, {}); }
  // A message of a pipeline was answered.
  [[nodiscard]] Step on_done();
  // The client has read the server's error, or reads another one: nothing may stay of it, however it went.
  void give_up() noexcept { how_ = How::failed; }
  // Its transaction is ended; whoever stops the message now comes too late.
  [[nodiscard]] bool is_closing() const noexcept { return phase_ == Phase::closing; }
  // ReadyForQuery behind a Query, which the client does not read.
  [[nodiscard]] Step on_ready(char status);

  [[nodiscard]] const Work& work() const noexcept { return work_; }
  [[nodiscard]] Ending& ending() noexcept { return ending_; }

 private:
  enum class Phase : std::uint8_t { opening, running, counting, closing };

  [[nodiscard]] Step ask(Phase phase, const std::vector<std::string>& statements);
  [[nodiscard]] Step run();
  [[nodiscard]] Step count();
  [[nodiscard]] Step opened(const OwnRound& round);
  [[nodiscard]] Step counted(const OwnRound& round);
  [[nodiscard]] Step closed(const OwnRound& round);
  [[nodiscard]] Step stop(base::Error why);
  [[nodiscard]] Step fail(const OwnRound::Failure& failure);
  [[nodiscard]] Step undo();
  [[nodiscard]] Step close();
  // The gate ends the transaction: its own, or in place of a COMMIT. A message that does more has failed
  // before its COMMIT, which leaves a failed block.
  [[nodiscard]] bool ends_here() const noexcept;
  [[nodiscard]] base::Error too_many() const;
  [[nodiscard]] base::Error unverified(const base::Error& why) const;

  RowCounter& counter_;
  std::string name_;
  Work work_;
  Phase phase_ = Phase::opening;
  How how_ = How::done;
  bool skips_ = false;      // the server has failed already
  std::size_t report_ = 0;  // which statement of the round counts
  std::unique_ptr<OwnRound> round_;
  std::vector<std::string> held_;
  std::string out_;
  Ending ending_;
};

}  // namespace portcullis::session
