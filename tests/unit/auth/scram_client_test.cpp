// The client's side against servers that err and servers that attack.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/auth/rfc7677.hpp"

namespace portcullis::auth {
namespace {

using namespace std::string_view_literals;
using testing::rfc_client;

// RFC 7677's exchange with an empty user name, computed with another implementation (Python's hashlib and
// hmac).
constexpr std::string_view kProof = "qvT2SWdEH5Q06albL+hjSYuUhCG7VndFyzIb7CK4n9k=";
constexpr std::string_view kSignature = "3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg=";

base::Result<std::string> last_of(std::string_view server_first) {
  auto client = rfc_client();
  static_cast<void>(client.first());
  return client.last(server_first);
}

base::SqlState last_refused(std::string_view server_first) {
  const auto answer = last_of(server_first);
  EXPECT_FALSE(answer.has_value()) << server_first;
  return answer ? base::sqlstate::internal_error : answer.error().code;
}

bool check_refused(std::string_view server_final) {
  auto client = rfc_client();
  static_cast<void>(client.first());
  EXPECT_TRUE(client.last(testing::kServerFirst).has_value());
  const auto checked = client.check(server_final);
  return !checked && checked.error().code == base::sqlstate::invalid_authorization;
}

TEST(ScramClient, SpeaksTheExchangeOfRfc7677) {
  auto client = rfc_client();
  EXPECT_EQ(client.first(), "n,,n=,r=rOprNGfwEbeRWgbNEkqO");
  const std::string nonce = std::string(testing::kClientNonce) + std::string(testing::kServerNonce);
  EXPECT_EQ(client.last(testing::kServerFirst).value(), "c=biws,r=" + nonce + ",p=" + std::string(kProof));
  EXPECT_TRUE(client.check("v=" + std::string(kSignature)).has_value());
}

TEST(ScramClient, AnswersWithWhatWasComputedElsewhere) {
  auto client = rfc_client();
  EXPECT_FALSE(client.wants(testing::kServerFirst)) << "out of turn";
  static_cast<void>(client.first());
  const auto wanted = client.wants(testing::kServerFirst);
  ASSERT_TRUE(wanted);
  EXPECT_EQ(wanted->iterations, 4096u);
  client.give(testing::kServerFirst, salted_password(*wanted));
  EXPECT_FALSE(client.wants(testing::kServerFirst));
  EXPECT_TRUE(client.last(testing::kServerFirst).value().ends_with(",p=" + std::string(kProof)));
  EXPECT_TRUE(client.check("v=" + std::string(kSignature)).has_value());
}

TEST(ScramClient, UsesWhatItWasGivenForThatMessageAlone) {
  auto client = rfc_client();
  static_cast<void>(client.first());
  client.give("r=rOprNGfwEbeRWgbNEkqOx,s=c2FsdA==,i=1", base::Secret("of another"));
  EXPECT_TRUE(client.wants(testing::kServerFirst));
  EXPECT_TRUE(client.last(testing::kServerFirst).value().ends_with(",p=" + std::string(kProof)));
}

TEST(ScramClient, WantsNothingOfAMessageThatItWouldRefuse) {
  auto client = rfc_client();
  static_cast<void>(client.first());
  EXPECT_FALSE(client.wants("r=rOprNGfwEbeRWgbNEkqOx,s=c2FsdA==,i=1000001"));
  EXPECT_FALSE(client.wants(""));
}

TEST(ScramClient, RefusesServerMessagesCutShortAnywhere) {
  const auto& whole = testing::kServerFirst;
  for (std::size_t size = 0; size < whole.size() - 3; ++size) {  // "i=4" is whole again
    EXPECT_EQ(last_refused(whole.substr(0, size)), base::sqlstate::protocol_violation) << size;
  }
}

TEST(ScramClient, RefusesMalformedServerMessages) {
  for (const auto message :
       {"r=rOprNGfwEbeRWgbNEkqO,s=c2FsdA==,i=1"sv, "r=rOprNGfwEbeRWgbNEkq0x,s=c2FsdA==,i=1"sv,
        "r=,s=c2FsdA==,i=1"sv, "r=rOprNGfwEbeRWgbNEkqO\x01,s=c2FsdA==,i=1"sv,
        "r=rOprNGfwEbeRWgbNEkqOx,s=,i=1"sv, "r=rOprNGfwEbeRWgbNEkqOx,s=c2FsdA,i=1"sv,
        "r=rOprNGfwEbeRWgbNEkqOx,s=c2FsdA==,i=0"sv, "r=rOprNGfwEbeRWgbNEkqOx,s=c2FsdA==,i=-1"sv,
        "r=rOprNGfwEbeRWgbNEkqOx,s=c2FsdA==,i=1000001"sv, "r=rOprNGfwEbeRWgbNEkqOx,s=c2FsdA==,i=4294967297"sv,
        "r=rOprNGfwEbeRWgbNEkqOx,s=c2FsdA==,i=1x"sv, "r=rOprNGfwEbeRWgbNEkqOx,s=c2FsdA==,i=1,x=y"sv,
        "r=rOprNGfwEbeRWgbNEkqOx,s=c2FsdA==,i=1,"sv, "m=x,r=rOprNGfwEbeRWgbNEkqOx,s=c2FsdA==,i=1"sv,
        "s=c2FsdA==,r=rOprNGfwEbeRWgbNEkqOx,i=1"sv, "r=rOprNGfwEbeRWgbNEkqOx,s=c2FsdA==,i=1\0"sv,
        "e=other-error"sv}) {
    EXPECT_EQ(last_refused(message), base::sqlstate::protocol_violation);
  }
  EXPECT_TRUE(last_of("r=rOprNGfwEbeRWgbNEkqOx,s=c2FsdA==,i=1").has_value());
}

TEST(ScramClient, RefusesAPasswordThatItMightSpellOtherwiseThanTheServer) {
  for (const char* password : {"", "caf\xc3\xa9", "a\tb"}) {
    ScramClient client{base::Secret{password}, "nonce"};
    static_cast<void>(client.first());
    const auto answer = client.last("r=noncex,s=c2FsdA==,i=1");
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, base::sqlstate::invalid_parameter_value);
  }
}

TEST(ScramClient, WithoutANonceTrustsNobody) {
  ScramClient client{testing::pencil(), ""};
  static_cast<void>(client.first());
  EXPECT_FALSE(client.last("r=x,s=c2FsdA==,i=1").has_value());
}

TEST(ScramClient, RefusesAServerThatProvesNothing) {
  const std::string right = "v=" + std::string(kSignature);
  for (std::size_t size = 0; size < right.size(); ++size)
    EXPECT_TRUE(check_refused(right.substr(0, size))) << size;
  for (std::size_t at = 0; at < right.size(); ++at) {
    std::string wrong = right;
    wrong[at] = static_cast<char>(wrong[at] ^ 1);
    EXPECT_TRUE(check_refused(wrong)) << wrong;
  }
  EXPECT_TRUE(check_refused(right + "="));
  EXPECT_TRUE(check_refused(right + ",x=y"));
  EXPECT_TRUE(check_refused(right + ","));
  EXPECT_TRUE(check_refused(right + '\0'));
  EXPECT_TRUE(check_refused("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
  EXPECT_TRUE(check_refused(testing::kServerFinal));  // for another user name
}

TEST(ScramClient, QuotesAnErrorOfTheServerOnlyWhenReadable) {
  const auto message_of = [](std::string_view server_final) {
    auto client = rfc_client();
    static_cast<void>(client.first());
    EXPECT_TRUE(client.last(testing::kServerFirst).has_value());
    return client.check(server_final).error().message;
  };
  EXPECT_NE(message_of("e=invalid-proof").find("\"invalid-proof\""), std::string::npos);
  EXPECT_EQ(message_of("e=\x1b[31m").find('\x1b'), std::string::npos);
  EXPECT_LT(message_of("e=" + std::string(5000, 'x')).size(), 200u);
}

TEST(ScramClient, CannotBeCheckedBeforeItsTime) {
  auto fresh = rfc_client();
  EXPECT_FALSE(fresh.check("v=" + std::string(kSignature)).has_value());
  auto begun = rfc_client();
  static_cast<void>(begun.first());
  EXPECT_FALSE(begun.check("v=" + std::string(kSignature)).has_value());
  auto silent = rfc_client();
  EXPECT_FALSE(silent.last(testing::kServerFirst).has_value());
}

TEST(ScramClient, IsOverAfterOneCheck) {
  auto client = rfc_client();
  static_cast<void>(client.first());
  ASSERT_TRUE(client.last(testing::kServerFirst).has_value());
  EXPECT_FALSE(client.check("v=").has_value());
  EXPECT_FALSE(client.check("v=" + std::string(kSignature)).has_value());
}

}  // namespace
}  // namespace portcullis::auth
