// Statements as an agent would send them, from the text to all that they bring about.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "portcullis/sql/facts.hpp"
#include "sql/analyze.hpp"
#include "tests/unit/catalog/resolve_testing.hpp"

namespace portcullis::catalog::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::StartsWith;

class Attacks : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { sql::prepare_parser_thread(); }
  Attacks() {
    make.table("app.customers", {"id int4", "name text", "ssn text"});
    make.table("app.orders", {"id int4", "customer int4"});
    make.foreign_key("k", "app.orders(customer)", "app.customers(id)", 'c');
    make.view("app.people", {"id int4", "name text"}, {"app.customers(id, name)"});
    make.function("app.boom", {"app.customers"});
  }
  [[nodiscard]] Lines bring(std::string_view text, const NameSpace& names = {{"app", "public"}}) const {
    const auto facts = sql::analyze(text);
    if (!facts) return {"refused: " + facts.error().message};
    return resolved(*facts, make, names);
  }
  MakeSnapshot make;
};

TEST_F(Attacks, AttributeNotationCallsAFunction) {
  EXPECT_THAT(bring("SELECT c.boom FROM customers c"), Contains("execute function app.boom(app.customers)"));
  EXPECT_THAT(bring("SELECT (c).boom FROM customers c"),
              Contains("execute function app.boom(app.customers)"));
  EXPECT_THAT(bring("SELECT f.pg_read_file FROM unnest(array['PG_VERSION'::text]) f"),
              Contains("execute function pg_catalog.pg_read_file"));
  EXPECT_THAT(bring("SELECT c.name FROM customers c"), ElementsAre("select app.customers(name)"));
}

TEST_F(Attacks, AnOperatorOfAUserIsAFunction) {
  make.function("public.f", {"int4", "int4"});
  make.user_operator("public", "@@@", "int4", "int4", "public.f");
  EXPECT_THAT(bring("SELECT 1 OPERATOR(public.@@@) 2"),
              Contains("execute function public.f(int4, int4) by operator public.@@@"));
  EXPECT_THAT(bring("SELECT 1 @@@ 2"),
              Contains("execute function public.f(int4, int4) by operator public.@@@"));
}

TEST_F(Attacks, ACastOfAUserIsAFunction) {
  make.type("app.ct", Type::Kind::composite);
  make.function("app.f", {"app.ct"});
  make.cast("app.ct", "int4", "app.f");
  EXPECT_THAT(bring("SELECT ROW(1)::ct::int"), Contains("execute function app.f(app.ct) by cast by app.f"));
}

TEST_F(Attacks, ADomainIsItsChecks) {
  make.function("app.wv", {});
  make.domain("app.dm", "int4", {"app.wv"});
  EXPECT_THAT(bring("SELECT 1::dm"), Contains("execute function app.wv by domain app.dm"));
  EXPECT_THAT(bring("ALTER TABLE orders ADD COLUMN q dm DEFAULT 1"),
              Contains("execute function app.wv by domain app.dm"));
}

TEST_F(Attacks, AlterTableReachesChildrenAndReferencesTheParent) {
  make.table("app.prot_child", {"id int4"});
  make.inherit("app.prot_child", "app.orders");
  EXPECT_THAT(
      bring("ALTER TABLE orders ADD COLUMN n int REFERENCES customers (id)"),
      IsSupersetOf({"alter table add column app.prot_child(n) by child table app.prot_child of app.orders",
                    "references app.customers(id)"}));
}

TEST_F(Attacks, DeletesTruncatesAndDropsReachWhatHangsOnTheTable) {
  EXPECT_THAT(bring("DELETE FROM customers WHERE id = 1"),
              Contains("delete app.orders where by ON DELETE CASCADE from app.customers"));
  EXPECT_THAT(bring("DELETE FROM people"),
              IsSupersetOf({"delete app.customers by view app.people",
                            "delete app.orders by ON DELETE CASCADE from app.customers"}));
  EXPECT_THAT(bring("TRUNCATE customers CASCADE"),
              Contains("truncate app.orders by CASCADE from app.customers"));
  EXPECT_THAT(bring("DROP TABLE customers CASCADE"),
              IsSupersetOf({"drop view app.people by CASCADE from app.customers",
                            "alter table drop constraint app.orders by CASCADE from app.customers"}));
}

TEST_F(Attacks, ATemporaryTableHidesTheOneBehindIt) {
  make.table("pg_temp_7.customers", {"id int4"});
  EXPECT_THAT(bring("DELETE FROM customers", path({"pg_temp_7", "pg_catalog", "app"})),
              ElementsAre("delete pg_temp_7.customers"));
  EXPECT_THAT(bring("CREATE TEMP TABLE orders (id int)"),
              ElementsAre("create temporary table pg_temp.orders"));
}

TEST_F(Attacks, AWithQueryHidesNoTargetOfAWrite) {
  EXPECT_THAT(bring("WITH customers AS (SELECT 1 id) DELETE FROM customers"),
              Contains("delete app.customers"));
  EXPECT_THAT(bring("WITH x AS (SELECT ssn FROM customers), customers AS (SELECT 1) SELECT * FROM x"),
              Contains(StartsWith("select app.customers(")));
  EXPECT_THAT(bring("WITH customers AS (SELECT 1 id) SELECT id FROM customers"),
              Not(Contains(StartsWith("select app.customers"))));
}

TEST_F(Attacks, EveryWayToAColumnIsARead) {
  for (const char* const text :
       {"SELECT ssn FROM customers", "SELECT c.ssn FROM app.customers c",
        "SELECT id FROM customers WHERE ssn LIKE '1%'", "SELECT id FROM customers ORDER BY ssn",
        "SELECT 1 FROM customers a JOIN customers b USING (ssn)",
        "SELECT j.ssn FROM (customers c CROSS JOIN orders o) AS j", "UPDATE customers SET name = ssn",
        "DELETE FROM customers RETURNING ssn", "SELECT (SELECT ssn) FROM customers",
        "UPDATE customers SET name = '' RETURNING old.ssn",
        "UPDATE customers c SET name = '' RETURNING new.ssn",
        "INSERT INTO customers (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = '' RETURNING old.ssn",
        "WITH old AS (SELECT 1 AS ssn) UPDATE customers SET name = '' RETURNING old.ssn",
        "UPDATE customers SET name = '' RETURNING (SELECT x.ssn FROM (SELECT old.ssn) x)"}) {
    EXPECT_THAT(bring(text), Contains(::testing::MatchesRegex("select app.customers\\(.*ssn.*\\)"))) << text;
  }
  for (const char* const text :
       {"SELECT * FROM customers", "TABLE customers", "SELECT c.* FROM customers c",
        "SELECT to_jsonb(c) FROM customers c", "SELECT c::text FROM customers c",
        "SELECT 1 FROM customers a NATURAL JOIN customers b", "SELECT x FROM customers AS c (a, b, x)",
        "COPY customers TO STDOUT", "INSERT INTO orders SELECT (c).id FROM customers c",
        "SELECT (c).* FROM customers c", "DELETE FROM customers RETURNING *",
        "UPDATE customers SET name = '' RETURNING old", "UPDATE customers SET name = '' RETURNING new.*",
        "UPDATE customers SET name = '' RETURNING to_jsonb(old)",
        "UPDATE customers SET name = '' RETURNING (new).ssn"}) {
    EXPECT_THAT(bring(text), Contains(::testing::MatchesRegex("select app.customers\\(.*\\*\\)"))) << text;
  }
}

TEST_F(Attacks, WhatAsksForNoProtectedColumnStaysClear) {
  for (const char* const text :
       {"SELECT id, name FROM customers", "SELECT s.* FROM (SELECT id FROM customers) s",
        "SELECT count(*) FROM customers", "SELECT to_json(s) FROM (SELECT id FROM customers) s",
        "UPDATE customers SET name = 'x' WHERE id = 1",
        "SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer", "SELECT * FROM people"}) {
    EXPECT_THAT(bring(text), Not(Contains(::testing::MatchesRegex("select app.customers\\(.*(ssn|\\*).*"))))
        << text;
  }
}

}  // namespace
}  // namespace portcullis::catalog::testing
