#!/usr/bin/python3
"""The gate under load, held against PostgreSQL itself and other programs in between, in turn and in one run.

Starts a private PostgreSQL, PgBouncer (with server connections that are kept, and with new ones), HAProxy and pgpool-II
where they are installed, and the gate. Needs Debian's postgresql-15; pgbouncer, haproxy and pgpool2 where they are to be
compared: what is not there is named, and the run goes on.

    PORTCULLIS_BINARY=build/release/src/app/portcullis tests/bench/relay/relay_bench.py                  # transactions
    ... relay_bench.py --all                            # every kind of load, in a few minutes: does it all work?
    ... relay_bench.py --all --size long --json FILE    # figures to go by, in hours
    ... relay_bench.py storms idle --threads 1,2        # some, with gates of one and of two threads beside the others

Kinds: transactions (pgbench), cold (statements never seen before), storms (of connections), copy (both ways), idle
(thousands of connections that do nothing). tests/bench/README.md says what each figure means.

Times say something only beside others of the same run: read the ratios, which are medians of those of each round.
"""

import argparse
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "integration")]

import cold  # noqa: E402
import contenders  # noqa: E402
import copying  # noqa: E402
import idle  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402
import storms  # noqa: E402
import transactions  # noqa: E402
from gate import binary  # noqa: E402
from postgres import Postgres, client_program, libpq_environment  # noqa: E402

# As a database that means it: what is committed is on disk.
SERVER = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "256MB", "max_connections": "400", "autovacuum": "on",
          "log_statement": "none", "log_connections": "off", "log_disconnections": "off", "max_wal_size": "4GB"}
KINDS = {"transactions": transactions, "cold": cold, "storms": storms, "copy": copying, "idle": idle}
# What an option is where it is not given.
SIZES = {
    "short": {"rounds": 1, "seconds": 2, "clients": [1, 16], "modes": ["prepared"], "storm_clients": [1, 16, 64],
              "cold_clients": [4], "copy_mib": 64, "idle_connections": 1000, "idle_seconds": 3},
    "usual": {"rounds": 3, "seconds": 5, "clients": [1, 16, 64], "modes": ["simple", "extended", "prepared"],
              "storm_clients": [1, 16, 64], "cold_clients": [1, 16], "copy_mib": 1024, "idle_connections": 10_000,
              "idle_seconds": 10},
    "long": {"rounds": 7, "seconds": 20, "clients": [1, 16, 64], "modes": ["simple", "extended", "prepared"],
             "storm_clients": [1, 16, 64], "cold_clients": [1, 16, 64], "copy_mib": 4096, "idle_connections": 10_000,
             "idle_seconds": 60},
}


def server(scale):
    postgres = Postgres("bench", settings=SERVER)
    with open(postgres.folder / "data" / "pg_hba.conf", "a", encoding="utf-8") as rules:
        rules.write("host all all 127.0.0.0/8 scram-sha-256\n")  # clients have many addresses
    postgres.sql("SELECT pg_reload_conf()")
    postgres.create_role(contenders.AGENT)
    role = contenders.AGENT.role
    postgres.sql(f"CREATE SCHEMA app; CREATE TABLE app.users (id int); {copying.SCHEMA}; GRANT ALL ON SCHEMA app TO {role};"
                 f"GRANT ALL ON {copying.SINK} TO {role}; ALTER DATABASE bench SET search_path = app")
    login = contenders.Contender("direct", postgres).login
    done = subprocess.run([client_program("pgbench"), "-i", "-q", "-s", str(scale)], check=False, capture_output=True,
                          text=True, env=libpq_environment(login))
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    postgres.sql("CHECKPOINT")
    return postgres


def say(text):
    print(text, file=sys.stderr, flush=True)


def run_kind(kind, options, postgres):
    """Runs of one kind, with contenders of their own, and why some are missing."""
    if kind == "idle":
        return idle.run(options, options.contenders, postgres, say)
    standing, missing = contenders.start(options.contenders, postgres)
    try:
        return KINDS[kind].run(options, standing, say), missing
    finally:
        for contender in reversed(standing):
            contender.stop()


def _words(text):
    return text.split(",")


def _numbers(text):
    return [int(word) for word in text.split(",")]


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="of " + ", ".join(KINDS) + "; transactions when none is named")
    parser.add_argument("--all", action="store_true", help="every kind; --size is short then when it is not given")
    parser.add_argument("--size", choices=SIZES, help="what all options below are that are not given")
    parser.add_argument("--rounds", type=int, help="of each measurement; medians are taken over them")
    parser.add_argument("--seconds", type=int, help="of each run of transactions, cold statements and storms")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between two runs")
    parser.add_argument("--scale", type=int, default=10, help="of pgbench's tables: 100,000 accounts each")
    parser.add_argument("--clients", type=_numbers, help="of transactions")
    parser.add_argument("--modes", type=_words, help="of transactions: simple, extended, prepared")
    parser.add_argument("--workloads", type=_words, default=list(measure.WORKLOADS), help="of transactions")
    parser.add_argument("--cold-clients", type=_numbers, help="of cold statements")
    parser.add_argument("--storm-clients", type=_numbers, help="connections at a time")
    parser.add_argument("--copy-mib", type=int, help="how much is copied")
    parser.add_argument("--copy-row", type=int, default=100, help="bytes of a row that is copied")
    parser.add_argument("--copy-message", type=int, default=8192, help="bytes of a message of COPY in, as psql sends them")
    parser.add_argument("--copy-stall", type=float, default=2, help="seconds for which a client of COPY stops reading")
    parser.add_argument("--idle-connections", type=int)
    parser.add_argument("--idle-seconds", type=int)
    parser.add_argument("--contenders", type=_words, default=contenders.ALL, help="of " + ", ".join(contenders.ALL))
    parser.add_argument("--threads", type=_numbers, default=[], help="further gates with so many threads each, as 1,2,4")
    parser.add_argument("--base", default="pgbouncer", help="which one ratios are to")
    parser.add_argument("--json", type=pathlib.Path, help="all runs and the summaries go to this file")
    options = parser.parse_args(arguments)
    unknown = set(options.kinds) - set(KINDS)
    if unknown:
        parser.error(f"no kind {', '.join(sorted(unknown))}: use {', '.join(KINDS)}")
    options.kinds = list(KINDS) if options.all else options.kinds or ["transactions"]
    for name, value in SIZES[options.size or ("short" if options.all else "usual")].items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    options.failed = []
    options.contenders = [*options.contenders, *map(contenders.gate_name, options.threads)]
    return options


def main(arguments=None):
    options = parse(arguments)
    if any(name.startswith("gate") for name in options.contenders):
        binary()  # or it says what is missing, before anything starts
    postgres = server(options.scale)
    done, missing, machine = {}, {}, report.machine(postgres.major)
    try:
        for kind in options.kinds:
            runs, without = run_kind(kind, options, postgres)
            missing.update(without)
            done[kind] = {"summary": KINDS[kind].summary(runs, options.base), "runs": runs}
    finally:
        postgres.stop()
    machine["load after"] = measure.load_average()
    print(", ".join(f"{key} {value}" for key, value in machine.items()))
    for name, why in missing.items():
        print(f"without {name}: {why}")
    for what in options.failed:
        print(f"FAILED {what}")
    for kind, found in done.items():
        print(f"\n## {kind}")
        print(KINDS[kind].table(found["summary"], options.base))
    if options.json:
        told = {key: str(value) if isinstance(value, pathlib.Path) else value for key, value in vars(options).items()}
        options.json.write_text(json.dumps({"machine": machine, "options": told, "missing": missing, **done}, indent=1),
                                encoding="utf-8")
    return 1 if options.failed else 0


if __name__ == "__main__":
    sys.exit(main())
