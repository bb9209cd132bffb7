"""What drivers see: the same rows, tags, types, notices and errors with the gate and without it."""

import io
import json
import os
import pathlib
import subprocess
import unittest

import psycopg
import psycopg2
import psycopg2.extras

import harness
from postgres import client_program, libpq_environment

HERE = pathlib.Path(__file__).resolve().parent


class DriverCase(harness.ShopCase):
    needs_gate = False

    def same(self, scenario):
        """`scenario` gets {host, port, user, password, database} and gives what it saw."""
        expected = scenario(self.postgres.login_of(harness.AGENT))
        self.reset_rows()
        self.assertEqual(scenario(self.front.login_of(harness.AGENT)), expected)
        return expected


class Psql(DriverCase):
    SCRIPT = r"""
SELECT * FROM app.orders ORDER BY id;
SELECT 1; SELECT 2 \; SELECT 3;
\copy app.events (tag, size) from pstdin
psql	1
psql	2
\.
\copy (select tag, size from app.events order by id) to pstdout
\set FETCH_COUNT 2
SELECT id FROM app.orders ORDER BY id;
\unset FETCH_COUNT
INSERT INTO app.customers VALUES (1, 'x', 'y');
BEGIN;
SELECT 1/0;
SELECT 1;
ROLLBACK;
SELECT $$unterminated$$, 'it''s', E'\t';
DROP TABLE IF EXISTS app.nothing;
SELECT status, count(*) FROM app.orders GROUP BY 1 ORDER BY 1 \gx
SELECT id AS n FROM app.customers ORDER BY id \crosstabview
"""

    def run_psql(self, login, *arguments, script=""):
        done = subprocess.run([client_program("psql"), "-X", *arguments], input=script, capture_output=True,
                              text=True, check=False, env=libpq_environment(login), timeout=60)
        return done.returncode, done.stdout, done.stderr

    def test_script(self):
        status, out, _ = self.same(lambda login: self.run_psql(login, script=self.SCRIPT))
        self.assertEqual(status, 0)
        self.assertIn("psql\t2", out)

    def test_single_transaction_stops_at_an_error(self):
        status, _, errors = self.same(lambda login: self.run_psql(
            login, "-1", "-v", "ON_ERROR_STOP=1",
            "-c", "INSERT INTO app.events (tag) VALUES ('a')", "-c", "SELECT 1/0"))
        self.assertEqual(status, 1)
        self.assertIn("division by zero", errors)


class Psycopg2(DriverCase):
    @staticmethod
    def connect(login):
        return psycopg2.connect(**login)

    def test_types(self):
        def scenario(login):
            with self.connect(login) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT * FROM app.orders ORDER BY id")
                rows = [[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()]
                return rows, [tuple(column) for column in cursor.description], cursor.statusmessage
        self.same(scenario)

    def test_parameters_and_batches(self):
        def scenario(login):
            connection = self.connect(login)
            with connection, connection.cursor() as cursor:
                cursor.executemany("INSERT INTO app.events (tag, size) VALUES (%s, %s)", [("a", 1), ("b'", None or 2)])
                psycopg2.extras.execute_values(cursor, "INSERT INTO app.events (tag) VALUES %s", [("c",), ("d",)])
                psycopg2.extras.execute_batch(
                    cursor, "UPDATE app.events SET size = size + 1 WHERE tag = %s", [("a",), ("c",)])
                cursor.execute("SELECT tag, size FROM app.events ORDER BY id")
                rows = cursor.fetchall()
            connection.close()
            return rows
        self.assertEqual(self.same(scenario), [("a", 2), ("b'", 2), ("c", 1), ("d", 0)])

    def test_errors(self):
        def scenario(login):
            connection, seen = self.connect(login), []
            for sql in ("SELECT 1/0", "SELECT 1", "INSERT INTO app.customers VALUES (1, 'x', 'y')",
                        "INSERT INTO app.orders (id, customer_id, amount) VALUES (9, 99, 1)"):
                try:
                    with connection.cursor() as cursor:
                        cursor.execute(sql)
                except psycopg2.Error as error:
                    seen.append((type(error).__name__, error.pgcode, error.diag.message_primary,
                                 error.diag.constraint_name, connection.get_transaction_status()))
                    connection.rollback()
            connection.close()
            return seen
        self.assertEqual([error[1] for error in self.same(scenario)], ["22012", "23505", "23503"])

    def test_copy_and_server_side_cursor(self):
        def scenario(login):
            connection = self.connect(login)
            with connection, connection.cursor() as cursor:
                cursor.copy_expert("COPY app.events (tag, size) FROM STDIN (FORMAT csv)",
                                   io.StringIO("x,1\ny,2\n" * 500))
                out = io.StringIO()
                cursor.copy_expert("COPY (SELECT tag, size FROM app.events ORDER BY id) TO STDOUT", out)
            with connection, connection.cursor("named") as cursor:
                cursor.itersize = 100
                cursor.execute("SELECT id FROM app.events ORDER BY id")
                ids = [row[0] for row in cursor]
            connection.close()
            return out.getvalue(), ids
        self.same(scenario)

    def test_notices_and_autocommit(self):
        def scenario(login):
            connection = self.connect(login)
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("DROP TABLE IF EXISTS app.nothing")
                cursor.execute("INSERT INTO app.events (tag) VALUES ('x')")
            notices, version = list(connection.notices), connection.server_version
            connection.close()
            return notices, version
        self.same(scenario)


class Psycopg3(DriverCase):
    @staticmethod
    def connect(login, **options):
        login = {**login, "dbname": login["database"]}
        del login["database"]
        return psycopg.connect(**login, **options)

    @staticmethod
    def outcome(cursor):
        return cursor.fetchall() if cursor.description else None, cursor.statusmessage, cursor.rowcount

    def test_formats(self):
        def scenario(login):
            with self.connect(login) as connection:
                seen = []
                for binary in (False, True):
                    cursor = connection.cursor(binary=binary)
                    cursor.execute("SELECT * FROM app.orders WHERE id >= %s ORDER BY id", [1])
                    seen.append((self.outcome(cursor), [c.type_code for c in cursor.description]))
                    cursor.execute("SELECT %b::int8, %b::text, %b::bytea", [2**40, "é", b"\0\xff"])
                    seen.append(self.outcome(cursor))
                return seen
        self.same(scenario)

    def test_prepared_statements(self):
        def scenario(login):
            with self.connect(login, prepare_threshold=2) as connection:
                seen = [connection.execute("SELECT status FROM app.orders WHERE id = %s", [n % 5 + 1]).fetchone()
                        for n in range(20)]
                connection.execute("SELECT 1", prepare=True)
                return seen
        self.same(scenario)

    def test_prepared_statements_are_dropped(self):
        def scenario(login):
            with self.connect(login, prepare_threshold=0) as connection:
                connection.prepared_max = 2
                return [connection.execute(f"SELECT %s::int + {n}", [1]).fetchone() for n in range(10)]
        self.same(scenario)

    def test_pipeline(self):
        def scenario(login):
            with self.connect(login, autocommit=True) as connection:
                with connection.pipeline(), connection.cursor() as cursor:
                    cursor.executemany("INSERT INTO app.events (tag, size) VALUES (%s, %s) RETURNING id",
                                       [(f"t{n}", n) for n in range(300)], returning=True)
                    ids = [cursor.fetchone()]
                    while cursor.nextset():
                        ids.append(cursor.fetchone())
                return ids, connection.execute("SELECT count(*), sum(size) FROM app.events").fetchone()
        self.same(scenario)

    def test_error_in_a_pipeline(self):
        def scenario(login):
            with self.connect(login, autocommit=True) as connection:
                seen = []
                try:
                    with connection.pipeline():
                        connection.execute("INSERT INTO app.events (tag) VALUES ('lost')")
                        connection.execute("SELECT 1/%s", [0])
                        connection.execute("SELECT 3")
                except psycopg.Error as error:
                    seen.append((type(error).__name__, error.sqlstate))
                seen.append(connection.execute("SELECT count(*) FROM app.events").fetchone())
                return seen
        self.same(scenario)

    def test_transactions_and_savepoints(self):
        def scenario(login):
            with self.connect(login) as connection:
                connection.execute("INSERT INTO app.events (tag) VALUES ('a')")
                try:
                    with connection.transaction():
                        connection.execute("INSERT INTO app.events (tag) VALUES ('b')")
                        connection.execute("SELECT 1/0")
                except psycopg.errors.DivisionByZero:
                    pass
                connection.execute("INSERT INTO app.events (tag) VALUES ('c')")
                connection.commit()
                return connection.execute("SELECT tag FROM app.events ORDER BY id").fetchall()
        self.assertEqual(self.same(scenario), [("a",), ("c",)])

    def test_server_side_cursor(self):
        def scenario(login):
            with self.connect(login) as connection, connection.cursor("c", scrollable=True) as cursor:
                cursor.execute("SELECT n FROM generate_series(1, %s) AS n", [1000])
                first = cursor.fetchmany(10)
                cursor.scroll(-5)
                return first, cursor.fetchmany(10), cursor.fetchone()
        self.same(scenario)

    def test_copy(self):
        def scenario(login):
            with self.connect(login) as connection, connection.cursor() as cursor:
                with cursor.copy("COPY app.events (tag, size) FROM STDIN (FORMAT binary)") as copy:
                    copy.set_types(["text", "int4"])
                    for n in range(2000):
                        copy.write_row((f"row {n}", n))
                with cursor.copy("COPY (SELECT tag, size FROM app.events ORDER BY id) TO STDOUT") as copy:
                    return [bytes(block) for block in copy]
        self.same(lambda login: b"".join(scenario(login)))

    def test_refusal_is_an_ordinary_error(self):
        if harness.DIRECT:
            return
        with self.connect(self.front.login_of(harness.AGENT), autocommit=True) as connection:
            with self.assertRaises(psycopg.errors.InsufficientPrivilege) as refused:
                connection.execute("SELECT ssn FROM app.users WHERE id = %s", [1])
            self.assertIn("Record", str(refused.exception))
            with self.assertRaises(psycopg.errors.InsufficientPrivilege), connection.pipeline():
                connection.execute("INSERT INTO app.events (tag) VALUES ('lost')")
                connection.execute("SELECT ssn FROM app.users")
            self.assertEqual(connection.execute("SELECT count(*) FROM app.events").fetchone(), (0,))


class NodePostgres(DriverCase):
    MODULES = os.environ.get("PORTCULLIS_NODE_MODULES") or HERE / "node" / "node_modules"

    def test_queries(self):
        self.assertTrue((pathlib.Path(self.MODULES) / "pg").exists(),
                        f"node-postgres is not in {self.MODULES}: run `npm ci` in tests/integration/node or set "
                        "PORTCULLIS_NODE_MODULES")

        def scenario(login):
            surroundings = {**libpq_environment(login), "PORTCULLIS_NODE_MODULES": str(self.MODULES)}
            done = subprocess.run(["node", HERE / "node" / "queries.mjs"], capture_output=True, text=True, check=False,
                                  env=surroundings, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout)
        seen = self.same(scenario)
        self.assertEqual(sum(what == "cursor" for what, _ in seen), 3)


if __name__ == "__main__":
    unittest.main()
