"""Connection storms: connect, SELECT 1, leave, so many at a time; how many a second, how long one takes, and what one costs the
process in between. An error is counted and shown, not passed over: a storm is to be stood, not only fast."""

import functools
import json
import pathlib
import subprocess
import sys

import measure
import report

CELL = ["at_a_time"]
_CLIENTS = pathlib.Path(__file__).resolve().parent / "storm_clients.py"


def run(options, standing, say):
    runs = []
    for number, at_a_time in enumerate(options.storm_clients, 1):
        say(f"connection storms {number}/{len(options.storm_clients)}: {at_a_time} at a time")
        runs += report.rounds(options, standing, functools.partial(_storm, at_a_time, options.seconds), say)
    return runs


def _storm(at_a_time, seconds, contender):
    contender.before_run()
    before, load = measure.cpu_seconds(contender.pids), measure.load_average()
    done = subprocess.run([sys.executable, "-B", _CLIENTS, json.dumps(contender.login), str(at_a_time), str(seconds)],
                          capture_output=True, text=True, check=False, timeout=seconds + 180)
    if done.returncode != 0:
        raise RuntimeError(f"{contender.name}, {at_a_time} at a time: {done.stderr[-600:]}")
    cpu = measure.cpu_seconds(contender.pids) - before
    found = json.loads(done.stdout)
    count = len(found["total_us"])
    pss, _ = measure.memory(contender.pids)
    return {"contender": contender.name, "at_a_time": at_a_time, "connections": count, "cps": count / found["seconds"],
            "p50_us": measure.quantile(found["total_us"], 0.5), "p99_us": measure.quantile(found["total_us"], 0.99),
            "login_p50_us": measure.quantile(found["login_us"], 0.5), "errors": sum(found["errors"].values()),
            "error_texts": found["errors"], "cpu_us": cpu * 1e6 / count if contender.pids and count else None,
            "memory": pss, "load": load}


def summary(runs, base):
    rows = report.summary(runs, CELL, ["cps", "p50_us", "p99_us", "login_p50_us", "cpu_us", "load"], base,
                          ratios=["cps", "cpu_us"], greatest=["memory", "errors"])
    for row in rows:
        row["error_texts"] = sorted({text for run in runs if run["contender"] == row["contender"]
                                     and run["at_a_time"] == row["at_a_time"] for text in run["error_texts"]})
    return rows


def table(rows, base):
    rows = [{**row, "mib": row["memory"] / 2**20} for row in rows]
    text = report.table(rows, CELL, [("connections/s", "cps", 0), (f"of {base}", "cps_ratio", 2), ("p50 us", "p50_us", 0),
                                     ("p99 us", "p99_us", 0), ("login p50 us", "login_p50_us", 0),
                                     ("its CPU us/connection", "cpu_us", 0), (f"of {base}", "cpu_ratio", 2),
                                     ("MiB after", "mib", 0), ("errors", "errors", 0)],
                        lambda row: f"connect, SELECT 1, leave: {row['at_a_time']} at a time")
    told = [f"- {row['contender']}, {row['at_a_time']} at a time: {what}" for row in rows for what in row["error_texts"]]
    return "\n".join([text, *(["", "Errors:", *told] if told else [])])
