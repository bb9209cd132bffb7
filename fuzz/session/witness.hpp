// Those who watch a session and abort when it breaks a promise: what goes to the server was allowed and is
// recorded; the client hears what a server would have told it; the log says what became of everything.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "model_server.hpp"
#include "world.hpp"

namespace portcullis::fuzz {

// The fingerprint in reports of dry runs that let nothing pass.
inline constexpr std::string_view kRefused = "refused";

// Cuts a stream into whole frames.
class Frames {
 public:
  using Peek = base::Result<std::optional<wire::FrameHeader>> (*)(std::string_view);
  explicit Frames(Peek peek) : peek_(peek) {}

  void add(std::string_view bytes);
  // The next one, whole; false where there is none. What is no frame is never one.
  bool next(std::string& frame);
  // The same where only its header is there: what is still to come of it is dropped.
  bool next_begun(std::string& frame);
  [[nodiscard]] bool is_broken() const { return !peek_(bytes_); }
  [[nodiscard]] std::size_t pending() const noexcept { return bytes_.size(); }

 private:
  Peek peek_;
  std::string bytes_;
  std::size_t dropped_ = 0;  // still to come of a frame that was taken at its header
};

// Watches what goes to the server: each text and each Bind is one that the log says is allowed, on disk
// before it was sent, in the order of the log, and once; and each text one that is allowed by somebody else's
// word; and where it must be tried out, behind a report that allows it. What others' locks stood in the way
// of may be sent again: the same, once it was undone, unless the client has cancelled it. Data of a COPY are
// as the client has sent them: nothing else is among them.
class SentWitness {
 public:
  explicit SentWitness(const ScriptedSink& sink, Limits limits) : sink_(sink), limits_(limits) {}
  void on_client_bytes(std::string_view bytes);
  void on_frame(char type, std::string_view body);
  // The gate has heard this of the server.
  void on_server_frame(std::string_view frame);
  void on_client_cancel() noexcept { last_.is_cancelled = last_.is_refused; }

 private:
  // What was sent last, a Query or Bind, and what has become of it.
  struct Sent {
    char type = 0;
    std::string body;
    std::optional<std::size_t> decision;  // of what others' locks may stand in the way of
    bool is_refused = false;              // its locks were not free,
    bool is_undone = false;               // and nothing is left of it
    bool is_cancelled = false;
  };
  [[nodiscard]] bool is_sent_again(char type, std::string_view body);
  void note_undoing(char type, std::string_view body);
  void on_text(std::string_view message, std::string_view text);
  void find_data(std::string_view body);
  void check_poison(std::string_view text) const;
  void find_decision(std::string_view message, std::string_view text);
  [[nodiscard]] const std::string& text_of(std::size_t decision) const;
  void check_dry_run(std::size_t decision) const;
  [[nodiscard]] bool has_outcome(std::uint64_t decision);

  const ScriptedSink& sink_;
  Limits limits_;
  Frames from_client_{wire::peek_frontend};
  std::deque<std::string> data_;  // of COPY, that the client has sent and the server not got yet
  std::size_t next_ = 0;          // record that was not looked at yet
  std::size_t outcomes_read_ = 0;
  std::vector<bool> has_outcome_;
  Sent last_;
};

// Watches what the client hears. A second server hears the client's own messages; wherever the gate refuses,
// it fails there. Both must say the same, and must have committed the same. `server` is the one behind the
// gate: where a statement was stopped, only that one knows how far its message had come.
class HeardWitness {
 public:
  HeardWitness(ModelServer direct, const ModelServer& server) : direct_(std::move(direct)), server_(server) {}
  void on_client_bytes(std::string_view bytes) { asked_.add(bytes); }
  void on_client_frame(std::string_view frame);
  // Nothing is under way: everything was answered.
  void finish();
  // The server behind the gate is another one now, of which the client has not noticed.
  void change_server(ModelServer fresh);
  // The gate has said its last words: what it says from here on is not compared.
  [[nodiscard]] bool is_over() const noexcept { return is_over_; }
  [[nodiscard]] const ModelServer& direct() const noexcept { return direct_; }

 private:
  bool ask_next(bool is_refused);
  bool ask_begun();
  void on_refusal(const base::Error& error);
  void fail_direct(bool was_stopped);
  // witness_stops.cpp: statements that were over a limit.
  void on_stop(const base::Error& told);
  void hear_out();

  Frames asked_{wire::peek_frontend};
  ModelServer direct_;
  const ModelServer& server_;
  bool is_over_ = false;
};

// A row of app.u that a limit holds back.
[[nodiscard]] bool is_beyond_limit(std::string_view frame);

// It may go to the server: allowed, or only observed.
[[nodiscard]] bool lets_pass(const audit::DecisionRecord& decision);
// What the log must say once the session is closed (docs/audit-format.md, "pairs").
void check_records(const ScriptedSink& sink);
// That whoever only observes has refused no text that the model knows.
void check_nothing_denied(const ScriptedSink& sink);

}  // namespace portcullis::fuzz
