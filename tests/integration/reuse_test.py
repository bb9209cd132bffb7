"""Server connections that sessions have left clean are used again: by the same agent with the same settings, with nothing left in
them, and by nobody who would notice."""

import copy
import struct
import time
import unittest

import certificates
import gate
import harness
import postgres
import processes
import wire
from wire import bind, execute, extended, parse, query, ServerError, SYNC, TERMINATE

OTHER = postgres.Agent("other", "agent_other", "what the other knows", "agent_other_db", "what the gate knows of it")
ROLE, HELPER = harness.AGENT.role, "agent_helper_db"
POLICY = copy.deepcopy(harness.POLICY)
POLICY["agents"][OTHER.name] = {"login": OTHER.login, "owner": "ada"}
POLICY["rules"] += [
    {"id": "made", "allow": ["select", "insert"], "on": ["app.plain", "app.typed", "app.numbered", "app.noisy"],
     "to": ["*"]},
]
POLICY["rules"] += [{"id": "own", "allow": ["select"], "to": ["*"],
                     "on": [f"pg_catalog.{name}" for name in ("pg_prepared_statements", "pg_cursors", "pg_locks")]}]
POLICY["functions"] = {"allow": ["app.speak()", "app.on_noise()", "pg_catalog.set_config",
                                 "pg_catalog.pg_sleep", "pg_catalog.pg_advisory_lock"]}
POLICY["settings"] = {"allow": ["seed"]}
OBSERVING = {**POLICY, "mode": "monitor", "protect": []}
SCHEMA = f"""
    CREATE ROLE {HELPER}; GRANT {HELPER} TO {ROLE};
    CREATE TABLE app.plain (id integer PRIMARY KEY, what text);
    CREATE TABLE app.numbered (id serial, what text);
    CREATE TYPE app.pair AS (a integer, b integer); CREATE TABLE app.typed (p app.pair);
    CREATE FUNCTION app.speak() RETURNS integer LANGUAGE plpgsql AS $$BEGIN RETURN 1; END$$;
    CREATE TABLE app.noisy (id integer);
    CREATE FUNCTION app.on_noise() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
    CREATE TRIGGER noise BEFORE INSERT ON app.noisy FOR EACH ROW EXECUTE FUNCTION app.on_noise();
    GRANT USAGE ON SCHEMA app TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA app TO PUBLIC;
    GRANT ALL ON ALL SEQUENCES IN SCHEMA app TO PUBLIC; GRANT TEMPORARY ON DATABASE shop TO PUBLIC"""


class ReuseCase(unittest.TestCase):
    reuse = {"connections": 4}
    upstream = {}
    policy = POLICY

    @classmethod
    def setUpClass(cls, tls=None):
        cls.postgres = harness.shop(tls=tls)
        cls.addClassCleanup(cls.postgres.stop)
        cls.postgres.create_role(OTHER)
        cls.postgres.sql(SCHEMA)

    def setUp(self):
        self.gate = gate.Gate(self.postgres, self.policy, [harness.AGENT, OTHER],
                              config={"threads": 1, "upstream": {"reuse": self.reuse, **self.upstream}})
        self.addCleanup(self.stop)

    def stop(self):
        if self.gate.running():
            self.assertEqual(self.gate.stop(), 0, self.gate.log_text()[-500:])
        self.assertEqual(self.backends(), [])
        report = self.gate.verify()  # by both verifiers
        self.assertEqual(report.returncode, 0, report.stdout)

    def connect(self, agent=harness.AGENT, **parameters):
        connection = self.gate.connect(agent, **parameters)
        self.addCleanup(connection.close)
        return connection

    def backends(self):
        def gone():
            return not self.postgres.sql(f"SELECT FROM pg_stat_activity WHERE usename IN ('{ROLE}', '{OTHER.role}')",
                                         database="postgres")
        processes.wait_until(gone, "the server's sessions to end", 5)
        return []

    def is_kept(self, connection):
        """After the end of its session: True once its server connection was reset, False once it is gone."""
        connection.close()

        def settled():
            found = self.postgres.sql(f"SELECT state, query FROM pg_stat_activity WHERE pid = {connection.process_id}",
                                      database="postgres")
            return "gone" if not found else "DISCARD ALL" in str(found) and "idle" in str(found) and "kept"
        return processes.wait_until(settled, "the server's session to be reset or to end") == "kept"

    def leave(self, connection):
        """With a goodbye, as clients do."""
        connection.send(TERMINATE)
        self.assertEqual(connection.read_to_end(), [])
        return self.is_kept(connection)

    def same_after(self, *statements, agent=harness.AGENT):
        """A connection that goes on where one ended that ran these."""
        first = self.connect(agent)
        for sql in statements:
            first.rows(sql)
        self.assertTrue(self.leave(first), statements)
        second = self.connect(agent)
        self.assertEqual(second.process_id, first.process_id, statements)
        return second

    def not_kept_after(self, *statements):
        first = self.connect()
        for sql in statements:
            first.rows(sql)
        self.assertFalse(self.leave(first), statements)


class UsedAgain(ReuseCase):
    def test_the_same_server_process_and_another_key(self):
        first = self.connect()
        first.rows("SELECT count(*) FROM app.plain")
        self.assertTrue(self.leave(first))
        second = self.connect()
        self.assertEqual(second.process_id, first.process_id)
        self.assertNotEqual(second.secret_key, first.secret_key)
        self.assertEqual(second.parameters, first.parameters)
        self.assertEqual(second.rows("SELECT pg_backend_pid()"), [[str(first.process_id)]])
        logins = [e for e in self.gate.entries("session") if e["event"] == "login"]
        self.assertEqual([e["server_pid"] for e in logins], [first.process_id] * 2)
        self.assertEqual(len({e["session"] for e in logins}), 2)

    def test_also_behind_a_client_that_just_closes(self):
        first = self.connect()
        first.rows("SELECT 1")
        self.assertTrue(self.is_kept(first))
        self.assertEqual(self.connect().process_id, first.process_id)

    def test_work_on_rows_leaves_it_clean(self):
        second = self.same_after("BEGIN", "INSERT INTO app.plain VALUES (1, 'a')", "ROLLBACK", "SELECT what FROM app.plain",
                                 "INSERT INTO app.numbered (what) VALUES ('x')", "SELECT count(*) FROM pg_catalog.pg_class")
        second.talk(extended("SELECT id FROM app.plain WHERE what = $1", [b"a"]), SYNC)
        self.assertTrue(self.leave(second))

    def test_not_while_something_is_open(self):
        for messages in ([query("BEGIN")], [query("SELECT 1"), parse("SELECT 1")]):
            first = self.connect()
            first.talk(*messages)
            self.assertFalse(self.leave(first))

    def test_not_what_is_still_under_way(self):
        first = self.connect()
        first.send(query("SELECT pg_sleep(0.3)"), TERMINATE)
        first.read_to_end()
        self.assertFalse(self.is_kept(first))

    def test_a_statement_that_was_refused_leaves_nothing(self):
        first = self.connect()
        with self.assertRaises(ServerError):
            first.rows("SELECT * FROM app.users")
        self.assertTrue(self.leave(first))


class Reset(ReuseCase):
    def test_settings(self):
        second = self.same_after("SET statement_timeout = '17s'", "SET application_name = 'first'", "SET TimeZone = 'Asia/Tokyo'",
                                 "SET search_path = pg_catalog, app")
        self.assertEqual(second.rows("SHOW statement_timeout"), [["0"]])
        self.assertEqual(second.rows("SHOW application_name"), [[""]])
        self.assertNotEqual(second.rows("SHOW timezone"), [["Asia/Tokyo"]])
        self.assertEqual(second.rows("SHOW search_path"), [['"app"']])
        self.assertNotEqual(second.parameters.get("TimeZone"), "Asia/Tokyo")

    def test_prepared_statements(self):
        first = self.connect()
        first.rows("PREPARE kept AS SELECT 1")
        first.talk(parse("SELECT id FROM app.plain", "also_kept"), SYNC)
        self.assertTrue(self.leave(first))
        second = self.connect()
        self.assertEqual(second.process_id, first.process_id)
        self.assertEqual(second.rows("SELECT count(*) FROM pg_catalog.pg_prepared_statements"), [["0"]])
        self.assertEqual([m.code for m in second.talk(bind(statement="also_kept"), execute(), SYNC) if m.type == "E"], ["26000"])

    def test_cursors_advisory_locks_and_sequences(self):
        second = self.same_after("BEGIN", "DECLARE held CURSOR WITH HOLD FOR SELECT 1", "COMMIT", "SELECT pg_advisory_lock(7)",
                                 "INSERT INTO app.numbered (what) VALUES ('y')")
        self.assertEqual(second.rows("SELECT count(*) FROM pg_catalog.pg_cursors"), [["0"]])
        self.assertEqual(second.rows("SELECT count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory'"), [["0"]])
        with self.assertRaises(ServerError) as caught:
            second.rows("SELECT lastval()")
        self.assertEqual(caught.exception.fields["C"], "55000")

    def test_listening(self):
        second = self.same_after("LISTEN news")
        self.postgres.sql("NOTIFY news")
        time.sleep(0.2)
        self.assertEqual(wire.shape(second.talk(query("SELECT 1"))), "TDCZ")


class NotKept(ReuseCase):
    def test_what_a_reset_does_not_take_away(self):
        for statements in (["SELECT app.speak()"], ["INSERT INTO app.noisy VALUES (1)"], ["SELECT p FROM app.typed"],
                           ["SELECT setseed(0.5)"], ["SET seed = 0.5"], ["SET portcullis.reason = 'here'"],
                           ["SELECT set_config('work_mem', '1MB', false)"]):
            with self.subTest(statements):
                self.not_kept_after(*statements)

    def test_what_only_was_bound(self):
        first = self.connect()
        first.talk(parse("SELECT app.speak()"), bind(), SYNC)
        self.assertFalse(self.leave(first))

    def test_a_statement_that_was_prepared_and_never_run(self):
        self.not_kept_after("PREPARE later AS SELECT app.speak()")


class Observed(ReuseCase):
    policy = OBSERVING

    def test_what_a_policy_in_force_would_refuse(self):
        for statements in (["CREATE TEMPORARY TABLE mine (id integer)"], ["DO $$BEGIN NULL; END$$"], [f"SET ROLE {HELPER}"],
                           ["SET its.own = 'here'"], ["SELECT count(*) FROM app.users"]):
            with self.subTest(statements):
                self.not_kept_after(*statements)

    def test_what_it_would_allow(self):
        self.same_after("SELECT what FROM app.plain")


class Whose(ReuseCase):
    def test_another_agent_gets_its_own(self):
        first = self.connect()
        self.assertTrue(self.leave(first))
        self.assertNotEqual(self.connect(OTHER).process_id, first.process_id)
        self.assertEqual(self.connect().process_id, first.process_id)

    def test_other_settings_at_the_start_get_their_own(self):
        first = self.connect(application_name="one")
        self.assertTrue(self.leave(first))
        self.assertNotEqual(self.connect(application_name="two").process_id, first.process_id)
        self.assertNotEqual(self.connect().process_id, first.process_id)
        again = self.connect(application_name="one")
        self.assertEqual(again.process_id, first.process_id)
        self.assertEqual(again.rows("SHOW application_name"), [["one"]])

    def test_nobody_shares_one(self):
        first = self.connect()
        self.assertTrue(self.leave(first))
        self.assertEqual(len({self.connect().process_id for _ in range(3)}), 3)


class Checked(ReuseCase):
    def leave_one(self):
        first = self.connect()
        first.rows("SELECT 1")
        self.assertTrue(self.leave(first))
        return first

    def test_a_server_that_was_started_again(self):
        self.leave_one()
        self.postgres.stop()
        self.postgres.start()
        self.assertEqual(self.connect().rows("SELECT 1"), [["1"]])

    def test_a_server_process_that_was_ended(self):
        first = self.leave_one()
        self.postgres.sql(f"SELECT pg_terminate_backend({first.process_id})")
        second = self.connect()
        self.assertNotEqual(second.process_id, first.process_id)
        self.assertEqual(second.rows("SELECT 1"), [["1"]])

    def test_a_role_that_may_not_log_in_any_more(self):
        for change, undo in (("NOLOGIN", "LOGIN"), ("VALID UNTIL '2001-01-01'", "VALID UNTIL 'infinity'")):
            with self.subTest(change):
                self.leave_one()
                self.postgres.sql(f"ALTER ROLE {ROLE} {change}")
                self.addCleanup(self.postgres.sql, f"ALTER ROLE {ROLE} {undo}")
                with self.assertRaises(ServerError):
                    self.connect()
                self.postgres.sql(f"ALTER ROLE {ROLE} {undo}")

    def test_a_role_that_became_too_powerful(self):
        self.leave_one()
        self.postgres.sql(f"ALTER ROLE {ROLE} CREATEROLE")
        self.addCleanup(self.postgres.sql, f"ALTER ROLE {ROLE} NOCREATEROLE")
        with self.assertRaises(ServerError):
            self.connect()

    def test_a_role_that_was_renamed(self):
        self.leave_one()
        self.postgres.sql(f"ALTER ROLE {ROLE} RENAME TO somebody_else")
        self.addCleanup(self.postgres.sql, f"ALTER ROLE somebody_else RENAME TO {ROLE}; "
                        f"ALTER ROLE {ROLE} PASSWORD '{harness.AGENT.role_password}'")
        with self.assertRaises(ServerError):
            self.connect()

    def test_a_setting_that_changed_for_all(self):
        first = self.leave_one()
        self.postgres.sql("ALTER SYSTEM SET datestyle = 'German'")
        self.addCleanup(self.postgres.sql, "ALTER SYSTEM RESET datestyle")
        self.addCleanup(self.postgres.sql, "SELECT pg_reload_conf()")
        self.postgres.sql("SELECT pg_reload_conf()")
        time.sleep(0.3)
        second = self.connect()
        self.assertNotEqual(second.process_id, first.process_id)
        self.assertIn("German", second.parameters["DateStyle"])

    def test_names_that_are_looked_up_elsewhere(self):
        first = self.leave_one()
        self.postgres.sql(f"REVOKE USAGE ON SCHEMA app FROM PUBLIC, {ROLE}")
        self.addCleanup(self.postgres.sql, "GRANT USAGE ON SCHEMA app TO PUBLIC")
        self.assertNotEqual(self.connect().process_id, first.process_id)

    def test_what_is_kept_makes_room_where_the_database_is_full(self):
        first = self.leave_one()
        self.postgres.sql(f"ALTER ROLE {ROLE} CONNECTION LIMIT 1")
        self.addCleanup(self.postgres.sql, f"ALTER ROLE {ROLE} CONNECTION LIMIT -1")
        second = self.connect(application_name="another")
        self.assertNotEqual(second.process_id, first.process_id)
        self.assertEqual(second.rows("SELECT 1"), [["1"]])
        with self.assertRaises(ServerError) as caught:
            self.connect()
        self.assertEqual(caught.exception.fields["C"], "53300")

    def test_a_policy_that_is_loaded_again_closes_them(self):
        self.leave_one()
        self.gate._process.signal(1)
        self.backends()


class Cancels(ReuseCase):
    def cancel(self, connection):
        with self.gate.socket() as other:
            other.send(wire.request(80877102, struct.pack("!I", connection.process_id) + connection.secret_key))
            other.read_to_end()

    def test_the_old_key_does_nothing_to_the_new_session(self):
        first = self.connect()
        self.assertTrue(self.leave(first))
        second = self.connect()
        self.assertEqual(second.process_id, first.process_id)
        second.send(query("SELECT pg_sleep(1)"))
        time.sleep(0.2)
        self.cancel(first)
        self.assertEqual(wire.shape(second.read_until()), "TDCZ")

    def test_the_new_key_does(self):
        first = self.connect()
        self.assertTrue(self.leave(first))
        second = self.connect()
        second.send(query("SELECT pg_sleep(20)"))
        time.sleep(0.2)
        self.cancel(second)
        self.assertEqual([m.code for m in second.read_until() if m.type == "E"], ["57014"])

    def test_a_session_that_was_cancelled_leaves_nothing(self):
        first = self.connect()
        self.cancel(first)
        first.rows("SELECT 1")
        self.assertFalse(self.leave(first))


class Bounds(ReuseCase):
    reuse = {"connections": 2, "idle_time": "2s"}

    def kept(self):
        return len(self.postgres.sessions_of(ROLE))

    def test_no_more_than_configured_and_no_longer(self):
        connections = [self.connect() for _ in range(5)]
        for connection in connections:
            connection.send(TERMINATE)
            connection.read_to_end()
        processes.wait_until(lambda: self.kept() == 2, "all but two to be closed", 5)
        time.sleep(0.5)
        self.assertEqual(self.kept(), 2)
        processes.wait_until(lambda: self.kept() == 0, "the others to be closed", 5)


class Age(ReuseCase):
    reuse = {"connections": 2, "age": "1s"}

    def test_an_old_one_is_not_kept(self):
        first = self.connect()
        time.sleep(1.1)
        self.assertFalse(self.leave(first))

    def test_nor_used(self):
        first = self.connect()
        self.assertTrue(self.leave(first))
        time.sleep(1.1)
        self.assertNotEqual(self.connect().process_id, first.process_id)


class Encrypted(ReuseCase):
    """The TLS connection goes over to the next session as it is."""
    @classmethod
    def setUpClass(cls, tls=None):
        authority = certificates.make_authority("the server's")
        made = certificates.make_certificate(authority, "127.0.0.1", "postgres" if harness.running_as_root() else None)
        cls.upstream = {"sslmode": "verify-full", "root_certificate": str(authority.certificate)}
        super().setUpClass(tls=(made.certificate, made.key))

    def test_one_for_many_sessions(self):
        rows = "SELECT repeat('x', 100000) FROM generate_series(1, 20)"
        used = set()
        for _ in range(3):
            again = self.same_after(rows, "BEGIN", "INSERT INTO app.plain VALUES (1, 'a')", "ROLLBACK")
            used.add(again.process_id)
            self.assertEqual(len(again.rows(rows)), 20)
            self.assertTrue(self.leave(again))
        self.assertEqual(len(used), 1)
        self.assertEqual(self.postgres.sql(f"SELECT ssl FROM pg_stat_ssl WHERE pid = {used.pop()}"), [["t"]])

    def test_a_server_process_that_was_ended(self):
        first = self.connect()
        self.assertTrue(self.leave(first))
        self.postgres.sql(f"SELECT pg_terminate_backend({first.process_id})")
        second = self.connect()
        self.assertNotEqual(second.process_id, first.process_id)
        self.assertEqual(second.rows("SELECT 1"), [["1"]])


class Off(ReuseCase):
    reuse = {}

    def test_as_it_ships_every_session_has_its_own(self):
        first = self.connect()
        first.rows("SELECT 1")
        self.assertFalse(self.leave(first))


if __name__ == "__main__":
    unittest.main()
