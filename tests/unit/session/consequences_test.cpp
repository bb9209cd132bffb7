#include "session/consequences.hpp"

#include <gtest/gtest.h>

#include "sql/analyze.hpp"

namespace portcullis::session {
namespace {

sql::Facts facts_of(std::string_view text) {
  static thread_local const bool prepared = (sql::prepare_parser_thread(), true);
  (void)prepared;
  const auto facts = sql::analyze(text);
  EXPECT_TRUE(facts) << text;
  return facts ? *facts : sql::Facts{};
}

Consequences of(std::string_view text, bool runs_code = false) {
  return consequences_of(facts_of(text), runs_code);
}

bool hangs(std::string_view text, bool unsettled = false) {
  const auto facts = facts_of(text);
  return hangs_on_earlier(facts, facts.statements.size(), unsettled, false).has_value();
}

TEST(Consequences, OfWhatMovesTheLookup) {
  for (const auto* text :
       {"SET search_path = app", "SET LOCAL search_path TO DEFAULT", "RESET search_path", "RESET ALL",
        "SET ROLE bob", "RESET ROLE", "SET SESSION AUTHORIZATION bob", "DISCARD ALL",
        "SELECT set_config('search_path', 'app', false)", "SELECT pg_catalog.set_config($1, 'app', false)",
        "SELECT set_config(name, setting, false) FROM pg_settings", "SET portcullis.reason = 'x'",
        "SET \"Search_Path\" = app", "SELECT set_config('Search_Path', 'app', false)",
        "SELECT set_config('PORTCULLIS.reason', 'x', false)"}) {
    EXPECT_TRUE(of(text).moves_lookup) << text;
  }
  for (const auto* text : {"SET statement_timeout = 1", "SELECT set_config('timezone', 'UTC', false)",
                           "SELECT 1", "BEGIN", "SHOW search_path"}) {
    EXPECT_FALSE(of(text).moves_lookup) << text;
    EXPECT_TRUE(of(text, true).moves_lookup) << text;
  }
}

// As rows that are written run the others: migrations send it in one message with what comes behind it.
TEST(Consequences, OfTriggersThatWerePutOff) {
  EXPECT_TRUE(of("SET CONSTRAINTS ALL IMMEDIATE").runs_triggers);
  EXPECT_FALSE(of("SET CONSTRAINTS ALL IMMEDIATE").moves_lookup);
  EXPECT_FALSE(of("SET TRANSACTION READ ONLY").runs_triggers);
  EXPECT_FALSE(hangs("SET CONSTRAINTS app.k IMMEDIATE; ALTER TABLE app.t DROP CONSTRAINT k"));
}

TEST(Consequences, OfWhatStaysInTheServersSession) {
  for (const auto* text :
       {"SET statement_timeout = 1", "SET ROLE bob", "LISTEN x", "LOAD 'x'", "PREPARE p AS SELECT 1",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1", "CREATE TEMP TABLE t (a int)", "SELECT 1 INTO TEMP t",
        "SELECT pg_advisory_lock(1)", "SELECT pg_try_advisory_lock_shared(1)", "SELECT setseed(0.5)",
        "SELECT set_config('timezone', 'UTC', false)", "DO 'BEGIN END'", "CALL p()"}) {
    EXPECT_TRUE(of(text).binds_session) << text;
  }
  for (const auto* text : {"SELECT 1", "INSERT INTO t VALUES (1)", "CREATE TABLE t (a int)", "BEGIN",
                           "COMMIT", "NOTIFY x", "SHOW timezone", "SELECT pg_advisory_xact_lock(1)"}) {
    EXPECT_FALSE(of(text).binds_session) << text;
    EXPECT_TRUE(of(text, true).binds_session) << text;
  }
}

TEST(Consequences, OfChangesOfTheCatalog) {
  for (const auto* text : {"CREATE TABLE t (a int)", "DROP TABLE t", "ALTER TABLE t RENAME TO u",
                           "ALTER TABLE t ADD COLUMN a int REFERENCES u (b)", "CREATE VIEW v AS SELECT 1",
                           "SELECT a INTO t FROM u", "GRANT SELECT ON t TO bob", "DO 'BEGIN END'"}) {
    EXPECT_TRUE(of(text).changes_catalog) << text;
    EXPECT_TRUE(of(text).redefines_names) << text;
  }
  for (const auto* text :
       {"ALTER TABLE t ADD COLUMN a int", "CREATE INDEX ON t (a)", "COMMENT ON TABLE t IS 'x'"}) {
    EXPECT_FALSE(of(text).redefines_names) << text;
  }
  EXPECT_FALSE(of("INSERT INTO t VALUES (1)").changes_catalog);
}

TEST(Consequences, OfExplainAnalyzeAreThoseOfWhatItRuns) {
  EXPECT_TRUE(of("EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1").redefines_names);
  EXPECT_TRUE(of("EXPLAIN (ANALYZE) CREATE MATERIALIZED VIEW m AS SELECT 1").redefines_names);
  EXPECT_FALSE(of("EXPLAIN CREATE TABLE t AS SELECT 1").changes_catalog);
  EXPECT_FALSE(of("EXPLAIN ANALYZE SELECT 1").changes_catalog);
}

TEST(Consequences, OfWhatGoesOnOrCommitsWhileItRuns) {
  EXPECT_TRUE(of("FETCH c").resumes);
  EXPECT_TRUE(of("MOVE 3 IN c").resumes);
  EXPECT_FALSE(of("CLOSE c").resumes);
  EXPECT_TRUE(of("CALL p()").commits_within);
  EXPECT_TRUE(of("DO 'BEGIN END'").commits_within);
  EXPECT_FALSE(of("SELECT f()").commits_within);
}

TEST(Consequences, OfTheEndOfATransaction) {
  for (const auto* text : {"COMMIT", "ROLLBACK", "ROLLBACK TO s", "END", "ABORT"}) {
    EXPECT_TRUE(of(text).may_rewind) << text;
  }
  for (const auto* text : {"BEGIN", "SAVEPOINT s", "RELEASE s", "SELECT 1"})
    EXPECT_FALSE(of(text).may_rewind);
}

TEST(HangsOnEarlier, WhatComesBehindAMoveOfTheLookup) {
  EXPECT_TRUE(hangs("SET search_path = b; SELECT * FROM t"));
  EXPECT_TRUE(hangs("SET search_path = b; SELECT 1 + 1"));
  EXPECT_TRUE(hangs("SET search_path = b; EXECUTE p"));
  EXPECT_TRUE(hangs("BEGIN; SET LOCAL search_path = b; COMMIT; DELETE FROM t"));
  EXPECT_FALSE(hangs("SELECT * FROM t; SET search_path = b"));
  EXPECT_FALSE(hangs("SET search_path = b; SET timezone = 'UTC'; COMMIT"));
  EXPECT_FALSE(hangs("SET timezone = 'UTC'; SELECT * FROM t"));
}

TEST(HangsOnEarlier, WhatComesBehindTheEndOfATransactionThatMovedIt) {
  EXPECT_TRUE(hangs("ROLLBACK; SELECT * FROM t", true));
  EXPECT_TRUE(hangs("ROLLBACK TO s; SELECT * FROM t", true));
  EXPECT_FALSE(hangs("ROLLBACK; SELECT * FROM t", false));
  EXPECT_TRUE(hangs("FETCH c; SELECT * FROM t", true));
  EXPECT_FALSE(hangs("FETCH c; SELECT * FROM t", false));
  EXPECT_TRUE(hangs("BEGIN; DROP TABLE u; ROLLBACK; SELECT * FROM t"));
}

TEST(HangsOnEarlier, WhatNamesWhatWasRenamed) {
  EXPECT_TRUE(hangs("ALTER TABLE app.a RENAME TO b; SELECT * FROM app.a"));
  EXPECT_TRUE(hangs("ALTER TABLE app.a RENAME TO b; SELECT * FROM app.b"));
  EXPECT_TRUE(hangs("CREATE TABLE a (x int); INSERT INTO a VALUES (1)"));
  EXPECT_TRUE(hangs("CREATE OR REPLACE VIEW v AS SELECT 1; DELETE FROM v"));
  EXPECT_TRUE(hangs("ALTER TABLE a RENAME TO b; ALTER TABLE b ADD COLUMN c int"));
  EXPECT_FALSE(hangs("CREATE TABLE a (x int); CREATE TABLE b (x int); CREATE VIEW v AS SELECT * FROM c"));
  EXPECT_FALSE(hangs("DROP TABLE a; CREATE TABLE a (x int)"));
  EXPECT_FALSE(hangs("ALTER TABLE a ADD COLUMN x int; ALTER TABLE a ADD COLUMN y int; UPDATE a SET z = 1"));
}

TEST(HangsOnEarlier, RowsBehindWhatTiesRelationsToEachOtherOrToCode) {
  for (const auto* tie : {"ALTER TABLE a ADD FOREIGN KEY (x) REFERENCES b ON DELETE CASCADE",
                          "CREATE TRIGGER g AFTER INSERT ON a EXECUTE FUNCTION f()",
                          "CREATE RULE r AS ON INSERT TO a DO ALSO DELETE FROM b", "ALTER TABLE a INHERIT b",
                          "DROP TABLE a CASCADE"}) {
    EXPECT_TRUE(hangs(std::string(tie) + "; DELETE FROM c")) << tie;
    EXPECT_FALSE(hangs(std::string(tie) + "; COMMIT")) << tie;
  }
}

// "DISCARD ALL cannot be executed inside a transaction block."
TEST(HangsOnEarlier, CascadeBehindAnyChangeOfTheCatalog) {
  EXPECT_TRUE(hangs("ALTER TABLE a.t SET SCHEMA b; DROP SCHEMA b CASCADE"));
  EXPECT_TRUE(hangs("CREATE VIEW v AS SELECT 1; DROP TABLE t CASCADE"));
  EXPECT_TRUE(hangs("ALTER TABLE t ADD COLUMN c app.kind; DROP TYPE app.kind CASCADE"));
  EXPECT_FALSE(hangs("SELECT 1; DROP TABLE t CASCADE"));
  EXPECT_FALSE(hangs("BEGIN; DROP TABLE t CASCADE; COMMIT"));
}

TEST(HangsOnEarlier, NotWhatComesBehindAStatementThatFails) {
  EXPECT_FALSE(hangs("DISCARD ALL; SELECT * FROM t"));
  EXPECT_FALSE(of("DISCARD ALL; SELECT * FROM t").moves_lookup);
}

TEST(HangsOnEarlier, WhatExecuteRunsCountsFromTheBeginning) {
  auto facts = facts_of("EXECUTE p; SELECT * FROM t");
  facts.statements.push_back(facts_of("SET search_path = b").statements.front());
  EXPECT_TRUE(hangs_on_earlier(facts, 2, false, false).has_value());
}

TEST(HangsOnEarlier, WhatFollowsCodeOfUsers) {
  const auto hangs_on_code = [](std::string_view text) {
    const auto facts = facts_of(text);
    return hangs_on_earlier(facts, facts.statements.size(), false, true).has_value();
  };
  EXPECT_TRUE(hangs_on_code("SELECT f(); SELECT * FROM t"));
  EXPECT_FALSE(hangs_on_code("BEGIN; SELECT f(); COMMIT"));
}

TEST(HangsOnEarlier, WhatFollowsAChangeOfSchemas) {
  for (const auto* text :
       {"DROP SCHEMA a CASCADE; DROP TABLE t", "ALTER SCHEMA a RENAME TO b; DROP TABLE t",
        "REVOKE USAGE ON SCHEMA a FROM b; DROP TABLE t", "DROP OWNED BY b; DROP TABLE t"}) {
    EXPECT_TRUE(hangs(text)) << text;
  }
  EXPECT_FALSE(hangs("GRANT SELECT ON t TO b; DROP TABLE u"));
}

TEST(UsesNames, AllButControlOfTheSession) {
  for (const auto* text : {"SELECT 1 + 1", "SELECT now()", "TABLE t", "CREATE TABLE t (a int)", "EXECUTE p",
                           "LOCK t", "SET CONSTRAINTS c DEFERRED"}) {
    EXPECT_TRUE(uses_names(facts_of(text))) << text;
  }
  for (const auto* text : {"BEGIN", "COMMIT", "SET timezone = 'UTC'", "SHOW search_path", "DISCARD ALL",
                           "SAVEPOINT s", "LISTEN c", "DEALLOCATE p", ""}) {
    EXPECT_FALSE(uses_names(facts_of(text))) << text;
  }
}

}  // namespace
}  // namespace portcullis::session
