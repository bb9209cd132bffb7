"""The beginning of a connection: requests without a type byte, logins that fail, start-up parameters, cancelling."""

import socket
import struct
import threading
import time
import unittest

import harness
import processes
import wire
from wire import Closed, ServerError, query, request, shape, startup

HEAVY = "SELECT count(*) FROM generate_series(1, 1000000) AS a, generate_series(1, 1000000) AS b"


class Requests(harness.ShopCase):
    def test_ssl_request_is_answered_no_without_a_certificate(self):
        with self.gate.socket() as connection:
            connection.send(request(wire.SSL_REQUEST))
            self.assertEqual(connection.read_bytes(1), b"N")
            self.assert_logs_in(connection)

    def test_gss_encryption_is_answered_no(self):
        with self.gate.socket() as connection:
            connection.send(request(wire.GSSENC_REQUEST))
            self.assertEqual(connection.read_bytes(1), b"N")
            connection.send(request(wire.SSL_REQUEST))
            self.assertEqual(connection.read_bytes(1), b"N")
            self.assert_logs_in(connection)

    def assert_logs_in(self, connection):
        connection.log_in(harness.AGENT.login, harness.AGENT.password, "shop")
        self.assertEqual(connection.rows("SELECT 1"), [["1"]])

    def test_a_request_may_come_once(self):
        for code in (wire.SSL_REQUEST, wire.GSSENC_REQUEST):
            with self.gate.socket() as connection:
                connection.send(request(code))
                self.assertEqual(connection.read_bytes(1), b"N")
                connection.send(request(code))
                self.assert_fatal(connection, "08P01")

    def test_bytes_behind_a_request_are_a_violation(self):
        for code in (wire.SSL_REQUEST, wire.GSSENC_REQUEST):
            with self.gate.socket() as connection:
                connection.send(request(code) + startup({"user": harness.AGENT.login, "database": "shop"}))
                self.assert_fatal(connection, "08P01")

    def test_what_is_not_the_protocol_is_closed(self):
        self.assert_answer(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "08P01")
        self.assert_answer(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), "08P01")
        self.assert_answer(struct.pack("!I", 0x7fffffff), "08P01")
        self.assert_answer(struct.pack("!I", 10001), "08P01")
        self.assert_answer(struct.pack("!I", 4), "08P01")
        self.assert_answer(struct.pack("!II", 8, 2 << 16), "0A000")
        self.assert_answer(struct.pack("!II", 9, wire.PROTOCOL_3_0) + b"x", "08P01")
        self.assert_answer(startup({"user": "x"})[:-1] + b"x", "08P01")
        self.assertEqual(self.gate.connect(harness.AGENT).rows("SELECT 1"), [["1"]])

    def assert_answer(self, raw, code):
        with self.gate.socket() as connection:
            connection.send(raw)
            self.assert_fatal(connection, code)

    def assert_fatal(self, connection, code):
        answer = connection.read_to_end()
        self.assertEqual(shape(answer), "E")
        self.assertEqual((answer[0].fields["S"], answer[0].code), ("FATAL", code), answer[0].fields)

    def test_newer_minor_version_is_negotiated_down(self):
        with self.gate.socket() as connection:
            connection.send(startup({"user": harness.AGENT.login, "database": "shop", "_pq_.fancy": "1"}, 196611))
            first = connection.read()
            self.assertEqual(first, wire.Message("v", struct.pack("!II", wire.PROTOCOL_3_2, 1) + b"_pq_.fancy\0"))
            connection.authenticate(harness.AGENT.password)
            self.assertEqual(connection.rows("SELECT 1"), [["1"]])

    def test_vanishing_during_the_login_harms_nobody(self):
        for length in range(0, 30, 3):
            with self.gate.socket() as connection:
                connection.send(startup({"user": harness.AGENT.login, "database": "shop"})[:length])
        self.assertEqual(self.gate.connect(harness.AGENT).rows("SELECT 1"), [["1"]])


class Logins(harness.ShopCase):
    def assert_refused(self, code, user=harness.AGENT.login, password=harness.AGENT.password, database="shop",
                       **parameters):
        connection = self.gate.socket()
        with self.assertRaises(ServerError) as refused:
            connection.log_in(user, password, database, **parameters)
        self.assertEqual((refused.exception.fields["S"], refused.exception.code), ("FATAL", code),
                         refused.exception.fields)
        return refused.exception.fields

    def test_wrong_password_and_unknown_user_look_the_same(self):
        wrong = self.assert_refused("28P01", password="wrong")
        unknown = self.assert_refused("28P01", user="nobody")
        self.assertEqual(wrong["M"].replace(harness.AGENT.login, "nobody"), unknown["M"])
        direct = self.postgres.socket()
        with self.assertRaises(ServerError) as refused:
            direct.log_in(harness.AGENT.role, "wrong", "shop")
        self.assertEqual(refused.exception.code, "28P01")

    def test_the_role_of_the_database_is_no_login(self):
        self.assert_refused("28P01", user=harness.AGENT.role, password=harness.AGENT.role_password)

    def test_failed_login_is_in_the_audit_log(self):
        self.assert_refused("28P01", user="stranger")
        entry = self.gate.wait_for_entry("session", lambda e: e.get("login") == "stranger")
        self.assertEqual((entry["event"], entry["sqlstate"]), ("refused", "28P01"))

    def test_other_databases_are_refused(self):
        self.assert_refused("3D000", database="postgres")
        self.assert_refused("3D000", database="nothing")

    def test_replication_is_refused(self):
        for value in ("true", "database", "on", "1"):
            self.assert_refused("0A000", replication=value)

    def test_parameters_are_judged_like_set(self):
        self.assert_refused("42501", session_preload_libraries="x")
        self.assert_refused("42501", search_path="public")
        self.assert_refused("42501", options="-c search_path=public")
        self.assert_refused("42501", options="-c role=postgres")
        self.assert_refused("42501", client_encoding="LATIN1")
        self.assert_refused("42501", options="-c standard_conforming_strings=off")
        self.assert_refused("22023", options="-d 5")

    def test_parameters_that_are_allowed_arrive(self):
        connection = self.connect(application_name="it", TimeZone="Asia/Tokyo", options="-c DateStyle=German")
        for name, value in (("application_name", "it"), ("TimeZone", "Asia/Tokyo"), ("DateStyle", "German, DMY")):
            self.assertEqual(connection.rows(f"SHOW {name}"), [[value]])
        connection.talk(query("SET TimeZone = 'UTC'; RESET TimeZone"))
        self.assertEqual(connection.rows("SHOW TimeZone"), [["Asia/Tokyo"]])

    def test_defaults_of_the_role_move_nothing_that_is_pinned(self):
        self.postgres.sql("CREATE TABLE IF NOT EXISTS public.customers AS SELECT -1 AS id;"
                          "GRANT SELECT ON public.customers TO agent_repair_db")
        for setting in ("client_encoding = 'LATIN1'", "standard_conforming_strings = off", "search_path = public"):
            self.postgres.sql(f"ALTER ROLE agent_repair_db SET {setting}")
        connection = self.connect()
        for again in ("SELECT 1", "RESET ALL", "DISCARD ALL"):
            connection.talk(query(again))
            self.assertEqual(connection.rows("SHOW client_encoding"), [["UTF8"]])
            self.assertEqual(connection.rows("SHOW standard_conforming_strings"), [["on"]])
            self.assertEqual(connection.rows("SELECT min(id) FROM customers"), [["1"]])

    def test_session_is_recorded_from_login_to_end(self):
        connection = self.gate.connect(harness.AGENT, application_name="recorded")
        login = self.gate.wait_for_entry("session", lambda e: e.get("application") == "recorded")
        self.assertEqual((login["event"], login["agent"], login["owner"], login["role"], login["server_pid"]),
                         ("login", "repair", "ada", "agent_repair_db", connection.process_id))
        connection.send(wire.TERMINATE)
        connection.close()
        self.gate.wait_for_entry("session", lambda e: e["event"] == "end" and e["session"] == login["session"])


class Superusers(unittest.TestCase):
    def test_role_that_no_policy_can_hold_is_refused_at_login(self):
        postgres = harness.shop()
        self.addCleanup(postgres.stop)
        gate = harness.Gate(postgres, harness.POLICY, [harness.AGENT])
        self.addCleanup(gate.stop)
        for danger in ("SUPERUSER", "BYPASSRLS", "REPLICATION"):
            postgres.sql(f"ALTER ROLE {harness.AGENT.role} {danger}")
            with self.assertRaises(ServerError) as refused:
                gate.connect(harness.AGENT)
            self.assertEqual(refused.exception.fields["S"], "FATAL")
            self.assertEqual(refused.exception.code, "28000")
            postgres.sql(f"ALTER ROLE {harness.AGENT.role} NO{danger}")
        self.assertEqual(gate.connect(harness.AGENT).rows("SELECT 1"), [["1"]])


class Limits(harness.ShopCase):
    config = {"limits": {"connections": 3, "authentication_time": "1s"}}

    def test_connections_are_limited(self):
        held = [self.connect() for _ in range(3)]
        with self.assertRaises((ServerError, Closed)) as refused:
            self.gate.connect(harness.AGENT)
        self.assertEqual(getattr(refused.exception, "code", None), "53300")
        held[0].send(wire.TERMINATE)
        held[0].close()
        processes.wait_until(self.can_connect, "a place to be free again")

    def test_cancelling_needs_no_place(self):
        victim = [self.connect() for _ in range(3)][0]
        victim.send(query(HEAVY))
        wanted = [str(victim.process_id), "active"]
        processes.wait_until(lambda: wanted in self.postgres.sessions_of(harness.AGENT.role), "the query to run")
        with self.gate.socket() as connection:
            connection.send(request(wire.CANCEL_REQUEST, struct.pack("!I", victim.process_id) + victim.secret_key))
            self.assertEqual(connection.read_to_end(), [])
        self.assertEqual(victim.read_until()[-2].code, "57014")

    def can_connect(self):
        try:
            self.gate.connect(harness.AGENT).close()
        except (ServerError, Closed):
            return False
        return True

    def test_slow_login_is_closed(self):
        packet = startup({"user": harness.AGENT.login, "database": "shop"})
        for beginning in (b"", packet[:1], packet[:20], packet):
            with self.gate.socket() as connection:
                begin = time.monotonic()
                connection.send(beginning)
                connection.read_to_end()
                self.assertLess(time.monotonic() - begin, 10)

    def test_dripping_bytes_do_not_extend_the_login(self):
        packet = startup({"user": harness.AGENT.login, "database": "shop", "application_name": "x" * 100})
        with self.gate.socket() as connection:
            with self.assertRaises(OSError):
                for byte in packet[:-1]:
                    connection.send(bytes([byte]))
                    time.sleep(0.1)

    def test_established_sessions_have_no_such_limit(self):
        connection = self.connect()
        time.sleep(1.5)
        self.assertEqual(connection.rows("SELECT 1"), [["1"]])


class Cancel(harness.ShopCase):
    needs_gate = False

    def cancel(self, process_id, key):
        with self.front.socket() as connection:
            connection.send(request(wire.CANCEL_REQUEST, struct.pack("!I", process_id) + key))
            self.assertEqual(connection.read_to_end(), [])

    def start_heavy_query(self):
        connection = self.connect()
        connection.send(query(HEAVY))
        self.wait_until_active(connection)
        return connection

    def wait_until_active(self, connection):
        wanted = [str(connection.process_id), "active"]
        processes.wait_until(lambda: wanted in self.postgres.sessions_of(harness.AGENT.role), "the query to run")

    def test_running_query_is_cancelled(self):
        connection = self.start_heavy_query()
        self.cancel(connection.process_id, connection.secret_key)
        answer = connection.read_until()
        self.assertEqual((shape(answer), answer[1].code), ("TEZ", "57014"))
        self.assertEqual(connection.rows("SELECT 1"), [["1"]])

    def test_running_portal_is_cancelled(self):
        connection = self.connect()
        begin = self.postgres.log_size()
        connection.send(wire.extended(HEAVY), wire.SYNC)
        processes.wait_until(lambda: self.postgres.statements_logged(harness.AGENT.role, begin), "Execute to begin")
        self.cancel(connection.process_id, connection.secret_key)
        answer = connection.read_until()
        self.assertEqual((shape(answer), answer[-2].code), ("12TEZ", "57014"))

    def test_wrong_keys_cancel_nothing(self):
        connection = self.start_heavy_query()
        wrong = bytes([connection.secret_key[0] ^ 1]) + connection.secret_key[1:]
        self.cancel(connection.process_id, wrong)
        self.cancel(connection.process_id, bytes(4))
        self.cancel(connection.process_id + 1, connection.secret_key)
        connection.socket.settimeout(1)
        with self.assertRaises(socket.timeout):
            connection.read()
        connection.socket.settimeout(30)
        self.cancel(connection.process_id, connection.secret_key)
        self.assertEqual(connection.read_until()[-2].code, "57014")

    def test_cancelling_an_idle_session_is_harmless(self):
        connection = self.connect()
        self.cancel(connection.process_id, connection.secret_key)
        self.assertEqual(connection.rows("SELECT 1"), [["1"]])

    def test_cancel_reaches_only_the_session_it_names(self):
        others = [self.connect() for _ in range(4)]
        victim = self.start_heavy_query()
        done = []
        def work():
            for connection in others:
                done.append(connection.rows("SELECT count(*) FROM generate_series(1, 200000) AS n"))
        worker = threading.Thread(target=work)
        worker.start()
        self.cancel(victim.process_id, victim.secret_key)
        self.assertEqual(victim.read_until()[-2].code, "57014")
        worker.join()
        self.assertEqual(done, [[["200000"]]] * 4)


class End(harness.ShopCase):
    def test_the_last_line_says_what_the_caches_had(self):
        texts = ["SELECT id FROM app.orders", "SELECT id FROM app.customers"]
        with self.gate.connect(harness.AGENT) as connection:
            for sql in texts + texts[:1] * 3:
                connection.rows(sql)
        self.assertEqual(self.gate.stop(), 0)
        last = self.gate.log_text().splitlines()[-1]
        self.gate.start()
        self.assertIn("caches: 3 of 5 texts (60%) and 3 of 5 verdicts (60%) were there", last)


if __name__ == "__main__":
    unittest.main()
