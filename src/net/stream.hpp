// One connection, in the clear or under TLS, over TCP or a Unix socket. Lives on one thread. One reader and
// one writer at a time. docs/architecture.md, "Coroutines": one co_await a statement, into a name.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "net/asio_prefix.hpp"

namespace portcullis::net {

struct ReadResult {
  ErrorCode error;
  std::size_t size = 0;
};

class Stream {
 public:
  using Socket = asio::generic::stream_protocol::socket;

  explicit Stream(Socket socket);
  // Connects the socket that it was made with; fails at once after close().
  asio::awaitable<ErrorCode> connect(const Socket::endpoint_type& endpoint);

  // The context must outlive the stream. `host_name` is what the peer's certificate must carry and is sent as
  // SNI; empty: only the chain is checked, or nothing where the context verifies nothing.
  asio::awaitable<ErrorCode> tls_server(asio::ssl::context& context);
  asio::awaitable<ErrorCode> tls_client(asio::ssl::context& context, std::string host_name);

  // `data` must stay valid until the result is there.
  asio::awaitable<ReadResult> read_some(char* data, std::size_t size);
  // All of it. `bytes` must stay valid until the result is there.
  asio::awaitable<ErrorCode> write_all(std::string_view bytes);

  // Whoever waits is woken with an error. May be called twice.
  void close() noexcept;
  [[nodiscard]] bool is_tls() const noexcept { return tls_ != nullptr; }
  [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }

 private:
  bool closed_ = false;
  Socket socket_;
  std::unique_ptr<asio::ssl::stream<Socket&>> tls_;
};

}  // namespace portcullis::net
