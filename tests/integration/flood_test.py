"""More than anybody can hold: results that nobody reads, requests that never end, both at once. Nothing may lock up,
and the gate's memory stays bounded."""

import threading
import time
import unittest

import harness
from wire import COPY_DONE, SYNC, bind, copy_data, execute, extended, parse, query, shape

ALLOWED_GROWTH = 64 << 20  # each flood is far larger


class Flood(harness.ShopCase):
    needs_gate = False

    def setUp(self):
        super().setUp()
        self.before = 0 if harness.DIRECT else self.gate.memory()
        self.peak = self.before

    def sample(self):
        if not harness.DIRECT:
            self.peak = max(self.peak, self.gate.memory())

    def assert_bounded(self):
        self.sample()
        self.assertLess(self.peak - self.before, ALLOWED_GROWTH)

    def send_in_background(self, connection, pieces):
        def work():
            for piece in pieces:
                connection.socket.sendall(piece)
        connection.socket.settimeout(60)
        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        return worker

    def wait_unread(self, seconds):
        for _ in range(int(seconds * 10)):
            time.sleep(0.1)
            self.sample()

    def test_large_result_that_is_not_read_for_a_while(self):
        connection = self.connect()
        connection.send(query("SELECT n, repeat('x', 10000) FROM generate_series(1, 25000) AS n"))
        self.wait_unread(1.5)
        rows = 0
        while (one := connection.read()).type != "Z":
            rows += one.type == "D"
            if rows % 1000 == 0:
                self.sample()
        self.assertEqual(rows, 25_000)
        self.assert_bounded()

    def test_rows_larger_than_any_buffer(self):
        connection = self.connect()
        connection.send(query("SELECT repeat('x', 150000000)"))
        self.wait_unread(1)
        sizes = {one.type: len(one.body) for one in connection.read_until()}
        self.assertEqual(sizes["D"], 150_000_000 + 6)
        self.assert_bounded()

    def test_both_directions_full(self):
        """Large statements with large answers, all written before anything is read."""
        connection = self.connect()
        count, size = 400, 200_000
        one = extended("SELECT $1::text", ["p" * size]) + SYNC
        worker = self.send_in_background(connection, [one] * count)
        self.wait_unread(2)
        for _ in range(count):
            answer = connection.read_until()
            self.assertEqual(shape(answer), "12TDCZ")
            self.assertEqual(len(answer[3].body), size + 6)
        worker.join(10)
        self.assertFalse(worker.is_alive())
        self.assert_bounded()

    def test_failing_pipeline_with_both_directions_full(self):
        """Every statement fails: each error is larger than the request that caused it."""
        connection = self.connect()
        count = 20_000
        one = bind(["1", "x@example.com", "y" * 100], "s") + execute() + SYNC
        connection.talk(parse("INSERT INTO app.customers VALUES ($1, $2, $3)", "s"), SYNC)
        worker = self.send_in_background(connection, [one * 100] * (count // 100))
        self.wait_unread(2)
        for _ in range(count):
            answer = connection.read_until()
            self.assertEqual((shape(answer), answer[-2].code), ("2EZ", "23505"))
        worker.join(10)
        self.assertFalse(worker.is_alive())
        self.assert_bounded()

    def test_large_copy_in_both_directions(self):
        connection = self.connect()
        block = copy_data(b"".join(b"tag %d\t%d\n" % (n, n) for n in range(5_000)))
        worker = self.send_in_background(
            connection, [query("COPY app.events (tag, size) FROM STDIN"), *[block] * 60, COPY_DONE])
        answer = connection.read_until()
        worker.join()
        self.assertEqual((shape(answer), answer[1].text), ("GCZ", "COPY 300000"))
        connection.send(query("COPY app.events TO STDOUT"))
        self.wait_unread(1)
        self.assertEqual(sum(one.type == "d" for one in connection.read_until()), 300_000)
        self.assert_bounded()

    def test_large_parameter(self):
        connection = self.connect()
        worker = self.send_in_background(
            connection, [extended("SELECT length($1)", ["z" * 100_000_000], results=[0]), SYNC])
        answer = connection.read_until()
        worker.join()
        self.assertEqual([m.row for m in answer if m.type == "D"], [[b"100000000"]])
        self.assert_bounded()

    def test_a_session_that_does_not_read_holds_up_no_other(self):
        stuck = [self.connect() for _ in range(8)]
        for connection in stuck:
            connection.send(query("SELECT repeat('x', 10000) FROM generate_series(1, 3000)"))
        other = self.connect()
        for _ in range(200):
            self.assertEqual(other.rows("SELECT 1"), [["1"]])
        self.assert_bounded()
        for connection in stuck:
            self.assertEqual(len(connection.read_until()), 3_003)

    def test_refusals_without_end(self):
        connection = self.connect()
        count = 2_000
        worker = self.send_in_background(connection, [query("SELECT ssn FROM app.users" if not harness.DIRECT
                                                            else "SELECT 1/0")] * count)
        self.wait_unread(0.5)
        answer = connection.read_until("Z", count)
        worker.join()
        self.assertEqual(shape(answer), "EZ" * count)
        self.assert_bounded()


if __name__ == "__main__":
    unittest.main()
