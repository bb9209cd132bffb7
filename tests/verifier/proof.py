#!/usr/bin/env python3
"""Checks files of proofs, from docs/audit-format.md alone:

    proof.py check FILE --key PUB...                     a `*.tlog-proof`: the entry in it is in the log that PUB signed
    proof.py check FILE --key PUB... --from OLD_NOTE     the log of the note in it begins with the log of OLD_NOTE

Exit code: 0 it holds, 1 it does not, 2 it cannot be checked. More keys are given where the two notes have different ones."""

import argparse
import pathlib
import sys

import canonical
import fields
import keys
import notes
import tree

HEADER = "c2sp.org/tlog-proof@v1"
MOST_HASHES = 63


class Refused(Exception):
    """It does not hold."""


class Undecided(Refused):
    """It can not be checked: not of the form, or not signed by the key."""


# --- the two checks of the page -----------------------------------------------------------------------------------
def included(leaf, index, size, path, root):
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = tree.node(p, r)
            while fn > 0 and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = tree.node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def consistent(old, old_root, size, root, path):
    nothing = tree.Tree().root()
    if old > size:
        return False
    if old == size:
        return path == [] and old_root == root and (size > 0 or root == nothing)
    if old == 0:
        return path == [] and old_root == nothing
    if old & (old - 1) == 0:
        path = [old_root, *path]
    return path != [] and _joined(old, size, path) == (old_root, root)


def _joined(old, size, path):
    """(old root, root) as the path makes them; None for a path of the wrong length."""
    fn, sn = old - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    r = r_old = path[0]
    for p in path[1:]:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            r_old, r = tree.node(p, r_old), tree.node(p, r)
            while fn > 0 and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = tree.node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return (r_old, r) if sn == 0 else None


# --- files --------------------------------------------------------------------------------------------------------
def note_by(raw, vkeys):
    """The note, which one of the keys signed for the log that has its name."""
    try:
        note = notes.read(raw)
    except notes.NotANote as error:
        raise Undecided(f"no note: {error}") from error
    known = [key for key in map(keys.public, vkeys) if any((s.name, s.id) == (key.name, key.id) for s in note.signatures)]
    if not known:
        raise Undecided("the note is not signed by a key that was given")
    if not any(note.origin == key.name and notes.holds(note, key) for key in known):
        raise Refused("the note was changed, or is of another log than the key")
    return note


def _parts(raw):
    """(the lines in front of the first empty one, the note behind it)."""
    head, empty, note = raw.partition(b"\n\n")
    try:
        return head.decode("ascii").split("\n"), note if empty else b""
    except UnicodeDecodeError as error:
        raise Undecided("no file of a proof") from error


def _told(line, word):
    """What stands behind `word` and a space."""
    if not line.startswith(word + " "):
        raise Undecided(f'no line "{word} ..." where it is due')
    return line[len(word) + 1:]


def _hashes(lines):
    made = [notes.hash_of(line) for line in lines]
    if None in made or len(made) > MOST_HASHES:
        raise Undecided("not hashes, or more than 63 of them")
    return made


def check_inclusion(raw, vkeys):
    """(the line of the entry, its index, the note)."""
    lines, note = _parts(raw)
    if len(lines) < 3 or lines[0] != HEADER:
        raise Undecided("no file of a proof that an entry is in a log")
    line, index = fields.decoded(_told(lines[1], "extra")), notes.number(_told(lines[2], "index"))
    if not line or len(line) > canonical.MOST_BYTES or index is None:
        raise Undecided("its entry or its index is none")
    path, note = _hashes(lines[3:]), note_by(note, vkeys)
    if not included(tree.leaf(line), index, note.size, path, note.root):
        raise Refused("the entry is not at this place of the log")
    _check_entry(line, index, note.origin)
    return line, index, note


def _check_entry(line, index, origin):
    """That what was signed at this place says so itself."""
    try:
        entry = canonical.read(line)
    except canonical.NotCanonical as error:
        raise Refused(f"it is no entry: {error}") from error
    place, time = entry.get("i"), entry.get("ts")
    if entry.get("@") != f"{origin}#v1" or type(place) is not int or place != index or type(time) is not int or time < 0:
        raise Refused("the entry is of another log or place, or has no time")


def check_consistency(raw, old_raw, vkeys):
    """(the older note, the newer one)."""
    lines, note = _parts(raw)
    size, path = notes.number(_told(lines[0], "old")), _hashes(lines[1:])
    old, new = note_by(old_raw, vkeys), note_by(note, vkeys)
    if size != old.size or old.origin != new.origin:
        raise Undecided("it is about another older note")
    if not consistent(old.size, old.root, new.size, new.root, path):
        raise Refused("the log does not begin with the older one")
    return old, new


def checked(told, vkeys):
    """What the proof says."""
    if told.old is None:
        line, index, note = check_inclusion(told.file.read_bytes(), vkeys)
        return f"entry {index} of {note.size} of {note.origin}: {line.decode('utf-8', 'replace')}"
    old, new = check_consistency(told.file.read_bytes(), told.old.read_bytes(), vkeys)
    return f"{new.origin}: the {new.size} entries begin with the {old.size}"


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["check"])
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--key", type=pathlib.Path, action="append", required=True)
    parser.add_argument("--from", type=pathlib.Path, dest="old")
    told = parser.parse_args(arguments)
    try:
        vkeys = [keys.read_file(path) for path in told.key]
        if None in vkeys:
            raise Undecided("a file of a key holds none")
        print(checked(told, vkeys))
    except Undecided as error:
        print(f"CANNOT BE CHECKED: {error}", file=sys.stderr)
        return 2
    except Refused as error:
        print(f"REFUSED: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
