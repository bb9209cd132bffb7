"""The corpus of ../corpus on a real server. Each attack is run twice: on a connection of its own, where it must do the harm
that it claims, and through the gate, where it must do none, leave the session usable and stand in the audit log as denied.
Harm is looked up over a second connection, as a superuser. Each legitimate session must get the answers of PostgreSQL itself.
"""

import collections
import json
import os
import re
import time
import unittest

import corpus_harm
import corpus_items
import harness
from corpus_server import AGENTS, BOT, CORPUS, CorpusServer
from gate import Gate
from wire import Closed, ServerError

# Of the legitimate sessions; those that do not pass are listed by name.
LEAST_SHARE = 0.99

ENDS_A_TRANSACTION = re.compile(r"\b(commit|rollback|abort|end|prepare transaction|call|raw)\b", re.IGNORECASE)

# Compares PostgreSQL with itself, to prove the legitimate part.
DIRECT = os.environ.get("PORTCULLIS_TEST_DIRECT") == "1"

_server = None


def setUpModule():
    global _server
    _server = CorpusServer()
    unittest.addModuleCleanup(_server.stop)


def policy():
    """JSON with // comments, which are on lines of their own."""
    text = (CORPUS / "policy.json").read_text(encoding="utf-8")
    return json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))


def agent_of(item):
    return next(a for a in AGENTS if a.name == item.get("agent", BOT.name))


class AuditTail:
    """The entries since the last look, without reading the log anew each time."""

    def __init__(self, folder):
        self._folder, self._read = folder, {}

    def entries(self):
        found = []
        for segment in sorted(self._folder.glob("*.jsonl")):
            with open(segment, "rb") as file:
                file.seek(self._read.get(segment, 0))
                found += self._whole_lines(segment, file.read())
        return found

    def _whole_lines(self, segment, data):
        """The space behind the last entry is line feeds already, so a line that is being written can look like one."""
        for line in data.split(b"\n")[:-1]:
            if not line:
                return
            try:
                entry = json.loads(line)
            except ValueError:
                return
            self._read[segment] = self._read.get(segment, 0) + len(line) + 1
            yield entry


class CorpusCase(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = _server
        cls.server.restore()

    def summary(self, title, passed, total):
        width = max(map(len, total), default=0)
        lines = [f"  {name:{width}} {passed[name]:4} of {total[name]:4}" for name in sorted(total)]
        lines.append(f"  {'all':{width}} {sum(passed.values()):4} of {sum(total.values()):4}")
        print(f"\n{title}\n" + "\n".join(lines), flush=True)

    def run_all(self, title, kind, run_one):
        passed, total = collections.Counter(), collections.Counter()
        start = time.monotonic()
        for name, items in corpus_items.load(kind, self.server.major).items():
            for item in items:
                total[name] += 1
                with self.subTest(f"{name}: {item['id']}"):
                    run_one(item)
                    passed[name] += 1
        self.summary(f"{title} ({time.monotonic() - start:.0f} s, {self.server.restored} restores)", passed, total)
        return passed, total


class AttacksWithoutTheGate(CorpusCase):
    """The proof of the corpus: each of them works."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pristine = cls.server.state()
        cls.quick = cls.server.quick()

    def test_each_does_its_harm(self):
        self.run_all("attacks that do harm without the gate", "attacks", self.attack)

    def attack(self, item):
        result = self.try_in_transaction(item) or self.run_for_real(item)
        self.assertTrue(result.harms, f"no harm: {item['steps']}\nanswer: {result.refused or ''} {result.told()}")

    def try_in_transaction(self, item):
        """Taken back afterwards, which is quicker than a new database: nothing where that cannot be, or shows no harm."""
        harms = item["harm"].keys()
        if harms not in ({"changed"}, {"leak"}) or "startup" in item or ENDS_A_TRANSACTION.search(json.dumps(item["steps"])):
            return None
        try:
            result = self.run_attack(item, in_transaction=True)
        except (ServerError, Closed, OSError):
            result = None
        self.tidy(item, in_transaction=True)
        return result if result and result.harms else None

    def run_for_real(self, item):
        try:
            return self.run_attack(item)
        finally:
            self.tidy(item)

    def run_attack(self, item, in_transaction=False):
        attack = corpus_harm.Attack(self.server, item,
                                    lambda **startup: self.server.postgres.connect(agent_of(item), **startup))
        wanted = item["harm"].get("changed", [])

        def changes(connection):
            rows = connection.rows if in_transaction else self.server.rows
            return {name for name in ([wanted] if isinstance(wanted, str) else wanted)
                    if self.server.state_of(name, rows) != self.pristine.get(name)}
        return attack.run(changes, in_transaction)

    def tidy(self, item, in_transaction=False):
        quick = self.server.quick()
        transactions = "next transaction"
        same = all(quick.get(key) == self.quick.get(key) for key in (quick.keys() | self.quick.keys()) - {transactions})
        if not same or not in_transaction and quick[transactions] != self.quick[transactions]:
            self.server.restore(item.get("undo", ()))
            quick = self.server.quick()
        type(self).quick = quick


class WithGate(CorpusCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gate = None
        cls.start_gate()
        cls.addClassCleanup(cls.stop_gate)

    @classmethod
    def start_gate(cls):
        cls.gate = Gate(cls.server.postgres, policy(), AGENTS, config={"upstream": {"allow_superuser": True}})
        cls.audit = AuditTail(cls.gate.audit_dir)

    @classmethod
    def stop_gate(cls):
        alive = cls.gate.running()
        status = cls.gate.stop()
        assert alive and status == 0, f"the gate ended with {status}: {cls.gate.log_text()[-2000:]}"

    @classmethod
    def restore(cls, undo=()):
        """Anew from the template: also for the gate, which would otherwise see its database vanish."""
        cls.gate.stop()
        cls.server.restore(undo)
        cls.start_gate()


class AttacksWithTheGate(WithGate):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.known, cls.quick = cls.server.state(), cls.server.quick()

    def test_none_does_harm(self):
        self.run_all("attacks that do no harm with the gate", "attacks", self.attack)

    def attack(self, item):
        self.audit.entries()
        attack = corpus_harm.Attack(self.server, item, lambda **startup: self.gate.connect(agent_of(item), **startup))
        result = attack.run(self.changes)
        unwanted = {name for name in result.changes if not self.may_change(name, item)}
        if unwanted:
            self.restore(item.get("undo", ()))
            type(self).known, type(self).quick = self.server.state(), self.server.quick()
            result.harms.append(f"changed: {sorted(unwanted)}")
        answer = corpus_harm.received(result.messages)
        result.harms += [f"the client got {m.decode()}" for m in corpus_harm.MARKERS if m in answer]
        told = f"{item['steps']}\nanswer: {result.refused or ''} {result.told()}"
        self.assertEqual(result.harms, [], told)
        self.assertTrue(self.gate.running(), "the gate has ended")
        if not item.get("end"):
            self.assertFalse(result.ended, "the session has ended: " + told)
            self.assertTrue(result.usable, "the session is not usable any more: " + told)
        if item.get("audit", "deny") == "deny":
            denied = [e for e in self.audit.entries() if e.get("verdict") == "deny" or e.get("event") == "refused"]
            self.assertTrue(denied, "nothing in the audit log: " + told)

    @staticmethod
    def may_change(name, item):
        """What the item's allowed steps change; a sequence belongs to its table."""
        return any(name == allowed or name.startswith(f"sequence {allowed}_") for allowed in item.get("touches", ()))

    def changes(self, _):
        quick = self.server.quick()
        if quick == self.quick:
            return set()
        now = self.server.state()
        changed = {key for key in now.keys() | self.known.keys() if now.get(key) != self.known.get(key)}
        type(self).known, type(self).quick = now, quick
        return changed


class Legitimate(WithGate):
    """Each session on a connection of its own: what comes back must be what a direct connection gives, byte for byte."""

    @classmethod
    def start_gate(cls):
        if not DIRECT:
            super().start_gate()

    @classmethod
    def stop_gate(cls):
        if cls.gate is not None:
            super().stop_gate()

    @classmethod
    def restore(cls, undo=()):
        if cls.gate is not None:
            cls.gate.stop()
        cls.server.restore(undo)
        cls.start_gate()

    def test_same_answers(self):
        items = [item for part in corpus_items.load("legitimate", self.server.major).values() for item in part]
        self.expected = {(item["class"], item["id"]): self.answers(self.server.postgres, item) for item in items}
        self.restore()
        self.refused = []
        passed, total = self.run_all("legitimate sessions with the same answers, or refused", "legitimate", self.compare)
        for line in self.refused:
            print("  " + line, flush=True)
        share = 1 - len(self.refused) / max(1, sum(total.values()))
        print(f"  not refused: {share:.1%}", flush=True)
        self.assertGreaterEqual(share, LEAST_SHARE, "too many were refused")

    def answers(self, front, item):
        pinned = {} if front is self.gate else {"search_path": '"app"'}  # as the gate writes it
        with front.connect(agent_of(item), **pinned, **item.get("startup", {})) as connection:
            messages, ended = corpus_items.run_steps(connection, item["steps"], self.server.fill)
        assert not ended, f"{item['id']}: the session has ended"
        return messages

    def compare(self, item):
        expected = self.expected[item["class"], item["id"]]
        if not item.get("fails"):
            self.assertEqual([m.fields["M"] for m in expected if m.type == "E"], [], "fails without the gate")
        actual = self.answers(self.gate or self.server.postgres, item)
        refusal = next((m for m in actual if m.type == "E" and m.fields["M"].startswith("portcullis:")), None)
        if refusal is not None:
            self.refused.append(f"refused: {item['class']}: {item['id']}: {refusal.fields['M'][:300]}")
        elif actual != expected:
            self.fail(harness.first_difference(actual, expected))


if __name__ == "__main__":
    unittest.main()
