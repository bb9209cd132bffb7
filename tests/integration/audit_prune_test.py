"""Whole segments are pruned from the log of a real gate by orders that two people signed: running and stopped, held, and what is gone
without an order."""

import shutil
import time
import unittest

import audit_erase_test
import gate as gate_module
import harness
from gate import Gate
from wire import query

AGE = 61  # seconds: a segment ends a minute after it began


class Pruning(audit_erase_test.EraseCase):
    """A log of three segments, with a key, an anchor and sealed texts."""

    def setUp(self):
        self.made = 0
        config = self.audit(segment_age="1min")
        self.gate = Gate(self.postgres, harness.POLICY, [harness.AGENT], config=config)
        self.addCleanup(self.gate.stop)
        self.anchor = self.gate.folder / "anchor"
        self.gate.stop()
        self.gate.config["audit"]["anchors"] = {"a": {"file": str(self.anchor)}}
        self.gate.write_config()
        self.gate.start()
        for part in range(3):
            time.sleep(AGE if part else 0)
            self.talk(part)

    def talk(self, number):
        with self.gate.connect(harness.AGENT) as connection:
            for statement in range(4):
                connection.talk(query(f"SELECT '{audit_erase_test.CANARY}', {number}, {statement}"))

    def segments(self):
        return sorted(int(one.name[:20]) for one in self.gate.audit_dir.glob("*.jsonl"))

    @property
    def public(self):
        return str(gate_module.signing_key("test")) + ".pub"

    def verify(self, folder=None, *more):
        return audit_erase_test.run("audit", "verify", folder or self.gate.audit_dir, "--key", self.public, "--anchor", self.anchor, *more)

    def assert_clean(self, first):
        self.gate.stop()
        done = self.verify(None, "--sealing-keys", self.keys)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(f"pruned: the entries 0 to {first - 1}, by the order ", done.stdout)
        self.assertEqual(self.verify(None, "--threads", "1").stdout, self.verify(None, "--threads", "4").stdout)

    def prove(self, index, out):
        return audit_erase_test.run("audit", "prove", self.gate.audit_dir, str(index), "--out", self.gate.folder / out)

    def assert_proven(self, file):
        done = audit_erase_test.run("audit", "check-proof", self.gate.folder / file, "--key", self.public)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_from_the_first_order_to_the_last(self):
        self.gate.stop()
        self.gate.start()
        segments = self.segments()
        self.assertGreaterEqual(len(segments), 3)
        second, last = segments[1], segments[-1]
        self.assertEqual(self.prove(last + 1, "before.proof").returncode, 0)

        hold = self.order("hold", "--records", f"0-{second + 20}")
        self.assertEqual(self.carry_out("hold", hold).returncode, 0)
        order = self.order("prune", "--first", str(second))
        refused = self.carry_out("prune", order)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("is held by the order", refused.stderr)
        self.assertEqual(self.segments(), segments)
        release = self.order("release", "--hold", self.hash_of(hold))
        self.assertEqual(self.carry_out("release", release).returncode, 0)

        done = self.carry_out("prune", order)  # the gate runs
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.segments(), segments[1:])
        self.talk("behind")
        self.assert_clean(second)
        self.assert_proven("before.proof")
        self.assertEqual(self.prove(second, "after.proof").returncode, 0)
        self.assert_proven("after.proof")
        self.assertIn("no new one can be made", self.prove(0, "none.proof").stderr)
        self.assert_readers_go_on()

        order = self.order("prune", "--before", "2100-01-01")  # and while it is stopped
        done = self.carry_out("prune", order)
        self.assertEqual(done.returncode, 0, done.stderr)
        first = self.segments()[0]
        self.assertGreater(first, second)
        self.gate.start()
        self.talk("and on")
        self.assert_clean(first)
        self.assertIn("prunes:", audit_erase_test.run("audit", "orders", self.gate.audit_dir).stdout)

    def assert_readers_go_on(self):
        log = self.gate.audit_dir
        for words in (["show", log], ["query", log], ["report", "changes", log], ["report", "policies", log], ["orders", log],
                      ["export", log, "--format", "jsonl", "--out", self.gate.folder / "all.jsonl"],
                      ["drill", log, "--key", self.public, "--anchor", self.anchor]):
            done = audit_erase_test.run("audit", *words)
            self.assertEqual(done.returncode, 0, f"{words}: {done.stdout} {done.stderr}")
        # The policy of the start that was going on at the cut went with its first entries: that is said.
        told = audit_erase_test.run("audit", "replay", log, "--policy", self.gate.folder / "policy.json")
        self.assertEqual(told.returncode, 2, told.stdout)
        self.assertIn("the policy that it was judged by is not in the log", told.stdout)
        copy = self.gate.folder / "copy"
        shutil.copytree(log, copy)
        for file in copy.glob(f"{self.segments()[0]:020}.*"):
            file.unlink()
        done = self.verify(copy)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("prune, entry ", done.stdout)


if __name__ == "__main__":
    unittest.main()
