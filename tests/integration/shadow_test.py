"""`portcullis dry-run`: what a statement locks, writes anew and reads in the copy is what it does in the database.

Each statement runs in the database itself, as the agent's role and rolled back, and is tried out; what is not the same
is a failure, but for what is known to hang on the rows."""

import functools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
import unittest.mock

import certificates
import gate
import harness
import postgres
import processes
from wire import query

# Of a full scan by a foreign key's own question PostgreSQL decides by how many rows there are.
ADD_COLUMN = ["note2 text", "n integer DEFAULT 7", "n integer NOT NULL DEFAULT 7", "t timestamptz DEFAULT now()",
              "t text DEFAULT 'a' || 'b'", "s app.status DEFAULT 'new'", "n integer DEFAULT app.steady()",
              "u uuid DEFAULT gen_random_uuid()", "t timestamptz DEFAULT clock_timestamp()", "n float DEFAULT random()",
              "n integer NOT NULL", "n integer CHECK (n > 0)", "n integer DEFAULT 1 CHECK (n > 0)", "p app.positive",
              "p app.positive DEFAULT 1", "l app.label", "n integer UNIQUE", "n integer REFERENCES app.parents",
              "n integer GENERATED ALWAYS AS (parent * 2) STORED", "n integer GENERATED ALWAYS AS IDENTITY", "n serial",
              "note text", "j jsonb DEFAULT '{}'"]
WIDE = ["ADD COLUMN " + column for column in ADD_COLUMN] + [
    "ADD COLUMN IF NOT EXISTS note integer", "DROP COLUMN note", "DROP COLUMN price", "DROP COLUMN price CASCADE",
    "ALTER COLUMN code TYPE varchar(200)", "ALTER COLUMN code TYPE text", "ALTER COLUMN parent TYPE bigint",
    "ALTER COLUMN short TYPE char(5)", "ALTER COLUMN price TYPE numeric(12,2)", "ALTER COLUMN took TYPE interval",
    "ALTER COLUMN seen TYPE timestamp(6)", "ALTER COLUMN net TYPE inet", "ALTER COLUMN data TYPE jsonb",
    "ALTER COLUMN made TYPE timestamptz", "ALTER COLUMN note TYPE varchar(50)", "ALTER COLUMN note TYPE text COLLATE \"POSIX\"",
    "ALTER COLUMN short SET NOT NULL", "ALTER COLUMN checked SET NOT NULL", "ALTER COLUMN code DROP NOT NULL",
    "ALTER COLUMN note SET DEFAULT 'x'", "ALTER COLUMN note SET STORAGE EXTERNAL", "ALTER COLUMN note SET STATISTICS 500",
    "SET (fillfactor = 70)", "RENAME COLUMN note TO remark", "RENAME TO wider", "ENABLE ROW LEVEL SECURITY",
    "SET SCHEMA public", "REPLICA IDENTITY FULL", "DISABLE TRIGGER noted", "ADD CHECK (price > 0)",
    "ADD CHECK (price > 0) NOT VALID", "VALIDATE CONSTRAINT unproven", "DROP CONSTRAINT tall", "DROP CONSTRAINT wide_pkey",
    "DROP CONSTRAINT wide_pkey CASCADE", "DROP CONSTRAINT wide_parent_fkey", "ADD UNIQUE (code)",
    "ADD UNIQUE USING INDEX wide_note", "SET LOGGED", "SET UNLOGGED", "NO SUCH THING"]
STATEMENTS = ["ALTER TABLE app.wide " + one for one in WIDE] + [
    "ALTER TABLE app.children ADD FOREIGN KEY (bare) REFERENCES app.parents NOT VALID",
    "ALTER TABLE app.empty ADD COLUMN n integer NOT NULL", "ALTER TABLE app.base ADD COLUMN n integer",
    "ALTER TABLE app.measured ADD COLUMN n integer", "ALTER TABLE app.measured ADD COLUMN r float DEFAULT random()",
    "ALTER TABLE app.measured DETACH PARTITION app.measured_24",
    "ALTER TABLE app.measured ATTACH PARTITION app.measured_25 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
    "CREATE TABLE app.measured_26 PARTITION OF app.measured FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    "ALTER TYPE app.status ADD VALUE 'gone'", "ALTER TYPE app.status RENAME VALUE 'new' TO 'fresh'",
    "ALTER DOMAIN app.label ADD CHECK (VALUE <> '')", "CREATE INDEX ON app.wide (note, code)",
    "CREATE INDEX ON app.measured (place)", "DROP INDEX app.wide_code", "DROP INDEX app.wide_pkey",
    "REINDEX TABLE app.wide", "REINDEX INDEX app.wide_code", "CLUSTER app.wide USING wide_code",
    "REFRESH MATERIALIZED VIEW app.totals", "CREATE VIEW app.cheap AS SELECT id FROM app.wide",
    "DROP VIEW app.dear", "CREATE OR REPLACE VIEW app.dear AS SELECT id, price FROM app.wide",
    "DROP TABLE app.parents", "DROP TABLE app.parents CASCADE", "DROP TABLE app.children", "DROP TABLE app.measured_23",
    "TRUNCATE app.parents", "TRUNCATE app.parents CASCADE", "TRUNCATE app.empty",
    "CREATE TRIGGER again AFTER INSERT ON app.wide FOR EACH ROW EXECUTE FUNCTION app.noting()",
    "DROP TRIGGER noted ON app.wide", "DROP POLICY own ON app.guarded", "CREATE POLICY all_of ON app.guarded USING (true)",
    "COMMENT ON TABLE app.wide IS 'wide'", "CREATE STATISTICS app.more ON code, price FROM app.wide",
    "DROP STATISTICS app.wide_stats", "CREATE TABLE app.fresh (id integer PRIMARY KEY, w bigint REFERENCES app.wide)",
    "CREATE TABLE app.taken AS SELECT id FROM app.parents", "CREATE TABLE app.wide (id integer)",
    "CREATE SEQUENCE app.counted", "ALTER SEQUENCE app.loose RESTART", "DROP SEQUENCE app.loose",
    "GRANT SELECT ON app.wide TO PUBLIC", "ALTER TABLE app.users ADD COLUMN n integer", "LOCK TABLE app.wide IN SHARE MODE",
    "CREATE SCHEMA fresh", "DROP SCHEMA app", "CREATE FUNCTION app.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "DROP FUNCTION app.noting()", "DROP FUNCTION app.steady()", "DROP TYPE app.status", "DROP DOMAIN app.label",
    "ALTER PUBLICATION news ADD TABLE app.wide", "ANALYZE app.parents", "INSERT INTO app.seen_by (what) VALUES ('x')",
    "SELECT * FROM app.dear", "SELECT * FROM app.nowhere", "INSERT INTO app.parents VALUES (1000, 'new')",
    "UPDATE app.parents SET name = name", "CREATE TEMPORARY TABLE mine (id integer)",
    "UPDATE app.sums SET n = n + 1", "ALTER TABLE app.sums ADD COLUMN note text"]

# On dry-run-18.sql.
SINCE_18 = ["ALTER TABLE app.modern " + one for one in [
    "ALTER COLUMN filled SET NOT NULL", "ALTER COLUMN holey SET NOT NULL", "VALIDATE CONSTRAINT filled_later",
    "VALIDATE CONSTRAINT holey_later", "DROP CONSTRAINT filled_later", "DROP CONSTRAINT named_filled",
    "ALTER COLUMN named DROP NOT NULL", "ALTER COLUMN holey DROP NOT NULL", "RENAME CONSTRAINT named_filled TO other",
    "DROP CONSTRAINT modern_id_not_null", "ALTER COLUMN id DROP NOT NULL", "DROP CONSTRAINT modern_pkey",
    "VALIDATE CONSTRAINT dear", "VALIDATE CONSTRAINT parent_known", "DROP CONSTRAINT dear", "DROP CONSTRAINT parent_known",
    "ALTER CONSTRAINT parent_known DEFERRABLE", "ALTER CONSTRAINT named_filled DEFERRABLE", "ADD CHECK (twice > 0)",
    "ADD CHECK (inverse > 0)", "ALTER COLUMN twice SET NOT NULL", "ALTER COLUMN inverse SET NOT NULL",
    "ALTER COLUMN twice TYPE bigint", "ALTER COLUMN twice DROP EXPRESSION", "ALTER COLUMN price TYPE bigint",
    "ALTER COLUMN named TYPE bigint", "ADD UNIQUE (twice)", "DROP COLUMN twice", "DROP COLUMN price",
    "DROP COLUMN price CASCADE", "ADD COLUMN n integer NOT NULL DEFAULT 7", "ADD COLUMN r float NOT NULL DEFAULT random()",
    "ADD COLUMN n integer NOT NULL", "ADD COLUMN s integer GENERATED ALWAYS AS (twice + 1) STORED"]] + [
    "CREATE INDEX ON app.modern (twice)", "CREATE INDEX ON app.modern (price) WHERE twice > 0",
    "UPDATE app.modern SET price = price + 1 WHERE price = 101", "INSERT INTO app.modern (id, twice) VALUES (5000, 1)",
    "CREATE VIEW app.doubled AS SELECT id, twice FROM app.modern", "CREATE TABLE app.copied (LIKE app.modern INCLUDING ALL)",
    "ALTER TABLE app.elder ALTER COLUMN v DROP NOT NULL", "ALTER TABLE app.elder ALTER COLUMN v SET NOT NULL",
    "ALTER TABLE app.elder DROP CONSTRAINT own", "ALTER TABLE app.heir ALTER COLUMN v SET NOT NULL",
    "ALTER TABLE app.heir NO INHERIT app.elder", "ALTER TABLE app.elder ADD PRIMARY KEY (v)",
    "ALTER TABLE app.split ALTER COLUMN w SET NOT NULL", "ALTER TABLE app.split ALTER COLUMN v DROP NOT NULL",
    "ALTER TABLE ONLY app.split ALTER COLUMN w SET NOT NULL", "ALTER TABLE app.split_1 ALTER COLUMN v DROP NOT NULL",
    "CREATE TABLE app.split_2 PARTITION OF app.split FOR VALUES IN (2)", "ALTER TABLE app.split DETACH PARTITION app.split_1",
    "ALTER TABLE app.spells DROP CONSTRAINT spells_pkey", "ALTER TABLE app.spells DROP CONSTRAINT spells_pkey CASCADE",
    "ALTER TABLE app.spells ADD COLUMN n integer DEFAULT 7", "ALTER TABLE app.visits DROP CONSTRAINT in_a_spell",
    "CREATE INDEX ON app.spells (during)", "TRUNCATE app.spells", "TRUNCATE app.spells CASCADE", "DROP TABLE app.spells",
    "REINDEX INDEX app.spells_pkey", "CLUSTER app.spells USING spells_pkey", "CREATE TABLE app.later (LIKE app.spells INCLUDING ALL)",
    "CREATE TABLE app.stays_9 PARTITION OF app.stays FOR VALUES FROM ('[90,91)') TO ('[95,96)')"]
# What the grammar of 15 has no words for.
UNREAD_18 = ["ALTER TABLE app.modern ADD CONSTRAINT c NOT NULL price NOT VALID", "ALTER TABLE app.modern ADD NOT NULL price",
             "ALTER TABLE app.modern ADD COLUMN g integer GENERATED ALWAYS AS (price * 2)",
             "ALTER TABLE app.modern ADD COLUMN g integer GENERATED ALWAYS AS (price * 2) VIRTUAL",
             "ALTER TABLE app.modern ADD CHECK (price > 0) NOT ENFORCED",
             "ALTER TABLE app.modern ALTER CONSTRAINT parent_known ENFORCED",
             "ALTER TABLE app.modern ALTER CONSTRAINT named_filled INHERIT",
             "ALTER TABLE app.modern ALTER COLUMN twice SET EXPRESSION AS (price * 3)",
             "ALTER TABLE app.visits ADD PRIMARY KEY (id, during WITHOUT OVERLAPS)",
             "ALTER TABLE app.visits ADD FOREIGN KEY (id, PERIOD during) REFERENCES app.spells (id, PERIOD during)"]

NEWEST_DUMP_PROGRAMS = pathlib.Path(__file__).parent / "servers" / "dump_programs_18"

MEASURE = """SELECT n.nspname || '.' || c.relname, c.relkind, c.oid, pg_relation_filenode(c.oid), pg_stat_get_xact_numscans(c.oid)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid >= 16384 AND c.relkind <> 't' AND n.nspname NOT LIKE 'pg\\_%'"""
LOCKS = """SELECT l.relation, l.mode FROM pg_locks l WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation'
   AND l.relation >= 16384 AND l.mode <> 'AccessShareLock'"""


def mode_name(view_mode):
    """ShareUpdateExclusiveLock -> SHARE UPDATE EXCLUSIVE."""
    name = view_mode.removesuffix("Lock")
    return "".join(" " + letter if letter.isupper() else letter for letter in name).strip().upper()


def major_version(program):
    told = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    return int(re.search(r"\) (\d+)", told).group(1))


@functools.cache
def dump_programs():
    """The folder of pg_dump and pg_restore, and their version: they read servers up to their own.

    The test servers of other versions come without; servers/dump_programs_18 stands in where Debian's are too old."""
    folder = postgres.client_program("pg_dump").parent
    package = postgres.server_programs().parents[2] / "@electric-sql"
    version = major_version(folder / "pg_dump")
    if version >= major_version(postgres.server_programs() / "postgres") or not package.exists():
        return folder, version
    folder = processes.new_folder("dump")
    for program in NEWEST_DUMP_PROGRAMS.iterdir():
        (folder / program.name).symlink_to(program)
    (folder / "node_modules").symlink_to(package.parent)
    return folder, major_version(folder / "pg_dump")


def folders():
    return set(pathlib.Path(os.environ["TMPDIR"]).glob("portcullis-shadow-*"))


class Case(harness.ShopCase):
    @classmethod
    def setUpClass(cls):
        # Of its own: other tests have copies too. Python's own folder stays where it is.
        tempfile.gettempdir()
        folder = tempfile.mkdtemp(prefix="portcullis-shadows-", dir="/tmp")
        os.chmod(folder, 0o755)
        patch = unittest.mock.patch.dict(os.environ, TMPDIR=folder)
        patch.start()
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.addClassCleanup(patch.stop)
        folder, version = dump_programs()
        cls.config = {"shadow": {"programs": str(postgres.server_programs()), "dump_programs": str(folder)}}
        super().setUpClass()
        if version < cls.postgres.major:
            raise unittest.SkipTest(f"pg_dump {version} does not read PostgreSQL {cls.postgres.major}")
        cls.postgres.load(harness.DATA / "dry-run.sql")
        if cls.postgres.major >= 18:
            cls.postgres.load(harness.DATA / "dry-run-18.sql")
        reader = cls.postgres.catalog_role
        schemas = "app, public"
        if cls.postgres.major >= 14:
            cls.postgres.sql(f"GRANT pg_read_all_data TO {reader}")
        else:
            cls.postgres.sql(f"GRANT USAGE ON SCHEMA {schemas} TO {reader}; GRANT SELECT ON ALL TABLES IN SCHEMA "
                             f"{schemas} TO {reader}; GRANT SELECT ON ALL SEQUENCES IN SCHEMA {schemas} TO {reader}")

    @classmethod
    def let_copies_read(cls, *schemas):
        """What a subclass has made, where the role that reads the catalog has not pg_read_all_data."""
        if cls.postgres.major < 14:
            names = ", ".join(schemas)
            cls.postgres.sql(f"GRANT USAGE ON SCHEMA {names} TO {cls.postgres.catalog_role}; "
                             f"GRANT SELECT ON ALL TABLES IN SCHEMA {names} TO {cls.postgres.catalog_role}")

    def command(self, *statements, options=()):
        return ["dry-run", "--config", self.gate.folder / "portcullis.json", "--agent", "repair", "--json", *options,
                "--", *statements]

    def dry_run(self, *statements):
        done = gate.run(*self.command(*statements))
        self.assertIn(done.returncode, (0, 1), done.stderr)
        self.assertEqual(done.stderr, "")
        return [json.loads(line) for line in done.stdout.splitlines()]


class Conformance(Case):
    def real(self, statement):
        """What it does in the database, rolled back: SQLSTATE or nothing, locks, what is stored anew, what is read."""
        with self.postgres.connect(harness.AGENT) as connection:
            connection.rows("BEGIN")
            before = {row[0]: row for row in connection.rows(MEASURE)}
            errors = [one.code for one in connection.talk(query(statement)) if one.type == "E"]
            errors += [one.code for one in connection.talk(query("SET CONSTRAINTS ALL IMMEDIATE")) if one.type == "E"]
            if errors:
                return errors[0], set(), set(), set()
            names = {row[2]: row[0] for row in before.values()}
            after = [(names.get(row[2], row[0]), *row[1:]) for row in connection.rows(MEASURE)]
            names.update({row[2]: row[0] for row in after})
            locks = {(names[oid], mode_name(mode)) for oid, mode in connection.rows(LOCKS) if oid in names}
            rewritten = {row[0] for row in after if row[0] in before and row[3] != before[row[0]][3]}
            scanned = {row[0] for row in after if row[1] in "rm" and int(row[4]) > 0 and row[0] in before}
            return "", locks, rewritten, scanned

    @staticmethod
    def tried(report):
        if report["outcome"] != "ok":
            return report["error"]["sqlstate"], set(), set(), set()
        relations = [(f"{one['schema']}.{one['name']}", one) for one in report["relations"]
                     if not one["schema"].startswith("pg_")]
        locks = {(name, mode) for name, one in relations for mode in one["locks"] if mode != "ACCESS SHARE"}
        return ("", locks, {name for name, one in relations if one["rewritten"]},
                {name for name, one in relations if one["scanned"] and not one["new"]})

    def test_what_is_measured_is_what_happens(self):
        statements = STATEMENTS + (SINCE_18 if self.postgres.major >= 18 else [])
        reports = self.dry_run(*statements)
        self.assertEqual(len(reports), len(statements))
        self.assertEqual((reports[0]["left_out"], reports[0]["without_row"]), ([], []))
        for statement, report in zip(statements, reports):
            with self.subTest(statement):
                self.assertEqual(self.tried(report), self.real(statement), report)


class Command(Case):
    def tearDown(self):
        self.assertEqual(folders(), set())

    def test_one_report_for_people(self):
        done = gate.run("dry-run", "--config", self.gate.folder / "portcullis.json", "--agent", "repair",
                        "ALTER TABLE app.wide ADD COLUMN u uuid DEFAULT gen_random_uuid()")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"would run: ALTER TABLE\n")
        self.assertRegex(done.stdout, r"app\.wide +table +ACCESS EXCLUSIVE +written anew, read whole\n")

    def test_what_hangs_on_rows_is_said_to(self):
        failed, impossible = self.dry_run("ALTER TABLE app.wide ADD COLUMN n integer NOT NULL", "DROP TABLE app.parents")
        self.assertEqual((failed["error"]["sqlstate"], failed["hangs_on_rows"]), ("23502", True))
        self.assertEqual((impossible["error"]["sqlstate"], impossible["hangs_on_rows"]), ("2BP01", False))
        self.assertIn("constraint wide_parent_fkey on table wide depends on table parents", impossible["error"]["detail"])

    def test_what_cannot_be_tried_out_is_not(self):
        statements = ["COMMIT", "SET ROLE postgres", "DO 'BEGIN END'", "CALL app.p()", "SELECT 1; SELECT 2", "DISCARD ALL",
                      "REINDEX DATABASE shop", "CREATE EXTENSION dblink", "COPY app.wide TO STDOUT",
                      "ALTER SYSTEM SET fsync = off", "CREATE ROLE other", "PREPARE TRANSACTION 'x'", "LISTEN c", "selec",
                      "EXPLAIN ANALYZE DELETE FROM app.wide", "CREATE DATABASE other", "CREATE TABLESPACE t LOCATION '/tmp'",
                      "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION app.noting()",
                      "CREATE SERVER s FOREIGN DATA WRAPPER w", "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p"]
        if self.postgres.major >= 18:
            statements += UNREAD_18
        for statement, report in zip(statements, self.dry_run(*statements)):
            self.assertEqual((report["statement"], report["outcome"]), (statement, "not tried"), report)

    def test_production_is_asked_for_its_catalog_and_how_many_rows_there_are(self):
        since = self.postgres.log_size()
        self.dry_run("ALTER TABLE app.wide ADD COLUMN unheard_of integer", "UPDATE app.parents SET name = 'unheard_of'")
        with open(self.postgres.folder / "log", "rb") as log:
            log.seek(since)
            text = log.read().decode()
        self.assertNotIn("unheard_of", text)
        reads = [line for line in text.splitlines() if re.search(r"FROM (ONLY )?app\.", line)]
        self.assertEqual(len(reads), 1, reads)
        self.assertRegex(reads[0], rf"^\d+\|{harness.AGENT.role}\| LOG:  execute <unnamed>: SELECT pg_catalog.count\(\*\) FROM "
                                   r"\(SELECT FROM \(SELECT FROM app.parents *\) AS portcullis_changed LIMIT 10001\)")
        locks = set(re.findall(r"LOCK TABLE .* IN ([A-Z ]+) MODE", text))
        self.assertEqual(locks, {"ACCESS SHARE"})

    def test_a_table_that_somebody_holds_is_not_waited_for(self):
        with self.postgres.superuser_connection() as other:
            other.rows("BEGIN")
            other.rows("LOCK TABLE app.wide IN ACCESS EXCLUSIVE MODE")
            done = gate.run(*self.command("SELECT 1"))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "^portcullis: not tried out: .*pg_dump.*timeout.*nobody may hold one")

    def test_who_may_not_read_is_told(self):
        reader = self.postgres.catalog_role
        self.postgres.sql(f"CREATE TABLE app.hidden (id integer); REVOKE ALL ON app.hidden FROM {reader}")
        self.addCleanup(self.postgres.sql, "DROP TABLE app.hidden")
        if self.postgres.major >= 14:
            self.postgres.sql(f"REVOKE pg_read_all_data FROM {reader}")
            self.addCleanup(self.postgres.sql, f"GRANT pg_read_all_data TO {reader}")
        done = gate.run(*self.command("SELECT 1"))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "^portcullis: not tried out: .*permission denied for .* needs SELECT on every table")

    def test_without_programs_it_says_what_is_missing(self):
        config = dict(self.gate.config, shadow={"programs": "/nowhere"})
        file = self.gate.folder / "nowhere.json"
        file.write_text(json.dumps(config))
        file.chmod(0o600)
        done = gate.run("dry-run", "--config", file, "--agent", "repair", "SELECT 1")
        self.assertEqual(done.returncode, 1)
        self.assertIn('there is no "/nowhere/initdb": install PostgreSQL', done.stderr)

    def test_an_agent_without_a_role_is_refused(self):
        done = gate.run("dry-run", "--config", self.gate.folder / "portcullis.json", "--agent", "nobody", "SELECT 1")
        self.assertEqual(done.returncode, 78)
        self.assertIn('no role for the agent "nobody"', done.stderr)


class HostileGround(Case):
    """What others have written runs in the copy, and reaches nothing."""

    schema = """CREATE FUNCTION public.reach() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        EXECUTE $q$COPY (SELECT 1) TO PROGRAM 'touch /tmp/portcullis-reached'$q$; RETURN true; END $$;
      CREATE FUNCTION public.watch() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
        IF current_user LIKE 'portcullis%' AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
          RAISE EXCEPTION 'a superuser'; END IF; RETURN true; END $$;
      CREATE TABLE public.trap (id integer CHECK (public.reach()), made integer DEFAULT 1);
      CREATE TABLE public.watched (id integer CHECK (public.watch()));
      CREATE INDEX ON public.watched ((public.watch()));
      INSERT INTO public.watched VALUES (1);
      ANALYZE public.watched;
      CREATE FUNCTION public.fire() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
      CREATE EVENT TRIGGER fires ON ddl_command_end EXECUTE FUNCTION public.fire();
      CREATE FUNCTION public.stubborn() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
        LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN END; END LOOP; END $$;
      GRANT CREATE ON SCHEMA public TO agent_repair_db;
      ALTER ROLE agent_repair_db CREATEROLE;"""

    def test_code_in_the_schema_has_no_rights(self):
        reports = self.dry_run("INSERT INTO public.trap VALUES (1)", "SELECT pg_read_file('/etc/hostname')",
                               "SELECT rolsuper FROM pg_roles WHERE rolname = current_user", "SELECT public.reach()",
                               "CREATE FUNCTION public.c() RETURNS integer LANGUAGE c AS 'libc', 'abs'",
                               "SELECT public.stubborn()", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        self.assertEqual([one.get("error", {}).get("sqlstate") for one in reports[:2]], ["42501", "42501"])
        self.assertEqual(reports[3]["error"]["sqlstate"], "42501")
        self.assertEqual(reports[4]["error"]["sqlstate"], "42501")
        self.assertEqual(reports[5]["outcome"], "not tried", reports[5])
        self.assertIn("no answer within", reports[5]["error"]["message"])
        self.assertFalse(os.path.exists("/tmp/portcullis-reached"))

    def test_nobody_makes_roles(self):
        made, = self.dry_run("SELECT rolcreaterole FROM pg_roles WHERE rolcreaterole AND NOT rolsuper")
        self.assertEqual(made["tag"], "SELECT 0")

    def test_what_the_copy_lacks_is_named(self):
        report, = self.dry_run("SELECT 1")
        self.assertEqual(report["confidence"], "incomplete")
        self.assertEqual(len(report["left_out"]), 1, report)
        self.assertRegex(report["left_out"][0], "^EVENT TRIGGER .* fires ")


class TakenName(Case):
    schema = "CREATE ROLE portcullis_shadow"

    def test_a_role_with_the_superusers_name_ends_it(self):
        done = gate.run(*self.command("SELECT 1"))
        self.assertEqual(done.returncode, 1)
        self.assertIn('a role "portcullis_shadow", a name that the shadow needs', done.stderr)


class OverTls(unittest.TestCase):
    def test_production_is_dumped_over_tls(self):
        authority = certificates.make_authority("shadow test")
        files = certificates.make_certificate(authority, "127.0.0.1", owner="postgres" if os.geteuid() == 0 else None)
        server = harness.shop(tls=(files.certificate, files.key))
        self.addCleanup(server.stop)
        folder, version = dump_programs()
        if version < server.major:
            self.skipTest(f"pg_dump {version} does not read PostgreSQL {server.major}")
        if (folder / "pg_dump.mjs").exists():
            self.skipTest("the pg_dump that stands in has no TLS")
        server.sql(f"GRANT USAGE ON SCHEMA app TO {server.catalog_role};"
                   f"GRANT SELECT ON ALL TABLES IN SCHEMA app TO {server.catalog_role}")
        upstream = {"sslmode": "verify-full", "root_certificate": str(authority.certificate)}
        front = gate.Gate(server, harness.POLICY, [harness.AGENT], config={
            "upstream": upstream, "shadow": {"programs": str(postgres.server_programs()), "dump_programs": str(folder)}})
        self.addCleanup(front.stop)
        done = gate.run("dry-run", "--config", front.folder / "portcullis.json", "--agent", "repair", "--json",
                        "ALTER TABLE app.orders ADD COLUMN note text")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        other = dict(front.config, upstream=dict(front.config["upstream"], root_certificate=str(
            certificates.make_authority("another").certificate)))
        (front.folder / "other.json").write_text(json.dumps(other))
        (front.folder / "other.json").chmod(0o600)
        done = gate.run("dry-run", "--config", front.folder / "other.json", "--agent", "repair", "SELECT 1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("certificate", done.stderr)


class Killed(Case):
    def test_nothing_stays_behind(self):
        process = subprocess.Popen([gate.binary(), *map(str, self.command("SELECT pg_sleep(60)"))],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        processes.wait_until(folders, "the copy's folder")
        folder, = folders()
        processes.wait_until(lambda: (folder / "server" / ".s.PGSQL.5432").exists(), "the copy's server")
        server = int((folder / "server" / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        processes.wait_until(lambda: processes.state(server) in ("", "Z"), "the copy's server to end")
        self.dry_run("SELECT 1")  # sweeps
        self.assertEqual(folders(), set())


if __name__ == "__main__":
    unittest.main()
