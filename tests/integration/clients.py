"""What tests of whole clients share: their database (../data/clients.sql), a reader's policy, and what passed."""

import collections
import unittest

import harness
from gate import Gate
from postgres import Agent, Postgres

# One name at the gate and at the database: clients print it.
AGENT = Agent("analyst", "agent_repair", "what the client knows", "agent_repair", "what the gate knows")


def policy(*rules, **parts):
    """policies/read-only.json for this database, with one table to write to, and `rules`."""
    return {
        "version": 1,
        "name": "clients",
        "agents": {AGENT.name: {"login": AGENT.login, "owner": "ada"}},
        "protect": [{"id": "pii", "on": ["app.users"]}, {"id": "contact", "on": ["app.customers(email)"]}],
        "rules": [
            {"id": "read", "allow": ["select", "copy to stdout"], "on": ["app.*"], "to": ["*"]},
            {"id": "notes", "allow": ["insert", "update", "delete", "select for update", "copy from stdin"],
             "on": ["app.notes"], "to": ["*"]},
            *rules,
        ],
        **parts,
    }


class ClientCase(unittest.TestCase):
    """One server with the database of clients, and one gate."""

    maxDiff = None
    policy = policy()
    config = None

    @classmethod
    def setUpClass(cls):
        # The command is never run; every role can read it.
        cls.postgres = Postgres(settings={"wal_level": "logical", "restore_command": "KEY=command-secret fetch %f %p"})
        cls.addClassCleanup(cls.postgres.stop)
        cls.postgres.create_role(AGENT)
        cls.postgres.load(harness.DATA / "clients.sql")
        cls.gate = Gate(cls.postgres, cls.policy, [AGENT], config=cls.config)
        cls.addClassCleanup(cls.stop_gate)

    @classmethod
    def stop_gate(cls):
        alive = cls.gate.running()
        status = cls.gate.stop()
        assert alive and status == 0, f"the gate ended with {status}: {cls.gate.log_text()[-500:]}"
        again = cls.gate.judged_again()
        assert again is None or again["changes"] == [], f"its own policy says otherwise of the log: {again}"

    def setUp(self):
        self.reset()

    def reset(self):
        self.postgres.sql("TRUNCATE app.notes RESTART IDENTITY")
        self.postgres.sql("INSERT INTO app.notes (text) VALUES ('first'), ('second')")

    def judged(self, since=0):
        """(statements judged so far, {reason: how many after the first `since` were refused for it})."""
        decisions = self.gate.entries("decision")
        refused = collections.Counter(reason for decision in decisions[since:] if decision["verdict"] != "allow"
                                      for reason in reasons(decision))
        return len(decisions), dict(refused)


def reasons(decision):
    told = [f"{effect['action']} {effect.get('object', '')}: {effect['reason']}"
            for effect in decision.get("effects", []) if effect["outcome"] != "allow"]
    return told or [decision.get("error", "not understood")]
