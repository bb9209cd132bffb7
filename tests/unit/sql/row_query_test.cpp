// The rows that a statement changes, as a query: cut out where it says the same, nothing where it would not.
#include "sql/row_query.hpp"

#include <gtest/gtest.h>

#include "tests/support/big_stack.hpp"

namespace portcullis::sql {
namespace {

RowQuery cut(std::string_view text) {
  return testing::on_big_stack([&] { return row_query_of(text); });
}

// With one space where there are several.
std::string query_of(std::string_view text) {
  const auto query = cut(text);
  EXPECT_NE(query.sql.empty(), query.why_not.empty()) << text;
  std::string sql;
  for (const char c : query.sql) {
    const bool is_space = c == ' ' || c == '\n';
    if (!is_space || (!sql.empty() && sql.back() != ' ')) sql += is_space ? ' ' : c;
  }
  while (sql.ends_with(' ')) sql.pop_back();
  return sql;
}

TEST(RowQuery, OfATargetIsItsCondition) {
  EXPECT_EQ(query_of("UPDATE t SET a = 1"), "SELECT FROM t");
  EXPECT_EQ(query_of("update only app.t as x set a = b where x.c > $1 returning *;"),
            "SELECT FROM only app.t as x WHERE x.c > $1");
  EXPECT_EQ(query_of("DELETE FROM \"T\" x WHERE x.where = 1 AND x.returning RETURNING 1"),
            "SELECT FROM \"T\" x WHERE x.where = 1 AND x.returning");
  EXPECT_EQ(query_of("DELETE FROM t RETURNING a"), "SELECT FROM t");
  EXPECT_EQ(query_of("UPDATE t SET a = (SELECT b FROM u WHERE c), d = e IS DISTINCT FROM f WHERE g"),
            "SELECT FROM t WHERE g");
  EXPECT_EQ(query_of("UPDATE set SET a = 1 WHERE b"), "SELECT FROM set WHERE b");
}

TEST(RowQuery, OfJoinedRowsCountsEachOfTheTargetOnce) {
  EXPECT_EQ(query_of("UPDATE t SET a = u.a FROM u JOIN v USING (id) WHERE t.id = u.id"),
            "SELECT FROM t WHERE EXISTS (SELECT FROM u JOIN v USING (id) WHERE t.id = u.id)");
  EXPECT_EQ(query_of("DELETE FROM t USING u"), "SELECT FROM t WHERE EXISTS (SELECT FROM u)");
  EXPECT_EQ(query_of("UPDATE t SET a = b IS NOT DISTINCT FROM c FROM u"),
            "SELECT FROM t WHERE EXISTS (SELECT FROM u)");
}

TEST(RowQuery, OfWhatFillsATableIsItsQuery) {
  EXPECT_EQ(query_of("INSERT INTO t (a, b) SELECT a, b FROM u JOIN v ON conflict ON CONFLICT (a) DO NOTHING"),
            "SELECT FROM (SELECT a, b FROM u JOIN v ON conflict ) AS portcullis_rows");
  EXPECT_EQ(query_of("INSERT INTO t TABLE u ON CONFLICT ON CONSTRAINT k DO NOTHING"),
            "SELECT FROM (TABLE u ) AS portcullis_rows");
  EXPECT_EQ(query_of("INSERT INTO app.t AS x OVERRIDING SYSTEM VALUE (SELECT 1) RETURNING a"),
            "SELECT FROM ((SELECT 1) ) AS portcullis_rows");
  EXPECT_EQ(query_of("INSERT INTO t TABLE u"), "SELECT FROM (TABLE u) AS portcullis_rows");
  EXPECT_EQ(query_of("INSERT INTO t VALUES (1), (2) ON CONFLICT DO NOTHING"),
            "SELECT FROM (VALUES (1), (2) ) AS portcullis_rows");
  EXPECT_EQ(query_of("CREATE TABLE n (a, b) AS SELECT 1, 2 WITH DATA"),
            "SELECT FROM (SELECT 1, 2 ) AS portcullis_rows");
  EXPECT_EQ(query_of("CREATE MATERIALIZED VIEW m AS SELECT 1 AS a"),
            "SELECT FROM (SELECT 1 AS a) AS portcullis_rows");
  EXPECT_EQ(query_of("SELECT a INTO UNLOGGED TABLE app.n FROM t UNION SELECT 1"),
            "SELECT FROM (SELECT a FROM t UNION SELECT 1) AS portcullis_rows");
}

TEST(RowQuery, OfWhatIsLeftEmptyHasNoRow) {
  EXPECT_EQ(query_of("CREATE TABLE n AS SELECT 1 WITH NO DATA"), "SELECT WHERE false");
}

TEST(RowQuery, KeepsWith) {
  EXPECT_EQ(query_of("WITH w AS (SELECT 1 AS id) DELETE FROM t USING w WHERE t.id = w.id"),
            "WITH w AS (SELECT 1 AS id) SELECT FROM t WHERE EXISTS (SELECT FROM w WHERE t.id = w.id)");
  EXPECT_EQ(query_of("WITH RECURSIVE w AS (SELECT 1) INSERT INTO t WITH v AS (SELECT 2) TABLE v"),
            "WITH RECURSIVE w AS (SELECT 1) SELECT FROM (WITH v AS (SELECT 2) TABLE v) AS portcullis_rows");
}

// The target is a table, and would be the query by that name.
TEST(RowQuery, IsNoneWhereWithHidesTheTarget) {
  EXPECT_EQ(query_of("WITH t AS (SELECT 1 WHERE false) DELETE FROM t"), "");
  EXPECT_EQ(query_of("WITH t AS (SELECT 1) DELETE FROM app.t"), "WITH t AS (SELECT 1) SELECT FROM app.t");
}

TEST(RowQuery, HasNoComments) {
  EXPECT_EQ(query_of("DELETE FROM t -- all\nWHERE a /* or */ = 1 -- and more"), "SELECT FROM t WHERE a = 1");
  EXPECT_EQ(query_of("DELETE FROM t WHERE a = '--' -- x"), "SELECT FROM t WHERE a = '--'");
}

TEST(RowQuery, IsNoneOfWhatIsNotCutSafely) {
  for (const std::string_view text :
       {"MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", "DELETE FROM t WHERE CURRENT OF c",
        "SELECT a FROM t", "TRUNCATE t", "DELETE FROM t; DELETE FROM u", "INSERT INTO t DEFAULT VALUES",
        "CREATE TABLE n AS EXECUTE p", "", "DELETE FROM", "COMMIT",
        "SELECT a INTO n FROM t UNION SELECT b INTO u FROM v", "INSERT INTO t SELECT a INTO u FROM v"})
    EXPECT_EQ(query_of(text), "") << text;
}

// Names that are words of the grammar: right, or none.
TEST(RowQuery, IsNeverOfOtherRows) {
  for (const std::string_view text :
       {"WITH update AS (SELECT 1) UPDATE t SET a = 1 WHERE b", "UPDATE t AS set SET a = 1 WHERE b",
        "INSERT INTO values VALUES (1)", "INSERT INTO t (values) SELECT 1",
        "DELETE FROM delete AS x WHERE x.a"}) {
    const auto query = cut(text);
    EXPECT_TRUE(query.sql.empty() || query.sql.find("WHERE b") != std::string::npos ||
                query.sql.find("VALUES (1)") != std::string::npos ||
                query.sql.find("SELECT 1)") != std::string::npos ||
                query.sql.find("x.a") != std::string::npos)
        << query.sql;
  }
}

RowQuery targets(std::string_view text) {
  return testing::on_big_stack([&] { return target_query_of(text); });
}

TEST(RowQuery, OfATargetAloneNamesItsRows) {
  EXPECT_EQ(targets("UPDATE t SET a = 1").sql, "SELECT tableoid, ctid FROM t ");
  EXPECT_EQ(targets("DELETE FROM ONLY app.t AS x WHERE x.c > $1 RETURNING *").sql,
            "SELECT tableoid, ctid FROM ONLY app.t AS x  WHERE x.c > $1 ");
}

TEST(RowQuery, OfATargetBesideOtherTablesNamesNone) {
  for (const char* text :
       {"UPDATE t SET a = (SELECT b FROM u)", "UPDATE t SET (a, b) = (SELECT 1, 2)", "DELETE FROM t USING u",
        "UPDATE t SET a = 1 FROM t AS other", "DELETE FROM t WHERE a IN (SELECT a FROM t)",
        "DELETE FROM t WHERE EXISTS (VALUES (1))", "WITH w AS (SELECT 1) DELETE FROM t",
        "UPDATE t SET a = 1 FROM (VALUES (1)) AS v", "DELETE FROM t WHERE CURRENT OF c",
        "INSERT INTO t VALUES (1)", "DELETE FROM t; DELETE FROM t", "SELECT 1", ""}) {
    EXPECT_EQ(targets(text).sql, "") << text;
    EXPECT_NE(targets(text).why_not, "") << text;
  }
}

}  // namespace
}  // namespace portcullis::sql
