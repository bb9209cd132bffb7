// A client's connection to the database that another session has left, and leaving it to another one: reset
// behind the one, checked before the other. docs/decisions/0021-server-connections-used-again.md.
#include <utility>

#include "base/log.hpp"
#include "net/client_session.hpp"
#include "net/receive_buffer.hpp"

namespace portcullis::net {

using Next = session::ServerAnswer::Next;

namespace {

// A connection that does not answer in this time is closed.
constexpr std::chrono::milliseconds kResetTime{3'000}, kCheckTime{1'000};
// For a database that was full until what is kept was closed, which it notices a moment later.
constexpr std::chrono::milliseconds kPause{100};
constexpr int kAttempts = 5;

}  // namespace

void ClientSession::note_server(const ServerSession& server) {
  if (shared_.options.reuse.connections > 0) left_as_ = server;
}

// What is kept may be what has the database's last places.
asio::awaitable<base::Result<ClientSession::ServerSession>> ClientSession::log_in_where_there_is_room() {
  auto server = co_await log_in_at_server();
  const auto is_full = [&] { return !server && server.error().code == base::sqlstate::too_many_connections; };
  if (!is_full() || shared_.kept.total() == 0) co_return server;
  shared_.close_kept();
  for (int attempt = 0; attempt < kAttempts && is_full() && !shutting_down_ && !login_timed_out_; ++attempt) {
    asio::steady_timer pause(worker_.context(), kPause);
    const auto [cancelled] = co_await pause.async_wait(no_throw);
    (void)cancelled;
    server = co_await log_in_at_server();
  }
  co_return server;
}

// One that is none any more is closed, and the client does not notice. Nothing: there is none.
asio::awaitable<std::optional<ClientSession::ServerSession>> ClientSession::take_kept_server(
    std::string agent) {
  bool in_time = true;
  while (in_time && !shutting_down_ && !login_timed_out_) {
    auto kept = worker_.kept().take(agent, settings_);
    if (!kept) break;
    server_ = std::move(kept->stream);
    in_time = false;
    const bool is_good = co_await check_server(kept->state, in_time);
    if (is_good) co_return ServerSession{{std::move(kept->state)}, kept->cancel, kept->logged_in};
    base::log::debug("a kept server connection is not as it was after its login and was closed");
    server_->close();
  }
  co_return std::nullopt;
}

// `in_time`: whether it was not the time that ended it.
asio::awaitable<bool> ClientSession::check_server(const session::ServerState& state, bool& in_time) {
  const auto done = std::make_shared<bool>(false);
  asio::steady_timer limit(worker_.context(), kCheckTime);
  limit.async_wait([done, weak = weak_from_this()](ErrorCode error) {
    const auto self = weak.lock();
    if (!error && self && !std::exchange(*done, true) && self->server_) self->server_->close();
  });
  auto answer = session::ServerAnswer::to_check(state, role_->user, shared_.options.allow_superuser);
  const std::string question = answer.take_out();
  ReceiveBuffer buffer{std::string()};
  Next next = Next::failed;
  const auto error = co_await server_->write_all(question);
  if (!error) next = co_await hear_answer(answer, buffer);
  in_time = !std::exchange(*done, true);
  limit.cancel();
  co_return next == Next::ready&& in_time && server_->is_open();
}

asio::awaitable<Next> ClientSession::hear_answer(session::ServerAnswer& answer, ReceiveBuffer& buffer) {
  std::size_t consumed = 0;
  Next next = answer.on_bytes(buffer.view(), consumed);
  buffer.consume(consumed);
  while (next == Next::read) {
    const auto error = co_await server_->read_into(buffer);
    if (error) co_return Next::failed;
    next = answer.on_bytes(buffer.view(), consumed);
    buffer.consume(consumed);
  }
  co_return next;
}

bool ClientSession::may_leave_server() const {
  const bool is_at_rest = !to_server_.writing && !to_client_.writing && !to_server_.failed;
  return left_as_ && server_ && server_->is_open() && !reset_ && !relay_closed_ && !shutting_down_ &&
         is_at_rest && !*cancelled_ && worker_.kept().wants(left_as_->logged_in) &&
         relay_->leaves_server_clean();
}

// The session ends here. The server's pump, which waits for the server to speak, hears the answer.
asio::awaitable<void> ClientSession::leave_server() {
  const std::string reason = "the client disconnected";
  // From here on nobody finds the key; whoever has found it before has left a mark.
  if (!client_secret_.empty()) shared_.cancels.remove(process_id_, std::exchange(client_secret_, {}));
  if (!may_leave_server()) {
    end(reason, false);
    co_return;
  }
  reset_.emplace(session::ServerAnswer::to_reset());
  relay_closed_ = true;
  relay_->close(reason);
  base::log::info("session " + std::to_string(identity_.session) + " ended: " + reason);
  interrupt_waits();
  client_.close();
  slot_ = {};
  start_deadline(kResetTime);
  to_server_.writing = true;
  const std::string question = reset_->take_out();
  const auto error = co_await server_->write_all(question);
  to_server_.writing = false;
  if (to_server_.drained) to_server_.drained->cancel();
  if (error && server_) server_->close();
}

asio::awaitable<void> ClientSession::keep_server(ReceiveBuffer& buffer) {
  const Next next = co_await hear_answer(*reset_, buffer);
  while (to_server_.writing) {
    co_await wait_drained(to_server_);
  }
  deadline_.expires_at(asio::steady_timer::time_point::max());
  if (next == Next::ready && server_->is_open() && !shutting_down_) {
    worker_.kept().put({identity_.agent, settings_, *left_as_, server_cancel_, left_as_->logged_in,
                        std::move(server_), std::move(server_descriptor_)});
  }
  close_sockets();
}

}  // namespace portcullis::net
