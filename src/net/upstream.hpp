// The way to the database: where it is, how its identity is checked, and a connection to it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "net/stream.hpp"
#include "net/upstream_address.hpp"
#include "portcullis/base/result.hpp"
#include "session/server_startup.hpp"

namespace portcullis::net {

// Immutable once made; any thread may connect.
class Upstream {
 public:
  // 58030 when the root certificate cannot be read.
  [[nodiscard]] static base::Result<std::shared_ptr<Upstream>> make(UpstreamAddress address);

  // Puts a connection into `stream`, TLS settled as sslmode says. It is there from the start, so that its
  // owner can close() it and so end the attempt. 08001 says what failed and what to do.
  asio::awaitable<base::Result<void>> connect(std::unique_ptr<Stream>& stream);
  // What a login over the connection that connect() made must know of it.
  void describe(const Stream& stream, session::ServerStartupOptions& options) const;
  [[nodiscard]] const UpstreamAddress& address() const noexcept { return address_; }

 private:
  explicit Upstream(UpstreamAddress address);
  asio::awaitable<ErrorCode> dial(Stream& stream);
  asio::awaitable<base::Result<void>> start_tls(Stream& stream);
  asio::awaitable<base::Result<void>> ask_for_tls(Stream& stream);
  // A password may be given in the clear: verified TLS, loopback or a Unix socket.
  [[nodiscard]] bool is_private() const noexcept;
  [[nodiscard]] bool is_unix_socket() const noexcept { return address_.host.starts_with('/'); }
  [[nodiscard]] base::Error cannot_connect(const std::string& why) const;

  UpstreamAddress address_;
  asio::ssl::context tls_;
};

// True for the literal loopback addresses and "localhost".
[[nodiscard]] bool is_loopback(std::string_view host) noexcept;

}  // namespace portcullis::net
