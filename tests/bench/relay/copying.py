"""COPY both ways, of so many bytes: MiB a second, processor seconds of the process in between for each GiB, and by how much its
memory grew at the most, which must not hang on how much is copied. Once more with a client that stops reading halfway.

Nothing touches a disk: out go rows that the server makes up, what comes in is read by the server and thrown away
(COPY ... WHERE false). What is sent and read is counted without being taken apart, so that the client costs little.
"""

import functools
import time

import measure
import report
from client import Client
from wire import COPY_DONE, ServerError, copy_data, query

CELL = ["way"]
SINK = "app.copy_sink"
SCHEMA = f"CREATE TABLE {SINK} (v text)"
_END = b"Z\0\0\0\x05I"
_PART = 1 << 18


def run(options, standing, say):
    runs = []
    for way in ("out", "in", "out, stalled"):
        say(f"COPY {way}: {options.copy_mib} MiB")
        runs += report.rounds(options, standing, functools.partial(_measured, way, options), say)
    return runs


def _measured(way, options, contender):
    contender.before_run()
    with Client(contender.login) as client:
        client.enter()
        _, resident = measure.memory(contender.pids)
        measure.forget_peak(contender.pids)
        cpu, began, load = measure.cpu_seconds(contender.pids), time.monotonic(), measure.load_average()
        size = options.copy_mib << 20
        stall = options.copy_stall if "stalled" in way else 0
        copied = _copy_in(client, size, options) if way == "in" else _copy_out(client, size, options, stall)
        taken = time.monotonic() - began - stall
        cpu = measure.cpu_seconds(contender.pids) - cpu
        peak = measure.peak_memory(contender.pids)
        client.leave()
    return {"contender": contender.name, "way": way, "bytes": copied, "mib_s": copied / 2**20 / taken,
            "cpu_s_gib": cpu / (copied / 2**30) if contender.pids else None,
            "peak_growth": peak - resident if contender.pids else None, "load": load}


def _copy_out(client, size, options, stall):
    """Bytes of rows. Reads to the end without looking at it; with `stall`, nothing for so many seconds halfway."""
    row = options.copy_row - 1  # and its line feed
    rows = size // options.copy_row
    client.send(query(f"COPY (SELECT pg_catalog.repeat('x', {row}) FROM pg_catalog.generate_series(1, {rows})) TO STDOUT"))
    part, seen, tail, stalled = bytearray(_PART), 0, b"", False
    while not tail.endswith(_END):
        count = client.socket.recv_into(part)
        if count == 0:
            raise RuntimeError("the connection was closed within a COPY")
        if seen == 0 and part[:1] == b"E":
            raise RuntimeError(f"COPY out was refused: {bytes(part[:400])!r}")
        seen += count
        tail = (tail + bytes(part[max(0, count - len(_END)):count]))[-len(_END):]
        if stall and not stalled and seen > size // 2:
            stalled = True
            time.sleep(stall)
    if seen < rows * (row + 1):
        raise RuntimeError(f"COPY out ended after {seen} bytes")
    return rows * (row + 1)


def _copy_in(client, size, options):
    line = b"x" * (options.copy_row - 1) + b"\n"
    message = copy_data(line * max(1, options.copy_message // len(line)))
    payload = len(message) - 5
    client.send(query(f"COPY {SINK} FROM STDIN WHERE false"))
    first = client.read()
    if first.type != "G":
        raise ServerError(first.fields) if first.type == "E" else RuntimeError(f"COPY in was answered with {first.type}")
    together = max(1, _PART // len(message))
    sends = -(-size // (payload * together))
    for _ in range(sends):
        client.socket.sendall(message * together)
    client.send(COPY_DONE)
    for one in client.read_until("Z"):
        if one.type == "E":
            raise ServerError(one.fields)
    return sends * together * payload


def summary(runs, base):
    return report.summary(runs, CELL, ["mib_s", "cpu_s_gib", "load"], base, ratios=["mib_s", "cpu_s_gib"],
                          greatest=["peak_growth"])


def table(rows, base):
    rows = [{**row, "growth_mib": None if row["peak_growth"] is None else row["peak_growth"] / 2**20} for row in rows]
    return report.table(rows, CELL, [("MiB/s", "mib_s", 0), (f"of {base}", "mib_s_ratio", 2), ("its CPU s/GiB", "cpu_s_gib", 2),
                                     (f"of {base}", "cpu_s_gib_ratio", 2), ("memory grew at most, MiB", "growth_mib", 1)],
                        lambda row: f"COPY {row['way']}")
