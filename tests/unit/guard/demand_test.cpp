#include "portcullis/guard/demand.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "base/big_stack_thread.hpp"
#include "sql/analyze.hpp"

namespace portcullis::guard {
namespace {

policy::PolicySet policy_here() {
  auto loaded = policy::PolicySet::load(R"({"version": 1, "name": "t", "agents": {"bot": {"login": "l"}},
    "rules": [{"id": "w", "allow": ["insert"], "on": ["app.*"], "to": ["*"], "limits": {"rate": "5/hour"}}]})");
  if (!loaded.policy) throw std::runtime_error(policy::to_text(loaded.problems, "policy"));
  return std::move(*loaded.policy);
}

class DemandOf : public testing::Test {
 protected:
  static Demand demand(const std::string& text) {
    Demand result;
    base::run_with_stack(sql::kAnalysisStackBytes, [&] {
      sql::prepare_parser_thread();
      const auto facts = sql::analyze(text);
      if (!facts) throw std::runtime_error(facts.error().message);
      result = demand_of(policy_here(), *facts, catalog::resolve_by_name(*facts, {{"app"}}), "bot");
    });
    return result;
  }
};

TEST_F(DemandOf, CountsStatements) {
  EXPECT_EQ(demand("").statements, 0U);
  EXPECT_EQ(demand("SELECT 1").statements, 1U);
  EXPECT_EQ(demand("SELECT 1; SELECT 2; -- three\nSELECT 3").statements, 3U);
}

TEST_F(DemandOf, LetsTransactionsEnd) {
  for (const char* text : {"COMMIT", "END", "ROLLBACK", "ABORT", "COMMIT AND CHAIN"}) {
    const auto end = demand(text);
    EXPECT_EQ(end.statements, 0U) << text;
    EXPECT_TRUE(end.rules.empty()) << text;
  }
  EXPECT_EQ(demand("BEGIN; INSERT INTO t VALUES (1); COMMIT").statements, 2U);
  EXPECT_EQ(demand("ROLLBACK TO s").statements, 1U);
}

TEST_F(DemandOf, CountsWhatPostgresqlLogsAsDdl) {
  for (const char* text : {"CREATE TABLE t (a int)", "ALTER TABLE t ADD COLUMN b int", "DROP INDEX i",
                           "COMMENT ON TABLE t IS 'x'", "GRANT SELECT ON t TO r", "REVOKE SELECT ON t FROM r",
                           "CREATE TABLE t AS SELECT 1", "SELECT 1 INTO t", "ALTER TABLE t RENAME TO u",
                           "ALTER TABLE t SET SCHEMA s", "ALTER VIEW v OWNER TO r",
                           "REFRESH MATERIALIZED VIEW m", "CREATE TEMP TABLE t (a int)", "CLUSTER t"}) {
    EXPECT_EQ(demand(text).ddl, 1U) << text;
  }
  for (const char* text : {"SELECT 1", "INSERT INTO t VALUES (1)", "TRUNCATE t", "VACUUM t", "SET x.y = 1",
                           "LOCK TABLE t", "BEGIN", "EXPLAIN SELECT 1"}) {
    EXPECT_EQ(demand(text).ddl, 0U) << text;
  }
  EXPECT_EQ(demand("DROP TABLE a, b, c; SELECT 1; DROP TABLE d").ddl, 2U);
}

TEST_F(DemandOf, CountsTheRulesWithARate) {
  EXPECT_TRUE(demand("SELECT * FROM t").rules.empty());
  EXPECT_EQ(demand("INSERT INTO t VALUES (1); SELECT 1; INSERT INTO t SELECT * FROM t").rules,
            (std::vector<policy::RuleUse>{{"w", 2}}));
  EXPECT_EQ(demand("BEGIN; INSERT INTO t VALUES (1); COMMIT").rules,
            (std::vector<policy::RuleUse>{{"w", 1}}));
}

}  // namespace
}  // namespace portcullis::guard
