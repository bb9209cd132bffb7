"""One run of pgbench: transactions, latency, and what it cost the processes in between; their processor time and memory."""

import pathlib
import re
import subprocess

import processes
from postgres import client_program, libpq_environment

WORKLOADS = {"select": ["-S"], "tpcb": []}
# Every so many-th transaction's latency is kept.
SAMPLED = 0.2


def cpu_seconds(pids):
    """Of all threads, with what the kernel did for them; counted in nanoseconds by the scheduler, not in ticks."""
    total = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                total += int(task.read_text(encoding="ascii").split()[0])
            except (OSError, ValueError):
                pass  # a thread that has just ended
    return total / 1e9


def peak_memory(pids):
    """Resident bytes at the most, of all processes together."""
    total = 0
    for pid in pids:
        try:
            found = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
            total += int(found[1]) * 1024 if found else 0
        except OSError:
            pass
    return total


def forget_peak(pids):
    """peak_memory() counts from now on."""
    for pid in pids:
        try:
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            pass  # not ours: the peak is that of its whole life


def memory(pids):
    """(PSS, RSS) in bytes: what they hold now. PSS counts what several processes share by its part."""
    pss = rss = 0
    for pid in pids:
        try:
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
            values = dict(re.findall(r"^(\w+): +(\d+) kB", text, re.MULTILINE))
            pss, rss = pss + int(values["Pss"]) * 1024, rss + int(values["Rss"]) * 1024
        except OSError:
            pass  # it has ended
    return pss, rss


def load_average():
    return float(pathlib.Path("/proc/loadavg").read_text(encoding="ascii").split()[0])


def _latencies(folder):
    """In microseconds, sorted."""
    return sorted(int(line.split()[2]) for file in folder.glob("log.*") for line in file.read_text().splitlines())


def quantile(values, part):
    """Of sorted values."""
    return values[min(int(len(values) * part), len(values) - 1)] if values else 0


def run(contender, workload, mode, clients, seconds):
    done = _pgbench(contender, WORKLOADS[workload], mode, clients, seconds)
    return {"contender": contender.name, "workload": workload, "mode": mode, "clients": clients, **done}


def run_script(contender, script, mode, clients, seconds):
    """As run(), of a script of pgbench's language."""
    file = processes.new_folder("script") / "script.sql"
    file.write_text(script, encoding="utf-8")
    return {"contender": contender.name, **_pgbench(contender, ["-f", file], mode, clients, seconds)}


def _pgbench(contender, what, mode, clients, seconds):
    contender.before_run()
    folder = processes.new_folder("pgbench")
    forget_peak(contender.pids)
    before = cpu_seconds(contender.pids)
    load = load_average()
    done = subprocess.run(
        [client_program("pgbench"), "-n", "-M", mode, "-c", str(clients), "-j", str(min(clients, 2)), "-T", str(seconds),
         "-l", "--log-prefix", folder / "log", "--sampling-rate", str(SAMPLED), *what],
        capture_output=True, text=True, check=False, env=libpq_environment(contender.login), timeout=seconds + 120)
    if done.returncode != 0:
        raise RuntimeError(f"{contender.name}, {what} {mode} {clients}: {done.stderr[-600:]}")
    cpu = cpu_seconds(contender.pids) - before
    count = int(re.search(r"transactions actually processed: (\d+)", done.stdout)[1])
    tps = float(re.search(r"tps = ([0-9.]+) \(without", done.stdout)[1])
    latencies = _latencies(folder)
    return {"tps": tps, "transactions": count, "p50_us": quantile(latencies, 0.5), "p99_us": quantile(latencies, 0.99),
            "cpu_us": cpu * 1e6 / max(count, 1) if contender.pids else None,
            "memory": peak_memory(contender.pids), "load": load}
