"""Reads on in an audit log, call by call, as it grows through crashes; docs/audit-format.md says what must hold."""

import base64
import json
import pathlib
import re
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "verifier"))
import tree  # noqa: E402  pylint: disable=wrong-import-position

SEAL = re.compile(rb'"e":"([^"]{11})"')
NOTE = re.compile(rb"([^\n]+)\n(\d+)\n([^\n]{44})\n\n\xe2\x80\x94 ([^\n ]+) ([^\n]+)\n\n")
ED25519_DER = bytes.fromhex("302a300506032b6570032100")


class Broken(AssertionError):
    """What stands in the log is not what may stand there."""


def _entry(line):
    """None for a line that is cut off."""
    try:
        return json.loads(line)
    except ValueError:
        return None


class Follower:
    """Of one log. `folder` may be another one each time: what is left of the same log."""

    def __init__(self, public_key_file, scratch):
        self._origin, _, key = pathlib.Path(public_key_file).read_text(encoding="ascii").strip().split("+", 2)
        self._scratch = pathlib.Path(scratch)
        (self._scratch / "key.der").write_bytes(ED25519_DER + base64.b64decode(key)[1:])
        self.size, self.segments, self.notes, self.signed = 0, 0, 0, 0
        self.newest_note = b""
        self._tree, self._previous = tree.Tree(), tree.NO_HASH
        self._segment, self._offset = 0, 0
        self._notes_of, self._notes_offset = 0, 0
        self._roots = {}  # by the sizes that no note is behind yet, where a batch ended

    def read_on(self, folder):
        """The entries that came since the last call, to the last whole batch; Broken for what no crash leaves."""
        folder, entries = pathlib.Path(folder), []
        while True:
            rest = self._read_segment(self._file(folder, self._segment, "jsonl"), entries)
            if not self._is_begun(self._file(folder, self.size, "jsonl")):
                break
            self._demand(not rest, "behind the last batch of a segment that another one follows something stands")
            self._segment, self._offset = self.size, 0
        later = [f.name for f in folder.glob("*.jsonl") if int(f.stem) > max(self._segment, self.size)]
        self._demand(not later, f"segments of entries that are not there: {later}")
        self._read_notes(folder)
        return entries

    @staticmethod
    def _file(folder, number, suffix):
        return folder / f"{number:020}.{suffix}"

    def _demand(self, holds, what):
        if not holds:
            raise Broken(f"entry {self.size}, segment {self._segment}, note {self.notes}: {what}")

    def _is_begun(self, file):
        """One that lacks its first batch is no part of the log: the next start removes it."""
        if self.size == self._segment or not file.exists():
            return False
        for line in file.read_bytes().split(b"\n")[:-1]:
            entry = _entry(line)
            if entry is None or "e" in entry:
                return entry is not None
        return False

    def _read_segment(self, file, entries):
        """What stands behind the last whole batch."""
        if not file.exists():
            return b""
        with file.open("rb") as opened:
            opened.seek(self._offset)
            raw = opened.read()
        begin = at = 0
        batch = []
        while (end := raw.find(b"\n", at)) > at and (entry := _entry(raw[at:end])) is not None:
            batch.append((raw[at:end], entry))
            at = end + 1
            if "e" in entry:
                entries += [self._accept(*one) for one in batch]
                self._roots[self.size] = self._tree.root()
                batch, begin = [], at
        self._offset += begin
        return raw[begin:]

    def _accept(self, line, entry):
        self._demand((entry["i"], entry["prev"], entry["@"]) == (self.size, self._previous, f"{self._origin}#v1"),
                     f"not the one that is due behind {self._previous}: {line}")
        if "e" in entry:
            seal = tree.seal(SEAL.sub(b'"e":""', line, count=1))
            self._demand(entry["e"] == seal, f"the seal is not {seal}: {line}")
        if entry["t"] == "segment":
            frontier = [tree.base64url(one) for one in self._tree.frontier]
            self._demand(entry["frontier"] == frontier, f"the frontier is not {frontier}: {line}")
            self.segments += 1
        leaf = tree.leaf(line)
        self._tree.add(leaf)
        self._previous = tree.base64url(leaf)
        self.size += 1
        return entry

    def _read_notes(self, folder):
        files = sorted(int(f.stem) for f in folder.glob("*.notes"))
        for number in [n for n in files if n >= self._notes_of]:
            if number != self._notes_of:
                self._notes_of, self._notes_offset = number, 0
            with self._file(folder, number, "notes").open("rb") as opened:
                opened.seek(self._notes_offset)
                raw = opened.read()
            at = 0
            while found := NOTE.match(raw, at):
                self._accept_note(*found.groups())
                self.newest_note, at = found[0][:-1], found.end()
            self._notes_offset += at
            self._demand(at == len(raw) or number == files[-1], f"what is no note: {raw[at:]}")

    def _accept_note(self, origin, size, root, name, signature):
        size = int(size)
        self._demand((origin.decode(), name.decode()) == (self._origin, self._origin), "a note of another log")
        self._demand(size > self.signed, f"a note of size {size} behind one of {self.signed}")
        self._demand(size in self._roots, f"a note of {size} entries, where no batch ends, of {self.size}")
        self._demand(base64.b64decode(root) == self._roots[size], f"the root at {size} is another one")
        text = b"%s\n%d\n%s\n" % (origin, size, root)
        self._demand(self._is_signed(text, base64.b64decode(signature)[4:]), f"the note of {size} is not signed")
        self.notes, self.signed = self.notes + 1, size
        self._roots = {known: value for known, value in self._roots.items() if known > size}

    def _is_signed(self, text, signature):
        (self._scratch / "text").write_bytes(text)
        (self._scratch / "signature").write_bytes(signature)
        checked = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", self._scratch / "key.der", "-rawin", "-in",
             self._scratch / "text", "-sigfile", self._scratch / "signature"], capture_output=True, check=False)
        return checked.returncode == 0
