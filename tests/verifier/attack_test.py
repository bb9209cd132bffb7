"""What somebody can do to a signed log who may write all its files: without the private key nothing that its notes do not
show, with it nothing that an anchor does not show. And by chance: a log that is clean by key and anchor is the log that was
written."""

import collections
import os
import random
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import case
import forge
import forge_notes
import keys
import note_mutations
import sample

MUTATIONS = int(os.environ.get("PORTCULLIS_MUTATIONS", "400"))
SEED = int(os.environ.get("PORTCULLIS_TEST_SEED", "1"))


def entry_lines(files):
    return [line for name in sorted(files) if re.fullmatch(r"[0-9]{20}\.jsonl", name)
            for line in files[name].split(b"\n") if line]


class Attacks(case.Signed):
    """The attacker makes chain, seals and frontiers again; each attack leaves a log that agrees with itself."""

    def setUp(self):
        self.log = note_mutations.Log(self.lines, self.files, self.keys[:1], [self.anchor])

    def rewritten(self, at=30):
        """The log with another text in the decision at or behind `at`: its entries, its lines, its segments."""
        entries = [dict(e) for e in self.entries]
        target = next(e for e in entries[at:] if e["t"] == "decision")
        target["text"] = "SELECT 2"
        lines = forge.remade(entries)
        return lines, forge.files(lines)

    def kept(self, size):
        return forge_notes.below(self.files, size)

    def test_notes_are_left_as_they_are(self):
        for at in (4, 14, 31):
            lines, segments = self.rewritten(at)
            status, found = self.found({**segments, **self.kept(99)}, anchors=[])
            self.assertEqual(status, 1)
            self.assertEqual(found[0][0], "root")

    def test_notes_behind_the_change_are_removed(self):
        """In a segment that is not the last one its last note is missing; in the last one, what is left is unsigned."""
        _, segments = self.rewritten(14)
        status, found = self.found({**segments, **self.kept(14)}, anchors=[])
        self.assertEqual((status, found[0]), (1, ("notes", 29)))
        _, segments = self.rewritten(31)
        files = {**segments, **self.kept(31)}
        self.assertEqual(self.found(files, anchors=[]), (2, [("unsigned", 39), ("no anchor", 39)]))
        self.assertEqual(self.found(files), (1, [("unsigned", 39), ("anchor", 39)]))

    def test_all_in_one_segment_without_notes(self):
        """Where a key was given, a log without notes is never clean; where there is an anchor, it is another log."""
        entries = [e for e in self.entries if e["t"] != "segment" or e["i"] == 0]
        files = forge.files(forge.remade(entries, renumber=True, batches=True))
        self.assertEqual(self.found(files, anchors=[])[0], 2)
        self.assertEqual(self.found(files)[0], 1)

    def test_signed_with_another_key(self):
        lines, segments = self.rewritten()
        thief = {vkey: forge_notes.STRAY for vkey in self.log.ring}
        status, found = self.found({**segments, **forge_notes.files(lines, known=thief)}, anchors=[])
        self.assertEqual((status, found[0][0]), (1, "signature"))

    def test_all_keys_are_the_attackers(self):
        entries = forge_notes.keyed(self.entries)
        own = [keys.of_seed(sample.ORIGIN, bytes([n]) * 32) for n in (40, 41, 42)]
        for entry in entries:
            for field in ("key", "old", "new"):
                if field in entry:
                    entry[field] = own[self.keys.index(entry[field])]
        lines = forge.remade(entries)
        ring = forge_notes.ring(sample.ORIGIN, [bytes([n]) * 32 for n in (40, 41, 42)])
        files = {**forge.files(lines), **forge_notes.files(lines, known=ring)}
        self.assertEqual(self.found(files, trusted=[], anchors=[]), (2, [("no key", 39), ("no anchor", 39)]))
        self.assertEqual(self.found(files, anchors=[]), (1, [("key", 39), ("no anchor", 39)]))

    def test_a_key_entry_of_the_attackers(self):
        """It names the old key and is not signed by it."""
        own = keys.of_seed(sample.ORIGIN, bytes([40]) * 32)
        entries = forge_notes.rotated(self.entries, {34})
        at = next(n for n, e in enumerate(entries) if e.get("new") == "")
        entries[at].update(old=self.keys[2], new=own)
        lines = forge.remade(entries, renumber=True, batches=True)
        ring = {own: bytes([40]) * 32}
        files = {**forge.files(lines), **self.kept(29)}
        theirs = forge_notes.files(lines, known=ring)
        files.update({name: raw for name, raw in theirs.items() if name == max(theirs)})
        self.assertEqual(self.found(files, trusted=[], anchors=[])[1][0][0], "signature")

    def test_no_keys_any_more(self):
        entries = [{k: v for k, v in e.items() if k != "key"} for e in self.entries if e["t"] != "key"]
        files = forge.files(forge.remade(entries, renumber=True, batches=True))
        self.assertEqual(self.found(files, trusted=[], anchors=[]), (2, [("unsigned", 37), ("no anchor", 37)]))
        self.assertEqual(self.found(files, anchors=[]), (1, [("key", 37), ("no anchor", 37)]))
        self.assertEqual(self.found(files)[0], 1)  # of more entries than there are now
        self.assertEqual(self.found(files, anchors=[self.signed(9)]), (1, [("key", 37), ("anchor", 37)]))

    def test_stolen_key(self):
        """Nothing of the log itself shows it."""
        lines, segments = self.rewritten()
        files = {**segments, **forge_notes.files(lines)}
        self.assertEqual(self.found(files, anchors=[]), (2, [("no anchor", 39)]))
        self.assertEqual(self.found(files), (1, [("anchor", 39)]))
        self.assertEqual(self.found(files, anchors=[self.signed(29, by=(2,))]), (0, []))  # older than what was changed

    def test_end_is_cut_off(self):
        for size, found_alone in ((38, True), (29, False), (19, True)):  # a whole segment goes with all of its notes
            segments = forge.files(self.lines[:size])
            files = {**segments, **self.kept(size)}
            self.assertEqual(self.found(files, anchors=[])[0], 2)
            self.assertEqual((1, ("anchor", size)), (self.found(files)[0], self.found(files)[1][-1]))
            noted = {name: raw for name, raw in self.kept(99).items() if name[:20] + ".jsonl" in segments}
            self.assertEqual(self.found({**segments, **noted}, anchors=[])[0], 1 if found_alone else 2)

    def test_a_segment_is_removed(self):
        for name in self.names():
            files = {n: raw for n, raw in self.files.items() if n[:20] != name[:20]}
            self.assertEqual(self.found(files)[0], 1, name)
            files[name] = self.files[name]
            told = ("prune", self.size) if name == self.names()[0] else ("notes", 0)  # the first ones may have been pruned
            self.assertEqual(self.found(files, anchors=[])[1][0], told, name)


class ByChance(case.Signed):
    def test_a_clean_log_is_the_log(self):
        log = note_mutations.Log(self.lines, self.files, self.keys[:1], [self.anchor])
        seen, anchored = collections.Counter(), self.anchor.decode().split("\n")[:3]
        for number in range(MUTATIONS):
            chance = random.Random(SEED * 1_000_003 + number)
            what, changed = note_mutations.mutated(chance, log)
            message = f"seed {SEED}, number {number}, {what}"
            status, found = self.found(changed.files, changed.trusted, changed.anchors)
            seen.update({check for check, _ in found} or ["clean"])
            self.assertEqual(status == 0, not found, message)
            if status == 0:
                self.assertTrue(changed.trusted and changed.anchors, message)
            if status == 0 and any(a.decode("utf-8", "replace").split("\n")[:3] == anchored for a in changed.anchors):
                self.assertEqual(entry_lines(changed.files), self.lines, message)
        print(f"{MUTATIONS} mutations:", dict(seen.most_common()), file=sys.stderr)
        if MUTATIONS >= 400:
            self.assertLessEqual({"notes", "signature", "root", "key", "unsigned", "no key", "anchor", "no anchor"}, set(seen))


if __name__ == "__main__":
    unittest.main()
