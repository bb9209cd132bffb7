#!/usr/bin/python3
"""What counting rows costs: the same small statements directly, through the gate, and through it under a limit on rows.

Round trips take turns in one run, so that the machine's other work falls on all alike; printed are the medians in
microseconds and the ratio to the gate without a limit. Start it as the integration tests (tests/integration/README.md):
    PORTCULLIS_BINARY=... PORTCULLIS_POSTGRES_BIN=... tests/bench/rows_affected_bench.py [rounds]
"""

import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import harness  # noqa: E402
from gate import Gate  # noqa: E402
from wire import SYNC, bind, execute, parse, query  # noqa: E402

POLICY = {
    "version": 1, "name": "bench", "agents": {harness.AGENT.name: {"login": harness.AGENT.login}},
    "rules": [{"id": "rows", "allow": ["select", "insert", "update", "delete"], "on": ["app.bench"],
               "to": [harness.AGENT.name]}]}

STATEMENTS = {
    "UPDATE of one row": "UPDATE app.bench SET v = v + 1 WHERE id = 1",
    "UPDATE of 100 rows": "UPDATE app.bench SET v = v + 1 WHERE id <= 100",
    "INSERT ... VALUES": "INSERT INTO app.bench (v) VALUES (1)",
    "INSERT ... SELECT": "INSERT INTO app.bench (v) SELECT 1",
    "SELECT": "SELECT v FROM app.bench WHERE id = 1",
}


def gate_under(postgres, **limits):
    return Gate(postgres, {**POLICY, "rules": [{**POLICY["rules"][0], **limits}]}, [harness.AGENT])


def measure(connections, talk, rounds):
    times = {name: [] for name in connections}
    for _ in range(rounds):
        for name, connection in connections.items():
            begin = time.perf_counter()
            talk(connection)
            times[name].append((time.perf_counter() - begin) * 1e6)
    return {name: statistics.median(taken) for name, taken in times.items()}


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    postgres = harness.shop()
    postgres.sql("CREATE TABLE app.bench (id serial PRIMARY KEY, v int); GRANT ALL ON ALL TABLES IN SCHEMA app TO PUBLIC;"
                 "GRANT ALL ON ALL SEQUENCES IN SCHEMA app TO PUBLIC; INSERT INTO app.bench (v) SELECT 0 FROM generate_series(1, 1000)")
    free = gate_under(postgres)
    limited = gate_under(postgres, limits={"rows_affected": 1000})
    fronts = {"direct": postgres, "gate": free, "limited": limited}
    connections = {name: front.connect(harness.AGENT) for name, front in fronts.items()}
    print(f"{'':22} {'':10} {'direct':>8} {'gate':>8} {'limited':>8}   limited / gate")
    for title, text in STATEMENTS.items():
        for how, message in (("simple", query(text)), ("extended", parse(text) + bind() + execute() + SYNC)):
            told = measure(connections, lambda connection, message=message: connection.talk(message), rounds)
            print(f"{title:22} {how:10} {told['direct']:8.0f} {told['gate']:8.0f} {told['limited']:8.0f}   "
                  f"{told['limited'] / told['gate']:.2f}")
    for gate in (free, limited):
        gate.stop()
    postgres.stop()


if __name__ == "__main__":
    main()
