"""What the gate refuses, wherever it stands: an error in its turn, the transaction as PostgreSQL would leave it,
nothing of the text at the server, and the decision in the audit log under the number that the agent was told."""

import re
import unittest

import harness
from wire import (COPY_DONE, FLUSH, SYNC, bind, copy_data, describe_portal, describe_statement, execute, extended,
                  function_call, parse, query, shape)

SECRET = "SELECT ssn FROM app.users WHERE ssn <> 'canary-4711'"
INSERT = "INSERT INTO app.events (tag) VALUES ($1)"


class RefusalCase(harness.ShopCase):
    def setUp(self):
        super().setUp()
        self.connection = self.connect()
        self.log_start = self.postgres.log_size()

    def talk(self, *messages, readies=1):
        return self.connection.talk(*messages, readies=readies)

    def events(self):
        return [tag for [tag] in self.postgres.sql("SELECT tag FROM app.events ORDER BY id")]

    def assert_refused(self, answer, expected_shape, code="42501", text=SECRET):
        """The one error in the answer is the gate's own; gives its entry in the audit log."""
        self.assertEqual(shape(answer), expected_shape.replace(" ", ""), answer)
        [error] = [m for m in answer if m.type == "E" and m.code != "25P02"]
        fields = error.fields
        self.assertEqual((fields["S"], fields["V"], fields["C"]), ("ERROR", "ERROR", code), fields)
        entry = self.entry_of(fields["M"])
        self.assertEqual((entry["t"], entry["verdict"], entry["agent"]), ("decision", "deny", "repair"))
        self.assertEqual(entry["sqlstate"], code)
        if text is not None:
            self.assertEqual(entry["text"], text)
        return entry

    def entry_of(self, message):
        """A name that is not known gets PostgreSQL's own message, all else the number of its record."""
        if message.endswith('" does not exist'):
            return self.gate.entries("decision")[-1]
        number = re.search(r"\bRecord (\d+)\b", message)
        self.assertTrue(number, message)
        [entry] = [e for e in self.gate.entries() if e["i"] == int(number[1])]
        return entry

    def assert_usable(self):
        self.assertEqual(shape(self.talk(query("SELECT 1"))), "TDCZ")
        self.assertEqual(shape(self.talk(extended("SELECT 1"), SYNC)), "12TDCZ")

    def server_log(self):
        with open(self.postgres.folder / "log", "rb") as log:
            log.seek(self.log_start)
            return log.read().decode()

    def assert_server_never_saw(self, *texts, poison=None):
        """`poison` is the entry whose number the server's log has in place of the statement."""
        log = self.server_log()
        for text in texts:
            self.assertNotIn(text, log)
        self.assertEqual("PORTCULLIS_DENIED" in log, poison is not None)
        if poison is not None:
            self.assertIn(f"PORTCULLIS_DENIED record {poison['i']}\n", log)


class Queries(RefusalCase):
    def test_idle(self):
        entry = self.assert_refused(self.talk(query(SECRET)), "EZ")
        self.assertEqual((entry["message"], entry["rule"]), ("Query", "pii"))
        self.assert_server_never_saw("canary-4711")
        self.assert_usable()

    def test_message_says_what_rule_and_what_is_allowed(self):
        [error] = [m for m in self.talk(query(SECRET)) if m.type == "E"]
        self.assertRegex(error.fields["M"], r'^portcullis: .*"pii".*app\.users.*Record \d+\..*app\.')
        self.assertNotIn("canary", error.fields["M"])

    def test_whole_string_is_refused_for_one_statement(self):
        text = f"INSERT INTO app.events (tag) VALUES ('before'); {SECRET}; SELECT 1"
        self.assert_refused(self.talk(query(text)), "EZ", text=text)
        self.assertEqual(self.events(), [])
        self.assert_server_never_saw("canary-4711", "before")

    def test_the_articles_own_bypass(self):
        text = "ALTER TABLE app.orders ADD COLUMN x int; DROP TABLE app.users"
        self.assert_refused(self.talk(query(text)), "EZ", text=text)
        self.assertEqual(self.postgres.sql("SELECT count(*) FROM app.users"), [["1"]])

    def test_in_a_transaction_fails_it(self):
        self.talk(query("BEGIN"))
        self.talk(query("INSERT INTO app.events (tag) VALUES ('lost')"))
        answer = self.talk(query(SECRET))
        entry = self.assert_refused(answer, "EZ")
        self.assertEqual(answer[-1].text, "E")
        after = self.talk(query("SELECT 1"))
        self.assertEqual((shape(after), after[0].code, after[-1].text), ("EZ", "25P02", "E"))
        end = self.talk(query("COMMIT"))
        self.assertEqual([m.text for m in end], ["ROLLBACK", "I"])
        self.assertEqual(self.events(), [])
        self.assert_server_never_saw("canary-4711", poison=entry)
        self.assert_usable()

    def test_in_a_failed_transaction(self):
        self.talk(query("BEGIN"))
        self.talk(query("SELECT 1/0"))
        answer = self.talk(query(SECRET))
        self.assert_refused(answer, "EZ")
        self.assertEqual(answer[-1].text, "E")
        self.talk(query("ROLLBACK"))
        self.assert_usable()

    def test_savepoint_takes_it_back(self):
        self.talk(query("BEGIN"))
        self.talk(query("INSERT INTO app.events (tag) VALUES ('kept')"))
        self.talk(query("SAVEPOINT a"))
        self.assert_refused(self.talk(query(SECRET)), "EZ")
        self.assertEqual(self.talk(query("ROLLBACK TO a"))[-1].text, "T")
        self.assertEqual([m.text for m in self.talk(query("COMMIT"))], ["COMMIT", "I"])
        self.assertEqual(self.events(), ["kept"])

    def test_among_queries_sent_ahead(self):
        answer = self.talk(query("SELECT 1"), query(SECRET), query("SELECT 2"), readies=3)
        self.assert_refused(answer, "TDCZ EZ TDCZ")

    def test_begin_sent_ahead(self):
        answer = self.talk(query("BEGIN"), query("INSERT INTO app.events (tag) VALUES ('lost')"), query(SECRET),
                           query("COMMIT"), readies=4)
        self.assert_refused(answer, "CZ CZ EZ CZ")
        self.assertEqual([m.text for m in answer if m.type == "Z"], ["T", "T", "E", "I"])
        self.assertEqual(self.events(), [])

    def test_many_in_a_row(self):
        for _ in range(100):
            self.assert_refused(self.talk(query(SECRET)), "EZ")
        self.assert_server_never_saw("canary-4711")

    def test_syntax_error(self):
        self.assert_refused(self.talk(query("SELEC 1")), "EZ", code="42601", text="SELEC 1")
        [error] = [m for m in self.talk(query("SELECT é FROM FROM x")) if m.type == "E"]
        self.assertEqual(error.fields["P"], "15")

    def test_bytes_that_are_not_utf8(self):
        self.assert_refused(self.talk(query(b"SELECT '\xff'")), "EZ", code="22021", text=None)
        self.assert_usable()

    def test_what_has_no_rule(self):
        for text in ("CREATE ROLE mallory", "DO $$ BEGIN END $$", "ALTER SYSTEM SET fsync = off", "SELECT pg_sleep(1)",
                     "COPY app.orders TO PROGRAM 'true'", "SELECT pg_read_file('PG_VERSION')", "SET ROLE postgres",
                     "SET search_path = public", "SELECT set_config('search_path', 'public', false)",
                     "SELECT * FROM app.orders, app.users", "DELETE FROM app.ledger", "VACUUM app.orders",
                     "WITH w AS (DELETE FROM app.ledger RETURNING 1) SELECT 1",
                     "SELECT lo_import('/etc/passwd')", "SELECT query_to_xml('select 1', true, true, '')",
                     "TRUNCATE app.orders, app.ledger", "EXPLAIN ANALYZE DELETE FROM app.ledger",
                     "PREPARE p AS SELECT * FROM app.users", "DECLARE c CURSOR WITH HOLD FOR TABLE app.users"):
            with self.subTest(text):
                self.assert_refused(self.talk(query(text)), "EZ", text=text)
        self.assert_server_never_saw("mallory", "pg_sleep", "PG_VERSION")


class Pipelines(RefusalCase):
    def test_parse(self):
        answer = self.talk(parse(SECRET, "s"), describe_statement("s"), bind(statement="s"), execute(), SYNC)
        entry = self.assert_refused(answer, "EZ")
        self.assertEqual(entry["message"], "Parse")
        self.assert_server_never_saw("canary-4711", poison=entry)
        gone = self.talk(describe_statement("s"), SYNC)
        self.assertEqual((shape(gone), gone[0].code), ("EZ", "26000"))
        self.assert_usable()

    def test_parse_rolls_back_what_came_before_it_in_the_pipeline(self):
        answer = self.talk(extended(INSERT, ["lost"]), extended(SECRET), extended(INSERT, ["skipped"]), SYNC,
                           extended(INSERT, ["kept"]), SYNC, readies=2)
        self.assert_refused(answer, "12nC E Z 12nCZ")
        self.assertEqual(self.events(), ["kept"])

    def test_parse_in_a_transaction(self):
        self.talk(query("BEGIN"))
        answer = self.talk(extended(INSERT, ["lost"]), extended(SECRET), SYNC)
        self.assert_refused(answer, "12nC E Z")
        self.assertEqual(answer[-1].text, "E")
        self.assertEqual(self.talk(extended("COMMIT"), SYNC)[-2].text, "ROLLBACK")
        self.assertEqual(self.events(), [])

    def test_error_is_sent_at_once_without_sync(self):
        self.connection.send(parse(SECRET))
        self.assertEqual(self.connection.read().code, "42501")
        self.connection.send(parse("SELECT 1"), FLUSH, query("SELECT 2"))
        self.assertEqual(shape(self.talk(SYNC)), "Z")
        self.assert_usable()

    def test_failed_parse_of_the_unnamed_statement_removes_the_former(self):
        self.talk(parse("SELECT 1"), SYNC)
        self.talk(parse(SECRET), SYNC)
        answer = self.talk(bind(), execute(), SYNC)
        self.assertEqual((shape(answer), answer[0].code), ("EZ", "26000"))

    def test_an_earlier_error_of_the_server_comes_first(self):
        answer = self.talk(extended("SELECT 1/0"), extended(SECRET), SYNC)
        self.assertEqual((shape(answer), answer[1].code), ("1EZ", "22012"))
        self.assert_server_never_saw("canary-4711")

    def test_between_suspended_portals(self):
        self.talk(query("BEGIN"))
        self.talk(parse("SELECT id FROM app.orders"), bind(portal="p"), execute("p", 1), SYNC)
        answer = self.talk(parse(SECRET, "s"), execute("p", 1), SYNC)
        self.assert_refused(answer, "EZ")
        self.assertEqual(answer[-1].text, "E")

    def test_query_behind_extended_messages(self):
        answer = self.talk(extended(INSERT, ["a"]), query(SECRET), SYNC, readies=2)
        self.assert_refused(answer, "12nC EZ Z")
        self.assertEqual(self.events(), [])

    def test_copy_goes_on_behind_a_refusal(self):
        self.assert_refused(self.talk(query("COPY app.users FROM STDIN")), "EZ", text="COPY app.users FROM STDIN")
        self.connection.send(copy_data(b"1\tx\n"), COPY_DONE)
        self.assert_usable()


class Names(RefusalCase):
    def test_bind_of_an_unknown_statement(self):
        answer = self.talk(extended(INSERT, ["lost"]), bind(statement="unknown"), execute(), SYNC)
        entry = self.assert_refused(answer, "12nC E Z", code="26000", text=None)
        self.assertEqual(entry["message"], "Bind")
        self.assertEqual(self.events(), [])
        self.assert_usable()

    def test_execute_of_an_unknown_portal(self):
        answer = self.talk(extended(INSERT, ["lost"]), execute("unknown"), SYNC)
        entry = self.assert_refused(answer, "12nC E Z", code="34000", text=None)
        self.assertEqual(entry["message"], "Execute")
        self.assertEqual(self.events(), [])
        self.assert_usable()

    def test_execute_and_fetch_of_unknown_names(self):
        self.assert_refused(self.talk(query("EXECUTE unknown")), "EZ", code="26000", text="EXECUTE unknown")
        self.assert_refused(self.talk(query("FETCH unknown")), "EZ", code="34000", text="FETCH unknown")
        self.assert_refused(self.talk(query("MOVE unknown")), "EZ", code="34000", text="MOVE unknown")

    def test_messages_are_those_of_the_server(self):
        for text in ("EXECUTE unknown", "FETCH unknown"):
            [through] = [m for m in self.talk(query(text)) if m.type == "E"]
            [direct] = [m for m in self.connect_direct().talk(query(text)) if m.type == "E"]
            self.assertEqual((through.code, through.fields["M"]), (direct.code, direct.fields["M"]))

    def test_statement_of_a_refused_name_is_not_made_by_its_repetition(self):
        self.talk(parse("SELECT 1", "s"), SYNC)
        self.assert_refused(self.talk(parse(SECRET, "s"), SYNC), "EZ")
        answer = self.talk(bind(statement="s"), execute(), SYNC)  # a named statement survives
        self.assertEqual((shape(answer), answer[1].row), ("2DCZ", [b"1"]))

    def test_describe_and_close_of_refused_names(self):
        answer = self.talk(parse(SECRET, "s"), SYNC, describe_statement("s"), SYNC, describe_portal("s"), SYNC,
                           readies=3)
        self.assertEqual([m.code for m in answer if m.type == "E"], ["42501", "26000", "34000"])

    def test_deallocate_and_discard_forget_names(self):
        self.talk(query("PREPARE p AS SELECT 1"))
        self.assertEqual(shape(self.talk(query("DEALLOCATE p"))), "CZ")
        answer = self.talk(query("EXECUTE p"))
        self.assertEqual((shape(answer), answer[0].code), ("EZ", "26000"))

    def test_function_call(self):
        answer = self.talk(function_call(1598))  # random()
        entry = self.assert_refused(answer, "EZ", code="0A000", text=None)
        self.assertEqual(entry["message"], "FunctionCall")
        self.talk(query("BEGIN"))
        self.assertEqual(self.talk(function_call(1598, [b"x" * 5000]))[-1].text, "E")
        self.talk(query("ROLLBACK"))
        self.assertNotIn("fastpath", self.server_log())
        self.assert_usable()


if __name__ == "__main__":
    unittest.main()
