"""Dry runs while something fails: a full disk, what is not installed, killed servers, a structure that does not rest.

Each time the report says so, what requires a dry run is refused with the reason, everything else goes on, and the next
dry run works when the fault is gone."""

import contextlib
import copy
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import unittest.mock

import audit_disk_test
import dry_run_policy_test
import gate as gate_module
import harness
import postgres as postgres_module
import processes
import shadow_test
from wire import query

ROLE = harness.AGENT.role
SCHEMA = f"""
CREATE SCHEMA made AUTHORIZATION {ROLE};
SET ROLE {ROLE};
CREATE TABLE made.bare (id integer CHECK (id <> 4711));
CREATE INDEX bare_id ON made.bare (id);
CREATE TABLE made.loose (id integer);
CREATE FUNCTION made.pause() RETURNS integer LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN 1; END';
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


def setUpModule():
    audit_disk_test.setUpModule()


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


class FullDisk(Case):
    SIZE = 400  # MiB

    def setUp(self):
        super().setUp()
        self.disk = self.new_folder()
        try:
            audit_disk_test.system_call("mount", b"tmpfs", os.fsencode(self.disk), b"tmpfs", 0,
                                        b"mode=755,size=%d" % (self.SIZE << 20))
        except OSError as error:
            self.skipTest(f"nothing may be mounted here: {error}")
        self.addCleanup(audit_disk_test.system_call, "umount2", os.fsencode(self.disk), audit_disk_test.MNT_DETACH)

    def leave(self, mebibytes):
        """So much room, until the file is removed."""
        filler = self.disk / "filler"
        room = os.statvfs(self.disk)
        with open(filler, "ab") as file:
            os.posix_fallocate(file.fileno(), filler.stat().st_size,
                               max(1, room.f_bavail * room.f_bsize - (mebibytes << 20)))
        return filler

    def test_a_copy_is_whole_or_there_is_none(self):
        """However much room there is: nothing is ever missing in it that is not named."""
        outcomes = set()
        for mebibytes in (1, 20, 36, 40, 44, 48, 52, 54, 56, 58, 60, 64, 70, 120):
            filler = self.leave(mebibytes)
            with self.subTest(mebibytes):
                done = self.told("INSERT INTO made.bare VALUES (4711)", folder=self.disk)
                outcomes.add(done.stderr == "")
                if done.stderr == "":
                    report = json.loads(done.stdout)
                    self.assertEqual((report["confidence"], report["left_out"], report["without_row"]),
                                     ("measured", [], []), report)
                    self.assertEqual(report["error"]["sqlstate"], "23514")
                else:
                    self.assertEqual((done.returncode, done.stdout), (1, ""))
                    self.assertRegex(done.stderr, "^portcullis: not tried out: .*(No space left on device|disk)")
                self.assertEqual([one.name for one in self.disk.iterdir()], ["filler"])
            filler.unlink()
        self.assertEqual(outcomes, {True, False})

    def test_without_room_for_a_copy_it_is_refused_until_there_is(self):
        filler = self.leave(45)
        gate, connection = self.new_gate(folder=self.disk)
        self.refused(ADD.format("a"), "42501", 'denied by "grow": it was not tried out: ', "its log says why",
                     connection=connection)
        self.assertRegex(gate.log_text(), "nothing can be tried out: .*(No space left on device|disk of)")
        self.goes_on(connection)
        filler.unlink()
        self.works_again(connection, ADD.format("a"))
        self.allowed(DROP.format("a"), connection)

    def test_a_statement_that_fills_the_disk_is_not_tried_out(self):
        _, connection = self.new_gate(folder=self.disk)
        much = "CREATE TABLE made.much AS SELECT repeat('x', 1900) AS x, n FROM generate_series(1, 10000000) AS n"
        self.allowed(ADD.format("a"), connection)
        time.sleep(1.5)  # the next copy's cluster takes its room
        filler = self.leave(24)
        error = self.refused(much, "42501", 'denied by "grow": it was not tried out: ', connection=connection)
        self.assertRegex(error.fields["M"], "No space left on device|the server of the copy ended")
        self.goes_on(connection)
        filler.unlink()
        self.works_again(connection, DROP.format("a"))

    def test_the_report_says_that_there_was_no_room(self):
        much = "CREATE TABLE made.much AS SELECT repeat('x', 1900) AS x, n FROM generate_series(1, 10000000) AS n"
        self.leave(90)
        done = self.told(much, folder=self.disk)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        report = json.loads(done.stdout)
        self.assertEqual(report["outcome"], "not tried", report)
        self.assertRegex(report["error"]["message"], "No space left on device|the server of the copy ended")
        self.assertRegex(self.told(much, folder=self.disk, text=True).stdout, "\nnot tried out: .*(No space left|ended)")


def programs_without(folder, server, names):
    """The server's programs as they would be without the files of an extension."""
    settings = dict(server.sql("SELECT name, setting FROM pg_config"))
    parts = [settings[name] for name in ("BINDIR", "SHAREDIR", "PKGLIBDIR")]
    top = os.path.commonpath(parts)
    programs, share, libraries = (folder / os.path.relpath(part, top) for part in parts)
    shutil.copytree(parts[0], programs)
    for extra in {pathlib.Path(top) / "lib"} if (pathlib.Path(top) / "lib" / "libpq.so.5").exists() else set():
        shutil.copytree(extra, folder / "lib", symlinks=True, dirs_exist_ok=True)
    if not libraries.exists():
        libraries.parent.mkdir(parents=True, exist_ok=True)
        libraries.symlink_to(parts[2])
    shutil.copytree(parts[1], share, ignore=shutil.ignore_patterns(*(f"{name}.control" for name in names)))
    return programs


class Extensions(Case):
    def setUp(self):
        super().setUp()
        there = {row[0] for row in self.postgres.sql("SELECT name FROM pg_available_extensions")}
        if not {"dblink", "citext"} <= there:
            self.skipTest("the server came without the extensions of PostgreSQL's own")

    def check(self, extension, lack, shadow=None):
        self.postgres.sql(f"CREATE EXTENSION {extension}")
        self.addCleanup(self.postgres.sql, f"DROP EXTENSION {extension}")
        done = self.told("ALTER TABLE made.loose ADD COLUMN a integer", shadow)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        report = json.loads(done.stdout)
        self.assertEqual(report["confidence"], "incomplete")
        self.assertEqual(len(report["left_out"]), 1, report)
        self.assertRegex(report["left_out"][0], lack)
        text = self.told("ALTER TABLE made.loose ADD COLUMN a integer", shadow, text=True).stdout
        self.assertRegex(text, "The copy lacks, so that production may answer otherwise:\n  " + lack)
        _, connection = self.new_gate(shadow)
        self.refused(ADD.format("a"), "42501", 'denied by "grow": the copy that it was tried out in lacks something',
                     '"incomplete": true', connection=connection)
        self.allowed("ALTER TABLE made.loose ADD COLUMN a integer", connection)
        self.allowed("ALTER TABLE made.loose DROP COLUMN a", connection)
        self.goes_on(connection)
        return connection

    def test_one_that_reaches_outside_is_left_out(self):
        connection = self.check("dblink", "extension dblink: it is not among those that a shadow may have")
        self.postgres.sql("DROP EXTENSION dblink")
        self.addCleanup(self.postgres.sql, "CREATE EXTENSION dblink")
        self.allowed(ADD.format("a"), connection)
        self.allowed(DROP.format("a"), connection)

    def test_one_that_is_not_installed_beside_the_gate_is_left_out(self):
        programs = programs_without(self.new_folder(), self.postgres, ["citext"])
        self.check("citext", 'schema: .*extension.*citext', {"programs": str(programs)})


class Programs(Case):
    def fails(self, shadow, says):
        done = self.told(ADD.format("a"), shadow)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, "^portcullis: not tried out: " + says)
        gate, connection = self.new_gate(shadow)
        self.refused(ADD.format("a"), "42501", "it was not tried out", "its log says why", connection=connection)
        self.assertRegex(gate.log_text(), "nothing can be tried out: " + says)
        self.goes_on(connection)

    def linked(self, *left_out):
        """The folders of programs, without some of them."""
        folder = self.new_folder()
        sources = [pathlib.Path(self.config["shadow"][key]) for key in ("dump_programs", "programs")]
        for source in sources:
            for program in source.iterdir():
                if program.name not in left_out and not (folder / program.name).exists():
                    (folder / program.name).symlink_to(program)
        return str(folder)

    def test_each_program_that_is_missing_is_named(self):
        for name in ("initdb", "postgres"):
            folder = self.linked(name)
            self.fails({"programs": folder}, f'there is no "{folder}/{name}": install PostgreSQL')
        for name in ("pg_dump", "pg_restore"):
            folder = self.linked(name)
            self.fails({"dump_programs": folder}, f'there is no "{folder}/{name}": install PostgreSQL')

    def test_a_program_that_fails_says_why(self):
        folder = pathlib.Path(self.linked("pg_dump"))
        (folder / "pg_dump").write_text("#!/bin/sh\necho something is wrong with it\nexit 3\n")
        (folder / "pg_dump").chmod(0o755)
        self.fails({"dump_programs": str(folder)}, "pg_dump ended with status 3: something is wrong with it")

    def test_programs_of_another_version_are_not_taken(self):
        folders = list(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        if os.environ.get("PORTCULLIS_SERVERS"):
            folders += pathlib.Path(os.environ["PORTCULLIS_SERVERS"]).glob("postgres-*/native/bin")
        tried = 0
        for folder in folders:
            if not (folder / "initdb").exists():
                continue
            with unittest.mock.patch.dict(os.environ, PORTCULLIS_POSTGRES_BIN=str(folder)):
                version = subprocess.run([folder / "postgres", "--version"], check=True, capture_output=True, text=True)
            major = int(version.stdout.split()[-1 if "(" not in version.stdout else 2].split(".")[0])
            if major == self.postgres.major:
                continue
            tried += 1
            self.fails({"programs": str(folder)}, f'the programs in "{folder}" are PostgreSQL {major}, and the database '
                       f'is PostgreSQL {self.postgres.major}: ')
        if tried == 0:
            self.skipTest("there is no other PostgreSQL here: set PORTCULLIS_SERVERS")


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
        sessions = [self.session] + [self.own.connect(harness.AGENT) for _ in range(7)]
        for number, session in enumerate(sessions):
            self.addCleanup(session.close)
            session.send(query(f"CREATE INDEX made_{number} ON made.bare (id)"))
        for _ in range(3):
            processes.wait_until(lambda: programs_of(self.own, "postgres"), "a copy")
            kill(programs_of(self.own, "postgres"))
            time.sleep(0.3)
        for number, session in enumerate(sessions):
            for error in self.answered(session):
                self.assertIn(error.code, ("42501", "57P03"))
                self.assertIn("it was not tried out", error.fields["M"])
                self.works_again(session, f"CREATE INDEX made_{number} ON made.bare (id)")
        names = {row[0] for row in self.postgres.sql("SELECT indexname FROM pg_indexes WHERE tablename = 'bare'")}
        self.assertLessEqual({f"made_{number}" for number in range(8)}, names)
        self.postgres.sql("DROP INDEX " + ", ".join(f"made.made_{number}" for number in range(8)))

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


class Stale(Case):
    def test_what_changes_while_it_is_tried_out_counts(self):
        """Tried again where there is what others have made meanwhile."""
        self.allowed("INSERT INTO made.slow DEFAULT VALUES")
        self.connection.send(query("ALTER TABLE made.slow ADD COLUMN mine integer DEFAULT made.pause()"))
        time.sleep(0.5)
        self.postgres.sql("ALTER TABLE made.slow ADD COLUMN mine text")
        self.addCleanup(self.postgres.sql, "ALTER TABLE made.slow DROP COLUMN mine")
        error, = [one for one in self.connection.read_until() if one.type == "E"]
        self.assertEqual(error.code, "42701", error.fields)
        self.assertIn("its dry run fails", error.fields["M"])
        decision = self.gate.wait_for_entry("decision", lambda one: "mine integer" in one.get("text", ""))
        self.assertEqual((decision["verdict"], decision["sqlstate"]), ("deny", "42701"))

    def test_a_structure_that_never_rests_is_refused(self):
        self.allowed(ADD.format("a"))
        self.postgres.sql("CREATE TABLE made.restless (n0 integer)")
        self.addCleanup(self.postgres.sql, "DROP TABLE made.restless")
        ends = threading.Event()
        def change():
            with self.postgres.superuser_connection() as other:
                number = 0
                while not ends.wait(0.05):
                    other.rows(f"ALTER TABLE made.restless RENAME COLUMN n{number} TO n{number + 1}")
                    number += 1
        thread = threading.Thread(target=change)
        thread.start()
        try:
            error = self.refused(DROP.format("a"), "57P03", 'denied by "grow": it was not tried out: ', "in a moment")
            self.assertRegex(error.fields["M"], "keeps changing|not ready yet")
            self.goes_on(self.connection)
        finally:
            ends.set()
            thread.join()
        self.works_again(self.connection, DROP.format("a"))


if __name__ == "__main__":
    unittest.main()
