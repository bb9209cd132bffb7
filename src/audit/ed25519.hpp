// Ed25519 signatures (RFC 8032, "pure", without a context) through OpenSSL.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "portcullis/base/result.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace portcullis::audit {

using PublicKey = std::array<unsigned char, 32>;
using Ed25519Signature = std::array<unsigned char, 64>;

// The 32 bytes that RFC 8032 calls the private key: wiped when they go, and never copied.
struct Seed {
  Seed() = default;
  Seed(const Seed&) = delete;
  Seed& operator=(const Seed&) = delete;
  ~Seed();
  std::array<unsigned char, 32> bytes{};
};

// A private key. Its bytes are kept by OpenSSL alone, which wipes them when the key goes.
class SigningKey {
 public:
  // XX000 without random numbers, or where OpenSSL has no Ed25519.
  [[nodiscard]] static base::Result<SigningKey> generate();
  [[nodiscard]] static base::Result<SigningKey> from_seed(const Seed& seed);

  [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }
  // The same text always has the same signature. Thread-safe. XX000 when OpenSSL fails.
  [[nodiscard]] base::Result<Ed25519Signature> sign(std::string_view text) const;
  // For the file that keeps it.
  [[nodiscard]] base::Result<void> reveal(Seed& into) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const noexcept;
  };
  using Handle = std::unique_ptr<evp_pkey_st, Free>;
  SigningKey(Handle key, const PublicKey& public_key) : key_(std::move(key)), public_key_(public_key) {}

  Handle key_;
  PublicKey public_key_;
};

// Whether `signature` is of this text and by this key. Anything that goes wrong is no.
[[nodiscard]] bool ed25519_holds(const PublicKey& key, std::string_view text,
                                 const Ed25519Signature& signature);

}  // namespace portcullis::audit
