// SCRAM-SHA-256-PLUS: both sides against each other and against somebody between them.
#include <gtest/gtest.h>

#include "tests/unit/auth/rfc7677.hpp"

namespace portcullis::auth {
namespace {

using Use = ChannelBinding::Use;

const std::string kBinding(32, '\x5a'), kAnother(32, '\x5b');

ScramServer server(const std::string& binding = kBinding) {
  return {testing::rfc_verifier(), std::string(testing::kServerNonce), binding};
}

// The code of the error that ended the exchange, "" for success.
std::string exchange(ScramServer server, const ChannelBinding& binding, bool plus) {
  auto client = testing::rfc_client();
  const auto challenge = server.first(client.first(binding), plus);
  if (!challenge) return std::string(challenge.error().code.view());
  const auto proof = client.last(*challenge);
  if (!proof) return std::string(proof.error().code.view());
  const auto signature = server.last(*proof);
  if (!signature) return std::string(signature.error().code.view());
  const auto checked = client.check(*signature);
  return checked ? "" : std::string(checked.error().code.view());
}

TEST(ScramPlus, SucceedsWhenBothSeeTheSameCertificate) {
  EXPECT_EQ(exchange(server(), {Use::bound, kBinding}, true), "");
  EXPECT_EQ(exchange(server(std::string(64, 'x')), {Use::bound, std::string(64, 'x')}, true), "");
}

TEST(ScramPlus, RefusesAnotherCertificateWhateverThePassword) {
  EXPECT_EQ(exchange(server(), {Use::bound, kAnother}, true), "28000");
  EXPECT_EQ(exchange(server(), {Use::bound, ""}, true), "28000");
  EXPECT_EQ(exchange(server(), {Use::bound, kBinding.substr(1)}, true), "28000");
  EXPECT_EQ(exchange(server(), {Use::bound, kBinding + "x"}, true), "28000");
}

TEST(ScramPlus, SeesThatItsOfferWasTakenOut) {
  EXPECT_EQ(exchange(server(), {Use::unoffered}, false), "28000");
  EXPECT_EQ(exchange(server(""), {Use::unoffered}, false), "");  // it made none
}

TEST(ScramPlus, TakesAClientThatCannotBind) {
  EXPECT_EQ(exchange(server(), {Use::none}, false), "");
}

TEST(ScramPlus, RefusesAMessageOfTheOtherMechanism) {
  EXPECT_EQ(exchange(server(), {Use::none}, true), "08P01");
  EXPECT_EQ(exchange(server(), {Use::unoffered}, true), "08P01");
  EXPECT_EQ(exchange(server(), {Use::bound, kBinding}, false), "08P01");
}

TEST(ScramPlus, IsNotSpokenWhereItIsNotOffered) {
  EXPECT_EQ(exchange(server(""), {Use::bound, ""}, true), "08P01");
  EXPECT_EQ(exchange(server(""), {Use::bound, kBinding}, false), "0A000");
}

TEST(ScramPlus, KnowsOneKindOfBinding) {
  for (const char* flag : {"p=tls-unique,,", "p=tls-exporter,,", "p=,,", "p=tls-server-end-pointx,,"}) {
    auto other = server();
    EXPECT_EQ(other.first(flag + std::string("n=,r=nonce"), true).error().code.view(), "0A000") << flag;
  }
  auto identity = server();
  EXPECT_EQ(identity.first("p=tls-server-end-point,a=admin,n=,r=nonce", true).error().code.view(), "0A000");
}

TEST(ScramPlus, ProvesWithTheFlagThatWasSent) {
  // Somebody who turns the flag alone into another changes what both have signed.
  auto plain = server("");
  auto client = testing::rfc_client();
  std::string first = client.first({Use::unoffered});
  first[0] = 'n';
  const auto proof = client.last(plain.first(first).value()).value();
  EXPECT_EQ(plain.last(proof).error().code.view(), "08P01");
}

TEST(MockVerifier, HasAShapeOfTheRealOnes) {
  const std::vector<VerifierShape> shapes{{4096, 16}, {10000, 24}, {10000, 24}};
  std::size_t strong = 0;
  constexpr std::size_t kLogins = 300;
  for (std::size_t i = 0; i < kLogins; ++i) {
    const auto login = "ghost" + std::to_string(i);
    const auto mock = mock_verifier(login, "secret", shapes);
    EXPECT_EQ(mock, mock_verifier(login, "secret", shapes));
    EXPECT_EQ(mock.salt.size(), mock.iterations == 4096 ? 16u : 24u);
    strong += mock.iterations == 10000 ? 1 : 0;
  }
  EXPECT_GT(strong, kLogins / 2);  // two of three
  EXPECT_LT(strong, kLogins);
  const auto long_salt = mock_verifier("ghost", "secret", std::vector<VerifierShape>{{1, 100}});
  EXPECT_EQ(long_salt.salt.size(), 100u);
  EXPECT_NE(long_salt.salt.substr(0, 32), long_salt.salt.substr(32, 32));
}

}  // namespace
}  // namespace portcullis::auth
