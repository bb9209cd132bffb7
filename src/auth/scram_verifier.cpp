// The stored form of a password: made, written, read, and invented for logins that do not exist.
#include <algorithm>
#include <limits>
#include <optional>

#include "auth/scram.hpp"
#include "auth/scram_attributes.hpp"
#include "auth/scram_crypto.hpp"
#include "base/encoding.hpp"

namespace portcullis::auth {
namespace {

constexpr std::uint32_t kMostStoredIterations = std::numeric_limits<std::int32_t>::max();

base::Error invalid(std::string message) {
  return {.code = base::sqlstate::invalid_parameter_value, .message = std::move(message)};
}

// What stands before `separator`, which is dropped too; nothing when there is none.
std::optional<std::string_view> take_until(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  if (end == std::string_view::npos) return std::nullopt;
  const auto taken = text.substr(0, end);
  text.remove_prefix(end + 1);
  return taken;
}

std::optional<Sha256Digest> read_key(std::string_view text) {
  const auto bytes = base::from_base64(text);
  Sha256Digest key{};
  if (!bytes || bytes->size() != key.size()) return std::nullopt;
  std::transform(bytes->begin(), bytes->end(), key.begin(),
                 [](char c) { return static_cast<unsigned char>(c); });
  return key;
}

std::optional<ScramVerifier> read_verifier(std::string_view text) {
  if (take_until(text, '$') != kScramSha256) return std::nullopt;
  const auto iterations_text = take_until(text, ':');
  const auto salt_text = take_until(text, '$');
  const auto stored_text = take_until(text, ':');
  if (!iterations_text || !salt_text || !stored_text) return std::nullopt;
  const auto iterations = read_positive(*iterations_text, kMostStoredIterations);
  const auto salt = base::from_base64(*salt_text);
  const auto stored_key = read_key(*stored_text);
  const auto server_key = read_key(text);
  if (!iterations || !salt || salt->empty() || !stored_key || !server_key) return std::nullopt;
  return ScramVerifier{
      .iterations = *iterations, .salt = *salt, .stored_key = *stored_key, .server_key = *server_key};
}

// What of `purpose` belongs to the login. The zero byte, which no login has, keeps the two apart.
Sha256Digest mock_bytes(std::string_view process_secret, std::string_view purpose, std::string_view login) {
  std::string data{purpose};
  data += '\0';
  data += login;
  Sha256Digest bytes{};
  hmac_sha256(process_secret, data, bytes);
  return bytes;
}

}  // namespace

base::Result<ScramVerifier> parse_verifier(std::string_view text) {
  auto verifier = read_verifier(text);
  if (!verifier) {
    return invalid(
        "not a \"SCRAM-SHA-256\" verifier, copy it from pg_authid.rolpassword or make one from the password");
  }
  return std::move(*verifier);
}

std::string to_text(const ScramVerifier& verifier) {
  return std::string(kScramSha256) + '$' + std::to_string(verifier.iterations) + ':' +
         base::to_base64(verifier.salt) + '$' + base::to_base64(view(verifier.stored_key)) + ':' +
         base::to_base64(view(verifier.server_key));
}

base::Result<ScramVerifier> make_verifier(const base::Secret& password, std::string_view salt,
                                          std::uint32_t iterations) {
  if (!is_plain_password(password.reveal())) return unusable_password();
  if (salt.empty()) return invalid("a verifier needs a salt, give it 16 random bytes");
  if (iterations == 0 || iterations > kMaxIterations) {
    return invalid("iterations \"" + std::to_string(iterations) + "\" are not from 1 to " +
                   std::to_string(kMaxIterations) + ", use " + std::to_string(kDefaultIterations));
  }
  SecretDigest salted, client_key;
  ScramVerifier verifier{
      .iterations = iterations, .salt = std::string(salt), .stored_key = {}, .server_key = {}};
  salted_password(password, salt, iterations, salted.bytes);
  hmac_sha256(view(salted.bytes), "Client Key", client_key.bytes);
  sha256(view(client_key.bytes), verifier.stored_key);
  hmac_sha256(view(salted.bytes), "Server Key", verifier.server_key);
  return verifier;
}

ScramVerifier mock_verifier(std::string_view login, std::string_view secret,
                            std::span<const VerifierShape> shapes) {
  VerifierShape shape;
  if (!shapes.empty()) {
    const Sha256Digest choice = mock_bytes(secret, "shape", login);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i) number = number << 8 | choice[i];
    shape = shapes[number % shapes.size()];
  }
  std::string salt;
  for (int part = 0; salt.size() < shape.salt_size; ++part) {
    salt += view(mock_bytes(secret, "salt" + std::to_string(part), login));
  }
  salt.resize(shape.salt_size);
  return {.iterations = shape.iterations,
          .salt = std::move(salt),
          .stored_key = mock_bytes(secret, "stored key", login),
          .server_key = mock_bytes(secret, "server key", login)};
}

}  // namespace portcullis::auth
