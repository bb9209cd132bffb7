"""`rows_affected` of a rule: under the limit nothing shows, byte for byte; over it the transaction fails, and no row of
what was too much is there."""

import copy
import socket
import unittest

import copy_test
import harness
import wire
import wire_test
from wire import (COPY_DONE, FLUSH, SYNC, bind, copy_data, copy_fail, describe_portal, execute, extended, parse, query,
                  shape)

SCHEMA = """
CREATE TABLE app.t (id int PRIMARY KEY, v int NOT NULL DEFAULT 0, label text);
CREATE TABLE app.parent (id int PRIMARY KEY);
CREATE TABLE app.child (id int PRIMARY KEY, parent int REFERENCES app.parent ON DELETE CASCADE);
CREATE TABLE app.watched (id int PRIMARY KEY, v int);
CREATE TABLE app.log (id serial, what text);
CREATE TABLE app.part (id int, k int) PARTITION BY LIST (k);
CREATE TABLE app.part1 PARTITION OF app.part FOR VALUES IN (1);
CREATE TABLE app.part2 PARTITION OF app.part FOR VALUES IN (2);
CREATE TABLE app.free (id int);
CREATE VIEW app.seen AS SELECT id, v FROM app.t;
CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE NOTICE 'row %', NEW.id; INSERT INTO app.log (what) VALUES ('x'); RETURN NEW; END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON app.watched FOR EACH ROW EXECUTE FUNCTION app.note();
CREATE FUNCTION app.put(n int) RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO app.t SELECT g + 1000, 0 FROM generate_series(1, n) g; RETURN n; END $$;
CREATE FUNCTION app.put_one(n int) RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO app.t VALUES (n + 2000, 0); RETURN n; END $$;
CREATE FUNCTION app.sneak(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN RETURN app.put(n); END $$;
CREATE FUNCTION app.undone(n int) RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN
    BEGIN INSERT INTO app.t SELECT g + 1000, 0 FROM generate_series(1, n) g; RAISE 'no'; EXCEPTION WHEN OTHERS THEN NULL; END;
    UPDATE app.t SET v = v + 1 WHERE id = 1; RETURN 1;
  END $$;
CREATE FUNCTION app.made(n int) RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN CREATE TEMP TABLE fresh (i int); INSERT INTO fresh SELECT generate_series(1, n); RETURN n; END $$;
CREATE FUNCTION app.hides(n int) RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN
    PERFORM pg_stat_clear_snapshot();
    EXECUTE 'DEALLOCATE ALL';
    RETURN app.put(n);
  END $$;
ALTER FUNCTION app.put(int) OWNER TO agent_repair_db;
"""
OWNED = ["t", "parent", "child", "watched", "log", "part", "part1", "part2", "free"]
SCHEMA += "".join(f"ALTER TABLE app.{name} OWNER TO agent_repair_db;" for name in OWNED)
SCHEMA += "ALTER VIEW app.seen OWNER TO agent_repair_db;"
ROWS = """TRUNCATE app.t, app.parent, app.child, app.watched, app.log, app.part, app.free RESTART IDENTITY;
INSERT INTO app.t SELECT g, 0, 'l' FROM generate_series(1, 40) g;
INSERT INTO app.parent SELECT g FROM generate_series(1, 4) g;
INSERT INTO app.child SELECT g, 1 + g % 4 FROM generate_series(1, 20) g;
INSERT INTO app.watched SELECT g, 0 FROM generate_series(1, 5) g;
INSERT INTO app.part SELECT g, 1 FROM generate_series(1, 5) g;
TRUNCATE app.log RESTART IDENTITY;"""
FUNCTIONS = ["app.note()", "app.put(integer)", "app.put_one(integer)", "app.sneak(integer)", "app.undone(integer)",
             "app.made(integer)", "app.hides(integer)"]


def limited(rows, more=()):
    policy = copy.deepcopy(harness.POLICY)
    for rule in policy["rules"]:
        if rule["id"] == "write":
            rule["limits"] = {"rows_affected": rows}
            rule["on"] = rule["on"] + [f"app.{name}" for name in OWNED if name != "free"] + ["app.seen", *more]
        if rule["id"] == "read":
            rule["on"] = rule["on"] + [f"app.{name}" for name in OWNED] + ["app.seen", *more]
    policy["rules"].append({"id": "free", "allow": ["insert"], "on": ["app.free"], "to": ["*"]})
    policy["functions"] = {"allow": list(FUNCTIONS)}
    return policy


class RowsCase(harness.DifferentialCase):
    schema = SCHEMA
    rows = ROWS

    def scenario(self, *parts):
        self.reset_rows()
        self.same(batches(*parts))

    def reset_rows(self):
        super().reset_rows()
        self.postgres.sql(self.rows)


def batches(*parts):
    """Each part is sent when the answer to the one before is in; ends with what the tables hold."""
    state = ("SELECT (SELECT count(*) FROM app.t), (SELECT sum(v) FROM app.t), (SELECT count(*) FROM app.child), "
             "(SELECT count(*) FROM app.log), (SELECT count(*) FROM app.part2), (SELECT count(*) FROM app.free)")

    def script(connection):
        seen = []
        for part in parts + (query("ROLLBACK"), query(state)):
            messages = part if isinstance(part, tuple) else (part,)
            sent = b"".join(messages)
            seen += connection.talk(sent, readies=sum(one == SYNC or one[:1] == b"Q" for one in messages))
        return seen
    return script


def q(*texts):
    return tuple(query(text) for text in texts)


def x(sql, parameters=(), **options):
    return extended(sql, parameters, **options)


class UnderTheLimit(RowsCase):
    policy = limited(100)

    def test_query_tags(self):
        for text in ("INSERT INTO app.t VALUES (101), (102)", "UPDATE app.t SET v = 1 WHERE id < 4",
                     "DELETE FROM app.t WHERE id = 1", "DELETE FROM app.t WHERE id = 1000",
                     "UPDATE app.t SET v = 2 WHERE id = 3 RETURNING id, v", "UPDATE app.t SET v = 1 WHERE id = 1 --",
                     "UPDATE app.t SET v = 1 WHERE id = 1;;", "/* c */ DELETE FROM app.t WHERE id = 2 /* d */"):
            with self.subTest(text):
                self.scenario(query(text))

    def test_query_errors(self):
        for text in ("UPDATE app.t SET v = nosuch", "INSERT INTO app.t VALUES (1)",
                     "INSERT INTO app.t SELECT 1000 + g, 1 / (5 - g) FROM generate_series(1, 9) g",
                     "UPDATE app.t SET v = 'x'", "INSERT INTO app.later VALUES (1), (1)",
                     "INSERT INTO app.later VALUES (7); SELECT 1; INSERT INTO app.later VALUES (7)"):
            with self.subTest(text):
                self.scenario(query(text), query("SELECT 1"))

    def test_query_in_a_block(self):
        self.scenario(*q("BEGIN", "INSERT INTO app.t VALUES (101)", "UPDATE app.t SET v = 5 WHERE id = 101",
                         "SELECT v FROM app.t WHERE id = 101", "COMMIT"))
        self.scenario(*q("BEGIN", "DELETE FROM app.t", "ROLLBACK"))
        self.scenario(*q("BEGIN", "DELETE FROM app.t WHERE id = 1", "COMMIT AND CHAIN", "SELECT 1", "COMMIT"))

    def test_failed_blocks_and_savepoints(self):
        self.scenario(*q("BEGIN", "SAVEPOINT _g", "INSERT INTO app.t VALUES (1)", "INSERT INTO app.t VALUES (200)",
                         "ROLLBACK TO _g", "INSERT INTO app.t VALUES (201)", "RELEASE _g", "COMMIT"))
        self.scenario(*q("BEGIN", "SELECT 1/0", "DELETE FROM app.t", "COMMIT"))

    def test_deferred_constraints(self):
        self.scenario(*q("BEGIN", "INSERT INTO app.later VALUES (1)", "INSERT INTO app.later VALUES (1)", "COMMIT"))
        self.scenario(*q("BEGIN", "INSERT INTO app.later VALUES (1), (1)",
                         "DELETE FROM app.later WHERE ctid = (SELECT min(ctid) FROM app.later)", "COMMIT"))
        self.scenario(*q("BEGIN", "INSERT INTO app.later VALUES (1), (1)", "SET CONSTRAINTS ALL IMMEDIATE", "COMMIT"))
        self.scenario((x("INSERT INTO app.later VALUES (1), (1)"), SYNC))

    def test_several_statements(self):
        for text in ("INSERT INTO app.t VALUES (101); UPDATE app.t SET v = 1 WHERE id = 101; SELECT 1",
                     "INSERT INTO app.t VALUES (101); SELECT 1/0; SELECT 2",
                     "SELECT 1; INSERT INTO app.t VALUES (1); SELECT 2", "SET LOCAL statement_timeout = 5000; "
                     "UPDATE app.t SET v = 1 WHERE id = 1", "UPDATE app.t SET v = 1 WHERE id = 1; SELECT nosuch FROM app.t",
                     "LOCK TABLE app.t; DELETE FROM app.t WHERE id = 1"):
            with self.subTest(text):
                self.scenario(query(text))
                self.scenario(query("BEGIN"), query(text), query("COMMIT"))

    def test_pipelined_queries(self):
        self.scenario(q("UPDATE app.t SET v = 1 WHERE id = 1", "UPDATE app.t SET v = 2 WHERE id = 2"))
        self.scenario(q("BEGIN", "UPDATE app.t SET v = 1 WHERE id = 1", "COMMIT", "SELECT 1"))
        self.scenario((x("SELECT 1"), SYNC, query("DELETE FROM app.t WHERE id = 4"), x("SELECT 2"), SYNC))

    def test_triggers_and_cascades(self):
        self.scenario(query("INSERT INTO app.watched VALUES (10), (11)"))
        self.scenario(query("UPDATE app.watched SET v = 1"))
        self.scenario(query("DELETE FROM app.parent WHERE id = 2"))
        self.scenario((x("INSERT INTO app.watched VALUES (12), (13)"), SYNC))

    def test_other_ways_to_write(self):
        for text in ("WITH d AS (DELETE FROM app.t WHERE id < 5 RETURNING id) SELECT count(*) FROM d",
                     "UPDATE app.part SET k = 2 WHERE id < 3", "UPDATE app.seen SET v = 3 WHERE id = 2",
                     "INSERT INTO app.t VALUES (1, 5) ON CONFLICT (id) DO UPDATE SET v = 6",
                     "SELECT app.put(5)", "EXPLAIN (ANALYZE, BUFFERS OFF, COSTS OFF, TIMING OFF, SUMMARY OFF) "
                     "DELETE FROM app.t WHERE id = 3", "EXPLAIN (COSTS OFF) DELETE FROM app.t",
                     "INSERT INTO app.t VALUES (500, 1, repeat('x', 200000))",
                     "INSERT INTO app.free SELECT g FROM generate_series(1, 300) g"):
            with self.subTest(text):
                self.scenario(query(text))
                self.scenario((x(text), SYNC))

    def test_sql_prepared_statements_and_cursors(self):
        self.scenario(*q("PREPARE p (int) AS UPDATE app.t SET v = $1 WHERE id < 4", "EXECUTE p (3)", "DEALLOCATE p"))
        self.scenario(*q("BEGIN", "DECLARE c CURSOR FOR SELECT id FROM app.t", "FETCH 2 FROM c",
                         "UPDATE app.t SET v = 9 WHERE CURRENT OF c", "COMMIT"))

    def test_settings_and_modes(self):
        self.scenario(*q("BEGIN READ ONLY", "UPDATE app.t SET v = 1 WHERE id = 1", "COMMIT"))
        self.scenario(*q("BEGIN ISOLATION LEVEL SERIALIZABLE", "UPDATE app.t SET v = 1 WHERE id = 1", "COMMIT"))
        self.scenario(*q("BEGIN", "UPDATE app.t SET v = 1 WHERE id = 1", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
        self.scenario(*q("INSERT INTO app.events (tag) VALUES ('a')", "SELECT lastval()"))

    def test_pipelines(self):
        self.scenario((x("UPDATE app.t SET v = 1 WHERE id = 1 RETURNING id"), SYNC))
        self.scenario((x("UPDATE app.t SET v = 1 WHERE id = 1 RETURNING id", results=[1]), SYNC))
        self.scenario((x("INSERT INTO app.t VALUES (101)"), x("DELETE FROM app.t WHERE id = 2"), x("SELECT 1"), SYNC))
        self.scenario((x("INSERT INTO app.t VALUES (101)"), x("INSERT INTO app.t VALUES (1)"),
                       x("DELETE FROM app.t"), SYNC))
        self.scenario((x("INSERT INTO app.t VALUES ($1)", ["7000"]), FLUSH, x("SELECT 1"), FLUSH, SYNC))
        self.scenario((x("INSERT INTO app.t VALUES (101)"), parse("SELECT 1/0"), bind(), x("SELECT 1"), SYNC))
        self.scenario((x("BEGIN"), x("INSERT INTO app.t VALUES (101)"), x("COMMIT"), SYNC))
        self.scenario(query("BEGIN"), (x("SELECT 1/0"), SYNC), (x("DELETE FROM app.t"), SYNC))
        self.scenario((x(""), SYNC))

    def test_portals(self):
        text = "UPDATE app.t SET v = 1 WHERE id < 6 RETURNING id"
        self.scenario((parse(text), bind(), execute(rows=2), execute(rows=2), execute(), SYNC))
        self.scenario(query("BEGIN"), (parse(text, "s"), bind(statement="s", portal="p"), execute("p", 2), SYNC),
                      (execute("p", 1), SYNC), (execute("p"), SYNC), query("COMMIT"))
        self.scenario((parse("INSERT INTO app.t VALUES ($1::int)", "s"), bind(["101"], "s", "a"),
                       bind(["102"], "s", "b"), execute("a"), execute("b"), SYNC))
        self.scenario((parse("INSERT INTO app.t VALUES ($1::int)"), bind(["101"]), execute(), SYNC),
                      (bind(["102"]), execute(), SYNC), (bind(["103"]), execute(), SYNC))
        self.scenario(query("BEGIN"), (parse("SELECT app.put_one(g) FROM generate_series(1, 6) g"),
                                       bind(portal="p"), execute("p", 2), SYNC),
                      (execute("p", 2), SYNC), (execute("p"), SYNC), query("COMMIT"))
        self.scenario((parse("SELECT 1"), parse("DELETE FROM app.t WHERE id = 2"), describe_portal(), SYNC))
        self.scenario((parse("DELETE FROM app.t WHERE id = 3"), bind(), execute(), execute(), SYNC))


class CopyUnderTheLimit(copy_test.CopyIn):
    policy = limited(1_000_000)
    schema = SCHEMA
    # A Sync inside data that fail leaves it open which answers are still to come: the session ends, nothing is stored.
    test_syncs_are_answered_behind_a_failure = None

    def test_message_that_does_not_belong_there(self):
        for other in (query("SELECT 1"), parse("SELECT 1"), query("DELETE FROM app.t")):
            connection = self.connect()
            connection.send(query(copy_test.COPY_IN))
            self.assertEqual(connection.read().type, "G")
            connection.send(copy_data(b"a\t1\n"), other)
            self.assertEqual([one.code for one in connection.read_to_end()], ["08P01"])
        self.assertEqual(self.connect_direct().rows(copy_test.COUNT)[0][0], "0")


class QueriesUnderTheLimit(wire_test.SimpleQuery):
    policy = limited(100)
    schema = SCHEMA


class ExtendedUnderTheLimit(wire_test.ExtendedQuery):
    policy = limited(100)
    schema = SCHEMA


class PipelinesUnderTheLimit(wire_test.Pipelines):
    policy = limited(100)
    schema = SCHEMA


class OverTheLimit(RowsCase):
    policy = limited(3)
    needs_gate = True

    def setUp(self):
        super().setUp()
        self.connection = self.connect()

    def stopped(self, *messages, shape_="EZ", status="I", says=None, code="42501"):
        answer = self.connection.talk(*messages)
        self.assertEqual(shape(answer), shape_.replace(" ", ""), answer)
        self.assertEqual(answer[-1].text, status)
        error = [one for one in answer if one.type == "E"][0]
        self.assertEqual(error.code, code, error)
        if says:
            self.assertIn(says, error.fields["M"])
        return error.fields["M"]

    def value(self, sql="SELECT count(*) FROM app.t"):
        return self.connect_direct().rows(sql)[0][0]

    def test_the_message_and_the_record(self):
        told = self.stopped(query("UPDATE app.t SET v = 1 WHERE id < 6"))
        self.assertRegex(told, r'^portcullis: stopped by "write": UPDATE touched 5 rows in 1 table \(app\.t: 5\), limit 3; '
                               r"nothing was changed\. Record \d+\.$")
        record = int(told.split()[-1].rstrip("."))
        outcome = self.gate.wait_for_entry("outcome", lambda e: e["result"] == "stopped" and e["decision"] == record)
        self.assertEqual((outcome["changed"], outcome["sqlstate"], outcome["status"]), (["app.t: 5"], "42501", "I"))
        self.assertEqual(outcome["error"], told)
        self.assertEqual(self.value("SELECT sum(v) FROM app.t"), "0")
        self.assertEqual(self.gate.verify().returncode, 0)

    def test_a_client_that_closes_its_side_is_counted_and_committed(self):
        self.connection.send(query("INSERT INTO app.t SELECT 501"))
        self.connection.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(shape(self.connection.read_to_end()), "CZ")
        self.assertEqual(self.value("SELECT count(*) FROM app.t WHERE id = 501"), "1")

    def test_the_boundary_is_exact(self):
        self.assertEqual(shape(self.connection.talk(query("INSERT INTO app.t VALUES (101), (102), (103)"))), "CZ")
        self.stopped(query("INSERT INTO app.t VALUES (201), (202), (203), (204)"))
        self.assertEqual(self.value(), "43")

    def test_counts_what_follows(self):
        self.stopped(query("UPDATE app.watched SET v = 2 WHERE id < 3"), shape_="NNEZ", says="touched 4 rows in 2 tables")
        self.stopped(query("DELETE FROM app.parent WHERE id = 1"), says="touched 6 rows in 2 tables (app.child: 5, ")
        self.stopped(query("WITH d AS (DELETE FROM app.t WHERE id < 5) SELECT 1"), shape_="TDEZ", says="SELECT touched 4")
        self.stopped(query("UPDATE app.part SET k = 2 WHERE id < 3"), says="touched 4 rows")  # out here and in there
        self.stopped(query("SELECT app.put(4)"), shape_="TDEZ")
        self.stopped(query("EXPLAIN (ANALYZE, BUFFERS OFF, COSTS OFF, TIMING OFF, SUMMARY OFF) DELETE FROM app.t"), shape_="TDDEZ")
        self.stopped(query("INSERT INTO app.t SELECT g, 1 FROM generate_series(1, 4) g ON CONFLICT (id) DO UPDATE SET v = 2"))
        self.connection.talk(query("PREPARE p AS DELETE FROM app.t WHERE id < 5"))
        self.stopped(query("EXECUTE p"))
        self.assertEqual((self.value(), self.value("SELECT count(*) FROM app.child")), ("40", "20"))

    def test_a_block_fails_and_its_savepoints_work(self):
        talk = self.connection.talk
        talk(query("BEGIN"))
        talk(query("INSERT INTO app.t VALUES (101)"))
        talk(query("SAVEPOINT a"))
        self.stopped(query("DELETE FROM app.t"), status="E")
        self.stopped(query("SELECT 1"), status="E", code="25P02")
        self.assertEqual(talk(query("ROLLBACK TO a"))[-1].text, "T")
        self.assertEqual(self.connection.rows("SELECT count(*) FROM app.t"), [["41"]])
        talk(query("COMMIT"))
        self.assertEqual(self.value(), "41")

    def test_commit_of_a_stopped_block_rolls_back(self):
        for text in ("BEGIN", "INSERT INTO app.t VALUES (101)"):
            self.connection.talk(query(text))
        self.stopped(query("DELETE FROM app.t WHERE id < 9"), status="E")
        self.assertEqual(self.connection.talk(query("COMMIT"))[0].text, "ROLLBACK")
        self.assertEqual(self.value(), "40")

    def test_several_statements_have_one_total(self):
        self.stopped(query("INSERT INTO app.t VALUES (101), (102); INSERT INTO app.t VALUES (103), (104); SELECT 1"),
                     shape_="CCTDEZ")
        self.stopped(query("BEGIN; DELETE FROM app.t; COMMIT"), says="send the statements one by one")
        self.assertEqual(self.value(), "40")

    def test_pipelines(self):
        self.stopped(parse("INSERT INTO app.t VALUES (101)"), bind(), execute(), parse("DELETE FROM app.t"), bind(),
                     execute(), parse("SELECT 1"), bind(), execute(), SYNC, shape_="12C 12E Z")
        self.assertEqual(self.value(), "40")
        self.stopped(parse("UPDATE app.t SET v = 1 WHERE id < 5 RETURNING id"), bind(), execute(rows=1), SYNC,
                     shape_="12DEZ")
        self.stopped(parse("INSERT INTO app.t SELECT g + 300 FROM generate_series(1, $1) g", "s"), bind(["4"], "s"),
                     execute(), SYNC, shape_="12EZ")
        self.assertEqual(shape(self.connection.talk(bind(["2"], "s"), execute(), SYNC)), "2CZ")
        self.stopped(x("BEGIN"), x("DELETE FROM app.t"), x("COMMIT"), SYNC, shape_="12nC 12n EZ", status="E")
        self.connection.talk(query("ROLLBACK"))
        self.assertEqual(self.value(), "42")

    def test_what_a_name_runs_counts_to_the_end(self):
        self.connection.talk(parse("DELETE FROM app.t WHERE id < $1::int", "x"), parse("EXECUTE x (3)", "few"),
                             parse("EXECUTE x (9)", "many"), SYNC)
        self.assertEqual(shape(self.connection.talk(query("EXECUTE few"))), "CZ")
        self.stopped(query("EXECUTE many"))
        self.stopped(bind(statement="many") + execute() + SYNC, shape_="2EZ")
        self.assertEqual(self.value(), "38")

    def test_a_portal_in_parts_has_one_total(self):
        talk = self.connection.talk
        talk(query("BEGIN"))
        talk(parse("SELECT app.put_one(g) FROM generate_series(1, 6) g"), bind(portal="p"), execute("p", 2), SYNC)
        self.stopped(execute("p", 2), SYNC, shape_="DDEZ", status="E", says="touched 4 rows")
        talk(query("ROLLBACK"))
        self.assertEqual(self.value(), "40")

    def test_copy(self):
        lines = [copy_data(b"%d\t1\tx\n" % n) for n in range(301, 305)]
        self.stopped(query("COPY app.t FROM STDIN"), *lines, COPY_DONE, shape_="GEZ", says="COPY touched 4 rows")
        self.stopped(parse("COPY app.t FROM STDIN"), bind(), execute(), *lines, COPY_DONE, SYNC, shape_="12GEZ")
        self.connection.talk(query("BEGIN"))
        self.stopped(query("COPY app.t FROM STDIN"), *lines, COPY_DONE, shape_="GEZ", status="E")
        self.connection.talk(query("ROLLBACK"))
        self.assertEqual(shape(self.connection.talk(query("COPY app.t FROM STDIN"), *lines[:3], COPY_DONE)), "GCZ")
        self.stopped(query("COPY app.t FROM STDIN"), copy_data(b"nonsense\n"), COPY_DONE, shape_="GEZ", code="22P02")
        self.assertEqual(self.value(), "43")

    def test_what_cannot_be_counted_is_refused(self):
        for text, says in (("TRUNCATE app.t", "TRUNCATE"), ("DECLARE c CURSOR FOR SELECT app.put(1)", "cursor")):
            self.stopped(query(text), says=says)

    # --- attacks
    def test_code_that_runs_while_planning_is_counted(self):
        self.stopped(query("SELECT app.sneak(9)"), shape_="TDEZ")
        self.stopped(parse("SELECT app.sneak(9)"), bind(), SYNC, shape_="1EZ")
        self.stopped(query("EXPLAIN SELECT app.sneak(9)"), shape_="TDEZ")
        self.assertEqual(self.value(), "40")

    def test_attempts_count_and_new_tables_too(self):
        self.stopped(query("SELECT app.undone(1000)"), shape_="TDEZ")
        self.stopped(query("SELECT app.made(50)"), shape_="TDEZ")
        self.stopped(query("SELECT app.hides(4)"), shape_="TDEZ")

    def test_old_counters_do_not_count(self):
        for n in range(5):
            self.assertEqual(shape(self.connection.talk(query(f"UPDATE app.t SET v = {n} WHERE id < 4"))), "CZ")
        for _ in range(3):  # rows that a failed statement wrote are counted by the server, and belong to nobody
            self.connection.talk(query("INSERT INTO app.t SELECT 1000 + g, 1 / (3 - g) FROM generate_series(1, 9) g"))
            self.assertEqual(shape(self.connection.talk(query("UPDATE app.t SET v = 1 WHERE id < 4"))), "CZ")
        self.connection.talk(query("INSERT INTO app.free SELECT generate_series(1, 50)"))
        self.assertEqual(shape(self.connection.talk(query("UPDATE app.t SET v = 1 WHERE id < 4"))), "CZ")

    def test_operators_of_the_clients_change_no_count(self):
        self.postgres.sql("""CREATE SCHEMA IF NOT EXISTS evil; GRANT USAGE ON SCHEMA evil TO PUBLIC;
            CREATE OR REPLACE FUNCTION evil.zero(bigint, bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint';
            DO $$ BEGIN CREATE OPERATOR evil.+ (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.zero);
            EXCEPTION WHEN duplicate_function THEN NULL; END $$;
            CREATE OR REPLACE VIEW evil.pg_locks AS SELECT * FROM pg_catalog.pg_locks WHERE false;
            ALTER ROLE agent_repair_db SET search_path = evil, app""")
        self.addCleanup(self.postgres.sql, "ALTER ROLE agent_repair_db SET search_path = app")
        self.connection = self.connect()
        self.stopped(query("DELETE FROM app.t WHERE id < 6"))

    def test_a_client_that_goes_leaves_nothing(self):
        self.connection.send(query("INSERT INTO app.t VALUES (101); SELECT pg_sleep(0)"), wire.TERMINATE)
        self.connection.close()
        self.stays_within()

    def stays_within(self):
        self.gate.wait_for_entry("session", lambda e: e["event"] == "end")
        self.assertIn(self.value(), ("40", "41"))

    def test_cancelling_lets_nothing_through(self):
        for delay in range(25):
            other = self.connect()
            other.send(query("DELETE FROM app.t"))
            request = wire.Connection(self.gate.address)
            request.send(wire.request(wire.CANCEL_REQUEST, other.process_id.to_bytes(4, "big") + other.secret_key))
            request.close()
            other.read_until("Z")
            other.close()
        self.assertEqual(self.value(), "40")


class NothingMayChange(RowsCase):
    policy = limited(0)
    needs_gate = True

    def test_but_reading_goes_on(self):
        connection = self.connect()
        self.assertEqual(shape(connection.talk(query("DELETE FROM app.t WHERE id = 1000"))), "CZ")
        self.assertEqual(shape(connection.talk(query("DELETE FROM app.t WHERE id = 1"))), "EZ")
        self.assertEqual(connection.rows("SELECT count(*) FROM app.t"), [["40"]])


DEFERRED = SCHEMA + """
CREATE TABLE app.late (id int);
ALTER TABLE app.late OWNER TO agent_repair_db;
CREATE FUNCTION app.later_on() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO app.log (what) SELECT 'late' FROM generate_series(1, NEW.id); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER later_on AFTER INSERT ON app.late DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION app.later_on();
"""


def with_late(rows):
    policy = limited(rows, ["app.late"])
    policy["functions"]["allow"].append("app.later_on()")
    return policy


class DeferredUnderTheLimit(RowsCase):
    policy = with_late(100)
    schema = DEFERRED
    rows = ROWS + "TRUNCATE app.late;"

    def test_is_the_same(self):
        self.scenario(query("INSERT INTO app.late VALUES (4)"))
        self.scenario(*q("BEGIN", "INSERT INTO app.late VALUES (4)", "SELECT count(*) FROM app.log", "COMMIT"))
        self.scenario(*q("BEGIN", "INSERT INTO app.late VALUES (4)", "COMMIT AND CHAIN", "SELECT 1", "COMMIT"))
        self.scenario(*q("BEGIN", "INSERT INTO app.late VALUES (4)", "SET CONSTRAINTS ALL IMMEDIATE", "COMMIT"))
        self.scenario(*q("BEGIN", "INSERT INTO app.later VALUES (1), (1)", "COMMIT"))
        self.scenario(query("BEGIN"), (x("INSERT INTO app.late VALUES (2)"), SYNC), (x("COMMIT"), SYNC))


class DeferredOverTheLimit(OverTheLimit):
    policy = with_late(3)
    schema = DEFERRED
    rows = ROWS + "TRUNCATE app.late;"

    def test_pipelines(self):
        """Behind a Sync the triggers would run uncounted: a pipeline of its own is refused here."""
        self.stopped(parse("INSERT INTO app.t SELECT 101"), bind(), execute(), SYNC, shape_="12EZ", says="send BEGIN")
        self.stopped(parse("INSERT INTO app.late VALUES (4)"), bind(), execute(), SYNC, shape_="12EZ", says="send BEGIN")
        self.assertEqual(self.value(), "40")
        # Nothing is put off where the table has no triggers, and the rows are counted by reading.
        answer = self.connection.talk(parse("INSERT INTO app.t VALUES (101)"), bind(), execute(), SYNC)
        self.assertEqual(shape(answer), "12CZ")

    test_a_portal_in_parts_has_one_total = test_copy = test_code_that_runs_while_planning_is_counted = None

    def test_triggers_count_where_they_run(self):
        self.stopped(query("INSERT INTO app.late VALUES (4)"), says="touched 5 rows")
        for text in ("BEGIN", "INSERT INTO app.late VALUES (4)"):
            self.connection.talk(query(text))
        self.stopped(query("COMMIT"), says="COMMIT touched 4 rows")
        self.assertEqual(self.value("SELECT count(*) FROM app.late"), "0")
        for text in ("BEGIN", "INSERT INTO app.late VALUES (4)"):
            self.connection.talk(query(text))
        self.stopped(query("SET CONSTRAINTS ALL IMMEDIATE"), status="E")
        self.connection.talk(query("ROLLBACK"))
        for text in ("BEGIN", "INSERT INTO app.late VALUES (4)"):
            self.connection.talk(query(text))
        self.stopped(parse("COMMIT"), bind(), execute(), SYNC, shape_="12EZ", status="E")
        self.connection.talk(query("ROLLBACK"))
        for text in ("BEGIN", "INSERT INTO app.late VALUES (4)"):
            self.connection.talk(query(text))
        self.stopped(query("COMMIT; BEGIN"), says="send COMMIT alone", status="E")
        self.assertEqual(self.value("SELECT count(*) FROM app.log"), "0")


if __name__ == "__main__":
    unittest.main()
