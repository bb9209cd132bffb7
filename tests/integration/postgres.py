"""A PostgreSQL server of the test's own: fresh cluster, loopback and Unix socket, every statement in its log."""

import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
from typing import NamedTuple

import processes
import wire

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "max_prepared_transactions": "4",
    "password_encryption": "scram-sha-256",
    "log_statement": "all",
    "log_line_prefix": "%p|%u| ",
    "log_min_messages": "warning",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_parameter_max_length": "-1",
}


class Agent(NamedTuple):
    """Who logs in at the gate (login), and what that becomes in the database (role)."""
    name: str
    login: str
    password: str
    role: str
    role_password: str


class Logged(NamedTuple):
    """A statement of the server's log. `parameters` is its DETAIL line, or empty."""
    pid: int
    text: str
    parameters: str


def _debian_programs():
    """The folders with programs of PostgreSQL that Debian installed, newest last."""
    return sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))


def server_programs():
    """The folder of initdb and postgres, which are not on the PATH."""
    named = os.environ.get("PORTCULLIS_POSTGRES_BIN")
    for folder in [pathlib.Path(named)] if named else reversed(_debian_programs()):
        if (folder / "initdb").exists():
            return folder
    raise RuntimeError("no PostgreSQL server programs found: set PORTCULLIS_POSTGRES_BIN to the folder of initdb")


def client_program(name):
    """psql or pgbench: the server's own, or Debian's where the server came without."""
    for folder in [server_programs(), *reversed(_debian_programs())]:
        if (folder / name).exists():
            return folder / name
    raise RuntimeError(f"no {name} found: install postgresql-15")


def _programs_for(user):
    """The server's programs where `user` can run them: a copy when they lie below a folder that it may not enter."""
    programs = server_programs()
    may_run = subprocess.run(["test", "-x", programs / "initdb"], check=False, **processes.identity(user))
    if may_run.returncode == 0:
        return programs
    copied = processes.root() / "server"
    if not copied.exists():
        shutil.copytree(programs.parent, copied, symlinks=True)  # they find their lib/ and share/ beside bin/
        subprocess.run(["chown", "-R", user, copied], check=True)
    return copied / "bin"


def libpq_environment(login):
    """What psql, pgbench and node-postgres read their connection from."""
    return {**os.environ, "PGHOST": login["host"], "PGPORT": str(login["port"]), "PGUSER": login["user"],
            "PGPASSWORD": login["password"], "PGDATABASE": login["database"], "PGSSLMODE": "disable",
            "PGCONNECT_TIMEOUT": "20"}


class Postgres:
    # What the gate reads the catalog as. It may look at nothing else.
    catalog_role, catalog_password = "portcullis_catalog", "only for the catalog"

    def __init__(self, database="shop", settings=None, tls=None, superuser=None):
        """`tls` is (certificate file, key file), both readable by the server's account."""
        self._user = "postgres" if os.geteuid() == 0 else None
        self.superuser = superuser or self._user or pwd.getpwuid(os.geteuid()).pw_name
        self._programs = _programs_for(self._user)
        self.folder = processes.new_folder("postgres", self._user)
        self.port = processes.free_port()
        self.database = database
        self._settings = {**_SETTINGS, **(settings or {})}
        if tls is not None:
            self._settings.update(ssl="on", ssl_cert_file=str(tls[0]), ssl_key_file=str(tls[1]))
        self._process = None
        self._initialise()
        self.start()
        self.sql(f'CREATE DATABASE "{database}"', database="postgres")
        self.sql(f"CREATE ROLE {self.catalog_role} LOGIN PASSWORD '{self.catalog_password}'", database="postgres")

    def _initialise(self):
        command = [self._programs / "initdb", "-D", self.folder / "data", "-U", self.superuser, "-E", "UTF8",
                   "--no-locale", "--no-sync", "--auth-local=trust", "--auth-host=scram-sha-256"]
        subprocess.run([str(word) for word in command], check=True, capture_output=True, cwd=self.folder,
                       **processes.identity(self._user))
        with open(self.folder / "data" / "postgresql.conf", "a", encoding="utf-8") as conf:
            for key, value in self._settings.items():
                conf.write(f"{key} = '{value}'\n")
            conf.write(f"port = {self.port}\nunix_socket_directories = '{self.folder}'\n")

    # --- life -----------------------------------------------------------------------------------------------------
    def start(self):
        self._process = processes.Process([self._programs / "postgres", "-D", self.folder / "data"],
                                          self.folder / "out", self.folder / "log", user=self._user,
                                          end_signal="SIGQUIT")
        processes.wait_until(self._answers, "PostgreSQL to start")

    def _answers(self):
        if not self._process.running():
            raise AssertionError("PostgreSQL ended: " + self.log_text()[-2000:])
        try:
            self.sql("SELECT 1", database="postgres")
        except (OSError, wire.Closed, wire.ServerError):
            return False
        return True

    def stop(self):
        self._process.signal(signal.SIGQUIT)
        return self._process.wait()

    def kill(self):
        """As if the machine had lost it: the postmaster and every session at once."""
        self._process.signal(signal.SIGSTOP)  # or it would start more while they are listed
        processes.wait_until(lambda: processes.state(self._process.pid) in ("T", "t"), "the postmaster to stop")
        sessions = processes.descendants(self._process.pid)
        self._process.kill()
        for pid in sessions:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        # The next server does not start while one of them holds the shared memory.
        processes.wait_until(lambda: all(processes.state(pid) in ("", "Z") for pid in sessions), "its sessions to end")

    @property
    def major(self):
        """13 to 18."""
        return int(self.sql("SHOW server_version_num", database="postgres")[0][0]) // 10000

    # --- talking to it --------------------------------------------------------------------------------------------
    @property
    def socket_path(self):
        return f"{self.folder}/.s.PGSQL.{self.port}"

    def superuser_connection(self, database=None):
        connection = wire.Connection(self.socket_path)
        connection.log_in(self.superuser, database=database or self.database)
        return connection

    def sql(self, text, database=None):
        """Runs it as the superuser; the rows as lists of str."""
        with self.superuser_connection(database) as connection:
            return connection.rows(text)

    def load(self, file):
        self.sql(pathlib.Path(file).read_text(encoding="utf-8"))

    def create_role(self, agent):
        self.sql(f"CREATE ROLE {agent.role} LOGIN PASSWORD '{agent.role_password}'")

    def login_of(self, agent):
        """How a driver gets at the database without the gate."""
        return {"host": "127.0.0.1", "port": self.port, "user": agent.role, "password": agent.role_password,
                "database": self.database}

    def socket(self, **options):
        return wire.Connection(("127.0.0.1", self.port), **options)

    def connect(self, agent, **parameters):
        connection = self.socket()
        connection.log_in(agent.role, agent.role_password, self.database, **parameters)
        return connection

    # --- what it saw ----------------------------------------------------------------------------------------------
    def log_text(self):
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def log_size(self):
        return (self.folder / "log").stat().st_size

    def statements_logged(self, role, since=0):
        """What that role ran, in order; `since` is an earlier log_size()."""
        with open(self.folder / "log", "rb") as log:
            log.seek(since)
            lines = log.read().decode("utf-8", errors="replace").split("\n")
        entries = []
        for line in lines:  # further lines of one entry begin with a tab
            if line.startswith("\t") and entries:
                entries[-1] += "\n" + line[1:]
            else:
                entries.append(line)
        found = []
        for entry in entries:
            head = re.match(r"(\d+)\|([^|]*)\| (LOG|DETAIL): +", entry)
            if not head or head[2] != role:
                continue
            rest = entry[head.end():]
            if head[3] == "DETAIL" and rest.startswith("parameters: ") and found:
                found[-1] = found[-1]._replace(parameters=rest[len("parameters: "):])
            statement = re.match(r"(statement|execute [^:]*|fastpath function call): ", rest)
            if head[3] == "LOG" and statement:
                found.append(Logged(int(head[1]), rest[statement.end():], ""))
        return found

    def sessions_of(self, role):
        return self.sql(f"SELECT pid, state FROM pg_stat_activity WHERE usename = '{role}'", database="postgres")
