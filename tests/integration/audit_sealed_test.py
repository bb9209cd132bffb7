"""The audit log as it ships: no text of a session stands anywhere in the clear, and with the keys each is what was sent."""

import base64
import json
import os
import pathlib
import struct
import subprocess
import unittest

import audit_disk_test
import clock_test
import dry_run_policy_test
import gate as gate_module
import harness
import processes
from audit_disk_test import system_call
from gate import Gate
from wire import SYNC, bind, describe_portal, execute, extended, message, parse, query, shape

DEFAULT = {"audit": {"text": None}}
NEEDLE = b"needle-4711"


def setUpModule():
    audit_disk_test.setUpModule()


def traces(needle):
    """The needle as it is, as hexadecimal digits, and as base64 wherever it begins."""
    for spelled in (needle, needle.hex().encode(), needle.hex().upper().encode()):
        yield spelled
    for before in range(3):
        whole = base64.b64encode(bytes(before) + needle)
        middle = whole[4 if before else 0:len(whole) - (4 if len(needle) % 3 or before else 0)]
        yield middle
        yield middle.replace(b"+", b"-").replace(b"/", b"_")


def keys_of(gate):
    return pathlib.Path(str(gate.audit_dir) + ".keys")


def with_keys(gate):
    """The options that open texts, whether a gate runs or not."""
    return ["--sealing-keys", keys_of(gate), "--config", gate.folder / "portcullis.json"]


def opened(gate, kind=None):
    """The entries, with what is sealed opened, as `audit show` gives them."""
    arguments = ["--type", kind] if kind else []
    shown = gate_module.run("audit", "show", gate.audit_dir, "--json", *with_keys(gate), *arguments)
    assert shown.returncode == 0, shown.stderr
    return [json.loads(line) for line in shown.stdout.splitlines()]


def of_bytes(fields, name):
    return base64.b64decode(fields[name + "_base64"]) if name + "_base64" in fields else fields[name].encode()


class SealedCase(unittest.TestCase):
    def assert_nowhere(self, gate, *needles):
        files = [f for folder in (gate.audit_dir, keys_of(gate)) for f in folder.rglob("*") if f.is_file()]
        self.assertTrue(any(f.suffix == ".jsonl" for f in files) and any(f.suffix == ".sealing" for f in files), files)
        for file in files:
            raw = file.read_bytes()
            for needle in needles:
                for trace in traces(needle):
                    self.assertNotIn(trace, raw, file)

    def assert_verified(self, gate):
        """By the built verifier, with the key and the newest notes."""
        notes = [f for f in sorted(gate.audit_dir.glob("*.notes")) if f.stat().st_size > 0][-1]
        report = gate_module.run("audit", "verify", gate.audit_dir, "--key", f"{gate_module.signing_key()}.pub",
                                 "--anchor", notes)
        self.assertEqual(report.returncode, 0, report.stdout)


class SealedLog(SealedCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)

    def setUp(self):
        self.gate = Gate(self.postgres, harness.POLICY, [harness.AGENT], config=DEFAULT)
        self.addCleanup(self.gate.stop)
        self.connection = self.gate.connect(harness.AGENT)

    def talk(self, *messages):
        return self.connection.talk(*messages)

    def end(self):
        self.connection.close()
        self.gate.wait_for_entry("session", lambda e: e["event"] == "end")
        self.assertEqual(self.gate.stop(), 0)

    def test_no_text_stands_in_the_clear(self):
        needle = NEEDLE.decode()
        sent = [f"SELECT '{needle}'", f"SELECT ssn, '{needle}' FROM app.users", f"SELECT '{needle}'::int",
                f"SELECTED '{needle}'"]
        answers = [self.talk(query(sql)) for sql in sent]
        self.assertEqual([shape(a) for a in answers], ["TDCZ", "EZ", "EZ", "EZ"])
        commented = f"SELECT 1 /*confidence='0.9',reason='since%20{needle}'*/"
        self.assertEqual(shape(self.talk(query(commented))), "TDCZ")
        large = "SELECT 1 -- " + "x" * ((1 << 20) - 12 - len(needle)) + needle
        self.assertEqual(shape(self.talk(query(large))), "TDCZ")
        broken = b"SELECT '\xff" + NEEDLE + b"'"
        self.assertEqual(shape(self.talk(message("Q", broken + b"\0"))), "EZ")
        binary = b"\xfe\x00" + NEEDLE
        values = "SELECT $1::text, $2::text, $3::text, $4::bytea"
        bound = self.talk(parse(values), bind([needle, "", None, binary], formats=[0, 0, 0, 1]), describe_portal(), execute(),
                          SYNC)
        self.assertEqual(shape(bound), "12TDCZ")
        self.end()
        self.assert_nowhere(self.gate, NEEDLE)
        self.assert_verified(self.gate)

        decisions = opened(self.gate, "decision")
        texts = [of_bytes(d["opened"], "text") for d in decisions if d["message"] == "Query"]
        self.assertEqual(texts, [*(s.encode() for s in [*sent, commented, large]), broken])
        by_text = dict(zip(texts, (d for d in decisions if d["message"] == "Query")))
        self.assertEqual(by_text[commented.encode()]["opened"]["said"], f"since {needle}")
        self.assertEqual(by_text[commented.encode()]["said"], {"confidence": 9000})
        misspelled, denied = by_text[sent[3].encode()], by_text[sent[1].encode()]
        self.assertIn("SELECTED", misspelled["opened"]["reason"])
        self.assertNotIn("reason", misspelled)
        self.assertIn("app.users", denied["reason"])  # of names and rules alone
        self.assertNotIn("reason", denied["opened"])
        [parameters] = [json.loads(d["opened"]["parameters"]) for d in decisions if d["message"] == "Bind"]
        self.assertEqual(parameters, [{"text": needle}, {"text": ""}, {"null": True}, {"hex": binary.hex()}])
        [error] = [o["opened"]["error"] for o in opened(self.gate, "outcome") if "opened" in o]
        self.assertEqual(error, answers[2][0].fields["M"])
        self.assertIn(needle, error)

    def test_show_says_what_is_sealed(self):
        self.talk(query(f"SELECT '{NEEDLE.decode()}'"))
        self.end()
        shown = gate_module.run("audit", "show", self.gate.audit_dir).stdout
        self.assertIn("| [sealed]", shown)
        self.assertNotIn(NEEDLE.decode(), shown)
        opening = gate_module.run("audit", "show", self.gate.audit_dir, *with_keys(self.gate)).stdout
        self.assertIn(f"| SELECT '{NEEDLE.decode()}'", opening)
        for file in keys_of(self.gate).iterdir():
            file.unlink()
        erased = gate_module.run("audit", "show", self.gate.audit_dir, *with_keys(self.gate)).stdout
        self.assertIn("| [erased]", erased)

    def test_one_text_can_be_given_away_with_a_proof(self):
        self.talk(query(f"SELECT '{NEEDLE.decode()}' /*confidence='0.9',reason='another%20secret'*/"))
        self.end()
        [decision] = self.gate.entries("decision")
        out, key = self.gate.folder / "disclosure", f"{gate_module.signing_key()}.pub"
        disclose = ["audit", "disclose", self.gate.audit_dir, decision["i"], *with_keys(self.gate)]
        made = gate_module.run(*disclose, "--field", "said", "--out", out)
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        self.assertEqual(gate_module.run(*disclose, "--field", "error").returncode, 1)
        checked = gate_module.run("audit", "check-proof", out, "--key", key)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        self.assertIn("said: another secret\n", checked.stdout)
        self.assertNotIn(base64.b64encode(NEEDLE), out.read_bytes())
        value = base64.b64encode(b"another secret")
        out.write_bytes(out.read_bytes().replace(value, base64.b64encode(b"another secreT")))
        self.assertEqual(gate_module.run("audit", "check-proof", out, "--key", key).returncode, 1)

    def test_the_drill_finds_what_is_done_to_a_sealed_log(self):
        for number in range(3):
            self.talk(query(f"SELECT {number}"))
        self.end()
        notes = [f for f in sorted(self.gate.audit_dir.glob("*.notes")) if f.stat().st_size > 0][-1]
        drilled = gate_module.run("audit", "drill", self.gate.audit_dir, "--key", f"{gate_module.signing_key()}.pub",
                                  "--anchor", notes)
        self.assertEqual(drilled.returncode, 0, drilled.stdout + drilled.stderr)
        self.assertIn("a statement's text is changed", drilled.stdout)

    def test_each_start_has_keys_of_its_own_and_old_texts_open_still(self):
        for number in range(4):
            self.talk(query(f"SELECT {number}"))
            if number % 2:
                self.connection.close()
                self.gate.kill()
            else:
                self.end()
            self.gate.start()
            self.connection = self.gate.connect(harness.AGENT)
        self.talk(query("SELECT 4"))
        self.end()
        self.assert_verified(self.gate)
        decisions = opened(self.gate, "decision")
        self.assertEqual([d["opened"]["text"] for d in decisions], [f"SELECT {n}" for n in range(5)])
        epochs = [d["sealed"]["epoch"] for d in decisions]
        self.assertEqual(epochs, sorted(set(epochs)))
        self.assertEqual([f.name for f in sorted(keys_of(self.gate).iterdir())], [f"{e:020}.sealing" for e in epochs])

    def test_the_mode_may_change_at_a_restart(self):
        """Entries of all modes in one log, in order, and without the keys of those that are sealed a log like any other."""
        for mode in ("plain", "none", None, "plain"):
            self.talk(query(f"SELECT '{mode}'"))
            self.end()
            self.gate.config["audit"].pop("text", None)
            if mode:
                self.gate.config["audit"]["text"] = mode
            self.gate.write_config()
            self.gate.start()
            self.connection = self.gate.connect(harness.AGENT)
        self.end()
        self.assert_verified(self.gate)
        kept = [d.get("text") or d.get("opened", {}).get("text") for d in opened(self.gate, "decision")]
        self.assertEqual(kept, ["SELECT 'plain'", "SELECT 'none'", None, "SELECT 'plain'"])

    def test_files_are_the_owners_alone(self):
        self.assertEqual(keys_of(self.gate).stat().st_mode & 0o7777, 0o700)
        for file in keys_of(self.gate).iterdir():
            self.assertEqual(file.stat().st_mode & 0o7777, 0o600)
        self.end()
        keys_of(self.gate).chmod(0o755)
        with self.assertRaisesRegex(AssertionError, "chmod 700"):
            self.gate.start()
        keys_of(self.gate).chmod(0o700)
        self.gate.start()


class Reports(dry_run_policy_test.Case, SealedCase):
    """Of dry runs: what they quote is sealed, and the report on them needs the keys."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gate.stop()
        del cls.gate.config["audit"]["text"]
        cls.gate.write_config()
        cls.gate.start()

    def test_are_sealed(self):
        answer = self.answer(query(f"COMMENT ON TABLE made.bare IS '{NEEDLE.decode()}'"))
        self.assertEqual(shape(answer)[-2:], "CZ", answer)
        [report] = [d["opened"]["report"] for d in opened(self.gate, "dry_run") if "opened" in d]
        self.assertIn("outcome", report)
        self.assert_nowhere(self.gate, NEEDLE, b'"forecast"')
        self.assertNotIn('"report"', json.dumps([{**e, "sealed": 0} for e in self.gate.entries("dry_run")]))
        opening = gate_module.run("audit", "report", "dry-runs", self.gate.audit_dir, "--json", *with_keys(self.gate))
        without = gate_module.run("audit", "report", "dry-runs", self.gate.audit_dir, "--json")
        self.assertEqual(json.loads(opening.stdout)["sent"], 1)
        self.assertEqual(json.loads(without.stdout)["duration"]["not_predicted"], 1)
        self.assertEqual(json.loads(opening.stdout)["duration"]["not_predicted"], 0)


class NoRoomForKeys(SealedCase):
    """The folder of the keys is full when a day is over: the old keys serve for an hour, then statements are refused."""

    def setUp(self):
        self.postgres = harness.shop()
        self.addCleanup(self.postgres.stop)
        folder = processes.new_folder("clock")
        self.offset = folder / "offset"
        self.set_clock(0)
        library = folder / "libclockjump.so"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, clock_test.LIBRARY, "-ldl"], check=True)
        self.disk = processes.new_folder("keys")
        system_call("mount", b"tmpfs", os.fsencode(self.disk), b"tmpfs", 0, b"size=65536")
        self.addCleanup(system_call, "umount2", os.fsencode(self.disk), audit_disk_test.MNT_DETACH)
        self.gate = Gate(self.postgres, harness.POLICY, [harness.AGENT],
                         config={"audit": {"text": None, "sealing_keys": str(self.disk / "keys")}},
                         environment={"LD_PRELOAD": str(library), "CLOCKJUMP": str(self.offset)})
        self.addCleanup(self.gate.stop)
        self.connection = self.gate.connect(harness.AGENT)

    def set_clock(self, seconds):
        if not self.offset.exists():
            self.offset.write_bytes(bytes(8))
        with self.offset.open("r+b") as file:
            file.write(struct.pack("=q", seconds * 10**9))

    def ask(self):
        return self.connection.talk(query(f"SELECT '{NEEDLE.decode()}'"))

    def test_refuses_until_there_is_room_again(self):
        self.assertEqual(shape(self.ask()), "TDCZ")
        audit_disk_test.fill(self.disk)
        self.set_clock(24 * 3600 + 60)
        self.assertEqual(shape(self.ask()), "TDCZ")
        self.assertEqual(shape(self.ask()), "TDCZ")  # by the old keys
        self.set_clock(26 * 3600)
        refused = processes.wait_until(lambda: next((m for m in self.ask() if m.type == "E"), None), "a refusal")
        self.assertEqual(refused.code, "53100", refused.fields)
        self.assertIn("keys", refused.fields["M"])
        (self.disk / "filler").unlink()
        processes.wait_until(lambda: shape(self.ask()) == "TDCZ", "room")
        self.connection.close()
        self.assertEqual(self.gate.stop(), 0)
        self.assertEqual(len(list((self.disk / "keys").iterdir())), 2)
        for file in self.gate.audit_dir.glob("*.jsonl"):
            self.assertNotIn(NEEDLE, file.read_bytes())

    def test_does_not_start_without_room(self):
        self.connection.close()
        self.assertEqual(self.gate.stop(), 0)
        audit_disk_test.fill(self.disk)
        with self.assertRaisesRegex(AssertionError, "the gate ended with 78"):
            self.gate.start()
        (self.disk / "filler").unlink()
        self.gate.start()


if __name__ == "__main__":
    unittest.main()
