"""SQLAlchemy, briefly (more in tests/integration/orm_sqlalchemy_test.py): over TLS too, and cancelling.

Prints a line for each result, under the name of its step.
"""

import os

import sqlalchemy as sa
from sqlalchemy import exc, orm

from common import cancelled_when_told, shown

engine = sa.create_engine(sa.engine.URL.create("postgresql+psycopg2", username=os.environ["PGUSER"],
                                               password=os.environ["PGPASSWORD"], host=os.environ["PGHOST"],
                                               port=int(os.environ["PGPORT"]), database=os.environ["PGDATABASE"]))
metadata = sa.MetaData(schema="app")


def attempt(step, body):
    try:
        print(f"{step}: {body()}")
    except exc.DBAPIError as error:
        told = error.orig.diag
        words = [] if step.startswith("refusal") else [told.message_primary, told.statement_position, told.constraint_name]
        print(f"{step}: {type(error).__name__} {error.orig.pgcode} {words}")


def run(text, **values):
    with engine.connect() as connection:
        return [shown(row) for row in connection.execute(sa.text(text), values)]


def insert(notes, text, size):
    with engine.begin() as connection:
        return connection.execute(notes.insert().returning(notes.c.id), {"text": text, "size": size}).fetchall()


def objects(notes):
    class Note:
        pass
    orm.registry().map_imperatively(Note, notes)
    with orm.Session(engine) as session:
        note = Note()
        note.text, note.size = "an object", 5
        session.add(note)
        session.flush()
        with session.begin_nested() as savepoint:
            note.size = 6
            session.flush()
            savepoint.rollback()
        session.commit()
        return [(found.id, found.text, found.size) for found in session.query(Note).order_by(Note.id)]


def cancel():
    with engine.connect() as connection:
        with cancelled_when_told(connection.connection):
            attempt("cancelled", lambda: connection.execute(sa.text("SELECT pg_sleep(3600)")).fetchall())
    attempt("after the cancel", lambda: run("SELECT 'usable'"))


def reflected():
    tables = [sa.Table(name, metadata, autoload_with=engine) for name in ("samples", "notes")]
    print("reflected:", [(column.name, str(column.type)) for table in tables for column in table.c])
    return tables[1]


def main():
    print("# connect")
    print("connect:", engine.dialect.name, run("SELECT current_database()"))
    print("# query")
    attempt("types", lambda: run("SELECT * FROM app.samples ORDER BY id"))
    print("# parameters")
    attempt("parameters", lambda: run("SELECT :a AS a, :b AS b, CAST(:c AS date) AS c", a=2**40 + 7, b="it's é", c=None))
    print("# more")
    notes = reflected()
    print("# transaction")
    attempt("insert", lambda: insert(notes, "kept", 1))
    attempt("objects", lambda: objects(notes))
    print("# error")
    attempt("unique violation", lambda: insert(notes, "kept", 1))
    attempt("check violation", lambda: insert(notes, "x", -1))
    attempt("unknown column", lambda: run("SELECT nothing FROM app.samples"))
    print("# cancel")
    cancel()
    print("# refusal")
    attempt("refusal", lambda: run("SELECT ssn FROM app.users"))
    attempt("refusal of parameters", lambda: run("SELECT ssn FROM app.users WHERE id = :id", id=1))
    attempt("after the refusal", lambda: run("SELECT count(*) FROM app.notes"))
    engine.dispose()
    print("done")


main()
