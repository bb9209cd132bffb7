"""The files of notes of a log, checked as the log is read. A note is looked at by itself when its turn comes, and against the
log when a batch ends at its size or beyond; the first thing that is wrong ends the checking of its file."""

import keys
import notes


class File:
    """One file of notes; `next` is the note whose turn it is. `raw`: bytes, or the OSError why there are none."""

    def __init__(self, name, raw, last):
        self._unread = raw if isinstance(raw, OSError) else None
        self.name, self._raw, self._last = name, b"" if self._unread else raw, last
        self._begin = self._behind = 0  # of the note whose turn it is
        self.above = int(name[:20])  # the size of the note before
        self.next, self.ended = None, False

    @property
    def place(self):
        line = self._raw.count(b"\n", 0, self._begin) + 1
        return f"{self.name}:{line}"

    def look(self, origin):
        """Goes on to the next note; (check, text) of what is wrong with it by itself, or None."""
        self.next, self._begin = None, self._behind
        if self._unread:
            return "read", str(self._unread)
        end = notes.end_of_note(self._raw, self._begin)
        if end < 0:
            return self._left_over(self._raw[self._begin:])
        self._behind = end + 1
        try:
            self.next = notes.read(self._raw[self._begin:end])
        except notes.NotANote as error:
            return "notes", str(error)
        if origin is not None and self.next.origin != origin:
            return "notes", "it is of another log"
        return ("notes", "the sizes do not rise") if self.next.size <= self.above else None

    def _left_over(self, raw):
        if not raw:
            return None
        torn = self._last and len(raw) < notes.MOST_BYTES
        return "torn tail" if torn else "notes", "a part of a note at the end"


class Notes:
    """`files`: {name: bytes or OSError}, all that were there before the first segment was read. `report(check, text, place)` is called for
    what does not hold, at most once a file. `covered`: the size of the newest note that holds."""

    def __init__(self, report, history, files):
        self._report, self._history, self._files = report, history, files
        self._file, self._origin = None, None
        self.covered = 0

    def _wrong(self, check, text):
        self._file.ended, self._file.next = True, None
        self._report(check, text, self._file.place)

    def _look(self):
        wrong = self._file.look(self._origin)
        if wrong:
            self._wrong(*wrong)

    def begin(self, segment, last):
        """At the beginning of a segment whose name is in order."""
        if self._file:
            self._miss(int(segment[:20]))
        name = f"{segment[:20]}.notes"
        self._file, self._origin = File(name, self._files.get(name, b""), last), None

    def first(self, origin):
        """With the first entry of the segment, before all else is said of that one."""
        self._origin = origin
        self._look()

    def _miss(self, number):
        if not self._file.ended and self._history.in_force is not None and self._file.above != number:
            self._wrong("notes", "no note of the segment's end")

    def end(self):
        """Behind a segment, and behind its torn tail."""
        if self._file and self._origin is None:  # it had no entry
            self._look()
        if self._file and self._file.next:
            self._wrong("notes", f"size {self._file.next.size} is beyond the segment")

    def batch(self, size, root):
        """A batch ended."""
        note = self._file.next
        if note is None or note.size > size:
            return
        wrong = self._wrong_here(note, size, root)
        if wrong:
            return self._wrong(*wrong)
        self.covered = self._file.above = size
        self._history.olds.clear()
        return self._look()

    def _wrong_here(self, note, size, root):
        if note.size != size:
            return "notes", f"size {note.size} is not where a batch ended"
        signers = [self._history.in_force] + [old for _, old in self._history.olds]
        if not all(one is not None and notes.holds(note, keys.public(one)) for one in signers):
            return "signature", f"the note of size {size} is not signed by the keys that it needs"
        return None if note.root == root else ("root", f"the note of size {size} has another root than the log")
