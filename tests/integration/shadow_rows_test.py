"""Dry runs and production's own rows: one row in the way is found, and what nobody can know is not called passing."""

import json
import subprocess
import unittest

import gate
import harness
import processes
import shadow_test

# (statement, whether the rows pass, SQLSTATE where they do not). Each table has rows of which one is in the way of
# the second of a pair and none in the way of the first.
ANSWERS = [
    ("ALTER TABLE app.lines ALTER COLUMN filled SET NOT NULL", True, ""),
    ("ALTER TABLE app.lines ALTER COLUMN holey SET NOT NULL", False, "23502"),
    ("ALTER TABLE app.lines ADD CHECK (n < 1001)", True, ""),
    ("ALTER TABLE app.lines ADD CHECK (n < 1000)", False, "23514"),
    ("ALTER TABLE app.lines ADD CHECK (1 / (n - 1000) < 2) NOT VALID", True, ""),
    ("ALTER TABLE app.lines ADD CHECK (1 / (n - 1000) < 2)", False, "22012"),
    ("ALTER TABLE app.lines VALIDATE CONSTRAINT proven", True, ""),
    ("ALTER TABLE app.lines VALIDATE CONSTRAINT unproven", False, "23514"),
    ("ALTER TABLE app.lines ADD UNIQUE (n)", True, ""),
    ("ALTER TABLE app.lines ADD UNIQUE (twice)", False, "23505"),
    ("ALTER TABLE app.lines ADD PRIMARY KEY (n)", True, ""),
    ("ALTER TABLE app.lines ADD PRIMARY KEY (holey)", False, "23502"),
    ("CREATE UNIQUE INDEX ON app.lines (holey)", True, ""),
    ("CREATE UNIQUE INDEX ON app.lines (lower(word))", False, "23505"),
    ("CREATE UNIQUE INDEX ON app.lines (lower(word)) WHERE n < 1000", True, ""),
    ("CREATE INDEX ON app.lines ((1 / n))", True, ""),
    ("CREATE INDEX ON app.lines ((1 / (n - 1000)))", False, "22012"),
    ("ALTER TABLE app.lines ADD FOREIGN KEY (parent) REFERENCES app.mothers", True, ""),
    ("ALTER TABLE app.lines ADD FOREIGN KEY (orphan) REFERENCES app.mothers", False, "23503"),
    ("ALTER TABLE app.lines ADD FOREIGN KEY (a, b) REFERENCES app.pairs", True, ""),
    ("ALTER TABLE app.lines ADD FOREIGN KEY (a, b) REFERENCES app.pairs MATCH FULL", False, "23503"),
    ("ALTER TABLE app.lines ALTER COLUMN word TYPE varchar(6)", True, ""),
    ("ALTER TABLE app.lines ALTER COLUMN word TYPE varchar(5)", False, "22001"),
    ("ALTER TABLE app.lines ALTER COLUMN word TYPE char(5)", False, "22001"),
    ("ALTER TABLE app.lines ALTER COLUMN blanks TYPE varchar(2)", True, ""),
    ("ALTER TABLE app.lines ALTER COLUMN n TYPE smallint", True, ""),
    ("ALTER TABLE app.lines ALTER COLUMN big TYPE integer", False, "22003"),
    ("ALTER TABLE app.lines ALTER COLUMN part TYPE numeric(4,1)", False, "23505"),
    ("ALTER TABLE app.lines ADD COLUMN more integer NOT NULL", False, "23502"),
    ("ALTER TABLE app.nobody ADD COLUMN more integer NOT NULL", True, ""),
    ("ALTER TABLE app.lines ADD COLUMN more integer DEFAULT 7 CHECK (more < n + 7)", True, ""),
    ("ALTER TABLE app.lines ADD COLUMN more integer DEFAULT 1000 CHECK (more <> n)", False, "23514"),
    ("ALTER TABLE app.lines ADD COLUMN more integer DEFAULT 7 UNIQUE", False, "23505"),
    ("ALTER TABLE app.nobody ADD COLUMN more integer DEFAULT 7 UNIQUE", True, ""),
    ("ALTER TABLE app.lines ADD COLUMN more integer DEFAULT 999 REFERENCES app.mothers", False, "23503"),
    ("ALTER TABLE app.nobody ADD COLUMN more integer DEFAULT 999 REFERENCES app.mothers", True, ""),
    ("ALTER TABLE app.lines ADD COLUMN more integer GENERATED ALWAYS AS (1 / n) STORED", True, ""),
    ("ALTER TABLE app.lines ADD COLUMN more integer GENERATED ALWAYS AS (1 / (n - 1000)) STORED", False, "22012"),
    ("ALTER TABLE app.lines ADD COLUMN more app.positive DEFAULT 1", True, ""),
    ("ALTER TABLE app.lines ADD COLUMN more app.filled", False, "23502"),
    ("ALTER TABLE app.nobody ADD COLUMN more app.filled", True, ""),
    ('ALTER TABLE app."Odd "" one" ALTER COLUMN "a "" b" SET NOT NULL', False, "23502"),
    ('ALTER TABLE app."Odd "" one" ADD CHECK ("c;d" <> \'; --\')', True, ""),
    ('CREATE UNIQUE INDEX ON app."Odd "" one" ("c;d")', True, ""),
    ("ALTER TABLE app.spans ALTER COLUMN v SET NOT NULL", False, "23502"),
    ("ALTER TABLE app.spans ADD CHECK (place <> 'nowhere')", True, ""),
    ("ALTER TABLE app.spans ADD UNIQUE (at, place)", False, "23505"),
    ("ALTER TABLE app.spans ADD FOREIGN KEY (v) REFERENCES app.mothers", True, ""),
    ("ALTER TABLE app.refers ADD FOREIGN KEY (k) REFERENCES app.keyed", False, "23503"),
    ("CREATE TABLE app.spans_26 PARTITION OF app.spans FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')", True, ""),
    ("CREATE TABLE app.spans_30 PARTITION OF app.spans FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')", False, "23514"),
    ("ALTER TABLE app.spans ATTACH PARTITION app.apart FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')", True, ""),
    ("ALTER TABLE app.spans ATTACH PARTITION app.apart FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')", False, "23514"),
]
UNKNOWN = [
    "ALTER TABLE app.lines ALTER COLUMN n TYPE smallint USING n / 2",
    "ALTER TABLE app.lines ADD CHECK (app.watching(n))",
    "ALTER TABLE app.lines ADD CHECK (word <> 'x' OR pg_sleep(0) IS NULL)",
    "CREATE UNIQUE INDEX ON app.lines ((app.watching(n)))",
    "ALTER TABLE app.lines ADD COLUMN more integer DEFAULT (random() * 100)::integer CHECK (more >= 0)",
    "ALTER TABLE app.lines ADD EXCLUDE (n WITH =)",
    "ALTER DOMAIN app.word ADD CHECK (VALUE <> 'word 7')",
    "INSERT INTO app.children VALUES (5000, 1, 4711)",
]
# On dry-run-18.sql.
ANSWERS_18 = [
    ("ALTER TABLE app.modern ALTER COLUMN filled SET NOT NULL", True, ""),
    ("ALTER TABLE app.modern ALTER COLUMN holey SET NOT NULL", False, "23502"),
    ("ALTER TABLE app.modern VALIDATE CONSTRAINT filled_later", True, ""),
    ("ALTER TABLE app.modern VALIDATE CONSTRAINT holey_later", False, "23502"),
    ("ALTER TABLE app.modern DROP CONSTRAINT filled_later", True, ""),
    ("ALTER TABLE app.modern ADD CHECK (twice < 2201)", True, ""),
    ("ALTER TABLE app.modern ADD CHECK (twice < 2200)", False, "23514"),
    ("ALTER TABLE app.modern ADD CHECK (inverse >= 0)", True, ""),
    ("ALTER TABLE app.modern ALTER COLUMN twice SET NOT NULL", True, ""),
    ("ALTER TABLE app.modern ADD FOREIGN KEY (parent) REFERENCES app.parents", False, "23503"),
    ("ALTER TABLE app.heir ALTER COLUMN v SET NOT NULL", False, "23502"),
]
# They fail: no question asks for overlaps.
UNKNOWN_18 = [
    "ALTER TABLE app.visits VALIDATE CONSTRAINT in_a_spell",
    "ALTER TABLE app.stays ATTACH PARTITION app.stays_here FOR VALUES FROM ('[1,2)') TO ('[5,6)')",
]
SCHEMA = """
CREATE DOMAIN app.filled AS integer NOT NULL;
CREATE DOMAIN app.word AS text;
CREATE TABLE app.mothers (id integer PRIMARY KEY);
CREATE TABLE app.pairs (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE app.lines (n integer, filled text, holey integer, twice integer, word text, blanks text, parent integer,
  orphan integer, a integer, b integer, big bigint, part numeric UNIQUE, said app.word);
CREATE TABLE app.nobody (n integer);
CREATE TABLE app."Odd "" one" ("a "" b" integer, "c;d" text);
CREATE TABLE app.spans (at date NOT NULL, place text NOT NULL, v integer) PARTITION BY RANGE (at);
CREATE TABLE app.spans_24 PARTITION OF app.spans FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE app.spans_else PARTITION OF app.spans DEFAULT;
CREATE TABLE app.apart (at date NOT NULL, place text NOT NULL, v integer);
CREATE TABLE app.keyed (k integer PRIMARY KEY) PARTITION BY LIST (k);
CREATE TABLE app.keyed_1 PARTITION OF app.keyed FOR VALUES IN (1);
CREATE TABLE app.keyed_2 PARTITION OF app.keyed FOR VALUES IN (2);
CREATE TABLE app.refers (id integer, k integer);
CREATE FUNCTION app.watching(n integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
  'BEGIN RAISE WARNING ''watched as %'', current_user; RETURN true; END';
INSERT INTO app.mothers SELECT generate_series(1, 10);
INSERT INTO app.pairs VALUES (1, 1);
INSERT INTO app.lines SELECT g, 'x', nullif(g, 500), g, 'word ' || g % 10, 'ab    ', 1 + g % 10, 1 + g % 10, 1, 1, g,
  g + 0.123, 'word' FROM generate_series(1, 999) g;
ALTER TABLE app.lines ADD CONSTRAINT proven CHECK (n > 0) NOT VALID;
INSERT INTO app.lines VALUES (1000, 'x', 1000, 999, 'WORD 1', 'ab    ', 1, 4711, 1, NULL, 3000000000, 1.124);
UPDATE app.lines SET word = 'w' || n WHERE n < 1000;
UPDATE app.lines SET word = 'W99' WHERE n = 1000;
UPDATE app.lines SET word = 'longer' WHERE n = 5;
UPDATE app.lines SET parent = NULL WHERE n = 17;
ALTER TABLE app.lines ADD CONSTRAINT unproven CHECK (n <> 1000) NOT VALID;
INSERT INTO app."Odd "" one" VALUES (1, 'a'), (NULL, 'b');
INSERT INTO app.spans SELECT date '2024-01-01' + g, 'here', 1 + g % 10 FROM generate_series(0, 300) g;
INSERT INTO app.spans VALUES ('2030-05-05', 'there', NULL), ('2030-06-06', 'twin', 1), ('2030-06-06', 'twin', 2);
INSERT INTO app.apart VALUES ('2025-05-05', 'here', 1);
INSERT INTO app.keyed VALUES (1), (2);
INSERT INTO app.refers VALUES (1, 1), (2, 3);
"""


class Case(shadow_test.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.postgres.sql("SET ROLE agent_repair_db; " + SCHEMA + "RESET ROLE; ANALYZE; " + cls.more)
        reader = cls.postgres.catalog_role
        cls.postgres.sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA app TO {reader}")

    more = ""

    def real(self, statement):
        with self.postgres.connect(harness.AGENT) as connection:
            connection.rows("BEGIN")
            errors = [one.code for one in connection.talk(shadow_test.query(statement)) if one.type == "E"]
        return errors[0] if errors else ""


class Answers(Case):
    def test_what_the_rows_answer_is_what_happens(self):
        answers = ANSWERS + (ANSWERS_18 if self.postgres.major >= 18 else [])
        reports = self.dry_run(*[one[0] for one in answers])
        for (statement, passes, code), report in zip(answers, reports):
            with self.subTest(statement):
                self.assertEqual(self.real(statement), code)
                self.assertEqual((report["outcome"], report.get("error", {}).get("sqlstate", "")),
                                 ("ok" if passes else "error", code), report)

    def test_what_nobody_can_know_is_unknown(self):
        since = self.postgres.log_size()
        unknown = UNKNOWN + (UNKNOWN_18 if self.postgres.major >= 18 else [])
        reports = self.dry_run(*unknown)
        for statement, report in zip(unknown, reports):
            with self.subTest(statement):
                self.assertEqual((report["outcome"], report["hangs_on_rows"]), ("unknown", True), report)
        with open(self.postgres.folder / "log", "rb") as log:
            log.seek(since)
            self.assertNotIn(b"watched as", log.read())

    def test_it_reads_and_does_nothing_else(self):
        since = self.postgres.log_size()
        self.dry_run(ANSWERS[0][0], ANSWERS[8][0], ANSWERS[17][0])
        asked = [one.text for one in self.postgres.statements_logged(harness.AGENT.role, since)]
        self.assertTrue(asked)
        questions = [text for text in asked if text.startswith("BEGIN")]
        self.assertEqual(len(questions), 6)
        for text in questions:
            self.assertRegex(text, "^BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; .*; ROLLBACK$")
        for text in set(asked) - set(questions):
            self.assertNotIn("lines", text)

    def test_a_held_lock_makes_it_unknown(self):
        with self.postgres.superuser_connection() as other:
            other.rows("BEGIN")
            # pg_dump is let through, the question is not: it comes when the copy is there.
            other.rows("LOCK TABLE app.lines IN ACCESS SHARE MODE")
            done = self.held("ALTER TABLE app.lines ALTER COLUMN filled SET NOT NULL", other)
        self.assertEqual(done["outcome"], "unknown")
        self.assertIn("lock timeout", done["probes"][0]["why"])

    def held(self, statement, other):
        """Its report, with the table locked from when the copy has been dumped."""
        process = subprocess.Popen([gate.binary(), *map(str, self.command(statement))], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        processes.wait_until(lambda: any((folder / "work" / "contents").exists() for folder in shadow_test.folders()),
                             "the dump")
        other.rows("LOCK TABLE app.lines IN ACCESS EXCLUSIVE MODE")
        out, _ = process.communicate(timeout=60)
        return json.loads(out)


class Hidden(Case):
    more = """CREATE TABLE app.veiled (id integer, who text); INSERT INTO app.veiled VALUES (1, NULL);
      ALTER TABLE app.veiled OWNER TO agent_repair_db; ALTER TABLE app.veiled ENABLE ROW LEVEL SECURITY;
      ALTER TABLE app.veiled FORCE ROW LEVEL SECURITY; CREATE POLICY own ON app.veiled USING (who = current_user);
      CREATE TABLE app.vast AS SELECT 1 AS n; ALTER TABLE app.vast OWNER TO agent_repair_db;
      UPDATE pg_class SET relpages = 2000000 WHERE relname = 'vast';"""

    def test_rows_that_the_role_may_not_see_are_unknown(self):
        report, = self.dry_run("ALTER TABLE app.veiled ALTER COLUMN who SET NOT NULL")
        self.assertEqual(report["outcome"], "unknown")
        self.assertIn("row security", report["probes"][0]["why"])

    def test_a_large_table_is_not_read(self):
        report, = self.dry_run("ALTER TABLE app.vast ALTER COLUMN n SET NOT NULL")
        self.assertEqual(report["outcome"], "unknown")
        self.assertIn("too large", report["probes"][0]["why"])

    def test_a_slow_answer_is_none(self):
        self.postgres.sql("SET ROLE agent_repair_db; CREATE TABLE app.many AS SELECT g AS n FROM generate_series(1, 1000000) g;"
                          "RESET ROLE; GRANT SELECT ON app.many TO " + self.postgres.catalog_role)
        report, = self.dry_run("ALTER TABLE app.many ADD CHECK (repeat('x', 20000 + n % 7) <> 'y')")
        self.assertEqual(report["outcome"], "unknown")
        self.assertIn("statement timeout", report["probes"][0]["why"])


class Safer(Case):
    FORMS = {
        "CREATE INDEX by_n ON app.lines (n)": ["CREATE INDEX CONCURRENTLY by_n ON app.lines USING btree (n)"],
        "ALTER TABLE app.lines ADD CONSTRAINT small CHECK (n < 2000)": [
            'ALTER TABLE "app"."lines" ADD CONSTRAINT "small" CHECK ((n < 2000)) NOT VALID',
            'ALTER TABLE "app"."lines" VALIDATE CONSTRAINT "small"'],
        "ALTER TABLE app.lines ADD CONSTRAINT up FOREIGN KEY (parent) REFERENCES app.mothers": [
            'ALTER TABLE "app"."lines" ADD CONSTRAINT "up" FOREIGN KEY (parent) REFERENCES app.mothers(id) NOT VALID',
            'ALTER TABLE "app"."lines" VALIDATE CONSTRAINT "up"'],
        "ALTER TABLE app.lines ALTER COLUMN filled SET NOT NULL": [
            'ALTER TABLE "app"."lines" ADD CONSTRAINT "lines_filled_filled" CHECK ("filled" IS NOT NULL) NOT VALID',
            'ALTER TABLE "app"."lines" VALIDATE CONSTRAINT "lines_filled_filled"',
            'ALTER TABLE "app"."lines" ALTER COLUMN "filled" SET NOT NULL',
            'ALTER TABLE "app"."lines" DROP CONSTRAINT "lines_filled_filled"'],
        "ALTER TABLE app.lines ADD CONSTRAINT one UNIQUE (n) DEFERRABLE": [
            "CREATE UNIQUE INDEX CONCURRENTLY one ON app.lines USING btree (n)",
            'ALTER TABLE "app"."lines" ADD CONSTRAINT "one" UNIQUE USING INDEX "one" DEFERRABLE'],
        "ALTER TABLE app.lines ADD COLUMN u uuid DEFAULT gen_random_uuid()": [
            'ALTER TABLE "app"."lines" ADD COLUMN "u" uuid', 'ALTER TABLE "app"."lines" ALTER COLUMN "u" SET DEFAULT gen_random_uuid()',
            ""],
        "ALTER TABLE app.lines ADD COLUMN m integer DEFAULT 1 CONSTRAINT small CHECK (m > 0)": [
            'ALTER TABLE "app"."lines" ADD COLUMN "m" integer DEFAULT 1',
            'ALTER TABLE "app"."lines" ADD CONSTRAINT "small" CHECK ((m > 0)) NOT VALID',
            'ALTER TABLE "app"."lines" VALIDATE CONSTRAINT "small"'],
    }
    FORMS_18 = {
        "ALTER TABLE app.modern ALTER COLUMN filled SET NOT NULL": ['ALTER TABLE "app"."modern" VALIDATE CONSTRAINT "filled_later"'],
        "ALTER TABLE app.modern ALTER COLUMN twice SET NOT NULL": [
            'ALTER TABLE "app"."modern" ADD CONSTRAINT "modern_twice_filled" CHECK ("twice" IS NOT NULL) NOT VALID',
            'ALTER TABLE "app"."modern" VALIDATE CONSTRAINT "modern_twice_filled"',
            'ALTER TABLE "app"."modern" ALTER COLUMN "twice" SET NOT NULL',
            'ALTER TABLE "app"."modern" DROP CONSTRAINT "modern_twice_filled"'],
    }
    NONE_18 = ["ALTER TABLE app.modern VALIDATE CONSTRAINT filled_later",
               "ALTER TABLE app.modern ADD COLUMN n integer CONSTRAINT kept NOT NULL DEFAULT 7 CHECK (n > 0)"]
    NONE = ["CREATE INDEX ON app.spans (v)", "ALTER TABLE app.lines ADD COLUMN m integer",
            "ALTER TABLE app.lines ADD CHECK (n < 2000), SET (fillfactor = 70)", "DROP TABLE app.lines",
            "ALTER TABLE app.lines ADD COLUMN m serial", "ALTER TABLE app.spans ADD CHECK (v < 100)"]

    def test_each_step_is_known_and_works(self):
        forms = {**self.FORMS, **(self.FORMS_18 if self.postgres.major >= 18 else {})}
        for statement, report in zip(forms, self.dry_run(*forms)):
            with self.subTest(statement):
                steps = report["safer"]["steps"]
                self.assertEqual([one["sql"] for one in steps], forms[statement])
                self.assertEqual([one for one in steps if "error" in one], [])
                with self.postgres.connect(harness.AGENT) as connection:
                    connection.rows("BEGIN")
                    for one in steps:
                        connection.rows(one["sql"].replace("CONCURRENTLY ", "") or "SELECT 1")

    def test_a_check_that_is_proven_needs_no_strong_lock(self):
        report, = self.dry_run("ALTER TABLE app.lines ADD CONSTRAINT small CHECK (n < 2000)")
        add, validate = report["safer"]["steps"]
        self.assertFalse(add["relations"][0]["scanned"])
        self.assertIn("SHARE UPDATE EXCLUSIVE", validate["relations"][0]["locks"])
        self.assertTrue(validate["relations"][0]["scanned"])

    def test_where_there_is_none_none_is_told(self):
        none = self.NONE + (self.NONE_18 if self.postgres.major >= 18 else [])
        for statement, report in zip(none, self.dry_run(*none)):
            self.assertNotIn("safer", report, statement)


if __name__ == "__main__":
    unittest.main()
