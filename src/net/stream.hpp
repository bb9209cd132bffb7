// One connection, in the clear or under TLS, over TCP or a Unix socket. Lives on one thread. One reader and
// one writer at a time. docs/architecture.md, "Coroutines": one co_await a statement, into a name.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/asio_prefix.hpp"
#include "net/tcp_options.hpp"

namespace portcullis::net {

class ReceiveBuffer;

struct ReadResult {
  ErrorCode error;
  std::size_t size = 0;
};

class Stream {
 public:
  using Socket = asio::generic::stream_protocol::socket;

  explicit Stream(Socket socket);
  // Connects the socket that it was made with; fails at once after close(). A TCP socket gets `tcp`.
  asio::awaitable<ErrorCode> connect(const Socket::endpoint_type& endpoint, const TcpOptions& tcp);

  // The context must outlive the stream. `host_name` is what the peer's certificate must carry and is sent as
  // SNI; empty: only the chain is checked, or nothing where the context verifies nothing.
  asio::awaitable<ErrorCode> tls_server(asio::ssl::context& context);
  asio::awaitable<ErrorCode> tls_client(asio::ssl::context& context, std::string host_name);
  // The application protocol that both sides of the TLS connection agreed on; empty: none.
  [[nodiscard]] std::string alpn() const;
  // The certificate that the peer showed, in DER; nothing when it showed none or there is no TLS.
  [[nodiscard]] std::optional<std::string> peer_certificate() const;
  // "TLSv1.3", "TLS_AES_256_GCM_SHA384"; empty without TLS, the cipher also before the handshake is done.
  [[nodiscard]] std::string tls_version() const;
  [[nodiscard]] std::string tls_cipher() const;

  // The first byte that came, which stays to be read. Not with TLS.
  asio::awaitable<ReadResult> peek(char& byte);
  // `data` must stay valid until the result is there.
  asio::awaitable<ReadResult> read_some(char* data, std::size_t size);
  // Appends what comes next, at least a byte. No room is taken for it before it is there, but under TLS.
  asio::awaitable<ErrorCode> read_into(ReceiveBuffer& buffer);
  // How much of it the socket takes without waiting; nothing under TLS.
  std::size_t write_now(std::string_view bytes, ErrorCode& error) noexcept;
  // All of it. `bytes` must stay valid until the result is there.
  asio::awaitable<ErrorCode> write_all(std::string_view bytes);

  // The peer sees the end of what is sent, and may go on sending.
  void shut_down_sending() noexcept;
  // Takes what has come so far, unread, so that closing does not make the peer lose what it was told. Not
  // with TLS.
  void discard_received() noexcept;
  // Whoever waits is woken with an error. May be called twice.
  void close() noexcept;
  [[nodiscard]] bool is_tls() const noexcept { return tls_ != nullptr; }
  [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }

 private:
  bool closed_ = false;
  bool is_drained_ = false;  // the last read took all that there was
  Socket socket_;
  std::unique_ptr<asio::ssl::stream<Socket&>> tls_;
};

// A certificate in DER; empty for null.
[[nodiscard]] std::string to_der(X509* certificate);

}  // namespace portcullis::net
