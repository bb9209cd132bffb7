#include "net/upstream.hpp"

#include <utility>

#include "portcullis/wire/messages.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
namespace sqlstate = base::sqlstate;

bool is_loopback(std::string_view host) noexcept {
  ErrorCode error;
  const auto address = asio::ip::make_address(host, error);
  return error ? host == "localhost" : address.is_loopback();
}

Upstream::Upstream(UpstreamAddress address)
    : address_(std::move(address)), tls_(asio::ssl::context::tls_client) {}

Result<std::shared_ptr<Upstream>> Upstream::make(UpstreamAddress address) {
  std::shared_ptr<Upstream> upstream(new Upstream(std::move(address)));
  auto& tls = upstream->tls_;
  tls.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
  if (upstream->address_.sslmode >= SslMode::verify_ca) {
    tls.set_verify_mode(asio::ssl::verify_peer);
    ErrorCode error;
    const auto& file = upstream->address_.root_certificate;
    if (file.empty()) {
      tls.set_default_verify_paths(error);
    } else {
      tls.load_verify_file(file, error);
    }
    if (error) {
      return Error{sqlstate::io_error,
                   "cannot read upstream.root_certificate \"" + file + "\": " + error.message()};
    }
  }
  return upstream;
}

bool Upstream::is_private() const noexcept {
  return is_unix_socket() || is_loopback(address_.host) || address_.sslmode >= SslMode::verify_ca;
}

Error Upstream::cannot_connect(const std::string& why) const {
  return {sqlstate::cannot_connect, "the gate cannot reach the database at " + address_.host + " port " +
                                        std::to_string(address_.port) + ": " + why};
}

asio::awaitable<Result<std::unique_ptr<Stream>>> Upstream::connect() {
  auto stream = co_await dial();
  if (!stream || address_.sslmode == SslMode::disable) co_return stream;
  const auto secured = co_await start_tls(**stream);
  if (!secured) co_return secured.error();
  co_return stream;
}

asio::awaitable<Result<std::unique_ptr<Stream>>> Upstream::dial() {
  const auto executor = co_await asio::this_coro::executor;
  if (is_unix_socket()) {
    asio::local::stream_protocol::socket socket(executor);
    const asio::local::stream_protocol::endpoint endpoint(address_.host + "/.s.PGSQL." +
                                                          std::to_string(address_.port));
    const auto [error] = co_await socket.async_connect(endpoint, no_throw);
    if (error) co_return cannot_connect(error.message());
    co_return std::make_unique<Stream>(Stream::Socket(std::move(socket)));
  }
  asio::ip::tcp::resolver resolver(executor);
  const std::string port = std::to_string(address_.port);
  const auto [resolve_error, endpoints] = co_await resolver.async_resolve(address_.host, port, no_throw);
  if (resolve_error) co_return cannot_connect(resolve_error.message());
  asio::ip::tcp::socket socket(executor);
  const auto [error, endpoint] = co_await asio::async_connect(socket, endpoints, no_throw);
  if (error) co_return cannot_connect(error.message());
  ErrorCode ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  co_return std::make_unique<Stream>(Stream::Socket(std::move(socket)));
}

asio::awaitable<Result<void>> Upstream::start_tls(Stream& stream) {
  std::string request;
  wire::encode(request, wire::SslRequest{});
  const auto write_error = co_await stream.write_all(request);
  if (write_error) co_return cannot_connect(write_error.message());
  // Exactly one byte: what follows belongs to the handshake and must not lie in a buffer of ours.
  char answer = 0;
  const auto read = co_await stream.read_some(&answer, 1);
  if (read.error) co_return cannot_connect(read.error.message());
  if (answer != 'S') co_return cannot_connect("it does not offer TLS, which upstream.sslmode demands");
  const std::string name = address_.sslmode == SslMode::verify_full ? address_.host : std::string();
  const auto error = co_await stream.tls_client(tls_, name);
  if (error) co_return cannot_connect("TLS: " + error.message());
  co_return Result<void>();
}

}  // namespace portcullis::net
