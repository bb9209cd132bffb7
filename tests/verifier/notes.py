"""Notes of docs/audit-format.md: read strictly, checked with a key, and made."""

import base64
import re
from typing import NamedTuple

import ed25519
import fields
import tree

MOST_BYTES = 256 * 1024
MOST_LINES = 16
LARGEST = 2**63 - 1
DASH = "\u2014 ".encode("utf-8")
_SPACE = re.compile("[ \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_CONTROL = re.compile(r"[\0-\x09\x0b-\x1f]")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class NotANote(Exception):
    pass


class Signature(NamedTuple):
    name: str
    id: bytes
    raw: bytes


class Note(NamedTuple):
    origin: str
    size: int
    root: bytes
    text: bytes  # what is signed
    signatures: list


def number(digits):
    """A decimal of the page's; None for everything else."""
    found = _DECIMAL.fullmatch(digits)
    return int(digits) if found and int(digits) <= LARGEST else None


def hash_of(line):
    """32 bytes in base64; None for everything else."""
    raw = fields.decoded(line)
    return raw if raw is not None and len(raw) == 32 else None


def signature(line):
    """Of one line, behind the text that is signed."""
    if not line.startswith("\u2014 "):
        raise NotANote("a line that is no signature")
    name, _, encoded = line[2:].partition(" ")
    raw = fields.decoded(encoded)
    if not name or "+" in name or _SPACE.search(name) or raw is None or len(raw) < 5:
        raise NotANote("a signature that is not of the form")
    return Signature(name, raw[:4], raw[4:])


def read(raw):
    """The note, of which nothing is checked yet but its form."""
    if len(raw) > MOST_BYTES or not raw.endswith(b"\n"):
        raise NotANote("too long, or no line feed at its end")
    try:
        told = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotANote("not UTF-8") from error
    text, empty, signed = told.rpartition("\n\n")
    lines, behind = text.split("\n"), signed.split("\n")[:-1]
    if _CONTROL.search(told) or not empty or len(lines) != 3 or not 1 <= len(behind) <= MOST_LINES:
        raise NotANote("not three lines, an empty one and signatures")
    size, root = number(lines[1]), hash_of(lines[2])
    if not lines[0] or size is None or root is None or (size == 0 and root != tree.Tree().root()):
        raise NotANote("its origin, size or root is none")
    return Note(lines[0], size, root, (text + "\n").encode("utf-8"), [signature(line) for line in behind])


def holds(note, key):
    """That `key` (keys.Public or None) signed it, and that no line says so wrongly."""
    own = [s for s in note.signatures if key and (s.name, s.id) == (key.name, key.id)]
    return own != [] and all(ed25519.verify(key.raw, note.text, s.raw) for s in own)


def end_of_note(raw, begin):
    """Where a note of a file of notes ends: behind its last line, before the second empty line. -1: it does not end, or has
    a zero byte."""
    at, empty = begin, 0
    while (end := raw.find(b"\n", at)) >= 0:
        if end == at:
            empty += 1
            if empty == 2:
                return -1 if b"\0" in raw[begin:end] else end
        at = end + 1
    return -1


def in_anchor(raw):
    """All notes among the blocks of an anchor's file."""
    blocks = []  # (bytes, the line feeds in front of it)
    for found in re.finditer(rb"(\n*)([^\n]+(?:\n[^\n]+)*\n?)", raw):
        blocks.append((found[2], len(found[1])))
    made = []
    for (before, _), (block, feeds) in zip(blocks, blocks[1:]):
        if feeds == 1 and all(line.startswith(DASH) for line in block.rstrip(b"\n").split(b"\n")):
            try:
                made.append(read(before + b"\n" + block))
            except NotANote:
                pass
    return made


# --- making them ------------------------------------------------------------------------------------------------------
def text_of(origin, size, root):
    return f"{origin}\n{size}\n{base64.b64encode(root).decode('ascii')}\n".encode("utf-8")


def line_of(name, key_id, signature):
    return DASH + name.encode("utf-8") + b" " + base64.b64encode(key_id + signature) + b"\n"
