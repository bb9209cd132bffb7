// The two pumps of a client's connection, and what they wait for: the log, the catalog, the peers.
#include <algorithm>
#include <utility>

#include "net/client_session.hpp"
#include "net/receive_buffer.hpp"
#include "portcullis/base/deadline.hpp"

namespace portcullis::net {
namespace {

// Bytes for one peer that may wait while another coroutine writes to it.
constexpr std::size_t kMaxPending = 256 * 1024;
// What a session keeps to write from while it has nothing to say.
constexpr std::size_t kMaxKept = 4 * 1024;
// How long a statement waits for the catalog to be read, and how often it looks when nobody wakes it.
constexpr std::chrono::milliseconds kLongestBasisWait{10'000}, kBasisGlance{250};
// What is only observed is to notice nothing.
constexpr std::chrono::milliseconds kObserverBasisWait{100};

}  // namespace

asio::awaitable<void> ClientSession::pump_client() {
  ReceiveBuffer buffer(std::move(client_rest_));
  bool open = true, hung_up = false;
  while (open) {
    open = co_await feed_client_bytes(buffer);
    if (!open) break;
    const auto error = co_await client_.read_into(buffer);
    hung_up = error == asio::error::eof && may_leave_server();
    if (hung_up) break;
    if (error) {
      hear_server_out(error);
      co_return;
    }
  }
  if (!relay_->ended() && (hung_up || relay_->gives_server_back())) {
    co_await leave_server();
    co_return;
  }
  // After Terminate the server is heard out: what still runs gets its outcome.
  if (relay_->ended()) end(relay_->end_reason(), true);
}

// As PostgreSQL: what was sent before the client closed its side is done and answered. The server sees the
// same end.
void ClientSession::hear_server_out(ErrorCode error) {
  const bool may_still_read = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
  const bool all_said = relay_->idle() && relay_->pending_to_client() == 0 && !to_client_.writing;
  if (!may_still_read || all_said || relay_->ended() || to_client_.failed) {
    return end("the client disconnected", false);
  }
  client_silent_ = true;
  pass_on_silence();
}

// Not before what was held back for an answer has followed it.
void ClientSession::pass_on_silence() {
  if (client_silent_ && relay_->all_sent() && !to_server_.writing) server_->shut_down_sending();
}

// Everything that can be done with the bytes at hand. False when the client's side is finished.
asio::awaitable<bool> ClientSession::feed_client_bytes(ReceiveBuffer& buffer) {
  std::size_t consumed = 1;
  while (consumed > 0 && !relay_->ended() && !relay_->client_finished()) {
    consumed = relay_->on_client(buffer.view());
    buffer.consume(consumed);
    follow_relay();
    if (relay_->wants_analysis()) {
      std::string text = *relay_->wants_analysis();
      session::Analysis analysis = co_await shared_.pool->analyze(std::move(text));
      relay_->give_analysis(std::move(analysis));
      consumed = 1;
    }
    if (relay_->client_waits_for()) co_await wait_for_records();
    while (relay_->counts_until() && !relay_->ended()) {
      co_await wait_for_count();
      co_await wait_for_records();
    }
    follow_relay();
    if (relay_->wants_dry_run()) {
      co_await try_out();
      consumed = 1;
    }
    if (!flushed(to_server_)) co_await flush(to_server_);
    if (!flushed(to_client_)) co_await flush(to_client_);
    while (relay_->waits_for_server() && !relay_->ended()) {
      co_await wait_for_server();
      if (!flushed(to_server_)) co_await flush(to_server_);
      consumed = 1;
    }
    if (relay_->wants_server()) {
      co_await reopen_server();
      consumed = 1;
    }
    if (relay_->wants_basis()) {
      co_await wait_for_basis();
      consumed = 1;
    }
    // The other pump may have heard the answer while this one was writing.
    if (relay_->may_go_on()) consumed = 1;
  }
  co_return !relay_->ended() && !relay_->client_finished();
}

asio::awaitable<void> ClientSession::pump_server() {
  ReceiveBuffer buffer(std::move(server_rest_));
  std::string reason = "the database closed the connection";
  std::uint64_t server_number = server_number_;
  while (!reset_) {
    buffer.consume(relay_->on_server(buffer.view()));
    follow_relay();
    start_writer();
    if (server_wait_ && (!relay_->waits_for_server() || relay_->pending_to_server() > 0))
      server_wait_->cancel();
    pass_on_silence();
    if (!flushed(to_client_)) co_await flush(to_client_);
    if (client_silent_ && to_client_.failed) break;
    auto due = relay_->server_waits_for();
    const bool waited = due.has_value();
    while (due && !relay_->ended()) {
      co_await wait_for_log(*due);
      relay_->on_log();
      if (!flushed(to_client_)) co_await flush(to_client_);
      due = relay_->server_waits_for();
    }
    if (relay_->ended()) break;
    if (waited) continue;  // what the wait had stopped comes first
    if (relay_->server_lost()) {
      if (client_silent_) break;
      // Else it is the next one already, which the client did not wait for.
      if (!reopening_) server_->close();
      co_await wait_for_new_server();
      if (relay_->ended() || relay_closed_) break;
    }
    if (server_number != server_number_) {
      server_number = server_number_;
      buffer = ReceiveBuffer(std::move(server_rest_));
      continue;
    }
    const auto error = co_await server_->read_into(buffer);
    if (error) {
      const bool is_harmless = !client_silent_ && relay_->lose_server();
      if (!is_harmless) break;
    }
  }
  if (reset_) {
    co_await keep_server(buffer);
    co_return;
  }
  if (client_silent_) reason = "the client disconnected";
  if (relay_->ended()) reason = relay_->end_reason();
  end(reason, !client_silent_);
  while (to_client_.writing) {
    co_await wait_drained(to_client_);
  }
  if (!flushed(to_client_)) co_await flush(to_client_);
  close_sockets();
}

std::size_t ClientSession::pending(const Outlet& outlet) const {
  return &outlet == &to_server_ ? relay_->pending_to_server() : relay_->pending_to_client();
}

void ClientSession::take_pending(Outlet& outlet) {
  if (&outlet == &to_server_) {
    relay_->take_to_server(outlet.bytes);
  } else {
    relay_->take_to_client(outlet.bytes);
  }
}

// True: nothing is left of what is being written, be it that nobody hears it any more.
bool ClientSession::write_now(Outlet& outlet) {
  ErrorCode error;
  const std::size_t sent =
      outlet.failed ? outlet.bytes.size() : stream_of(outlet).write_now(outlet.bytes, error);
  outlet.failed = outlet.failed || error;
  if (!outlet.failed && sent < outlet.bytes.size()) {
    outlet.bytes.erase(0, sent);
    return false;
  }
  outlet.bytes.clear();
  if (outlet.bytes.capacity() > kMaxKept) outlet.bytes.shrink_to_fit();
  return true;
}

bool ClientSession::flushed(Outlet& outlet) {
  if (outlet.writing) return pending(outlet) <= kMaxPending;
  while (pending(outlet) > 0) {
    take_pending(outlet);
    if (!write_now(outlet)) return false;
  }
  if (&outlet == &to_server_) pass_on_silence();
  return true;
}

asio::awaitable<void> ClientSession::flush(Outlet& outlet) {
  if (outlet.writing) {
    // Who is woken may find that yet another one writes.
    while (outlet.writing && pending(outlet) > kMaxPending) {
      co_await wait_drained(outlet);
    }
    co_return;
  }
  outlet.writing = true;
  bool is_flushed = false;
  while (!is_flushed) {
    const auto error = co_await stream_of(outlet).write_all(outlet.bytes);
    if (error) outlet.failed = true;
    outlet.bytes.clear();
    outlet.writing = false;
    is_flushed = flushed(outlet);
    outlet.writing = !is_flushed;
  }
  if (outlet.drained) outlet.drained->cancel();
}

asio::awaitable<void> ClientSession::try_out() {
  session::DryRunRequest request = *relay_->wants_dry_run();
  ServerLogin login{role_->user, role_->password, shared_.options.database};
  const auto process_id = static_cast<std::int32_t>(server_cancel_.process_id);
  session::DryRunResult result =
      co_await shared_.dry_runs->try_out(std::move(login), std::move(request), process_id);
  relay_->give_dry_run(std::move(result));
}

// Until the entry is durable or the log has failed.
asio::awaitable<void> ClientSession::wait_for_log(std::uint64_t index) {
  if (index < shared_.sink->durable()) co_return;
  shared_.sink->write_out();
  if (index >= shared_.sink->durable()) co_await worker_.log_waiters().wait(this, index);
}

// Until what the client has sent may go on.
asio::awaitable<void> ClientSession::wait_for_records() {
  auto due = relay_->client_waits_for();
  while (due && !relay_->ended()) {
    co_await wait_for_log(*due);
    relay_->on_log();
    due = relay_->client_waits_for();
  }
}

// Until refusals that share an entry have it. What stood before them goes on meanwhile.
asio::awaitable<void> ClientSession::wait_for_count() {
  follow_relay();
  if (!flushed(to_server_)) co_await flush(to_server_);
  if (!flushed(to_client_)) co_await flush(to_client_);
  const auto until = relay_->counts_until();
  if (!until) co_return;
  count_wait_.emplace(worker_.context(), *until);
  const auto [cancelled] = co_await count_wait_->async_wait(no_throw);
  (void)cancelled;
  count_wait_.reset();
  if (!relay_->ended()) relay_->on_counted();
}

// Until there is something new to judge by. Somebody else's change may take long: then by what there is, be
// it nothing.
asio::awaitable<void> ClientSession::wait_for_basis() {
  const auto longest = relay_->only_observes() ? kObserverBasisWait : kLongestBasisWait;
  const auto until = base::Deadline::after(shared_.clock->steady(), longest);
  bool there = relay_->try_basis();
  while (!there && !relay_->ended() && !until.reached(shared_.clock->steady())) {
    co_await worker_.basis_waiters().wait(this, std::min(kBasisGlance, longest));
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

// Several may wait: the timer is made once and stays, and cancelling it wakes them all.
asio::awaitable<void> ClientSession::wait_drained(Outlet& outlet) {
  if (!outlet.drained) outlet.drained.emplace(worker_.context(), asio::steady_timer::time_point::max());
  const auto [cancelled] = co_await outlet.drained->async_wait(no_throw);
  (void)cancelled;
}

}  // namespace portcullis::net
