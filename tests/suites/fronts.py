"""Where a suite connects: a fresh PostgreSQL of its own, or the gate before one, with the shipped monitor policy."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "integration"))

import certificates  # noqa: E402
import gate as gates  # noqa: E402
import postgres as servers  # noqa: E402
import processes  # noqa: E402
import sources  # noqa: E402

USER = "postgres" if os.geteuid() == 0 else None  # whom the server and its own tests run as
_SETTINGS = {
    "autovacuum": "on", "wal_level": "logical", "max_prepared_transactions": "10", "max_connections": "300",
    "shared_buffers": "128MB", "log_statement": "none", "log_connections": "off", "log_disconnections": "off",
    "log_parameter_max_length": "0", "log_min_messages": "fatal",
}
# The gate gives every session the schemas of its configuration; a client may ask for PostgreSQL's own default.
OWN_SEARCH_PATH = r'-c search_path="$user",\ public'


_installed = None


def install(fetched):
    """What was unpacked, where the account that the server runs as can run it. It finds its other files from there."""
    global _installed
    if _installed is None:
        _installed = processes.new_folder("installed")
        _installed.chmod(0o755)
        subprocess.run(["cp", "-a", fetched / "installed" / "usr", _installed], check=True)
    os.environ["PORTCULLIS_POSTGRES_BIN"] = str(_installed / sources.PROGRAMS)
    return _installed


class Front:
    """`login` is for servers.libpq_environment(); `postgres` the server behind it; `gate` None for the direct one.
    With `tls`, clients that ask for it get it by `login_for_tls`: from a gate of its own, which demands it."""

    def __init__(self, name, database, fetched, tls=False):
        installed = install(fetched)
        self.name, self.programs, self.drivers = name, installed / sources.PROGRAMS, installed / sources.DRIVERS
        self._authority = certificates.make_authority("the suites") if tls else None
        self.postgres = servers.Postgres("first", _SETTINGS, tls=self._certificate(USER))
        self.agent = servers.Agent("repair-bot", "agent_repair", "for the gate", self.postgres.superuser, "for the server")
        self.postgres.sql(f"ALTER ROLE {self.agent.role} PASSWORD '{self.agent.role_password}'", database="postgres")
        self.gate = self._gate_with_tls = None
        # Every statement waits for the log; what a disk takes for that is not what is tested.
        in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self._audit = tempfile.TemporaryDirectory(prefix="portcullis-suites-", dir=in_memory)
        self.make_database(database)
        if name == "gate":
            self._start_gates()

    def _certificate(self, owner=None):
        return self._authority and certificates.make_certificate(self._authority, "127.0.0.1", owner)

    def make_database(self, name):
        """As pg_regress makes it: the output of many tests depends on these settings."""
        if name != "template1":
            self.postgres.sql(f'CREATE DATABASE "{name}" TEMPLATE template0', database="postgres")
        for setting in ("lc_messages", "lc_monetary", "lc_numeric", "lc_time"):
            self.postgres.sql(f"ALTER DATABASE \"{name}\" SET {setting} TO 'C'", database="postgres")
        self.postgres.sql(f"ALTER DATABASE \"{name}\" SET bytea_output TO 'hex'", database="postgres")
        self.postgres.sql(f"ALTER DATABASE \"{name}\" SET timezone_abbreviations TO 'Default'", database="postgres")
        self.postgres.database = name

    def _start_gates(self):
        self.gate = self._start_gate({})
        own = self._certificate()
        if own:
            tls = {"certificate": str(own.certificate), "key": str(own.key)}
            self._gate_with_tls = self._start_gate({"listen": {"tls": tls}})

    def _start_gate(self, config):
        policy = processes.new_folder("policy") / "observe.json"
        shutil.copyfile(ROOT / "policies" / "observe.json", policy)
        policy.chmod(0o600)
        log = pathlib.Path(self._audit.name) / ("log-tls" if config else "log")
        return gates.Gate(self.postgres, {}, [self.agent], audit_folder=log, config={
            **config,
            "policy": str(policy),
            "upstream": {"allow_superuser": True, "search_path": ["public"], "roles": {
                "analyst": {"user": self.agent.role, "password_file": f"{self.agent.role}.pw"}}},
            "limits": {"statement_bytes": "16MiB", "connections": 400}})

    @property
    def login(self):
        return (self.gate or self.postgres).login_of(self.agent)

    @property
    def login_for_tls(self):
        return (self._gate_with_tls or self.postgres).login_of(self.agent)

    def environment(self):
        options = {"PGOPTIONS": OWN_SEARCH_PATH} if self.gate else {}
        return {**servers.libpq_environment(self.login), **options}

    def stop(self):
        for gate in filter(None, (self.gate, self._gate_with_tls)):
            gate.stop()
        self.postgres.stop()
        self._audit.cleanup()
