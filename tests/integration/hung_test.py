"""A database that accepts connections and says nothing: nobody waits for ever, nothing is left behind, the gate ends."""

import pathlib
import socket
import struct
import threading
import unittest

import harness
import processes
import wire
from wire import Closed, ServerError, query, request, shape, startup


class SleepyServer:
    """Passes connections on to the real server while it is awake; those that come later are accepted and left alone."""

    def __init__(self, postgres):
        self._postgres, self.awake, self.left_alone = postgres, True, []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __getattr__(self, name):
        """For the rest it is the real one."""
        return getattr(self._postgres, name)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self.awake:
                self.left_alone.append(client)
                continue
            server = socket.create_connection(("127.0.0.1", self._postgres.port))
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass_on(one, other):
        try:
            while part := one.recv(1 << 16):
                other.sendall(part)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self._listener.close()
        for one in self.left_alone:
            one.close()


class HungCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)

    def start(self, authentication_time="60s", sslmode="disable"):
        self.server = SleepyServer(self.postgres)
        self.addCleanup(self.server.close)
        self.gate = harness.Gate(self.server, harness.POLICY, [harness.AGENT],
                                 config={"limits": {"authentication_time": authentication_time}, "threads": 1,
                                         "upstream": {"sslmode": sslmode}})
        self.addCleanup(self.gate.stop)

    def begin_login(self):
        """A client whose login is good and waits for the database; the thread ends with what the client was told."""
        told, before = [], len(self.server.left_alone)
        connection = self.gate.socket()
        self.addCleanup(connection.close)

        def log_in():
            try:
                connection.log_in(harness.AGENT.login, harness.AGENT.password, "shop")
            except (ServerError, Closed) as end:
                told.append(end)
        thread = threading.Thread(target=log_in)
        thread.start()
        processes.wait_until(lambda: len(self.server.left_alone) > before, "the gate to dial the database")
        return thread, told

    def open_files(self):
        return len(list(pathlib.Path(f"/proc/{self.gate.pid}/fd").iterdir()))

    def assert_stops(self):
        self.assertEqual(self.gate.stop(), 0, self.gate.log_text()[-2000:])
        self.assertEqual(self.gate.entries()[-1]["t"], "close")
        self.assertEqual(self.gate.verify().returncode, 0)


class Logins(HungCase):
    def test_client_is_told_after_the_configured_time(self):
        for sslmode in ("disable", "require"):  # waiting for an answer to the start-up packet, or to SSLRequest
            with self.subTest(sslmode=sslmode):
                self.start("1s", sslmode)
                self.server.awake = False
                self.begin_login()[0].join()  # what is made at the first use has been made
                files = self.open_files()
                waiting = [self.begin_login() for _ in range(5)]
                for thread, told in waiting:
                    thread.join()
                    self.assertEqual((told[0].fields["S"], told[0].code), ("FATAL", "08001"))
                    self.assertIn("limits.authentication_time", told[0].fields["M"])
                processes.wait_until(lambda: self.open_files() <= files, "the gate's descriptors to be closed")
                self.gate.wait_for_entry("session", lambda e: e["event"] == "refused" and e["sqlstate"] == "08001")
                self.assert_stops()

    def test_gate_ends_while_sessions_wait_for_the_database(self):
        for sslmode in ("disable", "require"):
            with self.subTest(sslmode=sslmode):
                self.start(sslmode=sslmode)
                self.server.awake = False
                waiting = [self.begin_login() for _ in range(3)]
                self.assert_stops()
                for thread, told in waiting:
                    thread.join()
                    self.assertEqual(len(told), 1)

    def test_gate_ends_while_clients_are_at_every_step_of_the_login(self):
        self.start()
        packet = startup({"user": harness.AGENT.login, "database": "shop"})
        connections = [self.gate.socket() for _ in range(5)]
        for connection, beginning in zip(connections, (b"", request(wire.SSL_REQUEST), packet[:20], packet, packet)):
            self.addCleanup(connection.close)
            connection.send(beginning)
        self.assertEqual(connections[1].read_bytes(1), b"N")
        self.assertEqual(connections[3].read().type, "R")
        first = wire.Scram(harness.AGENT.password).first()
        self.assertEqual(connections[4].read().type, "R")
        connections[4].send(wire.message("p", wire.text("SCRAM-SHA-256") + struct.pack("!I", len(first)) + first))
        self.assertEqual(connections[4].read().type, "R")
        self.assert_stops()
        for connection in connections:
            self.assertEqual(connection.read_to_end(), [])


class Cancels(HungCase):
    def send_cancels(self, victim, count):
        connections = []
        for _ in range(count):
            connection = self.gate.socket()
            self.addCleanup(connection.close)
            connection.send(request(wire.CANCEL_REQUEST, struct.pack("!I", victim.process_id) + victim.secret_key))
            connections.append(connection)
        processes.wait_until(lambda: len(self.server.left_alone) >= count, "the gate to dial for all of them")
        return connections

    def test_cancel_that_nobody_hears_hinders_nobody(self):
        self.start("1s")
        victim = self.gate.connect(harness.AGENT)
        self.addCleanup(victim.close)
        self.server.awake, files = False, self.open_files()
        cancels = self.send_cancels(victim, 20)
        for _ in range(5):
            self.assertEqual(shape(victim.talk(query("SELECT 1"))), "TDCZ")
        for connection in cancels:
            self.assertEqual(connection.read_to_end(), [])
        processes.wait_until(lambda: self.open_files() <= files, "the gate's descriptors to be closed")
        self.assert_stops()

    def test_gate_ends_while_a_cancel_waits(self):
        self.start()
        victim = self.gate.connect(harness.AGENT)
        self.addCleanup(victim.close)
        self.server.awake = False
        cancels = self.send_cancels(victim, 3)
        self.assert_stops()
        self.assertEqual([one.code for one in victim.read_to_end()], ["57P01"])
        for connection in cancels:
            self.assertEqual(connection.read_to_end(), [])


if __name__ == "__main__":
    unittest.main()
