"""Of docs/audit-sealing.md: the form of orders, and whether they are signed."""

import hashlib
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import case
import ed25519
import forge_seals
import keys
import notes
import orders
from sample import ORIGIN

ERASE = forge_seals.order_text(ORIGIN, "erase", "17 100-200", "parameters text")
RELEASE = forge_seals.order_text(ORIGIN, "release", hold="0" * 64)


class Form(unittest.TestCase):
    SIGNED = forge_seals.sign("x", (0,)).partition(b"\n")[2]  # any signature will do

    def assert_form(self, fits, text, signatures=SIGNED):
        raw = text if isinstance(text, bytes) else text.encode("utf-8")
        if fits:
            return orders.read(raw + b"\n" + signatures)
        self.assertRaises(orders.NotAnOrder, orders.read, raw + b"\n" + signatures)

    def test_read(self):
        read = self.assert_form(True, ERASE)
        self.assertEqual((read.origin, read.action), (ORIGIN, "erase"))
        self.assertEqual((read.ranges, read.classes), ([(17, 17), (100, 200)], ["parameters", "text"]))
        self.assertEqual((read.text, len(read.signatures)), (ERASE.encode(), 1))
        self.assertEqual(self.assert_form(True, RELEASE).releases, "0" * 64)
        self.assertEqual(self.assert_form(True, ERASE.replace("action erase", "action hold")).action, "hold")

    def test_lines(self):
        """None may be missing but `ticket`, none stand twice, elsewhere, or be another one."""
        for text in (ERASE, RELEASE):
            lines = text.splitlines(keepends=True)
            for number, line in enumerate(lines):
                without = lines[:number] + lines[number + 1:]
                self.assert_form(line.startswith("ticket"), "".join(without))
                self.assert_form(False, "".join(lines[:number] + [line] + lines[number:]))
                self.assert_form(False, "".join(lines[:number] + ["x y\n"] + lines[number:]))
                self.assert_form(False, "".join(without + [line]) if number < len(lines) - 1 else "".join([line] + without))
                for changed in (" " + line, line.replace(" ", "  ", 1), line.replace(" ", "\t", 1), line.replace(" ", "", 1),
                                line.replace("\n", "\r\n"), line.upper(), line.partition(" ")[0] + "\n", line.partition(" ")[0] + " \n"):
                    origin = changed.startswith("origin ")  # of another log, and so refused when it is compared
                    self.assert_form(origin and "\r" not in changed, "".join(lines[:number] + [changed] + lines[number + 1:]))

    def test_action(self):
        for other in ("", "erases", "Erase", "erase ", "release", "read"):
            self.assert_form(False, ERASE.replace("action erase", f"action {other}"))
        for other in ("erase", "hold"):
            self.assert_form(False, RELEASE.replace("action release", f"action {other}"))
        self.assert_form(False, ERASE.replace("v1", "v2"))

    def test_records(self):
        many = " ".join(str(n) for n in range(0, 2000, 2))
        for told, fits in (("0", True), ("0-1", True), (f"{2**53 - 1}", True), (f"0-{2**53 - 1}", True), ("1 3", True), ("1-2 4-5", True),
                           (many, True), (many + " 2000", False), (f"{2**53}", False), (f"1-{2**53}", False), ("", False),
                           ("1 2", False), ("1-2 3", False), ("1 1", False), ("3 1", False), ("1-5 4", False), ("5-1", False),
                           ("1-1", False), ("01", False), ("1-", False), ("-1", False), ("1-2-3", False), ("1,3", False),
                           ("1  3", False), (" 1", False), ("1 ", False), ("1 -3", False), ("1- 3", False), ("+1", False),
                           ("1.0", False), ("\u0661", False), ("x", False), ("9" * 400, False)):
            self.assert_form(fits, ERASE.replace("17 100-200", told))

    def test_classes(self):
        for told, fits in (("parameters", True), ("said", True), ("text", True), ("parameters said text", True), ("said text", True),
                           ("text said", False), ("text text", False), ("", False), ("reason", False), ("text x", False),
                           ("text ", False), ("parameters  text", False), ("said,text", False), ("Text", False)):
            self.assert_form(fits, ERASE.replace("parameters text", told))

    def test_hold(self):
        for told, fits in (("0123456789abcdef" * 4, True), ("A" * 64, False), ("0" * 63, False), ("0" * 65, False), ("g" * 64, False)):
            self.assert_form(fits, RELEASE.replace("0" * 64, told))

    def test_texts(self):
        for word, told in (("basis", "Art. 17 GDPR"), ("ticket", "LEGAL-7")):
            for other, fits in (("x", True), ("x" * 500, True), ("x" * 501, False), ("\u00e9" * 250, True), ("\u00e9" * 251, False),
                                ("a b  c", True), ("", False), (" ", False), (" x", False), ("x ", False), ("a\tb", False),
                                ("a\x7fb", False), ("a\x1fb", False), ("a\0b", False), ("\u00a0x\u2028", True), ("\u0085", True),
                                ("a\rb", False)):
                self.assert_form(fits, ERASE.replace(f"{word} {told}", f"{word} {other}"))
        self.assert_form(False, ERASE.encode().replace(b"GDPR", b"\xff"))
        self.assert_form(False, ERASE.encode().replace(b"GDPR", b"\xed\xa0\x80"))

    def test_time(self):
        for told, fits in (("0", True), (f"{2**53 - 1}", True), (f"{2**53}", False), ("01", False), ("-1", False), ("1.0", False)):
            self.assert_form(fits, ERASE.replace("1790000000000000", told))

    def test_signatures(self):
        line = self.SIGNED
        for signatures, fits in ((line, True), (line * 16, True), (line * 17, False), (b"", False), (b"\n", False), (line[:-1], False),
                                 (line + b"\n", False), (b"\n" + line, False), (line + b"x\n", False),
                                 (line + b"\n" + line, False), (line + line[:-1], False), (line + line, True),
                                 (line.replace(b"\xe2\x80\x94", b"-"), False), (case.line_by("a+b"), False), (case.line_by("a b"), False),
                                 (case.line_by("x", bytes(4)), False), (case.line_by("x", bytes(5)), True), (case.line_by(""), False),
                                 (case.line_by("a\tb"), False), (case.line_by("w\u00e4chter"), True), (line[:-2] + b"\n", False)):
            self.assert_form(fits, ERASE, signatures)
        self.assertRaises(orders.NotAnOrder, orders.read, ERASE.encode())
        self.assertRaises(orders.NotAnOrder, orders.read, ERASE.encode() + line)

    def test_longest(self):
        for length, fits in ((orders.MOST_BYTES, True), (orders.MOST_BYTES + 1, False)):
            name = "x" * (length - len(ERASE) - 1 - len(case.line_by("")))
            self.assertEqual(len(ERASE.encode() + b"\n" + case.line_by(name)), length)
            self.assert_form(fits, ERASE, case.line_by(name))

    def test_hash(self):
        text = ERASE.encode()
        self.assertEqual(self.assert_form(True, ERASE).hash, hashlib.sha256(text).hexdigest())
        self.assertEqual(forge_seals.hash_of(forge_seals.sign(ERASE)), hashlib.sha256(text).hexdigest())


class Signed(unittest.TestCase):
    def assert_signed(self, yes, raw, erasers=forge_seals.ERASERS):
        self.assertEqual(orders.is_signed(orders.read(raw), {keys.public(key) for key in erasers}), yes)

    def with_lines(self, *lines):
        return ERASE.encode() + b"\n" + b"".join(forge_seals.line_of(ERASE.encode(), n) if isinstance(n, int) else n for n in lines)

    def test_how_many(self):
        for signers, yes in (((0, 1), True), ((2, 0), True), ((0, 1, 2), True), ((0,), False), ((3,), False), ((0, 3), False),
                             ((0, 0), False), ((1,) * 16, False), ((0, 3, 1), True), ((0, 0, 1), True)):
            self.assert_signed(yes, forge_seals.sign(ERASE, signers))
        self.assert_signed(False, forge_seals.sign(ERASE, (0, 1)), [])
        self.assert_signed(False, forge_seals.sign(ERASE, (0, 1)), forge_seals.ERASERS[:1])
        self.assert_signed(True, forge_seals.sign(ERASE, (0, 3)), forge_seals.VKEYS)

    def test_one_key_under_two_names(self):
        other = keys.of_seed("zoe", forge_seals.SEEDS[0])
        line = notes.line_of("zoe", keys.public(other).id, ed25519.sign(forge_seals.SEEDS[0], ERASE.encode()))
        self.assert_signed(False, self.with_lines(0, line), [forge_seals.VKEYS[0], other])
        self.assert_signed(True, self.with_lines(0, line, 1), [*forge_seals.ERASERS, other])
        self.assert_signed(True, self.with_lines(line, 1), [other, forge_seals.VKEYS[1]])

    def test_lines_of_others(self):
        """Whatever they hold."""
        own = keys.public(forge_seals.VKEYS[0])
        for name, raw in (("x", bytes(9)), (own.name, bytes(68)), ("x", own.id + bytes(64)), (forge_seals.NAMES[3], bytes(68))):
            self.assert_signed(True, self.with_lines(case.line_by(name, raw), 0, 1))
            self.assert_signed(True, self.with_lines(0, 1, case.line_by(name, raw)))
            self.assert_signed(False, self.with_lines(0, case.line_by(name, raw)))

    def test_a_wrong_line_spoils_it(self):
        for number in range(3):
            own = keys.public(forge_seals.VKEYS[number])
            for raw in (own.id + bytes(64), own.id + bytes(1), own.id + bytes(65)):
                self.assert_signed(False, self.with_lines(0, 1, 2, case.line_by(own.name, raw)))
                self.assert_signed(False, self.with_lines(case.line_by(own.name, raw), *{0, 1, 2} - {number}))

    def test_what_was_signed(self):
        signatures = forge_seals.sign(ERASE).partition(b"\n\n")[2]
        for other in (ERASE.replace("17 ", "18 "), ERASE.replace("GDPR", "gdpr"), ERASE.replace("action erase", "action hold")):
            self.assert_signed(False, other.encode() + b"\n" + signatures)


if __name__ == "__main__":
    unittest.main()
