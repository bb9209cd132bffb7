"""proof.py: what the definitions of RFC 6962 make is taken, and nothing else is."""

import base64
import hashlib
import random
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import case
import notes
import proof
import tree

PAGE_LEAVES = list(map(bytes.fromhex, ["a21e5427ebfb953c9fc6dfe64f240e42e79a11be920206577d4519e797a7c6f4",
                                       "5e09cd13264c0aafe121eb886ad757013984409e630d4acfcef9da3834d17e65",
                                       "7a49342e6ef8aabbd14e2fa077873677ea28e4701df03c5b52c6c468d184a78e"]))
PAGE_ROOTS = list(map(bytes.fromhex, ["a21e5427ebfb953c9fc6dfe64f240e42e79a11be920206577d4519e797a7c6f4",
                                      "373c8c7521b3dcb9676578f3130a3094a4d73efd57bb608779b9b3ab901d4f21",
                                      "480753836f149e4a918132be7fc8273e21ae2948665f4b2053b47225cdd0128a"]))
NOTHING = hashlib.sha256(b"").digest()


def b64(raw):
    return base64.b64encode(raw).decode("ascii")


class Page(unittest.TestCase):
    def test_example(self):
        leaves, roots = PAGE_LEAVES, PAGE_ROOTS
        self.assertEqual([tree.root_by_definition(leaves[:n]) for n in (1, 2, 3)], roots)
        self.assertEqual(tree.inclusion_by_definition(0, leaves), leaves[1:])
        self.assertEqual(tree.inclusion_by_definition(2, leaves), [roots[1]])
        self.assertEqual(tree.consistency_by_definition(1, leaves), leaves[1:])
        self.assertEqual(tree.consistency_by_definition(2, leaves), leaves[2:])


class Algorithms(unittest.TestCase):
    LARGEST = 34

    def setUp(self):
        self.leaves = [tree.leaf(bytes([n])) for n in range(self.LARGEST)]
        self.roots = [tree.root_by_definition(self.leaves[:n]) for n in range(self.LARGEST + 1)]

    def wrong_paths(self, path):
        yield path + [self.leaves[0]]
        for at in range(len(path)):
            yield path[:at] + path[at + 1:]
            yield path[:at] + [self.leaves[-1] if path[at] != self.leaves[-1] else NOTHING] + path[at + 1:]
            if at and path[at] != path[at - 1]:
                yield path[:at - 1] + [path[at], path[at - 1]] + path[at + 1:]

    def test_inclusion(self):
        for size in range(1, self.LARGEST + 1):
            for index in range(size):
                path, leaf = tree.inclusion_by_definition(index, self.leaves[:size]), self.leaves[index]
                self.assertTrue(proof.included(leaf, index, size, path, self.roots[size]))
                for other in range(size + 2):
                    told = proof.included(leaf, other, size, path, self.roots[size])
                    self.assertEqual(told, other == index, (size, index, other))
                for wrong in self.wrong_paths(path):
                    self.assertFalse(proof.included(leaf, index, size, wrong, self.roots[size]))

    def test_consistency(self):
        for size in range(self.LARGEST + 1):
            for old in range(size + 1):
                path = tree.consistency_by_definition(old, self.leaves[:size])
                told = (old, self.roots[old], size, self.roots[size])
                self.assertTrue(proof.consistent(*told, path), (old, size))
                for wrong in self.wrong_paths(path):
                    self.assertFalse(proof.consistent(*told, wrong), (old, size))
                for other in range(self.LARGEST + 1):
                    if other != old:
                        self.assertFalse(proof.consistent(old, self.roots[other], size, self.roots[size], path))
                    if other != size and old > 0:
                        self.assertFalse(proof.consistent(old, self.roots[old], size, self.roots[other], path))

    def test_edges(self):
        self.assertFalse(proof.consistent(2, self.roots[2], 1, self.roots[1], []))
        self.assertFalse(proof.consistent(0, self.roots[1], 1, self.roots[1], []))
        self.assertFalse(proof.consistent(0, self.roots[1], 0, self.roots[1], []))
        self.assertFalse(proof.included(self.leaves[0], 0, 0, [], self.roots[0]))


class Files(case.Signed):
    def setUp(self):
        self.leaves = [tree.leaf(line) for line in self.lines]
        self.hashes = lambda path: "".join(b64(one) + "\n" for one in path)

    def inclusion(self, index, note):
        path = tree.inclusion_by_definition(index, self.leaves[:notes.read(note).size])
        line = b64(self.lines[index])
        return f"c2sp.org/tlog-proof@v1\nextra {line}\nindex {index}\n{self.hashes(path)}\n".encode() + note

    def consistency(self, old, note):
        path = tree.consistency_by_definition(old, self.leaves[:notes.read(note).size])
        return f"old {old}\n{self.hashes(path)}\n".encode() + note

    def test_inclusion_of_all(self):
        for number, by in ((0, 0), (1, 1), (2, 2)):
            note = self.notes(number)[1]
            for index in range(notes.read(note).size):
                line, told, _ = proof.check_inclusion(self.inclusion(index, note), [self.keys[by]])
                self.assertEqual((line, told), (self.lines[index], index))

    def test_inclusion_changed(self):
        raw, vkeys = self.inclusion(4, self.notes(0)[0]), [self.keys[0]]
        for old, new in ((b"index 4", b"index 3"), (b"index 4", b"index 04"), (b"index", b"Index"), (b"@v1", b"@v2"),
                         (b"extra ", b"extra"), (b"extra ", b"extra  "), (b"\nindex 4", b"\n\nindex 4"), (b"\n\n", b"\n"),
                         (b"\n", b"\r\n"), (b"\n5\n", b"\n6\n")):
            self.assertIn(old, raw)
            with self.assertRaises(proof.Refused, msg=(old, new)):
                proof.check_inclusion(raw.replace(old, new, 1), vkeys)
        another = self.inclusion(3, self.notes(0)[0]).replace(b"index 3", b"index 4")
        for wrong in (b"", raw[:-1], raw + b"\n", raw[1:], another):
            self.assertRaises(proof.Refused, proof.check_inclusion, wrong, vkeys)

    def test_keys(self):
        raw = self.inclusion(4, self.notes(0)[0])
        self.assertRaises(proof.Refused, proof.check_inclusion, raw, self.keys[1:])
        proof.check_inclusion(raw, self.keys)
        other = self.signed(9, origin="other")
        self.assertRaises(proof.Refused, proof.check_inclusion, self.inclusion(4, other), self.keys)

    def test_any_byte(self):
        """There is nothing in it that may be otherwise."""
        chance, raw = random.Random(5), self.inclusion(4, self.notes(0)[0])
        for _ in range(400):
            at = chance.randrange(len(raw))
            changed = raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1:]
            self.assertRaises(proof.Refused, proof.check_inclusion, changed, self.keys[:1])

    def test_what_is_signed_and_no_entry_of_this_place(self):
        """The path holds; what stands at its end says something else than where it is, or nothing."""
        for line in (b"", b"hello", self.lines[3], self.lines[4].replace(b"pg-prod-1#", b"pg-prod-2#"), self.lines[4] + b"\n",
                     self.lines[4].replace(b'"ts":', b'"ts":-')):
            lines = [*self.lines[:4], line, *self.lines[5:9]]
            leaves = [tree.leaf(one) for one in lines]
            path = tree.inclusion_by_definition(4, leaves)
            self.assertTrue(proof.included(leaves[4], 4, 9, path, tree.root_by_definition(leaves)))
            note = self.signed(9, root=tree.root_by_definition(leaves))
            raw = f"c2sp.org/tlog-proof@v1\nextra {b64(line)}\nindex 4\n{self.hashes(path)}\n".encode() + note
            with self.assertRaises(proof.Refused, msg=line) as told:
                proof.check_inclusion(raw, self.keys[:1])
            self.assertEqual(isinstance(told.exception, proof.Undecided), line == b"")

    def test_consistency_of_all(self):
        made = [note for number in range(3) for note in self.notes(number)]
        for old in made:
            for new in made:
                sizes = notes.read(old).size, notes.read(new).size
                if sizes[0] <= sizes[1]:
                    proof.check_consistency(self.consistency(sizes[0], new), old, self.keys)
                else:
                    raw = f"old {sizes[0]}\n\n".encode() + new
                    self.assertRaises(proof.Refused, proof.check_consistency, raw, old, self.keys)

    def test_consistency_changed(self):
        old, new = self.notes(0)[0], self.notes(0)[1]
        raw = self.consistency(5, new)
        forked, one = self.signed(5, root=self.root(4)), b64(NOTHING).encode() + b"\n"
        for wrong, before in ((raw, self.notes(0)[2]), (raw, forked), (raw, self.signed(5, by=(3,))), (raw[:-1], old),
                              (raw.replace(b"old 5", b"old 05"), old), (raw.replace(b"old 5", b"old 4"), old),
                              (raw.replace(b"\n", b"\n" + one, 1), old), (b"old 5\n" + one * 64 + b"\n" + new, old)):
            self.assertRaises(proof.Refused, proof.check_consistency, wrong, before, self.keys[:1])

    def test_command(self):
        key = self.beside("log.key.pub", self.keys[0].encode() + b"\n")
        file = self.beside("4.tlog-proof", self.inclusion(4, self.notes(0)[0]))
        old, newer = self.beside("old", self.notes(0)[0]), self.beside("newer", self.consistency(5, self.notes(0)[1]))
        command = [sys.executable, "-B", HERE / "proof.py", "check"]
        run = lambda *told: subprocess.run([*command, *told], capture_output=True).returncode
        self.assertEqual(run(file, "--key", key), 0)
        self.assertEqual(run(newer, "--key", key, "--from", old), 0)
        self.assertEqual(run(newer, "--key", key), 2)
        self.assertEqual(run(file, "--key", old), 2)
        broken = file.read_bytes().replace(b"index 4", b"index 3")
        self.assertEqual(run(self.beside("3.tlog-proof", broken), "--key", key), 1)
        self.assertEqual(run(self.place / "nothing there", "--key", key), 2)


if __name__ == "__main__":
    unittest.main()
