#include "session/server_startup.hpp"

#include <algorithm>
#include <utility>

#include "wire/framing.hpp"

namespace portcullis::session {

using base::Error;
namespace sqlstate = base::sqlstate;
namespace type = wire::backend_type;

namespace {

// A server may say much before ReadyForQuery, but not without end.
constexpr std::uint32_t kMaxMessage = 1u << 20;
constexpr std::size_t kMaxForClient = 1u << 20;

// One row when the session's role could do what no policy can hold it back from. Every name is qualified:
// nothing in the database can change what this asks.
constexpr std::string_view kRoleQuestion =
    "SELECT r.rolname FROM pg_catalog.pg_roles AS r WHERE r.rolname OPERATOR(pg_catalog.=) current_user AND ("
    "r.rolsuper OR r.rolbypassrls OR r.rolreplication OR r.rolcreaterole"
    " OR pg_catalog.pg_has_role(r.oid, 'pg_read_server_files', 'MEMBER')"
    " OR pg_catalog.pg_has_role(r.oid, 'pg_write_server_files', 'MEMBER')"
    " OR pg_catalog.pg_has_role(r.oid, 'pg_execute_server_program', 'MEMBER'))";

constexpr std::string_view kSchemasQuestion = "SELECT pg_catalog.unnest(pg_catalog.current_schemas(true))";
constexpr std::size_t kMaxSchemas = 1'000;

}  // namespace

ServerStartup::ServerStartup(ServerStartupOptions options)
    : options_(std::move(options)), scram_(options_.password, options_.nonce, options_.salted_passwords) {
  wire::StartupMessage startup;
  startup.protocol = options_.protocol;
  startup.parameters = {{"user", options_.user}, {"database", options_.database}};
  startup.parameters.insert(startup.parameters.end(), options_.parameters.begin(), options_.parameters.end());
  encode(out_, startup);
}

void ServerStartup::give_salted(base::Secret salted) {
  scram_.give(wanted_for_, std::move(salted));
  wanted_.reset();
}

std::string ServerStartup::take_out() {
  return std::exchange(out_, {});
}

ServerStartup::Next ServerStartup::on_bytes(std::string_view bytes, std::size_t& consumed) {
  consumed = 0;
  while (state_ != State::ready && state_ != State::failed) {
    const auto rest = bytes.substr(consumed);
    const auto header = wire::peek_backend(rest);
    if (!header) return fail(header.error());
    if (!*header) return Next::read;
    if ((*header)->body_size > kMaxMessage) {
      return fail({sqlstate::protocol_violation, "the database sent an oversized message at start-up"});
    }
    if (rest.size() < (*header)->frame_size()) return Next::read;
    const auto frame = rest.substr(0, (*header)->frame_size());
    const Next next = on_message((*header)->type, frame.substr(5), frame);
    if (next == Next::salt) return next;
    consumed += frame.size();
    if (next != Next::read) return next;
  }
  return state_ == State::ready ? Next::ready : Next::failed;
}

ServerStartup::Next ServerStartup::on_message(char message, std::string_view body, std::string_view frame) {
  if (message == type::error_response) return on_error(body);
  if (message == type::notice_response && state_ != State::authenticating) {
    if (for_client_.size() < kMaxForClient) for_client_ += frame;
    return Next::read;
  }
  switch (state_) {
    case State::authenticating:
      if (message == type::authentication) return on_authentication(body);
      if (message == type::negotiate_protocol_version) return on_negotiation(body);
      break;
    case State::starting:
      if (message == type::parameter_status) return on_parameter(body, frame);
      if (message == type::backend_key_data) {
        const auto key = wire::decode<wire::BackendKeyData>(body);
        if (!key) return fail(key.error());
        process_id_ = key->process_id;
        secret_key_ = key->secret_key;
        return Next::read;
      }
      if (message == type::ready_for_query) {
        return options_.allow_superuser ? ask_schemas() : ask_role();
      }
      break;
    case State::asking_role: return on_role_answer(message, body);
    case State::asking_schemas: return on_schemas_answer(message, body);
    case State::ready:
    case State::failed: break;
  }
  return fail({sqlstate::protocol_violation,
               std::string("the database sent an unexpected message '") + message + "' at start-up"});
}

// A server that does not speak what it was asked for says what it does speak, once and before all else. The
// gate uses nothing of 3.2 but that a key may be longer, so there is nothing to be kept of it.
ServerStartup::Next ServerStartup::on_negotiation(std::string_view body) {
  const auto answer = wire::decode<wire::NegotiateProtocolVersion>(body);
  if (!answer) return fail(answer.error());
  if (std::exchange(negotiated_, true) || sasl_started_ || answer->version != wire::kProtocol30 ||
      answer->version >= options_.protocol || !answer->unrecognized.empty()) {
    return fail({sqlstate::protocol_violation,
                 "the database negotiates a protocol that the gate did not ask for: set "
                 "upstream.max_protocol_version to \"3.0\""});
  }
  return Next::read;
}

ServerStartup::Next ServerStartup::on_authentication(std::string_view body) {
  const auto code = wire::authentication_code(body);
  if (!code) return fail(code.error());
  const bool scram =
      *code == wire::kAuthSasl || *code == wire::kAuthSaslContinue || *code == wire::kAuthSaslFinal;
  if (options_.binding_mode == auth::BindingMode::require && !scram && !bound_) {
    return fail({sqlstate::cannot_connect,
                 "upstream.channel_binding is \"require\" and the database asks for no login with "
                 "channel binding: use scram-sha-256 in pg_hba.conf, over TLS"});
  }
  switch (*code) {
    case wire::kAuthOk:
      // A server that skips the end of SCRAM has not proven that it knows the password: it may be anybody.
      if (sasl_started_ && !server_proved_) {
        return fail({sqlstate::invalid_authorization,
                     "the database did not prove its identity in the SCRAM exchange"});
      }
      state_ = State::starting;
      return Next::read;
    case wire::kAuthCleartextPassword: return answer_with_password(std::string(options_.password.reveal()));
    case wire::kAuthMd5Password: {
      const auto request = wire::decode<wire::AuthenticationMd5Password>(body);
      if (!request) return fail(request.error());
      std::string answer = auth::md5_response(options_.password, options_.user, request->salt);
      if (answer.empty()) {
        return fail({sqlstate::feature_not_supported,
                     "the database asks for an MD5 password and this system's OpenSSL has no MD5: use "
                     "scram-sha-256"});
      }
      return answer_with_password(std::move(answer));
    }
    case wire::kAuthSasl:
    case wire::kAuthSaslContinue:
    case wire::kAuthSaslFinal: return answer_sasl(body);
    default:
      return fail({sqlstate::feature_not_supported,
                   "the database asks for authentication method " + std::to_string(*code) +
                       ", which the gate does not speak: use scram-sha-256 in pg_hba.conf"});
  }
}

ServerStartup::Next ServerStartup::answer_with_password(std::string text) {
  if (options_.password.empty()) {
    return fail({sqlstate::cannot_connect,
                 "the database asks for a password and the gate has none for this role: set "
                 "password_file under upstream.roles"});
  }
  if (!options_.channel_is_private) {
    return fail({sqlstate::cannot_connect,
                 "the database asks for a clear-text or MD5 password over a connection that "
                 "is not verified TLS: use scram-sha-256 in pg_hba.conf or sslmode verify-full"});
  }
  encode(out_, wire::PasswordMessage{text});
  base::wipe(text);
  return Next::read;
}

ServerStartup::Next ServerStartup::answer_sasl(std::string_view body) {
  if (options_.password.empty()) {
    return fail({sqlstate::cannot_connect,
                 "the database asks for a password and the gate has none for this role: set "
                 "password_file under upstream.roles"});
  }
  const std::uint32_t code = *wire::authentication_code(body);
  if (code == wire::kAuthSasl) {
    const auto offer = wire::decode<wire::AuthenticationSasl>(body);
    if (!offer) return fail(offer.error());
    if (sasl_started_)
      return fail({sqlstate::protocol_violation, "the database began a second SASL exchange"});
    return begin_sasl(*offer);
  }
  if (!sasl_started_)
    return fail({sqlstate::protocol_violation, "the database answered a SASL exchange that never began"});
  if (code == wire::kAuthSaslContinue) {
    const auto message = wire::decode<wire::AuthenticationSaslContinue>(body);
    if (!message) return fail(message.error());
    if (options_.salts_elsewhere) wanted_ = scram_.wants(message->data);
    if (wanted_) {
      wanted_for_ = message->data;
      return Next::salt;
    }
    const auto answer = scram_.last(message->data);
    if (!answer) return fail(answer.error());
    encode(out_, wire::SaslResponse{*answer});
    return Next::read;
  }
  const auto message = wire::decode<wire::AuthenticationSaslFinal>(body);
  if (!message) return fail(message.error());
  if (const auto proved = scram_.check(message->data); !proved) return fail(proved.error());
  server_proved_ = true;
  return Next::read;
}

// With "prefer" a server whose certificate has no defined hash is spoken to as by a client that cannot bind.
ServerStartup::Next ServerStartup::begin_sasl(const wire::AuthenticationSasl& offer) {
  const auto offers = [&offer](std::string_view name) {
    return std::find(offer.mechanisms.begin(), offer.mechanisms.end(), name) != offer.mechanisms.end();
  };
  const bool can_bind = options_.tls && !options_.channel_binding.empty() &&
                        options_.binding_mode != auth::BindingMode::disable;
  bound_ = can_bind && offers(auth::kScramSha256Plus);
  if (!bound_ && options_.binding_mode == auth::BindingMode::require) {
    return fail({sqlstate::cannot_connect,
                 can_bind ? "upstream.channel_binding is \"require\" and the database does not offer "
                            "SCRAM-SHA-256-PLUS: look for somebody between the two"
                          : "upstream.channel_binding is \"require\" and the connection to the database "
                            "cannot be bound: it needs TLS and a certificate that is not of Ed25519"});
  }
  const std::string_view mechanism = bound_ ? auth::kScramSha256Plus : auth::kScramSha256;
  if (!offers(mechanism)) {
    return fail(
        {sqlstate::feature_not_supported, "the database offers no SASL mechanism that the gate speaks"});
  }
  sasl_started_ = true;
  auth::ChannelBinding binding;
  using Use = auth::ChannelBinding::Use;
  binding.use = bound_ ? Use::bound : can_bind ? Use::unoffered : Use::none;
  if (bound_) binding.data = options_.channel_binding;
  const std::string first = scram_.first(binding);
  encode(out_, wire::SaslInitialResponse{mechanism, first});
  return Next::read;
}

ServerStartup::Next ServerStartup::on_parameter(std::string_view body, std::string_view frame) {
  const auto status = wire::decode<wire::ParameterStatus>(body);
  if (!status) return fail(status.error());
  if (status->name == "is_superuser" && status->value == "on" && !options_.allow_superuser)
    role_refused_ = true;
  reading_.note(status->name, status->value);
  if (for_client_.size() < kMaxForClient) for_client_ += frame;
  return Next::read;
}

ServerStartup::Next ServerStartup::ask_role() {
  encode(out_, wire::Query{kRoleQuestion});
  state_ = State::asking_role;
  return Next::read;
}

ServerStartup::Next ServerStartup::ask_schemas() {
  encode(out_, wire::Query{kSchemasQuestion});
  state_ = State::asking_schemas;
  return Next::read;
}

ServerStartup::Next ServerStartup::on_role_answer(char message, std::string_view body) {
  if (message == type::data_row) role_refused_ = true;
  if (message != type::ready_for_query) return Next::read;
  const auto ready = wire::decode<wire::ReadyForQuery>(body);
  if (!ready) return fail(ready.error());
  if (role_refused_) {
    return fail(
        {sqlstate::invalid_authorization, "the database role \"" + options_.user +
                                              "\" is a superuser, bypasses row security, may create roles, "
                                              "replicate or reach the server's files: give the "
                                              "agent a role without these, or set upstream.allow_superuser"});
  }
  return ask_schemas();
}

ServerStartup::Next ServerStartup::on_schemas_answer(char message, std::string_view body) {
  if (message == type::data_row) {
    const auto row = wire::decode<wire::DataRow>(body);
    if (!row) return fail(row.error());
    if (row->fields.size() != 1 || !row->fields.front() || schemas_.size() == kMaxSchemas) {
      return fail({sqlstate::protocol_violation,
                   "the database gave no list of the schemas that it looks names up in"});
    }
    schemas_.emplace_back(*row->fields.front());
  }
  if (message != type::ready_for_query) return Next::read;
  state_ = State::ready;
  return Next::ready;
}

ServerStartup::Next ServerStartup::on_error(std::string_view body) {
  const auto response = wire::decode<wire::ErrorResponse>(body);
  if (!response) return fail(response.error());
  Error error = wire::to_error(*response);
  // The client's own login was fine: do not send it looking for a mistake in its password.
  if (error.code.view().substr(0, 2) == "28") error.code = sqlstate::cannot_connect;
  error.message = "the gate could not open a session at the database: " + error.message;
  return fail(std::move(error));
}

ServerStartup::Next ServerStartup::fail(Error error) {
  failure_ = std::move(error);
  state_ = State::failed;
  return Next::failed;
}

}  // namespace portcullis::session
