"""Dry runs where the gate's machine lacks something: programs, of the right version, threads, and extensions that
production has."""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import unittest

import dry_run_faults_test
import gate as gate_module
import harness
import processes
from dry_run_faults_test import ADD, DROP


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


class Extensions(dry_run_faults_test.Case):
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


class Programs(dry_run_faults_test.Case):
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

    def test_a_folder_that_cannot_be_looked_into_is_told_and_the_gate_goes_on(self):
        loop = self.new_folder() / "loop"
        loop.symlink_to(loop)
        self.fails({"programs": str(loop)}, f'cannot look for "{loop}/initdb": .*: name the folders of the programs')

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


class Threads(dry_run_faults_test.Case):
    def test_a_gate_that_gets_no_thread_for_it_goes_on_and_tries_again(self):
        config = {"shadow": self.config["shadow"]}
        gate = gate_module.Gate(self.postgres, harness.POLICY, [harness.AGENT], config=config)
        self.addCleanup(gate.stop)
        connection = gate.connect(harness.AGENT)
        self.addCleanup(connection.close)
        status = pathlib.Path(f"/proc/{gate.pid}/status").read_text()
        size = int(re.search(r"VmSize:\s+(\d+) kB", status)[1]) << 10
        if size > 1 << 40:
            self.skipTest("this build takes address space for itself")
        # Too little for another thread's stack, and enough for the policy that brings dry runs.
        resource.prlimit(gate.pid, resource.RLIMIT_AS, (size + (4 << 20), resource.RLIM_INFINITY))
        (gate.folder / "policy.json").write_text(json.dumps(self.policy))
        os.kill(gate.pid, signal.SIGHUP)
        processes.wait_until(lambda: "in force" in gate.log_text(), "the policy")
        self.assertIn("no thread for it", gate.log_text())
        self.refused(ADD.format("a"), "57P03", "it was not tried out", connection=connection)
        resource.prlimit(gate.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.works_again(connection, ADD.format("a"))
        self.allowed(DROP.format("a"), connection)


if __name__ == "__main__":
    unittest.main()
