// TLS as the gate offers it to its clients.
#pragma once

#include <memory>
#include <string>

#include "net/asio_prefix.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::net {

struct ListenTlsFiles {
  std::string certificate, key;  // PEM
  std::string client_ca;         // PEM, the authorities of client certificates; empty: none is asked for
};

struct ListenTls {
  std::shared_ptr<asio::ssl::context> context;
  std::string channel_binding;  // auth::tls_server_end_point() of the certificate; may be empty
};

// 58030 names the file that cannot be used. A client need not show a certificate; one that it shows must be
// of one of the authorities, or the handshake fails. A client that names application protocols must name
// "postgresql".
[[nodiscard]] base::Result<ListenTls> make_listen_tls(const ListenTlsFiles& files);

}  // namespace portcullis::net
