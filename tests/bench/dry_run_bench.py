#!/usr/bin/python3
"""What a dry run takes on a warm copy, by the size of the schema: medians and 99th percentiles in microseconds.

Start it as the integration tests (tests/integration/README.md):
    PORTCULLIS_BINARY=... PORTCULLIS_POSTGRES_BIN=... tests/bench/dry_run_bench.py [tables ...]
"""

import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import gate  # noqa: E402
import harness  # noqa: E402
from gate import Gate  # noqa: E402

STATEMENTS = {
    "ADD COLUMN": "ALTER TABLE app.t1 ADD COLUMN note text",
    "ADD COLUMN, written anew": "ALTER TABLE app.t1 ADD COLUMN u uuid DEFAULT gen_random_uuid()",
    "CREATE INDEX": "CREATE INDEX ON app.t1 (v)",
    "UPDATE": "UPDATE app.t1 SET v = v || 'x' WHERE id = 1",
    "DROP TABLE CASCADE": "DROP TABLE app.t1 CASCADE",
}


def measure(postgres, tables, rounds=100):
    postgres.sql("DROP SCHEMA IF EXISTS big CASCADE; CREATE SCHEMA big")
    for first in range(1, tables + 1, 200):
        postgres.sql("".join(f"CREATE TABLE big.t{n} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);"
                             for n in range(first, min(first + 200, tables + 1))))
    front = Gate(postgres, harness.POLICY, [harness.AGENT])
    try:
        began = time.monotonic()
        done = gate.run("dry-run", "--config", front.folder / "portcullis.json", "--agent", "repair", "--json", "--",
                        *[sql for _ in range(rounds) for sql in STATEMENTS.values()])
        assert done.stderr == "", done.stderr
        print(f"{tables} tables: the whole command {time.monotonic() - began:.1f} s")
    finally:
        front.stop()
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(one["outcome"] == "ok" for one in reports), reports
    for number, name in enumerate(STATEMENTS):
        times = sorted(one["tried_in_us"] for one in reports[number::len(STATEMENTS)][1:])
        print(f"  {name:26} median {statistics.median(times):7.0f}   p99 {times[int(len(times) * 0.99)]:7.0f}")


def main():
    postgres = harness.shop()
    try:
        postgres.sql(f"GRANT pg_read_all_data TO {postgres.catalog_role}; SET ROLE agent_repair_db;"
                     "CREATE TABLE app.t1 (id bigint PRIMARY KEY, v text);"
                     "CREATE TABLE app.t2 (t1 bigint REFERENCES app.t1); INSERT INTO app.t1 VALUES (1, 'x')")
        for tables in [int(word) for word in sys.argv[1:]] or [200, 2000]:
            measure(postgres, tables)
    finally:
        postgres.stop()


if __name__ == "__main__":
    main()
