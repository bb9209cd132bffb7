"""Logs whose first segments are gone: docs/audit-format.md, "A log that was pruned", and docs/audit-sealing.md, sentence by sentence,
and by chance. Where there is a built verifier, it has to say the same of each."""

import collections
import os
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import forge
import forge_notes
import keys
import seal_mutations
import sealed_case
import tree
from sample import ORIGIN, SECOND
from sealed_sample import Writer, order, release, signed
from built import knows_sealing

MUTATIONS = int(os.environ.get("PORTCULLIS_MUTATIONS", "400"))
SEED = int(os.environ.get("PORTCULLIS_TEST_SEED", "1"))
HOUR = 3600 * SECOND


def three():
    """A writer of three segments, of which the second and the third begin at `writer.cuts`; of one start."""
    writer = Writer()
    writer.statement()
    writer.failed()
    second = writer.segment()
    writer.statement()
    writer.tried()
    third = writer.segment()
    writer.statement()
    writer.configured()
    writer.cuts = [second, third]
    return writer


class Cut(sealed_case.Sealed):
    def said(self, writer, number, sealing_keys=None):
        """Of the log without the segments below `number`."""
        return self.of_files(forge.pruned(writer.log()[1], number), sealing_keys)

    def assert_said(self, status, found, writer, number):
        self.assertEqual(self.said(writer, number), (status, [(check, len(writer.entries) if at is None else at) for check, at in found]))


class Page(Cut):
    def setUp(self):
        self.writer = three()
        self.second, self.third = self.writer.cuts

    def test_with_an_order_the_rest_is_clean(self):
        self.writer.prune(self.third)
        self.writer.statement()
        self.writer.stop()
        self.assert_said(0, [], self.writer, self.third)
        self.assertEqual(self.said(self.writer, self.third, self.writer.keys()), (0, []))

    def test_without_one_it_is_not(self):
        self.assert_said(1, [("prune", None)], self.writer, self.second)

    def test_what_is_still_there_is_kept(self):
        self.writer.prune(self.third)
        for number in (0, self.second):
            self.assert_said(2, [("kept", None)], self.writer, number)

    def test_notes_of_a_segment_that_is_gone_are_kept(self):
        self.writer.prune(self.third)
        files = self.writer.log()[1]
        left = {**forge.pruned(files, self.third), f"{self.second:020}.notes": files[f"{self.second:020}.notes"]}
        self.assertEqual(self.of_files(left), (2, [("kept", len(self.writer.entries))]))

    def test_more_is_gone_than_was_ordered(self):
        self.writer.prune(self.second)
        self.assert_said(1, [("prune", None)], self.writer, self.third)

    def test_a_segment_within_is_gone(self):
        self.writer.prune(self.second)
        fourth = self.writer.segment()
        self.writer.statement()
        files = forge.pruned(self.writer.log()[1], self.second)
        left = {name: raw for name, raw in files.items() if int(name[:20]) != self.third}
        self.assertEqual(self.of_files(left), (1, [("index", self.third)]))
        self.assertGreater(fourth, self.third)

    def test_orders_that_do_not_hold(self):
        wrong = {"signed by one": dict(first=self.third, signers=(0,)), "no segment": dict(first=self.third + 1),
                 "behind it": dict(first=99), "another root": dict(first=self.third, root="0" * 64),
                 "another hash": dict(first=self.third, hash="0" * 64)}
        for name, told in wrong.items():
            with self.subTest(name):
                writer = three()
                at = writer.prune(**told)
                self.assert_said(1, [("order", at), ("prune", None)], writer, self.third)
        writer = three()
        told = writer.entries[writer.prune(self.third)]
        told["first"] = self.second
        self.assert_said(1, [("order", told["i"]), ("prune", None)], writer, self.third)

    def test_no_more_than_before(self):
        self.writer.prune(self.third)
        for first in (self.second, self.third):
            at = self.writer.prune(first)
        self.assert_said(1, [("order", at - 1), ("order", at)], self.writer, self.third)

    def test_once_more(self):
        self.writer.prune(self.second)
        self.writer.prune(self.third)
        self.assert_said(0, [], self.writer, self.third)

    def test_an_order_by_a_configuration_that_is_gone(self):
        writer = Writer()
        writer.statement()
        second = writer.segment()
        at = writer.prune(second)
        self.assert_said(1, [("order", at), ("prune", None)], writer, second)

    def test_what_is_held_is_not_pruned(self):
        for records, held in (("5", True), (f"{self.third - 1}-{self.third + 1}", True), (f"{self.third}", False)):
            with self.subTest(records):
                writer = three()
                writer.hold(order("hold", records=records))
                at = writer.prune(self.third)
                self.assert_said(1 if held else 0, [("hold", at), ("prune", None)] if held else [], writer, self.third)

    def test_a_hold_that_is_gone_may_be_released_up_to_the_order(self):
        writer = Writer()
        at = writer.statement()
        hold = order("hold", records=f"{at}")
        writer.hold(hold)
        second = writer.segment()
        writer.configured()
        writer.hold(release(hold))
        writer.prune(second)
        self.assert_said(0, [], writer, second)
        wrong = writer.hold(release(hold))
        self.assert_said(1, [("order", wrong)], writer, second)

    def test_nobody_knows_who_signed_before_the_first_configuration(self):
        writer = Writer()
        at = writer.statement()
        second = writer.segment()
        writer.erase(order(records=f"{at}", signers=(3,)))
        writer.before(1, "said")
        wrong = writer.before(1, "other")
        writer.configured()
        writer.prune(second)
        self.assert_said(1, [("retention", wrong)], writer, second)

    def test_the_start_goes_on(self):
        """What it rests on is not asked until the next one."""
        writer = Writer()
        decision = writer.decision(["text"])
        second = writer.segment()
        writer.add("outcome", decision=decision, duration=7, result="ok", session=1)
        writer.decision(["text"], policy="0" * 64, agent_seq=77)
        writer.decision(["text"], agent_seq=78)
        wrong = writer.decision(["text"], agent_seq=80)
        writer._now += HOUR
        writer.configured()
        writer.prune(second)
        self.assert_said(1, [("counters", wrong)], writer, second)

    def test_behind_the_next_start_all_is_asked(self):
        self.writer.prune(self.third)
        self.writer.stop()
        self.writer.start()
        wrong = self.writer.add("outcome", decision=5, duration=7, result="ok", session=1)
        self.assert_said(1, [("pairs", wrong)], self.writer, self.third)

    def test_begins_with_a_start(self):
        writer = Writer()
        writer.stop()
        second = writer.add("segment", boot=f"{1:032}", frontier=[])
        writer.start()
        writer.prune(second)
        self.assert_said(0, [], writer, second)
        writer.entries[second]["boot"] = "0" * 32
        self.assert_said(1, [("order", second + 1)], writer, second)

    def test_a_frontier_of_another_size(self):
        self.writer.prune(self.third)
        lines, files = self.writer.log()
        name = f"{self.third:020}.jsonl"
        entries = [dict(e) for e in self.writer.entries]
        lines = forge.remade(forge_notes.keyed(entries), renumber=True, batches=True)
        first = lines[self.third].replace(b'"frontier":["', b'"frontier":["' + b"A" * 43 + b'","')
        raw = files[name].replace(lines[self.third], first)
        status, found = self.of_files({**forge.pruned(files, self.third), name: raw})
        self.assertEqual((status, found[0]), (1, ("tree", self.third)))

    def test_anchors(self):
        """One of no more than is gone is of no use."""
        self.writer.prune(self.third)
        lines, files = self.writer.log()
        left, trusted = forge.pruned(files, self.third), [keys.of_seed(ORIGIN, forge_notes.SEEDS[0])]
        for size, told in ((self.third, [("anchor", len(lines))]), (self.third + 1, [])):
            grown = tree.Tree()
            for line in lines[:size]:
                grown.add(tree.leaf(line))
            note = forge_notes.note(ORIGIN, size, grown.root(), [(trusted[0], forge_notes.SEEDS[0])])
            self.assertEqual(self.judged(left, trusted, [note])[1], told, size)

    def test_keys_that_went_with_what_was_pruned(self):
        """Between the two, the order says that they may."""
        self.writer.prune(self.third)
        self.writer.destroy(range(self.third), "parameters", "said", "text")
        self.assertEqual(self.said(self.writer, 0, self.writer.keys()), (2, [("kept", len(self.writer.entries))]))
        self.assertEqual(self.said(self.writer, self.third, self.writer.keys()), (0, []))


class ByChance(Cut):
    @staticmethod
    def writer():
        writer = three()
        writer.prune(writer.cuts[0])
        held = writer.statement()
        hold = order("hold", records=f"{held}", classes="said")
        writer.hold(hold)
        writer.erase(order(records=f"{held}", classes="parameters text"))
        writer.prune(writer.cuts[1])
        writer.stop()
        writer.start()
        writer.hold(release(hold))
        writer.refused()
        fourth = writer.segment()
        writer.tried()
        writer.configured()
        writer.prune(fourth)
        writer.stop()
        writer.cuts.append(fourth)
        return writer

    def test_both_say_the_same(self):
        writer, seen = self.writer(), collections.Counter()
        log, trusted = seal_mutations.Log(writer), [keys.of_seed(ORIGIN, forge_notes.SEEDS[0])]
        self.assertEqual(self.said(writer, writer.cuts[2])[0], 0)
        for number in range(MUTATIONS):
            chance = random.Random(SEED * 1_000_003 + number)
            what, files, opened = seal_mutations.mutated(chance, log)
            if files is None:
                continue
            begins = sorted({int(name[:20]) for name in files if name.endswith(".jsonl")})
            first = chance.choice([*begins, begins[-1]])
            left = forge.pruned(files, first)
            if chance.random() < 0.1:
                left = {**left, **{n: raw for n, raw in files.items() if n.endswith(".notes") and chance.random() < 0.5}}
            notes = any(name.endswith(".notes") and raw for name, raw in left.items())
            with self.subTest(f"seed {SEED}, number {number}, {what}, from {first} on"):
                anchors = [forge_notes.newest(left)] if notes else []
                status, found = self.judged(left, trusted, anchors, opened, knows_sealing)
                if first > writer.cuts[2] + 8:
                    self.assertNotEqual(status, 0)
            seen.update({check for check, _ in found} or ["clean"])
        print(f"{MUTATIONS} mutations of pruned logs:", dict(seen.most_common()), file=sys.stderr)
        if MUTATIONS >= 400:
            self.assertLessEqual({"fields", "order", "hold", "kept", "prune", "erased", "clean"}, set(seen))


if __name__ == "__main__":
    unittest.main()
