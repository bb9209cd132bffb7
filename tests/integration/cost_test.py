"""What a statement is planned to cost, on a real server: asked with its own parameters, and nothing runs over the limit."""

import copy
import unittest

import harness
from wire import SYNC, bind, close_statement, describe_portal, execute, extended, parse, query, shape

SCHEMA = """
CREATE TABLE app.numbers (n int PRIMARY KEY, filler text);
INSERT INTO app.numbers SELECT n, repeat('x', 100) FROM generate_series(1, 20000) AS n;
CREATE TABLE app.written (n int PRIMARY KEY);
GRANT ALL ON app.numbers, app.written TO PUBLIC;
ANALYZE app.numbers;
"""
POLICY = copy.deepcopy(harness.POLICY)
POLICY["rules"] += [
    {"id": "cheap", "allow": ["select", "copy to stdout"], "on": ["app.numbers"], "to": ["*"], "limits": {"cost": 100}},
    {"id": "little", "allow": ["select", "insert", "update", "delete"], "on": ["app.written"], "to": ["*"],
     "limits": {"cost": 100, "rows_affected": 5}},
]
# By its primary key, and not.
CHEAP, DEAR = "SELECT n FROM app.numbers WHERE n = 7", "SELECT n FROM app.numbers WHERE filler = 'y'"


class Cost(harness.DifferentialCase):
    schema = SCHEMA
    policy = POLICY

    def setUp(self):
        super().setUp()
        self.postgres.sql("TRUNCATE app.written")
        self.log_begin = self.postgres.log_size()

    def refused(self, answer, says, status="I"):
        self.assertEqual(shape(answer)[-2:], "EZ", answer)
        self.assertIn(says, answer[-2].fields["M"])
        self.assertEqual(answer[-1].text, status)

    def alike(self, *messages):
        readies = sum(message.count(SYNC) if message.endswith(SYNC) else message[:1] == b"Q" for message in messages)
        self.same_answer(*messages, readies=readies)

    def assert_never_ran(self, text):
        logged = self.postgres.statements_logged(harness.AGENT.role, self.log_begin)
        self.assertNotIn(text, [one.text for one in logged])

    def test_under_the_limit_nothing_differs(self):
        self.alike(query(CHEAP))
        self.alike(query("BEGIN"), query(CHEAP), query("DECLARE c CURSOR FOR " + CHEAP), query("FETCH c"),
                         query("PREPARE p(int) AS SELECT n FROM app.numbers WHERE n = $1"), query("EXECUTE p(8)"),
                         query("COMMIT"))
        self.alike(extended("SELECT n FROM app.numbers WHERE n = $1", ["9"]), SYNC)
        self.alike(parse("SELECT n FROM app.numbers WHERE n = $1", "s", [23]),
                         bind([b"\0\0\0\x0a"], "s", formats=[1], results=[1]), describe_portal(), execute(), SYNC,
                         bind(["11"], "s"), execute(), SYNC)
        self.alike(query("INSERT INTO app.written VALUES (1)"), query("UPDATE app.written SET n = 2"),
                         query("DELETE FROM app.written RETURNING n"))

    def test_errors_are_the_databases_own(self):
        self.alike(query("SELECT nosuch FROM app.numbers WHERE n = 1"))
        self.alike(query("SELECT n FROM app.numbers WHERE n = 1 / 0"))
        self.alike(query("BEGIN"), query("SELECT n FROM app.numbers WHERE n = 1 / 0"), query(CHEAP), query("ROLLBACK"))
        self.alike(extended("SELECT n FROM app.numbers WHERE n = $1", ["nine"]), SYNC, query("SELECT 1"))
        self.alike(query("INSERT INTO app.written VALUES (1), (1)"))

    def test_over_the_limit_nothing_runs(self):
        connection = self.connect()
        self.refused(connection.talk(query(DEAR)), 'stopped by "cheap": planned to cost ')
        self.refused(connection.talk(extended(DEAR), SYNC), "limit 100; nothing was run.")
        connection.talk(query("BEGIN"))
        self.refused(connection.talk(query(DEAR)), "planned to cost", "E")
        connection.talk(query("ROLLBACK"))
        self.refused(connection.talk(query("DECLARE c CURSOR WITH HOLD FOR " + DEAR)), "planned to cost")
        connection.talk(query("PREPARE p AS " + DEAR))
        self.refused(connection.talk(query("EXECUTE p")), "planned to cost")
        self.assert_never_ran(DEAR)
        self.assertEqual(connection.rows(CHEAP), [["7"]])
        entry = self.gate.wait_for_entry("outcome", lambda e: e.get("limit"))
        self.assertEqual((entry["result"], entry["limit"]), ("stopped", "cost of rule cheap"))
        self.assertEqual(self.gate.verify().returncode, 0)

    def test_the_parameters_count(self):
        connection = self.connect()
        text = "SELECT count(*) FROM app.numbers WHERE n < $1"
        connection.talk(parse(text, "s", [23]), SYNC)
        self.assertEqual(shape(connection.talk(bind(["10"], "s"), execute(), SYNC)), "2DCZ")
        self.refused(connection.talk(bind(["20000"], "s"), execute(), SYNC), "planned to cost")
        self.assertEqual(shape(connection.talk(bind(["10"], "s"), execute(), SYNC)), "2DCZ")

    def test_what_a_name_runs_counts_to_the_end(self):
        named = parse(CHEAP, "x") + parse("EXECUTE x", "s") + SYNC
        self.alike(named, query("EXECUTE s"), bind(statement="s") + execute() + SYNC)
        self.alike(parse("SELECT 1", "s") + SYNC, close_statement("s") + parse("EXECUTE s", "s") + SYNC)
        connection = self.connect()
        connection.talk(parse(DEAR, "x"), parse("EXECUTE x", "s"), SYNC)
        self.refused(connection.talk(query("EXECUTE s")), "planned to cost")
        self.refused(connection.talk(extended("EXECUTE s"), SYNC), "planned to cost")
        self.assert_never_ran(DEAR)

    def test_execute_and_declare_are_planned_when_they_run(self):
        self.alike(parse("SELECT 1", "s") + SYNC, extended("EXECUTE s") + SYNC, query("DEALLOCATE s"),
                   parse("SELECT n / 0 FROM app.numbers WHERE n = 7", "s") + SYNC, extended("EXECUTE s") + SYNC,
                   query("BEGIN"), extended("DECLARE c CURSOR FOR SELECT n FROM app.numbers WHERE n = 1 / 0") + SYNC)
        self.alike(parse(CHEAP, "s") + parse("EXECUTE s", "e") + SYNC, query("BEGIN"), bind(statement="e", portal="p") + SYNC,
                   execute("p", 1) + execute("p", 1) + SYNC)
        connection = self.connect()
        connection.talk(parse(CHEAP, "s"), parse("EXECUTE s", "e"), SYNC)
        connection.talk(query("BEGIN"))
        connection.talk(bind(statement="e", portal="p"), SYNC)
        connection.talk(query("DEALLOCATE s"))
        connection.talk(parse(DEAR, "s"), SYNC)
        self.refused(connection.talk(execute("p"), SYNC), "planned to cost", "E")

    def test_what_cannot_be_estimated_is_refused(self):
        connection = self.connect()
        for text in ("COPY app.numbers TO STDOUT", "EXPLAIN ANALYZE " + CHEAP, CHEAP + "; " + CHEAP):
            self.refused(connection.talk(query(text)), "(its limit \"cost\" is 100)")
        self.assertEqual(shape(connection.talk(query("EXPLAIN " + DEAR)))[-2:], "CZ")

    def test_rows_are_limited_besides(self):
        connection = self.connect()
        self.refused(connection.talk(query("INSERT INTO app.written SELECT generate_series(1, 6)")), "touched 6 rows")
        self.assertEqual(self.postgres.sql("SELECT count(*) FROM app.written"), [["0"]])


if __name__ == "__main__":
    unittest.main()
