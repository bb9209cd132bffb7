"""Follows a log from its first byte to its last: lines, numbers, hashes, batches, seals, segments, and the tail that a
crash leaves. What was signed is checked on the way."""

import os
import re
from typing import NamedTuple

import canonical
import fields
import keys
import tree
from anchors import Anchors
from erasure import Erasure
from rules import Rules
from regular import read_or_error, read_regular
from signatures import Notes

MOST_FINDINGS = 20
INCOMPLETE = ("time", "silence", "torn tail", "empty", "read", "unsigned", "no key", "no anchor", "kept")  # no proof of a change
SEGMENT, NOTES = re.compile(r"[0-9]{20}\.jsonl"), re.compile(r"[0-9]{20}\.notes")


LARGEST = 2**64 - 1  # that a file may be named by


class Finding(NamedTuple):
    check: str
    entry: int  # the index due where it was found
    place: str  # file:line
    text: str


class Stop(Exception):
    """Behind this finding nothing can be said."""


class Torn(Exception):
    """The log ends here, with an unfinished batch."""


class Log:
    """`run()` gives the findings; `tree` and `last_leaf` are of what was in order until it ended, `status` of all findings,
    also of those that are too many to be kept. `trusted`: vkeys; `anchors`: paths. `ended`: no violation ended it,
    and it has an entry."""

    def __init__(self, folder, trusted=(), anchors=()):
        self._folder, self._trusted, self._anchor_paths = folder, frozenset(trusted), anchors
        self.findings = []
        self.status = 0
        self.tree, self.last_leaf, self.whole_leaf, self.whole = tree.Tree(), None, None, 0
        self._origin, self._batch, self._open_batch = None, 1, False
        self._place = ""
        self._rules, self._keys, self._erasure = Rules(self.report), keys.History(self.report), Erasure(self.report)
        self._notes = self.anchors = None
        self.ended = False
        self.begin, self._cut, self._rest = 0, False, False  # the first entry; before that one; notes of segments before it

    # --- findings -------------------------------------------------------------------------------------------------
    def report(self, check, text, place=None, entry=None, incomplete=False):
        self.status = (self.status or 2) if incomplete or check in INCOMPLETE else 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(check, self.tree.size if entry is None else entry,
                                         self._place if place is None else place, text))

    def _fatal(self, check, text):
        self.report(check, text)
        raise Stop

    # --- files ----------------------------------------------------------------------------------------------------
    def run(self):
        try:
            segments = self._read_first()
            if segments:
                self._begin_at(int(segments[0].name[:20]))
            for segment in segments:
                self._segment(segment, segment is segments[-1])
                self._notes.end()
            if segments:
                self._end()
            else:
                self.report("empty", "no segment")
        except Torn:
            self._end()
        except Stop:
            pass
        except OSError as error:
            self.report("read", str(error))
        return self.findings

    def _read_first(self):
        """The segments. Notes and anchors are read before what is in them, so that none speaks of entries that came later."""
        segments, files = self._named(".jsonl", SEGMENT), self._named(".notes", NOTES)
        self._notes = Notes(self.report, self._keys, {f.name: read_or_error(f) for f in files})
        self.anchors = Anchors(self._anchor_paths)
        for one in files:
            if segments and one.name[:20] < segments[0].name[:20]:
                self._rest = True
            elif not os.path.lexists(one.with_suffix(".jsonl")):  # it may have come since the segments were listed
                self.report("notes", "no segment is beside it", f"{one.name}:1")
        return segments

    def _begin_at(self, number):
        """Whether the entries before may be gone is said at the end."""
        if number:
            self.begin, self._cut, self.tree.size = number, True, number
            self._rules.cut(number)
            self._keys.cut()
            self.anchors.begin(number)

    def _named(self, ending, form):
        found = sorted(f for f in self._folder.iterdir() if f.name.endswith(ending))
        for one in found:
            if not form.fullmatch(one.name) or int(one.name[:20]) > LARGEST:
                self._fatal("read", f"{one.name} has not the name of a file of the log")
        return found

    def _segment(self, segment, last):
        self._place = f"{segment.name}:0"
        if int(segment.name[:20]) != self.tree.size:
            self._fatal("index", "the segment's name is not the index due")
        self._notes.begin(segment.name, last)
        raw = read_regular(segment)
        position, number = 0, 0
        while position < len(raw):
            end = raw.find(b"\n", position)
            line = raw[position:len(raw) if end < 0 else end]
            number += 1
            self._place = f"{segment.name}:{number}"
            entry = self._read(line, nothing_behind=end < 0 or not raw[end + 1:].partition(b"\n")[0].strip(b"\0"))
            if entry is None:
                return self._tail(raw[position:], last, number == 1)
            self._check(entry, first=number == 1)
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
            self.last_leaf = self.whole_leaf
        if torn and last:
            self.report("torn tail", "an unfinished batch at the end")
            raise Torn
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
    def _check(self, entry, first):
        wrong = fields.wrong_field(entry)
        if wrong is not None:
            self._fatal("fields", f'the field "{wrong}"')
        self._numbers(entry)
        if "e" in entry and entry["e"] != tree.seal(canonical.emit({**entry, "e": ""})):
            self._fatal("seal", "the seal is not true of the entry")
        if first != (entry["t"] == "segment"):
            self._fatal("segment", "a segment begins with its entry, and only there is one")

    def _take(self, entry, line, first):
        if first:
            self._notes.first(self.origin)
        if self._cut:
            self._cut = False
            self.tree.begin(entry["i"], entry["frontier"])
        if entry["t"] == "segment" and entry["frontier"] != [tree.base64url(h) for h in self.tree.frontier]:
            self.report("tree", "the frontier is not that of the entries before")
        self._between(entry)
        self._batch += "e" in entry
        self._open_batch = "e" not in entry
        self.last_leaf = tree.leaf(line)
        self.tree.add(self.last_leaf)
        self.anchors.entry(self.tree, self._keys.in_force, self.origin)
        if not self._open_batch:
            self.whole_leaf, self.whole = self.last_leaf, self.tree.size
            self._keys.batch_ended()
            self._notes.batch(self.tree.size, self.tree.root())

    def _between(self, entry):
        """What must hold between entries."""
        self._rules.entry(entry)
        self._keys.entry(entry)
        self._erasure.entry(entry, self.origin)

    @property
    def origin(self):
        """Of a log with an entry."""
        return self._origin.removesuffix("#v1")

    def _numbers(self, entry):
        if self._origin is None:
            self._origin = entry["@"]
        if entry["@"] != self._origin or not self._origin.endswith("#v1"):
            self._fatal("origin", "another origin")
        if entry["i"] != self.tree.size:
            self._fatal("index", f"{entry['i']} where {self.tree.size} is due")
        if self._cut:
            self._batch = entry["b"]
            return
        before = tree.base64url(self.last_leaf) if self.last_leaf else tree.NO_HASH
        if entry["prev"] != before:
            self._fatal("chain", "not the hash of the entry before")
        if entry["b"] != self._batch:
            self._fatal("batch", f"{entry['b']} where {self._batch} is due")

    # --- what was signed ------------------------------------------------------------------------------------------
    def _end(self):
        """When all entries are read. Those of a torn tail are none."""
        self._notes.end()
        if self.whole == 0:
            return
        self.ended = True
        self._pruned()
        key = self._keys.whole
        if key.in_force is None and self._trusted:
            self._at_end("key", "no key is in force, and one was given")
        elif key.in_force is None:
            self._at_end("unsigned", "no key is in force")
        elif not self._trusted:
            self._at_end("no key", "no key was given to check the signatures with")
        elif not self._trusted & key.line:
            self._at_end("key", "the log is signed by none of the keys that were given")
        if key.in_force is not None and self._notes.covered < self.whole:
            self._at_end("unsigned", f"no note covers the entries from {self._notes.covered} on")
        self._anchored()

    def _pruned(self):
        due = max((prune.order.first for prune in self._erasure.prunes if prune.at < self.whole), default=0)
        if self.begin > due:
            self._at_end("prune", "the entries before the first are gone, and no order says so")
        elif self.begin < due or self._rest:
            self._at_end("kept", f"the entries before {due} are ordered to be pruned, and not all of their files are gone")

    def _anchored(self):
        self.anchors.end(self.whole, self.origin)
        for anchor in self.anchors.files:
            how, text = anchor.worst
            if how:
                self.report("anchor", text, str(anchor.path), self.whole, incomplete=how == "incomplete")
        if not self.anchors.files:
            self._at_end("no anchor", "no note that is kept elsewhere was given")

    def _at_end(self, check, text):
        self.report(check, text, "", self.whole)
