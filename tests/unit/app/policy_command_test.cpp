#include "app/policy_command.hpp"

#include <gmock/gmock.h>

#include "app/exit_code.hpp"
#include "tests/unit/app/sample_policy.hpp"
#include "tests/unit/app/scripted_console.hpp"
#include "tests/unit/app/temporary_folder.hpp"
#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::app {
namespace {

using portcullis::testing::kSamplePolicy;
using portcullis::testing::ScriptedConsole;
using ::testing::HasSubstr;

class PolicyTestCommand : public ::testing::Test {
 protected:
  std::filesystem::path changed(std::string_view from, std::string_view to) {
    std::string text{kSamplePolicy};
    text.replace(text.find(from), from.size(), to);
    return folder_.write("changed.json", text);
  }

  portcullis::testing::TemporaryFolder folder_;
  ScriptedConsole script_;
};

TEST_F(PolicyTestCommand, PassesWhenEveryTestHolds) {
  const auto file = folder_.write("good.json", kSamplePolicy);
  EXPECT_EQ(test_policies({file}, {}, script_.console), kSuccess) << script_.err.str();
  EXPECT_EQ(script_.out.str(), file.string() + ": 2 of 2 tests passed\n");
  EXPECT_EQ(script_.err.str(), "");
}

TEST_F(PolicyTestCommand, NamesTheLineOfATestThatFails) {
  EXPECT_EQ(test_policies({changed(R"("expect": "allow")", R"("expect": "deny")")}, {}, script_.console),
            kFailure);
  EXPECT_THAT(script_.err.str(), HasSubstr("changed.json:14:"));
  EXPECT_THAT(script_.out.str(), HasSubstr("1 of 2 tests passed"));
}

TEST_F(PolicyTestCommand, MindsWhichRuleAnswered) {
  EXPECT_EQ(test_policies({changed(R"("rule": "pii")", R"("rule": "drift")")}, {}, script_.console),
            kFailure);
  EXPECT_THAT(script_.err.str(), HasSubstr("\"drift\""));
}

TEST_F(PolicyTestCommand, FailsWhenNothingWasTested) {
  std::string text{kSamplePolicy};
  text.replace(text.find("\"tests\""), std::string::npos, "\"tests\": [] }");
  EXPECT_EQ(test_policies({folder_.write("untested.json", text)}, {}, script_.console), kFailure);
  EXPECT_THAT(script_.err.str(), HasSubstr("has no tests"));
}

TEST_F(PolicyTestCommand, JudgesByACatalog) {
  const auto file = folder_.write("good.json", kSamplePolicy);
  catalog::testing::MakeSnapshot make;
  make.table("app.orders", {"id int4"});
  make.table("public.notes", {"id int4"});
  // What a policy closes must be there.
  const auto lacking = folder_.write("lacking.catalog", make.dump());
  EXPECT_EQ(test_policies({file}, lacking, script_.console), kFailure);
  EXPECT_THAT(script_.err.str(), HasSubstr("the database has no object \"app.users\""));
  make.table("app.users", {"id int4"});
  EXPECT_EQ(test_policies({file}, folder_.write("shop.catalog", make.dump()), script_.console), kSuccess)
      << script_.err.str();
  EXPECT_EQ(test_policies({file}, folder_.path() / "none.catalog", script_.console), kUsage);
  EXPECT_THAT(script_.err.str(), HasSubstr("cannot read the catalog file"));
}

TEST_F(PolicyTestCommand, GoesOnAfterAFileThatIsWrong) {
  const auto good = folder_.write("good.json", kSamplePolicy);
  EXPECT_EQ(test_policies({folder_.write("bad.json", "{"), good}, {}, script_.console), kFailure);
  EXPECT_THAT(script_.err.str(), HasSubstr("bad.json:1:"));
  EXPECT_THAT(script_.out.str(), HasSubstr("good.json: 2 of 2"));
}

}  // namespace
}  // namespace portcullis::app
