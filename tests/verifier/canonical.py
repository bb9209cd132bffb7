"""The JSON that an entry is written in: the part of RFC 8785 that docs/audit-format.md allows, and nothing else."""

import json

import grammar

MOST_BYTES = 16 * 1024 * 1024
LARGEST = 2**53 - 1


class NotCanonical(Exception):
    """The line is no entry, by the check `bytes` or `canonical`. short: it might become one if it went on."""

    def __init__(self, check, text, short=False):
        super().__init__(text)
        self.check, self.short = check, short


def emit(value):
    """The only bytes for this value. What has none (a lone surrogate, a number of another kind) is a NotCanonical."""
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("canonical", "a lone surrogate") from error


def _whole(digits):
    number = int(digits) if len(digits) <= 17 else LARGEST + 1
    if abs(number) > LARGEST:
        raise NotCanonical("canonical", f"the number {digits[:40]} is too large")
    return number


_DECODER = json.JSONDecoder(parse_int=_whole)


def read(line):
    """The object that `line` (bytes, without its line feed) is. What follows the grammar is read by a decoder of another
    make, written again, and must be the same bytes: that finds other escapes, -0 and zeros in front."""
    if len(line) > MOST_BYTES:
        raise NotCanonical("bytes", "longer than 16 MiB")
    try:
        grammar.check(line)
    except grammar.Wrong as error:
        raise NotCanonical("bytes", str(error)) from error
    except grammar.Ended as error:
        raise NotCanonical("bytes", str(error), short=True) from error
    try:
        value = _DECODER.decode(line.decode("utf-8"))
    except ValueError as error:
        raise NotCanonical("canonical", str(error)) from error
    if emit(value) != line:
        raise NotCanonical("canonical", "not the canonical form of what it says")
    return value
