"""The gate judges by what the database holds: after its own changes at once, after others' within the poll, never without."""

import copy
import json
import os
import signal
import time
import unittest

import gate as gates
import harness
import processes
from wire import ServerError, extended, query, shape, SYNC

POLICY = copy.deepcopy(harness.POLICY)
POLICY["rules"] += [
    {"id": "all-rows", "allow": ["select", "insert", "delete"], "on": ["app.*"], "to": ["*"]},
    {"id": "ddl", "allow": ["create table", "drop table", "create view", "drop view", "rename table"], "on": ["app.*"],
     "to": ["*"]},
]


class CatalogCase(harness.ShopCase):
    policy = POLICY

    def refusal(self, sql):
        with self.assertRaises(ServerError) as caught:
            self.connection.rows(sql)
        return caught.exception

    def setUp(self):
        super().setUp()
        self.connection = self.connect()

    def outside(self, *statements):
        """Past the gate, and taken back at the end in reverse order."""
        for do, undo in statements:
            self.postgres.sql(do)
            self.addCleanup(self.postgres.sql, undo)


class OwnChanges(CatalogCase):
    def test_are_known_at_once(self):
        for send in (query, lambda sql: extended(sql) + SYNC):
            talk = self.connection.talk
            self.assertEqual(shape(talk(send("CREATE TABLE app.fresh (id int)")))[-2:], "CZ")
            self.assertEqual(shape(talk(send("INSERT INTO app.fresh VALUES (1)")))[-2:], "CZ")
            self.assertEqual(shape(talk(send("CREATE VIEW app.fresh_view AS TABLE app.fresh")))[-2:], "CZ")
            self.assertEqual(self.connection.rows("SELECT * FROM app.fresh_view"), [["1"]])
            self.assertEqual(shape(talk(send("DROP VIEW app.fresh_view")))[-2:], "CZ")
            self.assertEqual(self.refusal("SELECT * FROM app.fresh_view").fields["C"], "42P01")
            self.assertEqual(shape(talk(send("DROP TABLE app.fresh")))[-2:], "CZ")

    def test_in_one_write(self):
        answer = self.connection.talk(query("CREATE TABLE app.fresh (id int)"), query("SELECT * FROM app.fresh"),
                                      query("DROP TABLE app.fresh"), readies=3)
        self.assertEqual(shape(answer), "CZTCZCZ")

    def test_in_a_transaction(self):
        talk = self.connection.talk
        talk(query("BEGIN"))
        talk(query("CREATE TABLE app.fresh (id int)"))
        talk(query("COMMIT"))
        self.assertEqual(self.connection.rows("SELECT * FROM app.fresh"), [])
        talk(query("DROP TABLE app.fresh"))

    def test_a_change_that_waits_for_a_lock_holds_up_nobody_for_long(self):
        self.outside(("CREATE TABLE app.busy (id int)", "DROP TABLE IF EXISTS app.busy"))
        with self.postgres.superuser_connection() as holder:
            holder.talk(query("BEGIN; LOCK TABLE app.busy"))
            self.connection.send(query("DROP TABLE app.busy"))
            processes.wait_until(lambda: self.postgres.sql(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'app.busy'::regclass"), "the lock to be waited for")
            other = self.connect()
            self.assertEqual(len(other.rows("SELECT 1 FROM app.orders")), len(other.rows("SELECT 1 FROM app.orders")))
            holder.talk(query("ROLLBACK"))
        self.assertEqual(shape(self.connection.read_until()), "CZ")


class OthersChanges(CatalogCase):
    def test_a_new_table_is_found(self):
        self.outside(("CREATE TABLE app.elsewhere (id int); GRANT ALL ON app.elsewhere TO PUBLIC",
                      "DROP TABLE app.elsewhere"))
        self.assertEqual(self.connection.rows("SELECT * FROM app.elsewhere"), [])

    def test_a_view_is_what_it_reads(self):
        self.outside(("CREATE VIEW app.people AS SELECT id FROM app.users", "DROP VIEW app.people"))
        told = self.refusal("SELECT * FROM app.people")
        self.assertEqual(told.fields["C"], "42501")
        self.assertIn('denied by "pii": SELECT on app.users (through view app.people) is protected', told.fields["M"])

    def test_a_view_that_changes_is_what_it_reads_now(self):
        self.outside(("CREATE VIEW app.changing AS SELECT id FROM app.orders; GRANT SELECT ON app.changing TO PUBLIC",
                      "DROP VIEW app.changing"))
        self.connection.rows("SELECT * FROM app.changing")
        self.postgres.sql("CREATE OR REPLACE VIEW app.changing AS SELECT id FROM app.users")

        def is_refused():
            try:
                self.connection.rows("SELECT * FROM app.changing")
            except ServerError:
                return True
            return False
        processes.wait_until(is_refused, "the gate to see the change")

    def test_a_protected_table_stays_so_under_another_name(self):
        self.outside(("ALTER TABLE app.users RENAME TO harmless", "ALTER TABLE app.harmless RENAME TO users"))
        told = self.refusal("SELECT * FROM app.harmless")
        self.assertIn('denied by "pii"', told.fields["M"])

    def test_a_partition_is_part_of_what_is_protected(self):
        self.outside(("CREATE TABLE app.more_users () INHERITS (app.users); GRANT ALL ON app.more_users TO PUBLIC",
                      "DROP TABLE app.more_users"))
        self.assertEqual(self.refusal("SELECT * FROM app.more_users").fields["C"], "42501")

    def test_a_trigger_is_a_call(self):
        self.outside(("CREATE FUNCTION app.noticed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
                      "DROP FUNCTION app.noticed()"),
                     ("CREATE TRIGGER t BEFORE INSERT ON app.events FOR EACH ROW EXECUTE FUNCTION app.noticed()",
                      "DROP TRIGGER t ON app.events"))
        processes.wait_until(lambda: self._insert_is_refused(), "the gate to see the trigger")

    def _insert_is_refused(self):
        try:
            self.connection.rows("INSERT INTO app.events (tag) VALUES ('x')")
        except ServerError as told:
            self.assertIn("app.noticed() (by trigger t on app.events)", told.fields["M"])
            return True
        return False


class WithoutACatalog(harness.ShopCase):
    config = {"upstream": {"catalog": {"poll": "200ms", "oldest": "1500ms"}}}

    def test_nothing_passes_and_everything_does_again(self):
        connection = self.connect()
        self.assertTrue(connection.rows("SELECT 1 FROM app.orders"))
        role = self.postgres.catalog_role
        self.postgres.sql(f"ALTER ROLE {role} NOLOGIN")
        self.postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")
        time.sleep(1.6)
        with self.assertRaises(ServerError) as caught:
            connection.rows("SELECT 1 FROM app.orders")
        self.assertEqual(caught.exception.fields["C"], "57P03")
        self.assertIn("no current catalog", caught.exception.fields["M"])
        self.postgres.sql(f"ALTER ROLE {role} LOGIN")
        self.assertTrue(connection.rows("SELECT 1 FROM app.orders"))

    def test_a_server_process_that_hangs_is_left_for_another_one(self):
        def processes_of_it():
            return {int(row[0]) for row in self.postgres.sql(
                f"SELECT pid FROM pg_stat_activity WHERE usename = '{self.postgres.catalog_role}'")}
        connection = self.connect()
        processes.wait_until(lambda: len(processes_of_it()) == 1, "the gate's own connection")
        hung, = processes_of_it()
        self.addCleanup(os.kill, hung, signal.SIGCONT)
        os.kill(hung, signal.SIGSTOP)
        processes.wait_until(lambda: processes_of_it() > {hung}, "another connection")
        self.assertIn("the database has said nothing for 5 s", self.gate.log_text())
        processes.wait_until(lambda: shape(connection.talk(query("SELECT 1"))) == "TDCZ", "statements to pass again")


class AtStart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)

    def test_a_protection_of_nothing_is_an_error(self):
        policy = copy.deepcopy(harness.POLICY)
        policy["protect"].append({"id": "typo", "on": ["app.usres"]})
        with self.assertRaises(AssertionError) as caught:
            harness.Gate(self.postgres, policy, [harness.AGENT])
        self.assertIn("app.usres", str(caught.exception))

    def test_a_dump_judges_without_the_database(self):
        self.postgres.sql("CREATE VIEW app.people AS SELECT id FROM app.users")
        gate = harness.Gate(self.postgres, POLICY, [harness.AGENT])
        self.addCleanup(gate.stop)
        dump = gate.folder / "shop.catalog"
        made = gates.run("catalog", "dump", "--config", gate.folder / "portcullis.json", "--output", dump)
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        arguments = ["check", "--policy", gate.folder / "policy.json", "--agent", harness.AGENT.name, "--format", "json",
                     "--catalog", dump]
        told = gates.run(*arguments, "SELECT * FROM app.people")
        self.assertEqual(told.returncode, 1, told.stderr)
        effects = json.loads(told.stdout)["effects"]
        self.assertIn(("app.users", "through view app.people"), [(e["object"], e.get("route")) for e in effects])
        self.assertEqual(gates.run(*arguments, "SELECT id FROM app.orders").returncode, 0)


if __name__ == "__main__":
    unittest.main()
