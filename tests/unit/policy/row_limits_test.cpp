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

// Of a table that the catalog knows.
catalog::ResolvedEffect table_effect(sql::Action action, const std::string& name) {
  auto resolved = effect(action, name);
  resolved.oid = 16'384;
  resolved.relation_kind = catalog::RelationKind::table;
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

// --- INSERT ... VALUES, whose rows are counted by reading it

std::optional<RowLimit> limit_of_values(std::uint64_t rows, std::vector<catalog::ResolvedEffect> more = {}) {
  more.push_back(table_effect(sql::Action::insert, "t"));
  return loaded(policy_of(kWrite)).row_limit({std::move(more), true}, "bot", rows);
}

TEST(RowLimits, NeedNoCountWhereTheRowsAreWrittenOut) {
  EXPECT_EQ(limit_of_values(1), std::nullopt);
  EXPECT_EQ(limit_of_values(100), std::nullopt);
  EXPECT_EQ(limit_of_values(101), (RowLimit{"write", 100}));
  EXPECT_EQ(limit_of_values(2, {table_effect(sql::Action::update, "t")}), std::nullopt);
  auto partition = table_effect(sql::Action::insert, "t_1");
  partition.via = catalog::Via::inheritance;
  EXPECT_EQ(limit_of_values(2, {partition}), std::nullopt);
}

TEST(RowLimits, HoldWhereWrittenRowsBringMoreAbout) {
  const RowLimit limit{"write", 100};
  for (const auto via : {catalog::Via::rule, catalog::Via::view, catalog::Via::foreign_key,
                         catalog::Via::trigger, catalog::Via::cascade}) {
    auto other = table_effect(sql::Action::update, "u");
    other.via = via;
    EXPECT_EQ(limit_of_values(1, {other}), limit) << static_cast<int>(via);
  }
  EXPECT_EQ(limit_of_values(1, {table_effect(sql::Action::delete_, "t")}), limit);
  auto trigger = effect(sql::Action::execute_function, "f", sql::ObjectKind::function);
  trigger.oid = 20'000;
  trigger.via = catalog::Via::trigger;
  EXPECT_EQ(limit_of_values(1, {trigger}), limit);
  auto elsewhere = table_effect(sql::Action::insert, "f");
  elsewhere.relation_kind = catalog::RelationKind::foreign_table;
  elsewhere.via = catalog::Via::inheritance;
  EXPECT_EQ(limit_of_values(1, {elsewhere}), limit);
  EXPECT_EQ(limit_of_values(1, {effect(sql::Action::insert, "unknown")}), limit);
}

// INSERT INTO t VALUES (generate_series(1, 1000)) inserts a thousand.
TEST(RowLimits, HoldForALoneRowWithAFunctionInIt) {
  auto series = effect(sql::Action::execute_function, "generate_series", sql::ObjectKind::function);
  series.effect.object.schema = "pg_catalog";
  EXPECT_EQ(limit_of_values(1, {series}), (RowLimit{"write", 100}));
  EXPECT_EQ(limit_of_values(2, {series}), std::nullopt);
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
