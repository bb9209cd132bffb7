#include "net/listen_tls.hpp"

#include <openssl/ssl.h>

#include "auth/certificate.hpp"
#include "net/stream.hpp"
#include "portcullis/wire/messages.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;

namespace {

Error cannot_use(const std::string& key, const std::string& file, const std::string& why) {
  return {base::sqlstate::io_error, "cannot use " + key + " \"" + file + "\": " + why};
}

// As PostgreSQL: whoever names protocols and not this one has the wrong server.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  for (unsigned int at = 0; at < offered_size; at += 1u + offered[at]) {
    const unsigned int size = offered[at];
    if (size > offered_size - at - 1) break;
    const std::string_view name(reinterpret_cast<const char*>(offered + at + 1), size);
    if (name != wire::kAlpn) continue;
    *out = offered + at + 1;
    *out_size = static_cast<unsigned char>(size);
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// A resumed session would carry the client's certificate over from one connection to the next: there are
// none.
void set_options(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_TICKET |
                                   SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
}

Result<void> ask_for_certificates(asio::ssl::context& context, const std::string& file) {
  ErrorCode error;
  context.load_verify_file(file, error);
  auto* const names = error ? nullptr : SSL_load_client_CA_file(file.c_str());
  if (names == nullptr)
    return cannot_use("listen.tls.client_ca", file, error ? error.message() : "no certificate in it");
  SSL_CTX_set_client_CA_list(context.native_handle(), names);
  context.set_verify_mode(asio::ssl::verify_peer, error);
  return {};
}

}  // namespace

Result<ListenTls> make_listen_tls(const ListenTlsFiles& files) {
  if (files.certificate.empty()) return ListenTls{};
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  set_options(context->native_handle());
  ErrorCode error;
  context->use_certificate_chain_file(files.certificate, error);
  if (error) return cannot_use("listen.tls.certificate", files.certificate, error.message());
  context->use_private_key_file(files.key, asio::ssl::context::pem, error);
  if (error) return cannot_use("listen.tls.key", files.key, error.message());
  if (!files.client_ca.empty()) {
    if (const auto asked = ask_for_certificates(*context, files.client_ca); !asked) return asked.error();
  }
  const std::string der = to_der(SSL_CTX_get0_certificate(context->native_handle()));
  return ListenTls{std::move(context), auth::tls_server_end_point(der)};
}

}  // namespace portcullis::net
