"""Checkpoints reach places outside: files and commands; what happens while they do not; and a log that went back."""

import pathlib
import re
import shutil
import time
import unittest

import harness
import processes
import wire
from gate import Gate, run, signing_key
from wire import query

INSERT = "INSERT INTO app.events (tag) VALUES ('anchored')"


class AnchorsCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)

    def gate(self, anchors, **options):
        gate = Gate(self.postgres, harness.POLICY, [harness.AGENT], config={"audit": {"anchors": anchors}}, **options)
        self.addCleanup(gate.stop)
        return gate

    def verify(self, gate, *anchors):
        arguments = [word for anchor in anchors for word in ("--anchor", anchor)]
        return run("audit", "verify", gate.audit_dir, "--key", str(signing_key()) + ".pub", *arguments)

    @staticmethod
    def sizes(file):
        return [int(size) for size in re.findall(r"^test\n(\d+)\n", file.read_text(), re.MULTILINE)]


class Reached(AnchorsCase):
    def test_file_and_command_have_every_entry_at_the_end(self):
        folder = processes.new_folder("anchors")
        kept = folder / "kept"
        gate = self.gate({"file": {"file": str(folder / "worm.notes")},
                          "command": {"command": ["/bin/sh", "-c", f"cat > {kept}.new && mv {kept}.new {kept}"]}})
        with gate.connect(harness.AGENT) as agent:
            for _ in range(5):
                agent.rows("SELECT 1")
        self.assertEqual(gate.stop(), 0)
        entries = len(gate.entries())
        sizes = self.sizes(folder / "worm.notes")
        self.assertEqual(sizes, sorted(set(sizes)))
        self.assertEqual((sizes[-1], self.sizes(kept)), (entries, [entries]))
        report = self.verify(gate, folder / "worm.notes", kept)
        self.assertEqual(report.returncode, 0, report)
        gate.start()
        self.assertEqual(gate.stop(), 0)
        report = self.verify(gate, folder / "worm.notes", kept)
        self.assertEqual(report.returncode, 0, report)

    def test_change_of_the_schema_is_there_at_once(self):
        notes = processes.new_folder("anchors") / "notes"
        gate = self.gate({"file": {"file": str(notes)}})
        with gate.connect(harness.AGENT) as agent:
            agent.talk(query("ALTER TABLE app.orders ADD COLUMN IF NOT EXISTS anchored text"))
            [decision] = [e for e in gate.entries("decision") if "ALTER" in e["text"]]
            begin = time.monotonic()
            processes.wait_until(lambda: self.sizes(notes)[-1] > decision["i"], "its checkpoint")
            self.assertEqual(decision["verdict"], "allow", decision)
        self.assertLess(time.monotonic() - begin, 5)


# What writes without standing in the statement's text.
HIDDEN = """
CREATE FUNCTION app.note() RETURNS int LANGUAGE sql SECURITY DEFINER
  AS $$ INSERT INTO app.events (tag) VALUES ('hidden'); SELECT 1 $$;
CREATE SEQUENCE app.counter;
CREATE VIEW app.noting AS SELECT app.note() AS noted;
CREATE VIEW app.counting AS SELECT nextval('app.counter') AS counted;
GRANT SELECT ON app.noting, app.counting TO PUBLIC;
GRANT EXECUTE ON FUNCTION app.note() TO PUBLIC;
GRANT ALL ON SEQUENCE app.counter TO PUBLIC;
"""
HIDING = {**harness.POLICY, "rules": harness.POLICY["rules"] + [
    {"id": "views", "allow": ["select"], "on": ["app.noting", "app.counting"], "to": ["*"]},
    {"id": "run", "allow": ["execute function"], "on": ["app.note", "pg_catalog.nextval"], "to": ["*"]}]}


class WithoutAWayAround(AnchorsCase):
    """What an anchor that is behind holds back cannot be had in another way."""

    def setUp(self):
        self.postgres.sql(HIDDEN)
        self.addCleanup(self.postgres.sql, "DROP FUNCTION app.note CASCADE; DROP SEQUENCE app.counter CASCADE")
        self.folder = processes.new_folder("anchors") / "mounted"
        self.folder.mkdir()
        far = {"file": str(self.folder / "notes"), "require": "deny_changes", "within": "1s"}
        self.gate_ = Gate(self.postgres, HIDING, [harness.AGENT], config={"audit": {"anchors": {"far": far}}})
        self.addCleanup(self.gate_.stop)
        self.agent = self.gate_.connect(harness.AGENT)
        self.addCleanup(self.agent.close)

    def fall_behind(self):
        shutil.move(self.folder, self.folder.with_name("gone"))
        self.gate_.wait_for_entry("anchor", lambda e: e["state"] == "failed")

    def assert_refused(self, *messages):
        answer = self.agent.talk(*messages)
        self.assertEqual([m.code for m in answer if m.type == "E"], ["58030"], answer)

    def assert_taken(self, *messages):
        answer = self.agent.talk(*messages)
        self.assertNotIn("E", [m.type for m in answer], answer)

    def test_views_that_write(self):
        for view in ("noting", "counting"):
            self.assert_taken(query(f"SELECT * FROM app.{view}"))
        self.fall_behind()
        for view in ("noting", "counting"):
            self.assert_refused(query(f"SELECT * FROM app.{view}"))
            self.assert_refused(query(f"COPY (SELECT * FROM app.{view}) TO STDOUT"))
        self.assert_taken(query("SELECT * FROM app.orders"))

    def test_portals_that_were_bound_before(self):
        self.assert_taken(query("BEGIN"))
        self.assert_taken(wire.parse(INSERT, "s"), wire.bind((), "s", "p"), wire.message("S"))
        self.fall_behind()
        self.assert_refused(wire.execute("p"), wire.message("S"))
        self.assert_taken(query("ROLLBACK"))
        self.assert_refused(wire.bind((), "s"), wire.execute(), wire.message("S"))

    def test_portals_that_read_go_on(self):
        self.assert_taken(query("BEGIN"))
        self.assert_taken(wire.parse("SELECT id FROM app.orders"), wire.bind((), "", "p"), wire.execute("p", 1),
                          wire.message("S"))
        self.fall_behind()
        self.assert_taken(wire.execute("p", 1), wire.message("S"))
        self.assert_taken(query("COMMIT"))

    def test_cursors_that_were_declared_before(self):
        self.assert_taken(query("BEGIN"))
        self.assert_taken(query("DECLARE c CURSOR FOR SELECT app.note() FROM app.customers"))
        self.fall_behind()
        self.assert_refused(query("FETCH ALL FROM c"))
        self.assert_taken(query("ROLLBACK"))

    def test_cursors_that_read_go_on(self):
        self.assert_taken(query("BEGIN"))
        self.assert_taken(query("DECLARE c CURSOR FOR SELECT id FROM app.orders"))
        self.fall_behind()
        self.assert_taken(query("FETCH 1 FROM c"))
        self.assert_taken(query("COMMIT"))


class Required(AnchorsCase):
    def setUp(self):
        self.folder = processes.new_folder("anchors") / "mounted"

    def test_changes_wait_for_the_place_and_reads_do_not(self):
        gate = self.gate({"far": {"file": str(self.folder / "notes"), "require": "deny_changes", "within": "1s"}})
        gate.wait_for_entry("anchor", lambda e: e["state"] == "failed" and "could not open" in e["reason"])
        with gate.connect(harness.AGENT) as agent:
            self.assertEqual(agent.rows("SELECT 1"), [["1"]])
            with self.assertRaises(wire.ServerError) as caught:
                agent.rows(INSERT)
            self.assertEqual(caught.exception.code, "58030")
            self.assertIn('do not reach the anchor "far"', str(caught.exception))
            self.folder.mkdir()
            gate.wait_for_entry("anchor", lambda e: e["state"] == "restored")
            agent.rows(INSERT)
        denied = [e for e in gate.entries("decision") if e.get("sqlstate") == "58030"]
        self.assertEqual([e["verdict"] for e in denied], ["deny"])
        self.assertEqual(gate.stop(), 0)
        report = self.verify(gate, self.folder / "notes")
        self.assertEqual(report.returncode, 0, report)

    def test_a_transaction_can_be_ended(self):
        self.folder.mkdir()
        gate = self.gate({"far": {"file": str(self.folder / "notes"), "require": "deny", "within": "1s"}})
        with gate.connect(harness.AGENT) as agent:
            agent.talk(query("BEGIN"))
            agent.rows(INSERT)
            shutil.move(self.folder, self.folder.with_name("gone"))
            gate.wait_for_entry("anchor", lambda e: e["state"] == "failed")
            with self.assertRaises(wire.ServerError):
                agent.rows("SELECT 1")
            answer = agent.talk(query("ROLLBACK"))
            self.assertNotIn("E", [m.type for m in answer])

    def test_an_alert_holds_nothing_back(self):
        gate = self.gate({"far": {"command": ["/bin/false"], "within": "1s"}})
        gate.wait_for_entry("anchor", lambda e: e["state"] == "failed")
        with gate.connect(harness.AGENT) as agent:
            agent.rows(INSERT)
        self.assertIn('anchor "far" is behind', gate.log_text())


class WentBack(AnchorsCase):
    """What no file of the log's own can show."""

    def setUp(self):
        self.notes = processes.new_folder("anchors") / "notes"
        self.gate_ = self.gate({"far": {"file": str(self.notes)}})
        self.gate_.stop()
        self.before = processes.new_folder("before") / "audit"
        shutil.copytree(self.gate_.audit_dir, self.before)
        self.gate_.start()
        with self.gate_.connect(harness.AGENT) as agent:
            agent.rows("SELECT 1")
        self.gate_.stop()

    def go_back(self):
        shutil.rmtree(self.gate_.audit_dir)
        shutil.copytree(self.before, self.gate_.audit_dir)

    def assert_refused(self):
        with self.assertRaisesRegex(AssertionError, "(?s)the gate ended with 78.*was cut, or is not the one that was"):
            self.gate_.start()

    def test_a_restored_backup_is_refused_and_found(self):
        self.go_back()
        self.assertEqual(self.verify(self.gate_).returncode, 2)  # it agrees with itself
        report = self.verify(self.gate_, self.notes)
        self.assertEqual(report.returncode, 1, report)
        self.assertIn("anchor, entry", report.stdout)
        self.assert_refused()

    def test_another_history_is_refused_and_found(self):
        self.go_back()
        away = pathlib.Path(shutil.move(self.notes, self.notes.with_name("away")))
        self.gate_.start()
        with self.gate_.connect(harness.AGENT) as agent:
            for _ in range(20):
                agent.rows("SELECT 2")
        self.gate_.stop()
        shutil.move(away, self.notes)
        self.assertEqual(self.verify(self.gate_, self.notes).returncode, 1)
        self.assert_refused()

    def test_an_anchor_that_is_gone_is_said(self):
        self.notes.unlink()
        self.gate_.start()
        self.assertIn("its file is not there, so it cannot show whether the log was put back", self.gate_.log_text())

    def test_an_empty_directory_is_refused(self):
        shutil.rmtree(self.gate_.audit_dir)
        self.assert_refused()


if __name__ == "__main__":
    unittest.main(verbosity=2)
