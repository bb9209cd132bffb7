"""Who opens sealed texts of the log of a real gate stands in it: running, stopped, killed in between, on a full disk."""

import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

import audit_disk_test
import gate as gate_module
import harness
import processes
from audit_disk_test import system_call
from gate import Gate
from wire import SYNC, bind, describe_portal, execute, parse, query, shape

SECRET = "secret-4711"
VERIFIER = pathlib.Path(__file__).resolve().parent.parent / "verifier" / "verifier.py"


def setUpModule():
    audit_disk_test.setUpModule()


class ReadCase(unittest.TestCase):
    maxDiff = 3000

    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)

    def setUp(self):
        self.gate = self.new_gate()
        self.addCleanup(self.gate.stop)
        with self.gate.connect(harness.AGENT) as connection:
            for number in range(3):
                connection.talk(query(f"SELECT '{SECRET}', {number}"))
            connection.talk(parse(f"SELECT '{SECRET}', $1::text", "s"), bind(["bound value"], "s"), describe_portal(), execute(),
                            bind(["another value"], "s"), execute(), SYNC)
        self.gate.wait_for_entry("session", lambda e: e["event"] == "end")

    def new_gate(self):
        return Gate(self.postgres, harness.POLICY, [harness.AGENT], config={"audit": {"text": None}})

    @property
    def keys(self):
        return pathlib.Path(f"{self.gate.audit_dir}.keys")

    @property
    def config(self):
        return ["--config", self.gate.folder / "portcullis.json"]

    def words(self, command, *arguments):
        return ["audit", command, self.gate.audit_dir, *arguments, "--sealing-keys", self.keys]

    def read(self, command, *arguments):
        return gate_module.run(*self.words(command, *arguments))

    def start_reading(self, *arguments):
        command = subprocess.Popen([gate_module.binary(), *map(str, self.words("show", *arguments))], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(command.stdout.close)
        self.addCleanup(command.stderr.close)
        return command

    def recorded(self):
        return [e for e in gate_module.read_entries(self.gate.audit_dir) if e["t"] in ("read", "export")]

    def requests(self):
        folder = self.gate.audit_dir / "requests"
        return sorted(f.name for f in folder.iterdir()) if folder.exists() else []

    def assert_opened(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(SECRET, done.stdout)

    def assert_closed(self, done, why):
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no text was opened", done.stderr)
        self.assertIn(why, done.stderr)

    def assert_in_order(self):
        """By both verifiers, without and with the keys."""
        self.gate.stop()
        self.assertEqual(self.gate.verify().returncode, 0, self.gate.verify())
        built = gate_module.run("audit", "verify", self.gate.audit_dir, "--sealing-keys", self.keys)
        other = subprocess.run([sys.executable, "-B", VERIFIER, self.gate.audit_dir, "--sealing-keys", self.keys],
                               capture_output=True, text=True, check=False)
        found = [re.findall(r"^(?:\S+: )?([a-z ]+), entry \d+: ", done.stdout, re.M) for done in (built, other)]
        self.assertEqual(found[0], ["no key", "no anchor"], built.stdout)
        self.assertEqual((other.returncode, found[1]), (built.returncode, found[0]), other.stdout)


class Reading(ReadCase):
    def test_a_gate_that_runs_records_it(self):
        decided = [e["i"] for e in self.gate.entries("decision")]
        self.assert_opened(self.read("show", "--by", "ann", "--purpose", "DSR-4711"))
        [entry] = self.recorded()
        self.assertEqual({key: entry[key] for key in ("t", "by", "purpose", "first", "last", "records", "classes")},
                         {"t": "read", "by": "ann", "purpose": "DSR-4711", "first": decided[0], "last": decided[3],
                          "records": 4, "classes": ["text"]})
        self.assert_opened(self.read("show", "--json"))
        self.assertEqual(self.recorded()[-1]["records"], 6)  # with the parameters
        self.assertEqual(self.recorded()[-1]["classes"], ["parameters", "text"])
        self.assertEqual(self.requests(), [])
        self.assertIn("records that ann reads", self.gate.log_text())
        self.assert_in_order()

    def test_statements_are_counted_with_the_entry_that_has_their_text(self):
        last = self.gate.entries("decision")[-1]
        done = self.read("query", "--record", str(last["i"]), "--json")
        self.assert_opened(done)
        row = json.loads(done.stdout.splitlines()[0])
        self.assertEqual(row["parameters"], ["another value"])
        [entry] = self.recorded()
        self.assertEqual((entry["first"], entry["last"], entry["records"]), (last["statement"], last["i"], 2))
        asked = self.read("query", "--verdict", "deny")  # finds nothing, so it opens nothing
        self.assertEqual(asked.returncode, 0, asked.stderr)
        self.assertEqual(len(self.recorded()), 1)

    def test_the_log_has_the_hash_of_the_file(self):
        for form in ("jsonl", "csv"):
            out = self.gate.folder / f"a.{form}"
            done = self.read("export", "--format", form, "--out", out, "--by", "ann", "--agent", harness.AGENT.name)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(SECRET, out.read_text(encoding="utf-8"))
            entry = self.recorded()[-1]
            self.assertEqual((entry["t"], entry["hash"]), ("export", hashlib.sha256(out.read_bytes()).hexdigest()))
            self.assertEqual(entry["records"], 6)
            for more, status in (([], 0), (["--log", self.gate.audit_dir], 2),
                                 (["--log", self.gate.audit_dir, "--sealing-keys", self.keys], 0)):
                checked = gate_module.run("audit", "check-export", out, *more)
                self.assertEqual(checked.returncode, status, checked.stdout + checked.stderr)
        self.assertEqual(len(self.recorded()), 2)
        self.assert_in_order()

    def test_without_a_gate_the_command_records_it(self):
        self.gate.stop()
        self.assert_closed(self.read("show"), "give --config")
        self.assertEqual(self.recorded(), [])
        self.assert_opened(self.read("show", *self.config))
        [entry] = self.recorded()
        self.assertEqual(entry["records"], 4)
        self.gate.start()
        self.assert_in_order()

    def test_many_at_once_without_a_gate(self):
        self.gate.stop()
        commands = [self.start_reading("--by", f"reader {n}", *self.config) for n in range(6)]
        for command in commands:
            out, err = command.communicate(timeout=120)
            self.assertEqual(command.returncode, 0, err)
            self.assertIn(SECRET, out)
        self.assertEqual(sorted(e["by"] for e in self.recorded()), [f"reader {n}" for n in range(6)])
        self.assertEqual(self.requests(), [])
        self.gate.start()
        self.assert_in_order()

    def test_a_copy_is_read_without_a_record(self):
        self.assert_closed(self.read("show", "--copy"), "no copy")
        self.gate.stop()
        self.assert_opened(self.read("show", "--copy"))
        self.assertEqual(self.recorded(), [])

    def test_another_log_is_not_written_to(self):
        other = self.new_gate()
        self.addCleanup(other.stop)
        other.stop()
        self.gate.stop()
        self.assert_closed(self.read("show", "--config", other.folder / "portcullis.json"), "of this log's gate")

    def test_the_report(self):
        self.read("show", "--by", "ann")
        self.read("export", "--format", "csv", "--out", self.gate.folder / "a.csv", "--by", "bert", "--purpose", "court")
        told = json.loads(gate_module.run("audit", "report", "readings", self.gate.audit_dir, "--json").stdout)["tables"]
        readers = {row["by"]: (row["readings"], row["exports"]) for row in told["by_reader"]["rows"]}
        self.assertEqual(readers, {"ann": (1, 0), "bert": (0, 1)})
        self.assertEqual([(row["by"], row["purpose"], row["records"]) for row in told["readings"]["rows"]],
                         [("ann", "", 4), ("bert", "court", 6)])


class Interrupted(ReadCase):
    def waiting(self, *arguments):
        """A reading whose request the gate, which stands still, has not taken."""
        os.kill(self.gate.pid, signal.SIGSTOP)
        command = self.start_reading(*arguments)
        processes.wait_until(lambda: any(name.endswith(".read") for name in self.requests()) or None, "the request")
        return command

    def test_a_gate_that_does_not_answer(self):
        done = self.waiting("--wait", "1").communicate(timeout=60)
        os.kill(self.gate.pid, signal.SIGCONT)
        self.assertEqual(done[0], "")
        self.assertIn("did not answer in time", done[1])
        self.assertEqual((self.requests(), self.recorded()), ([], []))

    def test_a_gate_that_is_killed(self):
        for more, opened in ((self.config, True), ([], False)):
            command = self.waiting(*more)
            self.gate.kill()
            out, err = command.communicate(timeout=60)
            self.assertEqual((command.returncode, SECRET in out), (0, True) if opened else (1, False), err)
            self.assertEqual(self.requests(), [])
            self.gate.start()
        self.assertEqual(len(self.recorded()), 1)
        self.assert_in_order()

    def test_a_reader_that_is_killed(self):
        command = self.waiting()
        command.kill()
        command.wait()
        os.kill(self.gate.pid, signal.SIGCONT)
        self.gate.wait_for_entry("read", lambda e: e["records"] == 4)
        self.gate.kill()
        self.gate.start()
        self.assert_opened(self.read("show"))
        self.assertEqual(len(self.recorded()), 2)
        self.assert_in_order()

    def test_whenever_the_gate_is_killed(self):
        opened = 0
        for delay in (0.0, 0.3, 0.6, 0.9, 0.95, 1.0, 1.05):
            command = self.start_reading("--by", f"after {delay}")
            time.sleep(delay)
            self.gate.kill()
            out, err = command.communicate(timeout=60)
            self.assertEqual(SECRET in out, command.returncode == 0, err)
            if command.returncode == 0:
                opened += 1
                self.assertIn(f"after {delay}", [e["by"] for e in self.recorded()])
            self.gate.start()
        readers = [e["by"] for e in self.recorded()]
        self.assertEqual(len(readers), len(set(readers)))  # none is recorded twice
        self.assertLessEqual(opened, len(readers))
        self.assert_in_order()

    def test_bytes_that_are_no_request_are_answered(self):
        folder = self.gate.audit_dir / "requests"
        folder.mkdir(mode=0o700)
        (folder / "bad.read").write_bytes(b"\0" * 100_000)
        (folder / "forged.read").write_bytes(b"portcullis reading v1\nby ann\nfirst 1\nlast 0\nrecords 1\nclasses text\n")
        (folder / "worse.read").mkdir()
        processes.wait_until(lambda: len(list(folder.glob("*.refused"))) == 3 or None, "all to be refused")
        self.assertTrue(self.gate.running())
        self.assertEqual(self.recorded(), [])
        self.assert_opened(self.read("show"))


class FullDisk(ReadCase):
    def new_gate(self):
        self.disk = processes.new_folder("disk")
        path = os.fsencode(self.disk)
        system_call("mount", b"tmpfs", path, b"tmpfs", 0, b"size=%d" % audit_disk_test.DISK)
        self.addCleanup(system_call, "umount2", path, audit_disk_test.MNT_DETACH)
        return Gate(self.postgres, harness.POLICY, [harness.AGENT], config={"audit": {"text": None}},
                    audit_folder=self.disk / "audit")

    def test_opens_nothing(self):
        audit_disk_test.fill(self.disk)
        self.assert_closed(self.read("show"), "No space left")
        out = self.gate.folder / "a.csv"
        done = self.read("export", "--format", "csv", "--out", out)
        self.assertEqual((done.returncode, out.exists()), (1, False), done.stderr)
        self.assertEqual((self.recorded(), self.requests()), ([], []))
        (self.disk / "filler").unlink()
        processes.wait_until(lambda: self.read("show").returncode == 0 or None, "room")
        self.assertEqual(len(self.recorded()), 1)


if __name__ == "__main__":
    unittest.main()
