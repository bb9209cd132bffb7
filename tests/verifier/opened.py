"""The log once more, with its sealing keys: docs/audit-sealing.md, "What must hold", behind "With the keys"."""

from typing import NamedTuple

import fields
import sealing
from anchors import Anchors
from chain import SEGMENT, Log
from sealing_keys import Keys
from signatures import Notes


class Field(NamedTuple):
    at: int  # the index of its entry
    time: int
    kind: str
    there: bool  # its key, or what counts as one
    holds: bool


class _Again(Log):
    """Says nothing; gathers the fields of the entries that `first` had checked, and all orders."""

    def __init__(self, folder, first, known):
        super().__init__(folder)
        self._first, self._known = first, known
        self.fields, self.same = [], False

    def report(self, *_, **__):
        pass

    def _read_first(self):
        self._notes, self.anchors = Notes(self.report, self._keys, {}), Anchors(())
        return self._named(".jsonl", SEGMENT)

    def _between(self, entry):
        if self._erasure.entry(entry, self.origin) and entry["i"] < self._first.whole:
            self.fields += [self._field(entry, name, pair) for name, pair in fields.sealed_fields(entry).items()]

    def _take(self, entry, line, first):
        super()._take(entry, line, first)
        if self.tree.size == self._first.whole:
            self.same = self.last_leaf == self._first.whole_leaf

    def _field(self, entry, name, pair):
        epoch, slot, kind = entry["sealed"]["epoch"], entry["sealed"]["slot"], fields.SEALED[entry["t"]][name]
        if self._known.unknown(epoch):
            return Field(entry["i"], entry["ts"], kind, True, True)
        key = self._known.key(epoch, kind, slot)
        place = sealing.Place(self.origin, epoch, slot, name)
        holds = key is not None and sealing.opened(key, place, pair) is not None
        return Field(entry["i"], entry["ts"], kind, key is not None, holds)

    def erased(self):
        """Those in whole batches."""
        return [one for one in self._erasure.erased if one.at < self.whole]


def check(folder, sealing_keys, log):
    """Behind `log`, which has ended."""
    known = Keys(sealing_keys, log.origin)
    again = _Again(folder, log, known)
    again.run()
    wrong = known.wrong or (None if again.same else (str(folder), "not the log any more that was checked"))
    if wrong:
        log.report("read", wrong[1], wrong[0], 0)
    if again.same:
        _say(log, again.fields, again.erased())


def _say(log, found, erased):
    def is_erased(field, orders):
        return any(one.what.covers(field.at, field.time, field.kind) for one in orders)

    asked = [one for one in erased if one.at < log.whole and getattr(one.what, "action", "") == "erase"]
    open_ones, others = [f for f in found if f.there], [f for f in found if not f.there]
    _first_of(log, "sealed", "box or commitment does not hold", [f for f in open_ones if not f.holds])
    _first_of(log, "erased", "the key is gone, and nobody ordered it", [f for f in others if not is_erased(f, erased)])
    _first_of(log, "kept", "ordered to be erased, and its key is there", [f for f in open_ones if is_erased(f, asked)])


def _first_of(log, name, text, found):
    if found:
        log.report(name, f"{text}: of {len({f.at for f in found})} entries", "", min(f.at for f in found))
