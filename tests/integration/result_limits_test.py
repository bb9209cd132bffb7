"""What a statement may give back and how long it may take, on a real server: to the row, in every way to ask for rows."""

import copy
import socket
import unittest

import harness
import processes
import wire
from wire import SYNC, bind, copy_data, execute, extended, parse, query, shape

ROWS = 100
SCHEMA = """
CREATE TABLE app.numbers (n int PRIMARY KEY, filler text);
INSERT INTO app.numbers SELECT n, repeat('x', 100) FROM generate_series(1, 5000) AS n;
CREATE TABLE app.written (n int);
CREATE TABLE app.heavy (n int, payload bytea);
GRANT ALL ON app.numbers, app.written, app.heavy TO PUBLIC;
"""
FREE = ["pg_catalog.pg_sleep"]


def policy(rows=None, limits=None):
    made = copy.deepcopy(harness.POLICY)
    made["rules"] += [
        {"id": "numbers", "allow": ["select", "copy to stdout"], "on": ["app.numbers"], "to": ["*"],
         "limits": rows or {"rows_returned": ROWS}},
        {"id": "written", "allow": ["select", "insert"], "on": ["app.written"], "to": ["*"]},
        {"id": "heavy", "allow": ["select"], "on": ["app.heavy"], "to": ["*"], "limits": {"bytes_returned": "1MiB"}},
    ]
    made["functions"] = {"allow": FREE}
    made["limits"] = limits or {}
    return made


class ResultCase(harness.ShopCase):
    schema = SCHEMA

    def setUp(self):
        super().setUp()
        self.postgres.sql("TRUNCATE app.written")

    def stopped(self, answer, code="54000", status="I"):
        """The error in the answer; the session goes on."""
        self.assertEqual(shape(answer)[-2:], "EZ", shape(answer)[-40:])
        self.assertEqual(answer[-2].code, code, answer[-2].fields)
        self.assertEqual(answer[-1].text, status)
        return answer[-2].fields["M"]

    def written(self):
        with self.postgres.connect(harness.AGENT) as direct:
            return int(direct.rows("SELECT count(*) FROM app.written")[0][0])


def given(answer):
    return sum(one.type in "Dd" for one in answer)


class Rows(ResultCase):
    policy = policy()

    def test_exactly_the_limit_passes(self):
        connection = self.connect()
        self.assertEqual(len(connection.rows(f"SELECT n FROM app.numbers LIMIT {ROWS}")), ROWS)
        answer = connection.talk(query(f"SELECT n FROM app.numbers LIMIT {ROWS + 1}"))
        told = self.stopped(answer)
        self.assertEqual(given(answer), ROWS)
        self.assertIn(f'stopped by "numbers": more than {ROWS} rows returned', told)
        self.assertIn("Nothing was changed.", told)
        self.assertEqual(connection.rows("SELECT 1"), [["1"]])
        entry = self.gate.wait_for_entry("outcome", lambda e: e.get("limit"))
        self.assertEqual((entry["rows"], entry["limit"], entry["result"], entry["sqlstate"]),
                         (ROWS, "rows_returned of rule numbers", "error", "54000"))
        self.assertEqual(entry["error"], told)
        self.assertEqual(self.gate.verify().returncode, 0)

    def test_large_results_are_cancelled(self):
        connection = self.connect()
        for _ in range(5):
            answer = connection.talk(query("SELECT a.n, b.filler FROM app.numbers a, app.numbers b"))
            self.stopped(answer)
            self.assertEqual(given(answer), ROWS)

    def test_the_cancel_hits_nothing_behind(self):
        """Statements are pipelined behind one that is stopped, again and again: none of them is cancelled."""
        connection = self.connect()
        for _ in range(40):
            connection.send(query("SELECT n FROM app.numbers"), query("INSERT INTO app.written VALUES (1)"),
                            extended("SELECT n FROM app.numbers"), SYNC, extended("SELECT count(*) FROM app.written"), SYNC)
            answer = connection.read_until("Z", 4)
            self.assertEqual([one.type for one in answer if one.type in "CEZ"], list("EZCZEZCZ"))
        self.assertEqual(self.written(), 40)

    def test_extended(self):
        connection = self.connect()
        answer = connection.talk(extended("INSERT INTO app.written VALUES (1)"), extended("SELECT n FROM app.numbers"),
                                 extended("INSERT INTO app.written VALUES (2)"), SYNC)
        self.stopped(answer)
        self.assertEqual(given(answer), ROWS)
        self.assertEqual(self.written(), 0)
        answer = connection.talk(parse("SELECT n FROM app.numbers WHERE n <= $1", "s"), bind([str(ROWS)], "s"), execute(),
                                 SYNC)
        self.assertEqual(given(answer), ROWS)

    def test_a_write_is_told_to_be_committed_or_is_not(self):
        connection = self.connect()
        returning = f"INSERT INTO app.written SELECT n FROM app.numbers WHERE n <= {ROWS + 5} RETURNING n"
        told = self.stopped(connection.talk(query(returning)))
        is_done = "what it changed is committed" in told
        self.assertNotEqual(is_done, "Nothing of it is committed" in told, told)
        self.assertEqual(self.written(), ROWS + 5 if is_done else 0)
        self.postgres.sql("TRUNCATE app.written")
        self.assertIn("Nothing of it is committed", self.stopped(connection.talk(extended(returning), SYNC)))
        self.assertEqual(self.written(), 0)

    def test_a_transaction_fails(self):
        connection = self.connect()
        for messages in ([query("SELECT n FROM app.numbers")], [extended("SELECT n FROM app.numbers"), SYNC]):
            connection.rows("BEGIN")
            connection.rows("INSERT INTO app.written VALUES (1)")
            self.assertIn("roll it back", self.stopped(connection.talk(*messages), status="E"))
            self.assertEqual(connection.talk(query("COMMIT"))[0].text, "ROLLBACK")
        self.assertEqual(self.written(), 0)

    def test_portals_and_cursors_count_on(self):
        connection = self.connect()
        connection.rows("BEGIN")
        answer = connection.talk(parse("SELECT n FROM app.numbers"), bind(), execute(rows=60), execute(rows=60), SYNC)
        self.stopped(answer, status="E")
        self.assertEqual(given(answer), ROWS)
        connection.rows("ROLLBACK")
        connection.rows("BEGIN")
        connection.rows("DECLARE c CURSOR FOR SELECT n FROM app.numbers")
        self.assertEqual(len(connection.rows("FETCH 60 FROM c")), 60)
        answer = connection.talk(query("FETCH 60 FROM c"))
        self.stopped(answer, status="E")
        self.assertEqual(given(answer), ROWS - 60)
        connection.rows("ROLLBACK")

    def test_what_a_name_runs_counts_to_the_end(self):
        connection = self.connect()
        connection.talk(parse("SELECT n FROM app.numbers", "x"), parse("EXECUTE x", "s"), SYNC)
        for messages in ([query("EXECUTE s")], [extended("EXECUTE s"), SYNC]):
            answer = connection.talk(*messages)
            self.stopped(answer)
            self.assertEqual(given(answer), ROWS)
        connection.rows("BEGIN")
        connection.rows("DECLARE c CURSOR FOR SELECT n FROM app.numbers")
        connection.talk(parse("FETCH 60 FROM c", "f"), SYNC)
        self.assertEqual(len(connection.rows("EXECUTE f")), 60)
        answer = connection.talk(query("EXECUTE f"))
        self.stopped(answer, status="E")
        self.assertEqual(given(answer), ROWS - 60)
        connection.rows("ROLLBACK")
        connection.rows("BEGIN")
        connection.talk(query("DECLARE c CURSOR FOR SELECT 1; CLOSE c"))
        connection.talk(parse("DECLARE c CURSOR FOR SELECT n FROM app.numbers", "d"), SYNC)
        connection.talk(query("EXECUTE d"))
        answer = connection.talk(query("FETCH ALL FROM c"))
        self.stopped(answer, status="E")
        self.assertEqual(given(answer), ROWS)
        connection.rows("ROLLBACK")
        again = "PREPARE p AS SELECT 1; DEALLOCATE p; PREPARE p AS SELECT n FROM app.numbers; EXECUTE p"
        self.assertEqual(given(connection.talk(query(again))), ROWS)

    def test_copy(self):
        connection = self.connect()
        answer = connection.talk(query("COPY (SELECT n FROM app.numbers) TO STDOUT"))
        self.stopped(answer)
        self.assertEqual(given(answer), ROWS)
        for form in ("text", "binary"):
            answer = connection.talk(query(f"COPY (SELECT n FROM app.numbers LIMIT {ROWS}) TO STDOUT (FORMAT {form})"))
            self.assertEqual(answer[-2].text, f"COPY {ROWS}")
        answer = connection.talk(parse("COPY app.numbers TO STDOUT"), bind(), execute(), SYNC)
        self.stopped(answer)

    def test_copy_in_stands_behind_in_the_same_text(self):
        connection = self.connect()
        connection.send(query("SELECT n FROM app.numbers LIMIT 150; COPY app.events (tag, size) FROM STDIN"))
        self.stopped(connection.read_until("Z"))
        connection.send(query("COPY app.events (tag, size) FROM STDIN"), copy_data(b"a\t1\n"), wire.COPY_DONE,
                        query("SELECT n FROM app.numbers LIMIT 150"))
        answer = connection.read_until("Z", 2)
        self.assertEqual([one.type for one in answer if one.type in "GCEZ"], list("GCZEZ"))


class Bytes(ResultCase):
    policy = policy({"bytes_returned": "10KiB"})

    def test_bytes_of_small_rows(self):
        connection = self.connect()
        answer = connection.talk(query("SELECT filler FROM app.numbers"))
        self.assertIn("more than 10 KiB returned", self.stopped(answer))
        size = sum(len(one.body) + 5 for one in answer if one.type == "D")
        self.assertTrue(10 * 1024 - 200 < size <= 10 * 1024, size)

    def test_one_large_row_is_never_held(self):
        """64 MiB in one row, cut off by its header: neither sent nor kept."""
        self.postgres.sql("INSERT INTO app.heavy SELECT 1, convert_to(repeat('z', 64 << 20), 'UTF8')")
        connection = self.connect()
        connection.rows("SELECT 1")
        before = self.gate.memory()
        answer = connection.talk(query("SELECT payload FROM app.heavy"))
        self.stopped(answer)
        self.assertEqual(given(answer), 0)
        self.assertLess(self.gate.memory() - before, 24 << 20)


class Time(ResultCase):
    policy = policy({"time": "300ms", "rows_returned": 1})

    def test_a_slow_statement_is_cancelled(self):
        connection = self.connect()
        for messages in ([query("SELECT pg_sleep(600), n FROM app.numbers")],
                         [extended("SELECT pg_sleep(600), n FROM app.numbers"), SYNC]):
            told = self.stopped(connection.talk(*messages), code="57014")
            self.assertIn('stopped by "numbers"', told)
            self.assertIn("more than 300 ms", told)
        self.assertEqual(connection.rows("SELECT 1"), [["1"]])


class SilentClients(ResultCase):
    policy = policy()

    def test_what_was_held_back_is_sent_all_the_same(self):
        for first in ([query("SELECT pg_sleep(0.2), n FROM app.numbers WHERE n = 1")],
                      [extended("SELECT pg_sleep(0.2), n FROM app.numbers WHERE n = 1"), SYNC]):
            before = self.written()
            connection = self.connect()
            connection.send(*first, query("INSERT INTO app.written VALUES (1)"))
            connection.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(shape(connection.read_to_end())[-2:], "CZ")
            self.assertEqual(self.written(), before + 1)


class Agents(ResultCase):
    policy = policy({"rate": "1000/hour"}, {"*": {"bytes_returned": "64KiB/31d"}})

    def test_have_a_budget_over_sessions(self):
        first = self.connect()
        first.rows("SELECT filler FROM app.numbers LIMIT 300")
        second = self.connect()
        told = self.stopped(second.talk(query("SELECT filler FROM app.numbers")))
        self.assertIn('limit "bytes_returned" of 64KiB/31d', told)
        self.assertIn("there is room for more in", told)
        second.rows("INSERT INTO app.written VALUES (1)")  # gives nothing back


class Idle(ResultCase):
    policy = policy()
    config = {"limits": {"idle_in_transaction_time": "400ms"}}

    def test_a_transaction_is_not_left_open(self):
        connection, resting = self.connect(), self.connect()
        connection.rows("BEGIN")
        last = connection.read_to_end()
        self.assertEqual([one.code for one in last], ["25P03"])
        processes.wait_until(lambda: resting.rows("SELECT 1"), "the other session")


if __name__ == "__main__":
    unittest.main()
