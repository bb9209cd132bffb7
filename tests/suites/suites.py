"""PostgreSQL's suites: each runs on one front and gives what became of each of its tests."""

import filecmp
import pathlib
import re
import shutil
import subprocess
from typing import Callable, NamedTuple

import fronts
from fronts import processes


class Suite(NamedTuple):
    database: str  # whose name its tests expect
    run: Callable  # of the folder of sources.fetch(), a front, and where to keep what it prints: {test: passed}
    tls: bool = False


_RESULT = re.compile(r"^(?:test|)\s+(\S+)\s+\.\.\. (ok|FAILED|failed)", re.MULTILINE)


def _folder(name):
    return processes.new_folder(name, fronts.USER)


def _copy(source, target, *parts):
    """For the account that the server runs as, which reads and writes there."""
    for part in parts:
        whole = source / part
        if whole.is_dir():
            shutil.copytree(whole, target / part)
        else:
            shutil.copy(whole, target)
    if fronts.USER:
        subprocess.run(["chown", "-R", fronts.USER, target], check=True)


def _pg_regress(program, folder, front, schedule, more, keep):
    login = front.login
    command = [program, f"--bindir={front.programs}", "--inputdir=.", "--outputdir=out", "--use-existing",
               f"--dbname={front.postgres.database}", f"--host={login['host']}", f"--port={login['port']}",
               f"--user={login['user']}", f"--schedule={schedule}", *more]
    surroundings = {**front.environment(), "PATH": f"{front.drivers / 'isolation'}:/usr/bin:/bin"}
    with open(keep / "output", "wb") as output:
        subprocess.run([str(word) for word in command], cwd=folder, env=surroundings, stdout=output,
                       stderr=subprocess.STDOUT, check=False, timeout=3000, **processes.identity(fronts.USER))
    differences = folder / "out" / "regression.diffs"
    if differences.exists():
        shutil.copy(differences, keep)
    return {test: result == "ok" for test, result in _RESULT.findall((keep / "output").read_text("utf-8", "replace"))}


def regress(fetched, front, keep):
    folder = _folder("regress")
    _copy(fetched / "src/src/test/regress", folder, "sql", "expected", "data", "parallel_schedule", "resultmap")
    libraries = [fetched / "regress.so", *(front.programs.parent / "lib" / name for name in ("refint.so", "autoinc.so"))]
    for library in libraries:
        shutil.copy(library, folder)
    return _pg_regress(front.drivers / "regress/pg_regress", folder, front, "parallel_schedule",
                       [f"--dlpath={folder}", "--max-connections=20"], keep)


def isolation(fetched, front, keep):
    folder = _folder("isolation")
    _copy(fetched / "src/src/test/isolation", folder, "specs", "expected", "isolation_schedule")
    return _pg_regress(front.drivers / "isolation/pg_isolation_regress", folder, front, "isolation_schedule", [], keep)


def libpq_pipeline(fetched, front, keep):
    """A test is the program's exit code, and where there is one, the trace of every message."""
    program, traces = fetched / "libpq_pipeline", fetched / "src/src/test/modules/libpq_pipeline/traces"
    names = subprocess.run([program, "tests"], capture_output=True, text=True, check=True).stdout.split()
    login = front.login
    where = " ".join(f"{key}='{value}'" for key, value in {
        "host": login["host"], "port": login["port"], "user": login["user"], "password": login["password"],
        "dbname": login["database"]}.items())
    results = {}
    for name in names:
        trace = keep / f"{name}.trace"
        with open(keep / f"{name}.output", "wb") as output:
            done = subprocess.run([program, "-r", "700", "-t", trace, name, where], stdout=output,
                                  stderr=subprocess.STDOUT, env=front.environment(), check=False, timeout=600)
        results[name] = done.returncode == 0
        if (traces / f"{name}.trace").exists():
            results[f"{name} (trace)"] = trace.exists() and filecmp.cmp(trace, traces / f"{name}.trace", shallow=False)
    return results


SUITES = {"regress": Suite("regression", regress), "isolation": Suite("isolation_regression", isolation),
          "libpq_pipeline": Suite("pipeline", libpq_pipeline)}
