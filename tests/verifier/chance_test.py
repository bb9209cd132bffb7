"""Logs with sealed fields, changed by chance: what is said of them. Where the built verifier knows sealed fields, it has to say the
same of each."""

import collections
import os
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import canonical
import fields
import forge_notes
import keys
import seal_mutations
import sealed_case
from sample import ORIGIN
from sealed_sample import Writer, order, release
from built import knows_sealing

MUTATIONS = int(os.environ.get("PORTCULLIS_MUTATIONS", "400"))
SEED = int(os.environ.get("PORTCULLIS_TEST_SEED", "1"))


def plain():
    """Of two starts and two segments, without orders."""
    writer = Writer()
    for start in range(2):
        writer.statement()
        writer.failed()
        if start == 0:
            writer.segment()
        writer.refused()
        writer.tried()
        writer.stop()
        if start == 0:
            writer.start()
    return writer


def ordered(carried_out=True):
    """With orders of all kinds."""
    writer = Writer(begin=2**20 - 6)
    first, failed, refused = writer.statement(), writer.failed(), writer.refused()
    hold = order("hold", records=f"{first}", classes="said")
    writer.hold(hold)
    erase = order(records=f"{first} {failed}-{refused}", classes="parameters text")
    writer.erase(erase)
    writer.segment()
    writer.hold(release(hold))
    writer.statement()
    writer.stop()
    writer.start()
    writer.hold(order("hold", records=f"0-{refused}", classes="text", signers=(1, 2)))
    writer.tried()
    writer.before(writer.now, "parameters")
    writer.stop()
    if carried_out:
        writer.carry_out(erase)
        writer.epochs[1].drop("parameters")
    return writer


class ByChance(sealed_case.Sealed):
    """Each log is signed by its own key again, whatever was done."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.writers = {"plain": plain(), "ordered": ordered(), "not yet": ordered(carried_out=False)}
        cls.logs = {name: seal_mutations.Log(writer) for name, writer in cls.writers.items()}

    def test_in_order(self):
        for name, writer in self.writers.items():
            status = 2 if name == "not yet" else 0
            self.assertEqual(self.verdict(writer, writer.keys())[0], status, name)
            self.assertEqual(self.verdict(writer), (0, []), name)

    def test_what_is_said(self):
        trusted, seen = [keys.of_seed(ORIGIN, forge_notes.SEEDS[0])], collections.Counter()
        for number in range(MUTATIONS):
            chance = random.Random(SEED * 1_000_003 + number)
            name = chance.choice(sorted(self.logs))
            what, files, opened = seal_mutations.mutated(chance, self.logs[name])
            if files is None:
                continue
            notes = any(name.endswith(".notes") and raw for name, raw in files.items())
            anchors = [forge_notes.newest(files)] if notes else []
            with self.subTest(f"seed {SEED}, number {number}, {what} of {name}"):
                status, found = self.judged(files, trusted, anchors, opened, knows_sealing)
                without = self.judged(files, trusted, anchors, None, knows_sealing)
                self.assertEqual(found[:len(without[1])], without[1])  # the keys show more, and change nothing else
                self.assertLessEqual({c for c, _ in found[len(without[1]):]}, {"read", "sealed", "erased", "kept"})
                self.assert_erased_by_order(status, files, opened)
            seen.update({check for check, _ in found} or ["clean"])
        print(f"{MUTATIONS} mutations of sealed logs:", dict(seen.most_common()), file=sys.stderr)
        if MUTATIONS >= 400:
            self.assertLessEqual({"fields", "sealed", "order", "hold", "retention", "read", "erased", "kept", "clean"}, set(seen))

    def assert_erased_by_order(self, status, files, opened):
        """In a log that is clean, where a file of keys is missing, somebody ordered an erasure."""
        lines = [line for name in sorted(files) if name.endswith(".jsonl") for line in files[name].split(b"\n") if line]
        if status == 0:
            entries = [canonical.read(line) for line in lines]
            epochs = {f"{e['sealed']['epoch']:020}.sealing" for e in entries if fields.sealed_fields(e)}
            self.assertTrue(epochs <= set(opened) or any(e["t"] == "erase" for e in entries))


if __name__ == "__main__":
    unittest.main()
