#!/usr/bin/python3
"""Connects, asks SELECT 1 and leaves, over and over, so many at a time and for so long; a process of its own, as clients are.

    storm_clients.py LOGIN_JSON AT_A_TIME SECONDS

Prints JSON: "total_us" of each whole connection, "login_us" from connect to the first ReadyForQuery, "errors" by what they say.
The salted password is made once for all, so that the clients' own work stays small beside what is measured.
"""

import json
import multiprocessing
import re
import sys
import threading
import time

from client import Client
from wire import Closed, ServerError

_PROCESSES = 2


def _once(login, found):
    began = time.perf_counter()
    try:
        client = Client(login)
        try:
            client.enter()
            entered = time.perf_counter()
            client.ask()
            client.leave()
        finally:
            client.close()
    except (OSError, AssertionError, Closed, ServerError) as error:
        what = re.sub(r"127(\.\d+){3}", "its address", f"{type(error).__name__}: {error}")
        found["errors"][what] = found["errors"].get(what, 0) + 1
        time.sleep(0.01)  # whoever is refused at once would do nothing else
        return
    found["login_us"].append(int((entered - began) * 1e6))
    found["total_us"].append(int((time.perf_counter() - began) * 1e6))


def _keep_on(login, until, found):
    while time.monotonic() < until:
        _once(login, found)


def _part(login, threads, seconds, results):
    """One process's share; CLOCK_MONOTONIC is the same for all."""
    found = [{"login_us": [], "total_us": [], "errors": {}} for _ in range(threads)]
    until = time.monotonic() + seconds
    workers = [threading.Thread(target=_keep_on, args=(login, until, one)) for one in found]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    results.put(found)


def main():
    login, at_a_time, seconds = json.loads(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    count = min(_PROCESSES, at_a_time)
    results = multiprocessing.Queue()
    began = time.monotonic()
    shares = [at_a_time // count + (n < at_a_time % count) for n in range(count)]
    parts = [multiprocessing.Process(target=_part, args=(login, share, seconds, results)) for share in shares]
    for part in parts:
        part.start()
    found = [one for _ in parts for one in results.get()]
    for part in parts:
        part.join()
    errors = {}
    for one in found:
        for what, times in one["errors"].items():
            errors[what] = errors.get(what, 0) + times
    json.dump({"seconds": time.monotonic() - began, "errors": errors,
               "login_us": sorted(us for one in found for us in one["login_us"]),
               "total_us": sorted(us for one in found for us in one["total_us"])}, sys.stdout)


if __name__ == "__main__":
    main()
