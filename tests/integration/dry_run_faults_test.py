"""Dry runs while something fails: servers that are killed; what other tests of faults build on.

Each time the report says so, what requires a dry run is refused with the reason, everything else goes on, and the next
dry run works when the fault is gone."""

import contextlib
import copy
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest
import unittest.mock

import dry_run_policy_test
import gate as gate_module
import harness
import processes
from wire import query

ROLE = harness.AGENT.role
SCHEMA = f"""
CREATE SCHEMA made AUTHORIZATION {ROLE};
SET ROLE {ROLE};
CREATE TABLE made.bare (id integer CHECK (id <> 4711));
CREATE INDEX bare_id ON made.bare (id);
CREATE TABLE made.loose (id integer);
CREATE FUNCTION made.pause() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN
  IF session_user = '{ROLE}' THEN PERFORM pg_sleep(1); END IF; RETURN 1; END $$;
CREATE FUNCTION made.stubborn() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN
  LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN END; END LOOP; END $$;
CREATE TABLE made.slow (id integer DEFAULT made.pause());
RESET ROLE;
"""
POLICY = copy.deepcopy(harness.POLICY)
POLICY["rules"] += [
    {"id": "look", "allow": ["select"], "on": ["made.*"], "to": ["*"]},
    {"id": "run", "allow": ["execute function"], "on": ["made.pause", "made.stubborn"], "to": ["*"]},
    {"id": "grow", "allow": ["alter table *", "create index", "create table", "create table as", "insert"],
     "on": ["made.bare", "made.slow", "made.much"], "to": ["*"], "require": ["dry run"]},
    {"id": "trust", "allow": ["alter table *"], "on": ["made.loose"], "to": ["*"], "require": ["dry run"],
     "dry_run": {"incomplete": True}},
]
ADD = "ALTER TABLE made.bare ADD COLUMN {} integer"
DROP = "ALTER TABLE made.bare DROP COLUMN {}"


class Case(dry_run_policy_test.Case):
    schema = SCHEMA
    policy = POLICY

    def new_gate(self, shadow=None, folder=None):
        """A gate of the test's own, whose copies are below `folder`."""
        config = {"shadow": {**self.config["shadow"], **(shadow or {})}}
        environment = {"TMPDIR": str(folder)} if folder else None
        gate = gate_module.Gate(self.postgres, self.policy, [harness.AGENT], config=config, environment=environment)
        self.addCleanup(gate.stop)
        connection = gate.connect(harness.AGENT)
        self.addCleanup(connection.close)
        return gate, connection

    def new_folder(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="of-", dir=os.environ["TMPDIR"]))
        folder.chmod(0o755)
        return folder

    def told(self, statement, shadow=None, folder=None, text=False):
        """`portcullis dry-run`: how it ended."""
        config = dict(self.gate.config, shadow={**self.config["shadow"], **(shadow or {})})
        file = self.gate.folder / "of-the-test.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(config))
        environment = {"TMPDIR": str(folder)} if folder else {}
        with unittest.mock.patch.dict(os.environ, environment):
            return gate_module.run("dry-run", "--config", file, "--agent", "repair", *([] if text else ["--json"]), "--",
                                   statement)

    def works_again(self, connection, statement):
        """A copy that could not be made is tried again in a moment."""
        def ran():
            errors = [one for one in connection.talk(query(statement)) if one.type == "E"]
            for error in errors:
                self.assertIn("it was not tried out", error.fields["M"])
            return not errors
        processes.wait_until(ran, "a dry run to work again", pause=0.3)

    def goes_on(self, connection):
        self.allowed("SELECT id FROM made.bare", connection)


def programs_of(gate, name):
    """The gate's own child processes of that program."""
    found = []
    for pid in processes.descendants(gate.pid):
        with contextlib.suppress(OSError, IndexError):
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if int(stat[1]) == gate.pid and os.path.basename(arguments[0].decode()) == name:
                found.append(pid)
    return found


def kill(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Killed(Case):
    def setUp(self):
        super().setUp()
        self.folder = self.new_folder()
        self.own, self.session = self.new_gate(folder=self.folder)

    def copies(self):
        return set(self.folder.glob("portcullis-shadow-*"))

    def slow(self, session):
        """A statement that takes a second in the copy, sent and in the middle of it."""
        session.send(query("INSERT INTO made.slow DEFAULT VALUES"))
        time.sleep(0.4)

    def answered(self, session):
        return [one for one in session.read_until() if one.type == "E"]

    def test_before_a_run(self):
        self.allowed(ADD.format("a"), self.session)
        kill(programs_of(self.own, "postgres"))
        self.allowed(DROP.format("a"), self.session)

    def test_in_the_middle_of_a_run_it_is_tried_again(self):
        self.allowed(ADD.format("a"), self.session)
        killed = programs_of(self.own, "postgres")
        self.assertEqual(len(killed), 1)
        self.slow(self.session)
        kill(killed)
        self.assertEqual(self.answered(self.session), [])
        self.allowed(DROP.format("a"), self.session)
        self.assertTrue(set(programs_of(self.own, "postgres")).isdisjoint(killed))

    def test_one_of_its_processes_alone(self):
        """As the system does that has no memory left: nothing of that server is used any more."""
        self.allowed(ADD.format("a"), self.session)
        server, = programs_of(self.own, "postgres")
        sessions = []
        self.slow(self.session)
        for pid in processes.descendants(server):
            with contextlib.suppress(OSError):
                if b"INSERT" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    sessions.append(pid)
        self.assertEqual(len(sessions), 1)
        kill(sessions)
        self.assertEqual(self.answered(self.session), [])
        processes.wait_until(lambda: processes.state(server) == "", "the rest of that server to end")
        self.allowed(DROP.format("a"), self.session)

    def test_with_many_in_flight_each_is_answered(self):
        sessions = [self.session] + [self.own.connect(harness.AGENT) for _ in range(3)]
        for number, session in enumerate(sessions):
            self.addCleanup(session.close)
            session.send(query(f"CREATE INDEX made_{number} ON made.bare (id)"))
        for _ in range(2):
            processes.wait_until(lambda: programs_of(self.own, "postgres"), "a copy")
            kill(programs_of(self.own, "postgres"))
            time.sleep(0.3)
        for number, session in enumerate(sessions):
            for error in self.answered(session):
                self.assertIn(error.code, ("42501", "57P03"))
                self.assertIn("it was not tried out", error.fields["M"])
                self.works_again(session, f"CREATE INDEX made_{number} ON made.bare (id)")
        names = {row[0] for row in self.postgres.sql("SELECT indexname FROM pg_indexes WHERE tablename = 'bare'")}
        self.assertLessEqual({f"made_{number}" for number in range(4)}, names)
        self.postgres.sql("DROP INDEX " + ", ".join(f"made.made_{number}" for number in range(4)))

    def test_while_the_copy_is_made(self):
        stages = {"initdb": lambda folder: (folder / "server" / "data" / "PG_VERSION").exists(),
                  "postgres": lambda folder: (folder / "server" / ".s.PGSQL.5432").exists(),
                  "pg_restore": lambda folder: (folder / "work" / "restore.log").exists()}
        for name, reached in stages.items():
            with self.subTest(name):
                folder = self.new_folder()
                command = [gate_module.binary(), *map(str, self.command(ADD.format("a")))]
                process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                           env={**os.environ, "TMPDIR": str(folder)})
                processes.wait_until(lambda: any(map(reached, folder.iterdir())), name, pause=0.002)
                kill(programs_of(process, "initdb" if name == "initdb" else "postgres"))
                out, err = process.communicate(timeout=60)
                self.assertEqual((process.returncode, out), (1, ""), err)
                self.assertRegex(err, "^portcullis: not tried out: .")
                self.assertEqual(list(folder.iterdir()), [])

    def test_the_gate_makes_another_when_one_was_killed_while_it_was_made(self):
        self.allowed(ADD.format("a"), self.session)
        before = self.copies()
        self.session.send(query(DROP.format("a")))  # the structure is another one now
        def being_made():
            return [one for one in self.copies() - before if (one / "work" / "dump.log").exists()]
        processes.wait_until(being_made, "the next copy", pause=0.002)
        kill(programs_of(self.own, "postgres"))
        for error in self.answered(self.session):
            self.assertIn("it was not tried out", error.fields["M"])
            self.works_again(self.session, DROP.format("a"))
        self.works_again(self.session, ADD.format("a"))
        self.works_again(self.session, DROP.format("a"))

    def test_a_gate_that_was_killed_leaves_nothing_behind_its_next_start(self):
        self.allowed(ADD.format("a"), self.session)
        for delay in (0, 0.2, 0.5, 0.9):
            time.sleep(delay)
            left, children = self.copies(), processes.descendants(self.own.pid)
            self.own.kill()
            processes.wait_until(lambda: all(processes.state(pid) in ("", "Z") for pid in children), "its children to end")
            self.own.start()
            processes.wait_until(lambda: not left & self.copies(), "what it left to be removed")
        session = self.own.connect(harness.AGENT)
        self.addCleanup(session.close)
        self.allowed(DROP.format("a"), session)
        self.assertEqual(self.own.stop(), 0)
        self.assertEqual(self.copies(), set())

    def test_what_does_not_end_bars_nobody_behind_it(self):
        """It catches its own cancellation, and would hold its lock as long as the copy lives."""
        self.refused(ADD.format("a") + " DEFAULT made.stubborn()", "42501", "it was not tried out", "no answer within",
                     connection=self.session)
        server = programs_of(self.own, "postgres")
        self.allowed(ADD.format("a"), self.session)
        self.assertTrue(server)
        self.allowed(DROP.format("a"), self.session)


if __name__ == "__main__":
    unittest.main()
