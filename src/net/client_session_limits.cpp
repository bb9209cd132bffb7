// What a relay asks for besides its two pumps: a CancelRequest of the gate's own, a look at its clocks, and
// bytes for the server that come about while the client's pump waits for the client.
#include <exception>
#include <utility>

#include "base/log.hpp"
#include "net/client_session.hpp"

namespace portcullis::net {
namespace {

// How often a CancelRequest is tried when the database cannot be reached, and how long the pause is.
constexpr int kCancelAttempts = 3;
constexpr std::chrono::milliseconds kCancelPause{500};

}  // namespace

// After every call of the relay that may have changed what it wants.
void ClientSession::follow_relay() {
  if (relay_closed_) return;
  if (relay_->take_cancel()) start_cancel();
  set_alarm();
}

// Never awaited by the server's pump: it must go on reading while somebody writes to the server.
void ClientSession::start_writer() {
  if (to_server_.writing || flushed(to_server_)) return;
  const auto write = [](std::shared_ptr<ClientSession> session) -> asio::awaitable<void> {
    co_await session->flush(session->to_server_);
  };
  const auto self = shared_from_this();
  asio::co_spawn(worker_.context(), write(self), [self](std::exception_ptr failure) {
    if (failure) self->fail();
  });
}

void ClientSession::start_cancel() {
  *cancelled_ = true;
  const auto cancel = [](std::shared_ptr<ClientSession> session) -> asio::awaitable<void> {
    co_await session->send_cancel();
  };
  const auto self = shared_from_this();
  asio::co_spawn(worker_.context(), cancel(self), [self](std::exception_ptr failure) {
    if (failure) self->fail();
  });
}

// The relay sends nothing more before the database has closed the connection of the CancelRequest, which it
// does once the signal is sent.
asio::awaitable<void> ClientSession::send_cancel() {
  const bool knows_key = server_cancel_.process_id != 0;
  for (int attempt = 0; attempt < kCancelAttempts && knows_key && !relay_closed_; ++attempt) {
    const bool sent = co_await deliver_cancel(cancel_, server_cancel_);
    if (sent) break;
    base::log::warning("session " + std::to_string(identity_.session) +
                       ": a statement that is over its limit could not be cancelled");
    asio::steady_timer pause(worker_.context(), kCancelPause);
    const auto [cancelled] = co_await pause.async_wait(no_throw);
    (void)cancelled;
  }
  if (cancel_) cancel_->close();
  if (relay_closed_) co_return;
  relay_->on_cancel_ended();
  co_await tell_both();
}

// Where somebody writes to the client already, this is written with the rest: to wait for room here would
// leave one coroutine more for each CancelRequest of a client that reads nothing.
asio::awaitable<void> ClientSession::tell_both() {
  follow_relay();
  if (server_wait_ && (!relay_->waits_for_server() || relay_->pending_to_server() > 0))
    server_wait_->cancel();
  start_writer();
  if (!to_client_.writing && !flushed(to_client_)) co_await flush(to_client_);
  // The server's pump waits for the server meanwhile.
  auto due = relay_->server_waits_for();
  while (due && !relay_->ended()) {
    co_await wait_for_log(*due);
    relay_->on_log();
    if (!to_client_.writing && !flushed(to_client_)) co_await flush(to_client_);
    due = relay_->server_waits_for();
  }
}

// Most statements end long before their time: an alarm that rings too early is set again then, which costs
// less than setting it anew for each.
void ClientSession::set_alarm() {
  alarm_at_ = relay_->wakes_at();
  if (alarm_at_ && (!alarm_set_to_ || *alarm_at_ < *alarm_set_to_)) start_alarm(*alarm_at_);
}

void ClientSession::start_alarm(std::chrono::steady_clock::time_point due) {
  alarm_set_to_ = due;
  alarm_.expires_at(due);
  alarm_.async_wait([weak = weak_from_this()](ErrorCode error) {
    const auto self = weak.lock();
    if (!error && self) self->on_alarm();
  });
}

void ClientSession::on_alarm() {
  const auto now = std::chrono::steady_clock::now();
  // Set anew meanwhile: an expiry that is on its way cannot be cancelled any more.
  if (relay_closed_ || !alarm_set_to_ || *alarm_set_to_ > now) return;
  alarm_set_to_.reset();
  if (!alarm_at_) return;
  if (*alarm_at_ > now) return start_alarm(*alarm_at_);
  alarm_at_.reset();
  relay_->on_time();
  // The server's pump wakes, sends the last words and closes the client.
  if (relay_->ended()) return end(relay_->end_reason(), true);
  start_telling();
}

void ClientSession::start_telling() {
  const auto tell = [](std::shared_ptr<ClientSession> session) -> asio::awaitable<void> {
    co_await session->tell_both();
  };
  const auto self = shared_from_this();
  asio::co_spawn(worker_.context(), tell(self), [self](std::exception_ptr failure) {
    if (failure) self->fail();
  });
}

// Called by whatever thread cancels.
std::function<void()> ClientSession::cancel_told() {
  return [weak = weak_from_this(), &context = worker_.context(), cancelled = cancelled_] {
    *cancelled = true;
    asio::post(context, [weak] {
      const auto self = weak.lock();
      if (!self || self->relay_closed_ || !self->relay_) return;
      self->relay_->on_client_cancel();
      self->start_telling();
    });
  };
}

}  // namespace portcullis::net
