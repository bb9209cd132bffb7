"""asyncpg: binary formats, prepared statements, cursors, COPY, a pool, cancelling.

Prints a line for each result, under the name of its step.
"""

import asyncio
import os
import ssl
import sys

import asyncpg


def settings():
    """The rest comes from libpq's variables."""
    secure = os.environ["PGSSLMODE"] != "disable"
    return {"ssl": ssl.create_default_context(cafile=os.environ["PGSSLROOTCERT"]) if secure else False}


async def attempt(step, awaitable):
    try:
        print(f"{step}: {await awaitable!r}")
    except asyncpg.PostgresError as error:
        words = "" if step.startswith("refusal") else f" {error}, position {error.position}, {error.constraint_name}"
        print(f"{step}: {type(error).__name__} {error.sqlstate}{words}")


async def queries(connection):
    await attempt("query", connection.fetch("SELECT a_text, a_int8 FROM app.samples ORDER BY id"))


async def types(connection):
    statement = await connection.prepare("SELECT * FROM app.samples ORDER BY id")
    for attribute in statement.get_attributes():
        print(f"column: {attribute.name} | {attribute.type.oid} | {attribute.type.name}")
    for row in await statement.fetch():
        for name, value in row.items():
            print(f"types: {name} | {value!r}")


async def parameters(connection):
    await attempt("parameters", connection.fetchrow(
        "SELECT $1::int8, $2::text, $3::bytea, $4::float8, $5::date, $6::int4[], $7::app.mood, $8::app.address, $9::jsonb",
        2**40 + 7, "it's é", b"\0\1\xff", 0.1, None, [1, None, 3], "happy", ("Main", 7), '{"a": 1}'))
    await attempt("wrong parameter", connection.fetch("SELECT $1::int4 / $2::int4", 1, 0))
    await attempt("executemany", connection.executemany(
        "INSERT INTO app.notes (text, size) VALUES ($1, $2)", [(f"many {n}", n) for n in range(50)]))


async def prepared(connection):
    statement = await connection.prepare("SELECT a_text, a_int8 FROM app.samples WHERE id = $1")
    for number in (1, 2, 1, 9):
        await attempt("prepared", statement.fetchrow(number))
    for number in (1, 2, 1):
        await attempt("prepared by the driver", connection.fetchval("SELECT a_int4 FROM app.samples WHERE id = $1", number))


async def transactions(connection):
    async with connection.transaction():
        await attempt("insert", connection.fetchrow(
            "INSERT INTO app.notes (text, size) VALUES ($1, 1) RETURNING id, text", "kept"))
    try:
        async with connection.transaction():
            await attempt("insert", connection.execute("INSERT INTO app.notes (text) VALUES ('lost')"))
            raise KeyError
    except KeyError:
        pass
    async with connection.transaction():
        try:
            async with connection.transaction():
                await connection.execute("SELECT 1/0")
        except asyncpg.DivisionByZeroError as error:
            print("in the savepoint:", error)
        await attempt("update", connection.execute("UPDATE app.notes SET size = size + 1"))
        numbers = [row["n"] async for row in connection.cursor("SELECT n FROM generate_series(1, 500) AS n", prefetch=99)]
        print("cursor:", len(numbers), sum(numbers))
    await attempt("notes", connection.fetch("SELECT text, size FROM app.notes ORDER BY text"))


async def errors(connection):
    await attempt("refusal of a syntax error", connection.execute("SELECT é FROM FROM app.samples"))
    await attempt("unknown column", connection.fetch("SELECT nothing FROM app.samples WHERE id = $1", 1))
    await attempt("unique violation", connection.execute("INSERT INTO app.notes (text) VALUES ($1)", "kept"))
    await attempt("check violation", connection.execute("INSERT INTO app.notes (text, size) VALUES ('x', -1)"))
    await attempt("several", connection.execute("SELECT 1; SELECT 2"))


async def blocks():
    yield b"from blocks\t1\n"


async def copy(connection):
    await attempt("copy in", connection.copy_records_to_table(
        "notes", schema_name="app", columns=["text", "size"], records=[(f"row {n:03}", n) for n in range(300)]))
    await attempt("copy in", connection.copy_to_table(
        "notes", schema_name="app", columns=["text", "size"], source=blocks()))
    out = bytearray()

    async def keep(block):
        out.extend(block)
    await attempt("copy out", connection.copy_from_query("SELECT text, size FROM app.notes ORDER BY id", output=keep))
    await attempt("copy out", connection.copy_from_table("notes", schema_name="app", output=keep, format="binary"))
    print("copied:", bytes(out))


async def cancel(connection):
    sleep = asyncio.ensure_future(connection.fetch("SELECT pg_sleep($1)", 3600))
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    sleep.cancel()
    try:
        await sleep
    except asyncio.CancelledError:
        print("cancelled")
    await attempt("after the cancel", connection.fetchval("SELECT 'usable'"))


async def refusals(connection):
    await attempt("refusal", connection.execute("SELECT ssn FROM app.users"))
    await attempt("refusal of parameters", connection.fetch("SELECT ssn FROM app.users WHERE id = $1", 1))
    await attempt("refusal of copy", connection.copy_from_table("users", schema_name="app", output=os.devnull))
    try:
        async with connection.transaction():
            await connection.fetch("SELECT ssn FROM app.users")
    except asyncpg.InsufficientPrivilegeError as error:
        print("refusal in a transaction:", error.sqlstate)
    await attempt("after the refusal", connection.fetchval("SELECT count(*) FROM app.notes"))


async def pool(_):
    """Each connection is reset when it comes back."""
    async with asyncpg.create_pool(min_size=1, max_size=2, **settings()) as connections:
        for number in range(3):
            await attempt("pool", connections.fetchval("SELECT $1::int * 2", number))


async def main():
    connection = await asyncpg.connect(**settings())
    print("# connect")
    print("connect:", connection.get_server_version(), connection.get_settings().client_encoding)
    for name, step in {"query": queries, "binary": types, "parameters": parameters, "prepared": prepared,
                       "transaction": transactions, "error": errors, "COPY": copy, "cancel": cancel,
                       "refusal": refusals, "more": pool}.items():
        print(f"# {name}")
        await step(connection)
    await connection.close()
    print("done")


asyncio.run(main())
