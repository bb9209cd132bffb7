"""Thousands of connections that do nothing: what each takes of memory once it has logged in and once it has asked something,
how long it takes to let them all in, what they cost together while nobody speaks, and what is given back when they leave.

The server behind is a stand-in (stub_server.py), so that only what stands in between is measured. In the clear: TLS has a
price of its own. Memory is PSS and RSS of the process, without the kernel's own for its sockets. The second round of
connections shows whether the first left something behind: it has to find the memory of those before it.
"""

import argparse
import functools
import pathlib
import resource
import sys
import threading
import time
from queue import Empty, SimpleQueue

import contenders
import measure
import processes
import report
from client import Client

CELL = ["connections"]
_STUB = pathlib.Path(__file__).resolve().parent / "stub_server.py"
_SPARE = 120  # descriptors for everything else
_AT_A_TIME = 16
_THREADS = 64  # no contender has more; they take turns


def possible(wanted, say):
    """How many connections descriptors allow: two each in between, one in here and at the server."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = 2 * wanted + _SPARE
    if soft < need:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(need, soft), max(need, hard)))
        except (ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    can = (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _SPARE) // 2
    if can < wanted:
        say(f"idle connections: {can} instead of {wanted}, since a process may have {hard} descriptors (ulimit -Hn) and each "
            f"connection takes two: raise that to {need}")
    return min(wanted, can)


class StandIn:
    """What the contenders take for the server: the real one's names, the stand-in's port."""

    def __init__(self, postgres):
        self._postgres = postgres
        folder = processes.new_folder("stub")
        self._process = processes.Process([sys.executable, "-B", _STUB, postgres.socket_path, postgres.catalog_role],
                                          folder / "out", folder / "log")
        self.port = int(processes.wait_until((folder / "out").read_text, "the stand-in for the server"))

    def __getattr__(self, name):
        return getattr(self._postgres, name)

    def stop(self):
        self._process.kill()


def run(options, names, postgres, say):
    """Runs, and why some of `names` are missing."""
    count = possible(options.idle_connections, say)
    options = argparse.Namespace(**{**vars(options), "rounds": 1})  # each has two crowds of its own
    runs, missing = [], {}
    for name in names:
        if name in ("direct", "pgbouncer cold", "pgpool"):  # nothing in between; the same program; a process for each
            continue
        say(f"idle connections: {count} through {name}")
        stand_in = StandIn(postgres)
        standing = []
        try:
            standing, without = contenders.start([name], stand_in, most=count + 100)
            missing.update(without)
            runs += report.rounds(options, standing, functools.partial(_measured, count, options, say), say)
        finally:
            for one in standing:
                one.stop()
            stand_in.stop()
    return runs, missing


def _everybody(clients, work):
    """`work` of each, some at a time; how many failed, and the first's reason."""
    queue, failures = SimpleQueue(), []
    for client in clients:
        queue.put(client)

    def keep_on():
        while True:
            try:
                client = queue.get_nowait()
            except Empty:
                return
            try:
                work(client)
            except Exception as error:  # pylint: disable=broad-except
                failures.append(f"{type(error).__name__}: {error}")

    workers = [threading.Thread(target=keep_on) for _ in range(_AT_A_TIME)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return len(failures), failures[0] if failures else None


def _sockets(pids):
    return sum(len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)


def _closed(pids, before, count):
    """Seconds until the clients' ends are closed in between, and how many more descriptors are open a second after than were
    `before`: a pool keeps its connections to the server."""
    began = time.monotonic()
    processes.wait_until(lambda: _sockets(pids) <= before + count, "connections to be closed in between", 60, pause=0.1)
    taken = time.monotonic() - began
    time.sleep(1)
    return taken, _sockets(pids) - before


def _settled(pids):
    """Memory once it has stopped changing, for two seconds at the longest."""
    last = measure.memory(pids)
    for _ in range(4):
        time.sleep(0.5)
        now = measure.memory(pids)
        if now == last:
            break
        last = now
    return now


def _measured(count, options, say, contender):
    pids = contender.pids
    for _ in range(_THREADS):  # what is made once for all, or for each thread, is there
        with Client(contender.login) as first:
            first.enter().ask()
    time.sleep(1)
    descriptors, empty = _sockets(pids), _settled(pids)
    found = {"contender": contender.name, "connections": count, "load": measure.load_average(), "empty_pss": empty[0]}
    found.update(_crowd(contender, pids, count, options, empty, say))
    found["close_s"], found["open_after"] = _closed(pids, descriptors, count)
    found["kept"] = _settled(pids)[0] - empty[0]
    again = _crowd(contender, pids, count, options, empty, say, idle=0)
    found["again_kib"] = again["used_kib"]
    return found


def _crowd(contender, pids, count, options, empty, say, idle=None):
    """Lets `count` in, waits, has each ask once, and closes all."""
    clients = []

    def enter(_):
        clients.append(Client(contender.login).enter())

    began, cpu = time.monotonic(), measure.cpu_seconds(pids)
    failed, why = _everybody(range(count), enter)
    taken, cpu = time.monotonic() - began, measure.cpu_seconds(pids) - cpu
    if failed:
        say(f"{contender.name}: {failed} of {count} connections failed, the first with {why}")
    here = max(len(clients), 1)
    entered = _settled(pids)
    idle = options.idle_seconds if idle is None else idle
    spent = measure.cpu_seconds(pids)
    time.sleep(idle)
    spent = measure.cpu_seconds(pids) - spent
    silent, reason = _everybody(clients, Client.ask)
    if silent:
        say(f"{contender.name}: {silent} of {here} connections failed when they asked, the first with {reason}")
    used = _settled(pids)
    for client in clients:
        client.close()
    return {"failed": failed + silent, "enter_s": taken, "enter_cpu_us": cpu * 1e6 / here,
            "idle_cpu_ms_s": spent * 1e3 / idle if idle else None, "entered_kib": (entered[0] - empty[0]) / 1024 / here,
            "entered_rss_kib": (entered[1] - empty[1]) / 1024 / here, "used_kib": (used[0] - empty[0]) / 1024 / here}


_FIGURES = ["failed", "enter_s", "enter_cpu_us", "idle_cpu_ms_s", "entered_kib", "entered_rss_kib", "used_kib", "again_kib",
            "empty_pss", "kept", "close_s", "open_after", "load"]


def summary(runs, base):
    return report.summary(runs, CELL, _FIGURES, base, ratios=["entered_kib"])


def table(rows, base):
    rows = [{**row, "empty_mib": row["empty_pss"] / 2**20, "kept_mib": row["kept"] / 2**20} for row in rows]
    return report.table(rows, CELL, [("PSS KiB each", "entered_kib", 1), (f"of {base}", "entered_kib_ratio", 2),
                                     ("RSS KiB each", "entered_rss_kib", 1), ("PSS KiB each after SELECT 1", "used_kib", 1),
                                     ("second round", "again_kib", 1), ("to let in, s", "enter_s", 1),
                                     ("its CPU us each", "enter_cpu_us", 0), ("its CPU while idle, ms/s", "idle_cpu_ms_s", 2),
                                     ("empty, MiB", "empty_mib", 1), ("kept when all left, MiB", "kept_mib", 1),
                                     ("to close, s", "close_s", 1), ("open after", "open_after", 0), ("failed", "failed", 0)],
                        lambda row: f"{row['connections']:,} idle connections")
