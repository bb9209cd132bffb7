"""Of docs/audit-sealing.md, "What must hold", what is said with the keys at hand: `read`, `sealed`, `erased`, `kept`."""

import base64
import copy
import os
import sys
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import built
import case
import forge_notes
import keys
import opened
import sealed_sample
import verifier
from sample import ORIGIN, SECOND
from sealed_sample import Writer, order


class Opened(case.Sealed):
    """`writer`: a log of two starts, and of an epoch each; `at`: entries with sealed fields, of both."""

    def setUp(self):
        self.writer = Writer()
        self.at = [self.writer.statement(), self.writer.failed(), self.writer.refused(), self.writer.tried()]
        self.writer.stop()
        self.writer.start()
        self.at += [self.writer.statement(), self.writer.failed()]
        self.first, self.second = sorted(self.writer.epochs)

    def sealed_at(self, epoch):
        return [e["i"] for e in self.writer.entries if e.get("sealed", {}).get("epoch") == epoch]

    def found(self, *found, sealing_keys=None):
        self.assert_found(self.writer, *found, sealing_keys=self.writer.keys() if sealing_keys is None else sealing_keys)

    def name(self, epoch):
        return f"{epoch:020}.sealing"


class Erased(Opened):
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


class Altered(Opened):
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


class Files(Opened):
    """`read`."""

    def damaged(self, change, name=None):
        raw = self.writer.keys()
        name = name or self.name(self.first)
        raw[name] = change(raw[name])
        return raw

    def test_damaged(self):
        for change in (lambda raw: b"", lambda raw: raw[:-1], lambda raw: raw + b"\n", lambda raw: raw[:40], lambda raw: raw + raw,
                       lambda raw: raw.replace(ORIGIN.encode(), b"other"), lambda raw: raw.replace(b"epoch 1", b"epoch 2"),
                       lambda raw: raw.replace(b"keys v1", b"keys v2"), lambda raw: raw.replace(b"\ntext", b"\ntexts"),
                       lambda raw: raw.replace(b"text 0 0 ", b"text 1 2 "), lambda raw: raw.replace(b"=\n", b"\n", 1)):
            self.found(("read", 0), sealing_keys=self.damaged(change))

    def test_named_by_another_epoch(self):
        """Whose fields count as open; of the epoch that it is of there is no key."""
        raw = self.writer.keys()
        raw[self.name(self.second)] = raw.pop(self.name(self.first))
        self.found(("read", 0), ("erased", self.at[0]), sealing_keys=raw)

    def test_what_it_would_open_counts_as_open(self):
        self.writer.destroy(self.at, "text")
        raw = {**self.writer.keys(), self.name(self.first): b"x"}
        self.found(("read", 0), ("erased", self.at[4]), sealing_keys=raw)
        ordered = order(records=f"0-{self.at[-1]}")
        self.writer.erase(ordered)
        self.writer.carry_out(ordered)
        self.found()
        self.found(("read", 0), ("kept", self.at[0]), sealing_keys={**self.writer.keys(), self.name(self.first): b"x"})

    def test_names(self):
        raw = self.writer.keys()
        for name in ("keys", ".sealing.new", self.name(self.first) + ".new", "1.SEALING", self.name(9) + " "):
            self.found(sealing_keys={**raw, name: b"x"})
        for name in (".sealing", "1.sealing", "x" + self.name(self.first), "9" * 20 + ".sealing", f"{2**53:020}.sealing",
                     "\u0661" * 20 + ".sealing", "-" + self.name(9)[1:]):
            self.found(("read", 0), sealing_keys={**raw, name: raw[self.name(self.first)]})
        later = sealed_sample.forge_seals.Epoch(ORIGIN, 2**53 - 1)
        self.found(sealing_keys={**raw, later.name: later.file()})

    def test_one_finding_of_all(self):
        self.found(("read", 0), sealing_keys={name: b"x" for name in [*self.writer.keys(), "x.sealing"]})

    def judge(self, folder):
        """With a folder that no dictionary of files can say."""
        _, files = self.writer.log()
        trusted = [keys.of_seed(ORIGIN, forge_notes.SEEDS[0])]
        anchor = self.beside("anchor", forge_notes.newest(files))
        result = verifier.verify(self.lay(files), trusted, [anchor], folder)
        found = result.status, [(f.check, f.entry) for f in result.findings]
        if built.knows_sealing():
            told = built.verify(self.lay(files), [self.beside("0.pub", trusted[0].encode() + b"\n")], [anchor], folder)
            self.assertEqual((told.status, told.found), found, told.printed)
        return found

    def test_not_regular(self):
        for put in (lambda path, raw: path.symlink_to(self.beside("elsewhere", raw)), lambda path, _: path.mkdir(),
                    lambda path, _: os.mkfifo(path), lambda path, _: path.symlink_to("nothing there")):
            folder = self.lay(self.writer.keys(), "sealing")
            path = folder / self.name(self.first)
            raw = path.read_bytes()
            path.unlink()
            put(path, raw)
            try:
                self.assertEqual(self.judge(folder), (2, [("read", 0)]))
            finally:
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()

    def test_folder(self):
        """Where it cannot be listed, all counts as open."""
        self.writer.erase(order(records=f"{self.at[0]}"))
        for folder in (self.place / "nothing there", self.beside("a file", b"")):
            self.assertEqual(self.judge(folder), (2, [("read", 0), ("kept", self.at[0])]))
        (self.place / "link").symlink_to(self.lay(self.writer.keys(), "sealing"))
        self.assertEqual(self.judge(self.place / "link"), (2, [("kept", self.at[0])]))


class WhatIsRead(Opened):
    """Behind what, and of which entries, these checks are."""

    def test_behind_a_violation_that_ended_the_check(self):
        lines, files = self.writer.log()
        name = f"{0:020}.jsonl"
        for changed in (files[name].replace(b'"i":7,', b'"i":8,'), files[name] + b"x\n"):
            found = self.of_files({**files, name: changed}, {})
            self.assertNotIn("erased", [check for check, _ in found[1]])
            self.assertEqual(found[0], 1)

    def test_behind_one_that_did_not(self):
        self.writer.entries[self.at[0]]["agent_seq"] = 7
        self.found(("counters", self.at[0]), ("counters", self.at[1] - 1), ("erased", self.at[0]), sealing_keys={})

    def test_no_entry(self):
        """Not even of the folder anything is said."""
        files = {f"{0:020}.jsonl": b""}
        found = self.judged(files, [], [], {"x.sealing": b""}, built.knows_sealing)
        self.assertEqual(found, (2, [("torn tail", 0)]))
        self.assertEqual(self.judged({}, [], [], {"x.sealing": b""}, built.knows_sealing), (2, [("empty", 0)]))

    def test_torn_tail(self):
        """The entries before it are all; an order in it is none."""
        whole = len(self.writer.entries)
        self.writer.destroy([self.at[0]], "text")
        self.writer.erase(order(records=f"{self.at[0]}"))
        self.writer.destroy([self.writer.failed()], "text")
        lines, _ = self.writer.log()
        _, files = sealed_sample.signed(self.writer.entries[:whole])
        for tail in (lines[whole][:-1], lines[whole]):  # without its line feed, too
            found = self.of_files({**files, f"{0:020}.jsonl": files[f"{0:020}.jsonl"] + tail}, self.writer.keys())
            self.assertEqual(found, (1, [("torn tail", whole), ("erased", self.at[0])]))

    def test_unfinished_batch(self):
        """Of which whole entries are there."""
        whole = len(self.writer.entries)
        self.writer.destroy([self.at[0]], "text")
        self.writer.erase(order(records=f"{self.at[0]}"))
        del self.writer.entries[-1]["e"]
        lines, _ = self.writer.log()
        _, files = sealed_sample.signed(self.writer.entries[:whole])
        tail = lines[whole] + b"\n"
        found = self.of_files({**files, f"{0:020}.jsonl": files[f"{0:020}.jsonl"] + tail}, self.writer.keys())
        self.assertEqual(found, (1, [("torn tail", whole + 1), ("erased", self.at[0])]))

    def test_several_segments(self):
        self.writer.segment()
        at = self.writer.failed()
        self.writer.destroy([at], "text")
        self.found(("erased", at))
        self.writer.segment()
        self.writer.erase(order(records=f"{at}"))
        self.found()


class LiveLog(Opened):
    """A gate goes on writing, and erasing, while the log is verified."""

    def grows(self, before, grown, sealing_keys):
        """`before` are the log's files until the files of keys are read."""
        real, folder = opened.Keys, self.lay(before)

        def then(*arguments):
            self.lay(grown)
            return real(*arguments)
        trusted = [keys.of_seed(ORIGIN, forge_notes.SEEDS[0])]
        with unittest.mock.patch.object(opened, "Keys", then):
            anchor = self.beside("anchor", forge_notes.newest(before))
            result = verifier.verify(folder, trusted, [anchor], self.lay(sealing_keys, "sealing"))
        return result.status, [(f.check, f.entry) for f in result.findings]

    def test_order_behind_what_was_checked(self):
        _, before = self.writer.log()
        raw = order(records=f"{self.at[0]}")
        self.writer.segment()
        self.writer.erase(raw)
        _, grown = self.writer.log()
        self.assertEqual(self.grows(before, grown, self.writer.keys()), (0, []))  # it need not be carried out yet
        self.writer.carry_out(raw)
        self.assertEqual(self.grows(before, grown, self.writer.keys()), (0, []))
        self.assertEqual(self.grows(before, before, self.writer.keys()), (1, [("erased", self.at[0])]))

    def test_what_stands_there_is_not_judged(self):
        """But an order that is none excuses nothing, and nothing behind a violation that would end the check."""
        _, before = self.writer.log()
        self.writer.destroy([self.at[0]], "text")
        self.writer.destroy([self.writer.failed()], "text")
        at = self.writer.erase(order(records=f"{self.at[0]}", signers=(0,)))
        _, grown = self.writer.log()
        erased = (1, [("erased", self.at[0])])
        self.assertEqual(self.grows(before, grown, self.writer.keys()), erased)
        self.writer.erase(order(records=f"{self.at[0]}"))
        _, grown = self.writer.log()
        self.assertEqual(self.grows(before, grown, self.writer.keys()), (0, []))
        name = f"{0:020}.jsonl"
        broken = {**grown, name: grown[name].replace(f'"i":{at},'.encode(), f'"i":{at + 1},'.encode())}
        self.assertEqual(self.grows(before, broken, self.writer.keys()), erased)
        torn = {**grown, name: grown[name][:-2]}
        self.assertEqual(self.grows(before, torn, self.writer.keys()), erased)

    def test_another_log_by_then(self):
        _, before = self.writer.log()
        self.writer.destroy([self.at[0]], "text")
        self.writer.entries[self.at[1]]["ts"] += 1
        _, other = self.writer.log()
        for grown in (other, {}, {f"{0:020}.jsonl": b""}):
            self.assertEqual(self.grows(before, grown, self.writer.keys()), (2, [("read", 0)]))


if __name__ == "__main__":
    unittest.main()
