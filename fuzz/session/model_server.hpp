// A PostgreSQL server as the manual's message flows and tcop/postgres.c describe it, small: frames in, frames
// out. It skips to Sync after an error, swallows Sync while data is copied in, and answers the gate's own
// requests. Two of them are compared: one behind the gate, and one that hears the client directly.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "model_session.hpp"
#include "portcullis/wire/messages.hpp"

namespace portcullis::fuzz {

inline constexpr std::string_view kReservedName = "reserved";
inline constexpr std::string_view kOwnName = "reserved-own";
inline constexpr std::string_view kRowsName = "reserved-rows";
inline constexpr std::string_view kCostName = "reserved-cost";
// By one of them the gate asks something of its own.
[[nodiscard]] inline bool is_own_name(std::string_view name) {
  return name == kOwnName || name == kRowsName || name == kCostName;
}

class ModelServer {
 public:
  // Whether a request in the middle of COPY data ends the connection (version 14 and newer), or is swallowed.
  explicit ModelServer(bool ends_at_cut_copy = true) : ends_at_cut_copy_(ends_at_cut_copy) {}

  // One whole frame of a client, and all that is said to it.
  void on_frame(char type, std::string_view body);
  // The same step by step: what a statement gives back comes frame by frame, and until the last is out it can
  // be cancelled. Not while is_busy().
  void begin_frame(char type, std::string_view body);
  // False where nothing is under way.
  bool step();
  [[nodiscard]] bool is_busy() const noexcept { return !coming_.empty() || (query_ != nullptr && !copying_); }
  // What runs fails; does nothing to a server that waits for its client.
  void cancel();
  // The same by the client, of a statement of its own.
  void cancel_for_client();
  // A Query was answered, but for its ReadyForQuery, which is in `out`: it fails all the same, unless it was
  // committed.
  void fail_at_end();
  // The same place in the stream, where something stands that a gate refuses.
  void refuse(char type);
  // Whether on_frame() would answer a request of this type itself, rather than skip it or miss data.
  [[nodiscard]] bool would_act() const noexcept { return !skipping_ && !copying_ && !closed_; }

  // Unasked, between two messages: 'N' or 'A'.
  void speak(char type);

  // The frames that it sent, oldest first.
  std::deque<std::string> out;
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] const ModelSession& session() const noexcept { return session_; }
  // The next of the gate's own requests fails.
  void fail_next_own() noexcept { own_fails_ = true; }
  // From here on it looks as if another server had this one's session.
  void take_over(const ModelSession& session) {
    session_ = session;
    session_.refuse_locks(0);
  }
  void let_defer() noexcept { session_.let_defer(); }
  void forget_counted() noexcept { session_.forget_counted(); }
  void refuse_locks(unsigned count) noexcept { session_.refuse_locks(count); }
  // What it says when an own request of the gate's fails.
  static constexpr std::string_view kOwnFailure = "model's own";
  // ... and when others hold a lock that a statement needs.
  static constexpr std::string_view kLockNotFree = "model's lock";
  // ... and when the client cancels.
  static constexpr std::string_view kCancelled = "model's cancel";

 private:
  // By the gate's own names.
  using OwnTexts = std::map<std::string, std::string>;

  void on_message(char type, std::string_view body);
  void on_query(std::string_view body);
  void go_on_with_query();
  void on_parse(std::string_view body);
  void on_bind(std::string_view body);
  void on_describe(std::string_view body);
  void on_execute(std::string_view body);
  void on_close(std::string_view body);
  void on_sync(std::string_view body);
  void on_copy(char type, std::string_view body);
  void end_copy();
  // model_own.cpp: what the gate asks for itself.
  void parse_own(std::string_view name, std::string_view text);
  void run_own(std::string_view name);
  void run_own_control(const Part& part, bool fails);
  void give_own_rows(std::string_view text);
  void explain(std::string_view text);
  void bound_locks(std::string_view text);

  void put(char type, std::string_view body = {});
  void put_effect(const ModelSession::Effect& effect, bool described);
  // At the next steps.
  void give_rows(const ModelSession::Effect& effect);
  void give_row_of(std::initializer_list<std::optional<std::string_view>> fields);
  void complete(std::string_view tag);
  void ready();
  void error(std::string_view code, std::string_view severity = "ERROR", std::string_view text = "model");
  // What runs: a Query or a part of the extended protocol.
  void fail_request(std::string_view code, std::string_view text = "model");
  // Of a part of the extended protocol: what follows is skipped.
  void fail(std::string_view code, std::string_view text = "model");
  void fail_query(std::string_view code, std::string_view text = "model");

  bool ends_at_cut_copy_;
  ModelSession session_;
  bool skipping_ = false, closed_ = false, own_fails_ = false, own_runs_ = false;
  const KnownText* query_ = nullptr;  // in the middle of it: a COPY
  std::size_t next_part_ = 0;
  bool copying_ = false;
  unsigned copied_ = 0;
  std::deque<std::string> coming_;  // of what the statement that runs gives back
  OwnTexts own_;
};

}  // namespace portcullis::fuzz
