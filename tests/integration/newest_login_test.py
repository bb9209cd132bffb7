"""What only the newest PostgreSQL and its libpq can do at a login. Runs on that server alone."""

import os
import signal
import struct
import subprocess
import unittest

import certificates
import harness
import postgres
import processes
import wire
from startup_test import HEAVY
from wire import query, request


def newest_psql(gate, *arguments, **settings):
    """psql on the libpq that came with the server; a list of words for a child process, and its environment."""
    login = gate.login_of(harness.AGENT)
    told = {"host": "127.0.0.1", "port": login["port"], "user": login["user"], "dbname": login["database"], **settings}
    library = postgres.server_programs().parent / "lib"
    psql = postgres.client_program("psql")
    environment = {**os.environ, "LD_LIBRARY_PATH": str(library), "PGPASSWORD": login["password"]}
    words = [str(psql), "-XAt", "-d", " ".join(f"{key}={value}" for key, value in told.items()), *arguments]
    return words, environment


def run_psql(gate, *arguments, **settings):
    words, environment = newest_psql(gate, *arguments, **settings)
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)


def setUpModule():
    version = subprocess.run([postgres.server_programs() / "postgres", "--version"], check=True, capture_output=True,
                             text=True).stdout.strip()
    if " 18." not in version:
        raise AssertionError(f"PORTCULLIS_POSTGRES_BIN has {version}, this is for PostgreSQL 18: see tests/integration/README.md")


class NewestLibpq(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        owner = "postgres" if harness.running_as_root() else None
        cls.authority = certificates.make_authority("everybody's")
        at_server = certificates.make_certificate(cls.authority, "127.0.0.1", owner)
        cls.at_gate = certificates.make_certificate(cls.authority, "127.0.0.1")
        cls.postgres = harness.shop(tls=(at_server.certificate, at_server.key))
        cls.addClassCleanup(cls.postgres.stop)

    def gate(self, tls=False, **upstream):
        config = {"upstream": upstream}
        if tls:
            config["listen"] = {"tls": {"certificate": str(self.at_gate.certificate), "key": str(self.at_gate.key)}}
        gate = harness.Gate(self.postgres, harness.POLICY, [harness.AGENT], config=config)
        self.addCleanup(gate.stop)
        return gate

    def test_libpq_is_the_newest(self):
        words, environment = newest_psql(self.gate())
        found = subprocess.run(["ldd", words[0]], env=environment, capture_output=True, text=True, check=True).stdout
        self.assertIn(str(postgres.server_programs().parent / "lib"), found)

    def test_versions(self):
        gate = self.gate()
        for settings in ({"min_protocol_version": "3.2", "max_protocol_version": "3.2"},
                         {"max_protocol_version": "latest"}, {"max_protocol_version": "3.0"}, {}):
            done = run_psql(gate, "-c", "SELECT 41 + 1", **settings)
            self.assertEqual((done.stdout, done.stderr), ("42\n", ""))

    def test_cancelling_with_keys_of_every_version(self):
        for upstream in ("3.2", "3.0"):
            gate = self.gate(max_protocol_version=upstream)
            for version in ("3.2", "3.0"):
                words, environment = newest_psql(gate, "-c", HEAVY, max_protocol_version=version)
                psql = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                # Its own, not one of the login's: psql takes the signal for the statement only while it waits for it.
                processes.wait_until(lambda: self.postgres.sql("SELECT 1 FROM pg_stat_activity WHERE state = 'active' "
                                                               f"AND query = '{HEAVY}'"), "the query to run")
                psql.send_signal(signal.SIGINT)
                _, told = psql.communicate(timeout=60)
                self.assertIn("canceling statement due to user request", told)
                processes.wait_until(lambda: not self.postgres.sessions_of(harness.AGENT.role), "the session to end")

    def test_same_answers_to_versions_as_the_server(self):
        gate = self.gate()
        for protocol in (wire.PROTOCOL_3_0, wire.PROTOCOL_3_0 + 1, wire.PROTOCOL_3_2, wire.PROTOCOL_3_2 + 1, 196608 + 9999):
            for options in ({}, {"_pq_.x": "1"}, {"_pq_.x": "1", "_pq_.y": "2"}):
                seen = []
                for server, user in ((gate, harness.AGENT.login), (self.postgres, harness.AGENT.role)):
                    with server.socket() as connection:
                        connection.send(wire.startup({"user": user, "database": "shop", **options}, protocol))
                        seen.append(connection.read())
                self.assertEqual(seen[0], seen[1], (protocol, options))

    def test_direct_tls_of_a_client(self):
        gate = self.gate(tls=True)
        root = {"sslrootcert": self.authority.certificate, "sslmode": "verify-full"}
        for more in ({"sslnegotiation": "direct"}, {"sslnegotiation": "direct", "channel_binding": "require"},
                     {"sslnegotiation": "postgres", "channel_binding": "require", "max_protocol_version": "3.2"}):
            done = run_psql(gate, "-c", "SELECT 41 + 1", **root, **more)
            self.assertEqual((done.stdout, done.stderr), ("42\n", ""))

    def test_direct_tls_to_the_server(self):
        gate = self.gate(sslmode="verify-full", root_certificate=str(self.authority.certificate),
                         sslnegotiation="direct", channel_binding="require")
        with gate.connect(harness.AGENT) as connection:
            ssl = self.postgres.sql(f"SELECT ssl FROM pg_stat_ssl WHERE pid = {connection.process_id}")
            self.assertEqual(ssl, [["t"]])
            connection.send(query(HEAVY))
            wanted = [str(connection.process_id), "active"]
            processes.wait_until(lambda: wanted in self.postgres.sessions_of(harness.AGENT.role), "the query to run")
            with gate.socket() as other:
                other.send(request(wire.CANCEL_REQUEST, struct.pack("!I", connection.process_id) + connection.secret_key))
                self.assertEqual(other.read_to_end(), [])
            self.assertEqual(connection.read_until()[-2].code, "57014")


if __name__ == "__main__":
    unittest.main()
