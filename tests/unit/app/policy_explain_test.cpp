#include "app/policy_explain.hpp"

#include <gmock/gmock.h>

#include "app/exit_code.hpp"
#include "tests/unit/app/sample_shop.hpp"
#include "tests/unit/app/scripted_console.hpp"
#include "tests/unit/app/temporary_folder.hpp"

namespace portcullis::app {
namespace {

using portcullis::testing::sample_shop;
using portcullis::testing::ScriptedConsole;
using portcullis::testing::shop_policy;
using ::testing::HasSubstr;

class PolicyExplain : public ::testing::Test {
 protected:
  int explain(const std::string& agent, bool catalog, Format format = Format::text) {
    ExplainOptions options{folder_.write("policy.json", shop_policy()), agent, {}, format};
    if (catalog) options.catalog = folder_.write("shop.catalog", sample_shop().dump());
    return explain_policy(options, script_.console);
  }

  portcullis::testing::TemporaryFolder folder_;
  ScriptedConsole script_;
};

TEST_F(PolicyExplain, ListsRulesByObject) {
  EXPECT_EQ(explain("bot", false), kSuccess) << script_.err.str();
  EXPECT_EQ(script_.out.str(), R"j(agent "bot", login "agent_bot", owner ada, groups writers

rules:
  OBJECT      VERDICT  ACTIONS                         RULE     ONLY
  app.*       allow    select                          "read"
  app.orders  allow    insert, update                  "write"  with WHERE
  app.orders  allow    alter table add column, drop *  "grow"

protected, whatever the rules say:
  OBJECT              PROTECTION  EXCEPT
  app.users           "pii"
  app.customers(ssn)  "pii"

functions that may be called, by rules too:
  app.total

functions that may not be called:
  pg_catalog.random

settings, beside those that are free for everyone:
  work_mem
)j");
}

TEST_F(PolicyExplain, SaysWhatItComesToInADatabase) {
  EXPECT_EQ(explain("bot", true), kSuccess) << script_.err.str();
  const std::string out = script_.out.str();
  EXPECT_THAT(out, HasSubstr("\nin database \"shop\":\n"));
  EXPECT_THAT(out, HasSubstr("  app.customers      allow (id, name)  select"));
  EXPECT_THAT(out, HasSubstr("allow with WHERE  update"));
  EXPECT_THAT(out, HasSubstr("alter table add column, drop policy, drop rule, drop table, drop trigger"));
  EXPECT_THAT(out, HasSubstr("select on app.users (through view app.people) is protected"));
  EXPECT_THAT(out, HasSubstr("  other.things       deny              everything"));
}

TEST_F(PolicyExplain, IsJsonForPrograms) {
  EXPECT_EQ(explain("bot", true, Format::json), kSuccess) << script_.err.str();
  std::string flat;
  for (const char c : script_.out.str()) flat += c == '\n' || c == ' ' ? "" : std::string(1, c);
  EXPECT_THAT(
      flat,
      HasSubstr(
          R"j("protections":[{"id":"pii","objects":["app.users","app.customers(ssn)"],"except":[]}])j"));
  EXPECT_THAT(flat, HasSubstr(R"({"action":"update","verdict":"allow","by":"\"write\"",)"));
  EXPECT_THAT(flat, HasSubstr(R"("where":true})"));
  EXPECT_THAT(flat, HasSubstr(R"("columns":["id","name"]})"));
}

TEST_F(PolicyExplain, KnowsAnAgentWithoutRules) {
  EXPECT_EQ(explain("idle", false), kSuccess);
  EXPECT_THAT(script_.out.str(), HasSubstr("no rule speaks of this agent"));
}

TEST_F(PolicyExplain, NeedsAnAgentAndFilesThatAreThere) {
  EXPECT_EQ(explain("nobody", false), kUsage);
  EXPECT_THAT(script_.err.str(), HasSubstr("has no agent \"nobody\": give one of bot, idle"));
  EXPECT_EQ(explain_policy({folder_.path() / "none.json", "bot", {}, Format::text}, script_.console), kUsage);
  EXPECT_EQ(
      explain_policy({folder_.write("p.json", shop_policy()), "bot", folder_.path() / "none", Format::text},
                     script_.console),
      kUsage);
  EXPECT_THAT(script_.err.str(), HasSubstr("cannot read the catalog file"));
}

}  // namespace
}  // namespace portcullis::app
