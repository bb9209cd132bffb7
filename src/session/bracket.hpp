// Around one message that may change no more than so many rows, or that changes the schema as was tried out:
// what is asked before it, the message as the client sent it, and what is asked behind it, before anything is
// committed or the client told that it is done. Over a limit on rows the transaction fails, as it does with
// any statement that fails. What did not get its locks in time is sent again for a while, where nothing but
// it has to be.
//
// A Query outside a transaction gets one of the gate's own around it. The message of a pipeline runs within
// the transaction that the pipeline is in anyway. Nothing else is under way meanwhile. While the client's
// message runs, nothing of the gate's is in the session that its code could forge but its lock_timeout.
// Sans-I/O.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "portcullis/policy/policy_set.hpp"
#include "session/lock_watch.hpp"
#include "session/own_round.hpp"
#include "session/row_counter.hpp"

namespace portcullis::session {

class Bracket {
 public:
  struct Work {
    // One of them at least.
    std::optional<policy::RowLimit> limit;
    std::optional<LockDuty> locks;
    bool is_query = false;
    bool in_block = false;  // the client's own transaction, which goes on behind it
    // COMMIT or PREPARE TRANSACTION: counted is what was put off until now, before the message is sent.
    bool ends_transaction = false;
    bool is_one_statement = true;
    std::string message;  // as the client sent it
    // Of an Execute that may be sent again, its transaction being its own: its Bind. Nothing: it may not.
    std::string bind;
    std::string subject;       // for people: "UPDATE"
    std::uint64_t before = 0;  // rows that count too: of the same portal, executed in parts
    std::uint64_t record = 0;  // of the decision
  };
  enum class Step : std::uint8_t {
    read,       // more of the server's messages
    send,       // take_out() has something
    pass,       // the message needs no counting: it is the caller's to send
    wait,       // rest(), and later again()
    finish,     // ending() says how
    violation,  // the server answered out of order, or the transaction is not what it must be
  };
  enum class How : std::uint8_t { done, stopped, failed, again };
  struct Ending {
    How how = How::done;
    // What the client reads in place of the last completion; empty where it has read its error already.
    std::string error_frame;
    std::string sqlstate, error;
    char status = 'I';  // of the ReadyForQuery behind a Query
    RowsTouched rows;
    std::optional<std::vector<std::string>> differences;  // from its dry run
  };

  // `counter` is the session's and outlives this. `name` is for statements of the gate's own.
  Bracket(RowCounter& counter, std::string name, Work work);

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
  // The message has failed by 55P03, `since` it was first sent. True: that is not the client's to read, and
  // it is sent again once the server has undone what there is to undo. Else it has failed as any other does.
  [[nodiscard]] bool tries_again(std::chrono::steady_clock::duration since);
  // Of an Execute, right behind that.
  [[nodiscard]] Step end_pipeline();
  // At Step::wait. Nothing is asked of the server until then, when again() or break_off() is due.
  void rest(std::chrono::steady_clock::time_point now) noexcept { resumes_at_ = now + pause_; }
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> resumes_at() const noexcept {
    return resumes_at_;
  }
  [[nodiscard]] Step again();
  // In a pause: nothing is left of the message, and that is what the client reads.
  [[nodiscard]] Step break_off(const base::Error& why);
  // It is not sent again: the client has read something of it.
  void stay() noexcept { may_repeat_ = false; }
  // The client has asked for its end: an attempt that is under way is the last, between two it is over.
  [[nodiscard]] Step cancel();
  // The BindComplete of what is sent again: not the client's.
  [[nodiscard]] bool takes_bind() noexcept { return std::exchange(owes_bind_, false); }
  // 55P03, in words: null where it is not the gate that has bounded the wait.
  [[nodiscard]] const LockDuty* lock_duty() const noexcept {
    return watch_ && watch_->is_armed() && phase_ == Phase::running ? &watch_->duty() : nullptr;
  }
  [[nodiscard]] std::uint32_t attempts() const noexcept { return attempts_; }
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

  [[nodiscard]] Step open();
  [[nodiscard]] Step ask(Phase phase, const std::vector<std::string>& statements);
  [[nodiscard]] Step run();
  [[nodiscard]] Step count();
  [[nodiscard]] Step opened(const OwnRound& round);
  [[nodiscard]] Step counted(const OwnRound& round);
  [[nodiscard]] Step closed(const OwnRound& round);
  [[nodiscard]] Step stop(base::Error why);
  [[nodiscard]] Step fail(const OwnRound::Failure& failure);
  [[nodiscard]] Step undo();
  void end_by(const base::Error& why, std::string frame);
  void note_failed(const base::Error& why);
  [[nodiscard]] Step close();
  // The gate ends the transaction: its own, or in place of a COMMIT. A message that does more has failed
  // before its COMMIT, which leaves a failed block.
  [[nodiscard]] bool ends_here() const noexcept;
  [[nodiscard]] base::Error too_many() const;
  [[nodiscard]] base::Error unverified(const base::Error& why) const;
  // The transaction is the gate's, and ends with the message.
  [[nodiscard]] bool is_own() const noexcept { return work_.is_query && !work_.in_block; }

  RowCounter& counter_;
  std::string name_;
  Work work_;
  Phase phase_ = Phase::opening;
  How how_ = How::done;
  bool skips_ = false;      // the server has failed already
  std::size_t report_ = 0;  // which statement of the round comes first behind those of the client's
  std::optional<LockWatch> watch_;
  std::uint32_t attempts_ = 1;
  std::chrono::milliseconds pause_{0};
  std::optional<std::chrono::steady_clock::time_point> resumes_at_;
  bool may_repeat_ = true;
  bool is_cancelled_ = false;
  bool owes_bind_ = false;
  std::unique_ptr<OwnRound> round_;
  std::vector<std::string> held_;
  std::string out_;
  Ending ending_;
};

}  // namespace portcullis::session
