"""Signs forged logs: keys in their entries, files of notes beside their segments, anchors. Whoever has the private keys can do
so, be it the gate or a thief."""

import copy

import canonical
import ed25519
import forge
import keys
import notes
import tree

SEEDS = [bytes([n]) * 32 for n in range(1, 6)]  # of keys for tests: never use them
STRAY = bytes([99]) * 32  # of a key that no log names


def ring(origin, seeds=(*SEEDS, STRAY)):
    """{vkey: seed}."""
    return {keys.of_seed(origin, seed): seed for seed in seeds}


def note(origin, size, root, signers):
    """signers: [(vkey, seed)...]."""
    text, lines = notes.text_of(origin, size, root), b""
    for vkey, seed in signers:
        key = keys.public(vkey)
        lines += notes.line_of(key.name, key.id, ed25519.sign(seed, text))
    return text + b"\n" + lines


def origin_of(entries):
    return entries[0]["@"].removesuffix("#v1")


# --- keys in entries --------------------------------------------------------------------------------------------------
def rotated(entries, starts):
    """With a `key` entry, a batch of its own, in front of each entry of `starts`, which begins a batch."""
    made = []
    for number, entry in enumerate(entries):
        if number in starts:
            made.append({"@": entry["@"], "b": 0, "e": "", "i": -1000 - number, "new": "", "old": "", "prev": "", "t": "key",
                         "ts": entry["ts"]})
        made.append(entry)
    return made


def keyed(entries, from_open=0):
    """Each `key` entry brings the next key of SEEDS; `open` and `segment` name what they have to. from_open: the first `open`
    that has one."""
    entries, origin = copy.deepcopy(entries), origin_of(entries)
    in_force, following, opens = None, [keys.of_seed(origin, seed) for seed in SEEDS], 0
    for entry in entries:
        if entry["t"] == "open" and opens >= from_open:
            in_force = in_force or following.pop(0)
        opens += entry["t"] == "open"
        if entry["t"] == "key":
            entry["old"], entry["new"] = in_force, following.pop(0)
            in_force = entry["new"]
        elif entry["t"] in ("open", "segment") and in_force:
            entry["key"] = in_force
    return entries


# --- notes ------------------------------------------------------------------------------------------------------------
class _Signing:
    """Follows a log as its writer does, and says what to sign with."""

    def __init__(self, known):
        self._known, self.in_force, self._olds = known, None, []

    def entry(self, entry):
        told = entry.get("new" if entry["t"] == "key" else "key")
        if entry["t"] == "key":
            self._olds.append(entry.get("old"))
        if entry["t"] in ("open", "segment", "key") and isinstance(told, str):
            self.in_force = told

    def signers(self):
        used, self._olds = [self.in_force, *self._olds], []
        return [(vkey, self._known[vkey]) for vkey in dict.fromkeys(used) if vkey in self._known]


def files(lines, every=3, known=None):
    """{name: bytes} of the notes of a log that begins with key or without one: at each `every`th end of a batch, at the end of
    each segment and of the log. known: {vkey: seed}; where none of them is in force, there is no note."""
    entries = [canonical.read(line) for line in lines]
    origin, grown, batches, made = origin_of(entries), tree.Tree(), 0, {}
    signing = _Signing(ring(origin) if known is None else known)
    name = f"{0:020}.notes"
    for entry, line, behind in zip(entries, lines, [*entries[1:], {"t": "segment"}]):
        if entry["t"] == "segment":
            name = f"{grown.size:020}.notes"
        signing.entry(entry)
        grown.add(tree.leaf(line))
        batches += "e" in entry
        if "e" in entry and signing.in_force and (behind["t"] == "segment" or batches % every == 0):
            signers = signing.signers()
            if signers:
                made[name] = made.get(name, b"") + note(origin, grown.size, grown.root(), signers) + b"\n"
    return made


def log(entries, every=3):
    """(lines, {name: bytes}) of a whole signed log."""
    lines = forge.remade(entries, renumber=True, batches=True)
    return lines, {**forge.files(lines), **files(lines, every)}


def split_notes(raw):
    """The notes of a file, each with the line feed behind it; what is left over at the end is the last one."""
    made, at = [], 0
    while (end := notes.end_of_note(raw, at)) >= 0:
        made.append(raw[at:end + 1])
        at = end + 1
    return made + ([raw[at:]] if raw[at:] else [])


def size_of(raw):
    """Of a note with the line feed behind it; 0 of what is none."""
    try:
        return notes.read(raw[:-1]).size
    except notes.NotANote:
        return 0


def below(made, size):
    """The notes of the files that are of no more than `size` entries, in files that are not empty."""
    kept = {name: b"".join(one for one in split_notes(raw) if size_of(one) <= size)
            for name, raw in made.items() if name.endswith(".notes")}
    return {name: raw for name, raw in kept.items() if raw}


def newest(made):
    """The newest note of the files of a log: what an anchor holds."""
    name = max(n for n in made if n.endswith(".notes") and made[n])
    return split_notes(made[name])[-1][:-1]


def in_force_at(entries, size):
    """The vkey, by what the entries below `size` say."""
    signing = _Signing({})
    for entry in entries[:size]:
        signing.entry(entry)
    return signing.in_force
