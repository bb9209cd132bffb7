// Which limit on rows a text comes under.
#include <gtest/gtest.h>

#include "policy_fixture.hpp"

namespace portcullis::policy {
namespace {

std::string policy_of(const std::string& rules, const std::string& mode = "enforce") {
  return R"x({"version": 1, "name": "t", "mode": ")x" + mode +
         R"x(", "agents": {"bot": {"login": "b"}}, "functions": {"allow": ["app.f()"]}, "rules": [)x" +
         rules + "]}";
}

const std::string kWrite =
    R"({"id": "write", "allow": ["select", "insert", "update", "delete"], "on": ["app.*"], "to": ["bot"],
        "limits": {"rows_affected": 100}})";
const std::string kDelete =
    R"({"id": "delete", "allow": ["delete"], "on": ["app.t"], "to": ["bot"], "limits": {"rows_affected": 0}})";

catalog::ResolvedEffect effect(sql::Action action, const std::string& name,
                               sql::ObjectKind kind = sql::ObjectKind::relation) {
  catalog::ResolvedEffect resolved;
  resolved.effect.action = action;
  resolved.effect.kind = kind;
  resolved.effect.object = {"", "app", name};
  return resolved;
}

std::optional<RowLimit> limit_of(const std::string& policy, std::vector<catalog::ResolvedEffect> effects) {
  return loaded(policy).row_limit({std::move(effects), true}, "bot");
}

TEST(RowLimits, AreTheStrictestOfAllRulesThatCoverAWrite) {
  const auto policy = policy_of(kWrite + "," + kDelete);
  EXPECT_EQ(limit_of(policy, {effect(sql::Action::update, "t")}), (RowLimit{"write", 100}));
  EXPECT_EQ(limit_of(policy, {effect(sql::Action::delete_, "t")}), (RowLimit{"delete", 0}));
  EXPECT_EQ(limit_of(policy, {effect(sql::Action::update, "t"), effect(sql::Action::delete_, "t")}),
            (RowLimit{"delete", 0}));
}

TEST(RowLimits, AreNoneForWhatOnlyReads) {
  EXPECT_EQ(limit_of(policy_of(kWrite), {effect(sql::Action::select, "t")}), std::nullopt);
}

TEST(RowLimits, HoldForCodeOfUsersWhateverItIsAllowedBy) {
  const auto policy = policy_of(kWrite + "," + kDelete);
  auto call = effect(sql::Action::execute_function, "f", sql::ObjectKind::function);
  call.oid = 20'000;
  EXPECT_EQ(limit_of(policy, {call}), (RowLimit{"delete", 0}));
  call.via = catalog::Via::trigger;
  EXPECT_EQ(limit_of(policy, {call}), (RowLimit{"delete", 0}));
  auto own = effect(sql::Action::execute_function, "lower", sql::ObjectKind::function);
  own.effect.object.schema = "pg_catalog";
  EXPECT_EQ(limit_of(policy, {own}), std::nullopt);
  own.effect.object.name = "query_to_xml";  // runs what it is given
  EXPECT_EQ(limit_of(policy, {own}), (RowLimit{"delete", 0}));
  EXPECT_EQ(limit_of(policy, {effect(sql::Action::set_constraints, "", sql::ObjectKind::none)}),
            (RowLimit{"delete", 0}));
}

TEST(RowLimits, AreNotThoseOfWhatIsMonitored) {
  const auto writes = {effect(sql::Action::update, "t")};
  EXPECT_EQ(limit_of(policy_of(kWrite, "monitor"), writes), std::nullopt);
  std::string monitored = kWrite;
  monitored.insert(1, R"("mode": "monitor", )");
  EXPECT_EQ(limit_of(policy_of(monitored), writes), std::nullopt);
}

TEST(RowLimits, AreTheAgentsOwn) {
  const auto policy = loaded(policy_of(kWrite + "," + kDelete));
  EXPECT_EQ(policy.strictest_row_limit("bot"), (RowLimit{"delete", 0}));
  EXPECT_EQ(policy.strictest_row_limit("stranger"), std::nullopt);
}

TEST(RowLimits, NeedAnActionThatChangesRows) {
  const auto problems =
      PolicySet::load(
          policy_of(
              R"({"id": "r", "allow": ["select"], "on": ["app.t"], "to": ["bot"], "limits": {"rows_affected": 1}})"))
          .problems;
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].message.find("names no action that does"), std::string::npos);
  EXPECT_EQ(
      PolicySet::load(
          policy_of(
              R"({"id": "r", "allow": ["delete"], "on": ["app.t"], "to": ["bot"], "limits": {"rows_affected": -1}})"))
          .problems.size(),
      1u);
}

}  // namespace
}  // namespace portcullis::policy
