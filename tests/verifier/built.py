"""What the built verifier says, `portcullis audit verify`: the binary that PORTCULLIS_BINARY names."""

import functools
import os
import re
import subprocess
from typing import NamedTuple

BINARY = os.environ.get("PORTCULLIS_BINARY")
CHECKS = ("bytes|canonical|fields|origin|index|chain|batch|seal|segment|order|pairs|counters|policy|config|tree|key|silence|time|"
          "torn tail|empty|read|notes|signature|root|unsigned|no key|anchor|no anchor|sealed|hold|retention|erased|kept|prune")
FINDING = re.compile(rf"(?:\S+: )?({CHECKS}), entry (\d+): ")


class Told(NamedTuple):
    status: int
    found: list  # (check, entry)
    printed: str


def _run(*arguments):
    return subprocess.run([BINARY, "audit", "verify", *map(str, arguments)], capture_output=True, text=True, timeout=60)


@functools.lru_cache
def knows_keys():
    """Whether there is one, and it is of those that check signatures."""
    return bool(BINARY) and "--key" in _run("--help").stdout


@functools.lru_cache
def knows_sealing():
    """Whether it is of those that know sealed fields, too."""
    return knows_keys() and "--sealing-keys" in _run("--help").stdout


def verify(folder, keys=(), anchors=(), sealing_keys=None):
    """`keys` and `anchors` are paths, `sealing_keys` is that of a folder."""
    options = [word for key in keys for word in ("--key", key)] + [word for anchor in anchors for word in ("--anchor", anchor)]
    options += ["--sealing-keys", sealing_keys] if sealing_keys else []
    done = _run(folder, *options)
    found = [(m[1], int(m[2])) for m in map(FINDING.match, done.stdout.splitlines()) if m]
    return Told(done.returncode, found, done.stdout + done.stderr)
