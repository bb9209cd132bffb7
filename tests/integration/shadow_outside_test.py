"""`portcullis dry-run` of what PostgreSQL runs outside transactions only: it is tried out in a copy that is thrown away,
and what is told of it is what it does in the database.

Each statement runs in a copy of the database itself, as the agent's role, while another session stands in its way: what
it holds and asks for then is held against the locks that the rules tell."""

import unittest

import harness
import gate
import processes
import shadow_test
from wire import query

# Statement, and who stands in its way: a table and the mode it is locked in. None: the statement fails.
EVERYWHERE = [
    ("CREATE INDEX CONCURRENTLY fresh ON app.wide (note, code)", ("app.wide", "ROW EXCLUSIVE")),
    ("CREATE UNIQUE INDEX CONCURRENTLY fresh ON app.wide (code)", ("app.wide", "ROW EXCLUSIVE")),
    ("CREATE INDEX CONCURRENTLY IF NOT EXISTS wide_code ON app.wide (code)", ("app.wide", "SHARE UPDATE EXCLUSIVE")),
    ("CREATE INDEX CONCURRENTLY ON app.totals (total)", ()),
    ("CREATE INDEX CONCURRENTLY ON app.measured (place)", None),
    ("CREATE INDEX CONCURRENTLY ON app.wide (nothing)", None),
    ("CREATE INDEX CONCURRENTLY ON app2.theirs (id)", None),
    ("DROP INDEX CONCURRENTLY app.wide_code", ("app.wide", "ACCESS SHARE")),
    ("DROP INDEX CONCURRENTLY app.wide_pkey", None),
    ("DROP INDEX CONCURRENTLY IF EXISTS app.never", ()),
    ("REINDEX TABLE CONCURRENTLY app.wide", ("app.wide", "ROW EXCLUSIVE")),
    ("REINDEX INDEX CONCURRENTLY app.wide_code", ("app.wide", "ROW EXCLUSIVE")),
    ("REINDEX SCHEMA app2", ("app2.kept", "ROW EXCLUSIVE")),
    ("VACUUM app.wide", ("app.wide", "SHARE UPDATE EXCLUSIVE")),
    ("VACUUM (ANALYZE) app.measured", ("app.measured_23", "SHARE UPDATE EXCLUSIVE")),
    ("VACUUM FULL app.wide", ("app.wide", "ACCESS SHARE")),
    ("VACUUM FULL app.parents, app.children", ("app.parents", "ACCESS SHARE")),
    ("CLUSTER", ("app2.kept", "ACCESS SHARE")),
    ("VACUUM app.nowhere", None),
]
FROM_14 = [
    ("REINDEX TABLE app2.parted", ("app2.parted_1", "ROW EXCLUSIVE")),
    ("REINDEX TABLE CONCURRENTLY app2.parted", ("app2.parted_1", "ROW EXCLUSIVE")),
    ("REINDEX INDEX CONCURRENTLY app2.parted_kept_idx", ("app2.parted_1", "ROW EXCLUSIVE")),
    ("ALTER TABLE app2.parted DETACH PARTITION app2.parted_1 CONCURRENTLY", ("app2.parted_1", "ACCESS SHARE")),
    ("ALTER TABLE app.measured DETACH PARTITION app.measured_23 CONCURRENTLY", None),  # it has a default partition
]
SCHEMA = f"""
SET ROLE {harness.AGENT.role};
CREATE SCHEMA app2;
CREATE TABLE app2.kept (id integer PRIMARY KEY, v text);
INSERT INTO app2.kept SELECT n, 'v' FROM generate_series(1, 100) AS n;
CLUSTER app2.kept USING kept_pkey;
CREATE TABLE app2.parted (id integer PRIMARY KEY, kept integer REFERENCES app2.kept) PARTITION BY RANGE (id);
CREATE TABLE app2.parted_1 PARTITION OF app2.parted FOR VALUES FROM (0) TO (100);
CREATE TABLE app2.parted_2 PARTITION OF app2.parted FOR VALUES FROM (100) TO (200);
CREATE INDEX ON app2.parted (kept);
INSERT INTO app2.parted VALUES (1, 1), (101, 1);
CREATE TABLE app2.twice (n integer);
INSERT INTO app2.twice VALUES (1), (1);
CREATE FUNCTION app2.sets() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN PERFORM app2.does_set(); RETURN 1; END $$;
CREATE FUNCTION app2.does_set() RETURNS void LANGUAGE plpgsql AS
  $$ BEGIN ALTER ROLE {harness.AGENT.role} SET work_mem = '1MB'; END $$;
CREATE FUNCTION app2.stubborn(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
  LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN END; END LOOP; END $$;
RESET ROLE;
CREATE TABLE app2.theirs (id integer);
ANALYZE;
"""
FILES = """SELECT n.nspname || '.' || c.relname, pg_relation_filenode(c.oid), c.relkind FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid >= 16384 AND c.relkind <> 't' AND n.nspname LIKE 'app%'"""
WAITS = """SELECT c.oid::regclass::text, l.mode, l.pid FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation AND c.oid >= 16384
  WHERE l.pid IN (SELECT pid FROM pg_locks WHERE NOT granted) AND l.pid = {pid}"""
SCANS = "SELECT schemaname || '.' || relname FROM pg_stat_user_tables WHERE schemaname LIKE 'app%' AND seq_scan > 0"
MODES = ["ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE",
         "EXCLUSIVE", "ACCESS EXCLUSIVE"]


class Case(shadow_test.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.postgres.sql("GRANT CREATE ON DATABASE shop TO " + harness.AGENT.role)
        cls.postgres.sql(SCHEMA)
        if cls.postgres.major < 14:
            reader = cls.postgres.catalog_role
            cls.postgres.sql(f"GRANT USAGE ON SCHEMA app2 TO {reader}; GRANT SELECT ON ALL TABLES IN SCHEMA app2 TO {reader}")


class Real:
    """One statement in a copy of the database, and what another session sees of it."""
    def __init__(self, postgres, number):
        self.postgres = postgres
        self.name = f"real_{number}"
        postgres.sql(f"CREATE DATABASE {self.name} TEMPLATE kept", "postgres")

    def drop(self):
        self.postgres.sql(f"DROP DATABASE {self.name} WITH (FORCE)", "postgres")

    def files(self):
        return {row[0]: row[1:] for row in self.postgres.sql(FILES, self.name)}

    def run(self, statement, in_the_way):
        """SQLSTATE or nothing, the locks seen, what is stored anew."""
        before = self.files()
        seen = set()
        with self.postgres.socket() as connection, self.postgres.superuser_connection(self.name) as other:
            connection.log_in(harness.AGENT.role, harness.AGENT.role_password, self.name)
            pid, = connection.rows("SELECT pg_backend_pid()")[0]
            if in_the_way:
                other.rows("BEGIN")
                other.rows(f"LOCK TABLE {in_the_way[0]} IN {in_the_way[1]} MODE")
            connection.send(query(statement))
            if in_the_way:
                processes.wait_until(lambda: self.postgres.sql(WAITS.format(pid=pid), self.name), statement)
                seen = {(row[0], shadow_test.mode_name(row[1])) for row in self.postgres.sql(WAITS.format(pid=pid), self.name)
                        if row[0]}
                other.rows("COMMIT")
            errors = [one.code for one in connection.read_until() if one.type == "E"]
        after = self.files()
        rewritten = {name for name, row in after.items() if name in before and row[0] != before[name][0]}
        return errors[0] if errors else "", seen, rewritten

    def scans(self):
        return {row[0] for row in self.postgres.sql(SCANS, self.name)}


class Conformance(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Nobody may be connected to what is copied, not even the gate.
        for sql in ("ALTER DATABASE shop ALLOW_CONNECTIONS false",
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop'",
                    "CREATE DATABASE kept TEMPLATE shop", "ALTER DATABASE shop ALLOW_CONNECTIONS true"):
            cls.postgres.sql(sql, "postgres")

    def test_what_is_told_is_what_happens(self):
        chosen = EVERYWHERE + (FROM_14 if self.postgres.major >= 14 else [])
        reports = self.dry_run(*[statement for statement, _ in chosen])
        for number, ((statement, in_the_way), report) in enumerate(zip(chosen, reports)):
            with self.subTest(statement):
                real = Real(self.postgres, number)
                try:
                    self.compare(real, statement, in_the_way, report)
                finally:
                    real.drop()

    def compare(self, real, statement, in_the_way, report):
        error, seen, rewritten = real.run(statement, in_the_way)
        self.assertEqual(error != "", in_the_way is None, error)
        if report["outcome"] != "ok":
            self.assertEqual(report["error"]["sqlstate"], error, report)
            return
        self.assertEqual(error, "", report)
        self.assertEqual(report["by_rule"], ["locks", "scanned"])
        told = {f"{one['schema']}.{one['name']}": one for one in report["relations"]}
        locks = {(name, mode) for name, one in told.items() for mode in one["locks"]}
        known = {(name, mode) for name, mode in seen if name in real.files() and not told.get(name, {}).get("new")}
        weak = {(name, mode) for name, mode in known if mode == "ACCESS SHARE"}
        self.assertLessEqual(known - weak, locks, report)
        if in_the_way:
            strongest = max((mode for name, mode in seen if name == in_the_way[0]), key=MODES.index)
            self.assertEqual(max(told[in_the_way[0]]["locks"], key=MODES.index), strongest, report)
        self.assertEqual({name for name, one in told.items() if one["rewritten"]}, rewritten, report)
        if "VACUUM" not in statement or "FULL" in statement:
            scanned = {name for name, one in told.items() if one["scanned"]}
            processes.wait_until(lambda: scanned <= real.scans(), f"scans of {scanned}", seconds=10)
            self.assertEqual(scanned, real.scans(), report)


class Outside(Case):
    def test_what_hangs_on_rows_is_asked_of_production(self):
        unique, plain = self.dry_run("CREATE UNIQUE INDEX CONCURRENTLY ON app2.twice (n)",
                                     "CREATE INDEX CONCURRENTLY ON app2.twice (n)")
        self.assertEqual((unique["outcome"], unique["error"]["sqlstate"]), ("error", "23505"), unique)
        self.assertEqual([one["answer"] for one in unique["probes"]], ["violates"])
        self.assertEqual(plain["outcome"], "ok", plain)
        self.assertEqual([one["change"] for one in plain["changes"]], ["index added"])
        self.assertTrue(plain["waits_for_older"])
        self.assertIn("waiting for older transactions", plain["forecast"]["basis"])
        self.assertNotIn("safer", plain)

    def test_nothing_is_left_of_one_for_the_next(self):
        drop = "DROP INDEX CONCURRENTLY app.wide_code"
        reports = self.dry_run(drop, drop, "DROP INDEX app.wide_code", "ALTER TABLE app.wide ADD COLUMN n integer", drop,
                               "SELECT datname FROM pg_database WHERE datname LIKE 'portcullis_throw_away%'")
        self.assertEqual([one["outcome"] for one in reports], ["ok"] * 6, reports)
        self.assertEqual(reports[-1]["tag"], "SELECT 0")
        self.assertEqual([one["by_rule"] for one in reports[1:4]], [["locks", "scanned"], [], []])

    def test_who_changes_roles_is_not_tried_out(self):
        told, = self.dry_run("CREATE INDEX CONCURRENTLY ON app2.twice (app2.sets())")
        self.assertEqual(told["outcome"], "not tried", told)
        self.assertIn("changes roles", told["error"]["message"])

    def test_who_never_answers_is_given_up_and_leaves_nothing(self):
        told = self.dry_run("CREATE INDEX CONCURRENTLY ON app2.kept (app2.stubborn(id))", "VACUUM app.wide",
                            "SELECT FROM pg_database WHERE datname LIKE 'portcullis_throw_away%'")
        self.assertEqual([one["outcome"] for one in told], ["not tried", "ok", "ok"], told)
        self.assertEqual(told[2]["tag"], "SELECT 0")

    def test_the_whole_database_is_vacuumed_as_far_as_the_role_may(self):
        told, = self.dry_run("VACUUM")
        self.assertEqual(told["outcome"], "ok", told)
        names = {one["name"] for one in told["relations"] if one["scanned"]}
        self.assertIn("wide", names)
        self.assertNotIn("theirs", names)
        self.assertIsNone(told["forecast"]["duration"])

    def test_what_becomes_of_the_catalogs_nobody_measures(self):
        for told in self.dry_run("REINDEX DATABASE shop", "REINDEX SYSTEM shop"):
            self.assertEqual(told["outcome"], "not tried", told)
            self.assertIn("name the schema, table or index", told["error"]["message"])

    def test_one_report_for_people(self):
        done = gate.run("dry-run", "--config", self.gate.folder / "portcullis.json", "--agent", "repair",
                        "CREATE INDEX CONCURRENTLY ON app.wide (price)")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"would run: CREATE INDEX\n")
        self.assertRegex(done.stdout, r"app\.wide +table +SHARE UPDATE EXCLUSIVE +read whole\n")
        self.assertIn("by PostgreSQL's rules, not measured", done.stdout)
        self.assertIn("waits until every older transaction has ended", done.stdout)


if __name__ == "__main__":
    unittest.main()
