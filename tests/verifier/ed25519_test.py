"""ed25519.py says what RFC 8032, section 7.1, and docs/audit-format.md say, and refuses what section 5.1.7 refuses."""

import base64
import hashlib
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import ed25519

# (seed, public key, message, signature)
RFC8032 = [
    ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf", hashlib.sha512(b"abc").hexdigest(),
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
]
PAGE_KEY = "AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
PAGE_TEXT = b"audit.example.com/pg-prod-1\n3\nSAdTg28UnkqRgTK+f8gnPiGuKUhmX0sgU7RyJc3QEoo=\n"
PAGE_SIGNATURE = "muVERgE0+DSKdmuu+lRKZqrkEMbrqyENwIWqVesg5q7cWuyNnV5x5FcYVS4gMLl99V3/RbAY/7k7zMXFIbbL47I6fgs="


class Vectors(unittest.TestCase):
    def test_rfc_8032(self):
        for seed, public, message, signature in RFC8032:
            seed, message, signature = map(bytes.fromhex, (seed, message, signature))
            self.assertEqual(ed25519.public_key(seed).hex(), public)
            self.assertEqual(ed25519.sign(seed, message), signature)
            self.assertTrue(ed25519.verify(bytes.fromhex(public), message, signature))

    def test_the_page(self):
        seed, key = b"\1" * 32, base64.b64decode(PAGE_KEY)
        self.assertEqual(b"\1" + ed25519.public_key(seed), key)
        told = base64.b64decode(PAGE_SIGNATURE)
        self.assertEqual(told[:4], hashlib.sha256(b"audit.example.com/pg-prod-1\n" + key).digest()[:4])
        self.assertEqual(ed25519.sign(seed, PAGE_TEXT), told[4:])
        self.assertTrue(ed25519.verify(key[1:], PAGE_TEXT, told[4:]))


class Refused(unittest.TestCase):
    def setUp(self):
        self.seed, self.message = b"\7" * 32, b"what was said"
        self.public = ed25519.public_key(self.seed)
        self.signature = ed25519.sign(self.seed, self.message)
        self.assertTrue(ed25519.verify(self.public, self.message, self.signature))

    def assert_refused(self, public, message, signature):
        self.assertFalse(ed25519.verify(public, message, signature))

    def test_every_bit(self):
        for bit in range(512):
            changed = bytearray(self.signature)
            changed[bit // 8] ^= 1 << bit % 8
            self.assert_refused(self.public, self.message, bytes(changed))

    def test_another_message_or_key(self):
        self.assert_refused(self.public, self.message + b".", self.signature)
        self.assert_refused(ed25519.public_key(b"\x08" * 32), self.message, self.signature)

    def test_s_and_the_order_more(self):
        """The same point, and so the same R: only the rule on s refuses it."""
        s = int.from_bytes(self.signature[32:], "little") + ed25519.ORDER
        self.assertLess(s, 2**256)
        self.assert_refused(self.public, self.message, self.signature[:32] + s.to_bytes(32, "little"))

    def test_lengths(self):
        for length in (0, 32, 63, 65):
            self.assert_refused(self.public, self.message, (self.signature + b"\0")[:length])
        self.assert_refused(self.public[:31], self.message, self.signature)

    def test_r_is_compared_as_bytes(self):
        """The key is the neutral point, so that R = sB whatever was signed; R = 1 may be written as P + 1 too."""
        neutral, other = (1).to_bytes(32, "little"), (ed25519.P + 1).to_bytes(32, "little")
        self.assertTrue(ed25519.verify(neutral, self.message, neutral + bytes(32)))
        self.assert_refused(neutral, self.message, other + bytes(32))

    def test_keys_that_are_none(self):
        minus_zero = ((1 << 255) | 1).to_bytes(32, "little")  # x = 0, said to be odd
        no_point = (2).to_bytes(32, "little")
        for key in (minus_zero, no_point, ed25519.P.to_bytes(32, "little"), b"\xff" * 32):
            self.assert_refused(key, self.message, self.signature)

    def test_many(self):
        chance = random.Random(3)
        for _ in range(100):
            seed, message = chance.randbytes(32), chance.randbytes(chance.randrange(200))
            signature = ed25519.sign(seed, message)
            self.assertTrue(ed25519.verify(ed25519.public_key(seed), message, signature))
            self.assertFalse(ed25519.verify(ed25519.public_key(seed), message + b"\0", signature))


if __name__ == "__main__":
    unittest.main()
