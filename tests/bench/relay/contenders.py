"""What stands between pgbench and PostgreSQL in a run: nothing, other programs where they are installed, and the gate."""

import os
import shutil
import signal
import time

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
        {"id": "read", "allow": ["select"], "on": TABLES, "to": ["*"]},
        {"id": "repair", "allow": ["update"], "on": TABLES, "to": ["*"], "require": ["where"]},
        {"id": "log", "allow": ["insert"], "on": ["app.pgbench_history"], "to": ["*"]},
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

    def __init__(self, name, postgres, command, files):
        port = processes.free_port()
        super().__init__(name, postgres, port=port)
        account = "postgres" if os.geteuid() == 0 else None
        self.folder = processes.new_folder(name, account)
        values = {"folder": self.folder, "port": port, "server": postgres.port, "user": AGENT.role,
                  "password": AGENT.role_password, "database": postgres.database}
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


PGBOUNCER = """[databases]
{database} = host=127.0.0.1 port={server} dbname={database} user={user} password='{password}'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = session
max_client_conn = 500
default_pool_size = 200
server_reset_query = DISCARD ALL
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
"""
HAPROXY = """global
    maxconn 1000
    nbthread 1
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen postgres
    bind 127.0.0.1:{port}
    server one 127.0.0.1:{server}
"""
PGPOOL = """listen_addresses = '127.0.0.1'
port = {port}
socket_dir = '{folder}'
pcp_listen_addresses = ''
pcp_socket_dir = '{folder}'
backend_clustering_mode = 'raw'
backend_hostname0 = '127.0.0.1'
backend_port0 = {server}
enable_pool_hba = on
pool_passwd = ''
allow_clear_text_frontend_auth = on
num_init_children = 70
max_pool = 1
connection_cache = on
logdir = '{folder}'
pid_file_name = '{folder}/pid'
"""


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


def gate_configs():
    """The gates that are measured, by name: what is merged over the usual configuration."""
    shadow_off = {"shadow": {"mode": "off"}, "limits": {"connections": 400}}
    within = {**shadow_off, "audit": {"reads": "50ms"}}
    return {"gate": shadow_off, "gate 50ms": within, "gate reuse": {**within, "upstream": {"reuse": {"connections": 200}}}}


def start(names, postgres):
    """Those of `names` that can be had here, and why the others cannot."""
    made, missing = [], {}
    for name in names:
        try:
            made += _make(name, postgres, made)
        except (RuntimeError, AssertionError, OSError) as error:
            missing[name] = str(error)
    return made, missing


def _make(name, postgres, made):
    if name == "direct":
        return [Contender(name, postgres)]
    if name in gate_configs():
        return [GateContender(name, postgres, gate_configs()[name])]
    if name == "pgbouncer cold":
        return [Cold(next(one for one in made if one.name == "pgbouncer"))]
    found = program(name)
    if found is None:
        raise RuntimeError(f"{name} is not installed")
    if name == "pgbouncer":
        return [Child(name, postgres, [found, "{folder}/conf"],
                      {"conf": PGBOUNCER, "users": '"{user}" "{password}"\n'})]
    if name == "haproxy":
        return [Child(name, postgres, [found, "-f", "{folder}/conf"], {"conf": HAPROXY})]
    if name == "pgpool":
        return [Child(name, postgres, [found, "-n", "-f", "{folder}/conf", "-a", "{folder}/hba"],
                      {"conf": PGPOOL, "hba": "host all all 127.0.0.1/32 password\n"})]
    raise RuntimeError(f"there is no contender \"{name}\"")


ALL = ["direct", "pgbouncer", "pgbouncer cold", "haproxy", "pgpool", *gate_configs()]
