#include "audit/ed25519.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>

namespace portcullis::audit {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

base::Error cannot(const char* what) {
  return {.code = base::sqlstate::internal_error,
          .message = std::string("OpenSSL cannot ") + what + ": see to its memory and its configuration"};
}

const unsigned char* data_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// RFC 8032, section 5.1.3: y is below p = 2^255 - 19, and where x is 0 (y is 1 or p - 1) it is not said to be
// odd. OpenSSL takes other bytes, too, for the same point.
bool is_point_as_due(PublicKey key) noexcept {
  const bool is_odd = (key.back() & 0x80u) != 0;
  key.back() &= 0x7fu;
  const bool is_one =
      key.front() == 1 && std::all_of(key.begin() + 1, key.end(), [](auto b) { return b == 0; });
  if (is_one) return !is_odd;
  if (key.back() != 0x7f || !std::all_of(key.begin() + 1, key.end() - 1, [](auto b) { return b == 0xff; }))
    return true;
  constexpr unsigned char lowest_of_p = 0xed;
  return key.front() < lowest_of_p - 1 || (key.front() == lowest_of_p - 1 && !is_odd);
}

}  // namespace

Seed::~Seed() {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

void SigningKey::Free::operator()(evp_pkey_st* key) const noexcept {
  EVP_PKEY_free(key);
}

base::Result<SigningKey> SigningKey::generate() {
  Seed seed;
  if (RAND_priv_bytes(seed.bytes.data(), static_cast<int>(seed.bytes.size())) != 1) {
    return cannot("give random numbers for a key");
  }
  return from_seed(seed);
}

base::Result<SigningKey> SigningKey::from_seed(const Seed& seed) {
  Handle key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.bytes.data(), seed.bytes.size()));
  PublicKey public_key{};
  std::size_t size = public_key.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), public_key.data(), &size) != 1 ||
      size != public_key.size()) {
    return cannot("make an Ed25519 key");
  }
  return SigningKey(std::move(key), public_key);
}

base::Result<Ed25519Signature> SigningKey::sign(std::string_view text) const {
  const Context context(EVP_MD_CTX_new());
  Ed25519Signature signature{};
  std::size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, data_of(text), text.size()) != 1 ||
      size != signature.size()) {
    return cannot("sign with an Ed25519 key");
  }
  return signature;
}

base::Result<void> SigningKey::reveal(Seed& into) const {
  std::size_t size = into.bytes.size();
  if (EVP_PKEY_get_raw_private_key(key_.get(), into.bytes.data(), &size) != 1 || size != into.bytes.size()) {
    return cannot("give an Ed25519 key's bytes");
  }
  return {};
}

bool ed25519_holds(const PublicKey& key, std::string_view text, const Ed25519Signature& signature) {
  if (!is_point_as_due(key)) return false;
  EVP_PKEY* const made = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size());
  if (made == nullptr) return false;
  const Context context(EVP_MD_CTX_new());
  const bool holds =
      context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, made) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), data_of(text), text.size()) == 1;
  EVP_PKEY_free(made);
  return holds;
}

}  // namespace portcullis::audit
