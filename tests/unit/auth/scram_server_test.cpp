// The server's side against clients that err and clients that attack.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/auth/rfc7677.hpp"

namespace portcullis::auth {
namespace {

using namespace std::string_view_literals;
using testing::rfc_server;

base::SqlState first_refused(std::string_view message, bool offers_plus = false) {
  ScramServer server{testing::rfc_verifier(), std::string(testing::kServerNonce),
                     offers_plus ? "binding" : ""};
  const auto answer = server.first(message);
  EXPECT_FALSE(answer.has_value()) << message;
  return answer ? base::sqlstate::internal_error : answer.error().code;
}

base::Result<std::string> last_of(std::string_view client_final) {
  auto server = rfc_server();
  EXPECT_TRUE(server.first(testing::kClientFirst).has_value());
  return server.last(client_final);
}

base::SqlState last_refused(std::string_view client_final) {
  const auto answer = last_of(client_final);
  EXPECT_FALSE(answer.has_value()) << client_final;
  return answer ? base::sqlstate::internal_error : answer.error().code;
}

std::string with_replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string changed{text};
  return changed.replace(changed.find(from), from.size(), to);
}

TEST(ScramServer, SpeaksTheExchangeOfRfc7677) {
  auto server = rfc_server();
  EXPECT_EQ(server.first(testing::kClientFirst).value(), testing::kServerFirst);
  EXPECT_EQ(server.last(testing::kClientFinal).value(), testing::kServerFinal);
}

TEST(ScramServer, TakesAnEmptyUserAndOptionalExtensions) {
  for (const auto message :
       {"n,,n=,r=nonce"sv, "n,,n=a=2Cb,r=nonce"sv, "y,,n=,r=nonce"sv, "n,,n=,r=nonce,x=y"sv}) {
    auto server = rfc_server();
    const auto answer = server.first(message);
    ASSERT_TRUE(answer.has_value()) << message;
    EXPECT_TRUE(answer->starts_with("r=nonce%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s="));
  }
}

TEST(ScramServer, RefusesMalformedFirstMessages) {
  for (const auto message : {""sv,
                             "n"sv,
                             "n,"sv,
                             "n,,"sv,
                             "x,,n=,r=nonce"sv,
                             "n,n=,r=nonce"sv,
                             "n,,,n=,r=nonce"sv,
                             "n=,r=nonce"sv,
                             "n,,r=nonce"sv,
                             "n,,n="sv,
                             "n,,n=,"sv,
                             "n,,n=,r="sv,
                             "n,,n=,r=a b"sv,
                             "n,,n=,r=a\x7f"sv,
                             "n,,n=,r=\xc3\xa9"sv,
                             "n,,n=,r=nonce,"sv,
                             "n,,n=,r=nonce,x"sv,
                             "n,,n=,r=nonce,1=x"sv,
                             "n,,n=,r=non\0ce"sv,
                             "n,,n=,r=nonce\0"sv,
                             "n,,n=,r=nonce\n"sv,
                             "n,,r=nonce,n="sv,
                             "N,,n=,r=nonce"sv}) {
    EXPECT_EQ(first_refused(message), base::sqlstate::protocol_violation);
  }
}

TEST(ScramServer, RefusesWhatItDoesNotSupport) {
  for (const auto message : {"p=tls-server-end-point,,n=,r=nonce"sv, "n,a=admin,n=,r=nonce"sv,
                             "y,a=,n=,r=nonce"sv, "n,,m=x,n=,r=nonce"sv}) {
    EXPECT_EQ(first_refused(message), base::sqlstate::feature_not_supported);
  }
}

TEST(ScramServer, SeesADowngradeOfChannelBinding) {
  EXPECT_EQ(first_refused("y,,n=,r=nonce", true), base::sqlstate::invalid_authorization);
  ScramServer server{testing::rfc_verifier(), std::string(testing::kServerNonce), "binding"};
  EXPECT_TRUE(server.first("n,,n=,r=nonce").has_value());
}

TEST(ScramServer, RefusesToWorkWithoutANonceOfItsOwn) {
  for (const char* nonce : {"", "a,b", "a b"}) {
    ScramServer server{testing::rfc_verifier(), nonce};
    EXPECT_FALSE(server.first("n,,n=,r=nonce").has_value()) << nonce;
  }
}

TEST(ScramServer, RefusesFinalMessagesCutShortAnywhere) {
  for (std::size_t size = 0; size < testing::kClientFinal.size(); ++size) {
    EXPECT_EQ(last_refused(testing::kClientFinal.substr(0, size)), base::sqlstate::protocol_violation)
        << size;
  }
}

TEST(ScramServer, RefusesFinalMessagesChangedInAnyByte) {
  for (std::size_t at = 0; at < testing::kClientFinal.size(); ++at) {
    for (const int flip : {0x01, 0x20, 0x80}) {
      std::string message{testing::kClientFinal};
      message[at] = static_cast<char>(message[at] ^ flip);
      const auto answer = last_of(message);
      EXPECT_FALSE(answer.has_value()) << message;
    }
  }
}

TEST(ScramServer, RefusesAWrongProofAsAWrongPassword) {
  EXPECT_EQ(last_refused(with_replaced(testing::kClientFinal, "dHzb", "eHzb")),
            base::sqlstate::invalid_password);
}

TEST(ScramServer, RefusesAnotherNonceOrChannelBinding) {
  for (const auto& message : {with_replaced(testing::kClientFinal, "r=rOpr", "r=xOpr"),
                              with_replaced(testing::kClientFinal, "k0,p=", "k0x,p="),
                              with_replaced(testing::kClientFinal, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", ""),
                              with_replaced(testing::kClientFinal, "biws", "eSws"),
                              with_replaced(testing::kClientFinal, "biws", "biwsYQ=="),
                              with_replaced(testing::kClientFinal, "biws", "")}) {
    EXPECT_EQ(last_refused(message), base::sqlstate::protocol_violation);
  }
}

TEST(ScramServer, RefusesMalformedFinalMessages) {
  const std::string proof{testing::kClientFinal.substr(testing::kClientFinal.find("p="))};
  for (const auto& message :
       {std::string(testing::kClientFinal) + ",", std::string(testing::kClientFinal) + ",x=y",
        std::string(testing::kClientFinal) + '\0', "r=x,c=biws," + proof, "c=biws," + proof, proof,
        with_replaced(testing::kClientFinal, "p=dHzb", "p="),
        with_replaced(testing::kClientFinal, "p=dHzb", "p=dHzbdHzb"),
        with_replaced(testing::kClientFinal, "ndVQ=", "ndVR="),
        with_replaced(testing::kClientFinal, ",p=", ",,p=")}) {
    EXPECT_EQ(last_refused(message), base::sqlstate::protocol_violation);
  }
}

TEST(ScramServer, SignsExtensionsThatItIgnores) {
  // Well-formed, but not in what the client's proof was computed over.
  EXPECT_EQ(last_refused(with_replaced(testing::kClientFinal, ",p=", ",x=y,p=")),
            base::sqlstate::invalid_password);
}

TEST(ScramServer, IsOverAfterAFailure) {
  auto server = rfc_server();
  ASSERT_TRUE(server.first(testing::kClientFirst).has_value());
  EXPECT_FALSE(server.last("c=biws,r=x,p=x").has_value());
  EXPECT_EQ(server.last(testing::kClientFinal).error().code, base::sqlstate::protocol_violation);
  EXPECT_EQ(server.first(testing::kClientFirst).error().code, base::sqlstate::protocol_violation);
}

TEST(ScramServer, IsOverAfterASuccess) {
  auto server = rfc_server();
  ASSERT_TRUE(server.first(testing::kClientFirst).has_value());
  ASSERT_TRUE(server.last(testing::kClientFinal).has_value());
  EXPECT_FALSE(server.last(testing::kClientFinal).has_value());
}

TEST(ScramServer, TakesNoFinalMessageBeforeTheFirst) {
  auto server = rfc_server();
  EXPECT_EQ(server.last(testing::kClientFinal).error().code, base::sqlstate::protocol_violation);
}

}  // namespace
}  // namespace portcullis::auth
