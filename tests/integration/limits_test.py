"""What an agent may do at once, how often, and how often it may make the same mistake."""

import copy
import unittest

import harness
from wire import SYNC, ServerError, bind, execute, extended, parse, query, shape


def policy(limits, rule_limits=None):
    made = copy.deepcopy(harness.POLICY)
    made["limits"] = limits
    for rule in made["rules"]:
        if rule["id"] in (rule_limits or {}):
            rule["limits"] = rule_limits[rule["id"]]
    return made


class LimitCase(harness.ShopCase):
    def refused(self, connection, *messages):
        """The refusal that ends the answer; the session goes on."""
        answer = connection.talk(*messages)
        self.assertEqual(shape(answer)[-2:], "EZ", answer)
        return answer[-2]


class Statements(LimitCase):
    policy = policy({"*": {"statements": "4/hour"}})

    def test_are_counted_until_there_are_no_more(self):
        connection = self.connect()
        connection.rows("SELECT 1")
        connection.rows("SELECT 2; SELECT 3")
        answer = connection.talk(parse("SELECT $1::int", "s"), bind(["7"], "s"), execute(), SYNC)
        self.assertEqual(shape(answer), "12DCZ")
        told = self.refused(connection, query("SELECT 5"))
        self.assertEqual(told.code, "53400")
        self.assertIn('limit "statements" of 4/hour', told.fields["M"])
        self.assertIn("try again in", told.fields["M"])
        self.assertEqual(self.refused(connection, bind(["8"], "s"), execute(), SYNC).code, "53400")
        refused = self.gate.wait_for_entry("decision", lambda e: e.get("sqlstate") == "53400")
        self.assertEqual(refused["verdict"], "deny")
        connection.talk(query("COMMIT"))  # letting go is never limited
        self.assertEqual(self.gate.verify().returncode, 0)


class Restart(LimitCase):
    policy = policy({"*": {"statements": "3/day", "rows_returned": "12/day"}})

    def test_gives_nobody_a_new_day(self):
        connection = self.connect()
        connection.rows("SELECT generate_series(1, 10)")
        connection.rows("SELECT 2")
        connection.close()
        self.assertEqual(self.gate.stop(), 0)
        self.gate.start()
        connection = self.connect()
        self.assertEqual(self.refused(connection, query("SELECT generate_series(1, 2)")).code, "54000")
        self.assertEqual(self.refused(connection, query("SELECT 4")).code, "53400")


class Rules(LimitCase):
    policy = policy({}, {"columns": {"rate": "1/hour"}})

    def test_have_rates_of_their_own(self):
        connection = self.connect()
        connection.talk(query("BEGIN"))
        connection.rows("ALTER TABLE app.orders ADD COLUMN one int")
        told = self.refused(connection, query("ALTER TABLE app.orders ADD COLUMN two int"))
        self.assertEqual(told.code, "53400")
        connection.talk(query("ROLLBACK"))
        connection.rows("SELECT id FROM app.orders")


class Connections(LimitCase):
    policy = policy({"*": {"connections": 2}})

    def test_are_given_back(self):
        first = self.connect()
        self.connect()
        with self.assertRaises(ServerError) as caught:
            self.connect()
        self.assertEqual(caught.exception.fields["C"], "53300")
        first.close()
        self.gate.wait_for_entry("session", lambda e: e["event"] == "end")
        self.connect()


class Failures(LimitCase):
    policy = policy({"*": {"same_statement_failures": "3/hour"}})

    def test_of_the_same_statement_are_stopped(self):
        connection = self.connect()
        for send in (query, lambda sql: extended(sql) + SYNC):
            text = f"SELECT 1/0 AS {'a' if send is query else 'b'}"
            for _ in range(3):
                self.assertEqual(self.refused(connection, send(text)).code, "22012")
            told = self.refused(connection, send(text))
            self.assertEqual(told.code, "53400")
            self.assertIn("22012", told.fields["M"])
        self.assertEqual(connection.rows("SELECT 2"), [["2"]])

    def test_of_different_statements_are_not(self):
        connection = self.connect()
        for n in range(5):
            self.assertEqual(self.refused(connection, query(f"SELECT {n}/0")).code, "22012")


class Concurrent(LimitCase):
    policy = policy({"*": {"concurrent": 1}})

    def test_statements_have_a_ceiling(self):
        busy, other = self.connect(), self.connect()
        busy.send(query("SELECT count(*) FROM generate_series(1, 6000) AS a, generate_series(1, 10000) AS b"))
        self.gate.wait_for_entry("decision", lambda e: "generate_series" in e.get("text", ""))
        self.assertEqual(self.refused(other, query("SELECT 1")).code, "53400")
        busy.read_until()
        self.assertEqual(other.rows("SELECT 1"), [["1"]])


if __name__ == "__main__":
    unittest.main()
