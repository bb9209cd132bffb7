// The functions of RFC 5802, section 2.2 and 3, over SHA-256.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "auth/scram.hpp"
#include "base/secret.hpp"

namespace portcullis::auth {

// A digest from which one could log in or pose as the server: wiped when it goes.
class SecretDigest {
 public:
  SecretDigest() = default;
  SecretDigest(const SecretDigest&) = delete;
  SecretDigest& operator=(const SecretDigest&) = delete;
  ~SecretDigest();

  Sha256Digest bytes{};
};

[[nodiscard]] inline std::string_view view(const Sha256Digest& digest) noexcept {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// All throw std::runtime_error when OpenSSL fails. The result goes to `out`, which may not be an input.
void sha256(std::string_view data, Sha256Digest& out);
void hmac_sha256(std::string_view key, std::string_view data, Sha256Digest& out);
// SaltedPassword: Hi(password, salt, iterations), which is PBKDF2. iterations: 1 to 2^31-1.
void salted_password(const base::Secret& password, std::string_view salt, std::uint32_t iterations,
                     Sha256Digest& out);

// target ^= mask
void exclusive_or(Sha256Digest& target, const Sha256Digest& mask) noexcept;
// In constant time.
[[nodiscard]] bool equal(const Sha256Digest& left, const Sha256Digest& right) noexcept;

// Whether SASLprep (RFC 4013) leaves the password as it is, for sure: printable ASCII, and not empty.
[[nodiscard]] bool is_plain_password(std::string_view password) noexcept;
[[nodiscard]] base::Error unusable_password();

}  // namespace portcullis::auth
