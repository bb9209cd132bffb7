"""Where the scripts run: one PostgreSQL, and two gates before it, one that wants TLS and one that has none."""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

import certificates
import processes
from gate import Gate
from postgres import Agent, Postgres

# The same person on both ways, but two roles: see schema.sql.
AT_THE_GATE = Agent("clients", "agent_direct", "what the client knows", "agent_gate", "what the gate knows")
DIRECT = Agent("clients", "agent_direct", "", "agent_direct", "what the client knows")

# In the certificates: several clients compare no addresses.
NAME = "localhost"

POLICY = {
    "version": 1,
    "name": "clients",
    "agents": {AT_THE_GATE.name: {"login": AT_THE_GATE.login, "owner": "ada"}},
    "protect": [{"id": "pii", "on": ["app.users"]}],
    "rules": [
        {"id": "read", "allow": ["select", "copy to stdout"], "on": ["app.samples", "app.notes", "public.items"],
         "to": ["*"]},
        {"id": "write", "allow": ["insert", "update", "delete", "copy from stdin"], "on": ["app.notes"], "to": ["*"]},
        {"id": "sleep", "allow": ["execute function"], "on": ["pg_catalog.pg_sleep"], "to": ["*"]},
    ],
}


class Places:
    """The servers; `surroundings` says how a client gets at them."""

    def __init__(self):
        owner = "postgres" if os.geteuid() == 0 else None
        self.authority = certificates.make_authority("the clients trust me")
        at_server = certificates.make_certificate(self.authority, NAME, owner)
        at_gate = certificates.make_certificate(self.authority, NAME)
        self.postgres = Postgres(tls=at_server)
        for agent in (DIRECT, AT_THE_GATE):
            self.postgres.create_role(agent)
        self.postgres.load(HERE / "schema.sql")
        tls = {"listen": {"tls": {"certificate": str(at_gate.certificate), "key": str(at_gate.key)}}}
        verified = {"upstream": {"host": NAME, "sslmode": "verify-full",
                                 "root_certificate": str(self.authority.certificate)}}
        self.gates = {"plain": Gate(self.postgres, POLICY, [AT_THE_GATE]),
                      "TLS": Gate(self.postgres, POLICY, [AT_THE_GATE], config={**tls, **verified})}

    def surroundings(self, security, through_gate):
        """The environment of a client: libpq's variables, which the scripts of other drivers read too."""
        login = self.gates[security].login_of(AT_THE_GATE) if through_gate else self.postgres.login_of(DIRECT)
        settings = {"PGHOST": login["host"], "PGPORT": str(login["port"]), "PGUSER": login["user"],
                    "PGPASSWORD": login["password"], "PGDATABASE": login["database"], "PGCONNECT_TIMEOUT": "60",
                    "PGSSLMODE": "disable", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
        if security == "TLS":
            settings.update(PGHOST=NAME, PGSSLMODE="verify-full", PGSSLROOTCERT=str(self.authority.certificate),
                            PGCHANNELBINDING="require")
        return {**os.environ, **settings}

    def reset(self):
        """A script that died may have left its statement behind."""
        self.postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        processes.wait_until(lambda: not self.is_asleep(), "what an earlier script left to end")
        self.postgres.sql("TRUNCATE app.notes RESTART IDENTITY")

    def is_asleep(self):
        """Whether a client runs the statement that it wants to cancel."""
        return self.postgres.sql("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'") != []

    def refusals(self, security):
        """How many statements that gate refused so far."""
        return sum(entry["verdict"] != "allow" for entry in self.gates[security].entries("decision"))

    def sessions(self, security):
        """How many sessions over TLS, or in the clear, that gate had so far."""
        return sum(entry.get("tls", False) == (security == "TLS") for entry in self.gates[security].entries("session"))

    def stop(self):
        """What went wrong at the end, or nothing."""
        ended = {name: (gate.running(), gate.stop()) for name, gate in self.gates.items()}
        verified = {name: gate.verify().returncode for name, gate in self.gates.items()}
        self.postgres.stop()
        return [f"the gate ({name}) ended with {ended[name]}, its audit log verified with {verified[name]}"
                for name in ended if ended[name] != (True, 0) or verified[name] != 0]
