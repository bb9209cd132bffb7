// What seals a text: docs/audit-sealing.md, "Keys". Both sides use it, as they do hash and ed25519; the
// verifier in Python has its own.
//
// Whatever a thread keeps for the next call holds no secret behind a call.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/hash.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::audit {

// 32 bytes that are wiped when they go, each copy of them.
struct SecretKey {
  SecretKey() = default;
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();
  [[nodiscard]] std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  friend bool operator==(const SecretKey&, const SecretKey&) = default;
  std::array<unsigned char, 32> bytes{};
};

// XX000 where OpenSSL has no random numbers.
[[nodiscard]] base::Result<SecretKey> random_key();

// A node of the tree of keys from the one above it.
[[nodiscard]] SecretKey child_key(bool right, const SecretKey& parent);

// Of one field under the key of its slot.
[[nodiscard]] SecretKey box_key(const SecretKey& slot_key, std::string_view field);
[[nodiscard]] Hash salt_of(const SecretKey& slot_key, std::string_view field);

// Whoever knows salt and value can make it again, and nobody else can guess the value from it. `field` has at
// most 255 bytes.
[[nodiscard]] Hash commitment_of(const Hash& salt, std::string_view field, std::string_view value);

// Where a sealed field stands: a box opens there and nowhere else.
struct SealedPlace {
  Hash origin{};  // sha256() of the log's
  std::uint64_t epoch = 0;
  std::uint64_t slot = 0;
};

inline constexpr std::size_t kNonceBytes = 12, kTagBytes = 16, kBoxBytes = kNonceBytes + kTagBytes;
using Nonce = std::array<unsigned char, kNonceBytes>;

// Nonce, ciphertext, tag: kBoxBytes more than the value. XX000 where OpenSSL cannot.
[[nodiscard]] base::Result<std::string> seal_box(const SecretKey& key, const SealedPlace& place,
                                                 std::string_view field, std::string_view value);
// With a nonce of the caller's: for examples. One that comes twice under a key gives the key's secrets away.
[[nodiscard]] base::Result<std::string> seal_box(const SecretKey& key, const SealedPlace& place,
                                                 std::string_view field, std::string_view value,
                                                 const Nonce& nonce);
// Nothing unless these bytes were sealed with this key, for this field at this place.
[[nodiscard]] std::optional<std::string> open_box(const SecretKey& key, const SealedPlace& place,
                                                  std::string_view field, std::string_view box);

}  // namespace portcullis::audit
