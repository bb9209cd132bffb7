// The beginning of a client's connection, up to a proven login: TLS by SSLRequest or at once, GSSENCRequest,
// CancelRequest, the start-up packet, then SCRAM-SHA-256 with or without channel binding, a client
// certificate, or both. Manual 55.2.1 "Start-up" and 55.2.10 "SSL Session Encryption". Sans-I/O.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/login.hpp"
#include "auth/scram.hpp"
#include "portcullis/base/result.hpp"
#include "portcullis/wire/messages.hpp"

namespace portcullis::session {

struct ClientStartupOptions {
  bool tls_available = false;
  bool tls_required = false;          // a start-up packet in the clear is refused
  bool certificate_required = false;  // of every client
  // tls_server_end_point() of the gate's own certificate; empty: no channel binding is offered.
  std::string channel_binding;
  // How a login proves itself, or nothing when there is none; an exchange runs all the same, with what
  // `mock_of` gives.
  std::function<std::optional<auth::Login>(std::string_view login)> login_of;
  std::function<auth::ScramVerifier(std::string_view login)> mock_of;
  std::string nonce;  // random, for this connection alone
};

class ClientStartup {
 public:
  enum class Next {
    read,       // send out(), then give more bytes
    start_tls,  // send out(), do the TLS handshake, then go on reading
    cancel,     // cancel_request() is set: pass it on, then close without an answer
    done,       // send out() ("AuthenticationOk" is in it); startup() holds what the client asked for
    close,      // send out(), close; failure() says why
  };

  explicit ClientStartup(ClientStartupOptions options);

  // Instead of any bytes: the first one that came, not to be consumed, is a TLS record's. start_tls, or close
  // without a word, since the client would not understand one.
  [[nodiscard]] Next begin_direct_tls();
  static constexpr char kTlsHandshake = '\x16';
  // After the handshake. `alpn`: the application protocol that both agreed on, empty when the client named
  // none; `names`: those of the client's certificate, whose signatures were verified, or nothing when it gave
  // none. False when the connection must be closed: direct TLS without "postgresql" may be meant for another
  // kind of server (ALPACA).
  [[nodiscard]] bool on_tls(std::string_view alpn, std::optional<std::vector<std::string>> names);

  // Takes what was read so far; `consumed` bytes of it must not be given again. After start_tls nothing may
  // be left over: bytes sent ahead of the handshake are an attack (a man in the middle stuffs the buffer) and
  // close.
  [[nodiscard]] Next on_bytes(std::string_view bytes, std::size_t& consumed);

  // What is to be sent now; empty afterwards.
  [[nodiscard]] std::string take_out();
  [[nodiscard]] const wire::StartupMessage& startup() const noexcept { return startup_; }
  // What both speak from the start-up packet on.
  [[nodiscard]] std::uint32_t protocol() const noexcept;
  // The start-up packet's "user"; empty before it came.
  [[nodiscard]] const std::string& login() const noexcept { return login_; }
  [[nodiscard]] const std::optional<wire::CancelRequest>& cancel_request() const noexcept { return cancel_; }
  [[nodiscard]] const base::Error& failure() const noexcept { return failure_; }
  // A proof that was wrong, missing or of an unknown login: somebody may be guessing.
  [[nodiscard]] bool login_failed() const noexcept { return login_failed_; }
  // That, or a connection of a kind that is not let in, as opposed to a protocol violation or a lost
  // connection.
  [[nodiscard]] bool refused() const noexcept { return refused_; }
  // By what the login proved itself: "scram-sha-256", "scram-sha-256-plus", "certificate", or two joined by
  // "+".
  [[nodiscard]] const std::string& proof() const noexcept { return proof_; }

 private:
  enum class State { packet, sasl_initial, sasl_response, ended };

  Next on_packet(std::string_view bytes, std::size_t& consumed);
  Next on_encryption_request(bool ssl, bool bytes_behind);
  Next on_startup(wire::StartupMessage message);
  Next begin_login();
  Next on_password_message(std::string_view bytes, std::size_t& consumed);
  Next on_sasl_initial(std::string_view body);
  Next on_sasl_response(std::string_view body);
  void negotiate();
  [[nodiscard]] bool offers_plus() const noexcept;
  [[nodiscard]] bool certificate_fits() const;
  Next accept(std::string proof);
  Next fail(base::Error error);
  Next refuse(base::Error error);
  Next fail_login();

  ClientStartupOptions options_;
  State state_ = State::packet;
  bool encrypted_ = false, direct_ = false, asked_ssl_ = false, asked_gss_ = false;
  bool plus_ = false, login_failed_ = false, refused_ = false;
  wire::StartupMessage startup_;
  std::string login_, out_, proof_;
  std::optional<std::vector<std::string>> certificate_;  // the names of the client's
  std::optional<auth::Login> expected_;
  std::optional<wire::CancelRequest> cancel_;
  std::optional<auth::ScramServer> scram_;
  base::Error failure_{};
};

}  // namespace portcullis::session
