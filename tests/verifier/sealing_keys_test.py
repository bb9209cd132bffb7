"""Of docs/audit-sealing.md: files of keys, and how a slot is erased."""

import base64
import random
import sys
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import forge_seals
import sealing_keys
from sample import ORIGIN

KEY = base64.b64encode(b"\7" * 32).decode()


def file_of(*nodes, head=None):
    """Of epoch 7, with these lines behind the head."""
    head = ["portcullis sealing keys v1", f"origin {ORIGIN}", "epoch 7", "made 5"] if head is None else head
    return "".join(line + "\n" for line in [*head, *nodes]).encode("utf-8")


KEY = base64.b64encode(b"\7" * 32).decode()


class Files(unittest.TestCase):
    """Files of keys."""

    def assert_keys(self, fits, raw):
        if fits:
            return sealing_keys.read(raw, 7, ORIGIN)
        self.assertRaises(sealing_keys.NotKeys, sealing_keys.read, raw, 7, ORIGIN)

    def test_head(self):
        self.assertEqual(self.assert_keys(True, file_of()), {})
        head = file_of().decode().splitlines()
        for number, others in enumerate([["", "portcullis sealing keys v2", " portcullis sealing keys v1", "portcullis order v1"],
                                         ["", "origin ", "origin other", f"origin {ORIGIN} ", f"origin  {ORIGIN}", "origin \u00e9"],
                                         ["", "epoch 8", "epoch 07", "epoch +7", "epoch 7 ", "epoch"],
                                         ["", "made", "made ", "made 05", "made -5", "made 5.0", "made 5 ", f"made {2**53}", "made \u0665"]]):
            for other in others:
                self.assert_keys(False, file_of(head=[*head[:number], other, *head[number + 1:]]))
            self.assert_keys(False, file_of(head=head[:number] + head[number + 1:]))
            self.assert_keys(False, file_of(head=head[:number] + head[number:number + 1] + head[number:]))
        self.assert_keys(True, file_of(head=[*head[:3], f"made {2**53 - 1}"]))
        self.assert_keys(True, file_of(head=[*head[:3], "made 0"]))

    def test_nodes(self):
        for line in (f"text 0 0 {KEY}", f"said 20 1048575 {KEY}", f"parameters 1 1 {KEY}"):
            self.assert_keys(True, file_of(line))
        for line in ("", f"text 0 1 {KEY}", f"text 1 2 {KEY}", f"text 20 1048576 {KEY}", f"text 21 0 {KEY}", f"text 00 0 {KEY}",
                     f"text 1 01 {KEY}", f"text -1 0 {KEY}", f"text  0 0 {KEY}", f"text 0 0  {KEY}", f"text 0 0 {KEY} ",
                     f" text 0 0 {KEY}", f"Text 0 0 {KEY}", f"reason 0 0 {KEY}", "text 0 0", "text 0 0 ", f"text 0 0 {KEY[:-1]}",
                     f"text 0 0 {KEY[:-2]}d=", f"text 0 0 {KEY[:-4]}", f"text 0 0 {base64.b64encode(b'7' * 33).decode()}",
                     f"text 0 0 {KEY}\r", f"text\t0 0 {KEY}", f"text 0 \u0660 {KEY}", f"text 1 0 {KEY} x"):
            self.assert_keys(False, file_of(line))

    def test_order(self):
        def nodes(*told):
            return [f"{one} {KEY}" for one in told]
        for told, fits in ((("parameters 0 0", "said 0 0", "text 0 0"), True), (("text 1 0", "text 1 1"), True),
                           (("text 2 0", "text 1 1"), True), (("text 20 1", "text 19 1", "text 18 1", "text 1 1"), True),
                           (("said 1 1", "text 1 0"), True), (("text 0 0", "said 0 0"), False), (("said 0 0", "parameters 0 0"), False),
                           (("text 1 1", "text 1 0"), False), (("text 1 0", "text 1 0"), False), (("text 1 0", "text 2 1"), False),
                           (("text 2 1", "text 1 0"), False), (("text 0 0", "text 20 1048575"), False),
                           (("text 1 0", "said 0 0", "text 1 1"), False)):
            self.assert_keys(fits, file_of(*nodes(*told)))

    def test_bytes(self):
        raw = file_of(f"text 0 0 {KEY}")
        for wrong in (b"", b"\n", raw[:-1], raw + b"\n", b"\n" + raw, raw.replace(b"\n", b"\r\n"), raw + b"\0", raw[:-1] + b" \n",
                      raw.replace(b"text", b"te\xfft"), b"\xef\xbb\xbf" + raw):
            self.assert_keys(False, wrong)

    def test_longest(self):
        raw = file_of(f"text 0 0 {KEY}")
        for most, fits in ((len(raw), True), (len(raw) - 1, False)):
            with unittest.mock.patch.object(sealing_keys, "MOST_BYTES", most):
                self.assert_keys(fits, raw)
        self.assertEqual(sealing_keys.MOST_BYTES, 2**27)

    def test_every_byte(self):
        """Another one is refused, or is another key, level, number or time."""
        raw, chance = file_of(f"text 1 1 {KEY}"), random.Random(3)
        for at in range(len(raw)):
            changed = raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1:]
            try:
                nodes = sealing_keys.read(changed, 7, ORIGIN)
            except sealing_keys.NotKeys:
                continue
            made = changed.split(b"\n")[3] != raw.split(b"\n")[3]
            self.assertTrue(made or nodes != {"text": {(1, 1): b"\7" * 32}}, changed)


class Erasing(unittest.TestCase):
    """That no key that is left leads to a slot that was erased, and that all others stay."""

    def test_slots(self):
        chance, epoch = random.Random(11), forge_seals.Epoch(ORIGIN, 7)
        slots = [0, 1, 2, 5, 2**19 - 1, 2**19, 2**20 - 1, *(chance.randrange(2**20) for _ in range(9))]
        before = {slot: epoch.key("said", slot) for slot in slots}
        for number, slot in enumerate(slots):
            nodes = len(epoch.nodes["said"])
            epoch.puncture("said", slot)
            self.assertLessEqual(len(epoch.nodes["said"]), nodes + 19)
            read = sealing_keys.read(epoch.file(), 7, ORIGIN)
            self.assertEqual(read["said"], epoch.nodes["said"])
            for one in slots:
                self.assertEqual(epoch.key("said", one), None if one in slots[:number + 1] else before[one])
        self.assertEqual(list(epoch.nodes["text"]), [(0, 0)])
        epoch.puncture("said", 5)  # a second time changes nothing
        self.assertEqual(sealing_keys.read(epoch.file(), 7, ORIGIN)["said"], read["said"])

    def test_at_most_twenty(self):
        epoch = forge_seals.Epoch(ORIGIN, 7)
        epoch.puncture("text", 77)
        self.assertEqual(len(epoch.nodes["text"]), 20)


if __name__ == "__main__":
    unittest.main()
