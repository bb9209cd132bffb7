"""TLS towards the client and towards the server."""

import hashlib
import ssl
import struct
import unittest
import warnings

import psycopg2

import certificates
import harness
import processes
import wire
from startup_test import HEAVY
from wire import ServerError, request, startup


def wrap(connection, authority, own=None, newest=None):
    """The TLS handshake on a connection whose SSLRequest was granted, with a certificate of its `own`."""
    context = ssl.create_default_context(cafile=str(authority.certificate))
    if own is not None:
        context.load_cert_chain(own.certificate, own.key)
    if newest is not None:
        context.maximum_version = newest
    connection.socket = context.wrap_socket(connection.socket, server_hostname="127.0.0.1")
    return connection


class ClientCase(harness.ShopCase):
    """A gate with a certificate that `cls.authority` signed."""

    tls = {}

    @classmethod
    def setUpClass(cls):
        cls.authority = certificates.make_authority("clients trust me")
        certificate = certificates.make_certificate(cls.authority, "127.0.0.1")
        cls.config = {"listen": {"tls": {"certificate": str(certificate.certificate), "key": str(certificate.key),
                                         **cls.tls}}}
        super().setUpClass()

    def encrypted(self, **options):
        connection = self.gate.socket()
        self.addCleanup(connection.close)
        connection.send(request(wire.SSL_REQUEST))
        self.assertEqual(connection.read_bytes(1), b"S")
        return wrap(connection, self.authority, **options)

    def session(self, event, **fields):
        """The one session entry of this event with these fields."""
        def fits(entry):
            return entry["event"] == event and fields.items() <= entry.items()
        return self.gate.wait_for_entry("session", fits)


class Recorded(ClientCase):
    """What the log says of a client's TLS, in every entry of its session."""

    @classmethod
    def setUpClass(cls):
        cls.agents = certificates.make_authority("agents")
        cls.own = certificates.make_certificate(cls.agents, "repair.example.com")
        cls.tls = {"client_ca": str(cls.agents.certificate)}
        super().setUpClass()

    def told(self, entry):
        return tuple(entry.get(key) for key in ("tls", "tls_version", "tls_cipher", "certificate"))

    def test_version_and_cipher(self):
        for newest, version in ((None, "TLSv1.3"), (ssl.TLSVersion.TLSv1_2, "TLSv1.2")):
            connection = self.encrypted(newest=newest)
            cipher = connection.socket.cipher()[0]
            connection.log_in(harness.AGENT.login, harness.AGENT.password, "shop", application_name=version)
            self.assertEqual(connection.socket.version(), version)
            self.assertEqual(self.told(self.session("login", application=version)), (True, version, cipher, None))
            connection.close()
            self.assertEqual(self.told(self.session("end", application=version)), (True, version, cipher, None))

    def test_certificate(self):
        connection = self.encrypted(own=self.own)
        cipher = connection.socket.cipher()[0]
        connection.log_in(harness.AGENT.login, harness.AGENT.password, "shop", application_name="with one")
        der = ssl.PEM_cert_to_DER_cert(self.own.certificate.read_text(encoding="ascii"))
        expected = (True, "TLSv1.3", cipher, hashlib.sha256(der).hexdigest())
        self.assertEqual(self.told(self.session("login", application="with one")), expected)
        with self.assertRaises(ServerError):
            self.encrypted(own=self.own).log_in("nobody", "wrong", "shop")
        self.assertEqual(self.told(self.session("refused", login="nobody")), expected)

    def test_without_tls_there_is_none(self):
        with self.assertRaises(ServerError):
            self.connect()
        self.assertEqual(self.told(self.session("refused", sqlstate="28000")), (False, None, None, None))


class Clients(ClientCase):

    def test_session_over_tls(self):
        connection = self.encrypted()
        connection.log_in(harness.AGENT.login, harness.AGENT.password, "shop", application_name="over tls")
        rows = connection.rows("SELECT n, repeat('x', 1000) FROM generate_series(1, 3000) AS n")
        self.assertEqual((len(rows), rows[-1][0]), (3000, "3000"))
        self.assertTrue(self.gate.wait_for_entry("session", lambda e: e.get("application") == "over tls")["tls"])

    def test_drivers_over_tls(self):
        login = {**self.gate.login_of(harness.AGENT), "sslrootcert": str(self.authority.certificate)}
        with psycopg2.connect(**login, sslmode="verify-full") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM app.orders")
            self.assertEqual(cursor.fetchone(), (5,))
        connection.close()
        psycopg2.connect(**login, sslmode="verify-full", channel_binding="require").close()

    def test_large_messages_over_tls(self):
        connection = self.encrypted()
        connection.log_in(harness.AGENT.login, harness.AGENT.password, "shop")
        answer = connection.talk(wire.extended("SELECT length($1)", ["y" * 3_000_000]), wire.SYNC)
        self.assertEqual([m.row for m in answer if m.type == "D"], [[b"3000000"]])

    def test_no_second_encryption_inside(self):
        connection = self.encrypted()
        connection.send(request(wire.SSL_REQUEST))
        answer = connection.read_to_end()
        self.assertEqual((answer[0].fields["S"], answer[0].code), ("FATAL", "08P01"))

    def test_bytes_ahead_of_the_handshake_are_refused(self):
        with self.gate.socket() as connection:
            connection.send(request(wire.SSL_REQUEST) + startup({"user": harness.AGENT.login, "database": "shop"}))
            answer = connection.read_to_end()
            self.assertEqual(answer[0].code, "08P01")

    def test_old_versions_of_tls_are_refused(self):
        with self.gate.socket() as connection:
            connection.send(request(wire.SSL_REQUEST))
            self.assertEqual(connection.read_bytes(1), b"S")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
                context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
            with self.assertRaises((ssl.SSLError, OSError)):
                context.wrap_socket(connection.socket)

    def test_cancel_over_tls(self):
        connection = self.encrypted()
        connection.send(request(wire.CANCEL_REQUEST, b"\0\0\0\1" + b"none"))
        self.assertEqual(connection.read_to_end(), [])


class Upstream(unittest.TestCase):
    """The gate as a client of a server that speaks TLS."""

    @classmethod
    def setUpClass(cls):
        owner = "postgres" if harness.running_as_root() else None
        cls.authority = certificates.make_authority("the server's")
        cls.stranger = certificates.make_authority("nobody's")
        certificate = certificates.make_certificate(cls.authority, "127.0.0.1", owner)
        cls.postgres = harness.shop(tls=(certificate.certificate, certificate.key))
        cls.addClassCleanup(cls.postgres.stop)

    def gate(self, **upstream):
        gate = harness.Gate(self.postgres, harness.POLICY, [harness.AGENT], config={"upstream": upstream})
        self.addCleanup(gate.stop)
        return gate

    def encrypted(self, gate):
        with gate.connect(harness.AGENT) as connection:
            return self.postgres.sql(f"SELECT ssl FROM pg_stat_ssl WHERE pid = {connection.process_id}")

    def test_verified_server(self):
        for mode in ("verify-full", "verify-ca"):
            gate = self.gate(sslmode=mode, root_certificate=str(self.authority.certificate))
            self.assertEqual(self.encrypted(gate), [["t"]])

    def test_cancel_reaches_a_server_over_tls(self):
        gate = self.gate(sslmode="verify-full", root_certificate=str(self.authority.certificate))
        connection = gate.connect(harness.AGENT)
        connection.send(wire.query(HEAVY))
        wanted = [str(connection.process_id), "active"]
        processes.wait_until(lambda: wanted in self.postgres.sessions_of(harness.AGENT.role), "the query to run")
        with gate.socket() as other:
            key = struct.pack("!I", connection.process_id) + connection.secret_key
            other.send(request(wire.CANCEL_REQUEST, key))
            self.assertEqual(other.read_to_end(), [])
        self.assertEqual(connection.read_until()[-2].code, "57014")

    def test_server_behind_a_unix_socket(self):
        gate = self.gate(host=str(self.postgres.folder))
        self.assertEqual(self.encrypted(gate), [["f"]])

    def test_require_encrypts_without_verifying(self):
        self.assertEqual(self.encrypted(self.gate(sslmode="require")), [["t"]])

    def test_server_of_another_authority_is_refused(self):
        for mode in ("verify-full", "verify-ca"):
            gate = self.gate(sslmode=mode, root_certificate=str(self.stranger.certificate))
            with self.assertRaises(ServerError) as refused:
                gate.connect(harness.AGENT)
            self.assertEqual((refused.exception.fields["S"], refused.exception.code), ("FATAL", "08001"))

    def test_server_of_another_name_is_refused(self):
        gate = self.gate(host="localhost", sslmode="verify-full", root_certificate=str(self.authority.certificate))
        with self.assertRaises(ServerError) as refused:
            gate.connect(harness.AGENT)
        self.assertEqual(refused.exception.code, "08001")


if __name__ == "__main__":
    unittest.main()
