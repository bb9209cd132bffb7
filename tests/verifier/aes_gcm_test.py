"""aes_gcm.py says what FIPS 197, appendix C.3, and the test cases 13 to 16 of "The Galois/Counter Mode of Operation" (McGrew and
Viega) say, and refuses all else."""

import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import aes_gcm

KEY = "feffe9928665731c6d6a8f9467308308" * 2
NONCE = "cafebabefacedbaddecaf888"
TEXT = ("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
        "ba637b391aafd255")
BOX = ("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
       "bcc9f662898015ad")
# (key, nonce, data, text, box, tag)
CASES = [("00" * 32, "00" * 12, "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
         ("00" * 32, "00" * 12, "", "00" * 16, "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"),
         (KEY, NONCE, "", TEXT, BOX, "b094dac5d93471bdec1a502270e3cc6c"),
         (KEY, NONCE, "feedfacedeadbeeffeedfacedeadbeefabaddad2", TEXT[:-8], BOX[:-8], "76fc6ece0f4e1768cddf8853bb2d551b")]


class Vectors(unittest.TestCase):
    def test_block(self):
        keys = aes_gcm.round_keys(bytes(range(32)))
        block = aes_gcm.crypted_block(keys, bytes.fromhex("00112233445566778899aabbccddeeff"))
        self.assertEqual(block.hex(), "8ea2b7ca516745bfeafc49904b496089")

    def test_cases(self):
        for case in CASES:
            key, nonce, data, text, box, tag = map(bytes.fromhex, case)
            self.assertEqual(aes_gcm.seal(key, nonce, data, text), box + tag)
            self.assertEqual(aes_gcm.opened(key, nonce, data, box + tag), text)


class Refused(unittest.TestCase):
    def setUp(self):
        chance = random.Random(5)
        self.key, self.nonce, self.data, self.text = (chance.randbytes(n) for n in (32, 12, 20, 37))
        self.box = aes_gcm.seal(self.key, self.nonce, self.data, self.text)

    def test_every_byte(self):
        given = [self.key, self.nonce, self.data, self.box]
        for number, one in enumerate(given):
            for at in range(len(one)):
                changed = one[:at] + bytes([one[at] ^ 1 << at % 8]) + one[at + 1:]
                self.assertIsNone(aes_gcm.opened(*given[:number], changed, *given[number + 1:]), (number, at))

    def test_lengths(self):
        for box in (b"", self.box[:15], self.box[:16], self.box[:-1], self.box + b"\0"):
            self.assertIsNone(aes_gcm.opened(self.key, self.nonce, self.data, box))
        self.assertIsNone(aes_gcm.opened(self.key, self.nonce, self.data + b"\0", self.box))

    def test_every_length(self):
        for length in range(50):
            text, data = self.box[:1] * length, self.box[:1] * (49 - length)
            box = aes_gcm.seal(self.key, self.nonce, data, text)
            self.assertEqual(len(box), length + aes_gcm.TAG)
            self.assertEqual(aes_gcm.opened(self.key, self.nonce, data, box), text)


if __name__ == "__main__":
    unittest.main()
