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
    if (is_cancel_request(bytes)) out_.clear();
    return next;
  }
  if (!*frame) return Next::read;
  consumed = (*frame)->consumed;
  const bool bytes_behind = consumed < bytes.size();
  auto& packet = (*frame)->packet;

  if (std::holds_alternative<wire::SslRequest>(packet) ||
      std::holds_alternative<wire::GssEncRequest>(packet)) {
    const bool ssl = std::holds_alternative<wire::SslRequest>(packet);
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
  if (auto* cancel = std::get_if<wire::CancelRequest>(&packet)) {
    state_ = State::ended;
    cancel_ = std::move(*cancel);
    return Next::cancel;
  }
  return on_startup(std::get<wire::StartupMessage>(std::move(packet)));
}

ClientStartup::Next ClientStartup::on_startup(wire::StartupMessage message) {
  startup_ = std::move(message);
  std::vector<std::string> unknown_extensions;
  for (const auto& [key, value] : startup_.parameters) {
    if (key == "user") login_ = value;
    if (key.starts_with("_pq_.")) unknown_extensions.push_back(key);
    if (key == "replication" && value != "false" && value != "off" && value != "no" && value != "0") {
      return fail(
          {sqlstate::feature_not_supported, "replication connections are not possible through the gate"});
    }
  }
  if (login_.empty())
    return fail({sqlstate::invalid_authorization, "no user name given in the start-up packet"});
  if (options_.tls_required && !encrypted_) {
    return fail({sqlstate::invalid_authorization,
                 "this address demands TLS: connect with sslmode=require or stronger"});
  }
  if (startup_.protocol != wire::kProtocol30 || !unknown_extensions.empty()) {
    wire::NegotiateProtocolVersion answer;
    answer.unrecognized.assign(unknown_extensions.begin(), unknown_extensions.end());
    encode(out_, answer);
  }
  encode(out_, wire::AuthenticationSasl{{auth::kScramSha256}});
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
  if (initial->mechanism != auth::kScramSha256) {
    return fail({sqlstate::protocol_violation, "the client chose a SASL mechanism that was not offered"});
  }
  // The exchange with an unknown login looks like any other until its end.
  auto verifier = options_.verifier_of(login_);
  known_ = verifier.has_value();
  if (!known_) verifier = auth::mock_verifier(login_, options_.mock_secret);
  scram_.emplace(std::move(*verifier), options_.nonce);
  const auto answer = scram_->first(initial->response.value_or(""));
  if (!answer) return fail(answer.error());
  encode(out_, wire::AuthenticationSaslContinue{*answer});
  state_ = State::sasl_response;
  return Next::read;
}

ClientStartup::Next ClientStartup::on_sasl_response(std::string_view body) {
  const auto response = wire::decode<wire::SaslResponse>(body);
  if (!response) return fail(response.error());
  const auto answer = scram_->last(response->data);
  if (!answer && answer.error().code != sqlstate::invalid_password) return fail(answer.error());
  if (!answer || !known_) return fail_login();
  encode(out_, wire::AuthenticationSaslFinal{*answer});
  encode(out_, wire::AuthenticationOk{});
  state_ = State::ended;
  return Next::done;
}

ClientStartup::Next ClientStartup::fail_login() {
  login_failed_ = true;
  return fail({sqlstate::invalid_password, "password authentication failed for user \"" + login_ + "\""});
}

ClientStartup::Next ClientStartup::fail(Error error) {
  failure_ = std::move(error);
  encode(out_, wire::to_error_response(failure_, "FATAL"));
  state_ = State::ended;
  return Next::close;
}

}  // namespace portcullis::session
