"""Durable first, by the system calls of the gate itself: a statement is sent to the server, a refusal to the client and a
checkpoint to its file only when the fdatasync behind the write of their entries has returned.

Several sessions at once: each statement is known by its tag, and each refusal by the entry that it names."""

import os
import re
import time
import unittest

import gate as gates
import harness
import processes
import system_calls
import wire
from audit_load import Session
from gate import Gate

SESSIONS = 4
SENDS = ("sendto", "sendmsg", "sendmmsg", "write", "writev")
WRITES = ("pwrite64", "pwritev", "pwritev2")
# io_uring would pass by all of these.
TRACED = (*SENDS, *WRITES, "fdatasync", "fsync", "io_uring_enter")
TAG = re.compile(rb"\bt\d+x\d+x\d+\b")
BOUND = re.compile(rb'"parameters":\[\{"text":"(t\d+x\d+x\d+)"')
INDEX = re.compile(rb'[,{]"i":(\d+),"')
# What changes nothing, or is undone with its block.
LAGGING = [b'"kinds":["SELECT"]', b'"kinds":["BEGIN"]', b'"kinds":["UPDATE"]']
BLOCKS = 60
COMMITTED = re.compile(rb'"session":(\d+)[^\n]*?"tags":\["COMMIT"\]')
NAMED = re.compile(rb"\b[Rr]ecord (\d+)\.")
SIZE = re.compile(rb"[^\n]+\n(\d+)\n")


def first_by(pattern, calls):
    """{what the pattern finds in a call's data: the first such call}."""
    found = {}
    for call in calls:
        for what in pattern.findall(call.data):
            found.setdefault(what, call)
    return found


class Order(unittest.TestCase):
    maxDiff = 4000
    reads = "sync"

    @classmethod
    def setUpClass(cls):
        reason = system_calls.why_not()
        if reason:
            raise unittest.SkipTest(reason)
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)
        folder = processes.new_folder("order")
        made = gates.run("audit", "keygen", "--name", "test", "--out", folder / "log.key")
        assert made.returncode == 0, made.stderr
        cls.sessions, cls.calls, cls.port = cls.run_traced(folder / "log.key", folder / "trace")
        cls.records = [c for c in cls.calls if c.target.endswith(".jsonl") and c.name in WRITES and c.data.strip(b"\n")]
        cls.notes = [c for c in cls.calls if c.target.endswith(".notes") and c.name in WRITES]
        cls.syncs = [c for c in cls.calls if c.name == "fdatasync" and c.result == 0]
        cls.to_server = [c for c in cls.calls if c.target.endswith(f":{cls.postgres.port}]") and c.target.startswith("TCP:")]
        cls.to_client = [c for c in cls.calls if re.match(rf"TCP:\[[^>]*:{cls.port}->", c.target)]

    @classmethod
    def run_traced(cls, key, trace):
        # No process has two tracers, and LeakSanitizer is one.
        sanitizer = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
        gate = Gate(cls.postgres, harness.POLICY, [harness.AGENT], config={"audit": {"key": str(key), "reads": cls.reads}},
                    environment=sanitizer, run_by=system_calls.traced(trace, TRACED))
        try:
            sessions = [Session(gate, 1, f"0x{n}", n == 0) for n in range(SESSIONS)]
            for session in sessions:
                session.start()
            processes.wait_until(lambda: sum(len(s.done) for s in sessions) > 500 and sum(len(s.refused) for s in sessions) > 30,
                                 "enough statements", seconds=90)
            cls.run_blocks(gate)
            time.sleep(1.2)  # checkpoints come a second apart
        finally:
            status = gate.stop()
        assert status == 0, gate.log_text()[-2000:]
        for session in sessions:
            session.join(30)
        processes.wait_until(lambda: system_calls.is_over(trace, gate.pid), "the trace to end")
        return sessions, system_calls.read(trace), gate.address[1]

    @classmethod
    def run_blocks(cls, gate):
        """One statement at a time: each COMMIT has what it commits behind it."""
        with gate.connect(harness.AGENT) as connection:
            for n in range(BLOCKS):
                for text in (f"BEGIN /* t90x0x{n} */", f"UPDATE app.events SET tag = 't91x0x{n}' WHERE id = 1",
                             f"COMMIT /* t92x0x{n} */"):
                    answer = connection.talk(wire.query(text))
                    assert not [one for one in answer if one.type == "E"], answer

    def durable_at(self, write):
        """The end of the first sync that began when the write was over; none: None."""
        return min((s.end for s in self.syncs if (s.descriptor, s.target) == (write.descriptor, write.target)
                    and s.begin > write.end), default=None)

    def assert_durable_before(self, write, call, what):
        self.assertIsNotNone(write, f"{what}: written nowhere, and sent in line {call.begin}")
        end = self.durable_at(write)
        self.assertIsNotNone(end, f"{what}: written in line {write.end} and never synced; sent in line {call.begin}")
        self.assertLess(end, call.begin, f"{what}: written in line {write.end}, synced in {end}, and sent in {call.begin}")

    assert_recorded_before = assert_durable_before

    def test_the_trace_has_what_it_is_to_show(self):
        self.assertEqual([p for s in self.sessions for p in s.problems], [])
        self.assertFalse([c.begin for c in self.records + self.notes + self.to_server + self.to_client if not c.is_whole])
        self.assertFalse([c.begin for c in self.calls if c.name == "io_uring_enter"])
        self.assertFalse([c.begin for c in self.records if c.result != len(c.data)])
        self.assertGreater(len({c.target for c in self.to_server}), SESSIONS - 1)

    def test_statements_are_sent_when_their_decision_is_durable(self):
        written, sent = first_by(TAG, self.records), first_by(TAG, self.to_server)
        for tag, call in sent.items():
            self.assertIn(call.name, SENDS)
            self.assert_recorded_before(written.get(tag), call, tag)
        bound = {tag for call in self.records for tag in BOUND.findall(call.data)}
        self.assertGreater(len(sent.keys() & bound), 100)
        self.assertGreater(len(sent.keys() - bound), 100)

    def test_refusals_are_told_when_their_decision_is_durable(self):
        written, sent, told = first_by(TAG, self.records), first_by(TAG, self.to_server), first_by(NAMED, self.to_client)
        entries = first_by(INDEX, self.records)
        refused = {tag.encode(): b"%d" % index for s in self.sessions for tag, index in s.refused.items()}
        self.assertGreater(len(refused), 30)
        for tag, index in refused.items():
            self.assertNotIn(tag, sent)
            self.assertEqual(entries[index], written[tag])
        for index, call in told.items():
            self.assert_durable_before(entries.get(index), call, f"entry {index}")
        self.assertLessEqual(set(refused.values()), told.keys())

    def test_a_commit_is_told_when_its_outcome_is_durable(self):
        outcomes, told = {}, {}  # by session, and by the client's connection
        for call in self.records:
            for session in COMMITTED.findall(call.data):
                outcomes.setdefault(int(session), []).append(call)
        for call in self.to_client:
            told.setdefault(call.target, []).extend([call] * call.data.count(b"COMMIT\0"))
        # The last one is that of the blocks.
        outcomes, told = outcomes[max(outcomes)], list(told.values())[-1]
        self.assertEqual((len(outcomes), len(told)), (BLOCKS, BLOCKS))
        for n, (outcome, answer) in enumerate(zip(outcomes, told)):
            self.assert_durable_before(outcome, answer, f"the outcome of COMMIT {n}")

    def test_checkpoints_are_written_when_their_entries_are_durable(self):
        entries = first_by(INDEX, self.records)
        self.assertGreater(len(self.notes), 2)
        for note in self.notes:
            size = int(SIZE.match(note.data)[1])
            self.assert_durable_before(entries.get(b"%d" % (size - 1)), note, f"the note of {size} entries")
            self.assertIsNotNone(self.durable_at(note), f"the note of {size} entries is not synced")


class OrderWhereReadsMayWait(Order):
    """Of what only reads the decision is written before it is sent, and synced some time; of a change in an open block before
    its COMMIT is sent. Of all else nothing is different."""

    reads = "400ms"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lines = [line for call in cls.records for line in call.data.split(b"\n") if any(kind in line for kind in LAGGING)]
        cls.read = {tag for line in lines for tag in TAG.findall(line)}

    def assert_recorded_before(self, write, call, what):
        if what not in self.read:
            return self.assert_durable_before(write, call, what)
        self.assertIsNotNone(write, f"{what}: written nowhere, and sent in line {call.begin}")
        self.assertLess(write.end, call.begin, f"{what}: written in line {write.end}, sent in {call.begin}")
        self.assertIsNotNone(self.durable_at(write), f"{what}: written in line {write.end} and never synced")

    def test_changes_of_a_block_are_durable_before_its_commit(self):
        written, sent = first_by(TAG, self.records), first_by(TAG, self.to_server)
        early = 0
        for n in range(BLOCKS):
            change, commit = (f"t{way}x0x{n}".encode() for way in (91, 92))
            self.assert_durable_before(written[change], sent[commit], change)
            early += self.durable_at(written[change]) > sent[change].begin
        self.assertGreater(early, 0)

    def test_reads_do_not_wait(self):
        written, sent = first_by(TAG, self.records), first_by(TAG, self.to_server)
        early = [tag for tag in sent.keys() & self.read if self.durable_at(written[tag]) > sent[tag].begin]
        self.assertGreater(len(early), 20)


if __name__ == "__main__":
    unittest.main()
