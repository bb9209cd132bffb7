"""The database goes away: a client that had nothing in its session does not notice, every other one gets a clear error."""

import socket
import struct
import time
import unittest

import psycopg
import psycopg2

import gate
import harness
import processes
import wire
from wire import bind, execute, parse, query, shape

END = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{}'"


class ServerLoss(harness.ShopCase):
    needs_gate = False
    config = {"limits": {"reconnect_time": "20s"}}

    def end_server_sessions(self):
        self.postgres.sql(END.format(harness.AGENT.role))
        processes.wait_until(lambda: not self.postgres.sessions_of(harness.AGENT.role), "the server's sessions to end")

    def restart(self):
        self.postgres.stop()
        self.postgres.start()

    def test_an_idle_session_goes_on(self):
        connection = self.connect()
        for end in (self.end_server_sessions, self.restart):
            connection.talk(query("SELECT count(*) FROM app.customers"))
            end()
            # A server that is stopped at once warns its clients.
            told = shape(connection.talk(query("SELECT count(*) FROM app.customers")))
            self.assertEqual(told.lstrip("N"), "TDCZ")
        self.assertGreaterEqual(len([e for e in self.gate.entries("session") if e["event"] == "reconnect"]), 2)
        self.assertEqual(self.gate.verify().returncode, 0)

    def test_drivers_go_on(self):
        login = self.gate.login_of(harness.AGENT)
        old = psycopg2.connect(**login)
        old.autocommit = True
        new = psycopg.connect(psycopg.conninfo.make_conninfo(**{"dbname" if k == "database" else k: v
                                                                for k, v in login.items()}), autocommit=True)
        self.addCleanup(old.close)
        self.addCleanup(new.close)
        self.restart()
        with old.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM app.customers")
            self.assertEqual(len(cursor.fetchall()), 1)
        self.assertEqual(len(new.execute("SELECT count(*) FROM app.customers WHERE id > %s", [0]).fetchall()), 1)

    def test_a_cancel_reaches_the_new_server_session(self):
        connection = self.connect()
        self.end_server_sessions()
        connection.talk(query("SELECT 1"))
        connection.send(query("SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"))
        processes.wait_until(lambda: "active" in str(self.postgres.sql(
            f"SELECT state FROM pg_stat_activity WHERE usename = '{harness.AGENT.role}'")), "the statement to run")
        with self.gate.socket() as cancel:
            cancel.send(wire.request(wire.CANCEL_REQUEST,
                                     struct.pack("!I", connection.process_id) + connection.secret_key))
            self.assertEqual(cancel.read_to_end(), [])
        answer = connection.read_until()
        self.assertIn("57014", [said.code for said in answer if said.type == "E"])

    def test_what_was_in_the_session_ends_it(self):
        for statements in ([query("SET statement_timeout = '5s'")], [query("LISTEN news")], [query("BEGIN")],
                           [parse("SELECT 1", "kept"), wire.SYNC]):
            with self.subTest(statements=statements):
                connection = self.connect()
                connection.talk(*statements)
                self.end_server_sessions()
                said = connection.read()
                self.assertEqual((said.type, said.code), ("E", "57P01"))

    def test_what_runs_is_told_and_recorded(self):
        connection = self.connect()
        connection.send(query("SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"))
        processes.wait_until(lambda: "active" in str(self.postgres.sql(
            f"SELECT state FROM pg_stat_activity WHERE usename = '{harness.AGENT.role}'")), "the statement to run")
        self.end_server_sessions()
        self.assertEqual(connection.read_until("E")[-1].code, "57P01")
        self.gate.wait_for_entry("outcome", lambda entry: entry["result"] in ("error", "connection lost"))

    def test_the_unnamed_statement_is_not_taken_for_the_old_one(self):
        connection = self.connect()
        connection.talk(parse("SELECT 1"), wire.SYNC)
        self.end_server_sessions()
        answer = connection.talk(bind(), execute(), wire.SYNC)
        self.assertEqual([said.code for said in answer if said.type == "E"], ["26000"])
        self.assertEqual(shape(connection.talk(query("SELECT 1"))), "TDCZ")

    def test_a_database_that_stays_away(self):
        front = gate.Gate(self.postgres, harness.POLICY, [harness.AGENT], config={"limits": {"reconnect_time": "1s"}})
        self.addCleanup(front.stop)
        connection = front.connect(harness.AGENT)
        self.addCleanup(connection.close)
        self.addCleanup(self.postgres.start)
        self.postgres.stop()
        connection.send(query("SELECT 1"))
        self.assertIn(connection.read_until("E")[-1].code, ("08001", "08006"))

    def test_a_database_that_comes_back_at_the_end_and_says_nothing(self):
        front = gate.Gate(self.postgres, harness.POLICY, [harness.AGENT], config={"limits": {"reconnect_time": "3s"}})
        self.addCleanup(front.stop)
        connection = front.connect(harness.AGENT)
        self.addCleanup(connection.close)
        connection.talk(query("SELECT 1"))
        self.addCleanup(self.postgres.start)
        self.postgres.stop()
        connection.send(query("SELECT 1"))
        time.sleep(2.75)  # the last pause of all, if the machine is quick enough
        with socket.create_server(("127.0.0.1", self.postgres.port)):
            connection.socket.settimeout(15)
            self.assertIn(connection.read_until("E")[-1].code, ("08001", "08006"))


if __name__ == "__main__":
    unittest.main()
