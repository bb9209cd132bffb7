// Where the database is and how the gate makes sure that it is the right one. Without Asio, for whoever only
// names it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "auth/channel_binding.hpp"
#include "base/secret.hpp"
#include "net/tcp_options.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::net {

enum class SslMode : std::uint8_t { disable, require, verify_ca, verify_full };  // as libpq's sslmode
// 22023 for a word that is none of them.
[[nodiscard]] base::Result<SslMode> ssl_mode_named(std::string_view name);

struct UpstreamAddress {
  std::string host;  // a name, an address, or the absolute path of the folder that holds the Unix socket
  std::uint16_t port = 5432;
  SslMode sslmode = SslMode::verify_full;
  std::string root_certificate;  // a file; empty: the system's store
  bool direct_tls = false;       // TLS from the first byte on, which PostgreSQL 17 and newer understand
  auth::BindingMode channel_binding = auth::BindingMode::prefer;
  bool newest_protocol = true;  // ask for protocol 3.2 rather than 3.0
  TcpOptions tcp{};
};

// A login of the gate's own.
struct ServerLogin {
  std::string user;
  base::Secret password;  // empty: none is asked for
  std::string database;
};

}  // namespace portcullis::net
