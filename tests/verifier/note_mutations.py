"""What can be done to a signed log, by chance and by seed: to its files of notes, its anchors and the keys that are given, to
its segments with the notes left as they are, and, by somebody who knows the format, to its entries with all hashes made again."""

import copy

import canonical
import forge
import forge_notes
import keys
import mutations
import notes
import tree


class Log:
    """A signed log, what is given to check it with, and the private keys that its makers, and a thief, know."""

    def __init__(self, lines, files, trusted, anchors):
        self.lines, self.files, self.trusted, self.anchors = lines, dict(files), list(trusted), list(anchors)
        self.entries = [canonical.read(line) for line in lines]
        self.origin = forge_notes.origin_of(self.entries)
        self.ring = forge_notes.ring(self.origin)
        self.roots = [tree.Tree().root()]
        grown = tree.Tree()
        for line in lines:
            grown.add(tree.leaf(line))
            self.roots.append(grown.root())

    def copy(self):
        other = copy.copy(self)
        other.files, other.trusted, other.anchors = dict(self.files), list(self.trusted), list(self.anchors)
        return other

    def names(self, ending=".notes"):
        return sorted(name for name in self.files if name.endswith(ending))

    def signed(self, chance, size):
        """A note of this size, as the gate would sign it, or nearly."""
        root = self.roots[min(size, len(self.lines))] if chance.random() < 0.9 else chance.choice(self.roots)
        vkey = forge_notes.in_force_at(self.entries, size)
        if vkey is None or chance.random() < 0.2:
            vkey = chance.choice(sorted(self.ring))
        signers = [vkey] + [k for k in sorted(self.ring) if k != vkey and chance.random() < 0.15]
        origin = self.origin if chance.random() < 0.93 else chance.choice(["other", self.origin + "x"])
        return forge_notes.note(origin, size, root, [(k, self.ring[k]) for k in signers])


# --- one file of notes, or an anchor's --------------------------------------------------------------------------------
def change_bytes(chance, log, raw):
    return chance.choice(mutations.BYTES)(chance, raw) if raw else b"x"


def change_lines(chance, log, raw):
    return mutations.change_lines(chance, raw or b"\n", chance.choice([b"\n", log.files[log.names()[0]] or b"\n"]))


def change_notes(chance, log, raw):
    """Whole notes: dropped, doubled, swapped, brought from elsewhere."""
    made, what = forge_notes.split_notes(raw), chance.randrange(4)
    if not made:
        return raw
    at, other = chance.randrange(len(made)), chance.randrange(len(made))
    if what == 0:
        del made[at]
    elif what == 1:
        made.insert(at, made[other])
    elif what == 2:
        made[at], made[other] = made[other], made[at]
    else:
        made.insert(at, chance.choice(forge_notes.split_notes(log.files[chance.choice(log.names())]) or [b""]))
    return b"".join(made)


def sign_again(chance, log, raw):
    """A note of another size, or by other keys, in the place of one or beside it; nearly always in the order of sizes."""
    made = forge_notes.split_notes(raw)
    size = chance.choice([0, len(log.lines), len(log.lines) + 1, *range(len(log.lines))])
    new = log.signed(chance, size) + b"\n"
    at = chance.randrange(len(made) + 1)
    if chance.random() < 0.8:
        at = sum(forge_notes.size_of(one) < size for one in made)
    made[at:at + chance.choice([0, 0, 1])] = [new]
    return b"".join(made)


def change_signatures(chance, log, raw):
    """Lines of witnesses and of keys, more of them, other bytes in them."""
    made = forge_notes.split_notes(raw)
    if not made:
        return raw
    at, what = chance.randrange(len(made)), chance.randrange(5)
    text, _, lines = made[at][:-1].partition(b"\n\n")
    own = keys.public(chance.choice(sorted(log.ring)))
    if what == 0:
        lines += notes.line_of(chance.choice(["witness", log.origin, "w\u00e4chter", "a b", "a+b", "\u2003", ""]), own.id,
                               bytes(chance.choice([0, 1, 64, 65])))
    elif what == 1:
        lines += notes.line_of(own.name, own.id, bytes(chance.choice([0, 1, 63, 64, 65])))
    elif what == 2:
        lines = lines * chance.choice([2, 8, 15, 16, 17])
    elif what == 3:
        lines = b"".join(chance.sample(lines.splitlines(keepends=True), k=lines.count(b"\n")))
    else:
        lines = b"".join(chance.sample(lines.splitlines(keepends=True), k=max(0, lines.count(b"\n") - 1)))
    made[at] = text + b"\n\n" + lines + b"\n"
    return b"".join(made)


NOTES = [change_bytes, change_lines, change_notes, change_notes, sign_again, sign_again, change_signatures]


# --- files ------------------------------------------------------------------------------------------------------------
def change_note_file(chance, log):
    name, change = chance.choice(log.names()), chance.choice(NOTES)
    log.files[name] = change(chance, log, log.files[name])
    return change.__name__


def change_note_files(chance, log):
    """Removed, all or one, from some entry on; renamed, swapped, emptied, joined; of no segment; with a tail."""
    name, other, what = chance.choice(log.names()), chance.choice(log.names()), chance.randrange(9)
    if what == 0:
        del log.files[name]
    elif what == 1:
        for one in log.names():
            if one >= name:
                del log.files[one]
    elif what == 2:
        number = f"{chance.randrange(60):020}.notes"
        new = chance.choice([number, "1.notes", ".notes", name + ".old", "x" + name, name.upper()])
        log.files[new] = log.files.pop(name)
    elif what == 3:
        log.files[name], log.files[other] = log.files[other], log.files[name]
    elif what == 4:
        log.files[name] = chance.choice([b"", b"\n", b"\n\n", b"x", b"\0" * 9])
    elif what == 5:
        log.files[name] += log.files[other]
    elif what == 6:
        log.files[f"{chance.randrange(60):020}.notes"] = chance.choice([b"", log.files[name]])
    elif what == 7:
        log.files[name] += b"x" * chance.choice([1, notes.MOST_BYTES - 1, notes.MOST_BYTES])
    else:
        raw = log.files[name]
        log.files[name] = raw[:len(raw) - chance.randrange(min(len(raw), 400) + 1)]


def change_anchors(chance, log):
    what = chance.randrange(6)
    if what == 0:
        log.anchors = []
    elif what == 1:
        log.anchors.append(chance.choice(log.anchors))
    elif what == 2:
        sizes = [chance.randrange(len(log.lines) + 2) for _ in range(chance.randrange(4))]
        log.anchors = [b"".join(log.signed(chance, size) + b"\n" for size in sizes)]
    elif what == 3:
        log.anchors.append(log.signed(chance, chance.randrange(len(log.lines) + 2)))
    elif what == 4:
        log.anchors[0] = chance.choice([b"\n\n", b"From here on\n\n", b"x\n", b"\xff\n\n"]) + log.anchors[0]
    else:
        log.anchors[0] = chance.choice(NOTES)(chance, log, log.anchors[0] + b"\n")


def change_keys(chance, log):
    log.trusted = chance.sample(sorted(log.ring), k=chance.randrange(4))


# --- segments ---------------------------------------------------------------------------------------------------------
def change_segment(chance, log):
    name = chance.choice(log.names(".jsonl"))
    if chance.random() < 0.6:
        log.files[name] = change_bytes(chance, log, log.files[name])
    else:
        log.files[name] = mutations.change_lines(chance, log.files[name], log.files[chance.choice(log.names(".jsonl"))])


def change_segments(chance, log):
    segments = {name: log.files[name] for name in log.names(".jsonl")}
    log.files = {**{name: log.files[name] for name in log.names()}, **mutations.change_files(chance, segments)}


def cut(chance, log):
    """Entries off the end, with the notes that cover them or without those."""
    size = chance.randrange(1, len(log.lines))
    kept = forge.files(log.lines[:size])
    log.files = {**forge_notes.below(log.files, size if chance.random() < 0.8 else size + 1), **kept}


def rechain(chance, log):
    """Other entries, with chain, seals and frontiers made again; the notes stay, go, are another key's or by the log's own."""
    what, lines = mutations.forged(chance, log.entries)
    if lines is None:
        return "nothing"
    how = chance.choice(["kept", "cut", "stray", "stolen", "stolen"])
    try:
        log.files = {**forge.files(lines), **_notes_of(chance, log, lines, how)}
    except (canonical.NotCanonical, AttributeError, IndexError, KeyError, TypeError):  # no log that notes could be made of
        log.files = {**forge.files(lines), **{name: log.files[name] for name in log.names()}}
        how = "kept"
    return f"{what}, notes {how}"


def _notes_of(chance, log, lines, how):
    if how == "kept":
        return {name: log.files[name] for name in log.names()}
    if how == "cut":
        same = next((n for n, (a, b) in enumerate(zip(lines, log.lines)) if a != b), min(len(lines), len(log.lines)))
        return forge_notes.below(log.files, same)
    known = log.ring if how == "stolen" else {k: forge_notes.STRAY for k in log.ring}
    return forge_notes.files(lines, chance.choice([1, 2, 5]), known)


CHANGES = [change_note_file, change_note_file, change_note_file, change_note_files, change_anchors, change_keys, change_segment,
           change_segments, cut, rechain, rechain]


def mutated(chance, log):
    """(what was done, the log then)."""
    log = log.copy()
    done = []
    for _ in range(chance.choice([1, 1, 1, 1, 1, 2])):
        change = chance.choice(CHANGES)
        if log.names() and log.names(".jsonl") and log.anchors:
            done.append(f"{change.__name__} {change(chance, log) or ''}".strip())
    return ", ".join(done), log
