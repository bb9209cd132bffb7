// The machine of an established session: bytes from both sides in, bytes for both sides out, and what it
// waits for. Sans-I/O; one thread. docs/architecture.md tells the way of a statement, manual 55.2 the
// protocol.
//
// INVARIANTS: every request of the client is answered exactly once and in order. Nothing that the server
// could execute is in take_to_server() before its decision is durable. A refusal is the server's own error at
// that place: a poison, a message that fails at the server in any state, goes in place of what was refused,
// and its error is replaced.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "session/bracket.hpp"
#include "session/judge.hpp"
#include "session/own_request.hpp"
#include "session/reply_queue.hpp"
#include "session/row_counter.hpp"
#include "wire/framing.hpp"

namespace portcullis::session {

class Relay {
 public:
  Relay(Identity identity, Dependencies dependencies);

  // From the client. Takes whole messages (and parts of those that stream). Bytes that were not consumed are
  // to be given again with more behind them. Consumes nothing while client_waits_for() or wants_analysis()
  // says that something is due first.
  [[nodiscard]] std::size_t on_client(std::string_view bytes);
  // The log's index that must be durable (or the log failed) before on_log() lets the client's side go on.
  [[nodiscard]] std::optional<std::uint64_t> client_waits_for() const;
  // A text too large to be analysed on this thread. The caller analyses it elsewhere and hands the result in;
  // the message is then given again and found.
  [[nodiscard]] const std::optional<std::string>& wants_analysis() const noexcept { return wanted_text_; }
  void give_analysis(Analysis analysis);
  // The next message is to be tried out before it is judged. The caller does so and hands in what came of it;
  // the message is then given again.
  [[nodiscard]] const std::optional<DryRunRequest>& wants_dry_run() const noexcept { return wanted_dry_run_; }
  void give_dry_run(DryRunResult result);
  // What was refused over a limit again and again shares an entry of the log, which is written at this time:
  // then call on_counted(). Until then nothing more is to be taken from the client, so that a flood comes in
  // slowly. Nothing: there is none.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> counts_until() const {
    return judge_.counts_until();
  }
  void on_counted();
  // The next message cannot be judged yet: there is no catalog to judge by, or a newer one may know more. The
  // caller lets what is staged go out, waits for a change of the source, and calls try_basis() until that
  // says true, or after a while give_up_basis(); the message is then given again and judged as things are.
  [[nodiscard]] bool wants_basis() const noexcept { return wanted_basis_.has_value(); }
  [[nodiscard]] bool try_basis();
  void give_up_basis();
  // The policy holds nothing back from this agent, so the client should not wait for long either.
  [[nodiscard]] bool only_observes() const;

  // Nothing more is taken from the client until the server has answered some: so much is owed, or how it
  // looks up names must be known first. What is to be sent meanwhile must go out.
  [[nodiscard]] bool waits_for_server() const;
  // on_client() left bytes for what it had to wait for, and does not have to any more: they must be given
  // again. It may have come while the caller waited for something else.
  [[nodiscard]] bool may_go_on() const {
    return held_up_ && !is_held_up() && (!waits_for_quiet_ || is_quiet());
  }

  // From the server.
  [[nodiscard]] std::size_t on_server(std::string_view bytes);
  [[nodiscard]] std::optional<std::uint64_t> server_waits_for() const;

  // The server connection is gone. True: nothing of this session was in it, so the client need not know. From
  // then on nothing is taken from the client; once wants_server() says that it has something to say, the
  // caller logs in again and gives the new connection to use_server(), or the reason why there is none to
  // give_up_server(), which ends the session.
  [[nodiscard]] bool lose_server();
  [[nodiscard]] bool server_lost() const noexcept { return server_lost_; }
  [[nodiscard]] bool wants_server() const noexcept { return wants_server_; }
  // `schemas`: current_schemas(true) there. `greeting`: its ParameterStatus messages, of which the client
  // gets those that are not in `known`, the greeting that it was given before.
  void use_server(const std::vector<std::string>& schemas, std::string_view greeting,
                  std::string_view known = {});
  void give_up_server(const base::Error& why);

  // Nothing of this session is in the server connection, under way or open, but what DISCARD ALL takes away.
  // Only where the dependencies say that server connections are used again.
  [[nodiscard]] bool leaves_server_clean() const;
  // The client said goodbye, and the server was not told, for this is so: the caller does with the connection
  // what it likes.
  [[nodiscard]] bool gives_server_back() const noexcept { return gives_server_back_; }

  // A statement is over its limit: a CancelRequest for this session is to be sent to the server. True once;
  // the caller then says when the connection of the CancelRequest has ended, or that there was none.
  [[nodiscard]] bool take_cancel();
  void on_cancel_ended();
  // The client wants its statement cancelled, which the server was told. Nothing is sent again behind that.
  void on_client_cancel();
  // When on_time() is to be called, whatever else happens until then. Nothing: never. To be asked again after
  // every call of another function.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> wakes_at() const;
  void on_time();

  // From the log. Call when durable() has risen or the log has failed.
  void on_log();

  // What to do.
  [[nodiscard]] std::string take_to_server() { return std::exchange(to_server_, {}); }
  [[nodiscard]] std::string take_to_client() { return std::exchange(to_client_, {}); }
  // The same in place of what `into` held, whose memory is used for what comes next.
  void take_to_server(std::string& into) { take(to_server_, into); }
  void take_to_client(std::string& into) { take(to_client_, into); }
  [[nodiscard]] std::size_t pending_to_client() const noexcept { return to_client_.size(); }
  [[nodiscard]] std::size_t pending_to_server() const noexcept { return to_server_.size(); }
  // Send what is left, then close both sides.
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  // Nothing is owed to anybody and no transaction is open.
  [[nodiscard]] bool idle() const noexcept {
    return replies_.empty() && staged_.empty() && held_.empty() && !own_request_ && status_ == 'I';
  }
  // All that the client has sent and that can be sent is on its way: the server may see the end of it. Data
  // of a COPY that lack their end stay what they are.
  [[nodiscard]] bool all_sent() const noexcept {
    return staged_.empty() && to_server_.empty() && !own_request_ && !cost_ && !stop_ &&
           (!bracket_ || copying_in_);
  }
  // The client said goodbye: read no more from it, but hear the server out.
  [[nodiscard]] bool client_finished() const noexcept { return client_finished_; }
  [[nodiscard]] const std::string& end_reason() const noexcept { return end_reason_; }

  // One side is gone: what was not answered gets its outcome ("connection lost"). Tells the client with
  // `goodbye` where the server went first. Call once, last.
  void close(std::string_view reason, const std::optional<base::Error>& goodbye = {});

 private:
  static constexpr std::size_t kMaxReplies = 20'000;
  // Of these, for each message.
  static constexpr std::size_t kMostLookedAt = 64;
  // Texts above this are analysed away from the thread that serves other sessions.
  static constexpr std::size_t kInlineAnalysis = 16 * 1024;
  // Forwarded bytes that may wait for the log, or for the answer to what is alone.
  static constexpr std::size_t kMaxStaged = 1u << 20;

  // What a session keeps of memory for the next message.
  static constexpr std::size_t kMaxSpare = 1024;

  // A message of the client, judged, on its way to the server.
  struct Staged {
    char type = 0;
    std::string bytes;
    std::optional<Reply> reply;
    std::optional<std::uint64_t> ticket;  // durable before release
    TallyPtr tally{};                     // which gives it its ticket
    bool refused = false;
    bool barrier = false;    // nothing behind it is judged before it is released
    bool counts = false;     // its rows or locks: nothing else may be outstanding
    bool asks_cost = false;  // likewise, before it is released
  };
  // How the server looks up names, as far as the gate knows.
  struct Lookup {
    explicit Lookup(const catalog::NameSpace& at_login)
        : names(std::make_shared<const catalog::NameSpace>(at_login)) {}

    std::shared_ptr<const catalog::NameSpace> names;
    std::shared_ptr<const sql::Claims> claims;         // what the agent says about itself by settings
    std::weak_ptr<const catalog::Snapshot> told_with;  // the catalog of that moment
    // A name was missing there, and the server has no newer one.
    std::weak_ptr<const catalog::Snapshot> asked_about;
    // While the session's own transaction has changed the catalog: what it sees, and what everybody is judged
    // by that this was made from.
    std::shared_ptr<const Basis> own, own_made_from;
    bool just_read = false;  // it, and nothing was judged by it yet

    bool catalog_changing = false;  // something in the open transaction or pipeline changes the catalog
    bool names_moving = false;      // ... or where names are looked up
    bool change_pending = false;    // what may do so is on its way
    bool names_stale = false, catalog_stale = false;  // it was done: the server must be asked
    bool names_in_doubt = false;                      // ... when there is a moment for it
    std::optional<base::Error> failure{};             // of asking it
  };
  // Bytes for the client that wait for an outcome to be durable.
  struct Held {
    std::uint64_t ticket = 0;
    std::string bytes;
    std::size_t completion = 0;    // of these, its CommandComplete at their beginning
    bool within_pipeline = false;  // begins with the CommandComplete of an Execute, not with ReadyForQuery
  };

  // A statement that is over its limit, until the client may be told how it ended.
  struct Stop {
    Stop(Passed over, std::chrono::steady_clock::time_point now) : passed(std::move(over)), since(now) {}

    Passed passed;
    std::chrono::steady_clock::time_point since;
    bool wants_cancel = true, cancel_ended = false;
    bool answered = false;  // it has come to its end at the server,
    bool failed = false;    // by an error
    bool poisoned = false;
    std::string ready;  // of a Query, and what it says
    char status = 0;
  };

  static void take(std::string& bytes, std::string& into) {
    into.clear();
    into.swap(bytes);
  }
  // relay.cpp, relay_extended.cpp: client to server.
  std::size_t stream_from_client(std::string_view bytes);
  std::optional<std::size_t> on_client_message(std::string_view bytes, const wire::FrameHeader& header);
  std::optional<std::size_t> on_text(std::string_view bytes, const wire::FrameHeader& header);
  std::optional<std::size_t> on_function_call(std::string_view bytes, const wire::FrameHeader& header);
  std::optional<std::size_t> on_bind(std::string_view bytes, const wire::FrameHeader& header);
  void on_query(std::string_view frame, const Judgement& judgement);
  void on_parse(std::string_view name, std::string_view frame, const Judgement& judgement);
  std::size_t swallow(std::string_view bytes, const wire::FrameHeader& header);
  std::size_t on_copy_data(std::string_view bytes, const wire::FrameHeader& header);
  [[nodiscard]] base::Error too_long_message(std::size_t bytes) const;
  void on_small_message(char type, std::string_view frame);
  void refuse_flush();
  void on_execute(std::string_view frame);
  void on_close_message(std::string_view frame);
  void stage_refusal(char type, Request request, std::string_view name, const Judgement& judgement);
  void stage_judged(char type, std::string_view frame, Reply&& reply, const Judgement& judgement);
  void stage(Staged&& staged);
  void release_ready();
  void release(Staged&& staged);
  [[nodiscard]] static bool opens_pipeline(char message) noexcept;
  void note_pipeline(char message);
  void reopen_pipeline();
  [[nodiscard]] bool swallows_sync() const;
  void drop_skipped(Staged& staged);
  void refuse_for_failed_log(Staged& staged, const base::Error& failure) const;
  [[nodiscard]] static std::optional<std::uint64_t> ticket_of(const Staged& staged);
  [[nodiscard]] bool take_number(Staged& staged) const;
  std::size_t refuse_behind_counted(std::string_view bytes, const wire::FrameHeader& header);

  // relay_lookup.cpp: what messages are judged by.
  // `coming` is the message that waits for it, where it is whole.
  [[nodiscard]] bool take_view(std::string_view coming);
  void settle_basis();
  // Among what was judged and is not answered yet; of much, nobody looks.
  template <class Predicate>
  [[nodiscard]] bool may_be_on_its_way(Predicate is_so) const {
    const auto& owed = replies_.all();
    return owed.size() + staged_.size() > kMostLookedAt ||
           std::ranges::any_of(owed, [&](const Reply& reply) { return is_so(reply.consequences); }) ||
           std::ranges::any_of(staged_, [&](const Staged& staged) {
             return staged.reply && is_so(staged.reply->consequences);
           });
  }
  [[nodiscard]] bool is_known_to_lack(const std::shared_ptr<const Basis>& basis) const;
  [[nodiscard]] bool end_if_strayed(const Basis& basis);
  [[nodiscard]] bool follow_lookup(const std::shared_ptr<const Basis>& basis, std::string_view coming = {});
  // SET TRANSACTION and nothing else.
  [[nodiscard]] bool sets_transaction(std::string_view message) const;
  [[nodiscard]] static bool sets_transaction(const Analysis& analysis);
  [[nodiscard]] bool is_outdated(const std::shared_ptr<const Basis>& basis) const;
  [[nodiscard]] bool are_names_outdated(const std::shared_ptr<const Basis>& basis) const;
  [[nodiscard]] bool is_catalog_new(const std::shared_ptr<const Basis>& basis) const;
  [[nodiscard]] bool is_own_catalog_outdated(const std::shared_ptr<const Basis>& basis) const;
  [[nodiscard]] std::optional<base::Error> blindness(const std::shared_ptr<const Basis>& basis);
  void ask_server(const std::shared_ptr<const Basis>& basis, bool for_catalog, bool for_settings = false);
  [[nodiscard]] static bool is_fatal(std::string_view error);
  [[nodiscard]] std::optional<std::string_view> own_frame(std::string_view bytes, std::uint32_t longest);
  std::optional<std::size_t> on_own_answer(std::string_view bytes);
  void use_own_answer();
  [[nodiscard]] bool ask_for_newer_catalog(const Judgement& judgement);
  void announce_catalog_change(Reply& reply);
  void note_sending(const Consequences& consequences);
  void note_lookup(const Consequences& consequences);
  void note_end_of_transaction();
  [[nodiscard]] bool is_quiet() const;
  [[nodiscard]] bool is_held_up() const {
    return wanted_text_ || wanted_basis_ || wanted_dry_run_ || barriers_ > 0 || waits_for_server();
  }
  // What the server says next may depend on what the client has not sent yet.
  [[nodiscard]] bool is_copying() const {
    return swallows_sync() || (replies_.is_in_doubt() && replies_.empty());
  }

  // relay_dry_runs.cpp: what is tried out before it is judged.
  [[nodiscard]] bool ask_for_dry_run(Judgement& judgement);
  // Something was executed since it was tried out.
  [[nodiscard]] bool has_strayed(const Portal& portal) const {
    if (!portal.tried_settings) return false;
    return portal.tried_settings != settings_ || !earlier_ || *portal.tried_behind != *earlier_;
  }
  void note_executed(const Staged& staged);
  void note_earlier(const Staged& staged);
  void forget_earlier() {
    if (!earlier_ || !earlier_->empty()) earlier_ = std::make_shared<const std::vector<std::string>>();
  }

  // relay_reconnect.cpp: the server is gone.
  [[nodiscard]] bool may_change_server() const;
  void on_client_without_server(std::string_view bytes);
  void send_news(std::string_view greeting, std::string_view known);

  // relay_limits.cpp: what is given back, and for how long.
  [[nodiscard]] bool is_limited(const Reply& reply) const;
  [[nodiscard]] bool holds_back() const;
  [[nodiscard]] std::vector<MeterPtr> meters_of(const ResultPlan& plan) const;
  [[nodiscard]] bool gives(char message, std::size_t size);
  [[nodiscard]] std::optional<Passed> passes(Reply& reply, std::uint64_t rows, std::uint64_t bytes);
  void note_statement_end(Reply& reply);
  [[nodiscard]] std::optional<policy::Ceiling> time_of(const Reply& reply) const;
  void start_clocks();
  [[nodiscard]] std::chrono::milliseconds idle_time() const;
  void stop(Passed passed);
  void on_stopped(char message, std::string_view body, std::string_view frame);
  void on_rows_undone();
  void finish_stop();
  void poison_stopped(bool is_execute);
  [[nodiscard]] bool leaves_changes(const Reply& reply) const;
  [[nodiscard]] std::string fate_of(const Reply& reply, bool is_done) const;
  // relay_cost.cpp: what the front of staged_ is planned to cost.
  [[nodiscard]] std::string cost_name() const;
  void ask_cost(const Staged& staged);
  [[nodiscard]] bool take_cost_answer(char type, std::string_view body, std::string_view frame);
  void finish_cost();
  void fail_estimate(const OwnRound::Failure& failure);
  void refuse_cost(base::Error why, std::string_view limit);
  [[nodiscard]] Staged take_staged();

  // relay_rows.cpp: messages whose rows are counted, or whose locks are bounded.
  void flush_before_counting();
  // For what is outstanding to be answered.
  [[nodiscard]] bool waits_to_count() const;
  [[nodiscard]] bool must_count(const Reply& reply) const;
  void begin_rows(Staged staged);
  void refuse_to_count(Staged& staged) const;
  void refuse_staged(Staged& staged, base::Error why) const;
  [[nodiscard]] std::optional<std::size_t> on_round_answer(std::string_view bytes);
  [[nodiscard]] bool take_for_rows(char type, std::string_view body, std::string_view frame);
  [[nodiscard]] bool hold_for_rows(char type, std::string_view frame);
  void take_step(Bracket::Step step);
  void send_for_rows();
  void release_held_rows();
  void pass_uncounted();
  void finish_rows();
  // Behind the end of its data a COPY is counted before anything else is sent, be it a Sync.
  [[nodiscard]] bool counts_rows_now() const {
    return bracket_ && client_stream_left_ == 0 && (!copying_in_ || rows_copy_ended_);
  }

  // relay_locks.cpp: what did not get its locks.
  [[nodiscard]] bool take_error_for_rows(std::string_view body);
  [[nodiscard]] base::Error locks_not_free(bool is_outdated) const;
  void resume_rows();
  void end_pause(Bracket::Step step);

  // relay_server.cpp: server to client.
  void take_server_message(char type, std::string_view body, std::string_view frame);
  void on_server_message(char type, std::string_view body, std::string_view frame);
  void on_ready_for_query(std::string_view body, std::string_view frame);
  void on_error(std::string_view body, std::string_view frame);
  void skip_failed_pipeline();
  void fail_front(std::string_view code, std::string_view message);
  void on_completion(char type, std::string_view body, std::string_view frame);
  void on_parameter_status(std::string_view body);
  // The server skips, and no Sync is on its way.
  [[nodiscard]] bool skips_to_sync() const;
  [[nodiscard]] bool may_have_swallowed_a_request(const Reply& copy) const;
  void confirm(const Reply& reply);
  void withdraw(const Reply& reply);
  void forget_deallocated(const Reply& reply);
  void settle(Reply& reply, std::string_view result, char transaction_status = 0);
  [[nodiscard]] bool was_within_block(const Reply& reply) const;
  void tell_limits(const Reply& reply, std::string_view result) const;
  void note_done_in_pipeline(const Reply& reply);
  void settle_pipeline(const Reply& end);
  void abandon_pipeline(bool end_was_sent);
  void drop_unsent(const Reply& reply, std::string_view result = "not executed");
  void never_ran(const std::vector<PortalPtr>& portals);
  void send_to_client(std::string_view bytes);
  void tell_completion(const Reply& query, std::string_view frame);
  void send_aside(std::string_view frame);
  void send_when_recorded(std::string_view frame, bool within_pipeline);
  bool drop_held();
  void violation(std::string message);
  void end_with(const base::Error& last_words);
  [[nodiscard]] bool is_mid_message() const { return server_stream_left_ > 0 && !server_stream_dropped_; }
  [[nodiscard]] bool is_durable(std::uint64_t index) const { return index < needs_.sink->durable(); }

  Identity identity_;
  Dependencies needs_;
  StatementRegistry registry_;
  Judge judge_;
  ReplyQueue replies_;

  std::deque<Staged> staged_;
  std::size_t barriers_ = 0;            // among them
  std::size_t staged_bytes_ = 0;        // of them
  std::size_t client_stream_left_ = 0;  // bytes of a client message that streams through
  bool client_stream_dropped_ = false;  // ... or is swallowed
  bool last_release_dropped_ = false;   // what streams shares the fate of its message's beginning
  // Binds of the pipeline that was sent, and what may have given a name behind one another meaning.
  std::size_t pipeline_binds_ = 0;
  bool pipeline_sent_ = false;    // what it did is not committed before a Sync or Query behind it
  bool fatal_relayed_ = false;    // the server has said its own last words
  bool client_finished_ = false;  // Terminate was passed on
  bool terminated_ = false;       // or waits for what was sent before it
  bool server_lost_ = false;      // and the client does not know
  bool held_up_ = false;          // when on_client() was last called
  bool wants_server_ = false;
  bool parameters_moved_ = false;  // the client was told of some since the greeting
  bool bound_ = false;             // something that the client did is in this server connection alone
  bool outlives_reset_ = false;    // ... or may be there even behind DISCARD ALL
  bool gives_server_back_ = false;
  std::optional<std::string> wanted_text_;
  std::optional<std::uint64_t> wanted_basis_;  // what the source must have answered
  bool basis_settled_ = false;                 // the next message is judged by what there is
  bool basis_given_up_ = false;                // ... be it nothing
  bool basis_asked_ = false;                   // ... and the source was asked for it
  Analysis given_analysis_;

  std::optional<DryRunRequest> wanted_dry_run_;
  std::shared_ptr<const Basis> judged_by_, wanted_dry_run_basis_;
  std::shared_ptr<const TriedOut> tried_;            // of the next message
  std::size_t dry_run_attempts_ = 0;                 // likewise
  std::shared_ptr<const SessionSettings> settings_;  // null: something was executed since they were asked
  // What the open transaction has changed in the catalog; null: it cannot be done again.
  std::shared_ptr<const std::vector<std::string>> earlier_ =
      std::make_shared<const std::vector<std::string>>();

  Lookup lookup_;
  Reading reading_;
  std::unique_ptr<OwnRequest> own_request_;  // under way: nothing else is
  bool waits_for_quiet_ = false;             // to make one
  bool unsynced_ = false;                    // the client's pipeline has not ended yet
  std::optional<Judgement> counted_;         // a refusal in it that is counted with others
  bool pipeline_ends_block_ = false;         // ... and may have ended or gone back in a transaction

  std::unique_ptr<OwnRound> cost_;  // under way: of the front of staged_

  RowCounter row_counter_;
  std::unique_ptr<Bracket> bracket_;            // under way: of the front of replies_
  std::shared_ptr<const Basis> bracket_basis_;  // that there was when it began
  bool rows_copy_ended_ = false;                // the client has sent the end of its data

  // The CommandComplete of a Query that changes something, and what came with it, until what follows is here.
  std::string completion_;
  std::size_t completion_size_ = 0;  // of the message itself
  std::deque<Held> held_;
  std::size_t server_stream_left_ = 0;
  bool server_stream_dropped_ = false;  // the client gets none of it
  bool copying_out_binary_ = false;
  std::optional<Stop> stop_;
  std::optional<std::chrono::steady_clock::time_point> idle_since_;
  char status_ = 'I';               // of the last ReadyForQuery
  bool left_block_ = false;         // something that could was executed since then
  bool skipping_ = false;           // the server skips to a Sync that the client has not sent yet
  bool copying_in_ = false;         // the server swallows Sync
  bool changed_ = false;            // something changed since the last ReadyForQuery 'I'
  bool reached_out_ = false;        // something ran that may have done so elsewhere
  std::uint64_t last_outcome_ = 0;  // of anything: the newest
  // What was executed outside a block since the last Sync, by the decisions on its Binds: an error undoes it.
  struct Done {
    std::uint64_t decision = 0;
    bool may_be_committed = false;
  };
  std::vector<Done> done_in_pipeline_;
  bool pipeline_executed_ = false;  // an Execute worked since the last ReadyForQuery
  std::string pipeline_error_;      // the SQLSTATE by which what is skipped to the Sync failed
  bool outcome_lost_ = false;       // an outcome that should be there could not be appended

  std::string to_server_, to_client_;
  std::string spare_;  // nothing but memory
  bool ended_ = false;
  std::string end_reason_;
};

}  // namespace portcullis::session
