// SCRAM-SHA-256 (RFC 5802, RFC 7677; PostgreSQL manual 55.3.1 "SCRAM-SHA-256 Authentication") as both sides
// of the exchange. Sans-I/O: messages in, messages out. Neither side ever logs or returns a secret in an
// error. Objects belong to one thread at a time; the functions may be called from any. Where OpenSSL itself
// cannot work (no memory, no generator, no SHA-256) std::runtime_error is thrown: no login can be judged
// then.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::auth {

class SaltedPasswords;

using Sha256Digest = std::array<unsigned char, 32>;
inline constexpr std::string_view kScramSha256 = "SCRAM-SHA-256", kScramSha256Plus = "SCRAM-SHA-256-PLUS";
inline constexpr std::uint32_t kDefaultIterations = 4096;   // PostgreSQL's own default
inline constexpr std::uint32_t kMaxIterations = 1'000'000;  // what a hostile server may make the gate compute

// What is stored instead of a password; the same text as in pg_authid.rolpassword:
// SCRAM-SHA-256$<iterations>:<salt b64>$<StoredKey b64>:<ServerKey b64>.
struct ScramVerifier {
  std::uint32_t iterations = kDefaultIterations;
  std::string salt;  // raw bytes
  Sha256Digest stored_key{};
  Sha256Digest server_key{};
  friend bool operator==(const ScramVerifier&, const ScramVerifier&) = default;
};
// 22023 when the text is not of that form: iterations from 1 to 2^31-1 without leading zeros, a salt that is
// not empty, base64 as its encoder writes it.
[[nodiscard]] base::Result<ScramVerifier> parse_verifier(std::string_view text);
[[nodiscard]] std::string to_text(const ScramVerifier& verifier);
// 22023 for an empty password or one beyond printable ASCII (SASLprep, RFC 4013, is not applied), for an
// empty salt, and for iterations that are 0 or above kMaxIterations.
[[nodiscard]] base::Result<ScramVerifier> make_verifier(const base::Secret& password, std::string_view salt,
                                                        std::uint32_t iterations = kDefaultIterations);
// What of a verifier anybody is told before a login.
struct VerifierShape {
  std::uint32_t iterations = kDefaultIterations;
  std::size_t salt_size = 16;  // as PostgreSQL makes them
};
// For a login that is not known: a verifier that no password fits, the same for the same login and secret, so
// that nobody can tell from the exchange which logins exist. Its shape is one of `shapes`, those of the real
// ones, else they would stand out; kDefaultIterations and 16 bytes where there are none.
[[nodiscard]] ScramVerifier mock_verifier(std::string_view login, std::string_view secret,
                                          std::span<const VerifierShape> shapes = {});

// Cryptographically random bytes (OpenSSL's generator). Throws when it has none: nothing can be done without.
[[nodiscard]] std::string random_bytes(std::size_t count);

// The server's side of one login attempt. Call first() then last(); a failed call ends it, and a call out of
// turn is 08P01. Only a last() that succeeded means that the client knows the password.
class ScramServer {
 public:
  // `nonce` is the server's part: printable ASCII without a comma (to_base64 of 18 random bytes). `binding`
  // is tls_server_end_point() of the certificate that the client was shown; empty: kScramSha256Plus was not
  // offered.
  ScramServer(ScramVerifier verifier, std::string nonce, std::string binding = {});
  // client-first-message -> server-first-message. `plus`: the client chose kScramSha256Plus. 08P01 when
  // malformed or when the message is not of the mechanism that was chosen; 0A000 for an authzid, for a
  // channel binding that is not offered or of another kind, or an extension ("m="); 28000 for the flag "y"
  // where there is a binding: somebody took the offer out. The user name in the message is ignored, as
  // PostgreSQL does: the start-up packet named it.
  [[nodiscard]] base::Result<std::string> first(std::string_view client_first, bool plus = false);
  // client-final-message -> server-final-message ("v=..."). 28P01 when the proof does not fit (compared in
  // constant time), 28000 when the client is bound to another certificate: somebody is between the two; 08P01
  // when malformed or the nonce or the flags differ.
  [[nodiscard]] base::Result<std::string> last(std::string_view client_final);

 private:
  enum class Step { first, last, ended };

  ScramVerifier verifier_;
  Step step_ = Step::first;
  bool plus_ = false;
  std::string nonce_, binding_, gs2_header_, client_first_bare_, full_nonce_, server_first_;
};

// How the client's side ties the exchange to the TLS connection (RFC 5802, section 6).
struct ChannelBinding {
  enum class Use : std::uint8_t {
    none,       // "n": it cannot or may not be done
    unoffered,  // "y": it could, but the server did not offer it; one that did then knows of a man in the
                // middle
    bound,      // kScramSha256Plus, with `data`
  };
  Use use = Use::none;
  std::string data{};  // tls_server_end_point() of the server's certificate
};

// What PBKDF2 is to be computed of: at kMaxIterations that keeps a thread for a good part of a second.
struct Salting {
  base::Secret password;
  std::string salt;
  std::uint32_t iterations = 0;
};
[[nodiscard]] base::Secret salted_password(const Salting& what);

// The client's side, towards the database. Call first(), last() and check(); a failed call ends it, and a
// call out of turn fails. Only a check() that succeeded means that the server knows the password's verifier:
// whoever drives this must not take an AuthenticationOk without it.
class ScramClient {
 public:
  // `known`, which outlives it, spares it the computation of what was computed before.
  ScramClient(base::Secret password, std::string nonce, SaltedPasswords* known = nullptr);
  [[nodiscard]] std::string first(const ChannelBinding& binding = {});
  // What last() would compute of this server-first-message before it answers; nothing where there is nothing
  // to compute. The caller may do so in another thread and hand in what came of it.
  [[nodiscard]] std::optional<Salting> wants(std::string_view server_first) const;
  void give(std::string_view server_first, base::Secret salted);
  // server-first-message -> client-final-message. 08P01 when malformed, when the nonce does not begin with
  // ours, when iterations are 0 or above kMaxIterations; 22023 for a password that make_verifier would
  // refuse. Computes what wants() says and was not given.
  [[nodiscard]] base::Result<std::string> last(std::string_view server_first);
  // 28000 when the server did not prove that it knows the password's verifier.
  [[nodiscard]] base::Result<void> check(std::string_view server_final);

 private:
  enum class Step { first, last, check, ended };

  [[nodiscard]] base::Secret salted(std::string_view server_first);

  base::Secret password_, salted_;
  std::optional<std::pair<std::string, base::Secret>> given_;  // by server-first-message
  SaltedPasswords* known_;
  Step step_ = Step::first;
  std::uint32_t iterations_ = 0;
  std::string salt_, nonce_, channel_, client_first_bare_, auth_message_;
  Sha256Digest server_key_{};
};

// "md5" + hex(md5(hex(md5(password + user)) + salt)): manual 55.2.1, AuthenticationMD5Password. Empty where
// OpenSSL has no MD5 (FIPS): then the method must be refused.
[[nodiscard]] std::string md5_response(const base::Secret& password, std::string_view user,
                                       std::string_view salt);

}  // namespace portcullis::auth
