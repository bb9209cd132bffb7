"""How a login is proved, and what somebody who proves nothing may take of the gate."""

import hashlib
import pathlib
import select
import socket
import ssl
import struct
import threading
import time
import unittest

import psycopg2

import certificates
import harness
import processes
import wire
from startup_test import HEAVY
from wire import Closed, ServerError, query, request, startup

LOGIN, PASSWORD = harness.AGENT.login, harness.AGENT.password
PACKET = {"user": LOGIN, "database": "shop"}


def der_of(certificate):
    return ssl.PEM_cert_to_DER_cert(pathlib.Path(certificate.certificate).read_text(encoding="ascii"))


class Versions(harness.ShopCase):
    def first_answer(self, protocol, **options):
        with self.gate.socket() as connection:
            connection.send(startup({**PACKET, **options}, protocol))
            return connection.read()

    def test_what_is_understood_is_not_negotiated(self):
        for protocol in (wire.PROTOCOL_3_0, wire.PROTOCOL_3_0 + 1, wire.PROTOCOL_3_2):
            self.assertEqual(self.first_answer(protocol).type, "R")

    def test_what_is_not_is_answered_as_a_server_does(self):
        for minor in (3, 4, 9999):
            answer = self.first_answer(wire.PROTOCOL_3_0 + minor)
            self.assertEqual(answer, wire.Message("v", struct.pack("!II", wire.PROTOCOL_3_2, 0)))
        answer = self.first_answer(wire.PROTOCOL_3_0, **{"_pq_.a": "1", "_pq_.b": ""})
        self.assertEqual(answer, wire.Message("v", struct.pack("!II", wire.PROTOCOL_3_0, 2) + b"_pq_.a\0_pq_.b\0"))
        with self.postgres.socket() as direct:
            direct.send(startup({"user": harness.AGENT.role, "database": "shop", "_pq_.a": "1", "_pq_.b": ""}))
            self.assertEqual(direct.read(), answer)

    def test_keys_are_as_long_as_the_version_has_room_for(self):
        for protocol, length in ((wire.PROTOCOL_3_0, 4), (wire.PROTOCOL_3_0 + 1, 4), (wire.PROTOCOL_3_2, 32)):
            with self.gate.socket() as connection:
                connection.log_in(LOGIN, PASSWORD, "shop", protocol=protocol)
                self.assertEqual(len(connection.secret_key), length)

    def test_long_keys_cancel_and_other_lengths_do_not(self):
        connection = self.gate.socket()
        self.addCleanup(connection.close)
        connection.log_in(LOGIN, PASSWORD, "shop", protocol=wire.PROTOCOL_3_2)
        connection.send(query(HEAVY))
        wanted = [str(connection.process_id), "active"]
        processes.wait_until(lambda: wanted in self.postgres.sessions_of(harness.AGENT.role), "the query to run")
        key = connection.secret_key
        for wrong in (key[:4], key[:31], key + b"x", key * 8, bytes([key[0] ^ 1]) + key[1:]):
            self.cancel(connection.process_id, wrong)
        connection.socket.settimeout(0.5)
        with self.assertRaises(socket.timeout):
            connection.read()
        connection.socket.settimeout(30)
        self.cancel(connection.process_id, key)
        self.assertEqual(connection.read_until()[-2].code, "57014")

    def cancel(self, process_id, key):
        with self.gate.socket() as other:
            other.send(request(wire.CANCEL_REQUEST, struct.pack("!I", process_id) + key))
            self.assertEqual(other.read_to_end(), [])


class TlsCase(harness.ShopCase):
    """A gate with a certificate; `cls.authority` signed it, `cls.agents` signs those of agents."""

    tls = {}

    @classmethod
    def setUpClass(cls):
        cls.authority = certificates.make_authority("clients trust me")
        cls.agents = certificates.make_authority("agents")
        cls.certificate = certificates.make_certificate(cls.authority, "127.0.0.1")
        tls = {"certificate": str(cls.certificate.certificate), "key": str(cls.certificate.key)}
        if "client_ca" in cls.tls:
            tls |= {**cls.tls, "client_ca": str(cls.agents.certificate)}
        cls.config = {"listen": {"tls": tls}, "limits": {"login_delay": "0s"}}
        super().setUpClass()

    def context(self, own=None, alpn=None):
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        if own is not None:
            context.load_cert_chain(own.certificate, own.key)
        if alpn is not None:
            context.set_alpn_protocols(alpn)
        return context

    def encrypted(self, own=None, direct=False, alpn=None):
        connection = self.gate.socket()
        self.addCleanup(connection.close)
        if not direct:
            connection.send(request(wire.SSL_REQUEST))
            self.assertEqual(connection.read_bytes(1), b"S")
        context = self.context(own, alpn)
        connection.socket = context.wrap_socket(connection.socket, server_hostname="127.0.0.1")
        return connection

    def proof_of(self, application):
        entry = self.gate.wait_for_entry("session", lambda e: e.get("application") == application)
        return entry.get("auth")

    def assert_refused(self, code, connection, login=LOGIN, password=PASSWORD, **options):
        with self.assertRaises(ServerError) as refused:
            connection.log_in(login, password, "shop", **options)
        self.assertEqual((refused.exception.fields["S"], refused.exception.code), ("FATAL", code),
                         refused.exception.fields)
        return refused.exception.fields


class ChannelBinding(TlsCase):
    def binding(self):
        return hashlib.sha256(der_of(self.certificate)).digest()

    def test_libpq_requires_it_and_gets_it(self):
        login = {**self.gate.login_of(harness.AGENT), "sslrootcert": str(self.authority.certificate)}
        for wanted, proof in (("require", "scram-sha-256-plus"), ("prefer", "scram-sha-256-plus"),
                              ("disable", "scram-sha-256")):
            psycopg2.connect(**login, sslmode="verify-full", channel_binding=wanted,
                             application_name=f"binding {wanted}").close()
            self.assertEqual(self.proof_of(f"binding {wanted}"), proof)

    def test_offer_and_flags(self):
        connection = self.encrypted()
        connection.log_in(LOGIN, PASSWORD, "shop", binding=self.binding(), application_name="bound")
        self.assertEqual(self.proof_of("bound"), "scram-sha-256-plus")
        connection = self.encrypted()
        connection.log_in(LOGIN, PASSWORD, "shop", application_name="unbound")  # the flag "n"
        self.assertEqual(self.proof_of("unbound"), "scram-sha-256")

    def test_downgrade_is_noticed(self):
        connection = self.encrypted()
        with self.assertRaises(ServerError) as refused:
            connection.log_in(LOGIN, PASSWORD, "shop", gs2="y,,")
        self.assertEqual(refused.exception.code, "28000")

    def test_proof_for_another_certificate_is_refused(self):
        self.assert_refused("28000", self.encrypted(), binding=hashlib.sha256(b"the one of somebody between").digest())


    def test_somebody_between_with_a_certificate_that_is_trusted(self):
        login = {**self.gate.login_of(harness.AGENT), "sslrootcert": str(self.authority.certificate),
                 "sslmode": "verify-full"}
        with Between(self.gate.address, certificates.make_certificate(self.authority, "127.0.0.1")) as between:
            for wanted in ("require", "prefer"):
                with self.assertRaisesRegex(psycopg2.OperationalError, "another certificate"):
                    psycopg2.connect(**{**login, "port": between.port}, channel_binding=wanted)
            psycopg2.connect(**{**login, "port": between.port}, channel_binding="disable").close()


class Between:
    """Ends the client's TLS with a certificate of its own and passes everything on over another connection."""

    def __init__(self, target, certificate):
        self._target = target
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.certificate, certificate.key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                self._meet(client)
            except OSError:  # closed, or a handshake that failed
                if self._listener.fileno() < 0:
                    return

    def _meet(self, client):
        assert client.recv(8) == request(wire.SSL_REQUEST)
        client.sendall(b"S")
        client = self._context.wrap_socket(client, server_side=True)
        server = socket.create_connection(self._target)
        server.sendall(request(wire.SSL_REQUEST))
        assert server.recv(1) == b"S"
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        server = trusting.wrap_socket(server)
        threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()

    @staticmethod
    def _pass_on(client, server):
        try:
            while True:
                for one in (client, server):
                    if one.pending() == 0:
                        readable, _, _ = select.select([client, server], [], [], 30)
                        if one not in readable:
                            continue
                    part = one.recv(1 << 14)
                    if not part:
                        return
                    (server if one is client else client).sendall(part)
        except OSError:
            pass
        finally:
            client.close()
            server.close()


class Certificates(TlsCase):
    tls = {"client_ca": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.right = certificates.make_certificate(cls.agents, "repair.example.com")
        cls.other = certificates.make_certificate(cls.agents, "other.example.com")
        cls.stranger = certificates.make_certificate(certificates.make_authority("nobody"), "repair.example.com")
        cls.gate.stop()
        cls.logins = cls.gate.folder / "logins.conf"
        cls.with_password = cls.logins.read_text(encoding="utf-8").strip()

    def start(self, line):
        self.logins.write_text(line + "\n", encoding="utf-8")
        self.gate.start()
        self.addCleanup(self.gate.stop)

    @classmethod
    def stop_gate(cls):
        pass  # each test does

    def test_certificate_alone(self):
        for name in ("CN=repair.example.com", "DNS:repair.example.com"):
            self.start(f"{LOGIN} certificate {name}")
            connection = self.encrypted(self.right)
            connection.log_in(LOGIN, "", "shop", application_name=name)
            self.assertEqual(connection.rows("SELECT 1"), [["1"]])
            self.assertEqual(self.proof_of(name), "certificate")
            fields = self.assert_refused("28000", self.encrypted(self.other))
            self.assertIn("certificate authentication failed", fields["M"])
            self.assert_refused("28P01", self.encrypted())
            self.assert_refused("28P01", self.encrypted(self.right), login="nobody")
            self.gate.stop()

    def test_libpq_with_a_certificate(self):
        self.start(f"{LOGIN} certificate CN=repair.example.com")
        login = {**self.gate.login_of(harness.AGENT), "sslrootcert": str(self.authority.certificate), "password": ""}
        files = {"sslcert": str(self.right.certificate), "sslkey": str(self.right.key)}
        psycopg2.connect(**login, **files, sslmode="verify-full").close()

    def test_certificate_and_password(self):
        self.start(f"{self.with_password} certificate CN=repair.example.com")
        connection = self.encrypted(self.right)
        connection.log_in(LOGIN, PASSWORD, "shop", application_name="both")
        self.assertEqual(self.proof_of("both"), "certificate+scram-sha-256")
        self.assert_refused("28P01", self.encrypted(self.right), password="wrong")
        self.assert_refused("28P01", self.encrypted())
        self.assert_refused("28000", self.encrypted(self.other))

    def test_authority_that_is_not_ours(self):
        self.start(f"{LOGIN} certificate CN=repair.example.com")
        with self.assertRaises((ssl.SSLError, OSError, Closed)):
            self.encrypted(self.stranger).log_in(LOGIN, "", "shop")
        self.encrypted(self.right).log_in(LOGIN, "", "shop")

    def test_password_still_works_without_a_certificate(self):
        self.start(self.with_password)
        self.encrypted().log_in(LOGIN, PASSWORD, "shop")
        self.encrypted(self.right).log_in(LOGIN, PASSWORD, "shop")

    def test_sessions_are_not_resumed(self):
        """A ticket would carry the certificate over to a connection without one."""
        self.start(f"{LOGIN} certificate CN=repair.example.com")
        first = self.encrypted(self.right)
        first.log_in(LOGIN, "", "shop")
        self.assertFalse(first.socket.session is not None and first.socket.session.has_ticket)


class RequiredCertificates(TlsCase):
    tls = {"client_ca": True, "client_certificate": "required"}

    def test_nobody_gets_in_without(self):
        for login in (LOGIN, "nobody"):
            fields = self.assert_refused("28000", self.encrypted(), login=login)
            self.assertIn("valid client certificate", fields["M"])
        own = certificates.make_certificate(self.agents, "repair.example.com")
        self.encrypted(own).log_in(LOGIN, PASSWORD, "shop")


class DirectTls(TlsCase):
    def test_session(self):
        connection = self.encrypted(direct=True, alpn=["postgresql"])
        connection.log_in(LOGIN, PASSWORD, "shop", binding=hashlib.sha256(der_of(self.certificate)).digest(),
                          application_name="direct")
        self.assertEqual(connection.socket.selected_alpn_protocol(), "postgresql")
        self.assertEqual(connection.rows("SELECT 1"), [["1"]])
        self.assertEqual(self.proof_of("direct"), "scram-sha-256-plus")

    def test_needs_the_name_of_the_protocol(self):
        connection = self.encrypted(direct=True)
        with self.assertRaises((Closed, OSError)):
            connection.log_in(LOGIN, PASSWORD, "shop")

    def test_other_protocols_are_refused_in_the_handshake(self):
        for direct in (True, False):
            with self.assertRaises((ssl.SSLError, OSError)):
                self.encrypted(direct=direct, alpn=["http/1.1"])
        self.encrypted(alpn=["http/1.1", "postgresql"]).log_in(LOGIN, PASSWORD, "shop")

    def test_no_request_inside(self):
        connection = self.encrypted(direct=True, alpn=["postgresql"])
        connection.send(request(wire.SSL_REQUEST))
        self.assertEqual(connection.read_to_end()[0].code, "08P01")

    def test_cancel(self):
        connection = self.encrypted(direct=True, alpn=["postgresql"])
        connection.send(request(wire.CANCEL_REQUEST, b"\0\0\0\1" + b"none"))
        self.assertEqual(connection.read_to_end(), [])

    def test_handshakes_that_end_anywhere_harm_nobody(self):
        for raw in (b"\x16", b"\x16\x03\x01", b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x01\xff\xff" + bytes(70000)):
            with self.gate.socket() as connection:
                try:
                    connection.send(raw)
                except OSError:
                    pass
        self.encrypted().log_in(LOGIN, PASSWORD, "shop")


class BoundServer(unittest.TestCase):
    """Channel binding towards the database."""

    @classmethod
    def setUpClass(cls):
        owner = "postgres" if harness.running_as_root() else None
        cls.authority = certificates.make_authority("the server's")
        certificate = certificates.make_certificate(cls.authority, "127.0.0.1", owner)
        cls.postgres = harness.shop(tls=(certificate.certificate, certificate.key))
        cls.addClassCleanup(cls.postgres.stop)

    def gate(self, **upstream):
        upstream = {"sslmode": "verify-full", "root_certificate": str(self.authority.certificate), **upstream}
        gate = harness.Gate(self.postgres, harness.POLICY, [harness.AGENT], config={"upstream": upstream})
        self.addCleanup(gate.stop)
        return gate

    def test_every_mode_and_version(self):
        for mode in ("require", "prefer", "disable"):
            for version in ("3.2", "3.0"):
                gate = self.gate(channel_binding=mode, max_protocol_version=version)
                with gate.connect(harness.AGENT) as connection:
                    self.assertEqual(connection.rows("SELECT 1"), [["1"]])

    def test_required_where_the_server_asks_for_less(self):
        """pg_hba.conf without a password, or with one in the clear: nothing is given."""
        rules = self.postgres.folder / "data" / "pg_hba.conf"
        before = rules.read_text(encoding="utf-8")
        gate = self.gate(channel_binding="require")
        for method in ("trust", "password"):
            rules.write_text(f"host all {harness.AGENT.role} all {method}\n{before}", encoding="utf-8")
            self.postgres.sql("SELECT pg_reload_conf()")
            try:
                seen = []

                def is_refused(seen=seen):
                    try:
                        gate.connect(harness.AGENT).close()
                    except ServerError as error:
                        seen.append(error.fields)
                    return seen
                processes.wait_until(is_refused, f"{method} to be refused")
                self.assertEqual(seen[0]["C"], "08001")
                self.assertIn("channel binding", seen[0]["M"])
            finally:
                rules.write_text(before, encoding="utf-8")
                self.postgres.sql("SELECT pg_reload_conf()")


class Strangers(harness.ShopCase):
    config = {"limits": {"connections": 3, "connections_per_address": 4, "logins_pending": 6}}

    def test_cannot_take_the_places_of_agents(self):
        held = [self.gate.connect(harness.AGENT) for _ in range(2)]
        silent = []
        def refused():
            # Which of those that come at once finds the last place is anybody's guess.
            silent.extend(self.gate.socket() for _ in range(4))
            with self.gate.socket() as one_more:
                try:
                    one_more.log_in(LOGIN, PASSWORD, "shop")
                except ServerError as error:
                    return error.fields
                except (Closed, OSError):
                    pass
            return None
        fields = processes.wait_until(refused, "the refusal")
        self.assertEqual((fields["S"], fields["C"]), ("FATAL", "53300"))
        self.assertIn("limits.connections_per_address", fields["M"])
        for connection in held:
            self.assertEqual(connection.rows("SELECT 1"), [["1"]])
        for connection in silent:
            connection.close()
        processes.wait_until(lambda: self.can_connect(held), "a place to be free")

    def can_connect(self, held):
        try:
            held.append(self.gate.connect(harness.AGENT))
        except (ServerError, Closed, OSError):
            return False
        return True

    def test_replication_leaves_an_entry(self):
        with self.assertRaises(ServerError):
            self.gate.socket().log_in(LOGIN, PASSWORD, "shop", replication="database")
        entry = self.gate.wait_for_entry("session", lambda e: e.get("sqlstate") == "0A000")
        self.assertEqual((entry["event"], entry["login"]), ("refused", LOGIN))

    def test_failed_logins_are_answered_late(self):
        begin = time.monotonic()
        for _ in range(2):
            with self.assertRaises(ServerError):
                self.gate.socket().log_in("late", "wrong", "shop")
        self.assertGreaterEqual(time.monotonic() - begin, 0.25 + 0.5)

    def test_whoever_leaves_does_not_free_its_place_at_once(self):
        """Else a guesser would not wait for its answers."""
        for _ in range(3):
            with self.assertRaises(ServerError):
                self.gate.socket().log_in("leaver", "wrong", "shop")
        for _ in range(4):  # from here on at least two seconds each
            connection = self.gate.socket()
            connection.send(startup({"user": "leaver", "database": "shop"}))
            scram = wire.Scram("wrong")
            connection.read()
            first = scram.first()
            connection.send(wire.message("p", wire.text("SCRAM-SHA-256") + struct.pack("!I", len(first)) + first))
            connection.send(wire.message("p", scram.last(connection.read().body[4:])))
            connection.close()
        refused = []
        begin = time.monotonic()
        while not refused and time.monotonic() - begin < 1:
            try:
                self.gate.connect(harness.AGENT).close()
            except ServerError as error:
                refused.append(error.code)
            except (Closed, OSError):
                pass
        if time.monotonic() - begin < 1:
            self.assertEqual(refused, ["53300"])


class Flood(harness.ShopCase):
    config = {"limits": {"login_delay": "0s"}}

    def test_refusals_beyond_the_first_share_an_entry(self):
        for number in range(50):
            with self.assertRaises(ServerError):
                self.gate.socket().log_in(f"guess{number}", "wrong", "shop")
        self.assertEqual(self.gate.stop(), 0)
        refused = [e for e in self.gate.entries("session") if e["event"] == "refused"]
        alone = [e for e in refused if "count" not in e]
        self.assertEqual(len(alone) + sum(e["count"] for e in refused if "count" in e), 50)
        self.assertLess(len(refused), 50)
        verified = self.gate.verify()
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        self.gate.start()


class Connections(harness.ShopCase):
    def timer_of(self, local, remote):
        """Which timer the kernel runs for a connection: 2 is that of keepalives."""
        wanted = [f"0100007F:{port:04X}" for port in (local, remote)]
        for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[1:3] == wanted:
                return int(fields[5].split(":")[0], 16)
        return None

    def test_are_asked_whether_they_are_alive(self):
        connection = self.gate.connect(harness.AGENT)
        port = connection.socket.getsockname()[1]
        processes.wait_until(lambda: self.timer_of(self.gate.address[1], port) == 2, "keepalives of the client")
        upstream = int(self.postgres.sql(
            f"SELECT client_port FROM pg_stat_activity WHERE pid = {connection.process_id}")[0][0])
        processes.wait_until(lambda: self.timer_of(upstream, self.postgres.port) == 2, "keepalives of the server")


class HalfClosed(harness.DifferentialCase):
    """A client that has said all that it has to say, and still reads."""

    def silent(self, *messages):
        def script(connection):
            connection.send(*messages)
            connection.socket.shutdown(socket.SHUT_WR)
            return connection.read_to_end()
        return script

    def test_everything_sent_is_answered(self):
        for messages in ([query("SELECT 1")], [query("SELECT 1; SELECT repeat('x', 100000) FROM generate_series(1, 50)")],
                         [wire.extended("SELECT 1"), wire.SYNC, wire.extended("SELECT 1/0"), wire.SYNC, query("SELECT 2")],
                         [query("SELECT count(*) FROM generate_series(1, 2000000) AS n"), query("SELECT 3")]):
            self.same(self.silent(*messages))

    def test_open_transaction_is_rolled_back(self):
        self.same(self.silent(query("BEGIN"), query("INSERT INTO app.events (tag) VALUES ('half')")))
        processes.wait_until(lambda: not self.postgres.sessions_of(harness.AGENT.role), "the sessions to end")
        self.assertEqual(self.postgres.sql("SELECT count(*) FROM app.events WHERE tag = 'half'"), [["0"]])

    def test_nothing_sent(self):
        self.same(self.silent())


if __name__ == "__main__":
    unittest.main()
