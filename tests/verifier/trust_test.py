"""Of docs/audit-format.md: "Keys", the rule (`key`) of "What must hold between entries", "Notes", and anchors."""

import copy
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import case
import forge
import forge_notes
import keys
import notes
import sample

PAGE_VKEY = "audit.example.com/pg-prod-1+9ae54446+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
PAGE_NOTE = """audit.example.com/pg-prod-1
3
SAdTg28UnkqRgTK+f8gnPiGuKUhmX0sgU7RyJc3QEoo=

\u2014 audit.example.com/pg-prod-1 muVERgE0+DSKdmuu+lRKZqrkEMbrqyENwIWqVesg5q7cWuyNnV5x5FcYVS4gMLl99V3/RbAY/7k7zMXFIbbL47I6fgs=
"""


class Key(unittest.TestCase):
    def test_the_page(self):
        self.assertEqual(keys.of_seed("audit.example.com/pg-prod-1", b"\1" * 32), PAGE_VKEY)
        self.assertEqual(keys.public(PAGE_VKEY).id.hex(), "9ae54446")

    def test_refused(self):
        name, key_id, raw = PAGE_VKEY.split("+")
        for wrong in ("", name, f"{name}+{key_id}", f"{name}+{key_id.upper()}+{raw}x", f"{name}+9ae54447+{raw}",
                      f"{name}x+{key_id}+{raw}", f"{name}+{key_id}+{raw[:-1]}", f"{name}+{key_id}+{raw}\n",
                      f"{name}+{key_id}+B{raw[1:]}", keys.vkey("a#b", b"\1" * 32), keys.vkey("", b"\1" * 32),
                      keys.vkey("a" * 256, b"\1" * 32)):
            self.assertIsNone(keys.public(wrong), wrong)
        self.assertIsNotNone(keys.public(keys.vkey("a" * 255, b"\1" * 32)))


class Note(unittest.TestCase):
    def test_the_page(self):
        note, key = notes.read(PAGE_NOTE.encode()), keys.public(PAGE_VKEY)
        self.assertEqual((note.origin, note.size, note.root.hex()[:8]), ("audit.example.com/pg-prod-1", 3, "48075383"))
        self.assertTrue(notes.holds(note, key))
        made = forge_notes.note(note.origin, note.size, note.root, [(PAGE_VKEY, b"\1" * 32)])
        self.assertEqual(made, PAGE_NOTE.encode())

    def test_form(self):
        text, signature = PAGE_NOTE.split("\n\n")
        origin, size, root = text.split("\n")
        line = signature.rstrip("\n")
        for wrong in (PAGE_NOTE[:-1], text + "\n" + signature, text + "\n\n", PAGE_NOTE + "\n", "x\n" + PAGE_NOTE,
                      *(PAGE_NOTE.replace("\n3\n", f"\n{n}\n") for n in ("03", "+3", "", " 3", 2**63, 0, "\u0663", "-0", "x")),
                      PAGE_NOTE.replace("QEoo=", "QEop="), PAGE_NOTE.replace("QEoo=", "QEo="),
                      PAGE_NOTE.replace("\n", "\r\n"), PAGE_NOTE.replace("pg-", "pg\t", 1), f"\n{size}\n{root}\n\n{line}\n",
                      PAGE_NOTE.replace("\u2014", "-"), PAGE_NOTE.replace("\u2014 ", "\u2014"),
                      *(PAGE_NOTE.replace(" mu", more + " mu") for more in (" ", "+x", "\u00a0x", "\u2028", "\u0085", "\u3000")),
                      f"{text}\n\n\u2014  {line.split()[2]}\n", f"{text}\n\n\u2014 x AAAAAA==\n", f"{text}\n\n\u2014 x\n",
                      f"{text}\n\n" + 17 * f"{line}\n", f"{text}\n\n{line} \n", f"x{text[1:]}\n{text}\n\n{line}\n"):
            with self.assertRaises(notes.NotANote, msg=repr(wrong)):
                notes.read(wrong.encode())
        with self.assertRaises(notes.NotANote):
            notes.read(PAGE_NOTE.encode().replace(b"pg-", b"pg\xff"))
        for fine in (f"{text}\n\n" + 16 * f"{line}\n", f"{text}\n\n\u2014 x AAAAAAA=\n",
                     PAGE_NOTE.replace("\n3\n", f"\n{2**63 - 1}\n"), PAGE_NOTE.replace("audit", "a\u0085 \x7f b", 1)):
            notes.read(fine.encode())

    def test_longest(self):
        for length, fine in ((notes.MOST_BYTES, True), (notes.MOST_BYTES + 1, False)):
            text = PAGE_NOTE.replace("audit", "a" * (length - len(PAGE_NOTE.encode()) + 5), 1).encode()
            self.assertEqual(len(text), length)
            if fine:
                notes.read(text)
            else:
                self.assertRaises(notes.NotANote, notes.read, text)


class InForce(case.Signed):
    """Each change is found once, and the log that goes on from it is in order otherwise."""

    def assert_key(self, change, *entries, trusted=1):
        """change: given copies of the log's entries; notes are made again as a thief of all keys could."""
        made = copy.deepcopy(self.entries)
        change(made)
        _, files = forge_notes.log(made)
        status, found = self.found(files, self.keys[:trusted], [forge_notes.newest(files)])
        self.assertEqual([f for f in found if f[0] == "key"], [("key", entry) for entry in entries])
        self.assertEqual(status, 1)
        return [f for f in found if f[0] != "key"]

    def test_open_names_the_one_in_force(self):
        """The `old` of the entry 25 is then wrong, and the key that is given was not followed by the last one."""
        self.assertEqual(self.assert_key(lambda e: e[20].update(key=self.keys[4]), 20, 25, 39), [])
        self.assertEqual(self.assert_key(lambda e: e[20].pop("key"), 20), [])

    def test_segment(self):
        self.assertEqual(self.assert_key(lambda e: e[29].pop("key"), 29), [])
        self.assertEqual(self.assert_key(lambda e: e[29].update(key=self.keys[4]), 29, 39), [])
        self.assertEqual(self.assert_key(lambda e: e[0].update(key=self.keys[0]), 0), [])
        self.assertEqual(self.assert_key(lambda e: e[0].update(key=self.keys[4]), 0, 1), [])

    def test_key_entry(self):
        """One that names another `old` puts its key in force, and not by the word of the key that was."""
        self.assertEqual(self.assert_key(lambda e: e[9].update(old=self.keys[4]), 9, 39), [])
        self.assertEqual(self.assert_key(lambda e: e[25].update(old=self.keys[0]), 25, 39), [])

    def test_key_entry_before_any_key(self):
        def change(made):
            for n, entry in enumerate(made):
                if entry["t"] in ("open", "segment") and n < 9:
                    entry.pop("key", None)
        self.assert_key(change, 9, 39)

    def test_no_key_of_this_log(self):
        """The segment at 29 names another one than such a `new`, and that nobody put in force."""
        other = keys.of_seed("other", forge_notes.SEEDS[0])
        self.assertEqual(self.assert_key(lambda e: e[25].update(new=other), 25, 29, 39), [])
        self.assertEqual(self.assert_key(lambda e: e[25].update(new="x"), 25, 29, 39), [])
        self.assertEqual(self.assert_key(lambda e: e[25].update(old="x"), 25, 39), [])

    def test_in_a_torn_tail(self):
        """A key that nobody saw in force is in force for nobody."""
        at = next(n for n, e in enumerate(self.entries) if e["t"] == "key")
        files = forge.files(self.lines[:at + 1])
        name = f"{0:020}.jsonl"
        files[name] = files[name][:-1]
        files[f"{0:020}.notes"] = b"".join(n + b"\n" for n in self.notes(0)[:2])
        self.assertEqual(self.found(files, anchors=[self.signed(5)]), (2, [("torn tail", 9)]))


class Anchors(case.Signed):
    def assert_anchors(self, *anchors, tampered=(), incomplete=()):
        status, found = self.found(self.files, anchors=list(anchors))
        self.assertEqual(found, [("anchor", 39)] * (len(tampered) + len(incomplete)))
        self.assertEqual(status, 1 if tampered else 2 if incomplete else 0)

    def test_any_size_will_do(self):
        for size, by in ((1, None), (2, 0), (7, 0), (9, 0), (10, 1), (25, 1), (26, 2), (39, 2)):
            if by is None:  # behind the entry 0, no key is in force yet
                self.assert_anchors(self.signed(size), incomplete=[1])
            else:
                self.assert_anchors(self.signed(size, by=(by,)))

    def test_tampered(self):
        self.assert_anchors(self.signed(7, root=self.root(8)), tampered=[1])
        self.assert_anchors(self.signed(40, by=(2,)), tampered=[1])
        self.assert_anchors(self.signed(40, by=(4,)), tampered=[1])  # nobody can know which key is in force there

    def test_incomplete(self):
        for wrong in (b"", b"x\n", self.signed(0), self.signed(7, by=(1,)), self.signed(7, by=(1,), root=self.root(8)),
                      self.signed(7, origin="other"), self.signed(40, origin="other"), self.signed(7)[:-1],
                      self.signed(7).replace(b"\n", b"\r\n"), b"> " + self.signed(7)):
            self.assert_anchors(wrong, incomplete=[1])
        self.assert_anchors(self.anchor, b"", incomplete=[1])
        status, found = self.found(self.files, anchors=[])
        self.assertEqual((status, found), (2, [("no anchor", 39)]))

    def test_the_worst_of_a_file(self):
        good, wrong, other = self.signed(5), self.signed(7, root=self.root(8)), self.signed(7, origin="other")
        self.assert_anchors(good + b"\n" + other, incomplete=[1])
        self.assert_anchors(other + b"\n" + wrong + b"\n" + good, tampered=[1])
        self.assert_anchors(wrong, other, tampered=[1], incomplete=[1])

    def test_cannot_be_read(self):
        folder = self.lay(self.files)
        found = case.verifier.verify(folder, self.keys[:1], [self.place / "nothing there"])
        self.assertEqual((found.status, [f.check for f in found.findings]), (2, ["anchor"]))

    def test_other_lines(self):
        good, wrong = self.signed(5), self.signed(7, root=self.root(8))
        text, signatures = wrong[:-len(wrong.split(b"\n\n")[1]) - 1], wrong.split(b"\n\n")[1]
        for around in (b"From the archive:\n\n" + good, b"\n\n\n" + good + b"\n\n\nx\n\xff\n", good + b"\n" + text,
                       signatures + b"\n" + good, good + b"\n" + text + b"\n\n" + signatures, good + b"\nx\n" + wrong,
                       good + b"\n" + text + b"\n" + b"x\n" + signatures,
                       good + b"\n" + self.signed(0), good + b"\n" + wrong[:-1]):
            self.assert_anchors(around)
        self.assert_anchors(good + wrong, incomplete=[1])  # the first one's signatures are a block with the second one's text
        self.assert_anchors(good + b"\n" + wrong, tampered=[1])

    def test_up_to_where(self):
        paths = [self.beside("one", self.signed(5)), self.beside("two", self.signed(21, by=(1,)) + b"\n" + self.signed(9))]
        self.assertEqual(case.verifier.verify(self.lay(self.files), self.keys[:1], paths).anchored, 21)


if __name__ == "__main__":
    unittest.main()
