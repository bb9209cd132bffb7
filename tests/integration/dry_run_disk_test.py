"""Dry runs while the disk is full that the copy is on: a copy is whole or there is none, and what needs one is refused."""

import json
import os
import time
import unittest

import audit_disk_test
import dry_run_faults_test
from dry_run_faults_test import ADD, DROP


def setUpModule():
    audit_disk_test.setUpModule()


class FullDisk(dry_run_faults_test.Case):
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
                    self.assertRegex(done.stderr, "^portcullis: not tried out: .*(No space left on device|the disk of .* is full)")
                self.assertEqual([one.name for one in self.disk.iterdir()], ["filler"])
            filler.unlink()
        self.assertEqual(outcomes, {True, False})

    def test_without_room_for_a_copy_it_is_refused_until_there_is(self):
        filler = self.leave(45)
        gate, connection = self.new_gate(folder=self.disk)
        self.refused(ADD.format("a"), "42501", 'denied by "grow": it was not tried out: ', "its log says why",
                     connection=connection)
        self.assertRegex(gate.log_text(), "nothing can be tried out: .*(No space left on device|the disk of .* is full)")
        self.goes_on(connection)
        filler.unlink()
        self.works_again(connection, ADD.format("a"))
        self.allowed(DROP.format("a"), connection)

    def test_a_statement_that_fills_the_disk_is_not_tried_out(self):
        gate, connection = self.new_gate(folder=self.disk)
        much = "CREATE TABLE made.much AS SELECT repeat('x', 1900) AS x, n FROM generate_series(1, 10000000) AS n"
        self.allowed(ADD.format("a"), connection)
        time.sleep(1.5)  # the next copy's cluster takes its room
        filler = self.leave(24)
        error = self.refused(much, "42501", 'denied by "grow": it was not tried out: ', connection=connection)
        self.assertRegex(error.fields["M"], "No space left on device|the server of the copy ended|could not make a copy")
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


if __name__ == "__main__":
    unittest.main()
