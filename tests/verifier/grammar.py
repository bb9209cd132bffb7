"""The grammar of an entry's line. What it takes is JSON that an entry could be, if not yet the canonical form of it."""

import json
import re

MOST_VALUES = 1_048_576  # within the object that the entry is
DEEPEST = 5  # levels of objects and arrays, the entry's own among them

_TEXT = re.compile(rb'(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*')
_HALF_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_NEVER = re.compile(rb"(?:[^\\]|\A)(?:\\\\)*\\u(?:0000|[dD][89a-fA-F])")  # zero characters, surrogates
_DIGITS = re.compile(rb"[0-9]+")


class Ended(Exception):
    """The line ends too early; it might have gone on."""


class Wrong(Exception):
    """No entry goes on so."""


class _Reader:
    def __init__(self, line):
        self._line, self._at, self._values, self._depth = line, 0, -1, 0

    def entry(self):
        if self._peek() != b"{":
            raise Wrong("not an object")
        self._value()
        if self._at < len(self._line):
            raise Wrong("more behind the object")

    def _peek(self):
        if self._at >= len(self._line):
            raise Ended("the line ends within the entry")
        return self._line[self._at:self._at + 1]

    def _take(self, wanted):
        if self._peek() != wanted:
            raise Wrong(f"something else than {wanted} at byte {self._at}")
        self._at += 1

    def _value(self):
        self._values += 1
        if self._values > MOST_VALUES:
            raise Wrong("too many values")
        first = self._peek()
        if first == b'"':
            self._string()
        elif first == b"{":
            self._object()
        elif first == b"[":
            self._several(b"[", b"]", self._value)
        elif first in (b"t", b"f"):
            self._word(b"true" if first == b"t" else b"false")
        else:
            self._number()

    def _string(self):
        """Its bytes with the quotes. Whether they are UTF-8 is asked when it has ended."""
        begin = self._at
        self._take(b'"')
        self._at = _TEXT.match(self._line, self._at).end()
        if _NEVER.search(self._line[begin:self._at]):
            raise Wrong("an escape that no entry has")
        if _HALF_ESCAPE.match(self._line, self._at):
            raise Ended("the line ends within an escape")
        self._take(b'"')
        raw = self._line[begin:self._at]
        try:
            return json.loads(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise Wrong("not UTF-8") from error

    def _number(self):
        if self._peek() == b"-":
            self._at += 1
        self._peek()
        digits = _DIGITS.match(self._line, self._at)
        if not digits:
            raise Wrong(f"no value begins so at byte {self._at}")
        self._at = digits.end()

    def _word(self, word):
        for letter in word:
            self._take(bytes([letter]))

    def _object(self):
        before = []

        def member():
            begin = self._at
            self._string()
            key = self._line[begin + 1:self._at - 1]  # as it is written
            if before and key <= before[0]:
                raise Wrong("keys out of order or twice")
            before[:] = [key]
            self._take(b":")
            self._value()
        self._several(b"{", b"}", member)

    def _several(self, begin, end, element):
        self._depth += 1
        if self._depth > DEEPEST:
            raise Wrong("nested too deeply")
        self._take(begin)
        if self._peek() != end:
            element()
            while self._peek() == b",":
                self._at += 1
                element()
        self._take(end)
        self._depth -= 1


def check(line):
    """Raises Wrong or Ended."""
    _Reader(line).entry()
