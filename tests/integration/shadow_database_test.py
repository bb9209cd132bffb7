"""`shadow.mode: "database"`: the copy is made in a server that the gate was given, by a login that is no superuser.

What is measured there is what happens (the cases of shadow_test), the server is refused where it cannot be used, and
nothing but the gate's own is touched or left behind."""

import copy
import json
import subprocess
import unittest

import gate as gate_module
import harness
import postgres
import processes
import shadow_test
from wire import query

LOGIN, PASSWORD = "copies", "only for copies"
RIGHTS = f"""CREATE ROLE {LOGIN} LOGIN CREATEDB CREATEROLE PASSWORD '{PASSWORD}';
  GRANT SET ON PARAMETER session_replication_role TO {LOGIN};
  GRANT pg_read_all_data TO {LOGIN} WITH ADMIN OPTION"""
LEFT = """SELECT datname FROM pg_database WHERE datname LIKE 'portcullis%'
  UNION ALL SELECT rolname FROM pg_roles WHERE rolname NOT LIKE 'pg\\_%'"""


def given_server():
    """A server for copies alone: its superuser has a name of its own."""
    server = postgres.Postgres(database="other", superuser="keeper")
    server.sql(f"DROP ROLE {server.catalog_role}")
    if server.major < 15:
        server.sql(f"CREATE ROLE {LOGIN} LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
        return server
    server.sql(RIGHTS)
    if server.major >= 16:
        server.sql(f"ALTER ROLE {LOGIN} BYPASSRLS")
    return server


def left(server):
    return {row[0] for row in server.sql(LEFT)}


def shadow_section(server, folder, **changes):
    file = folder / "copies.pw"
    file.touch(mode=0o600)
    file.write_text(PASSWORD + "\n")
    programs, _ = shadow_test.dump_programs()
    return {"mode": "database", "dump_programs": str(programs), "server": {
        "host": "127.0.0.1", "port": server.port, "user": LOGIN, "password_file": str(file), **changes}}


class GivenCase(shadow_test.Case):
    """Every command of it uses the given server; the gate itself too where its policy requires dry runs."""

    @classmethod
    def setUpClass(cls):
        cls.given = given_server()
        cls.addClassCleanup(cls.given.stop)
        cls.none = left(cls.given)
        super().setUpClass()
        cls.gate.stop()
        cls.use(cls.given)
        cls.gate.start()

    @classmethod
    def use(cls, server, name="portcullis.json", **changes):
        config = dict(cls.gate.config, shadow=shadow_section(server, cls.gate.folder, **changes))
        file = cls.gate.folder / name
        file.touch(mode=0o600)
        file.write_text(json.dumps(config))
        return file

    def failed(self, file):
        done = gate_module.run("dry-run", "--config", file, "--agent", "repair", "SELECT 1")
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stderr


class Conformance(GivenCase, shadow_test.Conformance):
    def tearDown(self):
        self.assertEqual(left(self.given), self.none)
        self.assertEqual(shadow_test.folders(), set())


class HostileGround(GivenCase, shadow_test.HostileGround):
    def test_nobody_makes_roles(self):
        made, = self.dry_run(f"SELECT FROM pg_roles WHERE rolcreaterole AND NOT rolsuper AND rolname <> '{LOGIN}'")
        self.assertEqual(made["tag"], "SELECT 0")

    def test_nobody_becomes_the_login(self):
        reports = self.dry_run(f"SELECT FROM pg_roles WHERE pg_has_role(rolname, '{LOGIN}', 'MEMBER') AND NOT rolsuper "
                               f"AND rolname <> '{LOGIN}'", "SELECT FROM pg_roles WHERE pg_has_role(current_user, oid, "
                               "'MEMBER') AND rolcreatedb")
        self.assertEqual([one.get("tag") for one in reports], ["SELECT 0", "SELECT 0"], reports)

    def tearDown(self):
        self.assertEqual(left(self.given), self.none)


class Outside(GivenCase):
    def test_what_commits_is_tried_out_in_a_copy_of_the_copy(self):
        made, vacuumed = self.dry_run("CREATE INDEX CONCURRENTLY ON app.wide (state)", "VACUUM FULL app.wide")
        self.assertEqual((made["outcome"], vacuumed["outcome"]), ("ok", "ok"), (made, vacuumed))
        self.assertTrue(made["waits_for_older"])
        self.assertEqual(left(self.given), self.none)

    def lure(self, what):
        """A table whose index runs that as the agent's role."""
        self.postgres.sql(f"""SET ROLE {harness.AGENT.role};
          CREATE FUNCTION app.sly(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
            $$ BEGIN PERFORM app.does(); RETURN 1; END $$;
          CREATE FUNCTION app.does() RETURNS void LANGUAGE plpgsql AS
            $$ BEGIN ALTER ROLE {harness.AGENT.role} {what}; END $$;
          CREATE TABLE app.lured (id integer); INSERT INTO app.lured VALUES (1);
          GRANT SELECT ON app.lured TO {self.postgres.catalog_role}""")
        self.addCleanup(self.postgres.sql, "DROP TABLE app.lured; DROP FUNCTION app.sly(integer), app.does()")

    def test_what_changes_roles_meanwhile_is_not(self):
        self.lure("SET work_mem = '1MB'")
        report, = self.dry_run("CREATE INDEX CONCURRENTLY ON app.lured (app.sly(id))")
        self.assertEqual(report["outcome"], "not tried", report)
        self.assertIn("changes roles or settings", report["error"]["message"])

    def test_who_has_changed_its_password_there_tries_nothing_more(self):
        self.lure("PASSWORD 'mine'")
        first, second = self.dry_run("CREATE INDEX CONCURRENTLY ON app.lured (app.sly(id))", "SELECT 1")
        if self.given.major < 15:  # a superuser sees it at once
            self.assertEqual(first["outcome"], "not tried", first)
        else:
            self.assertEqual(second["outcome"], "not tried", second)
            self.assertIn("password authentication failed", second["error"]["message"])


class Incomplete(GivenCase):
    schema = """CREATE EXTENSION file_fdw; CREATE EXTENSION citext; CREATE ROLE seer BYPASSRLS;
      CREATE TABLE public.forced (id integer); ALTER TABLE public.forced ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"""

    def test_what_the_login_may_not_make_is_named(self):
        if self.given.major < 15:
            self.skipTest("it is a superuser there")
        self.given.sql(f"ALTER ROLE {LOGIN} NOBYPASSRLS; REVOKE pg_read_all_data FROM {LOGIN}")
        self.addCleanup(self.given.sql, f"GRANT pg_read_all_data TO {LOGIN} WITH ADMIN OPTION")
        report, = self.dry_run("ALTER TABLE app.wide ADD COLUMN c public.citext")
        self.assertEqual((report["outcome"], report["confidence"]), ("ok", "incomplete"), report)
        told = "\n".join(report["left_out"])
        self.assertIn("BYPASSRLS of \"seer\"", told)
        self.assertIn("extension file_fdw", told)
        self.assertNotIn("citext", told)
        self.assertEqual("pg_read_all_data" in told, self.given.major >= 16, told)
        self.assertEqual(report["without_row"], ["public.forced"])


class Refused(GivenCase):
    def tearDown(self):
        self.assertLessEqual(left(self.given) - self.none, {"taken_before"})

    def without(self, take, give, *words):
        self.given.sql(take)
        self.addCleanup(self.given.sql, give)
        told = self.failed(self.gate.folder / "portcullis.json")
        for one in words:
            self.assertIn(one, told)

    def test_a_right_that_is_missing_is_named(self):
        if self.given.major < 15:
            self.without(f"ALTER ROLE {LOGIN} NOSUPERUSER", f"ALTER ROLE {LOGIN} SUPERUSER", f'ALTER ROLE "{LOGIN}" SUPERUSER')
            return
        self.without(f"ALTER ROLE {LOGIN} NOCREATEDB", f"ALTER ROLE {LOGIN} CREATEDB",
                     f'ALTER ROLE "{LOGIN}" CREATEDB CREATEROLE')
        self.doCleanups()
        self.without(f"REVOKE SET ON PARAMETER session_replication_role FROM {LOGIN}",
                     f"GRANT SET ON PARAMETER session_replication_role TO {LOGIN}",
                     f'GRANT SET ON PARAMETER session_replication_role TO "{LOGIN}"')

    def test_the_database_s_own_server_is(self):
        self.postgres.sql(f"CREATE ROLE {LOGIN} LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
        self.addCleanup(self.postgres.sql, f"DROP ROLE {LOGIN}")
        before = left(self.postgres)
        self.assertIn("is the database's own", self.failed(self.use(self.postgres, "same.json")))
        self.assertEqual(left(self.postgres), before)

    def test_a_role_that_somebody_else_made_is_not_touched(self):
        self.given.sql(f"CREATE ROLE {harness.AGENT.role} NOLOGIN CONNECTION LIMIT 7")
        self.addCleanup(self.given.sql, f"DROP ROLE {harness.AGENT.role}")
        told = self.failed(self.gate.folder / "portcullis.json")
        self.assertIn(harness.AGENT.role, told)
        self.assertIn("a server for this alone", told)
        found = self.given.sql(f"SELECT rolcanlogin, rolconnlimit FROM pg_roles WHERE rolname = '{harness.AGENT.role}'")
        self.assertEqual(found, [["f", "7"]])
        self.given.sql(f"ALTER ROLE {harness.AGENT.role} RENAME TO taken_before")
        self.addCleanup(self.given.sql, f"ALTER ROLE taken_before RENAME TO {harness.AGENT.role}")
        self.dry_run("SELECT 1")

    def test_a_database_that_somebody_else_made_stays(self):
        self.given.sql(f"CREATE DATABASE portcullis_shadow_of_somebody OWNER {LOGIN}")
        self.addCleanup(self.given.sql, "DROP DATABASE portcullis_shadow_of_somebody")
        self.dry_run("SELECT 1")
        self.assertEqual(left(self.given) - self.none, {"portcullis_shadow_of_somebody"})
        self.doCleanups()

    def test_a_second_one_at_the_same_time_is(self):
        process = subprocess.Popen([gate_module.binary(), *map(str, self.command(*["SELECT pg_sleep(1.5)"] * 10))],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        processes.wait_until(lambda: self.given.sessions_of(harness.AGENT.role), "the dry run")
        self.assertIn("has its copy there", self.failed(self.gate.folder / "portcullis.json"))
        self.assertEqual(process.wait(), 0)

    def test_what_a_killed_one_has_left_is_swept(self):
        process = subprocess.Popen([gate_module.binary(), *map(str, self.command("SELECT pg_sleep(60)"))],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        processes.wait_until(lambda: self.given.sessions_of(harness.AGENT.role), "the dry run")
        process.kill()
        process.wait()
        self.assertNotEqual(left(self.given), self.none)
        self.dry_run("SELECT 1")

    def test_a_configuration_without_the_server_is(self):
        config = dict(self.gate.config, shadow={"mode": "database"})
        file = self.gate.folder / "without.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(config))
        done = gate_module.run("dry-run", "--config", file, "--agent", "repair", "SELECT 1")
        self.assertEqual(done.returncode, 78)
        self.assertIn('"database" needs a "server"', done.stderr)


class Gate(GivenCase):
    """A gate whose policy requires dry runs."""

    policy = copy.deepcopy(harness.POLICY)
    policy["rules"].append({"id": "grow", "allow": ["alter table *"], "on": ["app.parents"], "to": ["*"],
                            "require": ["dry run"], "dry_run": {"rewrite": False}})

    def setUp(self):
        self.connection = self.connect()

    def answer(self, statement):
        return [(one.code, one.fields["M"]) for one in self.connection.talk(query(statement)) if one.type == "E"]

    def test_statements_are_tried_out_and_the_copy_follows(self):
        self.assertEqual(self.answer("ALTER TABLE app.parents ADD COLUMN one integer"), [])
        (code, message), = self.answer("ALTER TABLE app.parents ALTER COLUMN one TYPE bigint")
        self.assertEqual(code, "42501")
        self.assertIn("it writes app.parents anew", message)
        report = self.gate.entries("dry_run")[-1]
        self.assertEqual(json.loads(report["report"])[0]["left_out"], [])

    def test_who_has_changed_its_password_there_gets_a_new_copy(self):
        if self.given.major < 15:
            self.skipTest("a superuser sees it at once")
        self.assertEqual(self.answer("ALTER TABLE app.parents ADD COLUMN seven integer"), [])
        # What is tried out and refused leaves the copy of today's catalog, which nothing replaces before the next one.
        (code, _), = self.answer("ALTER TABLE app.parents ALTER COLUMN seven TYPE bigint")
        self.assertEqual(code, "42501")
        self.given.sql(f"ALTER ROLE {harness.AGENT.role} PASSWORD 'another'")
        self.assertEqual(self.answer("ALTER TABLE app.parents ADD COLUMN eight integer"), [])

    def test_a_server_that_was_started_again_gets_a_new_copy(self):
        self.assertEqual(self.answer("ALTER TABLE app.parents ADD COLUMN before integer"), [])
        self.given.kill()
        self.given.start()
        self.assertEqual(self.answer("ALTER TABLE app.parents ADD COLUMN behind integer"), [])

    def test_what_is_missing_is_said_when_it_starts(self):
        self.assertEqual(self.gate.stop(), 0)
        right = "CREATEDB" if self.given.major >= 15 else "SUPERUSER"
        self.given.sql(f"ALTER ROLE {LOGIN} NO{right}")
        self.gate.start()
        processes.wait_until(lambda: f'ALTER ROLE "{LOGIN}" {right}' in self.gate.log_text(), "the gate to say so")
        self.given.sql(f"ALTER ROLE {LOGIN} {right}")
        self.connection = self.connect()
        processes.wait_until(lambda: not self.answer("ALTER TABLE app.parents ADD COLUMN IF NOT EXISTS six integer"),
                             "a copy")

    def test_nothing_is_left_behind_its_end_and_a_killed_one_s_is_swept(self):
        self.assertEqual(self.answer("ALTER TABLE app.parents ADD COLUMN two integer"), [])
        self.assertIn("portcullis_shadow", left(self.given))
        self.assertEqual(self.gate.stop(), 0)
        self.assertEqual(left(self.given), self.none)
        self.gate.start()
        self.connection = self.connect()
        self.assertEqual(self.answer("ALTER TABLE app.parents ADD COLUMN three integer"), [])
        before = left(self.given)
        self.gate.kill()
        self.assertEqual(left(self.given), before)
        self.gate.start()
        self.connection = self.connect()
        self.assertEqual(self.answer("ALTER TABLE app.parents ADD COLUMN four integer"), [])
        now = left(self.given)
        self.assertEqual(len(now), len(before))
        self.assertNotEqual(now, before)


if __name__ == "__main__":
    unittest.main()
