"""Limits of the system: clients beyond that of open files are told so, and the audit log outlives its being reached."""

import os
import pathlib
import re
import resource
import signal
import subprocess
import time
import unittest

import harness
import processes
from gate import Gate, binary
from wire import Closed, Connection, ServerError

CONFIG = {"threads": 2, "shadow": {"mode": "off"}}


def limited(soft, hard):
    """The command that starts the one behind it with these limits."""
    return ["sh", "-c", f'ulimit -S -n {soft} && ulimit -H -n {hard} && exec "$@"', "sh"]


class DescriptorCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)

    def start(self, config=None, run_by=()):
        self.gate = Gate(self.postgres, harness.POLICY, [harness.AGENT], config={**CONFIG, **(config or {})}, run_by=run_by)
        self.addCleanup(self.gate.stop)

    def open_files(self):
        return {int(name) for name in os.listdir(f"/proc/{self.gate.pid}/fd")}

    def limits(self):
        return resource.prlimit(self.gate.pid, resource.RLIMIT_NOFILE)

    def set_limit(self, soft):
        resource.prlimit(self.gate.pid, resource.RLIMIT_NOFILE, (soft, self.limits()[1]))

    def refusal(self):
        """What one more client is told; None where it gets a session."""
        try:
            with self.gate.connect(harness.AGENT):
                return None
        except ServerError as error:
            return error.code

    def log_lines(self, text):
        return [line for line in self.gate.log_text().splitlines() if text in line]

    def assert_works(self, connection):
        self.assertEqual(connection.rows("SELECT 1"), [["1"]])

    def assert_all_well(self):
        """New clients get in, and both verifiers are content with the log."""
        processes.wait_until(lambda: self.refusal() is None, "a place for a new client")
        with self.gate.connect(harness.AGENT) as connection:
            self.assert_works(connection)
        self.assertEqual(self.gate.stop(), 0)
        report = self.gate.verify()
        self.assertEqual(report.returncode, 0, report)
        self.assertFalse([line for line in self.log_lines(" error ") if "audit" in line])


class Limit(DescriptorCase):
    def test_that_may_be_raised_is_raised_for_the_gate_alone(self):
        told = processes.new_folder("told") / "limit"
        command = ["/bin/sh", "-c", f"ulimit -n > {told}.new && mv {told}.new {told}"]
        self.start({"audit": {"anchors": {"far": {"command": command}}}}, run_by=limited(64, 5_000))
        self.assertEqual(self.limits(), (5_000, 5_000))
        self.assertFalse(self.log_lines("limit of open files"))
        processes.wait_until(told.exists, "the gate's program to run")
        self.assertEqual(told.read_text().strip(), "64")

    def test_that_is_too_low_is_told_at_the_start(self):
        self.start()
        self.gate.stop()
        command = [*limited(60, 60), binary(), "serve", "--config", self.gate.folder / "portcullis.json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 78, done)
        self.assertIn("the limit of open files is 60, and this configuration needs", done.stderr)
        self.assertIn("LimitNOFILE=", done.stderr)
        self.gate.start()  # the log was not touched

    def test_that_is_short_turns_clients_away_before_it_is_reached(self):
        self.start(run_by=limited(120, 120))
        [warning] = self.log_lines("limit of open files is 120")
        self.assertIn("ulimit -n", warning)
        clients, codes = [], []
        for _ in range(60):
            try:
                clients.append(self.gate.connect(harness.AGENT))
            except ServerError as error:
                codes.append(error.code)
        self.assertGreater(len(clients), 20)
        self.assertEqual(codes, ["53300"] * (60 - len(clients)))
        self.assertLess(len(self.open_files()), 105)
        # Who says nothing takes the last places; of the others, each is told at once.
        silent = [self.gate.socket() for _ in range(60)]
        for connection in silent:
            connection.socket.settimeout(0.5)
            try:
                codes.append(connection.read().code)
            except (TimeoutError, Closed):
                pass
        self.assertGreater(codes.count("53300"), 50 + 60 - len(clients))
        self.assertLess(len(self.open_files()), 120)
        for connection in clients:
            self.assert_works(connection)
        self.gate.wait_for_entry("session", lambda entry: entry["event"] == "refused" and entry["sqlstate"] == "53300")
        for connection in clients + silent:
            connection.close()
        self.assert_all_well()
        self.assertFalse(self.log_lines("Too many open files"))


class Crowd(DescriptorCase):
    def test_that_came_while_the_gate_could_not_look_is_let_in_whole(self):
        self.start({"limits": {"connections_per_address": 1_000}})
        before = len(self.open_files())
        os.kill(self.gate.pid, signal.SIGSTOP)
        crowd = [self.gate.socket() for _ in range(300)]
        os.kill(self.gate.pid, signal.SIGCONT)
        processes.wait_until(lambda: len(self.open_files()) >= before + 300, "300 connections to be accepted")
        for connection in crowd:
            connection.close()
        self.assert_all_well()


class Exhaustion(DescriptorCase):
    """The limit is taken down while the gate runs, so that nothing keeps it from being reached."""

    def setUp(self):
        if "libubsan" in subprocess.run(["ldd", binary()], capture_output=True, text=True).stdout:
            self.skipTest("UndefinedBehaviorSanitizer takes a descriptor to look at an object, and without one calls it none")

    def exhaust(self):
        """Every number below the limit is taken. What is open for a moment, as glibc has a file open where a thread first asks for
        memory, would leave one free."""
        before = None
        while before != self.open_files():
            before = self.open_files()
            time.sleep(0.2)
        self.set_limit(max(before) + 1)
        return [self.gate.socket() for _ in range(30)]

    def test_ends_neither_the_log_nor_the_sessions_and_lets_nobody_wait(self):
        self.start({"audit": {"segment_age": "1min"}})
        session = self.gate.connect(harness.AGENT)
        began, usual = time.monotonic(), self.limits()[0]
        idle = self.exhaust()
        while time.monotonic() - began < 66:
            self.assert_works(session)
            with Connection(self.gate.address, timeout=5) as another:
                self.assertEqual(another.read().code, "53300")
            time.sleep(0.5)
        self.assertEqual(len(list(self.gate.audit_dir.glob("*.jsonl"))), 1, "a segment was begun without a descriptor")
        told = self.log_lines("too many open files")
        self.assertTrue(1 <= len(told) <= 70, told)
        for connection in idle:
            connection.close()
        self.set_limit(usual)

        def begins_another():
            self.assert_works(session)
            return len(list(self.gate.audit_dir.glob("*.jsonl"))) > 1
        processes.wait_until(begins_another, "the next segment", pause=0.1)
        session.close()
        self.assert_all_well()

    def test_that_comes_after_the_next_segment_was_made_leaves_it_without_notes_for_a_while(self):
        self.start({"audit": {"segment_age": "1min"}})
        session = self.gate.connect(harness.AGENT)
        usual = self.limits()[0]

        def has_next():
            """A refusal is one entry: it lets the segment be made, and only another one would begin it."""
            with self.assertRaises(ServerError):
                session.rows("DROP TABLE app.users")
            time.sleep(0.2)
            return (self.gate.audit_dir / "next").exists()
        time.sleep(58)
        processes.wait_until(has_next, "a segment to be made", seconds=30, pause=0.8)
        idle = self.exhaust()
        notes = len(list(self.gate.audit_dir.glob("*.notes")))
        for _ in range(100):
            self.assert_works(session)
        segments = len(list(self.gate.audit_dir.glob("*.jsonl")))
        self.assertGreaterEqual(segments, 2)
        for connection in idle:
            connection.close()
        self.set_limit(usual)
        processes.wait_until(lambda: len(list(self.gate.audit_dir.glob("*.notes"))) == segments, "the segment's notes")
        self.assertIn(notes, (segments - 1, segments))  # it may have been quicker than this test
        session.close()
        self.assert_all_well()


class Threads(unittest.TestCase):
    def test_too_few_threads_end_the_start_with_the_reason(self):
        """Some of them run already when there is no memory for the stack of another one."""
        scarce = ["sh", "-c", 'ulimit -v 1500000 && exec "$@"', "sh"]
        if subprocess.run([*scarce, binary(), "version"], capture_output=True).returncode != 0:
            self.skipTest("this build needs more memory for itself")
        postgres = harness.shop()
        self.addCleanup(postgres.stop)
        with self.assertRaisesRegex(AssertionError, r"the gate ended with 1: (?s:.*)portcullis: cannot start a thread: "):
            Gate(postgres, harness.POLICY, [harness.AGENT], config={"threads": 64}, run_by=scarce)


if __name__ == "__main__":
    unittest.main()
