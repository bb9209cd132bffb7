// The server's side of SCRAM-SHA-256, as PostgreSQL's own (src/backend/libpq/auth-scram.c).
#include <algorithm>
#include <optional>
#include <utility>

#include "auth/scram.hpp"
#include "auth/scram_attributes.hpp"
#include "auth/scram_crypto.hpp"
#include "base/encoding.hpp"

namespace portcullis::auth {
namespace {

constexpr std::string_view kFirst = "client-first";
constexpr std::string_view kFinal = "client-final";

base::Error unsupported(std::string message) {
  return {.code = base::sqlstate::feature_not_supported, .message = std::move(message)};
}

constexpr std::string_view kPlusFlag = "p=tls-server-end-point,";

base::Error man_in_the_middle(std::string message) {
  return {.code = base::sqlstate::invalid_authorization,
          .message = std::move(message) + "; look for somebody between the two"};
}

// gs2-cbind-flag and its comma: "n,", "y," or kPlusFlag. Its size, or why it is refused.
base::Result<std::size_t> check_binding_flag(std::string_view message, bool plus, bool offers_plus) {
  if (plus) {
    if (message.starts_with(kPlusFlag)) return kPlusFlag.size();
    if (!message.starts_with("p=")) return malformed_scram(kFirst);
    return unsupported("the only channel binding is \"tls-server-end-point\", use it or none");
  }
  if (message.starts_with("p=")) {
    if (offers_plus) return malformed_scram(kFirst);
    return unsupported("channel binding is required but not offered, connect with channel_binding=prefer");
  }
  if (!message.starts_with("n,") && !message.starts_with("y,")) return malformed_scram(kFirst);
  return std::size_t{2};
}

// gs2-header: the flag, no authorization identity, a comma. Its size, or why it is refused.
base::Result<std::size_t> check_gs2_header(std::string_view message, bool plus, bool offers_plus) {
  const auto flag = check_binding_flag(message, plus, offers_plus);
  if (!flag) return flag.error();
  if (message.substr(*flag).starts_with("a=")) {
    return unsupported("an authorization identity is not supported, leave it out");
  }
  if (!message.substr(*flag).starts_with(',')) return malformed_scram(kFirst);
  if (message.front() == 'y' && offers_plus) {
    return man_in_the_middle("the client saw no offer of channel binding, though there was one");
  }
  return *flag + 1;
}

// client-first-message-bare: "n=<user>,r=<nonce>", and extensions that may be ignored. The nonce.
base::Result<std::string_view> read_client_first_bare(std::string_view bare) {
  AttributeReader in{bare};
  if (bare.starts_with("m=")) return unsupported("the SCRAM extension \"m\" is not supported, leave it out");
  const auto user = in.take('n');
  const auto nonce = in.take('r');
  while (in.next()) continue;
  if (!in.at_end() || !user || !nonce || !is_nonce(*nonce)) return malformed_scram(kFirst);
  return *nonce;
}

struct ClientFinal {
  std::string_view channel_binding, nonce, without_proof;
  SecretDigest proof;  // exclusive-or of it and the signature is ClientKey
};

// "c=<binding>,r=<nonce>", extensions that may be ignored, ",p=<proof>" as the last.
bool read_client_final(std::string_view message, ClientFinal& out) {
  AttributeReader in{message};
  const auto binding = in.take('c');
  const auto nonce = in.take('r');
  if (!binding || !nonce) return false;
  auto attribute = in.next();
  while (attribute && attribute->name != 'p') attribute = in.next();
  if (!attribute || !in.at_end()) return false;
  auto bytes = base::from_base64(attribute->value);
  if (!bytes || bytes->size() != out.proof.bytes.size()) return false;
  std::transform(bytes->begin(), bytes->end(), out.proof.bytes.begin(),
                 [](char c) { return static_cast<unsigned char>(c); });
  base::wipe(*bytes);
  out.channel_binding = *binding;
  out.nonce = *nonce;
  out.without_proof = message.substr(0, message.size() - attribute->value.size() - 3);  // 3: ",p="
  return true;
}

// RFC 5802, section 3: does H(proof ^ HMAC(StoredKey, AuthMessage)) give StoredKey again?
bool proof_fits(const ScramVerifier& verifier, std::string_view auth_message, const Sha256Digest& proof) {
  SecretDigest signature, client_key;
  Sha256Digest stored_key{};
  hmac_sha256(view(verifier.stored_key), auth_message, signature.bytes);
  client_key.bytes = proof;
  exclusive_or(client_key.bytes, signature.bytes);
  sha256(view(client_key.bytes), stored_key);
  return equal(stored_key, verifier.stored_key);
}

}  // namespace

ScramServer::ScramServer(ScramVerifier verifier, std::string nonce, std::string binding)
    : verifier_(std::move(verifier)), nonce_(std::move(nonce)), binding_(std::move(binding)) {}

base::Result<std::string> ScramServer::first(std::string_view client_first, bool plus) {
  if (std::exchange(step_, Step::ended) != Step::first) return malformed_scram(kFirst);
  if (!is_nonce(nonce_))
    return base::Error{.message = "the server's SCRAM nonce is empty or not printable, report it"};
  if (plus && binding_.empty()) return malformed_scram(kFirst);
  plus_ = plus;
  const auto header_size = check_gs2_header(client_first, plus, !binding_.empty());
  if (!header_size) return header_size.error();
  const auto bare = client_first.substr(*header_size);
  const auto client_nonce = read_client_first_bare(bare);
  if (!client_nonce) return client_nonce.error();
  gs2_header_ = client_first.substr(0, *header_size);
  client_first_bare_ = bare;
  full_nonce_ = std::string(*client_nonce) + nonce_;
  server_first_ = "r=" + full_nonce_ + ",s=" + base::to_base64(verifier_.salt) +
                  ",i=" + std::to_string(verifier_.iterations);
  step_ = Step::last;
  return server_first_;
}

base::Result<std::string> ScramServer::last(std::string_view client_final) {
  if (std::exchange(step_, Step::ended) != Step::last) return malformed_scram(kFinal);
  ClientFinal message;
  if (!read_client_final(client_final, message)) return malformed_scram(kFinal);
  if (message.nonce != full_nonce_) return malformed_scram(kFinal);
  if (message.channel_binding != base::to_base64(gs2_header_ + (plus_ ? binding_ : std::string()))) {
    if (plus_) return man_in_the_middle("the client's channel binding is to another certificate");
    return malformed_scram(kFinal);
  }
  const std::string auth_message =
      client_first_bare_ + ',' + server_first_ + ',' + std::string(message.without_proof);
  if (!proof_fits(verifier_, auth_message, message.proof.bytes)) {
    return base::Error{.code = base::sqlstate::invalid_password,
                       .message = "password authentication failed, check the login's name and password"};
  }
  Sha256Digest signature{};
  hmac_sha256(view(verifier_.server_key), auth_message, signature);
  return "v=" + base::to_base64(view(signature));
}

}  // namespace portcullis::auth
