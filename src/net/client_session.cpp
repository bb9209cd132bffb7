#include "net/client_session.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "portcullis/base/deadline.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
namespace sqlstate = base::sqlstate;

namespace {

// Bytes for one peer that may wait while another coroutine writes to it.
constexpr std::size_t kMaxPending = 256 * 1024;
// How long a peer may take to hear the last words.
constexpr std::chrono::milliseconds kGoodbyeTime{5'000};
// How long a statement waits for the catalog to be read, and how often it looks when nobody wakes it.
constexpr std::chrono::milliseconds kLongestBasisWait{10'000}, kBasisGlance{250};

std::string quoted(std::string_view name) {
  return "\"" + std::string(name) + "\"";
}

}  // namespace

class ClientSession::Buffer {
 public:
  explicit Buffer(std::string initial) : bytes_(std::move(initial)), end_(bytes_.size()) {}

  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data() + begin_, end_ - begin_}; }
  void consume(std::size_t count) noexcept { begin_ += count; }
  void commit(std::size_t count) noexcept { end_ += count; }
  [[nodiscard]] char* space() noexcept { return bytes_.data() + end_; }
  [[nodiscard]] std::size_t space_size() const noexcept { return bytes_.size() - end_; }

  // Room for more. Grows only while one message needs it whole, which the machines bound; gives back what a
  // large one took.
  void make_room() {
    bytes_.erase(0, begin_);
    end_ -= std::exchange(begin_, 0);
    std::size_t size = std::max(end_ < kRead ? kRead : 2 * end_, kRead);
    bytes_.resize(size);
    if (bytes_.capacity() > 8 * size) bytes_.shrink_to_fit();
  }

 private:
  static constexpr std::size_t kRead = 16 * 1024;
  std::string bytes_;
  std::size_t begin_ = 0, end_;
};

ClientSession::ClientSession(Shared& shared, Worker& worker, Stream client, std::string client_address)
    : shared_(shared),
      worker_(worker),
      client_(std::move(client)),
      client_address_(std::move(client_address)),
      deadline_(worker.context()) {
  over_limit_ = ++shared_.connections > shared_.options.connections;
  worker_.sessions().insert(this);
}

ClientSession::~ClientSession() {
  worker_.sessions().erase(this);
  if (!client_secret_.empty()) shared_.cancels.remove(server_process_id_, client_secret_);
  if (relay_ && !relay_closed_) relay_->close("the connection ended");
  --shared_.connections;
}

asio::awaitable<void> ClientSession::run(std::shared_ptr<ClientSession> self) {
  self->start_deadline(self->shared_.options.authentication_time);
  const bool ready = co_await self->greet_client();
  self->deadline_.expires_at(asio::steady_timer::time_point::max());
  if (!ready) {
    self->close_sockets();
    co_return;
  }
  // The coroutine owns the session through its parameter; the handler only speaks of our own bugs.
  const auto server_side = [](std::shared_ptr<ClientSession> session) -> asio::awaitable<void> {
    co_await session->pump_server();
  };
  asio::co_spawn(self->worker_.context(), server_side(self), [self](std::exception_ptr failure) {
    if (failure) {
      base::log::error("a session ended by an unexpected error");
      self->close_sockets();
    }
  });
  co_await self->pump_client();
}

// --- up to the first ReadyForQuery
// -------------------------------------------------------------------------------------

asio::awaitable<bool> ClientSession::greet_client() {
  session::ClientStartupOptions options;
  options.tls_available = shared_.tls != nullptr;
  options.tls_required = shared_.options.tls_required;
  options.verifier_of = [this](std::string_view login) -> std::optional<auth::ScramVerifier> {
    const auto found = shared_.options.logins.find(login);
    if (found == shared_.options.logins.end()) return std::nullopt;
    return found->second;
  };
  options.mock_secret = shared_.mock_secret;
  options.nonce = base::to_base64(auth::random_bytes(18));
  startup_.emplace(std::move(options));

  using Next = session::ClientStartup::Next;
  Buffer buffer{std::string()};
  for (;;) {
    buffer.make_room();
    const auto read = co_await client_.read_some(buffer.space(), buffer.space_size());
    if (read.error) co_return false;
    buffer.commit(read.size);
    Next next = Next::read;
    std::size_t consumed = 1;
    while (next == Next::read && consumed > 0 && !buffer.view().empty()) {
      next = startup_->on_bytes(buffer.view(), consumed);
      buffer.consume(consumed);
    }
    login_ = startup_->login();
    if (over_limit_ && !login_.empty()) {  // not before it is known to be no CancelRequest
      const Error error{sqlstate::too_many_connections,
                        "sorry, too many clients already: limits.connections of the gate is " +
                            std::to_string(shared_.options.connections)};
      co_await refuse(error, "refused");
      co_return false;
    }
    if (next == Next::cancel) {
      co_await pass_on_cancel(*startup_->cancel_request());
      co_return false;
    }
    if (next == Next::close)
      record_refused_login(startup_->failure(), startup_->login_failed() ? "refused" : "");
    const std::string out = startup_->take_out();
    const auto error = co_await client_.write_all(out);
    if (error || next == Next::close) co_return false;
    if (next == Next::start_tls) {
      const auto tls_error = co_await client_.tls_server(*shared_.tls);
      if (tls_error) co_return false;
    }
    if (next == Next::done) break;
  }
  client_rest_ = buffer.view();

  const auto guard = shared_.policy.get();
  const auto* agent = guard->policy().agent_by_login(login_);
  if (agent == nullptr) {
    const Error error{
        sqlstate::invalid_authorization,
        "login " + quoted(login_) + " belongs to no agent of the policy: add it under \"agents\""};
    co_await refuse(error, "refused");
    co_return false;
  }
  const bool opened = co_await open_database(*guard, *agent);
  co_return opened;
}

asio::awaitable<void> ClientSession::pass_on_cancel(const wire::CancelRequest& request) {
  const auto target = shared_.cancels.find(request);
  if (!target) co_return;
  const auto connected = co_await shared_.upstream->connect(server_);
  if (!connected) co_return;
  std::string bytes;
  wire::encode(bytes, *target);
  const auto error = co_await server_->write_all(bytes);
  if (error) co_return;
  // The client may take its own connection's end for "the cancel has arrived": wait for the server to say so.
  char byte = 0;
  const auto read = co_await server_->read_some(&byte, 1);
  (void)read;
}

asio::awaitable<bool> ClientSession::open_database(const guard::Guard& guard, const policy::Agent& agent) {
  for (const auto& [key, value] : startup_->startup().parameters) {
    if (key == "application_name") application_name_ = value;
  }
  auto settings = session::judge_startup(startup_->startup(), guard, agent.name, shared_.options.database,
                                         shared_.options.search_path);
  if (!settings) {
    co_await refuse(settings.error(), "refused");
    co_return false;
  }
  if (!shared_.options.roles.contains(agent.name)) {
    const Error error{sqlstate::invalid_authorization,
                      "agent " + quoted(agent.name) + " has no database role: add it under upstream.roles"};
    co_await refuse(error, "refused");
    co_return false;
  }
  auto slot = shared_.limits->open_session(agent.name);
  if (!slot) {
    co_await refuse(slot.error(), "refused");
    co_return false;
  }
  slot_ = std::move(*slot);
  const auto connected = co_await shared_.upstream->connect(server_);
  if (!connected) {
    const Error error = in_time(connected.error());
    co_await refuse(error, "refused");
    co_return false;
  }
  const bool started = co_await start_server_session(agent, std::move(*settings));
  co_return started;
}

asio::awaitable<bool> ClientSession::start_server_session(const policy::Agent& agent,
                                                          session::Settings settings) {
  const DatabaseRole& role = shared_.options.roles.find(agent.name)->second;
  session::ServerStartupOptions options;
  options.user = role.user;
  options.password = role.password;
  options.database = shared_.options.database;
  options.parameters = std::move(settings);
  options.channel_is_private = shared_.upstream->is_private();
  options.allow_superuser = shared_.options.allow_superuser;
  options.nonce = base::to_base64(auth::random_bytes(18));
  session::ServerStartup startup(std::move(options));

  using Next = session::ServerStartup::Next;
  Buffer buffer{std::string()};
  Next next = Next::read;
  while (next == Next::read) {
    const std::string out = startup.take_out();
    const auto write_error = co_await server_->write_all(out);
    buffer.make_room();
    const auto read = co_await server_->read_some(buffer.space(), buffer.space_size());
    if (write_error || read.error) {
      const Error error =
          in_time({sqlstate::cannot_connect, "the database closed the connection during the login"});
      co_await refuse(error, "refused");
      co_return false;
    }
    buffer.commit(read.size);
    std::size_t consumed = 0;
    next = startup.on_bytes(buffer.view(), consumed);
    buffer.consume(consumed);
  }
  if (next == Next::failed) {
    co_await refuse(startup.failure(), "refused");
    co_return false;
  }
  server_rest_ = buffer.view();
  server_process_id_ = startup.process_id();

  identity_ = session::Identity{};
  identity_.session = shared_.next_session++;
  identity_.agent = agent.name;
  identity_.owner = agent.owner;
  identity_.login = login_;
  identity_.role = role.user;
  identity_.database = shared_.options.database;
  identity_.client_address = client_address_;
  identity_.application_name = application_name_;
  identity_.tls = client_.is_tls();
  identity_.names.search_path = startup.schemas();
  identity_.reserved_name = "\x01portcullis-" + base::to_hex(auth::random_bytes(16));

  session::Dependencies needs{shared_.basis, shared_.limits.get(), shared_.sink,
                              shared_.clock, &worker_.facts(),     &shared_.policy.sequence_of(agent.name)};
  session::Recorder recorder(identity_, needs);
  const auto record = recorder.session("login", {}, server_process_id_);
  if (record) co_await worker_.log_waiters().wait(*record, this);
  if (!record || *record >= shared_.sink->durable()) {
    const Error error =
        record ? shared_.sink->failure().value_or(Error{sqlstate::io_error, "the audit log has failed"})
               : record.error();
    co_await refuse(error, "");
    co_return false;
  }
  relay_.emplace(identity_, needs);

  std::string answer = startup.for_client();
  if (server_process_id_ != 0) {
    client_secret_ = auth::random_bytes(4);
    shared_.cancels.add(server_process_id_, client_secret_, startup.secret_key());
    wire::encode(answer, wire::BackendKeyData{server_process_id_, client_secret_});
  }
  wire::encode(answer, wire::ReadyForQuery{'I'});
  const auto error = co_await client_.write_all(answer);
  base::log::info("session " + std::to_string(identity_.session) + ": agent " + agent.name + " from " +
                  client_address_ + " as database role " + role.user);
  co_return !error;
}

asio::awaitable<void> ClientSession::refuse(const Error& error, std::string event) {
  record_refused_login(error, event);
  std::string bytes;
  wire::encode(bytes, wire::to_error_response(error, "FATAL"));
  const auto written = co_await client_.write_all(bytes);
  (void)written;
}

void ClientSession::record_refused_login(const Error& error, const std::string& event) {
  base::log::warning("connection from " + client_address_ + " refused: " + error.message);
  if (event.empty()) return;
  audit::SessionRecord record;
  record.event = event;
  record.login = login_;
  record.client_address = client_address_;
  record.application_name = application_name_;
  record.tls = client_.is_tls();
  record.sqlstate = error.code.view();
  record.reason = error.message;
  (void)shared_.sink->append(std::move(record));
}

// --- the pumps
// ---------------------------------------------------------------------------------------------------------

asio::awaitable<void> ClientSession::pump_client() {
  Buffer buffer(std::move(client_rest_));
  bool open = true;
  while (open) {
    open = co_await feed_client_bytes(buffer);
    if (!open) break;
    buffer.make_room();
    const auto read = co_await client_.read_some(buffer.space(), buffer.space_size());
    if (read.error) {
      end("the client disconnected", false);
      co_return;
    }
    buffer.commit(read.size);
  }
  // After Terminate the server is heard out: what still runs gets its outcome.
  if (relay_->ended()) end(relay_->end_reason(), true);
}

// Everything that can be done with the bytes at hand. False when the client's side is finished.
asio::awaitable<bool> ClientSession::feed_client_bytes(Buffer& buffer) {
  std::size_t consumed = 1;
  while (consumed > 0 && !relay_->ended() && !relay_->client_finished()) {
    consumed = relay_->on_client(buffer.view());
    buffer.consume(consumed);
    if (relay_->wants_analysis()) {
      std::string text = *relay_->wants_analysis();
      session::Analysis analysis = co_await shared_.pool->analyze(std::move(text));
      relay_->give_analysis(std::move(analysis));
      consumed = 1;
    }
    auto due = relay_->client_waits_for();
    while (due && !relay_->ended()) {
      co_await worker_.log_waiters().wait(*due, this);
      relay_->on_log();
      due = relay_->client_waits_for();
    }
    co_await flush_server();
    co_await flush_client();
    while (relay_->waits_for_server() && !relay_->ended()) {
      co_await wait_for_server();
      co_await flush_server();
      consumed = 1;
    }
    if (relay_->wants_basis()) {
      co_await wait_for_basis();
      consumed = 1;
    }
  }
  co_return !relay_->ended() && !relay_->client_finished();
}

asio::awaitable<void> ClientSession::pump_server() {
  Buffer buffer(std::move(server_rest_));
  std::string reason = "the database closed the connection";
  for (;;) {
    buffer.consume(relay_->on_server(buffer.view()));
    if (server_wait_ && (!relay_->waits_for_server() || relay_->pending_to_server() > 0))
      server_wait_->cancel();
    co_await flush_client();
    auto due = relay_->server_waits_for();
    const bool waited = due.has_value();
    while (due && !relay_->ended()) {
      co_await worker_.log_waiters().wait(*due, this);
      relay_->on_log();
      co_await flush_client();
      due = relay_->server_waits_for();
    }
    if (relay_->ended()) break;
    if (waited) continue;  // what the wait had stopped comes first
    buffer.make_room();
    const auto read = co_await server_->read_some(buffer.space(), buffer.space_size());
    if (read.error) break;
    buffer.commit(read.size);
  }
  if (relay_->ended()) reason = relay_->end_reason();
  end(reason, true);
  while (to_client_.writing) {
    co_await wait_drained(to_client_);
  }
  co_await flush_client();
  close_sockets();
}

asio::awaitable<void> ClientSession::flush_server() {
  // Only the client's pump sends to the server.
  while (relay_->pending_to_server() > 0) {
    const std::string bytes = relay_->take_to_server();
    if (to_server_.failed) continue;
    const auto error = co_await server_->write_all(bytes);
    if (error) to_server_.failed = true;
  }
}

asio::awaitable<void> ClientSession::flush_client() {
  if (to_client_.writing) {
    if (relay_->pending_to_client() > kMaxPending) co_await wait_drained(to_client_);
    co_return;
  }
  to_client_.writing = true;
  while (relay_->pending_to_client() > 0) {
    const std::string bytes = relay_->take_to_client();
    if (to_client_.failed) continue;
    const auto error = co_await client_.write_all(bytes);
    if (error) to_client_.failed = true;
  }
  to_client_.writing = false;
  if (to_client_.drained) to_client_.drained->cancel();
}

// Until there is something new to judge by. Somebody else's change may take long: then by what there is, be
// it nothing.
asio::awaitable<void> ClientSession::wait_for_basis() {
  const auto until = base::Deadline::after(shared_.clock->steady(), kLongestBasisWait);
  bool there = relay_->try_basis();
  while (!there && !relay_->ended() && !until.reached(shared_.clock->steady())) {
    co_await worker_.basis_waiters().wait(kBasisGlance, this);
    there = relay_->try_basis();
  }
  if (!there) relay_->give_up_basis();
}

// Until the server has answered some of what it owes, or the session ends.
asio::awaitable<void> ClientSession::wait_for_server() {
  server_wait_.emplace(worker_.context(), asio::steady_timer::time_point::max());
  const auto [cancelled] = co_await server_wait_->async_wait(no_throw);
  (void)cancelled;
  server_wait_.reset();
}

asio::awaitable<void> ClientSession::wait_drained(Outlet& outlet) {
  outlet.drained.emplace(worker_.context(), asio::steady_timer::time_point::max());
  const auto [cancelled] = co_await outlet.drained->async_wait(no_throw);
  (void)cancelled;
}

// --- the end
// -----------------------------------------------------------------------------------------------------------

void ClientSession::end(const std::string& reason, bool tell_client) {
  start_deadline(kGoodbyeTime);
  if (!relay_closed_) {
    relay_closed_ = true;
    std::optional<Error> goodbye;
    if (tell_client) goodbye = Error{sqlstate::connection_failure, "portcullis: " + reason};
    relay_->close(reason, goodbye);
    base::log::info("session " + std::to_string(identity_.session) + " ended: " + reason);
  }
  interrupt_waits();
  if (server_) server_->close();
  if (!tell_client) client_.close();
}

void ClientSession::shut_down(bool force) {
  if (shutting_down_ || (relay_ && !force && !relay_->idle())) return;
  shutting_down_ = true;
  if (!relay_ || relay_closed_) return close_sockets();
  relay_closed_ = true;
  relay_->close("the gate is shutting down",
                Error{sqlstate::admin_shutdown, "terminating connection: the gate is shutting down"});
  start_deadline(kGoodbyeTime);
  interrupt_waits();
  // The server's pump wakes, sends the last words and closes the client.
  if (server_) server_->close();
}

void ClientSession::interrupt_waits() {
  worker_.log_waiters().interrupt(this);
  worker_.basis_waiters().interrupt(this);
  if (server_wait_) server_wait_->cancel();
}

void ClientSession::start_deadline(std::chrono::milliseconds delay) {
  deadline_.expires_after(delay);
  deadline_.async_wait([weak = weak_from_this()](ErrorCode error) {
    const auto self = weak.lock();
    // Moved on meanwhile: an expiry that is on its way cannot be cancelled any more.
    if (error || !self || self->deadline_.expiry() > std::chrono::steady_clock::now()) return;
    self->on_deadline();
  });
}

// Where the database keeps the login waiting, the client is told so; where the client does, there is no more
// to say.
void ClientSession::on_deadline() {
  if (relay_ || !server_ || std::exchange(login_timed_out_, true)) return close_sockets();
  start_deadline(kGoodbyeTime);
  interrupt_waits();
  server_->close();
}

// What a wait that the deadline ended failed for.
Error ClientSession::in_time(Error error) const {
  if (!login_timed_out_) return error;
  const auto& address = shared_.upstream->address();
  return {sqlstate::cannot_connect,
          "the database at " + address.host + " port " + std::to_string(address.port) +
              " did not answer within limits.authentication_time: see whether it is at work"};
}

void ClientSession::close_sockets() {
  interrupt_waits();
  client_.close();
  if (server_) server_->close();
}

}  // namespace portcullis::net
