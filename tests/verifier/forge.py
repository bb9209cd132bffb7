"""Writes logs as docs/audit-format.md says: makes chain, seals and frontiers again behind a change, as somebody would who
knows the format. What verifiers then find is what they check beyond the hashes."""

import canonical
import tree


def read_log(folder):
    """All entries of a log that is in order."""
    return [canonical.read(line) for segment in sorted(folder.glob("*.jsonl"))
            for line in segment.read_bytes().split(b"\n") if line]


def remade(entries, renumber=False, batches=False, frontiers=True):
    """The lines of `entries` with `prev` and `e` true again. renumber: `i` and what refers to it too; an empty `root` is filled in; batches: each entry
    with `e` ends its batch; frontiers: those of segments."""
    numbers = {e.get("i"): n for n, e in enumerate(entries)} if renumber else {}
    grown, batch, previous, lines, roots = tree.Tree(), 1, tree.NO_HASH, [], []
    for number, entry in enumerate(entries):
        entry = dict(entry)
        if renumber:
            entry["i"] = number
            for key in ("decision", "statement"):
                if key in entry:
                    entry[key] = numbers.get(entry[key], entry[key])
        if batches:
            entry["b"] = batch
            batch += "e" in entry
        if "prev" in entry:
            entry["prev"] = previous
        if frontiers and entry.get("t") == "segment" and "frontier" in entry:
            entry["frontier"] = [tree.base64url(h) for h in grown.frontier]
        if entry.get("root") == "" and type(entry.get("first")) is int and 0 <= entry["first"] <= len(roots):
            entry["root"] = [*roots, grown.root()][entry["first"]].hex()  # of a `prune`
        roots.append(grown.root())
        if "e" in entry and isinstance(entry["e"], str):
            entry["e"] = tree.seal(canonical.emit({**entry, "e": ""}))
        lines.append(canonical.emit(entry))
        hashed = tree.leaf(lines[-1])
        grown.add(hashed)
        previous = tree.base64url(hashed)
    return lines


def split(entries, starts):
    """The log in several segments: each begins at one of `starts`, entries that begin a batch, with a `segment` entry."""
    made, boot = [], ""
    for number, entry in enumerate(entries):
        boot = entry.get("boot", boot)
        if number in starts:
            first = {"@": entry["@"], "b": 0, "boot": boot, "frontier": [], "i": -number, "prev": "", "t": "segment",
                     "ts": entry["ts"]}
            made.append(first)
        made.append(entry)
    return made


def files(lines):
    """{name: bytes} of the segments, each named by the entry that begins it."""
    names = [n for n, line in enumerate(lines) if b'"t":"segment"' in line]
    names = names if names[:1] == [0] else [0] + names
    return {f"{begin:020}.jsonl": b"".join(line + b"\n" for line in lines[begin:end])
            for begin, end in zip(names, names[1:] + [len(lines)])}


def pruned(made, number):
    """The files of a log without those of segments below `number`."""
    return {name: raw for name, raw in made.items() if not name[:20].isdigit() or int(name[:20]) >= number}
