"""Killed and without power, a thousand times: no statement runs without its record, and every log is gone on with.

    PORTCULLIS_ROUNDS=1000 PORTCULLIS_TEST_SEED=7 python3 endurance_test.py Kills       # or PowerCuts, TornPowerCuts

The gate ends at a moment of chance: while it starts, in its first statements, or under load. Each start comes a minute later by
the clock that the gate sees, so that each of its lives also ends a segment and begins the next. PORTCULLIS_KEEP=/folder has the
log copied there, of a failed test as well."""

import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import time
import unittest

import gate as gates
import harness
import processes
from audit_follow import Follower
from audit_load import Recorded, Session
from gate import Gate

ROUNDS = int(os.environ.get("PORTCULLIS_ROUNDS", "10"))
SEED = int(os.environ.get("PORTCULLIS_TEST_SEED", "1"))
KEEP = os.environ.get("PORTCULLIS_KEEP")
SESSIONS = 6
SECTOR = 512
SUPPORT = pathlib.Path(__file__).resolve().parent.parent / "support"
NAME = "gate.example.com/endurance"


def library(folder, name, *options):
    made = folder / f"lib{name}.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", made, SUPPORT / f"{name}.c", "-ldl", *options], check=True)
    return made


def spare_sectors(written, synced, chance):
    """Of what was written to files and not synced, some sectors reached the disk all the same."""
    for file in synced.iterdir():
        if not (written / file.name).exists():
            continue  # it has another name by now
        now, least = (written / file.name).read_bytes(), file.read_bytes()
        with file.open("r+b") as opened:
            for at in range(0, len(now), SECTOR):
                if now[at:at + SECTOR] != least[at:at + SECTOR] and chance.random() < 0.5:
                    opened.seek(at)
                    opened.write(now[at:at + SECTOR])


class Life:
    """One log and the gates that write it, one after the other."""

    def __init__(self, postgres, libraries, mirrored):
        self.folder = processes.new_folder("life")
        self.audit, self.mirror, self._clock = self.folder / "audit", self.folder / "mirror", self.folder / "clock"
        self._mirrored, self._starts = mirrored, 0
        made = gates.run("audit", "keygen", "--name", NAME, "--out", self.folder / "log.key")
        assert made.returncode == 0, made.stderr
        self.public_key = self.folder / "log.key.pub"
        self.follower = Follower(self.public_key, self.folder)
        environment = {"LD_PRELOAD": f"{libraries['clockjump']}", "CLOCKJUMP": str(self._clock)}
        if mirrored:
            environment["LD_PRELOAD"] += f":{libraries['powercut']}"
            environment.update(POWERCUT_DIR=str(self.audit), POWERCUT_MIRROR=str(self.mirror))
        self._set_clock()
        self.gate = Gate(postgres, harness.POLICY, [harness.AGENT], audit_folder=self.audit, environment=environment, config={
            "audit": {"origin": NAME, "key": str(self.folder / "log.key"), "segment_age": "1min"}})
        self.end()

    def _set_clock(self):
        self._clock.write_bytes(struct.pack("=q", 61 * 10**9 * self._starts))
        self._starts += 1

    def start(self):
        self._set_clock()
        self.gate.start()

    def launch(self):
        self._set_clock()
        self.gate.launch()

    def end(self, torn_by=None):
        """What is left is the log of the next start. With `torn_by`, a random.Random, that is a little more than the least."""
        self.gate.kill()
        if not self._mirrored:
            return
        self.mirror.mkdir(exist_ok=True, mode=0o700)
        for unsynced in self.mirror.glob(".unsynced-*"):
            unsynced.unlink()
        if torn_by:
            spare_sectors(self.audit, self.mirror, torn_by)
        shutil.rmtree(self.audit, ignore_errors=True)
        self.mirror.rename(self.audit)
        shutil.copytree(self.audit, self.mirror)  # it is on the disk already

    def verify(self):
        """By `audit verify` with all that it takes; the newest note that was read before is the anchor."""
        arguments = ["audit", "verify", self.audit]
        if "--anchor" in gates.run("audit", "verify", "--help").stdout and self.follower.newest_note:
            anchor = self.folder / "anchor"
            anchor.write_bytes(self.follower.newest_note)
            arguments += ["--key", self.public_key, "--anchor", anchor]
        return gates.run(*arguments)

    def keep(self):
        if KEEP:
            shutil.copytree(self.folder, pathlib.Path(KEEP) / self.folder.name)


class EnduranceCase(unittest.TestCase):
    maxDiff = 4000
    mirrored = torn = False
    rounds_of_a_log = 1_000_000

    @classmethod
    def setUpClass(cls):
        folder = processes.new_folder("libraries")
        cls.libraries = {"clockjump": library(folder, "clockjump"), "powercut": library(folder, "powercut", "-pthread")}
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)

    def setUp(self):
        self.life, self.began = None, time.monotonic()
        self.statements = self.refusals = self.entries = self.notes = self.segments = self.torn_ends = 0

    def endure(self):
        for number in range(ROUNDS):
            if number % self.rounds_of_a_log == 0:
                self.begin_log()
            try:
                self.one_round(number, random.Random(f"{SEED} {number}"))
            except BaseException:
                print(f"round {number} of seed {SEED} failed; the log: {self.life.folder}", file=sys.stderr)
                raise
            if (number + 1) % 25 == 0:
                self.assert_verified((0, 2))  # a torn tail, or the newest entries without a note
                self.tell(number + 1)
        self.end_log()
        self.tell(ROUNDS)
        self.assertGreater(self.statements, 10 * ROUNDS)
        self.assertGreater(self.refusals, ROUNDS // 2)
        self.assertGreater(self.notes, ROUNDS)

    def one_round(self, number, chance):
        if chance.random() < 0.3:
            self.life.launch()
            time.sleep(chance.uniform(0, 0.15))
            self.life.end(chance if self.torn else None)
            self.read_on()
        begin = self.postgres.log_size()
        self.life.start()
        sessions = [Session(self.life.gate, SEED, f"{number}x{n}", n == 0) for n in range(SESSIONS)]
        for session in sessions:
            session.start()
        if chance.random() < 0.7:
            processes.wait_until(lambda: sum(len(s.done) for s in sessions) > 20, "the first statements")
        time.sleep(chance.uniform(0, 0.4))
        self.life.gate.kill()
        for session in sessions:
            session.join(30)
        processes.wait_until(lambda: not self.postgres.sessions_of(harness.AGENT.role), "the server's sessions to end")
        self.life.end(chance if self.torn else None)
        recorded = Recorded(self.read_on())
        self.assertEqual(recorded.missing(self.postgres.statements_logged(harness.AGENT.role, begin), sessions), [])
        self.statements += len(recorded.forwarded)
        self.refusals += sum(len(s.records) for s in sessions)

    def read_on(self):
        entries = self.life.follower.read_on(self.life.audit)
        self.entries += len(entries)
        self.torn_ends += sum(e["t"] == "recovered" and e["dropped"] > 0 for e in entries)
        return entries

    def begin_log(self):
        if self.life:
            self.end_log()
        self.life = Life(self.postgres, self.libraries, self.mirrored)
        self.addCleanup(self.life.keep)
        self.addCleanup(self.life.gate.stop)

    def end_log(self):
        self.life.start()
        self.assertEqual(self.life.gate.connect(harness.AGENT).rows("SELECT 1"), [["1"]])
        self.assertEqual(self.life.gate.stop(), 0)
        self.read_on()
        follower = self.life.follower
        self.assertEqual(follower.signed, follower.size, "a log that was closed is signed whole")
        self.assert_verified((0,))
        self.notes += follower.notes
        self.segments += follower.segments

    def assert_verified(self, codes):
        verified = self.life.verify()
        self.assertIn(verified.returncode, codes, verified.stdout[-3000:])

    def tell(self, rounds):
        follower = self.life.follower
        print(f"{type(self).__name__}, seed {SEED}: {rounds} of {ROUNDS} rounds in {time.monotonic() - self.began:.0f} s; "
              f"{self.statements} statements forwarded, {self.refusals} refused, {self.entries} entries, {self.torn_ends} torn ends; "
              f"this log: {follower.segments} segments, {follower.notes} notes", file=sys.stderr, flush=True)


class Kills(EnduranceCase):
    """SIGKILL: what was written survives, synced or not. One log through all rounds."""

    def test_kills(self):
        self.endure()


class PowerCuts(EnduranceCase):
    """Only what a returned fdatasync covers survives, as tests/support/powercut.c says."""

    mirrored = True
    rounds_of_a_log = 50

    def test_power_cuts(self):
        self.endure()


class TornPowerCuts(PowerCuts):
    """Sectors of what was not synced survive, too, in any choice."""

    torn = True


if __name__ == "__main__":
    unittest.main()
