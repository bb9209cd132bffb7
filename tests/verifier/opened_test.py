"""Of docs/audit-sealing.md, "What must hold", what is read with the keys at hand: their files, and the log once more."""

import os
import sys
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import built
import forge_notes
import forge_seals
import keys
import opened
import sealed_case
import sealed_sample
import verifier
from sample import ORIGIN
from sealed_sample import order


class Files(sealed_case.Opened):
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
        later = forge_seals.Epoch(ORIGIN, 2**53 - 1)
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
        for folder in (self.place / "nothing", self.beside("file", b"")):
            self.assertEqual(self.judge(folder), (2, [("read", 0), ("kept", self.at[0])]))
        (self.place / "link").symlink_to(self.lay(self.writer.keys(), "sealing"))
        self.assertEqual(self.judge(self.place / "link"), (2, [("kept", self.at[0])]))


class WhatIsRead(sealed_case.Opened):
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


class LiveLog(sealed_case.Opened):
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
