"""No disk, no statement: a full or failing disk below the audit log refuses everything, and closes nothing."""

import ctypes
import os
import pathlib
import unittest

import harness
import processes
from gate import Gate
from wire import SYNC, extended, query, shape

# The log keeps 128 MiB of room for what it may have to write, twice over in the end.
DISK = 300 << 20

# sched.h and sys/mount.h
CLONE_NEWNS, CLONE_NEWUSER, MNT_DETACH = 0x20000, 0x10000000, 2


def system_call(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}; run this test as root")


def setUpModule():
    """Who is not root may mount in namespaces of their own; the servers started from here on are in them too."""
    if os.geteuid() == 0:
        return
    user, group = os.geteuid(), os.getegid()
    system_call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
    own = pathlib.Path("/proc/self")
    (own / "setgroups").write_text("deny")
    (own / "uid_map").write_text(f"{user} {user} 1")
    (own / "gid_map").write_text(f"{group} {group} 1")


def fill(folder, block=4096):
    """Leaves the file system of the folder no room; the file to be removed for it."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(block))
        except OSError:
            return filler


class DiskCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)

    def write_until_refused(self, connection, size):
        """The first refusal; every statement before it ran."""
        for number in range(2_000):
            answer = connection.talk(query(f"SELECT {number} -- " + "x" * size))
            if shape(answer) == "EZ":
                return answer[0]
            self.assertEqual(shape(answer), "TDCZ")
        raise AssertionError("the disk was never full")

    def assert_refused(self, connection, code):
        """A Parse alone may still pass where there is room for its decision, but not for an outcome."""
        for messages in ([query("SELECT 1")], [extended("SELECT 1"), SYNC], [query("SELECT ssn FROM app.users")]):
            answer = connection.talk(*messages)
            self.assertIn(shape(answer), ("EZ", "1EZ"))
            self.assertEqual((answer[-2].fields["S"], answer[-2].code), ("ERROR", code), answer[-2].fields)

    def assert_works(self, connection):
        self.assertEqual(connection.rows("SELECT 1"), [["1"]])


class FullDisk(DiskCase):
    def setUp(self):
        self.disk = self.small_disk()
        self.gate = Gate(self.postgres, harness.POLICY, [harness.AGENT], audit_folder=self.disk / "audit")
        self.addCleanup(self.gate.stop)

    def small_disk(self):
        folder = processes.new_folder("disk")
        path = os.fsencode(folder)
        system_call("mount", b"tmpfs", path, b"tmpfs", 0, b"size=%d" % DISK)
        self.addCleanup(system_call, "umount2", path, MNT_DETACH)
        return folder

    def test_refuses_until_there_is_room_again(self):
        connection, other = self.gate.connect(harness.AGENT), self.gate.connect(harness.AGENT)
        self.assert_works(connection)
        filler = fill(self.disk, 1 << 20)
        self.assert_works(connection)  # out of the room that was kept
        first = self.write_until_refused(connection, 900_000)
        self.assertIn(first.code, ("53100", "53400"), first.fields)
        self.fill_what_is_left(connection)
        begin = self.postgres.log_size()
        self.assert_refused(connection, "53100")
        self.assert_refused(other, "53100")
        self.assertEqual(self.postgres.statements_logged(harness.AGENT.role, begin), [])
        filler.unlink()
        for session in (connection, other):
            processes.wait_until(lambda session=session: shape(session.talk(query("SELECT 1"))) == "TDCZ", "room")
        for session in (connection, other):
            session.close()
        self.assertEqual(self.gate.stop(), 0)
        self.assertEqual(self.gate.verify().returncode, 0, self.gate.verify())

    def fill_what_is_left(self, connection):
        """A large statement is refused before a small one is, and what an outcome did not need is free again."""
        for size in (100_000, 10_000, 1_000, 100):
            self.write_until_refused(connection, size)
        in_a_row = 0
        while in_a_row < 10:
            # What is denied has no outcome: there may be room for it when there is none for what is allowed.
            answers = [connection.talk(query(sql)) for sql in ("SELECT", "SELECT ssn FROM app.users")]
            refused = all(shape(answer) == "EZ" and answer[0].code != "42501" for answer in answers)
            in_a_row = in_a_row + 1 if refused else 0

    def test_does_not_start_without_room(self):
        self.assertEqual(self.gate.stop(), 0)
        fill(self.disk, 1 << 20)
        with self.assertRaisesRegex(AssertionError, "the gate ended with 78"):
            self.gate.start()


class FailingDisk(DiskCase):
    """A write that fails for another reason (here the limit on a file's size) is final until a restart."""

    def test_refuses_everything_until_a_restart(self):
        gate = Gate(self.postgres, harness.POLICY, [harness.AGENT], file_limit=3 << 20)
        self.addCleanup(gate.stop)
        connection, other = gate.connect(harness.AGENT), gate.connect(harness.AGENT)
        other.talk(query("BEGIN"))
        first = self.write_until_refused(connection, 100_000)
        self.assertEqual(first.code, "58030", first.fields)
        self.assert_refused(connection, "58030")
        answer = other.talk(query("INSERT INTO app.events (tag) VALUES ('x')"))
        self.assertEqual((shape(answer), answer[0].code, answer[-1].text), ("EZ", "58030", "E"))
        self.assertTrue(gate.running())
        for session in (connection, other):
            session.close()
        gate.stop()
        self.assertIn(gate.verify().returncode, (0, 2), gate.verify())
        gate.lift_file_limit()
        gate.start()
        self.assert_works(gate.connect(harness.AGENT))
        self.assertEqual(gate.stop(), 0)
        self.assertEqual(gate.verify().returncode, 0, gate.verify())


if __name__ == "__main__":
    unittest.main()
