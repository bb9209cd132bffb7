"""pgbench's own transactions: tps, latency, and what one costs the process in between."""

import functools

import measure
import report

CELL = ["workload", "mode", "clients"]


def run(options, standing, say):
    runs = []
    cells = [(w, m, c) for w in options.workloads for m in options.modes for c in options.clients]
    for number, (workload, mode, clients) in enumerate(cells, 1):
        say(f"transactions {number}/{len(cells)}: {workload}, {mode}, {clients} clients")
        runs += report.rounds(options, standing, functools.partial(_one, workload, mode, clients, options.seconds), say)
    return runs


def _one(workload, mode, clients, seconds, contender):
    return measure.run(contender, workload, mode, clients, seconds)


def summary(runs, base):
    return report.summary(runs, CELL, ["tps", "p50_us", "p99_us", "cpu_us", "load"], base, ratios=["tps", "cpu_us"],
                          greatest=["memory"])


def table(rows, base):
    rows = [{**row, "mib": row["memory"] / 2**20} for row in rows]
    return report.table(rows, CELL, [("tps", "tps", 0), (f"of {base}", "tps_ratio", 2), ("p50 us", "p50_us", 0),
                                     ("p99 us", "p99_us", 0), ("its CPU us/tx", "cpu_us", 1), (f"of {base}", "cpu_ratio", 2),
                                     ("MiB", "mib", 0)],
                        lambda row: f"{row['workload']}, {row['mode']}, {row['clients']} client"
                                    + ("s" if row["clients"] > 1 else ""))
