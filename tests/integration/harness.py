"""What every test of this folder builds on: a server with the shop's tables, a gate in front of it, and cases."""

import os
import pathlib
import unittest

import wire
from gate import Gate
from postgres import Agent, Postgres

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"

AGENT = Agent("repair", "agent_repair", "what the client knows", "agent_repair_db", "what the gate knows")

TABLES = ["app.customers", "app.orders", "app.events", "app.later"]
POLICY = {
    "version": 1,
    "name": "integration",
    "agents": {AGENT.name: {"login": AGENT.login, "owner": "ada"}},
    "protect": [
        {"id": "pii", "on": ["app.users"]},
        {"id": "books", "on": ["app.ledger"], "except": ["select", "insert"]},
    ],
    "rules": [
        {"id": "read", "allow": ["select", "copy to stdout"], "on": TABLES + ["app.ledger"], "to": ["*"]},
        {"id": "write", "allow": ["insert", "update", "delete", "truncate", "copy from stdin", "lock"], "on": TABLES,
         "to": ["*"]},
        {"id": "columns", "allow": ["alter table add column"], "on": ["app.orders"], "to": ["*"]},
        {"id": "scratch", "allow": ["create table", "drop table"], "on": ["app.nothing"], "to": ["*"]},
        {"id": "channels", "allow": ["listen", "notify"], "to": ["*"]},
    ],
}

# Runs every test that compares against PostgreSQL itself, to prove the tests: nothing may differ then.
DIRECT = os.environ.get("PORTCULLIS_TEST_DIRECT") == "1"


def running_as_root():
    return os.geteuid() == 0


def shop(**options):
    """A server with the shop's tables and the agent's role."""
    postgres = Postgres(**options)
    postgres.create_role(AGENT)
    postgres.load(DATA / "shop.sql")
    postgres.load(DATA / "shop-rows.sql")
    return postgres


class ShopCase(unittest.TestCase):
    """One server and one gate for all tests of a class; the rows are as in shop-rows.sql before each test."""

    maxDiff = None
    policy = POLICY
    schema = ""  # run by the superuser before the gate starts
    config = None  # merged over the gate's configuration
    needs_gate = True

    @classmethod
    def setUpClass(cls):
        cls.postgres = shop()
        cls.addClassCleanup(cls.postgres.stop)
        if cls.schema:
            cls.postgres.sql(cls.schema)
        cls.front = cls.postgres
        if cls.needs_gate or not DIRECT:
            cls.gate = cls.front = Gate(cls.postgres, cls.policy, [AGENT], config=cls.config)
            cls.addClassCleanup(cls.stop_gate)

    @classmethod
    def stop_gate(cls):
        alive = cls.gate.running()
        status = cls.gate.stop()
        assert alive and status == 0, f"the gate ended with {status}: {cls.gate.log_text()[-500:]}"
        again = cls.gate.judged_again()
        assert again is None or again["changes"] == [], f"its own policy says otherwise of the log: {again}"

    def setUp(self):
        self.reset_rows()

    def reset_rows(self):
        self.postgres.load(DATA / "shop-rows.sql")

    def connect(self, **parameters):
        connection = self.front.connect(AGENT, **parameters)
        self.addCleanup(connection.close)
        return connection

    def connect_direct(self, **parameters):
        connection = self.postgres.connect(AGENT, **parameters)
        self.addCleanup(connection.close)
        return connection


def first_difference(actual, expected):
    same = 0
    while same < min(len(actual), len(expected)) and actual[same] == expected[same]:
        same += 1
    def told(messages):
        return "".join(f"\n  {m.type} {m.body[:600]!r}" for m in messages[same:same + 3]) or "\n  nothing more"
    return (f"the first {same} messages are the same, then through the gate came{told(actual)}\nand directly"
            f"{told(expected)}")


class DifferentialCase(ShopCase):
    """Scripts that must see the same messages, byte for byte, with the gate and without it."""

    needs_gate = False

    def same(self, script, shape=None):
        """`script` gets a connection and gives the messages that it read; `shape` are the types expected of them."""
        expected = self._run(script, self.connect_direct())
        if shape is not None:
            self.assertEqual(wire.shape(expected), shape.replace(" ", ""), expected)
        self.reset_rows()
        actual = self._run(script, self.connect())
        if actual != expected:
            self.fail(first_difference(actual, expected))

    def same_answer(self, *messages, shape=None, readies=1):
        self.same(lambda connection: connection.talk(*messages, readies=readies), shape)

    @staticmethod
    def _run(script, connection):
        messages = script(connection)
        try:
            connection.send(wire.TERMINATE)
        except OSError:
            pass  # closed already, which read_to_end() tells as well
        trailing = connection.read_to_end()
        assert not trailing, f"messages that nothing asked for: {trailing}"
        connection.close()
        return messages
