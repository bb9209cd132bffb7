#include "auth/salted_passwords.hpp"

#include <gtest/gtest.h>

#include <string>

#include "auth/scram.hpp"
#include "base/encoding.hpp"

namespace portcullis::auth {
namespace {

using base::Secret;

class SaltedPasswordsTest : public ::testing::Test {
 protected:
  // Whether both sides are content.
  bool log_in(const ScramVerifier& verifier, const std::string& password) {
    ScramServer server{verifier, "server"};
    ScramClient client{Secret{password}, "client", &known_};
    const auto challenge = server.first(client.first());
    const auto proof = client.last(*challenge);
    const auto signature = server.last(*proof);
    return signature && client.check(*signature);
  }

  SaltedPasswords known_;
  ScramVerifier verifier_ = make_verifier(Secret{"pencil"}, "salt", 64).value();
};

TEST_F(SaltedPasswordsTest, OfALoginThatWorkedAreUsedForTheNext) {
  EXPECT_EQ(known_.find(Secret{"pencil"}, "salt", 64), nullptr);
  EXPECT_TRUE(log_in(verifier_, "pencil"));
  ASSERT_NE(known_.find(Secret{"pencil"}, "salt", 64), nullptr);
  EXPECT_TRUE(log_in(verifier_, "pencil"));
}

TEST_F(SaltedPasswordsTest, AreThoseOfThisPasswordSaltAndCount) {
  known_.keep(Secret{"pencil"}, "salt", 64, Secret{"of another"});
  EXPECT_FALSE(log_in(verifier_, "pencil")) << "it was not what was kept that was used";
  EXPECT_EQ(known_.find(Secret{"Pencil"}, "salt", 64), nullptr);
  EXPECT_EQ(known_.find(Secret{"pencil"}, "Salt", 64), nullptr);
  EXPECT_EQ(known_.find(Secret{"pencil"}, "salt", 65), nullptr);
  EXPECT_TRUE(log_in(make_verifier(Secret{"pencil"}, "new salt", 64).value(), "pencil"));
}

TEST_F(SaltedPasswordsTest, OfALoginThatFailedAreNotKept) {
  EXPECT_FALSE(log_in(verifier_, "wrong"));
  EXPECT_EQ(known_.find(Secret{"wrong"}, "salt", 64), nullptr);
}

TEST_F(SaltedPasswordsTest, AreBounded) {
  const auto salt = [](std::size_t i) { return std::to_string(i); };
  for (std::size_t i = 0; i < SaltedPasswords::kMost; ++i) known_.keep(Secret{"p"}, salt(i), 1, Secret{"s"});
  EXPECT_NE(known_.find(Secret{"p"}, salt(0), 1), nullptr);
  known_.keep(Secret{"p"}, "more", 1, Secret{"s"});
  EXPECT_NE(known_.find(Secret{"p"}, salt(0), 1), nullptr) << "it was used a moment ago";
  EXPECT_EQ(known_.find(Secret{"p"}, salt(1), 1), nullptr);
}

}  // namespace
}  // namespace portcullis::auth
