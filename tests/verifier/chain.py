"""Follows a log from its first byte to its last: lines, numbers, hashes, batches, seals, segments, and the tail that a
crash leaves."""

import re
from typing import NamedTuple

import canonical
import fields
import tree
from rules import Rules

MOST_FINDINGS = 20
INCOMPLETE = ("time", "silence", "torn tail", "empty", "read")  # no proof of a change
SEGMENT = re.compile(r"[0-9]{20}\.jsonl")


class Finding(NamedTuple):
    check: str
    entry: int  # the index due where it was found
    place: str  # file:line
    text: str


class Stop(Exception):
    """Behind this finding nothing can be said."""


class Log:
    """`run()` gives the findings; `tree` and `last_leaf` are of what was in order until it ended, `status` of all findings,
    also of those that are too many to be kept."""

    def __init__(self, folder):
        self._folder = folder
        self.findings = []
        self.status = 0
        self.tree, self.last_leaf, self._sealed_leaf = tree.Tree(), None, None
        self._origin, self._batch, self._open_batch = None, 1, False
        self._place = ""
        self._rules = Rules(self._report)

    # --- findings -------------------------------------------------------------------------------------------------
    def _report(self, check, text):
        self.status = self.status or 2 if check in INCOMPLETE else 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(check, self.tree.size, self._place, text))

    def _fatal(self, check, text):
        self._report(check, text)
        raise Stop

    # --- files ----------------------------------------------------------------------------------------------------
    def run(self):
        try:
            segments = self._segments()
            for segment in segments:
                self._segment(segment, segment is segments[-1])
            if not segments:
                self._report("empty", "no segment")
        except Stop:
            pass
        except OSError as error:
            self._report("read", str(error))
        return self.findings

    def _segments(self):
        found = sorted(f for f in self._folder.iterdir() if f.name.endswith(".jsonl"))
        for one in found:
            if not SEGMENT.fullmatch(one.name):
                self._fatal("read", f"{one.name} is not the name of a segment")
        return found

    def _segment(self, segment, last):
        raw = segment.read_bytes()
        self._place = f"{segment.name}:0"
        if int(segment.name[:20]) != self.tree.size:
            self._fatal("index", "the segment's name is not the index due")
        position, number = 0, 0
        while position < len(raw):
            end = raw.find(b"\n", position)
            line = raw[position:len(raw) if end < 0 else end]
            number += 1
            self._place = f"{segment.name}:{number}"
            entry = self._read(line, nothing_behind=end < 0 or not raw[end + 1:].partition(b"\n")[0].strip(b"\0"))
            if entry is None:
                return self._tail(raw[position:], last, number == 1)
            self._check(entry)
            if end < 0:
                return self._tail(line, last, number == 1)
            self._take(entry, line, first=number == 1)
            position = end + 1
        return self._tail(b"", last, number == 0)

    def _read(self, line, nothing_behind):
        """The entry; None where the entries of the segment end."""
        if not line.strip(b"\0"):
            return None
        try:
            return canonical.read(line)
        except canonical.NotCanonical as error:
            if error.short and nothing_behind:
                return None
            return self._fatal(error.check, str(error))

    # --- the tail -------------------------------------------------------------------------------------------------
    def _tail(self, raw, last, no_entry):
        """`raw` stands behind the entries of a segment, from the first line that is none."""
        for line in raw.split(b"\n")[:-1]:
            entry = self._whole(line)
            if entry is not None and entry["b"] > self._batch:
                self._fatal("batch", "an entry of a later batch behind a torn one")
        torn = self._open_batch or no_entry or raw.strip(b"\n")
        if torn:
            self.last_leaf = self._sealed_leaf
        if torn and last:
            self._fatal("torn tail", "an unfinished batch at the end")
        if torn or (raw and not last):
            self._fatal("bytes", "the segment does not end with its last entry, and another one follows")

    @staticmethod
    def _whole(line):
        try:
            entry = canonical.read(line)
        except canonical.NotCanonical:
            return None
        return entry if fields.wrong_field(entry) is None else None

    # --- entries --------------------------------------------------------------------------------------------------
    def _check(self, entry):
        wrong = fields.wrong_field(entry)
        if wrong is not None:
            self._fatal("fields", f'the field "{wrong}"')
        self._numbers(entry)
        if "e" in entry and entry["e"] != tree.seal(canonical.emit({**entry, "e": ""})):
            self._fatal("seal", "the seal is not true of the entry")

    def _take(self, entry, line, first):
        if first != (entry["t"] == "segment"):
            self._fatal("segment", "a segment begins with its entry, and only there is one")
        if entry["t"] == "segment" and entry["frontier"] != [tree.base64url(h) for h in self.tree.frontier]:
            self._report("tree", "the frontier is not that of the entries before")
        self._rules.entry(entry)
        self._batch += "e" in entry
        self._open_batch = "e" not in entry
        self.last_leaf = tree.leaf(line)
        self.tree.add(self.last_leaf)
        if not self._open_batch:
            self._sealed_leaf = self.last_leaf

    def _numbers(self, entry):
        if self._origin is None:
            self._origin = entry["@"]
        if entry["@"] != self._origin or not self._origin.endswith("#v1"):
            self._fatal("origin", "another origin")
        if entry["i"] != self.tree.size:
            self._fatal("index", f"{entry['i']} where {self.tree.size} is due")
        before = tree.base64url(self.last_leaf) if self.last_leaf else tree.NO_HASH
        if entry["prev"] != before:
            self._fatal("chain", "not the hash of the entry before")
        if entry["b"] != self._batch:
            self._fatal("batch", f"{entry['b']} where {self._batch} is due")
