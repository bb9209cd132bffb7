// A client's connection to the database: the first, and another one when the database went away and nothing
// of the session was lost with it.
#include <algorithm>
#include <utility>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "net/client_session.hpp"
#include "net/receive_buffer.hpp"
#include "portcullis/base/deadline.hpp"
#include "session/recorder.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
namespace sqlstate = base::sqlstate;

namespace {

constexpr std::chrono::milliseconds kFirstPause{50}, kLongestPause{1'000};

// A server that starts, stops or is full may let us in a moment later: connection exceptions,
// operator intervention, insufficient resources.
bool may_pass(const Error& error) {
  const auto code = error.code.view();
  return code.starts_with("08") || code.starts_with("57") || code.starts_with("53");
}

}  // namespace

asio::awaitable<Result<ClientSession::ServerSession>> ClientSession::log_in_at_server() {
  const auto connected = co_await shared_.upstream->connect(server_);
  if (!connected) co_return connected.error();

  session::ServerStartupOptions options;
  options.user = role_->user;
  options.password = role_->password;
  options.salted_passwords = &worker_.salted_passwords();
  options.salts_elsewhere = true;
  options.database = shared_.options.database;
  options.parameters = settings_;
  shared_.upstream->describe(*server_, options);
  options.allow_superuser = shared_.options.allow_superuser;
  options.nonce = base::to_base64(auth::random_bytes(18));
  session::ServerStartup startup(std::move(options));

  using Next = session::ServerStartup::Next;
  ReceiveBuffer buffer{std::string()};
  Next next = Next::read;
  while (next == Next::read || next == Next::salt) {
    if (next == Next::salt) {
      const auth::Salting& wanted = *startup.wants_salted();
      base::Secret salted = co_await shared_.salting->compute(wanted);
      startup.give_salted(std::move(salted));
    } else {
      const std::string out = startup.take_out();
      const auto write_error = co_await server_->write_all(out);
      const auto read_error = co_await server_->read_into(buffer);
      if (write_error || read_error) {
        co_return Error{sqlstate::cannot_connect, "the database closed the connection during the login"};
      }
    }
    std::size_t consumed = 0;
    next = startup.on_bytes(buffer.view(), consumed);
    buffer.consume(consumed);
  }
  if (next == Next::failed) co_return startup.failure();
  server_rest_ = buffer.view();
  ServerSession session;
  session.schemas = startup.schemas();
  session.reading = startup.reading();
  session.greeting = startup.for_client();
  session.logged_in = std::chrono::steady_clock::now();
  session.cancel = {startup.process_id(), startup.secret_key()};
  co_return session;
}

// A database that restarts is waited for. Who wrote to the lost connection may not have heard of its end yet,
// and under TLS still needs it.
asio::awaitable<void> ClientSession::reopen_server() {
  reopening_ = true;
  server_->close();
  while (to_server_.writing) {
    co_await wait_drained(to_server_);
  }
  if (relay_->ended()) co_return;
  const auto until = base::Deadline::after(shared_.clock->steady(), shared_.options.reconnect_time);
  start_deadline(shared_.options.reconnect_time);
  std::chrono::milliseconds pause = kFirstPause;
  Result<ServerSession> server = Error{};
  for (;;) {
    server = co_await log_in_at_server();
    if (relay_->ended()) co_return;
    if (server || !may_pass(server.error()) || until.reached(shared_.clock->steady())) break;
    asio::steady_timer timer(worker_.context(), pause);
    const auto [cancelled] = co_await timer.async_wait(no_throw);
    (void)cancelled;
    if (relay_->ended()) co_return;
    // The deadline has passed in the pause: nobody would end another attempt.
    if (until.reached(shared_.clock->steady())) break;
    pause = std::min(2 * pause, kLongestPause);
  }
  deadline_.expires_at(asio::steady_timer::time_point::max());
  reopening_ = false;
  if (server) {
    use_server(*server);
  } else {
    relay_->give_up_server(server.error());
  }
}

void ClientSession::use_server(const ServerSession& server) {
  session::Dependencies needs = dependencies();
  session::Recorder recorder(identity_, needs);
  const auto record = recorder.session("reconnect", {}, server.cancel.process_id);
  if (!record) return relay_->give_up_server(record.error());
  if (!client_secret_.empty()) shared_.cancels.add(process_id_, client_secret_, server.cancel, cancel_told());
  relay_->use_server(server.schemas, server.greeting, greeting_);
  greeting_ = server.greeting;
  server_cancel_ = server.cancel;
  note_server(server);
  to_server_.failed = false;
  base::log::info("session " + std::to_string(identity_.session) + " goes on with another server connection");
  ++server_number_;
  if (server_back_) server_back_->cancel();
}

// Until there is another one, or the session ends.
asio::awaitable<void> ClientSession::wait_for_new_server() {
  while (relay_->server_lost() && !relay_->ended() && !relay_closed_) {
    server_back_.emplace(worker_.context(), asio::steady_timer::time_point::max());
    const auto [cancelled] = co_await server_back_->async_wait(no_throw);
    (void)cancelled;
    server_back_.reset();
  }
}

}  // namespace portcullis::net
