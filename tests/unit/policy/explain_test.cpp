// What a policy says about one agent.
#include "policy_fixture.hpp"

#include <gmock/gmock.h>

namespace portcullis::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> lines(const Explanation& explanation) {
  std::vector<std::string> all;
  for (const auto& permission : explanation.permissions) {
    std::string line = permission.object + ": " + std::string(name(permission.outcome));
    for (const auto& action : permission.actions) line += " " + action + ",";
    line += " " + permission.rule;
    for (const auto& condition : permission.conditions) line += "; " + condition;
    all.push_back(line);
  }
  return all;
}

TEST(Explain, SortsRulesByWhatTheyName) {
  const auto policy = loaded(
      policy_text(rule("read", "allow", "\"select\"", "\"app.orders\", \"app.*\"") + "," +
                  rule("write", "allow", "\"update\", \"delete\"", "\"app.notes(body)\", \"app.orders\"",
                       R"(, "require": ["where"])") +
                  "," + rule("index", "ask", "\"create index\"", "\"app.*\"") + "," +
                  rule("grow", "allow", "\"alter table add column\"", "\"app.orders\"",
                       R"(, "when": {"default": ["none", "constant"], "nullable": true, "type": "base"})") +
                  "," +
                  R"({"id": "no-roles", "deny": ["create role"], "to": ["etl"]},
         {"id": "others", "allow": ["truncate"], "on": ["app.t"], "to": ["other"]})"));
  EXPECT_THAT(
      lines(policy.explain("bot")),
      ElementsAre("app.orders: allow select, read", "app.orders: allow update, delete, write; with WHERE",
                  "app.orders: allow alter table add column, grow; default none or constant; "
                  "nullable; base type",
                  "app.*: allow select, read", "app.*: ask create index, index; approved by dba",
                  "app.notes(body): allow update, delete, write; with WHERE",
                  ": deny create role, no-roles"));
  EXPECT_THAT(policy.explain("bot").opened,
              ElementsAre(sql::Action::select, sql::Action::update, sql::Action::delete_,
                          sql::Action::alter_table_add_column, sql::Action::create_index));
}

TEST(Explain, GivesWhatHoldsForEveryone) {
  const auto policy = loaded(
      policy_text("", R"j({"id": "pii", "on": ["app.users", "app.c(ssn)"], "except": ["insert", "select"]})j",
                  R"j(, "functions": {"allow": ["app.f(int)", "extension vector"], "deny": ["app.g"]},
                       "settings": {"allow": ["Work_Mem"]})j"));
  const auto explanation = policy.explain("bot");
  ASSERT_EQ(explanation.protections.size(), 1U);
  EXPECT_EQ(explanation.protections[0].protection, "pii");
  EXPECT_THAT(explanation.protections[0].objects, ElementsAre("app.users", "app.c(ssn)"));
  EXPECT_THAT(explanation.protections[0].except, ElementsAre("select", "insert"));
  EXPECT_THAT(explanation.functions_allowed, ElementsAre("app.f(int)", "extension vector"));
  EXPECT_THAT(explanation.functions_denied, ElementsAre("app.g"));
  EXPECT_THAT(explanation.settings, ElementsAre("work_mem"));
}

TEST(Explain, IsEmptyForAStranger) {
  const auto explanation = loaded(policy_text("", R"({"id": "pii", "on": ["app.users"]})")).explain("nobody");
  EXPECT_THAT(explanation.permissions, IsEmpty());
  EXPECT_THAT(explanation.protections, IsEmpty());
}

}  // namespace
}  // namespace portcullis::policy
