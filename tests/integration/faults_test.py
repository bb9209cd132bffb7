"""When somebody goes away: the server, the client, the gate itself."""

import pathlib
import socket
import struct
import time
import unittest

import harness
import processes
import wire
from startup_test import HEAVY
from wire import Closed, ServerError, copy_data, query, request, shape, startup

SLOW = "SELECT count(*) FROM generate_series(1, 15000) AS a, generate_series(1, 10000) AS b"  # some seconds


def reset(connection):
    """Closes with RST instead of FIN."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class ClientGoes(harness.ShopCase):
    needs_gate = False

    def assert_no_sessions(self):
        processes.wait_until(lambda: not self.postgres.sessions_of(harness.AGENT.role), "the server's sessions to end")

    def test_in_a_transaction(self):
        for leave in (wire.Connection.close, reset, lambda c: c.send(wire.TERMINATE)):
            connection = self.connect()
            connection.talk(query("BEGIN; INSERT INTO app.events (tag) VALUES ('lost'); LOCK TABLE app.orders"))
            leave(connection)
            self.assert_no_sessions()
        self.assertEqual(self.postgres.sql("SELECT count(*) FROM app.events"), [["0"]])

    def test_in_the_middle_of_a_message(self):
        for raw in (b"Q", b"Q\0\0\0", query("SELECT 1")[:8], wire.parse("SELECT 1")[:9],
                    copy_data(b"x" * 100_000)[:50_000]):
            connection = self.connect()
            connection.send(raw)
            connection.close()
        self.assert_no_sessions()

    def test_half_a_statement_is_never_run(self):
        connection = self.connect()
        begin = self.postgres.log_size()
        connection.send(query("INSERT INTO app.events (tag) VALUES ('half')")[:-1])
        connection.close()
        self.assert_no_sessions()
        self.assertEqual(self.postgres.statements_logged(harness.AGENT.role, begin), [])

    def test_in_the_middle_of_copy_in(self):
        connection = self.connect()
        connection.send(query("COPY app.events (tag, size) FROM STDIN"), copy_data(b"a\t1\n" * 1000))
        self.assertEqual(connection.read().type, "G")
        reset(connection)
        self.assert_no_sessions()
        self.assertEqual(self.postgres.sql("SELECT count(*) FROM app.events"), [["0"]])

    def test_without_reading_a_large_result(self):
        connection = self.connect()
        connection.send(query("SELECT repeat('x', 10000) FROM generate_series(1, 100000)"))
        connection.read()
        reset(connection)
        self.assert_no_sessions()

    def test_goodbye_with_work_sent_ahead(self):
        connection = self.connect()
        connection.send(*[query("INSERT INTO app.events (tag) VALUES ('x')")] * 20, wire.TERMINATE)
        self.assertEqual(shape(connection.read_to_end()), "CZ" * 20)
        self.assertEqual(self.postgres.sql("SELECT count(*) FROM app.events"), [["20"]])


class ServerGoes(harness.DifferentialCase):
    def test_session_is_terminated_by_an_administrator(self):
        def script(connection):
            answer = connection.talk(query("SET statement_timeout = '5min'"))  # without it another takes its place
            self.postgres.sql(f"SELECT pg_terminate_backend({connection.process_id})")
            return answer + connection.read_to_end()
        self.same(script, "CZ E")

    def test_session_is_terminated_while_it_works(self):
        def script(connection):
            connection.talk(query("BEGIN"))
            connection.send(query(HEAVY))
            wanted = [str(connection.process_id), "active"]
            processes.wait_until(lambda: wanted in self.postgres.sessions_of(harness.AGENT.role), "the query to run")
            self.postgres.sql(f"SELECT pg_terminate_backend({connection.process_id})")
            return connection.read_to_end()
        self.same(script, "TE")

    def test_session_is_idle_in_a_transaction_for_too_long(self):
        def script(connection):
            answer = connection.talk(query("SET idle_in_transaction_session_timeout = 200"))
            return answer + connection.talk(query("BEGIN")) + connection.read_to_end()
        self.same(script, "CZ CZ E")

    def test_machine_is_lost_in_the_middle_of_a_query(self):
        connection = self.connect()
        connection.talk(query("BEGIN; INSERT INTO app.events (tag) VALUES ('lost')"))
        connection.send(query(HEAVY))
        wanted = [str(connection.process_id), "active"]
        processes.wait_until(lambda: wanted in self.postgres.sessions_of(harness.AGENT.role), "the query to run")
        self.postgres.kill()
        answer = connection.read_to_end()
        self.assertNotIn("C", shape(answer))
        if not harness.DIRECT:
            self.assert_outcome(HEAVY, "connection lost")
            self.assertEqual(answer[-1].fields["S"], "FATAL")
            self.assert_refused_while_the_server_is_away()
        self.postgres.start()
        self.assertEqual(self.connect().rows("SELECT count(*) FROM app.events"), [["0"]])

    def assert_outcome(self, text, result):
        decision = self.gate.wait_for_entry("decision", lambda e: e.get("text") == text)
        outcome = self.gate.wait_for_entry("outcome", lambda e: e["decision"] == decision["i"])
        self.assertEqual(outcome["result"], result)

    def assert_refused_while_the_server_is_away(self):
        with self.assertRaises(ServerError) as refused:
            self.gate.connect(harness.AGENT)
        self.assertEqual((refused.exception.fields["S"], refused.exception.code), ("FATAL", "08001"))


class GateGoes(unittest.TestCase):
    def setUp(self):
        self.postgres = harness.shop()
        self.addCleanup(self.postgres.stop)
        self.gate = harness.Gate(self.postgres, harness.POLICY, [harness.AGENT],
                                 config={"limits": {"drain_time": "3s"}})
        self.addCleanup(self.gate.stop)

    def test_ends_cleanly_with_sessions_of_every_kind(self):
        idle = self.gate.connect(harness.AGENT)
        in_transaction = self.gate.connect(harness.AGENT)
        in_transaction.talk(query("BEGIN"))
        unfinished = self.gate.socket()
        unfinished.send(startup({"user": harness.AGENT.login, "database": "shop"})[:10])
        silent = self.gate.socket()
        self.assertEqual(self.gate.stop(), 0)
        for connection in (idle, in_transaction):
            answer = connection.read_to_end()
            self.assertEqual(shape(answer), "E")
            self.assertEqual((answer[0].fields["S"], answer[0].code), ("FATAL", "57P01"))
        for connection in (unfinished, silent):
            connection.close()
        self.assertEqual([e["t"] for e in self.gate.entries()][-1], "close")
        self.assertEqual(self.gate.verify().returncode, 0, self.gate.verify())
        processes.wait_until(lambda: not self.postgres.sessions_of(harness.AGENT.role), "the server's sessions to end")

    def test_statement_that_runs_may_finish(self):
        connection = self.gate.connect(harness.AGENT)
        begin = self.postgres.log_size()
        connection.send(query("SELECT count(*) FROM generate_series(1, 2000000)"))
        processes.wait_until(lambda: self.postgres.statements_logged(harness.AGENT.role, begin), "the query to begin")
        self.assertEqual(self.gate.stop(), 0)
        self.assertEqual(shape(connection.read_to_end())[:4], "TDCZ")

    def test_no_new_sessions_while_it_ends(self):
        busy = self.gate.connect(harness.AGENT)
        busy.send(query(SLOW))
        time.sleep(0.2)
        self.gate._process.signal(15)
        time.sleep(0.2)
        with self.assertRaises((OSError, Closed, ServerError)):
            self.gate.connect(harness.AGENT)
        self.assertEqual(self.gate._process.wait(), 0)

    def test_nothing_leaks(self):
        def churn(count):
            for _ in range(count):
                connection = self.gate.connect(harness.AGENT)
                connection.talk(query("SELECT 1"))
                connection.close()
                with self.gate.socket() as half:
                    half.send(request(wire.SSL_REQUEST))
                    half.read_bytes(1)
        churn(20)  # what is made at the first use has been made
        time.sleep(1)
        files, before = self.open_files(), self.gate.memory()
        churn(150)
        processes.wait_until(lambda: self.open_files() <= files, "the gate's descriptors to be closed")
        self.assertLess(self.gate.memory() - before, 64 << 20)

    def open_files(self):
        return len(list(pathlib.Path(f"/proc/{self.gate.pid}/fd").iterdir()))


if __name__ == "__main__":
    unittest.main()
