"""Input cut in awkward places, lengths that lie, and texts that are built to hurt a parser."""

import random
import struct
import threading
import time
import unittest

import harness
import wire
from wire import COPY_DONE, SYNC, bind, copy_data, execute, extended, parse, query, shape


class ChoppedConnection(wire.Connection):
    """Sends in pieces whose sizes `next_size` gives."""

    def __init__(self, address, next_size):
        super().__init__(address)
        self._next_size = next_size

    def send(self, *messages):
        raw = memoryview(b"".join(messages))
        while raw:
            size = self._next_size()
            self.socket.sendall(raw[:size])
            raw = raw[size:]


class Chopped(harness.ShopCase):
    needs_gate = False

    def session(self, connection):
        """A bit of everything, from the login on."""
        login = self.front.login_of(harness.AGENT)
        connection.log_in(login["user"], login["password"], login["database"])
        seen = connection.talk(query("SELECT * FROM app.orders ORDER BY id"))
        seen += connection.talk(query("INSERT INTO app.events (tag) VALUES ('é'); SELECT tag FROM app.events"))
        seen += connection.talk(extended("SELECT $1::text, $2::int", ["x" * 300, None]), SYNC)
        seen += connection.talk(parse("SELECT 1/0"), bind(), execute(), SYNC)
        connection.send(query("COPY app.events (tag, size) FROM STDIN"), copy_data(b"a\t1\n"), copy_data(b"b\t2\n"),
                        COPY_DONE, query("SELECT sum(size) FROM app.events"))
        seen += connection.read_until("Z", 2)
        connection.send(wire.TERMINATE)
        return seen + connection.read_to_end()

    def assert_same_session(self, next_size):
        with self.front.socket() as whole:
            expected = self.session(whole)
        self.reset_rows()
        address = whole_address(self.front)
        with ChoppedConnection(address, next_size) as connection:
            self.assertEqual(self.session(connection), expected)

    def test_one_byte_at_a_time(self):
        self.assert_same_session(lambda: 1)

    def test_random_pieces(self):
        for seed in range(10):
            generator = random.Random(seed)
            with self.subTest(seed=seed):
                self.assert_same_session(lambda: generator.choice([1, 2, 3, 4, 5, 6, 9, 40, 200]))
            self.reset_rows()


def whole_address(front):
    login = front.login_of(harness.AGENT)
    return login["host"], login["port"]


class Lengths(harness.ShopCase):
    """PostgreSQL closes without a word for most of these; the gate says why, once."""

    def assert_fatal(self, raw):
        connection = self.connect()
        connection.send(raw)
        answer = connection.read_to_end()
        self.assertEqual(shape(answer), "E", raw[:20])
        self.assertEqual((answer[0].fields["S"], answer[0].code), ("FATAL", "08P01"))

    def test_impossible_lengths(self):
        for kind in b"QPBDECSHXdcf":
            for length in (0, 3, 0x7fffffff, 0xffffffff):
                with self.subTest(kind=chr(kind), length=length):
                    self.assert_fatal(struct.pack("!BI", kind, length))

    def test_unknown_types(self):
        for kind in (0, ord("p"), ord("Z"), ord("R"), ord("?"), 255):
            with self.subTest(kind=kind):
                self.assert_fatal(struct.pack("!BI", kind, 4))

    def test_small_messages_are_small(self):
        for kind in b"DECSH":
            self.assert_fatal(struct.pack("!BI", kind, 100_000) + b"x")

    def test_malformed_bodies(self):
        """PostgreSQL says ERROR and goes on; the gate may end the session, but never forward what it cannot read."""
        for raw in (wire.message("Q", b"SELECT 1"), wire.message("Q", b"SELECT 1\0SELECT 2\0"),
                    wire.message("P", b"s\0"), wire.message("P", b"\0SELECT 1\0\0\5"),
                    wire.message("B", b"\0\0\0\0\0\1\0\0\0\0"),
                    wire.message("B", b"\0\0\0\0\0\1\x7f\xff\xff\xff\0\0"), wire.message("E", b"p"),
                    wire.message("D", b"X\0"), wire.message("C", b"\0")):
            with self.subTest(raw=raw):
                connection = self.connect()
                begin = self.postgres.log_size()
                connection.send(raw, SYNC)
                answer = [connection.read()]
                self.assertEqual((answer[0].type, answer[0].code), ("E", "08P01"))
                self.assertEqual(self.postgres.statements_logged(harness.AGENT.role, begin), [])

    def test_length_alone_takes_no_memory(self):
        connections = [self.connect() for _ in range(20)]
        before = self.gate.memory()
        for connection in connections:
            connection.send(struct.pack("!cI", b"Q", 0x3fffffff), b"SELECT 1")
        time.sleep(0.5)
        self.assertLess(self.gate.memory() - before, 16 << 20)

    def test_thousands_of_syncs(self):
        connection = self.connect()
        self.assertEqual(shape(connection.talk(*[SYNC] * 10_000, readies=10_000)), "Z" * 10_000)

    def test_thousands_of_names(self):
        connection = self.connect()
        answer = connection.talk(*[parse("SELECT 1", f"s{n}") for n in range(2_000)], SYNC)
        self.assertEqual(shape(answer), "1" * 2_000 + "Z")


class HostileTexts(harness.ShopCase):
    """Each is refused with a clear error, and other sessions hardly notice."""

    def assert_refused(self, text, code):
        connection = self.connect()
        slowest = self.slowest_answer_during(lambda: self.results.append(connection.talk(query(text))))
        answer = self.results.pop()
        self.assertEqual((shape(answer), answer[0].code), ("EZ", code), answer[0].fields["M"][:200])
        self.assertLess(slowest, 5)
        self.assertEqual(connection.rows("SELECT 1"), [["1"]])
        extended_answer = connection.talk(parse(text), bind(), execute(), SYNC)
        self.assertEqual((shape(extended_answer), extended_answer[0].code), ("EZ", code))
        self.assertEqual(connection.rows("SELECT 1"), [["1"]])

    def setUp(self):
        super().setUp()
        self.results = []

    def slowest_answer_during(self, work):
        other = self.connect()
        worker = threading.Thread(target=work)
        worker.start()
        slowest = 0
        while worker.is_alive():
            begin = time.monotonic()
            self.assertEqual(other.rows("SELECT 2"), [["2"]])
            slowest = max(slowest, time.monotonic() - begin)
        worker.join()
        return slowest

    def test_long_chain_of_operators(self):
        self.assert_refused("SELECT 1" + "+1" * 100_000, "54001")

    def test_nested_comments(self):
        self.assert_refused("SELECT " + "/*" * 30_000 + "*/" * 30_000 + "1", "54001")

    def test_nested_brackets(self):
        self.assert_refused("SELECT " + "(" * 50_000 + "1" + ")" * 50_000, "54001")

    def test_nested_selects(self):
        self.assert_refused("SELECT * FROM (" * 5_000 + "SELECT 1" + ") AS x" * 5_000, "54001")

    def test_long_chains_of_set_operations_and_casts(self):
        self.assert_refused("SELECT 1" + " UNION SELECT 1" * 20_000, "54001")
        self.assert_refused("SELECT 1" + "::int" * 50_000, "54001")

    def test_string_above_the_limit(self):
        self.assert_refused("SELECT '" + "x" * 10_000_000 + "'", "54000")

    def test_too_many_statements(self):
        self.assert_refused("SELECT 1;" * 5_000, "54000")

    def test_many_sessions_at_once(self):
        connections = [self.connect() for _ in range(10)]
        text = query("SELECT 1" + "+1" * 100_000)
        for connection in connections:
            connection.send(text * 3)
        for connection in connections:
            answer = connection.read_until("Z", 3)
            self.assertEqual((shape(answer), answer[0].code), ("EZ" * 3, "54001"))
        self.assertTrue(self.gate.running())

    def test_large_statements_within_the_limit_pass(self):
        connection = self.connect()
        values = ", ".join(f"({n}, '{'v' * 80}')" for n in range(5_000))
        text = f"SELECT count(*) FROM (VALUES {values}) AS v (a, b)"
        self.assertEqual(connection.rows(text), [["5000"]])


if __name__ == "__main__":
    unittest.main()
