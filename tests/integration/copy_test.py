"""COPY in both directions and both protocols, with every way to end it early."""

import unittest

import harness
from wire import COPY_DONE, FLUSH, SYNC, bind, copy_data, copy_fail, execute, extended, parse, query, shape

COPY_IN = "COPY app.events (tag, size) FROM STDIN"
COUNT = "SELECT count(*), sum(size) FROM app.events"


class CopyOut(harness.DifferentialCase):
    def test_table_and_query(self):
        self.same_answer(query("COPY app.orders TO STDOUT"), shape="H ddddd c C Z")
        self.same_answer(query("COPY (SELECT id FROM app.orders ORDER BY id) TO STDOUT (FORMAT csv, HEADER)"),
                         shape="H dddddd c C Z")

    def test_binary(self):
        self.same_answer(query("COPY (SELECT id, payload FROM app.orders ORDER BY id) TO STDOUT (FORMAT binary)"),
                         shape="H dddddd c C Z")

    def test_extended(self):
        self.same_answer(parse("COPY app.customers TO STDOUT"), bind(), execute(), SYNC, shape="12 H ddd c C Z")

    def test_failure_in_the_middle(self):
        self.same_answer(query("COPY (SELECT 1/(3 - n) FROM generate_series(1, 5) AS n) TO STDOUT"), shape="H dd E Z")

    def test_large(self):
        self.same_answer(query("COPY (SELECT n, repeat('y', 500) FROM generate_series(1, 20000) AS n) TO STDOUT"))

    def test_between_other_statements(self):
        self.same_answer(query("SELECT 1; COPY app.customers TO STDOUT; SELECT 2"), shape="TDC Hdddc C TDC Z")


class CopyIn(harness.DifferentialCase):
    @staticmethod
    def ask_and_send(question, *data, then=()):
        """Waits for CopyInResponse before the data, as drivers do; then asks what arrived."""
        def script(connection):
            connection.send(question)
            answer = [connection.read()]
            while answer[-1].type not in "GE":
                answer.append(connection.read())
            answer += connection.talk(*data)
            return answer + connection.talk(query(COUNT))
        return script

    def test_simple(self):
        self.same(self.ask_and_send(query(COPY_IN), copy_data(b"a\t1\nb\t2\n"), copy_data(b"c\t3\n"), COPY_DONE),
                  "G C Z TDCZ")

    def test_rows_split_anywhere(self):
        pieces = [copy_data(bytes([byte])) for byte in b"alpha\t10\nbeta\t20\n"]
        self.same(self.ask_and_send(query(COPY_IN), *pieces, COPY_DONE), "G C Z TDCZ")

    def test_client_gives_up(self):
        self.same(self.ask_and_send(query(COPY_IN), copy_data(b"a\t1\n"), copy_fail("no more")), "G E Z TDCZ")

    def test_server_refuses_a_row(self):
        self.same(self.ask_and_send(query(COPY_IN), copy_data(b"a\tnot a number\n"), COPY_DONE), "G E Z TDCZ")

    def test_client_goes_on_sending_after_the_error(self):
        more = [copy_data(b"x\t1\n" * 2000) for _ in range(50)]
        self.same(self.ask_and_send(query(COPY_IN), copy_data(b"bad\n"), *more, COPY_DONE), "G E Z TDCZ")

    def test_data_sent_ahead(self):
        self.same_answer(query(COPY_IN), copy_data(b"a\t1\n"), COPY_DONE, query(COUNT), shape="G C Z TDCZ", readies=2)

    def test_flush_and_sync_are_ignored_meanwhile(self):
        self.same(self.ask_and_send(query(COPY_IN), FLUSH, SYNC, copy_data(b"a\t1\n"), SYNC, COPY_DONE), "G C Z TDCZ")

    def test_extended(self):
        question = parse(COPY_IN) + bind() + execute() + FLUSH
        self.same(self.ask_and_send(question, copy_data(b"a\t1\n"), COPY_DONE, SYNC), "12G C Z TDCZ")

    def test_extended_with_sync_before_the_data(self):
        question = parse(COPY_IN) + bind() + execute() + SYNC
        self.same(self.ask_and_send(question, copy_data(b"a\t1\n"), COPY_DONE, SYNC), "12G C Z TDCZ")

    def test_extended_given_up(self):
        question = parse(COPY_IN) + bind() + execute() + FLUSH
        self.same(self.ask_and_send(question, copy_data(b"a\t1\n"), copy_fail("no"), SYNC), "12G E Z TDCZ")

    def test_extended_refused_by_the_server(self):
        question = parse(COPY_IN) + bind() + execute() + FLUSH
        self.same(self.ask_and_send(question, copy_data(b"bad\n"), copy_data(b"a\t1\n"), COPY_DONE, SYNC),
                  "12G E Z TDCZ")

    def test_syncs_are_answered_behind_a_failure(self):
        """Where the row fails before the server reads the Sync, the Sync has its answer: more answers than usual."""
        def failing(begin, end):
            return begin + copy_data(b"bad\n") + SYNC + end + SYNC + b"".join([parse("SELECT 1"), bind(), execute(), SYNC])
        extended_copy = parse(COPY_IN) + bind() + execute()
        self.same_answer(failing(query(COPY_IN), b""), query(COUNT), shape="G EZ Z Z 12DCZ TDCZ", readies=5)
        for end in (COPY_DONE, copy_fail("no")):
            self.same_answer(failing(query(COPY_IN), end), query(COUNT), shape="G EZ Z Z 12DCZ TDCZ", readies=5)
            self.same_answer(failing(extended_copy, end), query(COUNT), shape="12G E Z Z 12DCZ TDCZ", readies=4)
            self.same_answer(failing(extended_copy + SYNC, end), query(COUNT), shape="12G E Z Z 12DCZ TDCZ", readies=4)
            self.same_answer(failing(extended_copy + SYNC, end), query("SELECT 1/0"), shape="12G E Z Z 12DCZ EZ",
                             readies=4)

    def test_message_that_does_not_belong_there(self):
        for other in (query("SELECT 1"), parse("SELECT 1")):
            def script(connection, other=other):
                connection.send(query(COPY_IN))
                answer = [connection.read()]
                connection.send(other)
                return answer + connection.read_to_end()
            if self.postgres.major >= 14:
                self.same(script, "G E E")
            else:  # the server goes on there without an answer to it: the gate does not
                self.assertEqual(shape(script(self.connect())), "GEE")

    def test_in_a_transaction(self):
        def script(connection):
            answer = connection.talk(query("BEGIN"))
            connection.send(query(COPY_IN))
            answer.append(connection.read())
            answer += connection.talk(copy_data(b"a\t1\n"), copy_fail("no"))
            answer += connection.talk(query("SELECT 1"))
            return answer + connection.talk(query("ROLLBACK"))
        self.same(script, "CZ G EZ EZ CZ")

    def test_two_in_one_string(self):
        def script(connection):
            connection.send(query(f"{COPY_IN}; SELECT 1; {COPY_IN}"))
            answer = [connection.read()]
            connection.send(copy_data(b"a\t1\n"), COPY_DONE)
            answer += connection.read_until("G")
            return answer + connection.talk(copy_data(b"b\t2\n"), COPY_DONE)
        self.same(script, "G C TDC G C Z")

    def test_binary(self):
        header = b"PGCOPY\n\xff\r\n\0" + bytes(8)
        row = b"\0\2" + b"\0\0\0\3abc" + b"\0\0\0\4" + (7).to_bytes(4, "big")
        self.same(self.ask_and_send(query(COPY_IN + " (FORMAT binary)"), copy_data(header + row + b"\xff\xff"),
                                    COPY_DONE), "G C Z TDCZ")

    def test_large(self):
        block = b"".join(b"row %d\t%d\n" % (n, n) for n in range(5000))
        self.same(self.ask_and_send(query(COPY_IN), *[copy_data(block)] * 40, COPY_DONE), "G C Z TDCZ")

    def test_one_large_message(self):
        self.same(self.ask_and_send(query(COPY_IN), copy_data(b"z" * 20_000_000 + b"\t1\n"), COPY_DONE), "G C Z TDCZ")

    def test_data_without_a_copy_is_ignored(self):
        self.same_answer(copy_data(b"x"), COPY_DONE, query("SELECT 1"), shape="TDCZ")

    def test_pipeline_goes_on_behind_the_copy(self):
        self.same_answer(parse(COPY_IN), bind(), execute(), copy_data(b"a\t1\n"), COPY_DONE, extended("SELECT 1"),
                         SYNC, shape="12GC 12TDC Z")


if __name__ == "__main__":
    unittest.main()
