"""The gate under test: writes its files, starts it, stops it, reads its audit log."""

import fcntl
import functools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import processes
import wire


# For builds with a sanitizer: it keeps freed memory for a while, which tests of memory would count, and dislikes
# libraries that are loaded before it.
_SANITIZER = {"ASAN_OPTIONS": ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=2",
                                                     "verify_asan_link_order=0"])),
              "TSAN_OPTIONS": "halt_on_error=1"}


def binary():
    named = os.environ.get("PORTCULLIS_BINARY")
    if not named or not os.access(named, os.X_OK):
        raise RuntimeError("set PORTCULLIS_BINARY to the built portcullis")
    return named


def run(*arguments, stdin=""):
    """One command of the binary, to its end."""
    return subprocess.run([binary(), *map(str, arguments)], input=stdin, capture_output=True, text=True, check=False,
                          timeout=120)


def _merge(base, changes):
    for key, value in changes.items():
        base[key] = _merge(dict(base.get(key, {})), value) if isinstance(value, dict) else value
    return base


def signing_key(origin="test", which="log"):
    """The file of the private key that all gates of this run sign with; beside it stands the public one."""
    return _key(origin, which)


@functools.lru_cache
def _key(origin, which):
    file = processes.new_folder("key") / f"{which}.key"
    made = run("audit", "keygen", "--name", origin, "--out", file)
    assert made.returncode == 0, made.stderr
    return file


class Gate:
    def __init__(self, postgres, policy, agents, config=None, environment=None, file_limit=None, audit_folder=None,
                 run_by=()):
        """`config` is merged over the usual configuration; `file_limit` is RLIMIT_FSIZE in bytes; `run_by` is a command that
        starts the one behind it and is it from then on, under the same process id."""
        self.folder = processes.new_folder("gate")
        self.database = postgres.database
        self.audit_dir = pathlib.Path(audit_folder or self.folder / "audit")
        self._environment, self._file_limit = {**_SANITIZER, **(environment or {})}, file_limit
        self._run_by = run_by
        self._process, self._port = None, None
        self._write("policy.json", json.dumps(policy, indent=1))
        self._write("catalog.pw", postgres.catalog_password + "\n")
        for agent in agents:
            self._write(f"{agent.role}.pw", agent.role_password + "\n")
            self.add_login(agent)
        self.config = _merge({
            "listen": {"address": "127.0.0.1", "port": 0},
            "logins": "logins.conf",
            "upstream": {
                "host": "127.0.0.1", "port": postgres.port, "database": postgres.database, "search_path": ["app"],
                "catalog": {"user": postgres.catalog_role, "password_file": "catalog.pw", "poll": "200ms"},
                "roles": {a.name: {"user": a.role, "password_file": f"{a.role}.pw"} for a in agents},
            },
            "policy": "policy.json",
            # Plain, since many tests look for what they sent in the log itself; audit_sealed_test.py is of the default.
            "audit": {"directory": str(self.audit_dir), "text": "plain", "origin": "test"},
        }, config or {})
        audit = self.config["audit"]
        if audit["text"] is None:
            del audit["text"]
        audit.setdefault("key", str(signing_key(audit["origin"])))
        if audit["key"] is None:
            del audit["key"]
        self.write_config()
        self.start()

    def _write(self, name, content):
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(content, encoding="utf-8")
        return path

    def write_config(self):
        """`config` as it is now, for the next start."""
        self._write("portcullis.json", json.dumps(self.config, indent=1))

    def add_login(self, agent):
        password = self._write("login.pw", agent.password + "\n")
        made = run("user", agent.login, "--file", self.folder / "logins.conf", "--password-file", password)
        assert made.returncode == 0, made.stderr
        password.unlink()

    # --- life -----------------------------------------------------------------------------------------------------
    def start(self):
        self.launch()
        ready = processes.wait_until(self._ready, "the gate to be ready")
        self._port = int(ready[1])

    def launch(self):
        """start(), without waiting until it is ready."""
        out = self.folder / "out"
        out.write_text("")
        self._process = processes.Process([*self._run_by, binary(), "serve", "--config", self.folder / "portcullis.json"],
                                          out, self.folder / "log", environment=self._environment,
                                          file_limit=self._file_limit)

    def _ready(self):
        found = re.search(r"^portcullis ready on \S*:(\d+)$", self._process.output.read_text(), re.MULTILINE)
        if not found and not self._process.running():
            raise AssertionError(f"the gate ended with {self._process.wait()}: {self.log_text()[-3000:]}")
        return found

    def stop(self):
        """The exit status after SIGTERM."""
        self._process.signal(signal.SIGTERM)
        return self._process.wait()

    def kill(self):
        return self._process.kill()

    def lift_file_limit(self):
        """From the next start on."""
        self._file_limit = None

    def running(self):
        return self._process.running()

    @property
    def pid(self):
        return self._process.pid

    # --- talking to it --------------------------------------------------------------------------------------------
    @property
    def address(self):
        return ("127.0.0.1", self._port)

    def login_of(self, agent):
        return {"host": "127.0.0.1", "port": self._port, "user": agent.login, "password": agent.password,
                "database": self.database}

    def socket(self, **options):
        return wire.Connection(self.address, **options)

    def connect(self, agent, **parameters):
        connection = self.socket()
        connection.log_in(agent.login, agent.password, self.database, **parameters)
        return connection

    # --- what it did ----------------------------------------------------------------------------------------------
    def log_text(self):
        return self._process.errors.read_text(encoding="utf-8", errors="replace")

    def memory(self):
        """Resident bytes."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def entries(self, kind=None):
        """The audit log's entries as far as they are written."""
        return [e for e in read_entries(self.audit_dir) if kind is None or e["t"] == kind]

    def wait_for_entry(self, kind, test):
        def find():
            return next((e for e in reversed(self.entries(kind)) if test(e)), None)
        return processes.wait_until(find, f"a {kind} entry in the audit log")

    def judged_again(self):
        """What `audit replay` says of the log by the policy that it was made by; None where that was more than one."""
        policies = {e["hash"]: e["bytes"] for e in self.entries("policy") if "bytes" in e}
        if len(policies) != 1:
            return None
        [bytes_] = policies.values()
        file = processes.new_folder("replayed") / "policy.json"
        file.write_text(bytes_, encoding="utf-8")
        done = run("audit", "replay", self.audit_dir, "--policy", file, "--json")
        assert done.returncode in (0, 1, 2), done.stderr
        return json.loads(done.stdout)

    def verify(self, folder=None):
        """Against the key, and the newest checkpoint for an anchor. While the gate runs, what was written last may not be covered
        yet, and a batch may be caught halfway."""
        folder = pathlib.Path(folder or self.audit_dir)
        for _ in range(25):
            report = verify_log(folder, self.config["audit"]["origin"])
            if not re.search("unsigned, entry|torn tail, entry", report.stdout) or not self.running():
                break
            time.sleep(0.2)
        return report


def verify_log(folder, origin="test"):
    """`audit verify` with the run's key, and the log's own newest notes in the place of an anchor."""
    notes = [f for f in sorted(pathlib.Path(folder).glob("*.notes")) if f.stat().st_size > 0]
    anchors = ["--anchor", shutil.copy(notes[-1], processes.new_folder("anchor"))] if notes else []
    arguments = [folder, "--key", str(signing_key(origin)) + ".pub", *anchors]
    report = run("audit", "verify", *arguments)
    other = _second_opinion(folder, arguments)
    assert other is None or other.returncode == report.returncode, f"{report.stdout}and the second verifier:\n{other.stdout}"
    return report


_SECOND = pathlib.Path(__file__).resolve().parent.parent / "verifier" / "verifier.py"
_MOST_FOR_SECOND = 4 << 20  # bytes, of which it reads a MiB in about two seconds


def _second_opinion(folder, arguments):
    """What tests/verifier says of a log that nobody writes to any more; nothing of a large one."""
    files = list(pathlib.Path(folder).glob("*.jsonl"))
    if not files or sum(f.stat().st_size for f in files) > _MOST_FOR_SECOND or _is_locked(folder):
        return None
    return subprocess.run([sys.executable, "-B", _SECOND, *map(str, arguments)], capture_output=True, text=True, check=False,
                          timeout=120)


def _is_locked(folder):
    """Whether a gate writes to it, or one that was killed has left its preallocated space."""
    try:
        with open(pathlib.Path(folder) / "lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return (pathlib.Path(folder) / "next").exists()


def read_entries(folder):
    """Segments hold one entry a line; space that is only preallocated is line feeds, a line without its end is torn."""
    entries = []
    for segment in sorted(pathlib.Path(folder).glob("*.jsonl")):
        whole_lines = segment.read_bytes().rpartition(b"\n")[0]
        for line in whole_lines.split(b"\n"):
            if line:
                entries.append(json.loads(line))
    return entries
