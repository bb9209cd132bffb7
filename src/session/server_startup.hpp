// The gate's own login at the database on behalf of one session, from the start-up packet to ReadyForQuery,
// the question whether the role is one that a guard must not hold, and the one where it looks names up.
// Manual 55.2.1. Sans-I/O; TLS is settled before.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/channel_binding.hpp"
#include "auth/scram.hpp"
#include "base/secret.hpp"
#include "portcullis/base/result.hpp"
#include "portcullis/wire/messages.hpp"
#include "session/reading.hpp"

namespace portcullis::session {

struct ServerStartupOptions {
  std::string user;
  base::Secret password;
  std::string database;
  std::vector<std::pair<std::string, std::string>> parameters;  // judged already; the pinned ones among them
  // A clear-text or MD5 password is given only where nobody can listen: verified TLS or this machine itself.
  bool channel_is_private = false;
  bool allow_superuser = false;
  auth::SaltedPasswords* salted_passwords = nullptr;  // outlives the login; null: computed each time
  bool salts_elsewhere = false;                       // wants_salted() is then answered
  std::string nonce;
  std::uint32_t protocol = wire::kProtocol32;  // the newest to ask for; an older server says so
  auth::BindingMode binding_mode = auth::BindingMode::prefer;
  bool tls = false;
  std::string
      channel_binding;  // tls_server_end_point() of the server's certificate; may be empty with TLS, too
};

class ServerStartup {
 public:
  enum class Next { read, salt, ready, failed };

  explicit ServerStartup(ServerStartupOptions options);

  [[nodiscard]] std::string take_out();
  // `consumed` bytes must not be given again. `failed`: failure() says why, in words for the agent.
  // `salt`: wants_salted() is to be computed, in a thread that nobody waits for, and to be given; behind that
  // the bytes that were not consumed are given again.
  [[nodiscard]] Next on_bytes(std::string_view bytes, std::size_t& consumed);
  [[nodiscard]] const std::optional<auth::Salting>& wants_salted() const noexcept { return wanted_; }
  void give_salted(base::Secret salted);

  // ParameterStatus and notices as the server sent them, to be passed on to the client behind
  // AuthenticationOk.
  [[nodiscard]] const std::string& for_client() const noexcept { return for_client_; }
  // current_schemas(true): where PostgreSQL looks up names without a schema, those that are there and that
  // the role may use, pg_catalog among them.
  [[nodiscard]] const std::vector<std::string>& schemas() const noexcept { return schemas_; }
  // How it takes texts apart after the settings that it was given.
  [[nodiscard]] const Reading& reading() const noexcept { return reading_; }
  [[nodiscard]] std::uint32_t process_id() const noexcept { return process_id_; }
  [[nodiscard]] const std::string& secret_key() const noexcept { return secret_key_; }
  [[nodiscard]] const base::Error& failure() const noexcept { return failure_; }

 private:
  enum class State { authenticating, starting, asking_role, asking_schemas, ready, failed };

  Next on_message(char type, std::string_view body, std::string_view frame);
  Next on_authentication(std::string_view body);
  Next on_negotiation(std::string_view body);
  Next answer_sasl(std::string_view body);
  Next begin_sasl(const wire::AuthenticationSasl& offer);
  Next answer_with_password(std::string text);
  Next on_parameter(std::string_view body, std::string_view frame);
  Next ask_role();
  Next ask_schemas();
  Next on_role_answer(char type, std::string_view body);
  Next on_schemas_answer(char type, std::string_view body);
  Next on_error(std::string_view body);
  Next fail(base::Error error);

  ServerStartupOptions options_;
  State state_ = State::authenticating;
  auth::ScramClient scram_;
  std::optional<auth::Salting> wanted_;
  std::string wanted_for_;  // the server's message
  bool server_proved_ = false, sasl_started_ = false, bound_ = false, negotiated_ = false,
       role_refused_ = false;
  std::string out_, for_client_, secret_key_;
  std::vector<std::string> schemas_;
  Reading reading_;
  std::uint32_t process_id_ = 0;
  base::Error failure_{};
};

}  // namespace portcullis::session
