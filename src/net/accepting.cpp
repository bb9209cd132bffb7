#include "net/accepting.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <exception>

#include "base/log.hpp"
#include "net/client_session.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
namespace sqlstate = base::sqlstate;

namespace {

// How many are accepted before others on the thread have their turn.
constexpr int kAtOnce = 64;
constexpr std::chrono::milliseconds kPause{100};

bool is_lack_of_descriptors(ErrorCode error) {
  return error == asio::error::no_descriptors || error == boost::system::errc::too_many_files_open_in_system;
}

// Without waiting for anything. What the client has sent is read first: else closing may take from it what it
// is told.
void turn_away(asio::ip::tcp::socket& socket) {
  std::string bytes;
  wire::encode(bytes, wire::to_error_response(no_descriptor(), "FATAL"));
  ErrorCode error;
  socket.non_blocking(true, error);
  if (!error) socket.write_some(asio::buffer(bytes), error);
  if (!error) socket.shutdown(asio::socket_base::shutdown_send, error);
  std::array<char, 4096> unread{};
  if (!error) socket.read_some(asio::buffer(unread), error);
  socket.close(error);
}

}  // namespace

std::size_t index_of_least(const std::vector<std::size_t>& numbers, std::size_t first) noexcept {
  std::size_t least = first % numbers.size();
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    const std::size_t at = (first + i) % numbers.size();
    if (numbers[at] < numbers[least]) least = at;
  }
  return least;
}

std::optional<std::uint64_t> SecondlyCount::note(Time now) {
  ++count_;
  if (told_at_ && now - *told_at_ < std::chrono::seconds(1)) return std::nullopt;
  told_at_ = now;
  return std::exchange(count_, 0);
}

bool SpareDescriptor::lend() noexcept {
  return number_ >= 0 && ::close(std::exchange(number_, -1)) == 0;
}

void SpareDescriptor::take_back() noexcept {
  if (number_ < 0) number_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

Error no_descriptor() {
  return {sqlstate::too_many_connections,
          "sorry, too many clients already: the gate may open no more files; raise its limit, with "
          "LimitNOFILE= or "
          "ulimit -n"};
}

Accepting::Accepting(Shared& shared, std::vector<std::unique_ptr<Worker>>& workers)
    : shared_(shared), workers_(workers), acceptor_(workers.front()->context()) {}

Result<std::uint16_t> Accepting::listen() {
  const auto& options = shared_.options;
  ErrorCode error;
  const auto address = asio::ip::make_address(options.listen_address, error);
  if (error) {
    return Error{sqlstate::invalid_parameter_value,
                 "listen.address \"" + options.listen_address + "\" is not an IP address"};
  }
  const asio::ip::tcp::endpoint endpoint(address, options.listen_port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor_.non_blocking(true, error);
  if (error) {
    return Error{sqlstate::io_error, "cannot listen on " + options.listen_address + " port " +
                                         std::to_string(options.listen_port) + ": " + error.message()};
  }
  return acceptor_.local_endpoint().port();
}

void Accepting::close() noexcept {
  ErrorCode ignored;
  acceptor_.close(ignored);
}

asio::awaitable<void> Accepting::run() {
  while (acceptor_.is_open()) {
    const auto [error] = co_await acceptor_.async_wait(asio::socket_base::wait_read, no_throw);
    if (!acceptor_.is_open()) co_return;
    if (!error && try_to_accept()) continue;
    asio::steady_timer pause(workers_.front()->context(), kPause);
    const auto [cancelled] = co_await pause.async_wait(no_throw);
    (void)cancelled;
  }
}

// What goes wrong in no foreseen way, lack of memory above all, passes, and must not end the listening.
bool Accepting::try_to_accept() {
  try {
    return accept_some();
  } catch (const std::exception& error) {
    tell_failure(error.what());
    return false;
  }
}

void Accepting::tell_failure(const std::string& why) {
  if (const auto count = failed_.note(std::chrono::steady_clock::now()))
    base::log::error("cannot accept a connection, " + std::to_string(*count) + " times: " + why);
}

// The worker is chosen when the client is there, not before: which has the fewest sessions may have changed
// meanwhile.
bool Accepting::accept_some() {
  for (int i = 0; i < kAtOnce; ++i) {
    Worker& worker = next_worker();
    asio::ip::tcp::socket socket(worker.context());
    ErrorCode error;
    acceptor_.accept(socket, error);
    if (error == asio::error::would_block || error == asio::error::try_again) return true;
    if (!error) {
      welcome(worker, std::move(socket));
    } else if (is_lack_of_descriptors(error)) {
      if (!turn_one_away()) return false;
    } else {
      // Out of memory: it passes, and hammering the kernel does not help.
      tell_failure(error.message());
      return false;
    }
  }
  return true;
}

// Who comes is not to wait for an answer that never comes.
bool Accepting::turn_one_away() {
  const bool is_lent = spare_.lend();
  asio::ip::tcp::socket socket(workers_.front()->context());
  ErrorCode error = asio::error::no_descriptors;
  if (is_lent) acceptor_.accept(socket, error);
  if (!error) turn_away(socket);
  spare_.take_back();
  if (error == asio::error::would_block || error == asio::error::try_again) return true;
  if (const auto count = turned_away_.note(std::chrono::steady_clock::now())) {
    base::log::error(
        "too many open files: " + std::to_string(*count) +
        " connections could not be taken; raise the limit of open files, with LimitNOFILE= or ulimit -n");
  }
  return !error;
}

void Accepting::welcome(Worker& worker, asio::ip::tcp::socket socket) {
  Admission admission{*worker.seats().take(), shared_.descriptors.take(), std::nullopt};
  if (!admission.descriptor) admission.telling = shared_.telling.take();
  if (!admission.descriptor && !admission.telling) {
    turn_away(socket);
    if (const auto count = turned_away_.note(std::chrono::steady_clock::now()))
      base::log::warning(std::to_string(*count) + " connections refused: " + no_descriptor().message);
    return;
  }
  set_tcp_options(socket.native_handle(), shared_.options.tcp);
  ErrorCode ignored;
  const auto peer = socket.remote_endpoint(ignored);
  std::string address = peer.address().to_string();
  std::string key = address_key(address);
  address.append(1, ':').append(std::to_string(peer.port()));
  // The session is made on its worker's own thread, where it stays.
  asio::post(worker.context(), [&shared = shared_, &worker, accepted = std::move(socket),
                                admission = std::move(admission), address = std::move(address),
                                key = std::move(key)]() mutable {
    auto session = std::make_shared<ClientSession>(shared, worker, std::move(admission),
                                                   Stream(Stream::Socket(std::move(accepted))),
                                                   std::move(address), std::move(key));
    asio::co_spawn(worker.context(), ClientSession::run(session), [session](std::exception_ptr failure) {
      if (!failure) return;
      base::log::error("a session ended by an unexpected error");
      session->shut_down(true);
    });
  });
}

Worker& Accepting::next_worker() {
  std::vector<std::size_t> taken;
  for (const auto& worker : workers_) taken.push_back(worker->seats().taken());
  const std::size_t chosen = index_of_least(taken, first_);
  first_ = chosen + 1;
  return *workers_[chosen];
}

}  // namespace portcullis::net
