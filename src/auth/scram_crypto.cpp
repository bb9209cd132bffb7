// OpenSSL 3 behind the names of RFC 5802.
#include "auth/scram_crypto.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace portcullis::auth {
namespace {

const unsigned char* data_of(std::string_view bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

int size_of(std::string_view bytes) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw std::runtime_error("more bytes than OpenSSL takes at once");
  }
  return static_cast<int>(bytes.size());
}

void require(bool worked, const char* what) {
  if (!worked) throw std::runtime_error(std::string("OpenSSL cannot compute ") + what);
}

}  // namespace

SecretDigest::~SecretDigest() {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

void sha256(std::string_view data, Sha256Digest& out) {
  require(EVP_Digest(data.data(), data.size(), out.data(), nullptr, EVP_sha256(), nullptr) == 1, "SHA-256");
}

void hmac_sha256(std::string_view key, std::string_view data, Sha256Digest& out) {
  const auto* made =
      HMAC(EVP_sha256(), key.data(), size_of(key), data_of(data), data.size(), out.data(), nullptr);
  require(made != nullptr, "HMAC-SHA-256");
}

void salted_password(const base::Secret& password, std::string_view salt, std::uint32_t iterations,
                     Sha256Digest& out) {
  const std::string_view text = password.reveal();
  const int rounds = static_cast<int>(iterations);
  require(PKCS5_PBKDF2_HMAC(text.data(), size_of(text), data_of(salt), size_of(salt), rounds, EVP_sha256(),
                            static_cast<int>(out.size()), out.data()) == 1,
          "PBKDF2");
}

void exclusive_or(Sha256Digest& target, const Sha256Digest& mask) noexcept {
  for (std::size_t i = 0; i < target.size(); ++i) target[i] = static_cast<unsigned char>(target[i] ^ mask[i]);
}

bool equal(const Sha256Digest& left, const Sha256Digest& right) noexcept {
  return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

bool is_plain_password(std::string_view password) noexcept {
  return !password.empty() &&
         std::all_of(password.begin(), password.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

base::Error unusable_password() {
  return {.code = base::sqlstate::invalid_parameter_value,
          .message = "the password is empty or has characters beyond printable ASCII, choose another"};
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  require(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), size_of(bytes)) == 1, "random bytes");
  return bytes;
}

}  // namespace portcullis::auth
