"""Notes that were kept elsewhere: what they say of a log that is read once, from its beginning to its end."""

import keys
import notes
from regular import read_regular

MOST_BYTES = 256 * 1024 * 1024
WORSE = {"incomplete": 1, "tampered": 2}


class Anchor:
    """One file: its notes, and the worst that was found of it, as (how bad, text)."""

    def __init__(self, path):
        self.path, self.worst = path, (None, "")
        try:
            raw = read_regular(path, links=True, most=MOST_BYTES + 1)
        except OSError as error:
            self.notes = []
            return self.found("incomplete", str(error))
        # At size 0 a note says nothing, whoever signed it.
        self.notes = [note for note in notes.in_anchor(raw) if note.size > 0] if len(raw) <= MOST_BYTES else []
        if not self.notes:
            self.found("incomplete", "no note is in it, or it is too large")

    def found(self, how, text):
        if WORSE[how] > WORSE.get(self.worst[0], 0):
            self.worst = (how, text)


class Anchors:
    """Read all at once, before the log is: a live one grows."""

    def __init__(self, paths):
        self.files = [Anchor(path) for path in paths]
        self._at = {}  # {size: [(anchor, note)...]}
        self._held = []
        for anchor in self.files:
            for note in anchor.notes:
                self._at.setdefault(note.size, []).append((anchor, note))

    def begin(self, number):
        """The entries below `number` were pruned: a note of no more is of no use. In front of the first entry."""
        self._at = {size: found for size, found in self._at.items() if size > number}
        for anchor in self.files:
            if anchor.notes and not any(note.size > number for note in anchor.notes):
                anchor.found("incomplete", "no note is in it but of entries that were pruned")

    def entry(self, tree, in_force, origin):
        """Behind each entry. What is wrong with a note of an unfinished batch is overruled at the end."""
        for anchor, note in self._at.get(tree.size, ()):
            if note.origin != origin or not notes.holds(note, keys.public(in_force or "")):
                anchor.found("incomplete", f"size {note.size}: of another origin, or not signed by the key in force")
            elif note.root != tree.root():
                anchor.found("tampered", f"size {note.size}: another root than the log's")
            else:
                self._held.append(note.size)

    def end(self, whole, origin):
        """The log has `whole` entries in whole batches. A note of more: nobody can say which key was in force there."""
        self._held = [size for size in self._held if size <= whole]
        for size in self._at:
            for anchor, note in self._at[size] if size > whole else ():
                if note.origin == origin:
                    anchor.found("tampered", f"size {size}, and the log has {whole}")
                else:
                    anchor.found("incomplete", f"size {size}: of another origin")

    @property
    def size(self):
        """That of the newest one that holds."""
        return max(self._held, default=0)
