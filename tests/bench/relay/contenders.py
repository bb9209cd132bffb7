"""What stands between clients and PostgreSQL in a run: nothing, other programs where they are installed, and the gate."""

import os
import re
import shutil
import signal
import time

import configurations
import processes
from gate import Gate
from postgres import Agent

AGENT = Agent("bench", "agent_bench", "what the client knows", "bench", "what the gate knows")
TABLES = ["app.pgbench_accounts", "app.pgbench_branches", "app.pgbench_tellers", "app.pgbench_history"]
# As policies/data-repair.json: reading, and changes that say which rows.
POLICY = {
    "version": 1, "name": "bench",
    "agents": {AGENT.name: {"login": AGENT.login, "owner": "ada"}},
    "protect": [{"id": "pii", "on": ["app.users"]}],
    "rules": [
        {"id": "read", "allow": ["select", "copy to stdout"], "on": TABLES, "to": ["*"]},
        {"id": "repair", "allow": ["update"], "on": TABLES, "to": ["*"], "require": ["where"]},
        {"id": "log", "allow": ["insert"], "on": ["app.pgbench_history"], "to": ["*"]},
        {"id": "load", "allow": ["copy from stdin", "insert"], "on": ["app.copy_sink"], "to": ["*"]},
    ],
}
PROGRAM_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"]


def program(name):
    return shutil.which(name, path=os.pathsep.join([*PROGRAM_FOLDERS, os.environ.get("PATH", "")]))


class Contender:
    """`login` is what pgbench connects with; `pids` are the processes whose processor time counts as its own."""

    pids = ()
    setup_seconds = 0.0

    def __init__(self, name, postgres, user=AGENT.role, password=AGENT.role_password, port=None):
        self.name, self.postgres = name, postgres
        self.login = {"host": "127.0.0.1", "port": port or postgres.port, "user": user, "password": password,
                      "database": postgres.database}

    def before_run(self):
        """What makes it start from the same place as in every other run."""

    def stop(self):
        pass


class Child(Contender):
    """A program of its own, as the account that may not be root."""

    def __init__(self, name, postgres, command, files, most):
        port = processes.free_port()
        super().__init__(name, postgres, port=port)
        account = "postgres" if os.geteuid() == 0 else None
        self.folder = processes.new_folder(name, account)
        values = {"folder": self.folder, "port": port, "server": postgres.port, "user": AGENT.role,
                  "password": AGENT.role_password, "database": postgres.database, "most": most}
        for file, text in files.items():
            path = self.folder / file
            path.write_text(text.format(**values), encoding="utf-8")
            path.chmod(0o644)
        self._process = processes.Process([word.format(**values) for word in command], self.folder / "out",
                                          self.folder / "log", user=account)
        time.sleep(1)
        if not self._process.running():
            raise RuntimeError(f"{name} did not start: {(self.folder / 'log').read_text()[-800:]}")

    @property
    def pids(self):
        return [self._process.pid, *processes.descendants(self._process.pid)]

    def stop(self):
        self._process.signal(signal.SIGTERM)
        self._process.wait()


class Cold(Contender):
    """The same PgBouncer with server connections that are new in every run, as those of a relay are."""

    def __init__(self, warm):
        super().__init__(warm.name + " cold", warm.postgres, port=warm.login["port"])
        self._warm = warm

    @property
    def pids(self):
        return self._warm.pids

    def before_run(self):
        self.postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{AGENT.role}'")


class GateContender(Contender):
    def __init__(self, name, postgres, config=None):
        self._gate = Gate(postgres, POLICY, [AGENT], config=config)
        login = self._gate.login_of(AGENT)
        super().__init__(name, postgres, login["user"], login["password"], login["port"])

    @property
    def pids(self):
        return [self._gate.pid]

    def stop(self):
        shutil.rmtree(self._gate.folder / "kept", ignore_errors=True)
        self._gate.stop()
        verdict = self._gate.verify()
        if verdict.returncode == 1:
            raise RuntimeError(f"{self.name}: its audit log does not verify: {verdict.stdout}")


def gate_config(name, most):
    """What is merged over the usual configuration for the gate of that name; None: it is no gate's. Without `threads` it has as
    many as the machine has cores."""
    config = {"shadow": {"mode": "off"}, "limits": {"connections": most}}
    threads = re.fullmatch(r"gate (\d+) threads?( 50ms)?", name)
    if threads:
        return {**config, "threads": int(threads[1]), **({"audit": {"reads": "50ms"}} if threads[2] else {})}
    within = {**config, "audit": {"reads": "50ms"}}
    reuse = {**within, "upstream": {"reuse": {"connections": 200}}}
    return {"gate": config, "gate 50ms": within, "gate reuse": reuse}.get(name)


def gate_name(threads):
    return f"gate {threads} thread" + ("s" if threads > 1 else "")


def start(names, postgres, most=400):
    """Those of `names` that can be had here, each for so many clients at the most, and why the others cannot."""
    made, missing = [], {}
    for name in names:
        try:
            made += _make(name, postgres, made, most)
        except (RuntimeError, AssertionError, OSError) as error:
            missing[name] = str(error)
    return made, missing


def _make(name, postgres, made, most):
    if name == "direct":
        return [Contender(name, postgres)]
    if gate_config(name, most):
        return [GateContender(name, postgres, gate_config(name, most))]
    if name == "pgbouncer cold":
        warm = next((one for one in made if one.name == "pgbouncer"), None)
        if warm is None:
            raise RuntimeError("it needs pgbouncer")
        return [Cold(warm)]
    found = program(name)
    if found is None:
        raise RuntimeError(f"{name} is not installed")
    if name == "pgbouncer":
        return [Child(name, postgres, [found, "{folder}/conf"],
                      {"conf": configurations.PGBOUNCER, "users": '"{user}" "{password}"\n'}, most)]
    if name == "haproxy":
        return [Child(name, postgres, [found, "-f", "{folder}/conf"], {"conf": configurations.HAPROXY}, most)]
    if name == "pgpool":
        return [Child(name, postgres, [found, "-n", "-f", "{folder}/conf", "-a", "{folder}/hba"],
                      {"conf": configurations.PGPOOL, "hba": "host all all 127.0.0.1/8 password\n"}, most)]
    raise RuntimeError(f"there is no contender \"{name}\"")


ALL = ["direct", "pgbouncer", "pgbouncer cold", "haproxy", "pgpool", "gate", "gate 50ms", "gate reuse"]
