#include "audit/sealing_crypto.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <initializer_list>
#include <memory>

namespace portcullis::audit {
namespace {

constexpr std::string_view kTreeDomain{"gate.audit/ggm/v1\0", 18};
constexpr std::string_view kCommitDomain{"gate.audit/commit/v1\0", 21};
constexpr std::string_view kBoxUse{"\x01", 1}, kSaltUse{"\x02", 1};
constexpr std::size_t kHmacBlock = 64;

base::Error cannot(const char* what) {
  return {.code = base::sqlstate::internal_error,
          .message = std::string("OpenSSL cannot ") + what + ": see to its memory and its configuration"};
}

std::string_view view(const Hash& hash) noexcept {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

const unsigned char* data_of(std::string_view bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// --- SHA-256 and HMAC

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// One a thread. It is begun anew right behind each use, so that no state that a secret was made of stays in
// it. Fails only without memory or without SHA-256: a text that cannot be sealed must not be written.
class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new()) {
    if (!context_ || EVP_DigestInit_ex2(context_.get(), algorithm(), nullptr) != 1) std::abort();
  }
  template <class Out>
  void hash(std::initializer_list<std::string_view> parts, Out& out) {
    static_assert(sizeof(Out) == sizeof(Hash));
    bool done = true;
    for (const auto part : parts)
      done = done && (part.empty() || EVP_DigestUpdate(context_.get(), part.data(), part.size()) == 1);
    unsigned int length = 0;
    done = done && EVP_DigestFinal_ex(context_.get(), out.data(), &length) == 1 && length == sizeof(Hash) &&
           EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1;
    if (!done) std::abort();
  }
  static Digest& of_thread() {
    thread_local Digest digest;
    return digest;
  }

 private:
  static const EVP_MD* algorithm() {
    static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return fetched;
  }
  std::unique_ptr<EVP_MD_CTX, FreeDigest> context_;
};

// The key, which has 32 bytes here, filled up to a block and changed by `with`: RFC 2104.
struct Pad {
  Pad(std::string_view key, unsigned char with) {
    bytes.fill(with);
    for (std::size_t i = 0; i < key.size(); ++i) bytes[i] ^= static_cast<unsigned char>(key[i]);
  }
  Pad(const Pad&) = delete;
  Pad& operator=(const Pad&) = delete;
  ~Pad() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  [[nodiscard]] std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::array<unsigned char, kHmacBlock> bytes;
};

template <class Out>
void hmac(std::string_view key, std::initializer_list<std::string_view> parts, Out& out) {
  if (key.size() != sizeof(Hash) || parts.size() > 5) std::abort();
  Digest& digest = Digest::of_thread();
  const Pad inner(key, 0x36), outer(key, 0x5c);
  std::array<std::string_view, 6> all{inner.view()};
  std::copy(parts.begin(), parts.end(), all.begin() + 1);
  Hash within{};
  digest.hash({all[0], all[1], all[2], all[3], all[4], all[5]}, within);
  digest.hash({outer.view(), view(within)}, out);
  OPENSSL_cleanse(within.data(), within.size());
}

std::array<char, 8> big_endian(std::uint64_t number) noexcept {
  std::array<char, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(static_cast<unsigned char>(number >> (56 - 8 * i)));
  return bytes;
}

// --- AES-256-GCM

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

const EVP_CIPHER* aes() {
  static const EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return fetched;
}

// One a thread; resetting it wipes the key's schedule.
class Cipher {
 public:
  Cipher() = default;
  Cipher(const Cipher&) = delete;
  Cipher& operator=(const Cipher&) = delete;
  ~Cipher() {
    if (context() != nullptr) EVP_CIPHER_CTX_reset(context());
  }
  [[nodiscard]] bool begin(bool encrypts, const SecretKey& key, const unsigned char* nonce,
                           std::string_view data) {
    int length = 0;
    return context() != nullptr && aes() != nullptr &&
           EVP_CipherInit_ex2(context(), aes(), key.bytes.data(), nonce, encrypts ? 1 : 0, nullptr) == 1 &&
           EVP_CipherUpdate(context(), nullptr, &length, data_of(data), static_cast<int>(data.size())) == 1;
  }
  [[nodiscard]] bool update(std::string_view bytes, char* out) {
    int length = 0;
    return bytes.size() <= INT_MAX &&
           (bytes.empty() || (EVP_CipherUpdate(context(), reinterpret_cast<unsigned char*>(out), &length,
                                               data_of(bytes), static_cast<int>(bytes.size())) == 1 &&
                              static_cast<std::size_t>(length) == bytes.size()));
  }
  [[nodiscard]] bool finish() {
    int length = 0;
    std::array<unsigned char, 16> none{};
    return EVP_CipherFinal_ex(context(), none.data(), &length) == 1 && length == 0;
  }
  [[nodiscard]] bool give_tag(char* out) {
    return EVP_CIPHER_CTX_ctrl(context(), EVP_CTRL_AEAD_GET_TAG, int{kTagBytes}, out) == 1;
  }
  [[nodiscard]] bool expect_tag(std::string_view tag) {
    std::array<char, kTagBytes> bytes{};
    tag.copy(bytes.data(), bytes.size());
    return EVP_CIPHER_CTX_ctrl(context(), EVP_CTRL_AEAD_SET_TAG, int{kTagBytes}, bytes.data()) == 1;
  }

 private:
  static EVP_CIPHER_CTX* context() {
    thread_local const std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> made{EVP_CIPHER_CTX_new()};
    return made.get();
  }
};

std::string associated_data(const SealedPlace& place, std::string_view field) {
  std::string data(view(place.origin));
  const auto epoch = big_endian(place.epoch), slot = big_endian(place.slot);
  data.append(epoch.data(), epoch.size()).append(slot.data(), slot.size()).append(field);
  return data;
}

// Nonces are no secret, so a thread fetches many at once: each fetch costs more than all the rest of a box.
class Nonces {
 public:
  [[nodiscard]] bool next(Nonce& out) {
    if (used_ == pool_.size()) {
      if (RAND_bytes(pool_.data()->data(), int{sizeof(pool_)}) != 1) return false;
      used_ = 0;
    }
    out = pool_[used_++];
    return true;
  }

 private:
  std::array<Nonce, 64> pool_{};
  std::size_t used_ = pool_.size();
};

}  // namespace

SecretKey::~SecretKey() {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

base::Result<SecretKey> random_key() {
  SecretKey key;
  if (RAND_priv_bytes(key.bytes.data(), static_cast<int>(key.bytes.size())) != 1)
    return cannot("give random numbers for a key");
  return key;
}

SecretKey child_key(bool right, const SecretKey& parent) {
  SecretKey key;
  Digest::of_thread().hash({kTreeDomain, right ? kBoxUse : std::string_view("\0", 1), parent.view()},
                           key.bytes);
  return key;
}

SecretKey box_key(const SecretKey& slot_key, std::string_view field) {
  SecretKey key;
  hmac(slot_key.view(), {kBoxUse, field}, key.bytes);
  return key;
}

Hash salt_of(const SecretKey& slot_key, std::string_view field) {
  Hash salt{};
  hmac(slot_key.view(), {kSaltUse, field}, salt);
  return salt;
}

Hash commitment_of(const Hash& salt, std::string_view field, std::string_view value) {
  if (field.size() > UCHAR_MAX) std::abort();
  const char field_length = static_cast<char>(static_cast<unsigned char>(field.size()));
  const auto length = big_endian(value.size());
  Hash out{};
  hmac(view(salt), {kCommitDomain, {&field_length, 1}, field, {length.data(), length.size()}, value}, out);
  return out;
}

base::Result<std::string> seal_box(const SecretKey& key, const SealedPlace& place, std::string_view field,
                                   std::string_view value) {
  thread_local Nonces nonces;
  Nonce nonce{};
  if (!nonces.next(nonce)) return cannot("give random numbers for a sealed text");
  return seal_box(key, place, field, value, nonce);
}

base::Result<std::string> seal_box(const SecretKey& key, const SealedPlace& place, std::string_view field,
                                   std::string_view value, const Nonce& nonce) {
  std::string box(value.size() + kBoxBytes, '\0');
  std::copy(nonce.begin(), nonce.end(), box.begin());
  Cipher cipher;
  const bool done = cipher.begin(true, key, nonce.data(), associated_data(place, field)) &&
                    cipher.update(value, box.data() + kNonceBytes) && cipher.finish() &&
                    cipher.give_tag(box.data() + kNonceBytes + value.size());
  if (!done) return cannot("seal a text");
  return box;
}

std::optional<std::string> open_box(const SecretKey& key, const SealedPlace& place, std::string_view field,
                                    std::string_view box) {
  if (box.size() < kBoxBytes) return std::nullopt;
  const std::string_view sealed = box.substr(kNonceBytes, box.size() - kBoxBytes);
  std::string value(sealed.size(), '\0');
  Cipher cipher;
  const bool holds = cipher.begin(false, key, data_of(box), associated_data(place, field)) &&
                     cipher.update(sealed, value.data()) &&
                     cipher.expect_tag(box.substr(box.size() - kTagBytes)) && cipher.finish();
  if (!holds) return std::nullopt;
  return value;
}

}  // namespace portcullis::audit
