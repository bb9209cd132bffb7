"""Texts are erased from the log of a real gate by orders that two people signed: running and stopped, held and killed."""

import json
import re
import shutil
import subprocess
import time
import unittest

import gate as gate_module
import harness
import processes
from gate import Gate
from wire import query

CANARY = "canary-4711"


def run(*arguments):
    return gate_module.run(*arguments)


class EraseCase(unittest.TestCase):
    maxDiff = 3000

    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)
        cls.people = processes.new_folder("people")
        cls.vkeys = {}
        for name in ("anna", "bert", "carl"):
            made = run("audit", "keygen", "--name", name, "--out", cls.people / f"{name}.key")
            assert made.returncode == 0, made.stderr
            cls.vkeys[name] = made.stdout.splitlines()[0]

    def setUp(self):
        self.gate = Gate(self.postgres, harness.POLICY, [harness.AGENT], config=self.audit())
        self.addCleanup(self.gate.stop)
        self.made = 0
        with self.gate.connect(harness.AGENT) as connection:
            for number in range(8):
                connection.talk(query(f"SELECT '{CANARY}', {number}"))

    def audit(self, **more):
        return {"audit": {"text": None, "erasers": [self.vkeys["anna"], self.vkeys["bert"]], **more}}

    @property
    def keys(self):
        return self.gate.folder / "audit.keys"

    @property
    def config(self):
        return self.gate.folder / "portcullis.json"

    # --- orders ---------------------------------------------------------------------------------------------------
    def order(self, action, *arguments, signers=("anna", "bert")):
        self.made += 1
        file = self.gate.folder / f"{self.made}.order"
        made = run("audit", "order", action, self.gate.audit_dir, *arguments, "--basis", "Art. 17 GDPR", "--out", file)
        self.assertEqual(made.returncode, 0, made.stderr)
        for name in signers:
            signed = run("audit", "sign", file, "--key", self.people / f"{name}.key")
            self.assertEqual(signed.returncode, 0, signed.stderr)
            self.assertIn("Art. 17 GDPR", signed.stdout)
        return file

    def carry_out(self, action, file, *arguments):
        return run("audit", action, "--config", self.config, "--order", file, *arguments)

    def hash_of(self, file):
        return re.search(r"^order ([0-9a-f]{64})$", run("audit", "orders", self.gate.audit_dir).stdout, re.M)[1]

    # --- what is there --------------------------------------------------------------------------------------------
    def opened(self):
        """The decisions with a text, and whether it opens."""
        shown = run("audit", "show", self.gate.audit_dir, "--json", "--type", "decision", "--sealing-keys", self.keys,
                    "--config", self.config)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        return {entry["i"]: CANARY in json.dumps(entry) for entry in map(json.loads, shown.stdout.splitlines())}

    def findings(self):
        done = run("audit", "verify", self.gate.audit_dir, "--sealing-keys", self.keys)
        return [line.split(",")[0].split(": ")[-1] for line in done.stdout.splitlines()
                if re.search(r", entry \d+: ", line)]

    def assert_in_order(self):
        self.gate.stop()
        self.assertEqual(self.gate.verify().returncode, 0, self.gate.verify())
        self.assertEqual(self.findings(), ["no key", "no anchor"])


class Erasing(EraseCase):
    def test_a_running_gate_erases_what_two_ordered(self):
        first, second, *others = sorted(self.opened())
        file = self.order("erase", "--records", f"{first},{second}")
        done = self.carry_out("erase", file)
        self.assertEqual((done.returncode, done.stdout), (0, "erased: the texts (parameters said text) of 2 records\n"),
                         done.stderr)
        opened = self.opened()
        self.assertEqual([i for i in opened if not opened[i]], [first, second])
        with self.gate.connect(harness.AGENT) as connection:  # it goes on, under new keys
            connection.talk(query(f"SELECT '{CANARY}', 99"))
        self.assertTrue(self.opened()[max(self.opened())])
        self.assertEqual(len(self.gate.entries("erase")), 1)
        self.assertEqual(list((self.gate.audit_dir / "requests").iterdir()), [])
        self.assert_in_order()

    def test_a_log_without_a_gate_is_erased_from_by_the_command(self):
        self.gate.stop()
        first, *others = sorted(self.opened())
        done = self.carry_out("erase", self.order("erase", "--agent", harness.AGENT.name, "--class", "text"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(set(self.opened().values()), {False})
        self.gate.start()
        self.assert_in_order()

    def test_what_one_ordered_is_refused(self):
        record = str(min(self.opened()))
        for signers in (("anna",), ("anna", "carl"), ("carl",)):
            done = self.carry_out("erase", self.order("erase", "--records", record, signers=signers))
            self.assertEqual(done.returncode, 1, signers)
            self.assertIn("two keys of audit.erasers", done.stderr)
        twice = run("audit", "sign", self.order("erase", "--records", record, signers=("anna",)), "--key",
                    self.people / "anna.key")
        self.assertEqual(twice.returncode, 1)
        self.assertIn("signed it already", twice.stderr)
        changed = self.order("erase", "--records", record)
        changed.write_text(changed.read_text().replace("Art. 17", "Art. 18"))
        self.assertIn("does not hold", self.carry_out("erase", changed).stderr)
        self.assertEqual(self.gate.entries("erase"), [])
        self.assertEqual(set(self.opened().values()), {True})

    def test_what_is_held_stays_until_it_is_released(self):
        record = str(min(self.opened()))
        self.assertEqual(self.carry_out("hold", self.order("hold", "--records", record)).returncode, 0)
        held = self.hash_of(None)
        erase = self.order("erase", "--records", record)
        refused = self.carry_out("erase", erase)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(f"held by the order {held}", refused.stderr)
        self.assertIn("state:    in force", run("audit", "orders", self.gate.audit_dir).stdout)
        self.gate.stop()  # it is held by whoever carries out
        self.assertEqual(self.carry_out("erase", erase).returncode, 1)
        self.gate.start()
        done = self.carry_out("release", self.order("release", "--hold", held))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.carry_out("erase", erase).returncode, 0)
        self.assertFalse(self.opened()[int(record)])
        register = run("audit", "orders", self.gate.audit_dir).stdout
        self.assertIn("released by", register)
        self.assertIn("signed:   anna, bert", register)
        self.assert_in_order()

    def test_bytes_that_are_no_order_are_answered(self):
        folder = self.gate.audit_dir / "requests"
        folder.mkdir(mode=0o700)
        (folder / "bad.order").write_bytes(b"\0" * 100_000)
        (folder / "worse.order").mkdir()
        processes.wait_until(lambda: len(list(folder.glob("*.refused"))) == 2 or None, "both to be refused")
        self.assertTrue(self.gate.running())
        self.assertEqual(self.carry_out("erase", self.order("erase", "--records", "0-9")).returncode, 0)


class Killed(EraseCase):
    """A gate that is killed while it erases: the next start makes up for it."""

    def test_whenever_it_is_killed(self):
        records = sorted(self.opened())
        for attempt, delay in enumerate((0.0, 0.3, 0.9, 0.99, 1.0, 1.01, 1.05)):
            with self.subTest(delay):
                record = records[attempt]
                file = self.order("erase", "--records", str(record))
                command = subprocess.Popen(
                    [gate_module.binary(), "audit", "erase", "--config", self.config, "--order", file],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                self.addCleanup(command.stdout.close)
                self.addCleanup(command.stderr.close)
                processes.wait_until(lambda: (self.gate.audit_dir / "requests").exists() or None, "the request")
                time.sleep(delay)
                self.gate.kill()
                self.start_again()
                self.assertEqual(command.wait(), 0, command.stderr.read())
                self.assertFalse(self.opened()[record])
        self.assert_in_order()

    def start_again(self):
        """The command may hold the log by now, since no gate did."""
        for _ in range(100):
            try:
                return self.gate.start()
            except AssertionError as error:
                if "open in another process" not in str(error):
                    raise
                time.sleep(0.05)
        self.fail("the command does not give the log free")

    def test_an_entry_whose_keys_are_still_there(self):
        """As a kill between the two leaves it: the verifier says so, and the next look destroys them."""
        record = min(self.opened())
        file = self.order("erase", "--records", str(record))
        self.gate.stop()
        shutil.copytree(self.keys, self.gate.folder / "before")
        self.assertEqual(self.carry_out("erase", file).returncode, 0)
        shutil.rmtree(self.keys)
        shutil.copytree(self.gate.folder / "before", self.keys)
        self.assertEqual(self.findings(), ["no key", "no anchor", "kept"])
        self.gate.start()
        self.assertEqual(self.carry_out("erase", file).returncode, 0)
        self.assertFalse(self.opened()[record])
        self.assert_in_order()

    def test_keys_that_nobody_ordered_to_go(self):
        self.gate.stop()
        epoch = sorted(self.keys.iterdir())[0]
        epoch.write_text("".join(line for line in epoch.read_text().splitlines(keepends=True)
                                 if not line.startswith("text ")))
        self.assertEqual(self.findings(), ["no key", "no anchor", "erased"])


if __name__ == "__main__":
    unittest.main()
