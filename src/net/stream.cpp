#include "net/stream.hpp"

#include <openssl/ssl.h>

#include <utility>

namespace portcullis::net {

Stream::Stream(Socket socket) : socket_(std::move(socket)) {}

asio::awaitable<ErrorCode> Stream::connect(const Socket::endpoint_type& endpoint) {
  if (closed_) co_return asio::error::operation_aborted;
  ErrorCode ignored;
  socket_.close(ignored);  // of an attempt that failed
  const auto [error] = co_await socket_.async_connect(endpoint, no_throw);
  if (error) co_return error;
  if (endpoint.protocol().family() != AF_UNIX) {
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  }
  co_return ErrorCode{};
}

asio::awaitable<ErrorCode> Stream::tls_server(asio::ssl::context& context) {
  tls_ = std::make_unique<asio::ssl::stream<Socket&>>(socket_, context);
  const auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::server, no_throw);
  co_return error;
}

asio::awaitable<ErrorCode> Stream::tls_client(asio::ssl::context& context, std::string host_name) {
  tls_ = std::make_unique<asio::ssl::stream<Socket&>>(socket_, context);
  if (!host_name.empty()) {
    tls_->set_verify_callback(asio::ssl::host_name_verification(host_name));
    SSL_set_tlsext_host_name(tls_->native_handle(), host_name.c_str());
  }
  const auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::client, no_throw);
  co_return error;
}

asio::awaitable<ReadResult> Stream::read_some(char* data, std::size_t size) {
  if (tls_) {
    const auto [error, count] = co_await tls_->async_read_some(asio::buffer(data, size), no_throw);
    co_return ReadResult{error, count};
  }
  const auto [error, count] = co_await socket_.async_read_some(asio::buffer(data, size), no_throw);
  co_return ReadResult{error, count};
}

asio::awaitable<ErrorCode> Stream::write_all(std::string_view bytes) {
  if (tls_) {
    const auto [error, count] =
        co_await asio::async_write(*tls_, asio::buffer(bytes.data(), bytes.size()), no_throw);
    co_return error;
  }
  // Most answers fit into the socket's buffer: one send, no trip through the reactor.
  if (!socket_.non_blocking()) {
    ErrorCode ignored;
    socket_.non_blocking(true, ignored);
  }
  ErrorCode sent_error;
  const std::size_t sent = socket_.send(asio::buffer(bytes.data(), bytes.size()), 0, sent_error);
  if (sent == bytes.size()) co_return ErrorCode{};
  if (sent_error && sent_error != asio::error::would_block && sent_error != asio::error::try_again)
    co_return sent_error;
  const auto rest = bytes.substr(sent_error ? 0 : sent);
  const auto [error, count] =
      co_await asio::async_write(socket_, asio::buffer(rest.data(), rest.size()), no_throw);
  co_return error;
}

void Stream::close() noexcept {
  closed_ = true;
  ErrorCode ignored;
  socket_.shutdown(asio::socket_base::shutdown_both, ignored);
  socket_.close(ignored);
}

}  // namespace portcullis::net
