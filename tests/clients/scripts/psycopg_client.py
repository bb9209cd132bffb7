"""psycopg2 or psycopg 3, briefly (more in tests/integration/drivers_test.py): over TLS too, and cancelling.

The argument is the module's name. Prints a line for each result, under the name of its step.
"""

import importlib
import io
import sys

from common import cancelled_when_told, shown

psycopg = importlib.import_module(sys.argv[1])
IS_3 = sys.argv[1] == "psycopg"
connection = psycopg.connect("")


def attempt(step, sql, values=None, **options):
    try:
        with connection.cursor(**options) as cursor:
            cursor.execute(sql, values)
            rows = [shown(row) for row in cursor] if cursor.description else None
            print(f"{step}: {cursor.statusmessage} {rows}")
    except psycopg.Error as error:
        words = [] if step.startswith("refusal") else [
            error.diag.severity, error.diag.message_primary, error.diag.statement_position, error.diag.constraint_name]
        print(f"{step}: {type(error).__name__} {error.diag.sqlstate} {words}")
    if connection.autocommit is False and step != "in a transaction":
        connection.rollback()


def queries(**options):
    attempt("types", "SELECT * FROM app.samples ORDER BY id", **options)


def parameters(**options):
    attempt("parameters", "SELECT %s::int8, %s::text, %s::bytea, %s::numeric, %s::date, %s::int4[]",
            (2**40 + 7, "it's é", b"\0\1\xff", "12.50", None, [1, None, 3]), **options)


def binary():
    queries(binary=True)
    parameters(binary=True)


def prepared():
    if IS_3:
        for number in (1, 2, 1, 9):
            print("prepared:", connection.execute(
                "SELECT a_text, a_int8 FROM app.samples WHERE id = %s", [number], prepare=True).fetchall())
        connection.rollback()
    else:
        attempt("prepared", "PREPARE one AS SELECT a_text FROM app.samples WHERE id = $1")
        attempt("prepared", "EXECUTE one (%s)", [1])


def transactions():
    attempt("in a transaction", "INSERT INTO app.notes (text, size) VALUES (%s, %s) RETURNING id", ("kept", 1))
    connection.commit()
    attempt("in a transaction", "INSERT INTO app.notes (text) VALUES ('lost')")
    attempt("in a transaction", "SELECT 1/0")
    attempt("in a transaction", "SELECT 1")
    connection.rollback()
    attempt("notes", "SELECT text, size FROM app.notes ORDER BY text")


def copy():
    rows, out = "".join(f"row {n}\t{n}\n" for n in range(300)), io.BytesIO()
    into, from_ = "COPY app.notes (text, size) FROM STDIN", "COPY app.notes (text, size) TO STDOUT"
    with connection.cursor() as cursor:
        if IS_3:
            with cursor.copy(into) as source:
                source.write(rows)
            with cursor.copy(from_) as target:
                for block in target:
                    out.write(block)
        else:
            cursor.copy_expert(into, io.StringIO(rows))
            cursor.copy_expert(from_, out)
    connection.commit()
    print("copy:", out.getvalue())


def cancel():
    with cancelled_when_told(connection):
        attempt("cancelled", "SELECT pg_sleep(%s)", [3600])
    attempt("after the cancel", "SELECT 'usable'")


def connected():
    print("connect:", connection.info.dbname, connection.info.server_version)


def errors():
    attempt("refusal of a syntax error", "SELECT é FROM FROM app.samples")
    attempt("unknown column", "SELECT nothing FROM app.samples WHERE id = %s", (1,))
    attempt("unique violation", "INSERT INTO app.notes (text) VALUES (%s)", ("kept",))


def refusals():
    attempt("refusal", "SELECT ssn FROM app.users")
    attempt("refusal of parameters", "SELECT ssn FROM app.users WHERE id = %s", (1,))
    attempt("after the refusal", "SELECT count(*) FROM app.notes")


def server_side_cursor():
    with connection.cursor(name="c") as cursor:
        cursor.itersize = 10
        cursor.execute("SELECT text FROM app.notes ORDER BY id")
        print("cursor:", list(cursor))
    connection.rollback()


STEPS = {"connect": connected, "query": queries, "parameters": parameters, "binary": binary, "prepared": prepared,
         "transaction": transactions, "error": errors, "COPY": copy, "cancel": cancel, "refusal": refusals,
         "more": server_side_cursor}
for name, body in STEPS.items():
    if IS_3 or name != "binary":  # which psycopg2 does not have
        print(f"# {name}")
        body()
connection.close()
print("done")
