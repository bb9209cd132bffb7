#include "net/client_session.hpp"

#include <exception>
#include <utility>

#include "base/log.hpp"

namespace portcullis::net {

using base::Error;
namespace sqlstate = base::sqlstate;

namespace {

// How long a peer may take to hear the last words.
constexpr std::chrono::milliseconds kGoodbyeTime{5'000};

}  // namespace

ClientSession::ClientSession(Shared& shared, Worker& worker, Admission admission, Stream client,
                             std::string client_address, std::string address_key)
    : shared_(shared),
      worker_(worker),
      admission_(std::move(admission)),
      client_(std::move(client)),
      client_address_(std::move(client_address)),
      address_key_(std::move(address_key)),
      deadline_(worker.context()),
      alarm_(worker.context()) {
  ++shared_.connections;
  worker_.sessions().insert(this);
}

ClientSession::~ClientSession() {
  worker_.sessions().erase(this);
  if (!client_secret_.empty()) shared_.cancels.remove(process_id_, client_secret_);
  if (relay_ && !relay_closed_) relay_->close("the connection ended");
  if (logged_in_) --shared_.logged_in;
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
    if (failure) self->fail();
  });
  co_await self->pump_client();
}

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
  if (cancel_) cancel_->close();
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

session::Dependencies ClientSession::dependencies() {
  return {shared_.basis,
          shared_.limits.get(),
          shared_.sink,
          shared_.clock,
          &worker_.facts(),
          shared_.options.session,
          shared_.options.evidence,
          shared_.options.reuse.connections > 0};
}

void ClientSession::interrupt_waits() {
  worker_.log_waiters().interrupt(this);
  worker_.basis_waiters().interrupt(this);
  if (server_wait_) server_wait_->cancel();
  if (server_back_) server_back_->cancel();
  if (refusal_wait_) refusal_wait_->cancel();
  if (count_wait_) count_wait_->cancel();
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
  if (relay_ && relay_->wants_server() && server_) return server_->close();
  if (relay_ || !server_ || std::exchange(login_timed_out_, true)) return close_sockets();
  start_deadline(kGoodbyeTime);
  interrupt_waits();
  server_->close();
}

// A bug of ours, or a lack of memory, has ended a coroutine: the others wait no longer for what it would have
// done.
void ClientSession::fail() {
  base::log::error("a session ended by an unexpected error");
  close_sockets();
  if (relay_ && !std::exchange(relay_closed_, true)) relay_->close("an unexpected error of the gate");
}

void ClientSession::close_sockets() {
  interrupt_waits();
  client_.close();
  if (cancel_) cancel_->close();
  if (server_) server_->close();
}

}  // namespace portcullis::net
