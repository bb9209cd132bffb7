// Every file in policies/ loads, holds what its own tests say, and refuses the known ways around a guard.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/big_stack_thread.hpp"
#include "guard/guard.hpp"
#include "guard/policy_tests.hpp"
#include "sql/analyze.hpp"

namespace portcullis::guard {
namespace {

std::vector<std::filesystem::path> shipped() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(PORTCULLIS_POLICIES)) {
    const auto& path = entry.path();
    if (path.extension() == ".json" && path.filename() != "policy.schema.json") files.push_back(path);
  }
  return files;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

policy::PolicySet load(const std::filesystem::path& path) {
  auto loaded = policy::PolicySet::load(read(path));
  if (!loaded.policy) throw std::runtime_error(policy::to_text(loaded.problems, path.string()));
  return std::move(*loaded.policy);
}

class ShippedPolicies : public testing::Test {
 protected:
  // Parsing needs a stack of its own size and a prepared thread; one such thread serves the whole test.
  static void on_parser_thread(const std::function<void()>& work) {
    base::run_with_stack(sql::kAnalysisStackBytes, [&work] {
      sql::prepare_parser_thread();
      work();
    });
  }
};

TEST_F(ShippedPolicies, AreTheOnesThatTheReadmeNames) {
  std::vector<std::string> names;
  for (const auto& file : shipped()) names.push_back(file.filename().string());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"additive-ddl.json", "data-repair.json", "measured-ddl.json",
                                             "observe.json", "read-only.json"}));
}

TEST_F(ShippedPolicies, HaveASchemaThatKnowsEveryAction) {
  const std::string schema = read(std::filesystem::path(PORTCULLIS_POLICIES) / "policy.schema.json");
  for (const auto action : sql::all_actions()) {
    EXPECT_NE(schema.find('"' + std::string(sql::name(action)) + '"'), std::string::npos)
        << sql::name(action);
  }
}

TEST_F(ShippedPolicies, HoldTheirOwnTests) {
  on_parser_thread([] {
    for (const auto& file : shipped()) {
      const auto policy = load(file);
      EXPECT_GE(policy.tests().size(), 15U) << file;
      const auto failures = run_policy_tests(policy);
      EXPECT_TRUE(failures.empty()) << policy::to_text(failures, file.string());
    }
  });
}

// Statements that get past guards which look at the first keyword, or at calls only: refused under every
// shipped policy, to every agent.
TEST_F(ShippedPolicies, RefuseTheKnownWaysAround) {
  const std::vector<std::string> statements{
      R"(SELECT E'\''; DROP TABLE app.orders; --')",
      "COMMIT; DROP SCHEMA public CASCADE",
      "/* SELECT */ DELETE FROM app.customers",
      "VALUES (pg_read_file('PG_VERSION'))",
      "SELECT * FROM ROWS FROM (pg_ls_dir('.')) AS t(x)",
      "SELECT 1 LIMIT (SELECT count(*) FROM app.users)",
      "SELECT count(*) FILTER (WHERE EXISTS (SELECT FROM app.users)) FROM app.orders",
      "SELECT * FROM app.orders ORDER BY pg_sleep(10)",
      "SELECT ts_stat('SELECT to_tsvector(login) FROM app.users')",
      "SELECT table_to_xml('app.users', true, true, '')",
      "SELECT f.pg_read_file FROM unnest(ARRAY['PG_VERSION']) f",
      "SELECT ('PG_VERSION'::text).pg_read_file",
      "SELECT 1 OPERATOR(public.@@@) 2",
      "EXPLAIN ANALYZE DELETE FROM app.products",
      "EXPLAIN SELECT public.impure()",
      "ALTER TABLE app.orders ADD COLUMN z int DEFAULT public.wv()",
      "ALTER TABLE app.orders ADD COLUMN z int GENERATED ALWAYS AS (public.im()) STORED",
      "ALTER TABLE app.orders ADD COLUMN z public.dm DEFAULT 1",
      "ALTER TABLE app.orders ADD COLUMN a int, DROP COLUMN b",
      "ALTER TABLE app.orders DISABLE ROW LEVEL SECURITY",
      "ALTER TABLE app.orders OWNER TO CURRENT_USER",
      "ALTER TABLE app.orders SET SCHEMA public",
      "TRUNCATE app.orders CASCADE",
      "DROP TABLE app.orders CASCADE",
      "CREATE TEMP TABLE orders (id int)",
      "SELECT * INTO TEMP orders FROM app.orders",
      "SET search_path = ev, public",
      "SELECT set_config('search_path', 'ev', false)",
      "SET client_encoding = 'SJIS'",
      "SET standard_conforming_strings = off",
      "WITH customers AS (SELECT 1 id) DELETE FROM app.customers",
      "WITH x AS (SELECT * FROM app.users), users AS (SELECT 1) SELECT * FROM x",
      "EXECUTE hidden",
      "FETCH ALL FROM hidden",
      "COPY app.orders TO '/tmp/orders'",
      "COPY app.orders FROM PROGRAM 'id'",
      "SELECT lo_import('/etc/passwd')",
      "LOAD 'evil'",
      "CREATE EXTENSION dblink",
      "CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
      "ALTER SYSTEM SET archive_command = 'id'",
      "SECURITY LABEL ON TABLE app.orders IS 'x'",
      "GRANT SELECT ON ALL TABLES IN SCHEMA app TO public",
      "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO public",
      "DO 'BEGIN END'",
      "CALL app.p()",
      "SELECT to_jsonb(u)->>'password_hash' FROM app.users u",
      "TABLE app.users",
      "COPY (SELECT * FROM app.users) TO STDOUT",
      "CREATE TABLE app.copy AS SELECT * FROM app.users",
      "DECLARE c CURSOR FOR SELECT * FROM app.users",
      "SHOW primary_conninfo",
      "SHOW ALL",
      "SET ROLE postgres",
      "SET SESSION AUTHORIZATION postgres",
      "SELECT * FROM otherdb.app.orders",
      "SELECT * FROM pg_temp.orders",
      "LOCK TABLE app.orders",
      "NOTIFY jobs, 'x'",
      "UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'",
      "SELECT * FROM XMLTABLE('/x' PASSING '<x/>' COLUMNS a public.dm)",
  };
  on_parser_thread([&] {
    for (const auto& file : shipped()) {
      auto policy = std::make_shared<const policy::PolicySet>(load(file));
      if (policy->monitors()) continue;  // refuses nothing but what touches what it protects
      for (const auto& agent : policy->agents()) {
        for (const auto& statement : statements) {
          const catalog::NameSpace names{{"public"}};
          const Guard guard(policy);
          const Request request{agent.name, &names, nullptr, statement};
          const auto facts = sql::analyze(statement);
          if (!facts) continue;  // not understood is refused
          const bool uses_a_name =
              !facts->statements.front().executes.empty() || !facts->statements.front().fetches.empty();
          if (uses_a_name) continue;  // refused by the session, which knows no such name
          EXPECT_EQ(guard.decide(*facts, request).outcome, policy::Outcome::deny)
              << file << " allows " << agent.name << ": " << statement;
        }
      }
    }
  });
}

}  // namespace
}  // namespace portcullis::guard
