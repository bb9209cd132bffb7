#!/usr/bin/python3
"""Transactions through the gate, held against PostgreSQL itself and other programs in between, in turn and in one run.

Starts a private PostgreSQL, PgBouncer (with server connections that are kept, and with new ones), HAProxy and pgpool-II
where they are installed, and the gate. Needs Debian's postgresql-15; pgbouncer, haproxy and pgpool2 where they are to be compared.

    PORTCULLIS_BINARY=build/release/src/app/portcullis tests/bench/relay/relay_bench.py [--json FILE]

Times say something only beside others of the same run: read the ratios, which are medians of those of each round.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "integration")]

import contenders  # noqa: E402
import measure  # noqa: E402
from postgres import Postgres, client_program, libpq_environment  # noqa: E402

# As a database that means it: what is committed is on disk.
SERVER = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "256MB", "max_connections": "400", "autovacuum": "on",
          "log_statement": "none", "log_connections": "off", "log_disconnections": "off", "max_wal_size": "4GB"}


def server(scale):
    postgres = Postgres("bench", settings=SERVER)
    postgres.create_role(contenders.AGENT)
    postgres.sql("CREATE SCHEMA app; CREATE TABLE app.users (id int); ALTER DATABASE bench SET search_path = app;"
                 f"GRANT ALL ON SCHEMA app TO {contenders.AGENT.role}")
    login = contenders.Contender("direct", postgres).login
    done = subprocess.run([client_program("pgbench"), "-i", "-q", "-s", str(scale)], check=False, capture_output=True, text=True,
                          env=libpq_environment(login))
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    postgres.sql("CHECKPOINT")
    return postgres


def cells(options):
    return [(w, m, c) for w in options.workloads for m in options.modes for c in options.clients]


def say(text):
    print(text, file=sys.stderr, flush=True)


def run_all(options, standing):
    """Every round goes through all contenders of a cell, each time beginning with another one."""
    runs, all_cells = [], cells(options)
    for number, (workload, mode, clients) in enumerate(all_cells, 1):
        for turn in range(options.rounds):
            say(f"{number}/{len(all_cells)}: {workload}, {mode}, {clients} clients, round {turn + 1} of {options.rounds}")
            first = turn % len(standing)
            for contender in standing[first:] + standing[:first]:
                done = measure.run(contender, workload, mode, clients, options.seconds)
                runs.append({**done, "round": turn})
                time.sleep(options.pause)  # the server's old sessions end
    return runs


def _median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def summary(runs, base):
    """A row for each cell and contender, with the ratio to `base` of each round's own pair."""
    rows = []
    keys = dict.fromkeys((r["workload"], r["mode"], r["clients"], r["contender"]) for r in runs)
    for key in keys:
        mine = [r for r in runs if (r["workload"], r["mode"], r["clients"], r["contender"]) == key]
        against = {r["round"]: r for r in runs if (r["workload"], r["mode"], r["clients"]) == key[:3] and r["contender"] == base}
        pairs = [(r, against[r["round"]]) for r in mine if r["round"] in against]
        rows.append({
            "workload": key[0], "mode": key[1], "clients": key[2], "contender": key[3],
            "tps": _median(r["tps"] for r in mine), "p50_us": _median(r["p50_us"] for r in mine),
            "p99_us": _median(r["p99_us"] for r in mine), "cpu_us": _median(r["cpu_us"] for r in mine),
            "memory": max(r["memory"] for r in mine), "load": _median(r["load"] for r in mine),
            "tps_ratio": _median(a["tps"] / b["tps"] for a, b in pairs),
            "cpu_ratio": _median(a["cpu_us"] / b["cpu_us"] for a, b in pairs if a["cpu_us"] and b["cpu_us"]),
        })
    return rows


def _number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}"


def table(rows, base):
    out = []
    for cell in dict.fromkeys((r["workload"], r["mode"], r["clients"]) for r in rows):
        out += [f"\n### {cell[0]}, {cell[1]}, {cell[2]} client{'s' if cell[2] > 1 else ''}", "",
                f"| | tps | of {base} | p50 us | p99 us | its CPU us/tx | of {base} | MiB |", "|---|---|---|---|---|---|---|---|"]
        for r in (r for r in rows if (r["workload"], r["mode"], r["clients"]) == cell):
            out.append(f"| {r['contender']} | {_number(r['tps'])} | {_number(r['tps_ratio'], 2)} | {_number(r['p50_us'])} | "
                       f"{_number(r['p99_us'])} | {_number(r['cpu_us'], 1)} | {_number(r['cpu_ratio'], 2)} | "
                       f"{_number(r['memory'] / 2**20)} |")
    return "\n".join(out)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each run of pgbench")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between two runs")
    parser.add_argument("--scale", type=int, default=10, help="of pgbench's tables: 100,000 accounts each")
    parser.add_argument("--clients", type=lambda text: [int(n) for n in text.split(",")], default=[1, 16, 64])
    parser.add_argument("--modes", type=lambda text: text.split(","), default=["simple", "extended", "prepared"])
    parser.add_argument("--workloads", type=lambda text: text.split(","), default=list(measure.WORKLOADS))
    parser.add_argument("--contenders", type=lambda text: text.split(","), default=contenders.ALL,
                        help="of " + ", ".join(contenders.ALL))
    parser.add_argument("--base", default="pgbouncer", help="which one ratios are to")
    parser.add_argument("--json", type=pathlib.Path, help="all runs and the summary go to this file")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    postgres = server(options.scale)
    version, standing = postgres.major, []
    try:
        standing, missing = contenders.start(options.contenders, postgres)
        for name, why in missing.items():
            say(f"without {name}: {why}")
        runs = run_all(options, standing)
    finally:
        for contender in reversed(standing):
            contender.stop()
        postgres.stop()
    rows = summary(runs, options.base)
    machine = {"date": time.strftime("%Y-%m-%d"), "processors": os.cpu_count(), "kernel": platform.release(),
               "postgresql": version, "rounds": options.rounds, "seconds": options.seconds,
               "load": _median(r["load"] for r in runs)}
    print(", ".join(f"{key} {value}" for key, value in machine.items()))
    print(table(rows, options.base))
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "summary": rows, "runs": runs}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
