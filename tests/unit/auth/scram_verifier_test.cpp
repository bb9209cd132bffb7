// Stored passwords: the text of PostgreSQL, and logins that do not exist.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/unit/auth/rfc7677.hpp"

namespace portcullis::auth {
namespace {

// Made by PostgreSQL 15 for the password "pencil".
constexpr std::string_view kFromPostgres =
    "SCRAM-SHA-256$4096:+SEi6QHfH44qbxcpH7YJfw==$+ElM0XcJD+0THyasWYmnWxwjZE+Dz3NX4n8HBFeRJzc=:"
    "jdjPxkwEN1RvbqposFpMANKSNKozNzKDZTlbs3x3KPk=";
// And for "correct horse ~!".
constexpr std::string_view kFromPostgresToo =
    "SCRAM-SHA-256$4096:H2mJhx5LhpRxBHejShds4A==$dA66wlp/Z7XxYq5tfDkI6/V8TUkDiDaaqsoY6AmAlh0=:"
    "yFt+NIp21WX2zs4yyJ4by1FnXchblnxsew1zqToJNCQ=";

bool refused(std::string_view text) {
  const auto verifier = parse_verifier(text);
  return !verifier && verifier.error().code == base::sqlstate::invalid_parameter_value;
}

std::string with_replaced(std::string_view from, std::string_view to) {
  std::string text{kFromPostgres};
  return text.replace(text.find(from), from.size(), to);
}

TEST(Verifier, OfPostgreSqlIsReadAndWrittenAsItIs) {
  for (const auto text : {kFromPostgres, kFromPostgresToo}) {
    const auto verifier = parse_verifier(text);
    ASSERT_TRUE(verifier.has_value());
    EXPECT_EQ(verifier->iterations, 4096u);
    EXPECT_EQ(verifier->salt.size(), 16u);
    EXPECT_EQ(to_text(*verifier), text);
  }
}

TEST(Verifier, IsMadeAsPostgreSqlMakesIt) {
  const auto first = parse_verifier(kFromPostgres).value();
  EXPECT_EQ(make_verifier(base::Secret{"pencil"}, first.salt).value(), first);
  const auto second = parse_verifier(kFromPostgresToo).value();
  EXPECT_EQ(make_verifier(base::Secret{"correct horse ~!"}, second.salt).value(), second);
}

TEST(Verifier, IsRefusedWhenCutShortAnywhere) {
  for (std::size_t size = 0; size < kFromPostgres.size(); ++size) {
    EXPECT_TRUE(refused(kFromPostgres.substr(0, size))) << size;
  }
  EXPECT_TRUE(refused(std::string(kFromPostgres) + "="));
  EXPECT_TRUE(refused(std::string(kFromPostgres) + "\n"));
  EXPECT_TRUE(refused(' ' + std::string(kFromPostgres)));
}

TEST(Verifier, IsRefusedWithIterationsOfNonsense) {
  for (const char* count :
       {"", "0", "-1", "+1", "04096", "4096 ", "4e3", "2147483648", "99999999999999999999"}) {
    EXPECT_TRUE(refused(with_replaced("4096", count))) << count;
  }
  EXPECT_EQ(parse_verifier(with_replaced("4096", "2147483647")).value().iterations, 2147483647u);
}

TEST(Verifier, IsRefusedWithSaltOrKeysOfNonsense) {
  EXPECT_TRUE(refused(with_replaced("+SEi6QHfH44qbxcpH7YJfw==", "")));
  EXPECT_TRUE(refused(with_replaced("+SEi6QHfH44qbxcpH7YJfw==", "+SEi6QHfH44qbxcpH7YJfw")));
  EXPECT_TRUE(refused(with_replaced("3KPk=", "3KPl=")));  // stray bits
  EXPECT_TRUE(refused(with_replaced("jdjPxkwE", "")));    // too short a key
  EXPECT_TRUE(refused(with_replaced("jdjPxkwE", "jdjPxkwEjdjP")));
  EXPECT_TRUE(refused(with_replaced("SHA-256", "SHA-1")));
  EXPECT_TRUE(refused("md5a2286e2058e8275f4419293789626063"));
}

TEST(Verifier, ChangedInOneByteIsRefusedOrAnother) {
  const auto original = parse_verifier(kFromPostgres).value();
  for (std::size_t at = 0; at < kFromPostgres.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string text{kFromPostgres};
      text[at] = static_cast<char>(value);
      const auto verifier = parse_verifier(text);
      if (!verifier) continue;
      EXPECT_EQ(to_text(*verifier), text);
      EXPECT_EQ(*verifier == original, text == kFromPostgres);
    }
  }
}

TEST(Verifier, IsNotMadeOfUnusablePasswords) {
  for (const char* password : {"", "caf\xc3\xa9", "tab\tbed", "del\x7f", "line\n"}) {
    const auto verifier = make_verifier(base::Secret{password}, "salt");
    ASSERT_FALSE(verifier.has_value()) << password;
    EXPECT_EQ(verifier.error().code, base::sqlstate::invalid_parameter_value);
  }
  EXPECT_FALSE(make_verifier(base::Secret{std::string("a\0b", 3)}, "salt").has_value());
}

TEST(Verifier, NeedsASaltAndIterationsWithinBounds) {
  EXPECT_FALSE(make_verifier(testing::pencil(), "").has_value());
  EXPECT_FALSE(make_verifier(testing::pencil(), "salt", 0).has_value());
  EXPECT_FALSE(make_verifier(testing::pencil(), "salt", kMaxIterations + 1).has_value());
  EXPECT_TRUE(make_verifier(testing::pencil(), "salt", 1).has_value());
}

TEST(Verifier, DoesNotTellThePasswordInItsErrors) {
  const auto verifier = make_verifier(base::Secret{"geheim\x01"}, "salt");
  EXPECT_EQ(verifier.error().message.find("geheim"), std::string::npos);
}

TEST(MockVerifier, IsTheSameForTheSameLogin) {
  EXPECT_EQ(mock_verifier("nobody", "process secret"), mock_verifier("nobody", "process secret"));
}

TEST(MockVerifier, DiffersByLoginAndBySecret) {
  std::set<std::string> salts, keys;
  for (const char* login : {"", "a", "b", "nobody"}) {
    for (const char* secret : {"one", "two"}) {
      const auto verifier = mock_verifier(login, secret);
      salts.insert(verifier.salt);
      keys.insert(std::string(verifier.stored_key.begin(), verifier.stored_key.end()));
      keys.insert(std::string(verifier.server_key.begin(), verifier.server_key.end()));
    }
  }
  EXPECT_EQ(salts.size(), 8u);
  EXPECT_EQ(keys.size(), 16u);
}

TEST(MockVerifier, LooksLikeARealOne) {
  const auto mock = mock_verifier("nobody", "process secret");
  const auto real = parse_verifier(kFromPostgres).value();
  EXPECT_EQ(mock.iterations, real.iterations);
  EXPECT_EQ(mock.salt.size(), real.salt.size());
  EXPECT_EQ(parse_verifier(to_text(mock)).value(), mock);
}

TEST(RandomBytes, AreAsManyAsAskedAndNeverTheSame) {
  EXPECT_TRUE(random_bytes(0).empty());
  EXPECT_EQ(random_bytes(18).size(), 18u);
  EXPECT_NE(random_bytes(18), random_bytes(18));
}

}  // namespace
}  // namespace portcullis::auth
