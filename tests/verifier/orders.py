"""Orders of docs/audit-sealing.md: read strictly, and whether they are signed."""

import hashlib
import re
from typing import NamedTuple

import ed25519
import notes
import sealing

MOST_BYTES = 64 * 1024
MOST_LINES = 16
MOST_RANGES = 1000
MOST_TEXT = 500
LARGEST = 2**53 - 1
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,15}")
_HASH = re.compile(r"[0-9a-f]{64}")
_CONTROL = re.compile(r"[\0-\x09\x0b-\x1f]")


class NotAnOrder(Exception):
    pass


class Order(NamedTuple):
    origin: str
    action: str  # erase, hold, release, prune
    ranges: list  # (first, last), of erase and hold
    classes: list
    releases: str  # the hash of an order
    text: bytes  # what is signed
    signatures: list
    first: int = 0  # of prune: the first entry that is kept

    @property
    def hash(self):
        return hashlib.sha256(self.text).hexdigest()

    def covers(self, index, _, kind):
        if self.action == "prune":
            return index < self.first
        return kind in self.classes and any(first <= index <= last for first, last in self.ranges)

    def meets(self, other):
        """Whether a record and class is of both."""
        return (bool(set(self.classes) & set(other.classes))
                and any(a <= d and c <= b for a, b in self.ranges for c, d in other.ranges))


def number(digits):
    """A whole number below 2^53; None for everything else."""
    found = _DECIMAL.fullmatch(digits)
    return int(digits) if found and int(digits) <= LARGEST else None


def _ranges(told):
    made = []
    for one in told.split(" "):
        first, dash, last = one.partition("-")
        first, last = number(first), number(last if dash else first)
        if first is None or last is None or (dash and first >= last) or (made and first <= made[-1][1] + 1):
            raise NotAnOrder("ranges that are none, or not ascending")
        made.append((first, last))
    if len(made) > MOST_RANGES:
        raise NotAnOrder("too many ranges")
    return made


def _classes(told):
    named = told.split(" ")
    if named != [one for one in sealing.CLASSES if one in named]:
        raise NotAnOrder("classes that are none, or not in their order")
    return named


def _text(told):
    if not 1 <= len(told.encode("utf-8")) <= MOST_TEXT or told != told.strip(" ") or "\x7f" in told:
        raise NotAnOrder("a text that is none")


class _Lines:
    """Those in front of the empty one, of which each has its word."""

    def __init__(self, text):
        self._lines = text.split("\n")

    def has(self, word):
        return bool(self._lines) and self._lines[0].startswith(word + " ")

    def take(self, word):
        if not self.has(word):
            raise NotAnOrder(f"no {word} where it has to be")
        return self._lines.pop(0)[len(word) + 1:]

    def end(self):
        if self._lines:
            raise NotAnOrder("a line too many")


def _signatures(told):
    lines = told.split("\n")[:-1]
    if not 1 <= len(lines) <= MOST_LINES:
        raise NotAnOrder("no signature, or too many")
    try:
        return [notes.signature(line) for line in lines]
    except notes.NotANote as error:
        raise NotAnOrder(str(error)) from error


def read(raw):
    """The order, of which nothing is checked yet but its form."""
    try:
        told = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotAnOrder("not UTF-8") from error
    text, empty, signed = told.partition("\n\n")
    if len(raw) > MOST_BYTES or _CONTROL.search(told) or not empty or not told.endswith("\n"):
        raise NotAnOrder("too long, without an empty line, or not lines of text")
    lines, ranges, classes, releases, first = _Lines(text), [], [], "", 0
    if lines.take("portcullis") != "order v1":
        raise NotAnOrder("no order of this version")
    origin, action = lines.take("origin"), lines.take("action")
    if action in ("erase", "hold"):
        ranges, classes = _ranges(lines.take("records")), _classes(lines.take("classes"))
    elif action == "prune":
        first = number(lines.take("first"))
        if not first:
            raise NotAnOrder("nothing that is kept, or all")
    elif action != "release" or not _HASH.fullmatch(releases := lines.take("hold")):
        raise NotAnOrder("no action, or nothing that is released")
    _text(lines.take("basis"))
    if lines.has("ticket"):
        _text(lines.take("ticket"))
    if number(lines.take("time")) is None:
        raise NotAnOrder("no time")
    lines.end()
    return Order(origin, action, ranges, classes, releases, (text + "\n").encode("utf-8"), _signatures(signed), first)


def is_signed(order, erasers):
    """By two of these keys (keys.Public), and by none of them wrongly."""
    good = set()
    for key in erasers:
        own = [s for s in order.signatures if (s.name, s.id) == (key.name, key.id)]
        if not all(ed25519.verify(key.raw, order.text, s.raw) for s in own):
            return False
        if own:
            good.add(key.raw)
    return len(good) >= 2
