"""A clock that is set while the gate runs: what the log tells is the time that the machine says, and what the gate limits
and waits for follows no clock that anybody can set."""

import pathlib
import re
import struct
import subprocess
import unittest

import harness
import processes
from gate import Gate
from wire import query, shape

LIBRARY = pathlib.Path(__file__).resolve().parent.parent / "support" / "clockjump.c"
DAY = 24 * 3600
JUMPS = (DAY, -DAY, 3600, -20 * 365 * DAY, 60 * 365 * DAY, 0)


class ClockThatIsSet(harness.ShopCase):
    needs_gate = False

    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)
        folder = processes.new_folder("clock")
        cls.offset = folder / "offset"
        cls.offset.write_bytes(bytes(8))
        library = folder / "libclockjump.so"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, LIBRARY, "-ldl"], check=True)
        cls.environment = {"LD_PRELOAD": str(library), "CLOCKJUMP": str(cls.offset)}

    def setUp(self):
        self.set_clock(0)
        type(self).gate = type(self).front = Gate(
            self.postgres, self.policy, [harness.AGENT], environment=self.environment,
            config={"limits": {"idle_time": "60s", "idle_in_transaction_time": "60s"}})
        self.addCleanup(self.gate.stop)
        super().setUp()

    def set_clock(self, seconds):
        with self.offset.open("r+b") as file:
            file.write(struct.pack("=q", seconds * 10**9))

    def assert_log_is_whole(self):
        """The findings: steps, back or forward beyond the heartbeat, since the entries alone cannot show why; nothing else."""
        verified = self.gate.verify()
        told = [line for line in verified.stdout.splitlines() if re.match(r"\S+:\d+: ", line)]
        self.assertIn((verified.returncode, bool(told)), ((0, False), (2, True)), verified.stdout)
        self.assertFalse([line for line in told if "clock was set" not in line], verified.stdout)
        return told

    def test_sessions_and_the_log_go_on(self):
        idle, open_ = self.connect(), self.connect()
        open_.talk(query("BEGIN"))
        for number, jump in enumerate(JUMPS):
            self.set_clock(jump)
            self.assertEqual(open_.rows("SELECT 1"), [["1"]])
            with self.connect() as fresh:
                self.assertEqual(shape(fresh.talk(query(f"INSERT INTO app.events (tag) VALUES ('jump-{number}')"))), "CZ")
                self.assertEqual(shape(fresh.talk(query("DROP TABLE app.events"))), "EZ")
            self.assert_log_is_whole()
        self.assertEqual(idle.rows("SELECT 1"), [["1"]])
        self.assertEqual(shape(open_.talk(query("COMMIT"))), "CZ")
        self.assertEqual(self.postgres.sql("SELECT count(*) FROM app.events WHERE tag LIKE 'jump-%'"), [[str(len(JUMPS))]])
        times = [entry["ts"] / 10**6 for entry in self.gate.entries("decision")]
        self.assertAlmostEqual(max(times) - min(times), 80 * 365 * DAY, delta=3600)

    def test_the_gate_starts_again_in_the_past(self):
        self.set_clock(5 * DAY)
        self.connect().rows("SELECT 1")
        [silence] = self.assert_log_is_whole()
        self.assertIn("nothing was recorded for 432", silence)
        self.assertEqual(self.gate.stop(), 0)
        self.set_clock(-5 * DAY)
        self.gate.start()
        self.assertEqual(self.connect().rows("SELECT 1"), [["1"]])
        self.assertEqual(self.assert_log_is_whole(), [silence])


if __name__ == "__main__":
    unittest.main()
