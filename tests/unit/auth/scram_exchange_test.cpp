// Both sides against each other.
#include <gtest/gtest.h>

#include <string>

#include "auth/scram.hpp"
#include "base/encoding.hpp"

namespace portcullis::auth {
namespace {

std::string fresh_nonce() {
  return base::to_base64(random_bytes(18));
}

// The error that ended the exchange; nothing when both sides are content.
base::Result<void> exchange(const ScramVerifier& verifier, const std::string& password) {
  ScramServer server{verifier, fresh_nonce()};
  ScramClient client{base::Secret{password}, fresh_nonce()};
  const auto challenge = server.first(client.first());
  if (!challenge) return challenge.error();
  const auto proof = client.last(*challenge);
  if (!proof) return proof.error();
  const auto signature = server.last(*proof);
  if (!signature) return signature.error();
  return client.check(*signature);
}

ScramVerifier verifier_of(const std::string& password, std::uint32_t iterations) {
  return make_verifier(base::Secret{password}, random_bytes(16), iterations).value();
}

TEST(ScramExchange, SucceedsWithTheRightPassword) {
  for (const auto& password : {std::string("x"), std::string("correct horse ~!"), std::string(200, 'p')}) {
    for (const std::uint32_t iterations : {1u, 17u, kDefaultIterations}) {
      const auto result = exchange(verifier_of(password, iterations), password);
      EXPECT_TRUE(result.has_value()) << result.error().message;
    }
  }
}

TEST(ScramExchange, SucceedsThroughTheStoredText) {
  const auto stored = parse_verifier(to_text(verifier_of("pencil", 64))).value();
  EXPECT_TRUE(exchange(stored, "pencil").has_value());
}

TEST(ScramExchange, FailsWithAnotherPassword) {
  for (const char* wrong : {"Pencil", "pencil ", "penci", " "}) {
    const auto result = exchange(verifier_of("pencil", 64), wrong);
    ASSERT_FALSE(result.has_value()) << wrong;
    EXPECT_EQ(result.error().code, base::sqlstate::invalid_password);
    EXPECT_EQ(result.error().message.find("pencil"), std::string::npos);
  }
}

TEST(ScramExchange, FailsForALoginThatIsNotKnownAsForAWrongPassword) {
  const auto unknown = exchange(mock_verifier("nobody", "process secret"), "pencil");
  const auto wrong = exchange(verifier_of("pencil", 64), "pen");
  ASSERT_FALSE(unknown.has_value());
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(unknown.error(), wrong.error());
}

TEST(ScramExchange, CannotBeReplayed) {
  const auto verifier = verifier_of("pencil", 64);
  ScramClient client{base::Secret{"pencil"}, fresh_nonce()};
  const std::string client_first = client.first();
  ScramServer recorded{verifier, fresh_nonce()};
  const auto client_final = client.last(recorded.first(client_first).value()).value();
  ASSERT_TRUE(recorded.last(client_final).has_value());
  ScramServer replayed{verifier, fresh_nonce()};
  ASSERT_TRUE(replayed.first(client_first).has_value());
  EXPECT_FALSE(replayed.last(client_final).has_value());
}

TEST(ScramExchange, EndsWhenTheServerHasTheStoredKeyButNotTheServerKey) {
  auto verifier = verifier_of("pencil", 64);
  verifier.server_key[0] = static_cast<unsigned char>(verifier.server_key[0] ^ 1);
  const auto result = exchange(verifier, "pencil");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, base::sqlstate::invalid_authorization);
}

}  // namespace
}  // namespace portcullis::auth
