#include "session/client_startup.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "wire/framing.hpp"

namespace portcullis::session {

using base::Error;
namespace sqlstate = base::sqlstate;

namespace {

// A CancelRequest is never answered, not even a malformed one.
bool is_cancel_request(std::string_view bytes) {
  constexpr std::string_view kCode = "\x04\xd2\x16\x2e";  // 80877102
  return bytes.size() >= 8 && bytes.substr(4, 4) == kCode;
}

// Anything but a whole word for "no" does: also what PostgreSQL would find no boolean.
bool asks_for_replication(std::string_view value) {
  return value != "false" && value != "off" && value != "no" && value != "0";
}

// Some drivers say goodbye before anything else, even before their login; PostgreSQL closes without a word.
bool is_terminate(std::string_view bytes) {
  return bytes.starts_with(std::string_view("X\0\0\0\x04", 5));
}

}  // namespace

ClientStartup::ClientStartup(ClientStartupOptions options) : options_(std::move(options)) {}

std::string ClientStartup::take_out() {
  return std::exchange(out_, {});
}

ClientStartup::Next ClientStartup::on_bytes(std::string_view bytes, std::size_t& consumed) {
  consumed = 0;
  switch (state_) {
    case State::packet: return on_packet(bytes, consumed);
    case State::sasl_initial:
    case State::sasl_response: return on_password_message(bytes, consumed);
    case State::ended: break;
  }
  return Next::close;
}

ClientStartup::Next ClientStartup::on_packet(std::string_view bytes, std::size_t& consumed) {
  auto frame = wire::read_startup(bytes);
  if (!frame) {
    const Next next = fail(frame.error());
    if (is_cancel_request(bytes) || is_terminate(bytes)) out_.clear();
    return next;
  }
  if (!*frame) return Next::read;
  consumed = (*frame)->consumed;
  const bool bytes_behind = consumed < bytes.size();
  auto& packet = (*frame)->packet;

  if (std::holds_alternative<wire::SslRequest>(packet)) return on_encryption_request(true, bytes_behind);
  if (std::holds_alternative<wire::GssEncRequest>(packet)) return on_encryption_request(false, bytes_behind);
  if (auto* cancel = std::get_if<wire::CancelRequest>(&packet)) {
    state_ = State::ended;
    cancel_ = std::move(*cancel);
    return Next::cancel;
  }
  return on_startup(std::get<wire::StartupMessage>(std::move(packet)));
}

ClientStartup::Next ClientStartup::on_encryption_request(bool ssl, bool bytes_behind) {
  bool& asked = ssl ? asked_ssl_ : asked_gss_;
  if (asked || encrypted_) {
    return fail({sqlstate::protocol_violation, "encryption was requested twice on one connection"});
  }
  if (bytes_behind) {
    return fail({sqlstate::protocol_violation, "received unencrypted data after an encryption request"});
  }
  asked = true;
  encrypted_ = ssl && options_.tls_available;
  out_ += encrypted_ ? 'S' : 'N';
  return encrypted_ ? Next::start_tls : Next::read;
}

ClientStartup::Next ClientStartup::begin_direct_tls() {
  if (state_ != State::packet || encrypted_ || asked_ssl_ || asked_gss_ || !options_.tls_available) {
    state_ = State::ended;
    failure_ = {sqlstate::protocol_violation, "a TLS handshake where none was possible"};
    return Next::close;
  }
  encrypted_ = direct_ = true;
  return Next::start_tls;
}

bool ClientStartup::on_tls(std::string_view alpn, std::optional<std::vector<std::string>> names) {
  certificate_ = std::move(names);
  if (!direct_ || alpn == wire::kAlpn) return true;
  state_ = State::ended;
  failure_ = {sqlstate::protocol_violation,
              "direct TLS without the application protocol \"postgresql\": ask for it by ALPN"};
  return false;
}

ClientStartup::Next ClientStartup::on_startup(wire::StartupMessage message) {
  startup_ = std::move(message);
  bool replication = false;
  for (const auto& [key, value] : startup_.parameters) {
    if (key == "user") login_ = value;
    if (key == "replication" && asks_for_replication(value)) replication = true;
  }
  if (login_.empty())
    return fail({sqlstate::invalid_authorization, "no user name given in the start-up packet"});
  if (options_.tls_required && !encrypted_) {
    return refuse({sqlstate::invalid_authorization,
                   "this address demands TLS: connect with sslmode=require or stronger"});
  }
  if (options_.certificate_required && !certificate_) {
    return refuse({sqlstate::invalid_authorization, "connection requires a valid client certificate"});
  }
  if (replication) {
    return refuse(
        {sqlstate::feature_not_supported, "replication connections are not possible through the gate"});
  }
  negotiate();
  return begin_login();
}

std::uint32_t ClientStartup::protocol() const noexcept {
  return std::min(startup_.protocol, wire::kProtocol32);
}

// As PostgreSQL 18: only what is not understood is answered, and 3.1, which never was, is spoken like 3.0.
void ClientStartup::negotiate() {
  wire::NegotiateProtocolVersion answer;
  answer.version = protocol();
  for (const auto& [key, value] : startup_.parameters) {
    if (key.starts_with("_pq_.")) answer.unrecognized.push_back(key);
  }
  if (startup_.protocol != protocol() || !answer.unrecognized.empty()) encode(out_, answer);
}

bool ClientStartup::offers_plus() const noexcept {
  return encrypted_ && !options_.channel_binding.empty();
}

bool ClientStartup::certificate_fits() const {
  return expected_->certificate.empty() ||
         (certificate_ && std::find(certificate_->begin(), certificate_->end(), expected_->certificate) !=
                              certificate_->end());
}

// Somebody without a certificate learns nothing of who must have one: the exchange runs, and fails at its
// end.
ClientStartup::Next ClientStartup::begin_login() {
  expected_ = options_.login_of(login_);
  if (expected_ && certificate_ && !certificate_fits()) {
    login_failed_ = true;
    return refuse(
        {sqlstate::invalid_authorization, "certificate authentication failed for user \"" + login_ + "\""});
  }
  if (expected_ && !expected_->verifier && certificate_ && !expected_->certificate.empty()) {
    return accept("certificate");
  }
  wire::AuthenticationSasl offer;
  if (offers_plus()) offer.mechanisms.push_back(auth::kScramSha256Plus);
  offer.mechanisms.push_back(auth::kScramSha256);
  encode(out_, offer);
  state_ = State::sasl_initial;
  return Next::read;
}

ClientStartup::Next ClientStartup::on_password_message(std::string_view bytes, std::size_t& consumed) {
  const auto header = wire::peek_frontend(bytes);
  if (!header) return fail(header.error());
  if (!*header) return Next::read;
  if ((*header)->type == wire::frontend_type::terminate)
    return fail({sqlstate::connection_failure, "the client left"});
  if ((*header)->type != wire::frontend_type::password) {
    return fail({sqlstate::protocol_violation, "expected a password message"});
  }
  if (bytes.size() < (*header)->frame_size()) return Next::read;
  consumed = (*header)->frame_size();
  const auto body = bytes.substr(5, (*header)->body_size);
  return state_ == State::sasl_initial ? on_sasl_initial(body) : on_sasl_response(body);
}

ClientStartup::Next ClientStartup::on_sasl_initial(std::string_view body) {
  const auto initial = wire::decode<wire::SaslInitialResponse>(body);
  if (!initial) return fail(initial.error());
  plus_ = initial->mechanism == auth::kScramSha256Plus;
  if (plus_ ? !offers_plus() : initial->mechanism != auth::kScramSha256) {
    return fail({sqlstate::protocol_violation, "the client chose a SASL mechanism that was not offered"});
  }
  // The exchange with an unknown login looks like any other until its end, and takes as long.
  auto verifier = options_.mock_of(login_);
  if (expected_ && expected_->verifier) verifier = *expected_->verifier;
  scram_.emplace(std::move(verifier), options_.nonce,
                 offers_plus() ? options_.channel_binding : std::string());
  const auto answer = scram_->first(initial->response.value_or(""), plus_);
  if (!answer && answer.error().code == sqlstate::invalid_authorization) return refuse(answer.error());
  if (!answer) return fail(answer.error());
  encode(out_, wire::AuthenticationSaslContinue{*answer});
  state_ = State::sasl_response;
  return Next::read;
}

ClientStartup::Next ClientStartup::on_sasl_response(std::string_view body) {
  const auto response = wire::decode<wire::SaslResponse>(body);
  if (!response) return fail(response.error());
  const auto answer = scram_->last(response->data);
  if (!answer && answer.error().code == sqlstate::invalid_authorization) return refuse(answer.error());
  if (!answer && answer.error().code != sqlstate::invalid_password) return fail(answer.error());
  if (!answer || !expected_ || !expected_->verifier || !certificate_fits()) return fail_login();
  encode(out_, wire::AuthenticationSaslFinal{*answer});
  const std::string certificate = expected_->certificate.empty() ? "" : "certificate+";
  return accept(certificate + (plus_ ? "scram-sha-256-plus" : "scram-sha-256"));
}

ClientStartup::Next ClientStartup::accept(std::string proof) {
  proof_ = std::move(proof);
  encode(out_, wire::AuthenticationOk{});
  state_ = State::ended;
  return Next::done;
}

ClientStartup::Next ClientStartup::fail_login() {
  login_failed_ = true;
  return refuse({sqlstate::invalid_password, "password authentication failed for user \"" + login_ + "\""});
}

ClientStartup::Next ClientStartup::refuse(Error error) {
  refused_ = true;
  return fail(std::move(error));
}

ClientStartup::Next ClientStartup::fail(Error error) {
  failure_ = std::move(error);
  encode(out_, wire::to_error_response(failure_, "FATAL"));
  state_ = State::ended;
  return Next::close;
}

}  // namespace portcullis::session
