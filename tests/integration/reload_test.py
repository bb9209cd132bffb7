"""SIGHUP loads the policy again: all of it or nothing, for open sessions too, and recorded before anything is judged by it."""

import copy
import json
import os
import signal
import unittest

import harness
import processes
from wire import ServerError


class Reload(harness.ShopCase):
    def setUp(self):
        super().setUp()
        self.connection = self.connect()
        self.addCleanup(self._load, harness.POLICY)

    def _load(self, policy, waits_for="in force"):
        before = self.gate.log_text().count("SIGHUP: ")
        text = policy if isinstance(policy, str) else json.dumps(policy)
        (self.gate.folder / "policy.json").write_text(text, encoding="utf-8")
        os.kill(self.gate.pid, signal.SIGHUP)
        processes.wait_until(lambda: self.gate.log_text().count("SIGHUP: ") > before, "the gate to answer SIGHUP")
        told = self.gate.log_text().split("SIGHUP: ")[-1]
        self.assertIn(waits_for, told)
        return told

    def _without_reading(self):
        policy = copy.deepcopy(harness.POLICY)
        policy["name"] = "stricter"
        policy["rules"] = [rule for rule in policy["rules"] if rule["id"] != "read"]
        return policy

    def test_holds_for_open_sessions(self):
        self.connection.rows("SELECT id FROM app.orders")
        self._load(self._without_reading())
        with self.assertRaises(ServerError) as caught:
            self.connection.rows("SELECT id FROM app.orders")
        self.assertEqual(caught.exception.fields["C"], "42501")
        entry = self.gate.wait_for_entry("policy", lambda e: e["name"] == "stricter")
        refused = self.gate.wait_for_entry("decision", lambda e: e["verdict"] == "deny" and e.get("policy") == entry["hash"])
        self.assertGreater(refused["i"], entry["i"])
        self._load(harness.POLICY)
        self.connection.rows("SELECT id FROM app.orders")

    def test_a_policy_that_is_wrong_changes_nothing(self):
        failing = dict(self._without_reading(), tests=[{"as": harness.AGENT.name, "sql": "SELECT 1 FROM app.users",
                                                        "expect": "allow"}])
        misspelt = self._without_reading()
        misspelt["protect"].append({"id": "typo", "on": ["app.usres"]})
        for policy, reason in (("{", "policy.json"), (dict(self._without_reading(), colour="red"), "colour"),
                               (failing, "expect"), (misspelt, "app.usres")):
            with self.subTest(reason):
                self.assertIn(reason, self._load(policy, "the policy stays as it was"))
                self.connection.rows("SELECT id FROM app.orders")


if __name__ == "__main__":
    unittest.main()
