#!/usr/bin/env python3
"""Runs the script of every client directly and through the gate, in the clear and over TLS, and compares what they print.

    PORTCULLIS_BINARY=... PORTCULLIS_NODE_MODULES=... PORTCULLIS_MCP_MODULES=... run.py [--show] [CLIENT ...]

--show prints what the scripts print as well. The exit status is 1 when a line differs, 2 when a client could not be tested.
"""

import pathlib
import subprocess
import sys
import tempfile
import threading

import drivers
from comparison import STEPS, Comparison
from places import Places, processes

SECONDS = 300  # for a run that hangs; nothing is measured


def run_script(command, environment, places):
    """What the script printed, as lines. It is told on its input when its statement sleeps, for it to cancel it then."""
    places.reset()
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        with subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=output, stderr=errors,
                              env=environment, text=True) as client:
            end = threading.Timer(SECONDS, client.kill)
            end.start()
            tell_when_asleep(client, places)
            status = client.wait()
            end.cancel()
        output.seek(0)
        errors.seek(0)
        lines = output.read().splitlines()
        return lines + [f"exit status {status}: {errors.read()[-2000:]}"] if status != 0 else lines


def tell_when_asleep(client, places):
    while client.poll() is None:
        if places.is_asleep():
            client.stdin.write("it sleeps\n")
            client.stdin.flush()
            return
        try:
            client.wait(0.1)
        except subprocess.TimeoutExpired:
            pass


def compare(driver, command, security, places, show):
    """The comparison of one client. The gate's own log shows too that the script went through it, over TLS or not, and
    that it was the gate that refused."""
    direct = run_script(command, places.surroundings(security, through_gate=False), places)
    refused, sessions = places.refusals(security), places.sessions(security)
    gate = run_script(command, places.surroundings(security, through_gate=True), places)
    if show:
        print("\n".join(gate), flush=True)
    compared = Comparison(direct, gate, driver.without, driver.closed)
    try:
        processes.wait_until(lambda: places.refusals(security) > refused and places.sessions(security) > sessions, "them")
    except AssertionError:
        compared.blame("refusal", f"the audit log has no refusal, or no session ({security}), of this run")
    return compared


def test(driver, places, folder, show):
    """The row of the table, and what there is to say about it."""
    missing = driver.missing()
    if missing:
        return row_without_steps(driver, "NOT TESTED"), [f"  {missing}"]
    try:
        command = driver.build(folder)
    except RuntimeError as error:
        return row_without_steps(driver, "FAILED"), [f"  {error}"]
    plain, tls = (compare(driver, command, security, places, show) for security in ("plain", "TLS"))
    cells = [tls.cell(step) if step in tls.problems else plain.cell(step) for step in STEPS[1:]]
    found = [f"  {security}, {step}:\n      {problem}" for security, compared in (("plain", plain), ("TLS", tls))
             for step, problems in compared.problems.items() for problem in problems]
    result = "FAILED" if found else "passed"
    return (driver.name, driver.version(), plain.cell("connect"), tls.cell("connect"), *cells, result), found


def row_without_steps(driver, result):
    return (driver.name, *["-"] * (len(STEPS) + 2), result)


def print_table(rows):
    table = [("client", "version", "connect", "over TLS", *STEPS[1:], "result"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def print_reasons(chosen):
    """What the table's "-" and "equal, but" mean."""
    clients = {}
    for driver in chosen:
        for step, reason in driver.without.items():
            clients.setdefault(f"no {step}, {reason}", []).append(driver.name)
        for name, reason in driver.closed.items():
            clients.setdefault(f"equal, but for {name}: {reason}", []).append(driver.name)
    for reason, names in clients.items():
        print(f"{reason}: {'; '.join(names)}")


def choose(names):
    unknown = set(names) - {driver.name for driver in drivers.ALL}
    if unknown:
        sys.exit(f"no client {', '.join(sorted(unknown))}: there are {', '.join(d.name for d in drivers.ALL)}")
    return [driver for driver in drivers.ALL if not names or driver.name in names]


def main(arguments):
    chosen = choose([name for name in arguments if name != "--show"])
    places = Places()
    rows = []
    with tempfile.TemporaryDirectory(prefix="portcullis-clients-") as folder:
        for driver in chosen:
            row, found = test(driver, places, pathlib.Path(folder), "--show" in arguments)
            rows.append(row)
            print("\n".join([f"{row[-1]}: {driver.name}", *found]), flush=True)
    failures = places.stop()
    print_table(rows)
    print_reasons(chosen)
    print("\n".join(failures))
    results = {row[-1] for row in rows}
    return 1 if failures or "FAILED" in results else 2 if "NOT TESTED" in results else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
