"""Every command that docs/audit.md shows is run, in the page's order, on the log of a gate that plays what scripts/demo.sh plays."""

import json
import pathlib
import re
import shlex
import shutil
import subprocess
import time
import unittest

import gate as gate_module
import harness
import processes
from gate import Gate
from postgres import Agent
from wire import query

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "audit.md"
BOT = Agent("repair-bot", "agent_repair", "what the client knows", "agent_repair_db", "what the gate knows")
POLICY = {
    "version": 1, "name": "guide", "agents": {BOT.name: {"login": BOT.login, "owner": "ada"}},
    "protect": [{"id": "pii", "on": ["app.users"]}],
    "rules": [
        {"id": "read", "allow": ["select"], "on": ["app.customers", "app.orders"], "to": ["*"]},
        {"id": "repair", "allow": ["insert", "update", "delete"], "on": ["app.orders"], "to": ["*"], "require": ["where"]},
        {"id": "drift", "allow": ["alter table add column"], "on": ["app.orders"], "to": ["*"]},
    ],
}
PLAYED = ["SELECT o.id, c.name, o.amount, o.status FROM app.orders o JOIN app.customers c ON c.id = o.customer_id",
          "ALTER TABLE app.orders ADD COLUMN note text", "UPDATE app.orders SET note = 'called back' WHERE id = 42",
          "UPDATE app.orders SET status = 'paid'", "SELECT ssn FROM app.users",
          "ALTER TABLE app.orders ADD COLUMN x int; DROP TABLE app.users",
          "SELECT column_name FROM information_schema.columns WHERE table_name = 'orders'"]


def commands(page):
    """The lines of its examples that are commands of ours, without what is cut short in them."""
    blocks = page.replace("\\\n", " ")
    for line in blocks.splitlines():
        found = re.match(r"\s{4,}(?:\$ )?(portcullis audit .*)$", line)
        if found and "..." not in found[1]:
            yield re.sub(r"\s{2,}# .*$", "", found[1])


class Guide(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)
        cls.place = processes.new_folder("guide")
        cls.people = {name: cls.key(name) for name in ("anna", "bert")}
        cls.gate = Gate(cls.postgres, POLICY, [BOT],
                        config={"audit": {"text": "sealed", "erasers": list(cls.people.values()), "segment_age": "1min"}})
        cls.addClassCleanup(cls.gate.stop)
        time.sleep(61)  # what is played stands in the second segment with its policy, so the first one can be pruned
        cls.gate.stop()
        cls.gate.start()
        with cls.gate.connect(BOT) as connection:
            for text in PLAYED:
                connection.talk(query(text))
        cls.gate.wait_for_entry("session", lambda entry: entry["event"] == "end")
        assert cls.gate.verify().returncode == 0  # all is signed
        notes = sorted(cls.gate.audit_dir.glob("*.notes"))[-1]
        shutil.copy(notes, cls.place / "anchored.notes")
        (cls.place / "monday.note").write_text(notes.read_text(encoding="utf-8").split("\n\n—")[0] + "\n\n—" +
                                               notes.read_text(encoding="utf-8").split("\n\n—")[1].split("\n")[0] + "\n",
                                               encoding="utf-8")
        shutil.copy(str(gate_module.signing_key()) + ".pub", cls.place / "log.key.pub")
        shutil.copytree(cls.gate.audit_dir, cls.place / "copy")
        shutil.copytree(f"{cls.gate.audit_dir}.keys", cls.place / "copy.keys")
        (cls.place / "new-policy.json").write_text(json.dumps(POLICY), encoding="utf-8")

    @classmethod
    def key(cls, name):
        made = gate_module.run("audit", "keygen", "--name", name, "--out", cls.place / f"{name}.key")
        assert made.returncode == 0, made.stderr
        return made.stdout.splitlines()[0]

    def run_line(self, line, decided):
        words = shlex.split(line)[1:]
        log = str(self.gate.audit_dir)
        changed = {"DIR": log, "DIR.keys": log + ".keys", "4711": str(decided), "2026-01-01": "2100-01-01",
                   "/etc/portcullis/portcullis.json": str(self.gate.folder / "portcullis.json")}
        words = [changed.get(word, word.replace("/var/lib/portcullis/audit", log)) for word in words]
        return subprocess.run([gate_module.binary(), *words], capture_output=True, text=True, check=False, cwd=self.place,
                              timeout=120)

    def test_every_command_of_the_page(self):
        lines = list(commands(PAGE.read_text(encoding="utf-8")))
        self.assertGreater(len(lines), 30)
        decided = self.gate.entries("decision")[0]["i"]
        for line in lines:
            if " keygen " in line:
                continue  # done: the gate was told of these keys
            with self.subTest(line):
                done = self.run_line(line, decided)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertTrue(done.stdout or "--out" in line, "it says nothing")
                if " sign " in line:
                    other = self.run_line(line.replace("anna.key", "bert.key"), decided)
                    self.assertEqual(other.returncode, 0, other.stderr)

    def test_a_leaf_by_hand(self):
        segment = sorted(self.gate.audit_dir.glob("*.jsonl"))[-1]
        [line] = re.findall(r"^    (line=\$\(sed.*?sha256sum)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
        done = subprocess.run(["bash", "-c", line.replace("00000000000000000000.jsonl", str(segment))], capture_output=True,
                              text=True, check=True)
        previous = json.loads(segment.read_text(encoding="utf-8").splitlines()[5])["prev"]
        padded = previous.replace("-", "+").replace("_", "/") + "="
        told = subprocess.run(["base64", "-d"], input=padded.encode(), capture_output=True, check=True).stdout.hex()
        self.assertEqual(done.stdout.split()[0], told)


if __name__ == "__main__":
    unittest.main()
