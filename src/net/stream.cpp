#include "net/stream.hpp"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "net/receive_buffer.hpp"
#include "portcullis/wire/messages.hpp"

namespace portcullis::net {
namespace {

constexpr std::size_t kMostAtOnce = 64 * 1024;
constexpr std::size_t kMostAtOnceUnderTls = 16 * 1024;  // a record

ErrorCode last_error() {
  return {errno, boost::system::system_category()};
}

bool would_block(const ErrorCode& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

// What is read goes here first: one for all the connections of a thread, each of which then keeps what came.
char* scratch() {
  thread_local const auto bytes = std::make_unique<std::array<char, kMostAtOnce>>();
  return bytes->data();
}

}  // namespace

Stream::Stream(Socket socket) : socket_(std::move(socket)) {}

asio::awaitable<ErrorCode> Stream::connect(const Socket::endpoint_type& endpoint, const TcpOptions& tcp) {
  if (closed_) co_return asio::error::operation_aborted;
  ErrorCode ignored;
  socket_.close(ignored);  // of an attempt that failed
  const auto [error] = co_await socket_.async_connect(endpoint, no_throw);
  if (error) co_return error;
  if (endpoint.protocol().family() != AF_UNIX) set_tcp_options(socket_.native_handle(), tcp);
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
  std::string protocols(1, static_cast<char>(wire::kAlpn.size()));
  protocols += wire::kAlpn;
  SSL_set_alpn_protos(tls_->native_handle(), reinterpret_cast<const unsigned char*>(protocols.data()),
                      static_cast<unsigned int>(protocols.size()));
  const auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::client, no_throw);
  co_return error;
}

std::string Stream::alpn() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  if (tls_) SSL_get0_alpn_selected(tls_->native_handle(), &name, &size);
  return name == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(name), size);
}

std::optional<std::string> Stream::peer_certificate() const {
  X509* const certificate = tls_ ? SSL_get0_peer_certificate(tls_->native_handle()) : nullptr;
  if (certificate == nullptr) return std::nullopt;
  return to_der(certificate);
}

std::string Stream::tls_version() const {
  return tls_ ? SSL_get_version(tls_->native_handle()) : "";
}

std::string Stream::tls_cipher() const {
  const SSL_CIPHER* const cipher = tls_ ? SSL_get_current_cipher(tls_->native_handle()) : nullptr;
  return cipher == nullptr ? "" : SSL_CIPHER_get_name(cipher);
}

asio::awaitable<ReadResult> Stream::peek(char& byte) {
  const auto [error, count] =
      co_await socket_.async_receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, no_throw);
  co_return ReadResult{error, count};
}

asio::awaitable<ReadResult> Stream::read_some(char* data, std::size_t size) {
  if (tls_) {
    const auto [error, count] = co_await tls_->async_read_some(asio::buffer(data, size), no_throw);
    co_return ReadResult{error, count};
  }
  const auto [error, count] = co_await socket_.async_read_some(asio::buffer(data, size), no_throw);
  co_return ReadResult{error, count};
}

// Behind a read that took all there was, the next would find nothing: it waits for more at once.
asio::awaitable<ErrorCode> Stream::read_into(ReceiveBuffer& buffer) {
  buffer.trim();
  if (tls_) {
    char* const space = buffer.extend(kMostAtOnceUnderTls);
    const ReadResult read = co_await read_some(space, kMostAtOnceUnderTls);
    buffer.keep(read.size, kMostAtOnceUnderTls);
    co_return read.error;
  }
  for (;;) {
    if (is_drained_) {
      const auto [error] = co_await socket_.async_wait(Socket::wait_read, no_throw);
      if (error) co_return error;
    }
    const ssize_t count = ::recv(socket_.native_handle(), scratch(), kMostAtOnce, MSG_DONTWAIT);
    if (count == 0) co_return asio::error::eof;
    is_drained_ = count < static_cast<ssize_t>(kMostAtOnce);
    if (count > 0) {
      buffer.append({scratch(), static_cast<std::size_t>(count)});
      co_return ErrorCode{};
    }
    const ErrorCode error = last_error();
    if (error != asio::error::interrupted && !would_block(error)) co_return error;
  }
}

std::size_t Stream::write_now(std::string_view bytes, ErrorCode& error) noexcept {
  error = {};
  std::size_t sent = 0;
  while (!tls_ && sent < bytes.size()) {
    const ssize_t count = ::send(socket_.native_handle(), bytes.data() + sent, bytes.size() - sent,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      const ErrorCode failure = last_error();
      if (!would_block(failure)) error = failure;
      break;
    }
  }
  return sent;
}

asio::awaitable<ErrorCode> Stream::write_all(std::string_view bytes) {
  // Most answers fit into the socket's buffer: one send, no trip through the reactor.
  ErrorCode error;
  const std::string_view rest = bytes.substr(write_now(bytes, error));
  if (error || rest.empty()) co_return error;
  if (tls_) {
    const auto [failure, count] = co_await asio::async_write(*tls_, asio::buffer(rest), no_throw);
    co_return failure;
  }
  const auto [failure, count] = co_await asio::async_write(socket_, asio::buffer(rest), no_throw);
  co_return failure;
}

void Stream::shut_down_sending() noexcept {
  ErrorCode ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

void Stream::discard_received() noexcept {
  constexpr int kEnough = 4;
  std::array<char, 16 * 1024> bytes{};
  ErrorCode error;
  socket_.non_blocking(true, error);
  for (int i = 0; i < kEnough && !error; ++i) socket_.receive(asio::buffer(bytes), 0, error);
}

void Stream::close() noexcept {
  closed_ = true;
  ErrorCode ignored;
  socket_.shutdown(asio::socket_base::shutdown_both, ignored);
  socket_.close(ignored);
}

std::string to_der(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = certificate == nullptr ? -1 : i2d_X509(certificate, &bytes);
  if (size < 0) return {};
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

}  // namespace portcullis::net
