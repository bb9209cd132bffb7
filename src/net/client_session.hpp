// One client's connection from accept to close: asks the session machines what to do and does it. Two pumps,
// one each way; neither ever waits for the other, so that a peer that floods both ways cannot block itself.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "guard/rate_limiter.hpp"
#include "net/analysis_pool.hpp"
#include "net/cancel_registry.hpp"
#include "net/current_policy.hpp"
#include "net/dry_runs.hpp"
#include "net/gate.hpp"
#include "net/listen_tls.hpp"
#include "net/login_limits.hpp"
#include "net/password_salting.hpp"
#include "net/places.hpp"
#include "net/refusal_count.hpp"
#include "net/stream.hpp"
#include "net/upstream.hpp"
#include "net/worker.hpp"
#include "session/client_startup.hpp"
#include "session/relay.hpp"
#include "session/server_reset.hpp"
#include "session/server_startup.hpp"
#include "session/startup_options.hpp"

namespace portcullis::net {

class ReceiveBuffer;

// How many may be told at a time, by a session and an entry in the audit log, that there is no descriptor for
// them; of more, only the gate's own log speaks. Their descriptors are of the gate's own.
inline constexpr std::size_t kToldAtOnce = 8;

// What all sessions share. Immutable but for the counters, the registry and the pool, which are thread-safe.
struct Shared {
  Shared(LoginLimits::Options limits_of_logins, std::size_t most_descriptors)
      : login_limits(limits_of_logins), descriptors(most_descriptors) {}

  GateOptions options;
  CurrentPolicy policy;
  std::shared_ptr<guard::RateLimiter> limits;
  session::BasisSource* basis = nullptr;
  audit::Sink* sink = nullptr;
  const base::Clock* clock = nullptr;
  std::shared_ptr<Upstream> upstream;
  ListenTls tls;  // without a context: none is offered
  std::string mock_secret;
  std::vector<auth::VerifierShape> login_shapes;
  LoginLimits login_limits;
  Places telling{kToldAtOnce};  // for clients without a descriptor
  Places descriptors;           // one for a client's connection, one more for its connection to the database
  // Counted apart, so that strangers cannot hide what an agent is refused. Violations of the protocol stand
  // in the gate's own log only.
  RefusalCount strangers, agents, violations;
  CancelRegistry cancels;
  KeptCount kept;
  std::function<void()> close_kept;  // of all threads, a moment later
  std::unique_ptr<AnalysisPool> pool;
  std::unique_ptr<PasswordSalting> salting;
  std::unique_ptr<DryRuns> dry_runs;
  std::atomic<std::uint64_t> next_session{1};
  std::atomic<std::size_t> connections{0}, logged_in{0};
};

// What was counted of refused logins and not recorded yet, and a line for the violations: the gate's end.
void record_counted_refusals(Shared& shared);

class ClientSession : public std::enable_shared_from_this<ClientSession> {
 public:
  // `client_address`: with its port; `address_key`: address_key() of it.
  ClientSession(Shared& shared, Worker& worker, Admission admission, Stream client,
                std::string client_address, std::string address_key);
  ~ClientSession();

  // Runs until the session's end. `self` keeps it alive. Never throws for what a peer does.
  static asio::awaitable<void> run(std::shared_ptr<ClientSession> self);

  // On the worker's thread. End it now if nothing is under way; `force`: whatever is.
  void shut_down(bool force);

 private:
  // One writer a socket: whoever flushes first writes for all.
  struct Outlet {
    bool writing = false;
    bool failed = false;
    std::string bytes;                          // what is being written
    std::optional<asio::steady_timer> drained;  // cancelled when the writer is done
  };

  // What a login at the database gave.
  struct ServerSession : session::ServerState {
    wire::CancelRequest cancel;
    std::chrono::steady_clock::time_point logged_in;
  };

  [[nodiscard]] session::ClientStartupOptions startup_options() const;
  asio::awaitable<bool> greet_client();
  asio::awaitable<bool> prove_login();
  asio::awaitable<bool> begin_tls();
  asio::awaitable<bool> read_startup(ReceiveBuffer& buffer, session::ClientStartup::Next& next);
  asio::awaitable<void> hold_back_refusal();
  asio::awaitable<void> pass_on_cancel(const wire::CancelRequest& request);
  asio::awaitable<bool> open_database(const guard::Guard& guard, const policy::Agent& agent);
  asio::awaitable<bool> begin_session(const guard::Guard& guard, const policy::Agent& agent,
                                      const ServerSession& server);
  asio::awaitable<base::Result<ServerSession>> log_in_at_server();
  // client_session_reuse.cpp: a server connection that another session has left, and leaving one.
  asio::awaitable<base::Result<ServerSession>> log_in_where_there_is_room();
  asio::awaitable<std::optional<ServerSession>> take_kept_server(std::string agent);
  asio::awaitable<bool> check_server(const session::ServerState& state, bool& in_time);
  asio::awaitable<session::ServerAnswer::Next> hear_answer(session::ServerAnswer& answer,
                                                           ReceiveBuffer& buffer);
  void note_server(const ServerSession& server);
  [[nodiscard]] bool may_leave_server() const;
  asio::awaitable<void> leave_server();
  asio::awaitable<void> keep_server(ReceiveBuffer& buffer);
  asio::awaitable<void> reopen_server();
  asio::awaitable<void> wait_for_new_server();
  void use_server(const ServerSession& server);
  [[nodiscard]] session::Dependencies dependencies();
  asio::awaitable<void> refuse(const base::Error& error, std::string event);
  void hear_server_out(ErrorCode error);
  void pass_on_silence();
  asio::awaitable<void> pump_client();
  asio::awaitable<void> pump_server();
  asio::awaitable<bool> feed_client_bytes(ReceiveBuffer& buffer);
  asio::awaitable<void> try_out();
  asio::awaitable<void> wait_for_log(std::uint64_t index);
  asio::awaitable<void> wait_for_records();
  asio::awaitable<void> wait_for_count();
  asio::awaitable<void> wait_for_basis();
  void follow_relay();
  void start_writer();
  void start_cancel();
  void set_alarm();
  void start_alarm(std::chrono::steady_clock::time_point due);
  void on_alarm();
  asio::awaitable<void> send_cancel();
  // What the relay has to say outside of its pumps.
  asio::awaitable<void> tell_both();
  void start_telling();
  [[nodiscard]] std::function<void()> cancel_told();
  // False when it could not be sent. Otherwise the server has closed the connection: the cancel has arrived.
  asio::awaitable<bool> deliver_cancel(std::unique_ptr<Stream>& stream, const wire::CancelRequest& request);
  // What there is for a peer, as far as its socket takes it at once. False: the coroutine has to do the rest.
  [[nodiscard]] bool flushed(Outlet& outlet);
  asio::awaitable<void> flush(Outlet& outlet);
  [[nodiscard]] bool write_now(Outlet& outlet);
  [[nodiscard]] std::size_t pending(const Outlet& outlet) const;
  void take_pending(Outlet& outlet);
  [[nodiscard]] Stream& stream_of(const Outlet& outlet) {
    return &outlet == &to_server_ ? *server_ : client_;
  }
  asio::awaitable<void> wait_drained(Outlet& outlet);
  asio::awaitable<void> wait_for_server();
  void interrupt_waits();
  void start_deadline(std::chrono::milliseconds delay);
  void on_deadline();
  [[nodiscard]] base::Error in_time(base::Error error) const;
  void end(const std::string& reason, bool tell_client);
  void close_sockets();
  void fail();
  void record_refused_login(const base::Error& error, const std::string& event);

  Shared& shared_;
  Worker& worker_;
  Admission admission_;
  std::optional<Places::Place> server_descriptor_;
  Stream client_;
  std::unique_ptr<Stream> server_;
  std::string client_address_, address_key_, client_rest_, server_rest_;
  std::string login_, application_name_, client_secret_;
  std::string certificate_;  // that the client showed: SHA-256, hex
  std::string greeting_;     // the server's ParameterStatus messages that the client was given
  session::Identity identity_;
  std::optional<LoginLimits::Place> place_;  // of a connection that has not logged in
  guard::RateLimiter::Slot slot_;            // one of the agent's connections
  std::optional<session::ClientStartup> startup_;
  std::optional<session::Relay> relay_;
  session::Settings settings_;          // of the server's start-up packet
  const DatabaseRole* role_ = nullptr;  // in the options
  std::uint32_t process_id_ = 0;        // that the client was told: the first server connection's
  std::uint64_t server_number_ = 0;     // counts its server connections
  Outlet to_client_, to_server_;
  asio::steady_timer deadline_;
  asio::steady_timer alarm_;  // when the relay wants to look at its clocks
  std::optional<std::chrono::steady_clock::time_point> alarm_at_;      // the moment that it wants
  std::optional<std::chrono::steady_clock::time_point> alarm_set_to_;  // when it rings: then or earlier
  std::unique_ptr<Stream> cancel_;                                     // of a CancelRequest of the gate's own
  wire::CancelRequest server_cancel_;              // what the server knows this session by
  std::optional<asio::steady_timer> server_wait_;  // cancelled when the server has answered
  std::optional<asio::steady_timer> server_back_;  // cancelled when there is another one
  std::optional<asio::steady_timer> refusal_wait_, count_wait_;
  std::optional<ServerSession> left_as_;        // what the server's session was after its login
  std::optional<session::ServerAnswer> reset_;  // the client is gone, and another one may have the connection
  // Set by whatever thread cancels: of a session that was cancelled nothing is kept, for it may come late.
  std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  bool logged_in_ = false, relay_closed_ = false, shutting_down_ = false;
  bool client_silent_ = false;  // it has closed its side and may still be reading
  bool login_timed_out_ = false;
  bool reopening_ = false;  // server_ is one that it tries to log in at, in place of one that was lost
};

}  // namespace portcullis::net
