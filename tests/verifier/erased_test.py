"""Of docs/audit-sealing.md, "What must hold", the checks `sealed`, `erased` and `kept` with the keys at hand."""

import base64
import copy
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import forge_notes
import keys
import sealed_case
import verifier
from sample import ORIGIN, SECOND
from sealed_sample import order


class Erased(sealed_case.Opened):
    """`erased` and `kept`."""

    def test_all_is_there(self):
        self.found()
        self.assert_found(self.writer)

    def test_carried_out(self):
        raw = order(records=f"0-{self.at[-1]}", classes="parameters said text")
        self.writer.erase(raw)
        self.found(("kept", self.at[0]))
        self.writer.carry_out(raw)
        self.found()

    def test_without_an_order(self):
        self.writer.destroy(self.at[1:3], "text")
        self.found(("erased", self.at[1]))
        self.writer.erase(order(records=f"{self.at[1]}"))
        self.found(("erased", self.at[2]))
        self.writer.erase(order(records=f"{self.at[2]}", classes="said"))
        self.found(("erased", self.at[2]), ("kept", self.at[2]))

    def test_more_than_was_ordered(self):
        """Of another class, and of another record."""
        self.writer.erase(order(records=f"{self.at[0]}"))
        self.writer.destroy([self.at[0]], "text", "said")
        self.found(("erased", self.at[0]))
        self.writer.erase(order(records=f"{self.at[0]}", classes="said"))
        self.found()
        self.writer.destroy([self.at[3]], "text")
        self.found(("erased", self.at[3]))

    def test_less_than_was_ordered(self):
        self.writer.erase(order(records=f"{self.at[0]} {self.at[2]}", classes="said text"))
        self.writer.destroy([self.at[0]], "said", "text")
        self.writer.destroy([self.at[2]], "text")
        self.found(("kept", self.at[2]))

    def test_order_that_is_none(self):
        self.writer.destroy([self.at[0]], "text")
        at = self.writer.erase(order(records=f"{self.at[0]}", signers=(0,)))
        self.found(("order", at), ("erased", self.at[0]))

    def test_order_that_is_none_need_not_be_carried_out(self):
        at = self.writer.erase(order(records=f"{self.at[0]}", signers=(0,)))
        self.found(("order", at))

    def test_held(self):
        self.writer.hold(order("hold", records=f"{self.at[0]}"))
        raw = order(records=f"{self.at[0]}")
        at = self.writer.erase(raw)
        self.found(("hold", at))
        self.writer.carry_out(raw)
        self.found(("hold", at), ("erased", self.at[0]))

    def test_hold_behind_an_erasure(self):
        raw = order(records=f"{self.at[0]}")
        self.writer.erase(raw)
        self.writer.hold(order("hold", records=f"{self.at[0]}"))
        self.writer.carry_out(raw)
        self.found()

    def test_file_is_gone(self):
        raw = self.writer.keys()
        del raw[self.name(self.first)]
        self.found(("erased", self.at[0]), sealing_keys=raw)
        self.found(("erased", self.at[0]), sealing_keys={})

    def test_epoch_without_nodes_of_a_class(self):
        self.writer.epochs[self.first].drop("said")
        self.found(("erased", self.at[0]))
        self.writer.epochs[self.first].drop("text")
        self.writer.erase(order(records=f"0-{self.at[3] + 1}", classes="said text"))
        self.found()

    def test_by_retention(self):
        """`parameters` are kept for a second; only the first statement of a start has any."""
        first = self.writer.entries[self.at[0]]["ts"]
        self.writer.epochs[self.first].drop("parameters")
        self.found(("erased", self.at[0]))
        self.writer.before(first, "parameters")
        self.found(("erased", self.at[0]))
        self.writer.before(first + 1, "parameters")
        self.found()
        self.writer.epochs[self.first].drop("said")
        self.found(("erased", self.at[0]))

    def test_retention_of_another_class(self):
        self.writer.epochs[self.first].drop("said")
        self.writer.before(self.writer.now, "parameters")
        self.found(("erased", self.at[0]))

    def test_retention_that_was_not_over(self):
        self.writer.epochs[self.first].drop("parameters")
        at = self.writer.before(self.writer.now + 1, "parameters")
        self.found(("retention", at), ("erased", self.at[0]))

    def test_retention_is_not_asked_to_be_carried_out(self):
        self.writer.before(self.writer.now, "parameters")
        self.found()

    def test_before_wherever_it_stands(self):
        """By the time alone: a clock that was set brings entries of an older time."""
        self.writer.before(self.writer.now, "parameters")
        self.writer.stop()
        self.writer._now -= 100 * SECOND
        self.writer.start()
        at = self.writer.statement()
        self.writer.destroy([at], "parameters")
        self.found()

    def test_first_and_all_of_them(self):
        self.writer.destroy(self.at, "text", "said")
        lines, files = self.writer.log()
        trusted = [keys.of_seed(ORIGIN, forge_notes.SEEDS[0])]
        anchor = self.beside("anchor", forge_notes.newest(files))
        result = verifier.verify(self.lay(files), trusted, [anchor], self.lay(self.writer.keys(), "sealing"))
        [finding] = result.findings
        self.assertEqual((finding.check, finding.entry), ("erased", self.at[0]))
        self.assertIn(f"of {len(self.at)} entries", finding.text)


class Altered(sealed_case.Opened):
    """`sealed`: chain, seals, frontiers and notes are made again by the log's own key."""

    def assert_altered(self, change, *found, sealing_keys=None):
        entries = copy.deepcopy(self.writer.entries)
        change(entries)
        told = self.of_entries(entries, self.writer.keys() if sealing_keys is None else sealing_keys)
        self.assertEqual(told, (1 if found else 0, list(found)))
        self.assertEqual(self.of_entries(entries), (0, []))  # without the keys nobody sees it

    def test_box(self):
        at = self.at[1]
        for place in (0, 11, 12, 20, -17, -16, -1):
            def change(entries):
                raw = bytearray(base64.b64decode(entries[at]["sealed"]["error"][1]))
                raw[place] ^= 1
                entries[at]["sealed"]["error"][1] = base64.b64encode(raw).decode()
            self.assert_altered(change, ("sealed", at))

        def shorter(entries):
            raw = base64.b64decode(entries[at]["sealed"]["error"][1])
            entries[at]["sealed"]["error"][1] = base64.b64encode(raw[:-1]).decode()
        self.assert_altered(shorter, ("sealed", at))

    def test_commitment(self):
        def change(entries):
            entries[self.at[2]]["sealed"]["reason"][0] = "A" * 43
        self.assert_altered(change, ("sealed", self.at[2]))

    def test_of_another_field_or_entry(self):
        def fields(entries):
            told = entries[self.at[2]]["sealed"]
            told["reason"], told["text"] = told["text"], told["reason"]
        self.assert_altered(fields, ("sealed", self.at[2]))

        def of_entries(entries):
            one, other = entries[self.at[0]]["sealed"], entries[self.at[2]]["sealed"]
            one["text"], other["text"] = other["text"], one["text"]
        self.assert_altered(of_entries, ("sealed", self.at[0]))

        def whole(entries):
            one, other = entries[self.at[0]], entries[self.at[4]]
            one["sealed"]["slot"], other["sealed"]["slot"] = 0, 1
        self.assert_altered(whole, ("sealed", self.at[4]))

    def test_moved_as_a_whole(self):
        """Nothing binds a field to its entry but what the chain says."""
        def change(entries):
            one, other = entries[self.at[0]], entries[self.at[4]]
            one["sealed"], other["sealed"] = other["sealed"], one["sealed"]
        entries = copy.deepcopy(self.writer.entries)
        change(entries)
        self.assertEqual(self.of_entries(entries, self.writer.keys()), (1, [("sealed", self.at[0])]))  # its epoch is of later

    def test_epoch(self):
        def other(entries):
            entries[self.at[4]]["sealed"]["epoch"] = self.first
        self.assert_altered(other, ("sealed", self.at[4]))

        def none(entries):
            entries[self.at[4]]["sealed"]["epoch"] = 0
        self.assert_altered(none, ("erased", self.at[4]))

    def test_key(self):
        node = self.writer.epochs[self.first].nodes["said"]
        node[0, 0] = bytes(32)
        self.found(("sealed", self.at[0]))

    def test_erased_as_ordered_it_cannot_be_seen(self):
        raw = order(records=f"{self.at[1]}")
        self.writer.erase(raw)
        self.writer.carry_out(raw)

        def change(entries):
            entries[self.at[1]]["sealed"]["error"] = ["A" * 43, base64.b64encode(bytes(28)).decode()]
        self.assert_altered(change)

    def test_sealed_with_bytes_that_are_no_text(self):
        self.writer.add_sealed("outcome", ["error"], decision=self.at[4], duration=7, result="suspended", session=1, error=b"\xff\0")
        self.writer.entries[-1], self.writer.entries[-2] = self.writer.entries[-2], self.writer.entries[-1]
        entries = [e for e in self.writer.entries if e.get("decision") != self.at[4] or "sealed" in e]
        self.assertEqual(self.of_entries(entries, self.writer.keys()), (0, []))

    def test_several_findings_in_their_order(self):
        self.writer.destroy([self.at[2]], "said")
        self.writer.erase(order(records=f"{self.at[0]}"))
        entries = copy.deepcopy(self.writer.entries)
        entries[self.at[1]]["sealed"]["error"][0] = "A" * 43
        raw = {**self.writer.keys(), self.name(self.second): b"x"}
        found = [("read", 0), ("sealed", self.at[1]), ("erased", self.at[2]), ("kept", self.at[0])]
        self.assertEqual(self.of_entries(entries, raw), (1, found))

    def test_field_of_an_entry_with_a_violation(self):
        """It is not asked for."""
        self.writer.entries[self.at[1]]["sealed"]["slot"] = 2**20
        self.found(("sealed", self.at[1]))
        self.found(("sealed", self.at[1]), ("erased", self.at[0]), sealing_keys={})


if __name__ == "__main__":
    unittest.main()
