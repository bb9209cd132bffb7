#include "audit/ed25519.hpp"

#include <gmock/gmock.h>

#include "base/encoding.hpp"
#include "tests/unit/audit/merkle.hpp"
#include "tests/unit/audit/signing.hpp"

namespace portcullis::audit {
namespace {

using portcullis::testing::hash_of_hex;
using portcullis::testing::key_of;

template <class Bytes>
std::string hex(const Bytes& bytes) {
  return base::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

struct Vector {
  std::string_view seed, public_key, text, signature;
};

// RFC 8032, section 7.1, tests 1 to 3.
const Vector kVectors[] = {{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
                            "c61e39701cf9b46bd25bf5f0595"
                            "bbe24655141438e7a100b"},
                           {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "\x72",
                            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
                            "458f3613d0f11d8c387b2eaeb4302"
                            "aeeb00d291612bb0c00"},
                           {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "\xaf\x82",
                            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290"
                            "ae67f760984dc6594a7c15e9716ed"
                            "28dc027beceea1ec40a"}};

TEST(Ed25519, HasTheKeysAndSignaturesOfTheStandard) {
  for (const Vector& vector : kVectors) {
    Seed seed;
    seed.bytes = hash_of_hex(vector.seed);
    const auto key = SigningKey::from_seed(seed).value();
    EXPECT_EQ(hex(key.public_key()), vector.public_key);
    const auto signature = key.sign(vector.text).value();
    EXPECT_EQ(hex(signature), vector.signature);
    EXPECT_TRUE(ed25519_holds(key.public_key(), vector.text, signature));
  }
}

TEST(Ed25519, HoldsForThisKeyThisTextAndTheseBitsOnly) {
  const auto key = key_of(1);
  const auto signature = key.sign("text\n").value();
  EXPECT_FALSE(ed25519_holds(key.public_key(), "text", signature));
  EXPECT_FALSE(ed25519_holds(key_of(2).public_key(), "text\n", signature));
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    auto changed = signature;
    changed[bit / 8] = static_cast<unsigned char>(changed[bit / 8] ^ (1u << (bit % 8)));
    EXPECT_FALSE(ed25519_holds(key.public_key(), "text\n", changed)) << bit;
  }
}

// RFC 8032, section 5.1.7: s must be below the group's order, else a second signature could be made of one.
// y is 1: a point that is its own negative, and so its own public key's signature of anything. The other
// bytes are those that RFC 8032 does not decode: y is not below 2^255 - 19, or x is 0 and said to be odd.
TEST(Ed25519, TakesAPointOnlyInItsOwnBytes) {
  PublicKey one{};
  one.front() = 1;
  Ed25519Signature signature{};
  signature.front() = 1;
  EXPECT_TRUE(ed25519_holds(one, "anything", signature));
  PublicKey above{}, odd = one;
  above.fill(0xff);
  above.front() = 0xee;
  above.back() = 0x7f;
  odd.back() = 0x80;
  EXPECT_FALSE(ed25519_holds(above, "anything", signature));
  EXPECT_FALSE(ed25519_holds(odd, "anything", signature));
  above.back() = 0xff;
  EXPECT_FALSE(ed25519_holds(above, "anything", signature));
}

TEST(Ed25519, HasOneSignatureForAText) {
  const auto key = key_of(1);
  auto signature = key.sign("text\n").value();
  const auto order = hash_of_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += signature[32 + i] + unsigned{order[i]};
    signature[32 + i] = static_cast<unsigned char>(carry & 0xffu);
    carry >>= 8;
  }
  ASSERT_EQ(carry, 0u);
  EXPECT_FALSE(ed25519_holds(key.public_key(), "text\n", signature));
}

TEST(Ed25519, MakesAnotherKeyEachTime) {
  const auto first = SigningKey::generate().value(), second = SigningKey::generate().value();
  EXPECT_NE(first.public_key(), second.public_key());
  EXPECT_TRUE(ed25519_holds(first.public_key(), "x", first.sign("x").value()));
}

TEST(Ed25519, GivesTheSeedBack) {
  Seed seed;
  ASSERT_TRUE(key_of(7).reveal(seed));
  EXPECT_EQ(hex(seed.bytes), base::to_hex(std::string(32, '\x07')));
}

}  // namespace
}  // namespace portcullis::audit
