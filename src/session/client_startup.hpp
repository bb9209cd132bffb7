// The beginning of a client's connection, up to a proven login: SSLRequest, GSSENCRequest, CancelRequest, the
// start-up packet and SCRAM-SHA-256. Manual 55.2.1 "Start-up" and 55.2.10 "SSL Session Encryption". Sans-I/O.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "auth/scram.hpp"
#include "portcullis/base/result.hpp"
#include "portcullis/wire/messages.hpp"

namespace portcullis::session {

struct ClientStartupOptions {
  bool tls_available = false;
  bool tls_required = false;  // a start-up packet in the clear is refused
  // The verifier of a login, or nothing when there is none; the exchange runs all the same.
  std::function<std::optional<auth::ScramVerifier>(std::string_view login)> verifier_of;
  std::string mock_secret;  // random, kept for the life of the process
  std::string nonce;        // random, for this connection alone
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

  // Takes what was read so far; `consumed` bytes of it must not be given again. After start_tls nothing may
  // be left over: bytes sent ahead of the handshake are an attack (a man in the middle stuffs the buffer) and
  // close.
  [[nodiscard]] Next on_bytes(std::string_view bytes, std::size_t& consumed);

  // What is to be sent now; empty afterwards.
  [[nodiscard]] std::string take_out();
  [[nodiscard]] const wire::StartupMessage& startup() const noexcept { return startup_; }
  // The start-up packet's "user"; empty before it came.
  [[nodiscard]] const std::string& login() const noexcept { return login_; }
  [[nodiscard]] const std::optional<wire::CancelRequest>& cancel_request() const noexcept { return cancel_; }
  [[nodiscard]] const base::Error& failure() const noexcept { return failure_; }
  // A wrong password or an unknown login, as opposed to a protocol violation or a lost connection.
  [[nodiscard]] bool login_failed() const noexcept { return login_failed_; }

 private:
  enum class State { packet, sasl_initial, sasl_response, ended };

  Next on_packet(std::string_view bytes, std::size_t& consumed);
  Next on_startup(wire::StartupMessage message);
  Next on_password_message(std::string_view bytes, std::size_t& consumed);
  Next on_sasl_initial(std::string_view body);
  Next on_sasl_response(std::string_view body);
  Next fail(base::Error error);
  Next fail_login();

  ClientStartupOptions options_;
  State state_ = State::packet;
  bool encrypted_ = false, asked_ssl_ = false, asked_gss_ = false, known_ = false, login_failed_ = false;
  wire::StartupMessage startup_;
  std::string login_, out_;
  std::optional<wire::CancelRequest> cancel_;
  std::optional<auth::ScramServer> scram_;
  base::Error failure_{};
};

}  // namespace portcullis::session
