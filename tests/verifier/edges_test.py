"""What once was judged otherwise by one of the verifiers than by the page, at the ends of files and of names."""

import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import built
import canonical
import case
import ed25519
import forge
import keys
import notes
import sample
import tree
import verifier


class Tail(case.Signed):
    """The last segment with more behind its last entry."""

    def with_tail(self, tail):
        name = max(name for name in self.files if name.endswith(".jsonl"))
        return {**self.files, name: self.files[name] + tail}

    def assert_tail(self, tail, check):
        status, found = self.found(self.with_tail(tail))
        self.assertEqual((status, found), (2 if check == "torn tail" else 1, [(check, self.size)]))

    def entry(self, of, **changed):
        """An entry that would be the next one, but for what is changed."""
        before = {"i": self.size, "b": self.entries[-1]["b"] + 1, "prev": tree.base64url(tree.leaf(self.lines[-1]))}
        made = {**self.entries[of], **before, "ts": self.entries[-1]["ts"], **changed}
        if "e" in made and made["e"] == "":
            made["e"] = tree.seal(canonical.emit(made))
        return canonical.emit({name: value for name, value in made.items() if value is not None})

    def test_later_batch_is_of_its_types_form(self):
        self.assert_tail(b"\n" + self.entry(-1, b=99) + b"\n", "batch")
        self.assert_tail(b"\n" + self.entry(-1, b=99, prev="") + b"\n", "torn tail")

    def test_seal_before_segment(self):
        self.assert_tail(self.entry(0, e="A" * 11) + b"\n", "seal")
        self.assert_tail(self.entry(0, e="") + b"\n", "segment")

    def test_segment_that_is_cut_off_stands_where_none_may(self):
        self.assert_tail(self.entry(0, e=None), "segment")

    def test_escape_that_no_entry_has_in_a_string_without_end(self):
        for escape in (b"\\ud800", b"\\udFff", b"\\u0000", b"\\n\\u0000"):
            self.assert_tail(b'{"@":"abc' + escape, "bytes")
        for escape in (b"\\ud80", b"\\u000", b"\\u0001", b"\\\\u0000", b"\\"):
            self.assert_tail(b'{"@":"abc' + escape, "torn tail")

    def test_line_of_zeros_longer_than_any_entry(self):
        zeros = bytes(canonical.MOST_BYTES + 2)
        self.assert_tail(zeros + b"\n", "torn tail")
        self.assert_tail(zeros + b"x\n", "bytes")
        self.assert_tail(b"\n" + zeros + self.entry(-1, b=99) + b"\n", "torn tail")


class Files(case.Signed):
    def found_with(self, name, put):
        """Of the log where `put(path, bytes)` stands in for this file."""
        folder = self.lay(self.files)
        raw = (folder / name).read_bytes()
        (folder / name).unlink()
        put(folder / name, raw)
        anchor, key = self.beside("anchor-0", self.anchor), self.beside("0.pub", self.keys[0].encode() + b"\n")
        try:
            result = verifier.verify(folder, self.keys[:1], [anchor])
            found = result.status, [(f.check, f.entry) for f in result.findings]
            if built.knows_keys():
                told = built.verify(folder, [key], [anchor])
                self.assertEqual((told.status, told.found), found, told.printed)
        finally:
            (folder / name).rmdir() if (folder / name).is_dir() else (folder / name).unlink()
        return found

    def link(self, path, raw):
        path.symlink_to(self.beside("elsewhere", raw))

    def test_not_regular(self):
        others = [self.link, lambda path, _: path.mkdir(), lambda path, _: os.mkfifo(path),
                  lambda path, _: path.symlink_to("nothing there")]
        last_notes, last = self.names()[-1], self.names()[-1].replace(".notes", ".jsonl")
        for put in others:
            self.assertEqual(self.found_with(last_notes, put), (2, [("read", 29), ("unsigned", 39)]))
            self.assertEqual(self.found_with(self.names()[0], put)[1][0], ("read", 0))
            self.assertEqual(self.found_with(last, put), (2, [("read", 29)]))

    def test_number_that_no_index_can_have(self):
        for ending in ("jsonl", "notes"):
            self.assertEqual(self.found({**self.files, "9" * 20 + "." + ending: b""}), (2, [("read", 0)]))


class Keys(case.Signed):
    def test_names_that_no_log_has(self):
        for name in ("a#b", "a\x7fb", "\u00e4", "a\u009bb", "a" * 256):
            lines = [line.replace(sample.ORIGIN.encode(), name.encode()) for line in self.lines[:2]]
            entries = [canonical.read(line) for line in lines]
            entries[1]["key"] = keys.of_seed("a", b"\1" * 32).replace("a+", name + "+", 1)
            made = forge.files(forge.remade(entries))
            self.assertIn(("key", 1), self.found(made, [], [])[1], name)

    def test_points_in_other_bytes(self):
        """Of y = 1, whose signature of anything is known: not below 2^255 - 19, and x = 0 that is said to be odd."""
        for raw, fine in ((1, True), (2**255 - 18, False), (1 | 1 << 255, False), (2**255 - 18 | 1 << 255, False)):
            vkey = keys.vkey(sample.ORIGIN, raw.to_bytes(32, "little"))
            entries = sample.entries()
            for entry in entries:
                entry.update({"key": vkey} if entry["t"] == "open" else {})
            lines = forge.remade(entries, renumber=True, batches=True)
            root = tree.root_by_definition([tree.leaf(line) for line in lines])
            text, signature = notes.text_of(sample.ORIGIN, len(lines), root), b"\1" + bytes(63)
            note = text + b"\n" + notes.line_of(sample.ORIGIN, keys.public(vkey).id, signature)
            files = {**forge.files(lines), f"{0:020}.notes": note + b"\n"}
            self.assertEqual(ed25519.verify(raw.to_bytes(32, "little"), text, signature), fine)
            self.assertEqual(self.found(files, [vkey], [note])[0], 0 if fine else 1)


if __name__ == "__main__":
    unittest.main()
