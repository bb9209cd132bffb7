"""Public keys as docs/audit-format.md, "Keys", writes them, and which of them is in force where in a log."""

import base64
import hashlib
import re
from typing import NamedTuple

import ed25519
import fields

ED25519 = b"\1"
_ORIGIN = re.compile(r"[!-~]{1,255}")


class Public(NamedTuple):
    name: str
    id: bytes
    raw: bytes


def _id(name, raw):
    return hashlib.sha256(name.encode("ascii") + b"\n" + ED25519 + raw).digest()[:4]


def is_origin(name):
    return _ORIGIN.fullmatch(name) is not None and not set(name) & set('+#"\\')


def vkey(name, raw):
    return f"{name}+{_id(name, raw).hex()}+{base64.b64encode(ED25519 + raw).decode('ascii')}"


def of_seed(name, seed):
    return vkey(name, ed25519.public_key(seed))


def public(line):
    """The key that a vkey says; None where it says none."""
    name, _, rest = line.partition("+")
    raw = fields.decoded(rest.partition("+")[2])
    if not is_origin(name) or raw is None or len(raw) != 33 or raw[:1] != ED25519 or vkey(name, raw[1:]) != line:
        return None
    return Public(name, _id(name, raw[1:]), raw[1:])


def read_file(path):
    """The vkey that a file of one line holds; None for everything else. OSError where it cannot be read."""
    raw = path.read_bytes()
    line = raw[:-1].decode("utf-8", "replace")
    return line if raw.endswith(b"\n") and public(line) else None


class State(NamedTuple):
    in_force: object  # a vkey as it stands in the log, or None
    line: frozenset  # the keys that were in force one behind the other, each put there by a `key` entry of the one before


class History:
    """Fed with entries in their order; `report(check, text)` is called for what does not hold, once an entry."""

    def __init__(self, report):
        self._report = report
        self._origin = ""
        self._state, self._whole = State(None, frozenset()), State(None, frozenset())
        self._cut = False
        self.olds = []  # (index, `old`) of all `key` entries; who checks notes takes out those that a note covers

    @property
    def in_force(self):
        return self._state.in_force

    @property
    def whole(self):
        """What was in force behind the last whole batch."""
        return self._whole

    def cut(self):
        """The first entry says what was in force before."""
        self._cut = True

    def batch_ended(self):
        self._whole = self._state

    def entry(self, entry):
        check = {"segment": self._segment, "open": self._open, "key": self._key}.get(entry["t"])
        if check is None:
            return
        self._origin = entry["@"].removesuffix("#v1")
        named = [entry[field] for field in ("key", "old", "new") if field in entry]
        fits = check(entry)
        if not fits or not all(map(self._is_of_log, named)):
            self._report("key", "not the key in force, or no public key of this log")

    def _is_of_log(self, line):
        return getattr(public(line), "name", None) == self._origin

    def _segment(self, entry):
        told, before = entry.get("key"), self._state.in_force
        if told is not None:
            self._put(told)
        cut, self._cut = self._cut, False
        return cut or told == before

    def _open(self, entry):
        told, before = entry.get("key"), self._state.in_force
        if told is not None:
            self._put(told)
        return told == before or before is None

    def _key(self, entry):
        before = self._state
        follows = before.in_force is not None and entry["old"] == before.in_force
        if self._is_of_log(entry["old"]):
            self.olds.append((entry["i"], entry["old"]))
        if self._is_of_log(entry["new"]):
            self._state = State(entry["new"], (before.line if follows else frozenset()) | {entry["new"]})
        return follows

    def _put(self, key):
        """By `open` or `segment`: nobody signed that another key goes on."""
        if key != self._state.in_force and self._is_of_log(key):
            self._state = State(key, frozenset([key]))
