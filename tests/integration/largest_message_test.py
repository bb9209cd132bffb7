"""Messages of 1 GiB, as long as PostgreSQL takes them, in both directions: they arrive unchanged, and the gate keeps no
more of them than of any other."""

import hashlib
import struct
import threading
import unittest

import harness
from wire import COPY_DONE, SYNC, describe_portal, execute, parse, query, text

ALLOWED_GROWTH = 32 << 20
LARGEST = (1 << 30) - 1024
PIECE = bytes(n * 7 % 251 for n in range(1 << 20))
BYTEA = 17


def pieces(size):
    for start in range(0, size, len(PIECE)):
        yield PIECE[:size - start]


def head(kind, size):
    """Of a message with a body of so many bytes."""
    return kind.encode() + struct.pack("!I", size + 4)


class LargestMessages(harness.ShopCase):
    needs_gate = False

    def setUp(self):
        super().setUp()
        # Where statements are logged, as here, so are their parameters, as text: of this one more than there may be.
        self.postgres.sql("ALTER DATABASE shop SET log_parameter_max_length = 0")
        self.connection = self.connect()
        self.connection.socket.settimeout(180)
        self.before = self.memory()

    @staticmethod
    def memory():
        return 0 if harness.DIRECT else LargestMessages.gate.memory()

    def send(self, parts):
        def work():
            for part in parts:
                self.connection.socket.sendall(part)
        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        return worker

    def assert_bounded(self):
        self.assertLess(self.memory() - self.before, ALLOWED_GROWTH)

    def read_value(self, size):
        """The hash of a value that comes in pieces."""
        told = hashlib.sha256()
        while size > 0:
            part = self.connection.read_bytes(min(size, 1 << 20))
            told.update(part)
            size -= len(part)
            if size % (64 << 20) < len(part):
                self.assert_bounded()
        return told.hexdigest()

    def test_a_parameter_and_the_row_that_gives_it_back(self):
        parameter = head("B", 2 + 4 + 2 + 4 + LARGEST + 4) + text("") + text("") + struct.pack("!HHHI", 1, 1, 1, LARGEST)
        worker = self.send([parse("SELECT $1::bytea", types=[BYTEA]), parameter, *pieces(LARGEST),
                            struct.pack("!HH", 1, 1), describe_portal(), execute(), SYNC])
        self.assertEqual([self.connection.read().type for _ in range(3)], ["1", "2", "T"])
        self.assertEqual(self.connection.read_bytes(11), head("D", 6 + LARGEST) + struct.pack("!HI", 1, LARGEST))
        expected = hashlib.sha256()
        for piece in pieces(LARGEST):
            expected.update(piece)
        self.assertEqual(self.read_value(LARGEST), expected.hexdigest())
        self.assertEqual([one.type for one in self.connection.read_until()], ["C", "Z"])
        worker.join(10)
        self.assertFalse(worker.is_alive())
        self.assert_bounded()

    def test_copy_data(self):
        line = b"tag" * 1000 + b"\t1\n"
        block = line * 400
        count = LARGEST // len(block)
        worker = self.send([query("COPY app.events (tag, size) FROM STDIN WHERE size = 2"), head("d", count * len(block)),
                            *(block for _ in range(count)), COPY_DONE])
        answer = self.connection.read_until()
        worker.join()
        self.assertEqual([one.type for one in answer], ["G", "C", "Z"])
        self.assertEqual(answer[1].text, "COPY 0")
        self.assert_bounded()
        self.connection.send(query(f"COPY (SELECT repeat('x', {LARGEST})) TO STDOUT"))
        self.assertEqual(self.connection.read().type, "H")
        self.assertEqual(self.connection.read_bytes(5), head("d", LARGEST + 1))
        self.read_value(LARGEST + 1)
        self.assertEqual([one.type for one in self.connection.read_until()], ["c", "C", "Z"])
        self.assert_bounded()


if __name__ == "__main__":
    unittest.main()
