"""More than anybody can hold: results that nobody reads, requests that never end, both at once. Nothing may lock up,
and the gate's memory stays bounded."""

import collections
import re
import shutil
import socket
import struct
import threading
import time
import unittest

import harness
import processes
import wire
from chaos_test import Behind
from faulty_link import DOWN, FaultyLink
from gate import Gate, run
from wire import COPY_DONE, SYNC, ServerError, bind, close_statement, copy_data, execute, extended, parse, query, shape

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


class Unread(unittest.TestCase):
    """A client that reads nothing: of what it is to hear the gate takes no more than there is room for."""

    def setUp(self):
        self.postgres = harness.shop()
        self.addCleanup(self.postgres.stop)
        self.link = FaultyLink(("127.0.0.1", self.postgres.port))
        self.addCleanup(self.link.close)
        self.gate = Gate(Behind(self.postgres, self.link.port), harness.POLICY, [harness.AGENT], config={"threads": 1})
        self.addCleanup(self.gate.stop)

    def cancel(self, victim):
        with self.gate.socket() as connection:
            connection.send(wire.request(wire.CANCEL_REQUEST,
                                         struct.pack("!I", victim.process_id) + victim.secret_key))
            self.assertEqual(connection.read_to_end(), [])

    def test_cancels_make_no_room(self):
        """Refusals are written by one coroutine, rows by another, and each cancel is a third."""
        connection = self.gate.connect(harness.AGENT)
        self.addCleanup(connection.close)
        taken = self.link.messages
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # These fill most of the socket's buffer. The next ones fill it while rows are under way.
        refused, rows = query("DROP TABLE app.users"), query("SELECT repeat('x', 1000) FROM generate_series(1, 100000)")
        connection.send(refused * 7500)
        processes.wait_until(lambda: len(self.gate.entries("decision")) >= 7500, "the refusals")
        connection.send(refused * 2000 + rows * 100)
        processes.wait_until(lambda: self.is_still(taken), "all buffers to be full")
        if ["ClientWrite"] not in self.postgres.sql("SELECT wait_event FROM pg_stat_activity"):
            self.skipTest("sockets hold more here")
        before = taken[DOWN]
        for _ in range(300):
            self.cancel(connection)
        self.assertTrue(self.is_still(taken))
        self.assertEqual(taken[DOWN], before)

    @staticmethod
    def is_still(taken):
        before = taken[DOWN]
        time.sleep(1)
        return before == taken[DOWN]


class Refusals(harness.ShopCase):
    """Statements over a limit, again and again: few entries, which say how many there were, and few answers."""

    policy = {**harness.POLICY, "limits": {"*": {"statements": "2/day"}}}

    def setUp(self):
        super().setUp()
        self.gate.stop()
        shutil.rmtree(self.gate.audit_dir)
        self.gate.start()
        self.connection = self.connect()
        self.connection.rows("SELECT 1; SELECT 1")

    def entries(self):
        """Those of refusals over the limit: of each the number that it stands for, by its index."""
        return {e["i"]: e.get("count", 1) for e in self.gate.entries() if e.get("sqlstate") == "53400"}

    def named(self, answers):
        """How often the refusals name an entry, by its index."""
        return collections.Counter(int(re.search(r" Record (\d+)\.", m.fields["M"])[1])
                                   for m in answers if m.type == "E" and m.code == "53400")

    def assert_clean(self):
        verified = self.gate.verify()
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def flood(self, one, count):
        begin = time.monotonic()
        worker = threading.Thread(target=lambda: self.connection.socket.sendall(one * count), daemon=True)
        worker.start()
        answers = self.connection.read_until("Z", count)
        worker.join()
        counts = self.entries()
        self.assertEqual(sum(counts.values()), count)
        self.assertLess(len(counts), 3 + time.monotonic() - begin)
        self.assertEqual(self.named(answers), counts)
        return answers

    def test_a_flood_leaves_few_entries(self):
        self.assertEqual(shape(self.flood(query("SELECT 2"), 5_000)), "EZ" * 5_000)
        decisions = [e["agent_seq"] for e in self.gate.entries("decision")]
        self.assertEqual(decisions, list(range(1, len(decisions) + 1)))  # no number is counted in
        self.assertLess(len(decisions), 5)
        self.assertTrue(all(e["agent"] == harness.AGENT.name for e in self.gate.entries("counted")))
        self.connection.talk(query("COMMIT"))  # the session goes on
        shown = run("audit", "show", self.gate.audit_dir).stdout
        self.assertRegex(shown, r"counted repair session 1 \d+ more refused with 53400")
        self.assert_clean()

    def test_a_flood_of_pipelines(self):
        answers = self.flood(extended("SELECT $1::int", ["2"]) + SYNC, 500)
        self.assertEqual(shape(answers), "EZ" * 500)
        self.assertLess(len(self.gate.entries("decision")), 10)
        self.assert_clean()

    def test_what_is_asked_again_and_again_is_answered_once_a_second(self):
        begin = time.monotonic()
        answers = [m for _ in range(4) for m in self.connection.talk(query("SELECT 2"))]
        self.assertGreater(time.monotonic() - begin, 2.9)
        self.assertEqual(list(self.entries().values()), [1, 1, 1, 1])
        self.assertEqual(self.named(answers), self.entries())

    def test_what_stood_before_is_answered_at_once(self):
        waited, start = [], time.monotonic()
        for _ in range(4):
            begin = time.monotonic()
            self.connection.send(query("COMMIT") + query("SELECT 2") * 2)
            self.assertEqual(shape(self.connection.read_until("Z")), "NCZ")
            waited.append(time.monotonic() - begin)
            self.assertEqual(shape(self.connection.read_until("Z", 2)), "EZEZ")
        self.assertLess(min(waited), 0.5)
        self.assertGreater(time.monotonic() - start, 3.5)

    def test_a_session_that_is_lost_in_the_middle_of_a_second_loses_none(self):
        pipeline = close_statement("none")  # not ended, so that there can be no other server connection
        self.connection.send(query("SELECT 2") * 100 + pipeline)
        self.connection.read_until("Z")
        self.postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                          f"WHERE usename = '{harness.AGENT.role}'")
        end = self.gate.wait_for_entry("session", lambda e: e["event"] == "end")
        counts = self.entries()
        self.assertEqual(sum(counts.values()), 100)
        self.assertLess(max(counts), end["i"])

    def test_the_end_of_the_gate_loses_none(self):
        self.connection.send(query("SELECT 2") * 100)
        self.connection.read_until("Z")
        self.assertEqual(self.gate.stop(), 0)
        self.assertEqual(sum(self.entries().values()), 100)
        self.assert_clean()
        self.gate.start()

    def test_a_crash_leaves_no_answer_without_an_entry(self):
        self.connection.send(query("SELECT 2") * 100)
        answers = self.connection.read_until("Z")
        self.gate.kill()
        answers += self.connection.read_to_end()
        self.gate.start()
        named = self.named(answers).keys()
        self.assertTrue(named and named <= self.entries().keys(), named)
        self.assert_clean()


class RefusalsOfADay(harness.ShopCase):
    policy = {**harness.POLICY, "limits": {"*": {"statements": "2/day"}}}

    def test_use_up_nothing_over_a_restart(self):
        connection = self.connect()
        connection.rows("SELECT 1")
        connection.send(query("SELECT 2; SELECT 3") * 20)
        self.assertEqual({m.code for m in connection.read_until("Z", 20) if m.type == "E"}, {"53400"})
        connection.close()
        self.assertEqual(self.gate.stop(), 0)
        self.gate.start()
        connection = self.connect()
        connection.rows("SELECT 4")
        self.assertEqual(connection.talk(query("SELECT 5"))[0].code, "53400")


class Logins(harness.ShopCase):
    config = {"limits": {"login_delay": "0s"}}

    def refused(self):
        return [e for e in self.gate.entries("session") if e["event"] == "refused"]

    def test_a_flood_of_wrong_passwords_leaves_few_entries(self):
        count, begin = 300, time.monotonic()
        for number in range(count):
            with self.assertRaises(ServerError):
                self.gate.socket().log_in(harness.AGENT.login, f"wrong {number}", "shop")
        with self.assertRaises(ServerError):
            self.gate.connect(harness.AGENT, replication="database").close()
        def is_told():
            return sum(e.get("count", 1) for e in self.refused()) == count + 1
        processes.wait_until(is_told, "what was counted to be recorded")  # without the gate's end
        refused = self.refused()
        self.assertLess(len(refused), 5 + time.monotonic() - begin)
        self.assertEqual({(e["client"], e["sqlstate"]) for e in refused if "count" in e}, {("127.0.0.1", "28P01")})
        self.assertEqual(len([e for e in refused if e["sqlstate"] == "0A000"]), 1)
        shown = run("audit", "show", self.gate.audit_dir).stdout
        self.assertRegex(shown, r"refused \d+ more from 127\.0\.0\.1 28P01 \(logins that proved nothing\)")
        verified = self.gate.verify()
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)


if __name__ == "__main__":
    unittest.main()
