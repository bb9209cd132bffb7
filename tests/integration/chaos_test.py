"""Networks and peers that fail at every moment: nobody else is hurt, nothing ran without its record, what a client was told
to be done is done, and the log verifies."""

import itertools
import re
import socket
import threading
import unittest

import gate
import harness
import processes
import wire
from faulty_link import DOWN, UP, Faults, FaultyLink
from wire import COPY_DONE, Closed, SYNC, ServerError, bind, copy_data, execute, extended, parse, query, shape

TAG = re.compile(r"chaos-\d+-\w")
SMALL = "SELECT count(*) FROM app.customers"


class Behind:
    """The server as the gate sees it: through a link."""

    def __init__(self, postgres, port):
        self._postgres, self.port = postgres, port

    def __getattr__(self, name):
        return getattr(self._postgres, name)


def insert(tag):
    return f"INSERT INTO app.events (tag) VALUES ('{tag}')"


def script(connection, tags, done):
    """Writes a row for each tag in another way; `done` grows by what the client was told to be done."""
    def ran(messages, ready):
        return "E" not in shape(messages) and messages[-1].body == ready

    if ran(connection.talk(query(insert(tags[0]))), b"I"):
        done.append(tags[0])
    begun = connection.talk(query("BEGIN")) + connection.talk(query(insert(tags[1])))
    if ran(connection.talk(query("COMMIT")), b"I") and ran(begun, b"T"):
        done.append(tags[1])
    if ran(connection.talk(extended("INSERT INTO app.events (tag) VALUES ($1)", [tags[2]]), SYNC), b"I"):
        done.append(tags[2])
    connection.send(query("COPY app.events (tag) FROM STDIN"))
    if connection.read().type == "G":
        if ran(connection.talk(copy_data(tags[3].encode() + b"\n"), COPY_DONE), b"I"):
            done.append(tags[3])
    connection.talk(query("DROP TABLE app.events"))
    connection.talk(parse("SELECT tag FROM app.events WHERE size > 0", "s"), bind([], "s"), execute(), SYNC)
    connection.send(wire.TERMINATE)
    connection.read_to_end()


class ChaosCase(harness.ShopCase):
    needs_gate = False
    policy = harness.POLICY

    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)
        cls.server_link = FaultyLink(("127.0.0.1", cls.postgres.port))
        cls.addClassCleanup(cls.server_link.close)
        cls.gate = cls.front = gate.Gate(Behind(cls.postgres, cls.server_link.port), cls.policy, [harness.AGENT],
                                         config={"limits": {"reconnect_time": "1s"}})
        cls.addClassCleanup(cls.stop_gate)
        cls.client_link = FaultyLink(cls.gate.address)
        cls.addClassCleanup(cls.client_link.close)
        cls.numbers = itertools.count()

    def setUp(self):
        super().setUp()
        self.told, self.tags = [], []
        self.log_begin = self.postgres.log_size()

    def connect_through(self, link):
        connection = wire.Connection(("127.0.0.1", link.port))
        self.addCleanup(connection.close)
        login = self.gate.login_of(harness.AGENT)
        connection.log_in(login["user"], login["password"], login["database"])
        return connection

    def run_script(self):
        """False when the connection broke on the way."""
        number = next(self.numbers)
        tags = [f"chaos-{number}-{letter}" for letter in "abcd"]
        self.tags += tags
        try:
            with self.connect_through(self.client_link) as connection:
                script(connection, tags, self.told)
        except (Closed, ServerError, ConnectionError, AssertionError):
            return False
        return True

    def check(self, bystander):
        """`bystander` is a session that was there all the time."""
        self.server_link.faults = self.client_link.faults = Faults()
        self.assertEqual(shape(bystander.talk(query(SMALL))), "TDCZ")
        processes.wait_until(lambda: len(self.postgres.sessions_of(harness.AGENT.role)) == 1, "the broken sessions to end")
        stored = {tag for [tag] in self.postgres.sql("SELECT tag FROM app.events")}
        self.assertLessEqual(set(self.told), stored, "told to be done, and is not")
        logged = self.postgres.statements_logged(harness.AGENT.role, self.log_begin)
        ran = {tag for one in logged for tag in TAG.findall(one.text + " " + one.parameters)}
        self.assertLessEqual(ran, self.recorded(), "ran without a record")
        self.assertFalse([one for one in logged if one.text.startswith("DROP")])
        verified = self.gate.verify()
        self.assertEqual(verified.returncode, 0, verified.stdout)

    def recorded(self):
        found = set()
        for entry in self.gate.entries("decision"):
            if entry["verdict"] == "allow":
                texts = [entry.get("text", "")] + [p.get("text", "") for p in entry.get("parameters", [])]
                found.update(TAG.findall(" ".join(texts)))
        return found


class Networks(ChaosCase):
    def messages_of_a_whole_run(self, link):
        self.assertTrue(self.run_script())
        return dict(link.messages)

    def cut_everywhere(self, link):
        bystander = self.connect()
        counts = self.messages_of_a_whole_run(link)
        broken = 0
        for direction in (UP, DOWN):
            for number in range(counts[direction]):
                link.faults = Faults(cut=(direction, number), by_reset=number % 2 == 0)
                broken += not self.run_script()
        self.assertGreater(broken, sum(counts.values()) // 2)
        self.check(bystander)

    def test_the_clients_is_cut_before_every_message(self):
        self.cut_everywhere(self.client_link)

    def test_the_servers_is_cut_before_every_message(self):
        self.cut_everywhere(self.server_link)

    def test_segments_of_one_byte(self):
        bystander = self.connect()
        for link in (self.client_link, self.server_link):
            link.faults = Faults(segment=1)
            self.assertTrue(self.run_script())
            link.faults = Faults()
        self.assertEqual(len(self.told), 8)
        self.check(bystander)

    def test_delays(self):
        bystander = self.connect()
        self.client_link.faults = self.server_link.faults = Faults(segment=200, delay=0.005)
        self.assertTrue(self.run_script())
        self.check(bystander)


class Peers(ChaosCase):
    def test_many_at_once_with_a_server_that_restarts(self):
        """Whoever was told that a row is there finds it."""
        stop, lock = threading.Event(), threading.Lock()
        def work():
            while not stop.is_set():
                with lock:
                    number = next(self.numbers)
                tags = [f"chaos-{number}-{letter}" for letter in "abcd"]
                done = []
                try:
                    with self.front.connect(harness.AGENT) as connection:
                        script(connection, tags, done)
                except (Closed, ServerError, OSError, AssertionError):
                    pass
                with lock:
                    self.told += done
        workers = [threading.Thread(target=work) for _ in range(8)]
        for worker in workers:
            worker.start()
        for restart in range(3):
            enough = len(self.told) + 20
            processes.wait_until(lambda: len(self.told) > enough, "some rows to be written")
            self.postgres.kill() if restart % 2 else self.postgres.stop()
            self.postgres.start()
        stop.set()
        for worker in workers:
            worker.join(60)
            self.assertFalse(worker.is_alive())
        self.check(self.connect())

    def test_two_thousand_at_once(self):
        bystander = self.connect()
        crowd = []
        self.addCleanup(lambda: [one.close() for one in crowd])
        for _ in range(2000):
            try:
                crowd.append(socket.create_connection(self.gate.address, timeout=5))
            except OSError:
                break
        self.assertEqual(shape(bystander.talk(query(SMALL))), "TDCZ")
        for one in crowd:
            one.close()
        processes.wait_until(self.can_connect, "room for one more")
        self.check(bystander)

    def can_connect(self):
        try:
            self.gate.connect(harness.AGENT).close()
        except (ServerError, Closed, OSError):
            return False
        return True


if __name__ == "__main__":
    unittest.main()
