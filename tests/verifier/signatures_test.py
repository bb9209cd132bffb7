"""docs/audit-format.md, "What must hold of signatures", sentence by sentence, of logs that no gate wrote."""

import sys
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import case
import chain
import forge
import forge_notes
import keys
import notes
import sample

# The log of case.Signed: segments at 0, 13 and 29, `key` entries 9 and 25, notes at 5 9 13 | 18 21 25 29 | 34 38 39.


class Order(case.Signed):
    def test_layout(self):
        self.assertEqual([self.sizes(self.notes(n)) for n in range(3)], [[5, 9, 13], [18, 21, 25, 29], [34, 38, 39]])
        self.assertEqual([e["i"] for e in self.entries if e["t"] == "key"], [9, 25])

    def test_clean_with_key_and_anchor_alone(self):
        self.assertEqual(self.found(self.files), (0, []))
        self.assertEqual(self.found(self.files, trusted=[]), (2, [("no key", 39)]))
        self.assertEqual(self.found(self.files, anchors=[]), (2, [("no anchor", 39)]))
        self.assertEqual(self.found(self.files, [], []), (2, [("no key", 39), ("no anchor", 39)]))

    def test_without_a_key(self):
        lines = forge.remade(sample.entries(), renumber=True, batches=True)
        files = forge.files(lines)
        self.assertEqual(self.found(files, [], []), (2, [("unsigned", 35), ("no anchor", 35)]))
        made = self.signed(5, root=b"\0" * 32) + b"\n"
        self.assertEqual(self.found({**files, f"{0:020}.notes": made}, [], [])[1][0], ("signature", 5))

    def test_key_from_the_second_start_on(self):
        lines, files = sample.signed(rotations=[16], segments=[4, 20], from_open=1)
        self.assertEqual(self.found(files, anchors=[forge_notes.newest(files)]), (0, []))
        self.assertNotIn(f"{0:020}.notes", files)

    def test_keys_that_are_given(self):
        for number, status in enumerate([0, 0, 0, 1]):
            found = [("key", 39)] if status else []
            self.assertEqual(self.found(self.files, [self.keys[number]]), (status, found))
        self.assertEqual(self.found(self.files, [self.keys[4], self.keys[1]]), (0, []))


class Notes(case.Signed):
    def assert_first(self, files, *found):
        self.assertEqual(self.found(files)[1][:len(found)], list(found))

    def test_a_note_that_need_not_be_there(self):
        first, second, third = self.notes(0)
        self.assertEqual(self.found(self.with_notes(0, [second, third])), (0, []))
        self.assertEqual(self.found(self.with_notes(0, [first, third])), (0, []))

    def test_newest_note_is_missing(self):
        files = self.with_notes(2, self.notes(2)[:2])
        self.assertEqual(self.found(files), (2, [("unsigned", 39)]))
        del files[self.names()[2]]
        self.assertEqual(self.found(files), (2, [("unsigned", 39)]))

    def test_last_note_of_a_segment_is_missing(self):
        found = [("notes", 29), ("signature", 34), ("unsigned", 39)]  # it was the one that covered the `key` entry 25
        self.assertEqual(self.found(self.with_notes(1, self.notes(1)[:-1])), (1, found))
        files = dict(self.files)
        del files[self.names()[0]]
        self.assert_first(files, ("notes", 13))

    def test_what_is_left_over(self):
        for rest, status, check in ((b"x", 2, "torn tail"), (b"\n\n", 1, "notes"), (b"a\n\nb\n", 2, "torn tail"),
                                    (b"x" * (notes.MOST_BYTES - 1), 2, "torn tail"), (b"x" * notes.MOST_BYTES, 1, "notes")):
            files = self.with_notes(2, self.notes(2))
            files[self.names()[2]] += rest
            self.assertEqual(self.found(files), (status, [(check, 39)]), rest[:9])
        files = dict(self.files)
        files[self.names()[0]] += b"x"
        self.assertEqual(self.found(files), (1, [("notes", 13)]))

    def test_sizes(self):
        one, two, three = self.notes(0)
        self.assert_first(self.with_notes(0, [one, one, two, three]), ("notes", 5))
        self.assert_first(self.with_notes(0, [two, one, three]), ("notes", 9))
        self.assert_first(self.with_notes(0, [self.signed(0), one, two, three]), ("notes", 0))
        self.assert_first(self.with_notes(0, [one, self.signed(7), three]), ("notes", 8))  # no batch ends at 7
        self.assert_first(self.with_notes(0, [one, two, three, self.signed(18, by=(1,))]), ("notes", 13))
        self.assert_first(self.with_notes(1, [self.signed(13, by=(1,)), *self.notes(1)]), ("notes", 13))
        self.assert_first(self.with_notes(2, [*self.notes(2), self.signed(40, by=(2,))]), ("notes", 39))

    def test_origin(self):
        self.assert_first(self.with_notes(0, [self.signed(5, origin="other"), *self.notes(0)[1:]]), ("notes", 0))

    def test_files(self):
        files = dict(self.files)
        files[f"{7:020}.notes"] = b""
        self.assertEqual(self.found(files), (1, [("notes", 0)]))
        for name in ("1.notes", ".notes", self.names()[0].replace("0", "x", 1)):
            self.assertEqual(self.found({**self.files, name: b""}), (2, [("read", 0)]), name)

    def test_the_other_files_go_on(self):
        """Of the first file nothing holds; the first note that does needs the old key of the entry 9 too."""
        first = self.with_notes(0, [b"x\n\ny\n", *self.notes(0)])
        self.assertEqual(self.found(first), (1, [("notes", 0), ("signature", 18), ("signature", 34), ("unsigned", 39)]))
        second = self.signed(18, by=(1, 0))
        both = {**first, **{self.names()[1]: b"".join(n + b"\n" for n in [second, *self.notes(1)[1:]])}}
        self.assertEqual(self.found(both), (1, [("notes", 0)]))


class Signatures(case.Signed):
    # Where no note of the first file holds that covers the entry 9, no later one is signed by the key that it ended.
    BEHIND = [("signature", 18), ("signature", 34), ("unsigned", 39)]

    def assert_found(self, number, made, *found):
        self.assertEqual(self.found(self.with_notes(number, made)), (1 if found else 0, list(found)))

    def test_key_in_force(self):
        one, two, three = self.notes(0)
        self.assert_found(0, [self.signed(5, by=(1,)), two, three], ("signature", 5), *self.BEHIND)
        self.assert_found(2, [*self.notes(2)[:2], self.signed(39, by=(1,))], ("signature", 39), ("unsigned", 39))

    def test_the_old_key_signs_that_it_is_followed(self):
        one, two, _ = self.notes(0)
        self.assert_found(0, [one, two, self.signed(13, by=(1, 0))])
        self.assert_found(0, [one, two, self.signed(13, by=(1,))], ("signature", 13), *self.BEHIND)
        self.assert_found(0, [one, two, self.signed(13, by=(0,))], ("signature", 13), *self.BEHIND)

    def test_one_note_over_two_key_entries(self):
        lines, files = sample.signed(rotations=[5, 7], every=1000)
        self.assertEqual(self.found(files, anchors=[forge_notes.newest(files)]), (0, []))
        one = [keys.of_seed(sample.ORIGIN, seed) for seed in forge_notes.SEEDS[:3]]
        note = notes.read(forge_notes.newest(files))
        self.assertEqual([s.id for s in note.signatures], [keys.public(k).id for k in (one[2], one[0], one[1])])
        for left_out in range(3):
            signers = [(k, forge_notes.SEEDS[n]) for n, k in enumerate(one) if n != left_out]
            files[f"{0:020}.notes"] = forge_notes.note(sample.ORIGIN, note.size, note.root, signers) + b"\n"
            self.assertEqual(self.found(files)[1][0], ("signature", note.size))

    def test_lines_of_others(self):
        """Witnesses, other keys of this name, and their signatures, whatever those hold."""
        one, two, three = self.notes(0)
        for name, raw in (("witness", b"\0" * 5), (sample.ORIGIN, b"\0" * 68), ("w\u00e4chter", b"\1" * 90)):
            self.assert_found(0, [one + case.line_by(name, raw), two, three])
            text, _, signatures = one.partition(b"\n\n")
            self.assert_found(0, [text + b"\n\n" + case.line_by(name, raw) + signatures, two, three])

    def test_a_wrong_line_of_the_key_spoils_the_note(self):
        one, two, three = self.notes(0)
        own = keys.public(self.keys[0])
        for raw in (own.id + b"\0" * 64, own.id + b"\0"):
            self.assert_found(0, [one + case.line_by(own.name, raw), two, three], ("signature", 5), *self.BEHIND)
        signature = one.splitlines(keepends=True)[-1]
        self.assert_found(0, [one + signature, two, three])  # twice is not wrong

    def test_root(self):
        one, two, three = self.notes(0)
        self.assert_found(0, [one, self.signed(9, root=self.root(8)), three], ("root", 9), *self.BEHIND)


class TornLog(case.Signed):
    """The entries before the tail are all that there are."""

    def setUp(self):
        self.torn = dict(self.files)
        self.last = max(n for n in self.files if n.endswith(".jsonl"))
        self.torn[self.last] = self.torn[self.last][:-20]

    def test_notes_of_what_is_there(self):
        self.torn[self.names()[2]] = self.with_notes(2, self.notes(2)[:2])[self.names()[2]]
        self.assertEqual(self.found(self.torn, anchors=[self.signed(34, by=(2,))]), (2, [("torn tail", 38)]))

    def test_notes_of_what_is_not(self):
        self.assertEqual(self.found(self.torn)[1], [("torn tail", 38), ("notes", 38), ("anchor", 38)])

    def test_within_the_last_batch(self):
        """Its first entry is whole: a note of it is one too many, and so is an anchor."""
        lines = self.files[self.last].splitlines(keepends=True)
        files = {**self.with_notes(2, [*self.notes(2)[:1], self.signed(36, by=(2,))]), self.last: b"".join(lines[:7])}
        found = [("torn tail", 36), ("notes", 36), ("unsigned", 35), ("anchor", 35)]
        self.assertEqual(self.found(files, anchors=[self.signed(36, by=(2,))]), (1, found))

    def test_no_entry_at_all(self):
        self.assertEqual(self.found({f"{0:020}.jsonl": b'{"@":'}), (2, [("torn tail", 0)]))
        self.assertEqual(self.found({}), (2, [("empty", 0)]))


class LiveLog(case.Signed):
    """A gate goes on writing, and begins a segment, while the log is verified: that is no violation."""

    def grows(self, name, when):
        """The log has 25 entries, and all of its files when `when`, a function of chain.py or of its class, is called."""
        owner = chain if hasattr(chain, name) else chain.Log
        real = getattr(owner, name)

        def then(*arguments):
            if when(arguments):
                self.lay(self.files)
            return real(*arguments)
        with unittest.mock.patch.object(owner, name, then):
            return self.found_alone({**forge_notes.below(self.files, 25), **forge.files(self.lines[:25])})

    def found_alone(self, files):
        """By the second verifier: nobody can stop the built one in the middle."""
        result = case.verifier.verify(self.lay(files), self.keys[:1], [self.beside("anchor", self.signed(25, by=(1,)))])
        return result.status, [(f.check, f.entry) for f in result.findings]

    def test_behind_the_notes(self):
        """The segments that were listed have 29 entries then, of which 25 are covered by what was read."""
        self.assertEqual(self.grows("Anchors", lambda _: True), (2, [("unsigned", 29)]))

    def test_behind_the_list_of_segments(self):
        """Among the notes are those of a segment that was not there yet."""
        self.assertEqual(self.grows("_named", lambda arguments: ".notes" in arguments), (0, []))


if __name__ == "__main__":
    unittest.main()
