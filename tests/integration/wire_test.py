"""The exact list of messages, byte for byte: a session with the gate is a session with PostgreSQL."""

import unittest

import harness
from wire import (FLUSH, SYNC, bind, close_portal, close_statement, describe_portal, describe_statement, execute,
                  extended, parse, query, shape)


class SimpleQuery(harness.DifferentialCase):
    def test_rows_of_one_statement(self):
        self.same_answer(query("SELECT * FROM app.orders ORDER BY id"), shape="T DDDDD C Z")

    def test_unqualified_names_resolve_by_the_pinned_search_path(self):
        self.same_answer(query("SELECT id, name FROM customers ORDER BY id"), shape="T DDD C Z")

    def test_no_rows(self):
        self.same_answer(query("SELECT id FROM app.orders WHERE id = 99"), shape="T C Z")

    def test_several_statements_are_answered_one_by_one(self):
        self.same_answer(query("SELECT 1; INSERT INTO app.events (tag) VALUES ('a'), ('b'); "
                               "SELECT tag FROM app.events"), shape="TDC C TDDC Z")

    def test_empty_and_comment_only_queries(self):
        self.same_answer(query(""), shape="I Z")
        self.same_answer(query("  -- nothing\n"), shape="I Z")
        self.same_answer(query("/* a /* b */ */ ;;"), shape="I Z")

    def test_error_of_the_server(self):
        self.same_answer(query("SELECT 1/0"), shape="E Z")
        self.same_answer(query("INSERT INTO app.customers VALUES (1, 'x', 'y')"), shape="E Z")
        self.same_answer(query("SELECT nothing FROM app.orders"), shape="E Z")
        self.same_answer(query("UPDATE app.orders SET amount = -1 WHERE id = 1"), shape="E Z")

    def test_error_in_the_middle_rolls_the_string_back(self):
        def script(connection):
            answer = connection.talk(query("INSERT INTO app.events (tag) VALUES ('a'); SELECT 1/0; SELECT 2"))
            return answer + connection.talk(query("SELECT count(*) FROM app.events"))
        self.same(script, "C E Z TDCZ")

    def test_transaction_status(self):
        def script(connection):
            return [m for sql in ("BEGIN", "SAVEPOINT a", "SELECT 1/0", "SELECT 1", "ROLLBACK TO a", "SELECT 1",
                                  "COMMIT", "ROLLBACK", "BEGIN; SELECT 1/0", "COMMIT")
                    for m in connection.talk(query(sql))]
        self.same(script, "CZ CZ EZ EZ CZ TDCZ CZ NCZ CEZ CZ")

    def test_deferred_constraint_fails_at_commit(self):
        def script(connection):
            return [m for sql in ("BEGIN", "INSERT INTO app.later VALUES (1), (1)", "COMMIT", "SELECT 1")
                    for m in connection.talk(query(sql))]
        self.same(script, "CZ CZ EZ TDCZ")

    def test_notices(self):
        self.same_answer(query("DROP TABLE IF EXISTS app.nothing"), shape="N C Z")

    def test_parameter_status_after_set(self):
        def script(connection):
            return (connection.talk(query("SET TimeZone = 'Europe/Berlin'")) +
                    connection.talk(query("SELECT created FROM app.orders WHERE id = 1")) +
                    connection.talk(query("BEGIN; SET DateStyle = 'German'; ROLLBACK")))
        # Up to version 13 each change was told at once; since then what is left of it when the query ends.
        self.same(script, "CSZ TDCZ CCCZ" if self.postgres.major >= 14 else "SCZ TDCZ CSCSCZ")

    def test_notifications(self):
        def script(connection):
            answer = connection.talk(query("LISTEN ready")) + connection.talk(query("NOTIFY ready, 'now'"))
            own = [m for m in answer if m.type == "A"]
            assert len(own) == 1 and own[0].body[4:] == b"ready\0now\0", answer
            return [m for m in answer if m.type != "A"]  # the process id differs
        self.same(script, "CZ CZ")

    def test_notification_reaches_an_idle_session(self):
        with self.front.connect(harness.AGENT) as listener, self.front.connect(harness.AGENT) as speaker:
            listener.talk(query("LISTEN ready"))
            speaker.talk(query("NOTIFY ready"))
            self.assertEqual(listener.read().type, "A")

    def test_statement_timeout(self):
        def script(connection):
            return (connection.talk(query("SET statement_timeout = 100")) + connection.talk(query(
                "SELECT count(*) FROM generate_series(1, 100000) AS a, generate_series(1, 100000) AS b")) +
                    connection.talk(query("SELECT 1")))
        self.same(script, "CZ TEZ TDCZ")

    def test_many_rows(self):
        self.same_answer(query("SELECT n, repeat('x', 1000) FROM generate_series(1, 5000) AS n"))

    def test_one_large_row(self):
        self.same_answer(query("SELECT repeat('0123456789', 2000000)"), shape="T D C Z")

    def test_queries_sent_ahead_are_answered_in_order(self):
        queries = [query(f"SELECT {n}") for n in range(50)]
        self.same_answer(*queries, shape="TDCZ" * 50, readies=50)


class ExtendedQuery(harness.DifferentialCase):
    def test_every_message(self):
        self.same_answer(
            parse("SELECT id, amount FROM app.orders WHERE id = $1", "s"), describe_statement("s"),
            bind(["2"], "s", "p"), describe_portal("p"), execute("p"), close_portal("p"), close_statement("s"), SYNC,
            shape="1 tT 2 T D C 3 3 Z")

    def test_unnamed_statement_and_portal(self):
        self.same_answer(extended("SELECT $1::text", ["x"]), SYNC, shape="12TDCZ")

    def test_binary_parameters_and_results(self):
        self.same_answer(parse("SELECT id, amount, payload, created FROM app.orders WHERE id = $1", types=[23]),
                         bind([(1).to_bytes(4, "big")], formats=[1], results=[1]), describe_portal(), execute(), SYNC,
                         shape="12TDCZ")

    def test_mixed_formats(self):
        self.same_answer(parse("SELECT id, status, amount FROM app.orders WHERE id = $1 AND status = $2"),
                         bind([(3).to_bytes(4, "big"), "new"], formats=[1, 0], results=[1, 0, 1]),
                         describe_portal(), execute(), SYNC, shape="12TDCZ")

    def test_null_parameters(self):
        self.same_answer(extended("SELECT $1::int IS NULL, $2::text", [None, None]), SYNC, shape="12TDCZ")

    def test_statement_without_rows_is_described_as_no_data(self):
        self.same_answer(parse("UPDATE app.orders SET status = $1 WHERE id = $2"), describe_statement(),
                         bind(["seen", "1"]), describe_portal(), execute(), SYNC, shape="1tn2nCZ")

    def test_empty_query(self):
        self.same_answer(extended(""), SYNC, shape="12nIZ")

    def test_named_statement_serves_many_binds(self):
        binds = [bind([str(n)], "s") + execute() for n in range(1, 6)]
        self.same_answer(parse("SELECT id FROM app.orders WHERE id = $1", "s"), *binds, SYNC,
                         shape="1" + "2DC" * 5 + "Z")

    def test_statement_of_an_earlier_sync(self):
        def script(connection):
            return (connection.talk(parse("SELECT status FROM app.orders WHERE id = $1", "s"), SYNC) +
                    connection.talk(bind(["1"], "s"), execute(), SYNC) +
                    connection.talk(query("SELECT 1")) +
                    connection.talk(bind(["2"], "s"), execute(), SYNC))
        self.same(script, "1Z 2DCZ TDCZ 2DCZ")

    def test_portals_suspend_and_go_on(self):
        self.same_answer(parse("SELECT id FROM app.orders ORDER BY id"), bind(portal="p"), execute("p", 2),
                         execute("p", 2), execute("p", 2), execute("p", 2), SYNC, shape="12 DDs DDs DC C Z")

    def test_portal_lives_to_the_end_of_its_transaction(self):
        def script(connection):
            return (connection.talk(query("BEGIN")) +
                    connection.talk(parse("SELECT id FROM app.orders ORDER BY id"), bind(portal="p"),
                                    execute("p", 3), SYNC) +
                    connection.talk(execute("p", 3), SYNC) + connection.talk(query("COMMIT")))
        self.same(script, "CZ 12DDDsZ DDCZ CZ")

    def test_flush_without_sync(self):
        def script(connection):
            connection.send(parse("SELECT 1"), FLUSH)
            answer = [connection.read()]
            connection.send(bind(), FLUSH)
            answer.append(connection.read())
            connection.send(execute(), FLUSH)
            answer += connection.read_until("C")
            return answer + connection.talk(SYNC)
        self.same(script, "1 2 DC Z")

    def test_error_is_sent_at_once_and_skips_to_sync(self):
        def script(connection):
            connection.send(parse("SELECT nothing FROM app.orders"), bind(), execute())
            answer = [connection.read()]
            return answer + connection.talk(query("SELECT 1"), parse("SELECT 2"), SYNC)
        self.same(script, "E Z")

    def test_error_at_each_message(self):
        self.same_answer(parse("SELECT $1::int"), bind(["x"]), execute(), SYNC, shape="1EZ")
        self.same_answer(extended("SELECT 1/(id - 1) FROM app.orders ORDER BY id"), SYNC, shape="12TEZ")
        self.same_answer(parse("SELECT 1", "s"), parse("SELECT 2", "s"), SYNC, shape="1EZ")
        self.same_answer(describe_statement("unknown"), SYNC, shape="EZ")
        self.same_answer(describe_portal("unknown"), SYNC, shape="EZ")
        self.same_answer(parse("SELECT 1; SELECT 2"), SYNC, shape="EZ")
        self.same_answer(parse("SELECT $1::int"), bind([]), SYNC, shape="1EZ")

    def test_closing_what_does_not_exist(self):
        self.same_answer(close_statement("unknown"), close_portal("unknown"), SYNC, shape="33Z")

    def test_name_is_free_again_after_close(self):
        self.same_answer(parse("SELECT 1", "s"), close_statement("s"), parse("SELECT 2", "s"), bind(statement="s"),
                         execute(), SYNC, shape="131 2DC Z")

    def test_prepared_by_sql_and_by_protocol_share_their_names(self):
        def script(connection):
            return (connection.talk(query("PREPARE p AS SELECT id FROM app.orders WHERE id = $1")) +
                    connection.talk(bind(["2"], "p"), execute(), SYNC) +
                    connection.talk(parse("SELECT 5", "q"), SYNC) + connection.talk(query("EXECUTE q")) +
                    connection.talk(query("DEALLOCATE p")))
        self.same(script, "CZ 2DCZ 1Z TDCZ CZ")

    def test_cursor_of_sql_and_portal_share_their_names(self):
        def script(connection):
            return (connection.talk(query("BEGIN; DECLARE c CURSOR FOR SELECT id FROM app.orders ORDER BY id")) +
                    connection.talk(query("FETCH 2 FROM c")) + connection.talk(execute("c", 1), SYNC) +
                    connection.talk(query("MOVE 1 IN c; CLOSE c; COMMIT")))
        self.same(script, "CCZ TDDCZ DsZ CCCZ")


class Pipelines(harness.DifferentialCase):
    INSERT = "INSERT INTO app.events (tag) VALUES ($1)"

    def test_several_syncs_in_one_write(self):
        parts = [extended(self.INSERT, [f"t{n}"]) + SYNC for n in range(30)]
        self.same_answer(*parts, shape="12nCZ" * 30, readies=30)

    def test_failure_rolls_back_to_the_last_sync_only(self):
        def script(connection):
            answer = connection.talk(extended(self.INSERT, ["kept"]), SYNC, extended(self.INSERT, ["lost"]),
                                     extended("SELECT 1/0"), extended(self.INSERT, ["skipped"]), SYNC,
                                     extended(self.INSERT, ["kept too"]), SYNC, readies=3)
            return answer + connection.talk(query("SELECT tag FROM app.events ORDER BY id"))
        self.same(script, "12nCZ 12nC1EZ 12nCZ TDDCZ")

    def test_transaction_block_over_several_syncs(self):
        statements = ("BEGIN", "SELECT 1", "SELECT 1/0", "SELECT 2", "ROLLBACK", "SELECT 3")
        parts = [extended(sql) + SYNC for sql in statements]
        self.same_answer(*parts, shape="12nCZ 12TDCZ 1EZ EZ 12nCZ 12TDCZ", readies=6)

    def test_simple_queries_between_extended_ones(self):
        self.same_answer(extended("SELECT 1"), SYNC, query("SELECT 2"), extended("SELECT 3"), SYNC, query("SELECT 4"),
                         shape="12TDCZ TDCZ 12TDCZ TDCZ", readies=4)

    def test_simple_query_in_the_middle_of_a_pipeline(self):
        self.same_answer(parse("SELECT 1", "s"), query("SELECT 2"), bind(statement="s"), execute(), SYNC,
                         shape="1 TDCZ 2DCZ", readies=2)

    def test_sync_alone(self):
        self.same_answer(*[SYNC] * 200, shape="Z" * 200, readies=200)

    def test_work_before_a_failure_is_not_visible(self):
        def script(connection):
            failed = connection.talk(extended(self.INSERT, ["x"]), parse("SELECT $1::int"), bind(["y"]), SYNC)
            return failed + connection.talk(query("SELECT count(*) FROM app.events"))
        self.same(script, "12nC 1E Z TDCZ")


class Startup(harness.DifferentialCase):
    def test_parameter_status_is_that_of_the_server(self):
        pinned = '"app"'  # as the gate writes it; 18 tells the client
        direct = self.connect_direct(application_name="x", search_path=pinned)
        through = self.connect(application_name="x")
        self.assertEqual(through.parameters, direct.parameters)
        self.assertEqual(through.parameters["application_name"], "x")

    def test_process_id_is_that_of_the_server(self):
        connection = self.connect()
        [[pid]] = connection.rows("SELECT pg_backend_pid()")
        self.assertEqual(connection.process_id, int(pid))

    def test_messages_of_a_login(self):
        with self.front.socket() as connection:
            login = self.front.login_of(harness.AGENT)
            seen = connection.log_in(login["user"], login["password"], login["database"])
        self.assertRegex(shape(seen), r"^RRRRS+KZ$")


if __name__ == "__main__":
    unittest.main()
