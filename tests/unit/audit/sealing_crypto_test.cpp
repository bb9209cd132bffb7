// The example of docs/audit-sealing.md, and that a box opens in its own place alone.
#include "audit/sealing_crypto.hpp"

#include <set>

#include <gmock/gmock.h>

#include "audit/key_tree.hpp"
#include "base/encoding.hpp"
#include "tests/unit/audit/sealing.hpp"

namespace portcullis::audit {
namespace {

using portcullis::testing::key_of_bytes;

const Hash kOrigin = sha256("audit.example.com/pg-prod-1");
const SealedPlace kPlace{kOrigin, 3, 5};

std::string hex(const SecretKey& key) {
  return base::to_hex(key.view());
}

SecretKey slot_key() {
  return *KeyTree(key_of_bytes(3)).key_of(5);
}

Nonce example_nonce() {
  Nonce nonce{};
  for (unsigned char i = 0; i < nonce.size(); ++i) nonce[i] = i;
  return nonce;
}

TEST(SealingCrypto, DerivesTheKeysOfTheExample) {
  const SecretKey root = key_of_bytes(3);
  EXPECT_EQ(hex(child_key(false, root)), "6f01a0c2c043658838a55eadf06e7539fca71cb46d5028e19f2b936530a20ccd");
  EXPECT_EQ(hex(child_key(true, root)), "099785e935a6daee4b20d64b0986f7307e73c273ff1156a14ee64e28d4c42daf");
  const KeyTree tree(root);
  EXPECT_EQ(hex(*tree.key_of(5)), "a61ceb5dbf672cd2d36ad36d45ac29a644f4d94f935004044d5f82a3107067b7");
  EXPECT_EQ(hex(*tree.key_of(1048575)), "a43f10f9e28891dd6f0cab4c11265a4faf5fe276b6fcad47172ebf7ede0aca4f");
  EXPECT_EQ(hex(box_key(slot_key(), "text")),
            "7f14b5116ffa6c7012e94e8aae57686c626d70e42ecbf880a2e083f78e1222aa");
  EXPECT_EQ(to_hex(salt_of(slot_key(), "text")),
            "2ca685dc47149a211a7b58003ad16e301f555119f6a44398700d1a480dec67da");
}

TEST(SealingCrypto, CommitsAsTheExampleDoes) {
  EXPECT_EQ(to_text(commitment_of(salt_of(slot_key(), "text"), "text", "SELECT 1")),
            "TCQ4ljwm9PP1qFZUZR3rNUBDXBdY0gCxZrN8WfWv7T8");
  Hash salt;
  salt.fill(2);
  EXPECT_EQ(to_text(commitment_of(salt, "sql", "SELECT 1")), "z7xcg2Jo2usfM047Cw7tiVmr5eeXLyfC2TwoAlvNr_s");
}

TEST(SealingCrypto, SealsAsTheExampleDoes) {
  const auto box = seal_box(box_key(slot_key(), "text"), kPlace, "text", "SELECT 1", example_nonce());
  ASSERT_TRUE(box);
  EXPECT_EQ(base::to_base64(*box), "AAECAwQFBgcICQoL6N6vXgBhQ2gyZzbVdvYqQ7R9QBfSv+qf");
}

TEST(SealingCrypto, OpensWhatItSealed) {
  const SecretKey key = box_key(slot_key(), "text");
  for (const std::size_t size : {std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{1} << 20}) {
    std::string value(size, '\xff');
    value.front() = '\0';
    const auto box = seal_box(key, kPlace, "text", value);
    ASSERT_TRUE(box);
    EXPECT_EQ(box->size(), size + kBoxBytes);
    EXPECT_EQ(open_box(key, kPlace, "text", *box), value);
  }
}

TEST(SealingCrypto, OpensNothingElse) {
  const SecretKey key = box_key(slot_key(), "text");
  const std::string box = seal_box(key, kPlace, "text", "SELECT 1").value();
  for (std::size_t i = 0; i < box.size(); ++i) {
    std::string changed = box;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(open_box(key, kPlace, "text", changed)) << i;
  }
  for (std::size_t size = 0; size < box.size(); ++size)
    EXPECT_FALSE(open_box(key, kPlace, "text", box.substr(0, size))) << size;
  EXPECT_FALSE(open_box(key, kPlace, "text", box + "x"));
  EXPECT_FALSE(open_box(key, {sha256("another"), 3, 5}, "text", box));
  EXPECT_FALSE(open_box(key, {kOrigin, 4, 5}, "text", box));
  EXPECT_FALSE(open_box(key, {kOrigin, 3, 6}, "text", box));
  EXPECT_FALSE(open_box(key, kPlace, "said", box));
  EXPECT_FALSE(open_box(box_key(slot_key(), "said"), kPlace, "text", box));
  EXPECT_EQ(open_box(key, kPlace, "text", box), "SELECT 1") << "a refusal leaves nothing behind";
}

TEST(SealingCrypto, NeverTakesANonceTwice) {
  const SecretKey key = box_key(slot_key(), "text");
  std::set<std::string> nonces;
  for (int i = 0; i < 1'000; ++i)
    nonces.insert(seal_box(key, kPlace, "text", "x").value().substr(0, kNonceBytes));
  EXPECT_EQ(nonces.size(), 1'000u);
}

TEST(SealingCrypto, CommitsToFieldAndValueApart) {
  const Hash salt{};
  EXPECT_NE(commitment_of(salt, "a", "bc"), commitment_of(salt, "ab", "c"));
  EXPECT_NE(commitment_of(salt, "text", "x"), commitment_of(salt, "said", "x"));
  EXPECT_NE(commitment_of(salt, "text", ""), commitment_of(salt, "text", std::string_view("\0", 1)));
}

TEST(SealingCrypto, MakesKeysByChance) {
  const auto one = random_key(), other = random_key();
  ASSERT_TRUE(one && other);
  EXPECT_FALSE(*one == *other);
}

}  // namespace
}  // namespace portcullis::audit
