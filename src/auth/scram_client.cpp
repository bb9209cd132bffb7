// The client's side of SCRAM-SHA-256, as libpq's (src/interfaces/libpq/fe-auth-scram.c).
#include <openssl/crypto.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "auth/salted_passwords.hpp"
#include "auth/scram.hpp"
#include "auth/scram_attributes.hpp"
#include "auth/scram_crypto.hpp"
#include "base/encoding.hpp"

namespace portcullis::auth {
namespace {

constexpr std::size_t kLongestQuotedError = 64;

std::string_view gs2_header(ChannelBinding::Use use) {
  switch (use) {
    case ChannelBinding::Use::none: return "n,,";
    case ChannelBinding::Use::unoffered: return "y,,";
    case ChannelBinding::Use::bound: return "p=tls-server-end-point,,";
  }
  return "";
}

struct ServerFirst {
  std::string_view nonce;
  std::string salt;
  std::uint32_t iterations = 0;
};

// "r=<nonce>,s=<salt>,i=<iterations>" and nothing else; as libpq, no extensions.
std::optional<ServerFirst> read_server_first(std::string_view message, std::string_view own_nonce) {
  AttributeReader in{message};
  const auto nonce = in.take('r');
  const auto salt_text = in.take('s');
  const auto iterations_text = in.take('i');
  if (!nonce || !salt_text || !iterations_text || !in.at_end()) return std::nullopt;
  const bool extends_ours =
      is_nonce(own_nonce) && nonce->size() > own_nonce.size() && nonce->starts_with(own_nonce);
  const auto salt = base::from_base64(*salt_text);
  const auto iterations = read_positive(*iterations_text, kMaxIterations);
  if (!extends_ours || !is_nonce(*nonce) || !salt || salt->empty() || !iterations) return std::nullopt;
  return ServerFirst{.nonce = *nonce, .salt = *salt, .iterations = *iterations};
}

base::Error unproven(std::string message) {
  return {.code = base::sqlstate::invalid_authorization, .message = std::move(message)};
}

// "e=<server-error-value>": a word of the RFC, but the server may not be the one that we think.
base::Error reported(std::string_view error) {
  const bool quotable = is_nonce(error) && error.size() <= kLongestQuotedError;
  return unproven("the server ended the SCRAM exchange with \"" +
                  std::string(quotable ? error : "an unreadable error") + "\", check its log");
}

// ClientProof, and ServerKey for check().
std::string prove(std::string_view salted, std::string_view auth_message, Sha256Digest& server_key) {
  SecretDigest client_key, stored_key, signature;
  hmac_sha256(salted, "Client Key", client_key.bytes);
  hmac_sha256(salted, "Server Key", server_key);
  sha256(view(client_key.bytes), stored_key.bytes);
  hmac_sha256(view(stored_key.bytes), auth_message, signature.bytes);
  exclusive_or(client_key.bytes, signature.bytes);
  return base::to_base64(view(client_key.bytes));
}

}  // namespace

ScramClient::ScramClient(base::Secret password, std::string nonce, SaltedPasswords* known)
    : password_(std::move(password)), known_(known), nonce_(std::move(nonce)) {}

// The user's name is in the start-up packet.
std::string ScramClient::first(const ChannelBinding& binding) {
  const std::string header{gs2_header(binding.use)};
  channel_ = header + (binding.use == ChannelBinding::Use::bound ? binding.data : "");
  client_first_bare_ = "n=,r=" + nonce_;
  step_ = Step::last;
  return header + client_first_bare_;
}

base::Result<std::string> ScramClient::last(std::string_view server_first) {
  constexpr std::string_view name = "server-first";
  if (std::exchange(step_, Step::ended) != Step::last) return malformed_scram(name);
  if (!is_plain_password(password_.reveal())) return unusable_password();
  const auto challenge = read_server_first(server_first, nonce_);
  if (!challenge) return malformed_scram(name);
  const std::string without_proof = "c=" + base::to_base64(channel_) + ",r=" + std::string(challenge->nonce);
  auth_message_ = client_first_bare_ + ',' + std::string(server_first) + ',' + without_proof;
  salt_ = challenge->salt;
  iterations_ = challenge->iterations;
  salted_ = salted(server_first);
  std::string proof = prove(salted_.reveal(), auth_message_, server_key_);
  step_ = Step::check;
  return without_proof + ",p=" + proof;
}

base::Secret salted_password(const Salting& what) {
  SecretDigest computed;
  salted_password(what.password, what.salt, what.iterations, computed.bytes);
  return base::Secret(std::string(view(computed.bytes)));
}

std::optional<Salting> ScramClient::wants(std::string_view server_first) const {
  const bool is_due = step_ == Step::last && is_plain_password(password_.reveal());
  const bool is_given = given_ && given_->first == server_first;
  if (!is_due || is_given) return std::nullopt;
  const auto challenge = read_server_first(server_first, nonce_);
  if (!challenge) return std::nullopt;
  if (known_ != nullptr && known_->find(password_, challenge->salt, challenge->iterations) != nullptr)
    return std::nullopt;
  return Salting{password_, challenge->salt, challenge->iterations};
}

void ScramClient::give(std::string_view server_first, base::Secret salted) {
  given_.emplace(server_first, std::move(salted));
}

base::Secret ScramClient::salted(std::string_view server_first) {
  if (given_ && given_->first == server_first) return std::exchange(given_, std::nullopt)->second;
  const auto* known = known_ == nullptr ? nullptr : known_->find(password_, salt_, iterations_);
  return known != nullptr ? *known : salted_password({password_, salt_, iterations_});
}

base::Result<void> ScramClient::check(std::string_view server_final) {
  if (std::exchange(step_, Step::ended) != Step::check) {
    return unproven("the server ended the SCRAM exchange before its time, do not trust it");
  }
  SecretDigest expected;
  hmac_sha256(view(server_key_), auth_message_, expected.bytes);
  OPENSSL_cleanse(server_key_.data(), server_key_.size());
  AttributeReader in{server_final};
  const auto answer = in.next();
  if (answer && answer->name == 'e') return reported(answer->value);
  const std::string signature = base::to_base64(view(expected.bytes));
  const bool proven = answer && answer->name == 'v' && in.at_end() &&
                      answer->value.size() == signature.size() &&
                      CRYPTO_memcmp(answer->value.data(), signature.data(), signature.size()) == 0;
  if (!proven)
    return unproven("the server did not prove that it knows the password, check that it is the right one");
  if (known_ != nullptr) known_->keep(password_, salt_, iterations_, std::move(salted_));
  return {};
}

}  // namespace portcullis::auth
