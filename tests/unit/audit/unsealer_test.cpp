// Texts of a log opened for statements, and counted beforehand.
#include "audit/unsealer.hpp"

#include <gmock/gmock.h>

#include "audit/entry_texts.hpp"
#include "audit/format.hpp"
#include "audit/log.hpp"
#include "audit/read.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;
using ::testing::AnyOf;
using ::testing::ElementsAre;

// Entries 2, a Parse; 3 to 5, a Bind of it each; 6, the outcome of 5; 7, a refused Query.
class UnsealerTest : public ::testing::Test {
 protected:
  UnsealerTest() {
    LogOptions with = options(directory_ / "log");
    with.text = TextMode::sealed;
    with.sealing_keys = keys_;
    const auto log = Log::open(with, clock_).value();
    DecisionRecord parse = decision("select $1");
    parse.message = "Parse";
    EXPECT_EQ(log->append(parse).value(), 2u);
    for (const std::string value : {"a\"b", "\xff", "c"}) {
      DecisionRecord bind = decision("");
      bind.message = "Bind";
      bind.statement = 2;
      bind.parameters = {{ParameterRecord::Form::text, value, value.size()},
                         {ParameterRecord::Form::null, "", 0}};
      EXPECT_TRUE(log->append(bind));
    }
    OutcomeRecord failed = outcome(5);
    failed.result = "error";
    failed.error = "no such row";
    EXPECT_EQ(log->append(failed).value(), 6u);
    DecisionRecord refused = decision("selec");
    refused.effects.clear();
    refused.verdict = "deny";
    refused.reason = "syntax error at \"selec\"";
    refused.said_reason = "to see";
    EXPECT_EQ(log->append(refused).value(), 7u);
  }
  std::vector<Statement> statements(Unsealer* keys, EntryFilter filter = {}) {
    std::vector<Statement> found;
    ReadOptions options{.filter = filter, .texts = true, .keys = keys};
    EXPECT_TRUE(read_statements(directory_ / "log", options, [&](const Statement& statement) {
      found.push_back(statement);
      found.back().text = statement.full_text();
      return true;
    }));
    return found;
  }
  Unsealer keys(Unsealer::Use use = Unsealer::Use::open) { return Unsealer::open(keys_, use).value(); }
  std::string counted(EntryFilter filter = {}) {
    auto counting = keys(Unsealer::Use::count);
    for (const auto& statement : statements(&counting, filter)) {
      for (const auto& text : {statement.text, statement.said, statement.reason})
        EXPECT_THAT(text, AnyOf("", "[erased]"));
    }
    auto opening = keys();
    (void)statements(&opening, filter);
    EXPECT_EQ(told(counting.opened()), told(opening.opened()));
    return told(counting.opened());
  }
  static std::string told(const OpenedTexts& opened) {
    return std::to_string(opened.records) + " of " + std::to_string(opened.first) + "-" +
           std::to_string(opened.last) + ": " + to_text(opened.classes);
  }

  TemporaryDirectory directory_;
  FixedClock clock_;
  const std::filesystem::path keys_ = directory_ / "keys";
};

TEST_F(UnsealerTest, OpensTheTextsOfStatements) {
  auto opening = keys();
  const auto found = statements(&opening);
  ASSERT_EQ(found.size(), 5u);
  EXPECT_EQ(found[0].text, "select $1");
  EXPECT_EQ(found[1].text, "select $1");
  EXPECT_THAT(found[1].parameters, ElementsAre("a\"b", "NULL"));
  EXPECT_THAT(found[2].parameters, ElementsAre("\xff", "NULL"));
  EXPECT_EQ(found[4].text, "selec");
  EXPECT_EQ(found[4].reason, "syntax error at \"selec\"");
  EXPECT_EQ(found[4].said, "to see");
  const auto sealed = statements(nullptr);
  EXPECT_EQ(sealed[1].text, "[sealed]");
  EXPECT_THAT(sealed[1].parameters, ElementsAre("[sealed]"));
  EXPECT_EQ(sealed[4].reason, "[sealed]");
}

TEST_F(UnsealerTest, CountsEachEntryOnceWithTheOneThatHasItsText) {
  EXPECT_EQ(counted(), "5 of 2-7: parameters said text");
  EntryFilter third;
  third.from = third.to = 4;
  EXPECT_EQ(counted(third), "2 of 2-4: parameters text");
  third.from = third.to = 6;
  EXPECT_EQ(counted(third), "0 of 0-0: ");
}

TEST_F(UnsealerTest, DoesNotCountWhatIsErased) {
  const auto folder = SealingFolder::open(keys_).value();
  const auto epoch = folder.epochs().value().front();
  auto left = folder.read(epoch).value();
  left.of(SealClass::text).erase_all();
  ASSERT_TRUE(folder.replace(left));
  EXPECT_EQ(counted(), "4 of 3-7: parameters said");
  auto opening = keys();
  const auto found = statements(&opening);
  EXPECT_EQ(found[1].text, "[erased]");
  EXPECT_THAT(found[1].parameters, ElementsAre("a\"b", "NULL"));
  std::filesystem::remove(keys_ / sealing_name(epoch));
  EXPECT_EQ(counted(), "0 of 0-0: ");
  auto nothing = keys();
  EXPECT_THAT(statements(&nothing)[1].parameters, ElementsAre("[erased]"));
}

}  // namespace
}  // namespace portcullis::audit
