"""What the tests of signed and of sealed logs have in common: a folder for the log, files beside it, and what the second verifier
says. Where there is a built verifier that knows what is tested, it has to say the same of each."""

import base64
import pathlib
import tempfile
import unittest

import built
import canonical
import forge_notes
import keys
import notes
import sample
import tree
import verifier


class Folder(unittest.TestCase):
    """`place`: a folder of the class's own."""

    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory(prefix="portcullis-verifier-")
        cls.addClassCleanup(place.cleanup)
        cls.place = pathlib.Path(place.name)

    def lay(self, files, name="log"):
        """A folder that holds these files alone."""
        folder = self.place / name
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return folder

    def beside(self, name, data):
        path = self.place / name
        path.write_bytes(data)
        return path

    def judged(self, files, trusted, anchors, sealing_keys=None, built_knows=built.knows_keys):
        """(exit code, [(check, entry)...]). trusted: vkeys; anchors: bytes; sealing_keys: {name: bytes}."""
        paths = [self.beside(f"anchor-{number}", data) for number, data in enumerate(anchors)]
        folder = self.lay(files)
        opened = self.lay(sealing_keys, "sealing") if sealing_keys is not None else None
        result = verifier.verify(folder, trusted, paths, opened)
        found = [(f.check, f.entry) for f in result.findings]
        if built_knows():
            given = [self.beside(f"{number}.pub", key.encode() + b"\n") for number, key in enumerate(trusted)]
            other = built.verify(folder, given, paths, opened)
            self.assertEqual((other.status, other.found), (result.status, found), f"{other.printed}\n{result.findings}")
        return result.status, found


class Signed(Folder):
    """`lines`, `files`: a log of three segments and three keys, in order."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lines, cls.files = sample.signed(rotations=[5, 16], segments=[8, 20])
        cls.entries = [canonical.read(line) for line in cls.lines]
        cls.keys = [keys.of_seed(sample.ORIGIN, seed) for seed in forge_notes.SEEDS]
        cls.anchor = forge_notes.newest(cls.files)
        cls.size = len(cls.lines)

    def found(self, files, trusted=None, anchors=None):
        """(exit code, [(check, entry)...]); the log's first key and its own newest note, where nothing else is said."""
        trusted = self.keys[:1] if trusted is None else trusted
        anchors = [self.anchor] if anchors is None else anchors
        return self.judged(files, trusted, anchors)

    # --- notes --------------------------------------------------------------------------------------------------------
    def names(self):
        return sorted(name for name in self.files if name.endswith(".notes"))

    def notes(self, number):
        """Those of the segment of this number, one behind the other, without the line feed behind each."""
        return [one[:-1] for one in forge_notes.split_notes(self.files[self.names()[number]])]

    def with_notes(self, number, made):
        """The log's files with these notes for the segment of this number."""
        return {**self.files, self.names()[number]: b"".join(one + b"\n" for one in made)}

    def root(self, size):
        grown = tree.Tree()
        for line in self.lines[:size]:
            grown.add(tree.leaf(line))
        return grown.root()

    def signed(self, size, root=None, by=(0,), origin=sample.ORIGIN):
        """A note by keys of these numbers."""
        known = [(keys.of_seed(origin, forge_notes.SEEDS[n]), forge_notes.SEEDS[n]) for n in by]
        return forge_notes.note(origin, size, self.root(size) if root is None else root, known)

    @staticmethod
    def sizes(made):
        return [notes.read(one).size for one in made]


def line_by(name, raw=b"\0" * 72):
    """A signature line that may be of no key at all."""
    return notes.DASH + name.encode("utf-8") + b" " + base64.b64encode(raw) + b"\n"
