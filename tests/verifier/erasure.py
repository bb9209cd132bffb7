"""What docs/audit-sealing.md, "What must hold", says of a log without its sealing keys: sealed fields, orders, holds, retention."""

import json
from typing import NamedTuple

import keys
import orders
import sealing
import tree
from fields import text_of

MOST_HOLDS = 10_000


class Before(NamedTuple):
    """An `erase` of what was recorded before."""

    time: int
    kind: str

    def covers(self, _, time, kind):
        return kind == self.kind and time < self.time


class Erased(NamedTuple):
    at: int  # the index of the `erase`
    what: object  # Order or Before


class Pruned(NamedTuple):
    """A `prune` that counts."""

    at: int
    order: object


class _Violation(Exception):
    def __init__(self, check, text):
        super().__init__(text)
        self.check = check


def _refused(word):
    raise ValueError(f"{word} is no JSON")


def audit_of(raw):
    """`audit` of the bytes of a `config`; empty where there is none."""
    try:
        told = json.loads(raw.decode("utf-8"), parse_constant=_refused)
        json.dumps(told, ensure_ascii=False).encode("utf-8")  # refuses lone surrogates
    except (ValueError, RecursionError):
        return {}
    audit = told.get("audit") if isinstance(told, dict) else None
    return audit if isinstance(audit, dict) else {}


def erasers_of(audit):
    named = audit.get("erasers")
    named = [one for one in named if isinstance(one, str)] if isinstance(named, list) else []
    return {key for key in map(keys.public, named) if key is not None}


def retention_of(audit):
    """{class: milliseconds}."""
    told = audit.get("retention_ms")
    told = told if isinstance(told, dict) else {}
    return {kind: told[kind] for kind in sealing.CLASSES
            if type(told.get(kind)) is int and 0 <= told[kind] <= orders.LARGEST}


class Erasure:
    """Fed with entries in their order; `report(check, text)` is called for what does not hold, once an entry. `erased`: what
    was ordered."""

    def __init__(self, report):
        self._report = report
        self._erasers, self._retention = set(), {}
        self._in_force = {}  # {hash: an order to hold}
        self.erased = []
        self.prunes = []
        self._segments = {}  # {index: the root of the entries before, as it says}
        self._configured = False
        self._old_holds = False  # orders to hold may be in force that were pruned

    def entry(self, entry, origin):
        """Whether it counts."""
        check = {"config": self._config, "erase": self._erase, "hold": self._hold, "prune": self._prune,
                 "segment": self._segment}.get(entry["t"])
        try:
            if "sealed" in entry:
                self._sealed(entry)
            if check:
                check(entry, origin)
        except _Violation as wrong:
            self._report(wrong.check, str(wrong))
            return False
        return True

    def _config(self, entry, _):
        audit = audit_of(text_of(entry, "bytes"))
        self._configured = True
        self._erasers, self._retention = erasers_of(audit), retention_of(audit)

    def _segment(self, entry, _):
        told = tree.Tree()
        told.frontier = [tree.of_base64url(one) for one in entry["frontier"]]
        if not self._segments:
            self._old_holds = entry["i"] > 0
        self._segments[entry["i"]] = told.root().hex()

    @property
    def _begin(self):
        return min(self._segments, default=0)

    @property
    def _unknown(self):
        """Of a pruned log, before its first `config`."""
        return self._begin > 0 and not self._configured

    @staticmethod
    def _sealed(entry):
        if entry["sealed"]["epoch"] > entry["i"] or entry["sealed"]["slot"] >= sealing.SLOTS:
            raise _Violation("sealed", "an epoch of later, or no slot")

    # --- orders -------------------------------------------------------------------------------------------------------
    def _order(self, entry, origin, actions):
        try:
            order = orders.read(text_of(entry, "order"))
        except orders.NotAnOrder as error:
            raise _Violation("order", str(error)) from error
        if order.action not in actions or order.origin != origin:
            raise _Violation("order", "another action, or of another log")
        needed = not self._unknown or (order.action == "prune" and order.first >= self._begin)
        if needed and not orders.is_signed(order, self._erasers):
            raise _Violation("order", "not signed by two of the erasers")
        if order.hash.encode("ascii") != text_of(entry, "hash"):
            raise _Violation("order", "the hash is another one")
        if order.ranges and order.ranges[-1][1] >= entry["i"]:
            raise _Violation("order", "records that were not there yet")
        return order

    def _hold(self, entry, origin):
        order = self._order(entry, origin, ("hold", "release"))
        if order.action == "release":
            if self._in_force.pop(order.releases, None) is None and not self._old_holds:
                raise _Violation("order", "what is released is not in force")
            return
        if order.hash not in self._in_force and len(self._in_force) >= MOST_HOLDS:
            raise _Violation("order", "too many orders to hold")
        self._in_force[order.hash] = order

    def _erase(self, entry, origin):
        if "before" in entry:
            return self._before(entry)
        order = self._order(entry, origin, ("erase",))
        if any(order.meets(held) for held in self._in_force.values()):
            raise _Violation("hold", "a record of it is held")
        self.erased.append(Erased(entry["i"], order))

    def _prune(self, entry, origin):
        order = self._order(entry, origin, ("prune",))
        if entry["first"] != order.first or order.first >= entry["i"]:
            raise _Violation("order", "not what the order keeps, or it is not there yet")
        if self.prunes and order.first <= self.prunes[-1].order.first:
            raise _Violation("order", "no more than was pruned before")
        if order.first >= self._begin and text_of(entry, "root") != self._segments.get(order.first, "none").encode("ascii"):
            raise _Violation("order", "no segment begins there, or with another root")
        if any(held.ranges[0][0] < order.first for held in self._in_force.values()):
            raise _Violation("hold", "an entry is held")
        self.prunes.append(Pruned(entry["i"], order))
        self.erased.append(Erased(entry["i"], order))
        if order.first >= self._begin:
            self._old_holds = False

    def _before(self, entry):
        kind = text_of(entry, "class").decode("utf-8", "replace")
        longest = self._retention.get(kind)
        if kind not in sealing.CLASSES or (longest is None and not self._unknown):
            raise _Violation("retention", "no such class, or it has no retention")
        if longest is not None and entry["before"] > entry["ts"] - longest * 1000:
            raise _Violation("retention", "it is not over")
        if any(kind in held.classes for held in self._in_force.values()):
            raise _Violation("retention", "the class is held")
        self.erased.append(Erased(entry["i"], Before(entry["before"], kind)))
