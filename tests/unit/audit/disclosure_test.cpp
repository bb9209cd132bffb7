// One sealed field for somebody who has the log's public key alone.
#include "audit/disclosure.hpp"

#include <gmock/gmock.h>

#include "audit/format.hpp"
#include "audit/log.hpp"
#include "audit/note_write.hpp"
#include "audit/sealing_folder.hpp"
#include "audit/unsealer.hpp"
#include "base/encoding.hpp"
#include "tests/unit/audit/signing.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;
using portcullis::testing::key_of;
using portcullis::testing::named_key;
using ::testing::HasSubstr;
using ::testing::Not;

// A log with entries 2, of a text that is not UTF-8 and a reason of the agent's, and 3, without a text.
class DisclosureTest : public ::testing::Test {
 protected:
  DisclosureTest() {
    LogOptions with = options(directory_ / "log");
    with.text = TextMode::sealed;
    with.sealing_keys = keys_;
    with.key = std::make_shared<const NamedKey>(named_key(1));
    const auto log = Log::open(with, clock_).value();
    DecisionRecord asked = decision(text_);
    asked.said_reason = "another secret";
    EXPECT_EQ(log->append(asked).value(), 2u);
    EXPECT_EQ(log->append(outcome(2)).value(), 3u);
  }
  [[nodiscard]] std::string made(const std::string& field = "text", std::uint64_t index = 2) const {
    auto keys = Unsealer::open(keys_);
    if (!keys) return "refused: " + keys.error().message;
    const auto text = disclose(directory_ / "log", index, field, *keys);
    return text ? *text : "refused: " + text.error().message;
  }
  static VerifierKey key(unsigned char byte = 1) {
    return read_vkey(vkey_text(kOrigin, key_of(byte).public_key())).value();
  }
  static ProofVerdict verdict(const std::string& text) {
    const auto read = read_disclosure(text);
    EXPECT_TRUE(read) << read.error().message;
    return judge(*read, key());
  }
  static std::string with(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }

  TemporaryDirectory directory_;
  FixedClock clock_;
  const std::filesystem::path keys_ = directory_ / "keys";
  const std::string text_ = "select '\xff secret'";
};

TEST_F(DisclosureTest, ProvesOneFieldWithThePublicKeyAlone) {
  const std::string text = made();
  std::filesystem::remove_all(directory_ / "log");
  std::filesystem::remove_all(keys_);
  const auto read = read_disclosure(text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->field, "text");
  EXPECT_EQ(read->value, text_);
  EXPECT_EQ(to_text(*read), text);
  EXPECT_EQ(judge(*read, key()).result, ProofResult::proven);
  EXPECT_EQ(judge(*read, key(2)).result, ProofResult::undecided);
  EXPECT_THAT(text, Not(HasSubstr(base::to_base64("another secret"))));
}

TEST_F(DisclosureTest, OfAnotherValueSaltOrFieldDoesNotHold) {
  const std::string text = made();
  const auto disclosure = read_disclosure(text).value();
  auto changed = disclosure;
  changed.value += "x";
  EXPECT_THAT(verdict(to_text(changed)).why, HasSubstr("another value"));
  changed = disclosure;
  changed.salt[31] ^= 1u;
  EXPECT_EQ(verdict(to_text(changed)).result, ProofResult::refuted);
  EXPECT_EQ(verdict(with(text, "field text", "field said")).result, ProofResult::refuted);
  EXPECT_THAT(verdict(with(text, "field text", "field error")).why, HasSubstr("is not sealed"));
  changed = disclosure;
  changed.proof.entry = with(changed.proof.entry, "\"session\":1", "\"session\":2");
  EXPECT_EQ(verdict(to_text(changed)).result, ProofResult::refuted);
  changed = disclosure;
  changed.proof.index = 3;
  EXPECT_EQ(verdict(to_text(changed)).result, ProofResult::refuted);
}

TEST_F(DisclosureTest, OfAnotherFormIsNone) {
  const std::string text = made();
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(read_disclosure(text.substr(0, size))) << size;
  const auto read = read_disclosure(text).value();
  const std::string proof = to_text(read.proof);
  for (const auto& bad :
       {text + "x", with(text, "v1", "v2"), with(text, "field text", "field title"),
        with(text, "field ", "field  "), with(text, "\nsalt ", "\nsalt  "),
        with(text, "\nsalt ", "\nsalt AAAA"), with(text, "\nvalue ", "\nvalue ="), with(text, "\n\n", "\n"),
        with(text, "\nsalt", "\n\nsalt"), with(text, "value", "Value"),
        text.substr(0, text.size() - proof.size()) + "old 1\n" + proof}) {
    const auto refused = read_disclosure(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, base::sqlstate::invalid_parameter_value);
  }
}

TEST_F(DisclosureTest, IsNotMadeOfWhatCannotBeOpened) {
  EXPECT_THAT(made("error"), HasSubstr("is not sealed"));
  EXPECT_THAT(made("text", 3), HasSubstr("is not sealed"));
  EXPECT_THAT(made("text", 99), HasSubstr("refused"));
  {
    const auto folder = SealingFolder::make(keys_).value();
    auto left = folder.read(2).value();
    left.of(SealClass::text).erase(0, 0);
    ASSERT_TRUE(folder.replace(left));
  }
  EXPECT_THAT(made(), HasSubstr("was erased"));
  EXPECT_EQ(verdict(made("said")).result, ProofResult::proven) << "which is of another class";
  std::filesystem::remove_all(keys_);
  EXPECT_THAT(made("said"), HasSubstr("cannot open the folder"));
}

}  // namespace
}  // namespace portcullis::audit
