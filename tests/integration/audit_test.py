"""The audit log's files: what must not stand there, and what the next start makes of what was done to them."""

import json
import re
import shutil
import unittest

import harness
import processes
from gate import Gate, run
from wire import SYNC, extended, query


class AuditCase(unittest.TestCase):
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)


class Secrets(AuditCase):
    """What must not be written down."""

    CANARY = "canary-4711"

    def everything_written(self, config):
        gate = Gate(self.postgres, harness.POLICY, [harness.AGENT], config=config)
        self.addCleanup(gate.stop)
        with gate.connect(harness.AGENT) as connection:
            connection.talk(query(f"SELECT '{self.CANARY}'"))
            connection.talk(extended("SELECT $1::text", [self.CANARY]), SYNC)
            connection.talk(query(f"SELECT ssn FROM app.users WHERE ssn = '{self.CANARY}'"))
            connection.talk(query(f"SELECT '{self.CANARY}' FROM FROM x"))
            connection.talk(query(f"SELECT '{self.CANARY}"))
        gate.stop()
        self.assertEqual(gate.verify().returncode, 0, gate.verify())
        return gate.log_text(), "".join(f.read_text() for f in gate.audit_dir.iterdir())

    def test_texts_are_kept_only_where_they_are_wanted(self):
        log, audit = self.everything_written({"audit": {"text": "plain"}})
        self.assertNotIn(self.CANARY, log)
        self.assertGreaterEqual(audit.count(self.CANARY), 5)
        log, audit = self.everything_written({"audit": {"text": "none"}})
        self.assertNotIn(self.CANARY, log + audit)

    def test_passwords_are_nowhere(self):
        for written in self.everything_written({}):
            self.assertNotIn(harness.AGENT.password, written)
            self.assertNotIn(harness.AGENT.role_password, written)


class Recovery(AuditCase):
    """What a start makes of a log that something was done to."""

    def setUp(self):
        self.gate = Gate(self.postgres, harness.POLICY, [harness.AGENT])
        self.addCleanup(self.gate.stop)
        with self.gate.connect(harness.AGENT) as connection:
            for number in range(20):
                connection.talk(query(f"SELECT {number}"))

    def segment(self):
        [segment] = self.gate.audit_dir.glob("*.jsonl")
        return segment

    def last_line(self, raw):
        return raw.rstrip(b"\n").rpartition(b"\n")[2]

    def drop_notes_above(self, size):
        """As if the gate had died before it signed them."""
        file = self.segment().with_suffix(".notes")
        blocks = file.read_text().split("\n\n")
        notes = [blocks[n:n + 2] for n in range(0, len(blocks) - 1, 2)]
        kept = [note for note in notes if int(note[0].split("\n")[1]) <= size]
        file.write_text("".join(block + "\n\n" for note in kept for block in note))

    def assert_start_refused(self):
        self.assert_start_refused_for("audit verify")

    def assert_start_refused_for(self, reason):
        with self.assertRaisesRegex(AssertionError, f"(?s)the gate ended with 78.*{reason}"):
            self.gate.start()

    def test_one_gate_to_a_directory(self):
        with self.assertRaisesRegex(AssertionError, "the gate ended with 78"):
            Gate(self.postgres, harness.POLICY, [harness.AGENT], audit_folder=self.gate.audit_dir)
        self.assertTrue(self.gate.running())

    def test_clean_log(self):
        self.assertEqual(self.gate.stop(), 0)
        self.assertEqual(self.gate.verify().returncode, 0, self.gate.verify())
        types = [e["t"] for e in self.gate.entries()]
        self.assertEqual((types[0], types[1], types[-1]), ("segment", "open", "close"))
        self.assertEqual(types.count("decision"), 20)
        self.assertEqual(types.count("outcome"), 20)
        self.assertIn("policy", types)
        self.assertIn("config", types)

    def test_nothing_to_check_is_not_clean(self):
        self.assertEqual(self.gate.verify(processes.new_folder("empty")).returncode, 2)
        self.assertEqual(self.gate.verify(self.gate.folder / "absent").returncode, 2)

    def test_torn_last_batch_is_cut_and_said(self):
        self.gate.kill()
        raw = self.segment().read_bytes().rstrip(b"\n")
        torn = self.last_line(raw)[:-30]
        self.segment().write_bytes(raw[:-30])
        self.drop_notes_above(json.loads(self.last_line(raw))["i"])
        self.assertEqual(self.gate.verify().returncode, 2, self.gate.verify())
        self.gate.start()
        [recovered] = self.gate.entries("recovered")
        self.assertGreaterEqual(recovered["dropped"], len(torn))
        self.gate.stop()
        self.assertEqual(self.gate.verify().returncode, 0, self.gate.verify())

    def test_changed_byte_is_found_and_refuses_to_start(self):
        self.gate.stop()
        raw = self.segment().read_bytes()
        self.segment().write_bytes(raw.replace(b'"text":"SELECT 7"', b'"text":"SELECT 8"'))
        report = self.gate.verify()
        self.assertEqual(report.returncode, 1, report)
        self.assert_start_refused()

    def test_removed_entry_is_found_and_refuses_to_start(self):
        self.gate.stop()
        lines = self.segment().read_bytes().splitlines(keepends=True)
        self.segment().write_bytes(b"".join(lines[:9] + lines[10:]))
        self.assertEqual(self.gate.verify().returncode, 1)
        self.assert_start_refused()

    def test_log_behind_its_newest_checkpoint_is_found_and_refuses_to_start(self):
        self.gate.stop()
        lines = self.segment().read_bytes().splitlines(keepends=True)
        self.segment().write_bytes(b"".join(lines[:-3]))
        report = self.gate.verify()
        self.assertEqual(report.returncode, 1, report)
        self.assert_start_refused_for("was cut, or is not the one that was written")

    def test_copy_elsewhere_verifies(self):
        self.gate.stop()
        copy = processes.new_folder("copy") / "audit"
        shutil.copytree(self.gate.audit_dir, copy)
        self.assertEqual(self.gate.verify(copy).returncode, 0)


class Streams(AuditCase):
    def test_what_is_said_to_closed_streams_is_not_in_the_log(self):
        gate = Gate(self.postgres, harness.POLICY, [harness.AGENT],
                    run_by=("/bin/sh", "-c", 'exec "$@" <&- 2>&-', "sh"))
        self.addCleanup(gate.stop)
        with gate.connect(harness.AGENT) as connection:
            connection.talk(query("SELECT 1"))
        self.assertEqual(gate.stop(), 0)
        self.assertEqual((gate.audit_dir / "lock").read_bytes(), b"")  # the first file that is opened for writing
        report = gate.verify()
        self.assertEqual(report.returncode, 0, report)


class Drilled(AuditCase):
    """`audit drill` on the log of a gate: all that must be found is, and the log stays as it is."""

    FOUND = {"a decision is left out": "counters", "a policy is exchanged": "policy",
             "a decision is said to be by another policy": "policy", "a configuration is exchanged": "config",
             "an outcome is said of another entry": "pairs", "the gate's start is left out": "order",
             "the clock is set back by an hour": "time", "nothing is recorded for longer than a heartbeat": "silence"}

    def test_a_drill_finds_what_must_be_found(self):
        gate = Gate(self.postgres, harness.POLICY, [harness.AGENT])
        self.addCleanup(gate.stop)
        with gate.connect(harness.AGENT) as connection:
            for number in range(5):
                connection.talk(query(f"SELECT {number}"))
            self.assertEqual(gate.verify().returncode, 0)  # all is signed
            self.assert_all_found(run("audit", "drill", gate.audit_dir))  # the gate goes on writing
        gate.stop()
        gate.start()
        gate.stop()
        before = {file.name: file.read_bytes() for file in gate.audit_dir.iterdir()}
        self.assert_all_found(run("audit", "drill", gate.audit_dir))
        self.assertEqual({file.name: file.read_bytes() for file in gate.audit_dir.iterdir()}, before)

    def assert_all_found(self, report):
        self.assertEqual(report.returncode, 0, report)
        self.assertRegex(report.stdout, r"\b0 missed$")
        rows = [re.split(r"  +", line.strip()) for line in report.stdout.splitlines()]
        remade = {row[0]: row[2] for row in rows if row[1:2] == ["chain made anew"]}
        self.assertEqual({what: remade[what].partition(",")[0] for what in self.FOUND}, self.FOUND)


class ReadsThatMayWait(AuditCase):
    """With audit.reads a time."""

    def test_a_killed_gate_loses_no_record_of_a_read(self):
        gate = Gate(self.postgres, harness.POLICY, [harness.AGENT], config={"audit": {"reads": "10s"}})
        self.addCleanup(gate.stop)
        texts = []
        for turn in range(4):
            with gate.connect(harness.AGENT) as connection:
                for number in range(turn * 7 + 1):
                    texts.append(f"SELECT {turn}, {number}")
                    connection.rows(texts[-1])
                gate.kill()
            gate.start()
        self.assertEqual([entry["text"] for entry in gate.entries("decision")], texts)
        self.assertEqual([entry["dropped"] for entry in gate.entries("recovered")], [0] * 4)
        self.assertEqual(gate.verify().returncode, 0)

    def test_their_records_are_synced_in_time(self):
        gate = Gate(self.postgres, harness.POLICY, [harness.AGENT], config={"audit": {"reads": "50ms"}})
        self.addCleanup(gate.stop)
        with gate.connect(harness.AGENT) as connection:
            connection.rows("SELECT 1")
            gate.wait_for_entry("heartbeat", lambda entry: "e" in entry)
            self.assertEqual(gate.verify().returncode, 0)  # what is signed is synced


if __name__ == "__main__":
    unittest.main()
