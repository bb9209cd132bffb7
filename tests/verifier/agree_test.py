"""The built verifier and the one of this folder, which was written from docs/audit-format.md, say the same of every log:
exit code, checks, entries, root and last leaf. And whatever is done to a log is either found by both, or what no verifier can
find without the noted hash: docs/audit-format.md, "What the chain alone cannot show"."""

import base64
import collections
import hashlib
import json
import os
import pathlib
import random
import re
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import attack_test
import built
import canonical
import case
import forge
import forge_notes
import forge_seals
import gate as gates
import keys
import mutations
import note_mutations
import real_log
import tree
import verifier

MUTATIONS = int(os.environ.get("PORTCULLIS_MUTATIONS", "400"))
SEED = int(os.environ.get("PORTCULLIS_TEST_SEED", "1"))
NOBODY = ["unsigned", "no anchor"]  # what is said of every log of a gate without a key


class Case(case.Folder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.logs = real_log.logs(cls.place)

    def assert_agree(self, folder, what, trusted=(), anchors=(), sealing_keys=None):
        """What both say, after it turned out to be the same. trusted: vkeys; anchors: bytes; sealing_keys: a folder."""
        given = [self.beside(f"{number}.pub", key.encode() + b"\n") for number, key in enumerate(trusted)]
        paths = [self.beside(f"{number}.anchor", data) for number, data in enumerate(anchors)]
        status, found, printed = built.verify(folder, given, paths, sealing_keys)
        result = verifier.verify(folder, trusted, paths, sealing_keys)
        if (status, found) != (result.status, [(f.check, f.entry) for f in result.findings]):
            self.fail(f"{what}:\n{printed}and from the page: {result.status} {result.findings}")
        for word, value in (("root", result.root), ("last leaf", result.last_leaf)):
            told = re.search(rf"{word} ([0-9a-f]{{64}})", printed)
            if told:
                self.assertEqual(told[1], value, f"{what}: {word}")
        return result


class RealLogs(Case):
    def test_logs_of_the_gate(self):
        for name, folder in self.logs.items():
            with self.subTest(name):
                result = self.assert_agree(folder, name)
                self.assertEqual([f.check for f in result.findings], ["torn tail"] * (name == "torn") + NOBODY)
                self.assertEqual(result.status, 2)
                self.assertGreater(result.size, 15)
                opened = real_log.sealing_keys_of(folder)
                if opened.exists() and built.knows_sealing():
                    with_keys = self.assert_agree(folder, name, sealing_keys=opened)
                    self.assertEqual(with_keys.findings, result.findings)

    def test_what_the_forge_writes_of_a_log_is_the_log(self):
        entries = forge.read_log(self.logs["stopped"])
        lines = b"".join(line + b"\n" for line in forge.remade(entries, renumber=True, batches=True))
        [segment] = self.logs["stopped"].glob("*.jsonl")
        self.assertEqual(lines, segment.read_bytes())

    def test_root_is_that_of_the_definition(self):
        lines = forge.remade(forge.read_log(self.logs["stopped"]))
        grown = tree.Tree()
        for size, line in enumerate(lines, start=1):
            grown.add(tree.leaf(line))
            self.assertEqual(grown.root(), tree.root_by_definition([tree.leaf(one) for one in lines[:size]]))


class Page(Case):
    """Where the built verifier once did otherwise than the page says."""

    def assert_page(self, check, change):
        """Both find `check` alone, or nothing for None, beside that nobody signed, in the log of several starts that `change`
        was done to."""
        entries = forge.read_log(self.logs["stopped"])
        change(entries, [n for n, e in enumerate(entries) if e["t"] == "close"][0])
        folder = self.lay(forge.files(forge.remade(entries, renumber=True, batches=True)))
        wanted = ([check] if check else []) + NOBODY
        self.assertEqual([f.check for f in verifier.verify(folder).findings], wanted)
        told = built.verify(folder)
        self.assertEqual([name for name, _ in told.found], wanted, told.printed)

    def test_silence_before_a_close(self):
        def change(entries, close):
            entries[close]["ts"] += 3600 * mutations.SECONDS
        self.assert_page("silence", change)

    def test_segment_of_another_start_than_the_one_it_begins(self):
        def change(entries, _):
            entries[0]["boot"] = "0" * 32
        self.assert_page("order", change)

    def test_clock_that_was_set_between_two_starts_of_which_one_begins_with_a_segment(self):
        def change(entries, close):
            for entry in entries[close + 1:]:
                entry["ts"] -= 3600 * mutations.SECONDS
            following = entries[close + 1]
            entries.insert(close + 1, {**entries[0], "boot": following["boot"], "e": "", "i": -1, "ts": following["ts"]})
        self.assert_page(None, change)


class Mutated(Case):
    def test_both_find_the_same(self):
        logs = {name: {f.name: f.read_bytes() for f in folder.glob("*.jsonl")} for name, folder in self.logs.items()}
        entries = {name: forge.read_log(folder) for name, folder in self.logs.items() if name != "torn"}
        seen = collections.Counter()
        for number in range(MUTATIONS):
            chance = random.Random(SEED * 1_000_003 + number)
            what, name, files = self.mutate(chance, logs, entries)
            if files is None:
                continue
            result = self.assert_agree(self.lay(files), f"seed {SEED}, number {number}, {what} of {name}")
            seen[result.findings[0].check] += 1
            if [f.check for f in result.findings] == NOBODY:
                self.assert_outside_any_claim(logs[name], files, what, result)
        print(f"{MUTATIONS} mutations:", dict(seen.most_common()), file=sys.stderr)
        if MUTATIONS >= 400:
            self.assertGreaterEqual(len(seen), 14, "checks that fired")

    def mutate(self, chance, logs, entries):
        """(what was done, to which log, the files then)."""
        way = chance.random()
        if way < 0.45:
            name = chance.choice(sorted(entries))
            what, lines = mutations.forged(chance, entries[name])
            return "forged " + what, name, lines and forge.files(lines)
        name = chance.choice(sorted(logs))
        files = dict(logs[name])
        one = chance.choice(sorted(files))
        if way < 0.75:
            change = chance.choice(mutations.BYTES)
            files[one] = change(chance, files[one])
            return change.__name__, name, files
        if way < 0.9:
            files[one] = mutations.change_lines(chance, files[one], logs[chance.choice(sorted(logs))][sorted(files)[0]])
            return "change_lines", name, files
        return "change_files", name, mutations.change_files(chance, files)

    def assert_outside_any_claim(self, before, after, what, result):
        """In order after a change: it was none, or entries are missing behind a batch, or all hashes were made anew."""
        old, new = attack_test.entry_lines(before), attack_test.entry_lines(after)
        if not what.startswith("forged"):
            self.assertEqual(new, old[:len(new)], f"{what}: more than the log's end was changed")
        if new != old:
            leaf = tree.leaf(old[-1]).hex()
            self.assertNotEqual(result.last_leaf, leaf, f"{what}: the noted hash still stands there")


class Keygen(unittest.TestCase):
    def test_files_of_keys(self):
        """What `audit keygen` makes is what the page says of it."""
        with tempfile.TemporaryDirectory(prefix="portcullis-verifier-") as place:
            path, name = pathlib.Path(place) / "log.key", "gate.example.com/shop"
            self.assertEqual(gates.run("audit", "keygen", "--name", name, "--out", path).returncode, 0)
            public, private = keys.read_file(path.with_name("log.key.pub")), path.read_text()
            start, end = f"PRIVATE+KEY+{name}+{keys.public(public).id.hex()}+", "\n"
            self.assertTrue(private.startswith(start) and private.endswith(end))
            seed = base64.b64decode(private[len(start):-1], validate=True)
            self.assertEqual((len(seed), seed[:1]), (33, keys.ED25519))
            self.assertEqual(keys.of_seed(name, seed[1:]), public)


class OfAGate(Case):
    """What a gate signed itself."""

    def test_log_of_a_gate_that_changed_its_key(self):
        folder, vkeys, anchor = real_log.signed_log(self.place)
        for trusted in vkeys:
            result = self.assert_agree(folder, "a gate's own", [trusted], [anchor])
            self.assertEqual((result.status, result.findings), (0, []))
        for trusted, anchors, told in (([], [anchor], "no key"), (vkeys[:1], [], "no anchor")):
            result = self.assert_agree(folder, "a gate's own", trusted, anchors)
            self.assertEqual((result.status, [f.check for f in result.findings]), (2, [told]))
        [notes] = folder.glob("*.notes")
        notes.write_bytes(b"")
        result = self.assert_agree(folder, "without its notes", vkeys[:1], [anchor])
        self.assertEqual([f.check for f in result.findings], ["unsigned"])


class Signed(Case):
    """Logs of a gate, into which keys were put and notes beside them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        plain = forge.read_log(cls.logs["stopped"])
        cls.signed = {"signed": cls.sign(plain, set(), set(), 0), "late": cls.sign(plain, set(), {6, 14, 20}, 1),
                      "rotated": cls.sign(plain, {4, 9}, {6, 14, 20}, 0)}
        whole = {"pruned": cls.sign(plain, {9}, {6, 14, 20}, 0, pruned=1), "further": cls.sign(plain, set(), {6, 14, 20}, 0, pruned=2)}
        for name, log in whole.items():
            cls.signed[name] = cls.without(log)

    @staticmethod
    def first_kept(log):
        """By the order in it."""
        return next(canonical.read(line)["first"] for line in log.lines if b'"t":"prune"' in line)

    @classmethod
    def without(cls, log):
        """What the order in it prunes."""
        return note_mutations.Log(log.lines, forge.pruned(log.files, cls.first_kept(log)), log.trusted, log.anchors)

    @staticmethod
    def order(made, number):
        """To prune what is before the segment of this number, behind a configuration that says who may."""
        first = [n for n, e in enumerate(made) if e["t"] == "segment"][number]
        order = forge_seals.sign(forge_seals.order_text(forge_notes.origin_of(made), "prune", first=first))
        told = json.dumps({"audit": {"erasers": forge_seals.ERASERS}})
        common = {**{k: made[-1][k] for k in ("@", "b", "ts")}, "e": "", "prev": ""}
        return [{**common, "i": -5000, "t": "config", "bytes": told, "hash": hashlib.sha256(told.encode()).hexdigest()},
                {**common, "i": -5001, "t": "prune", "first": first, "hash": forge_seals.hash_of(order), "order": order.decode(),
                 "root": ""}]

    @classmethod
    def sign(cls, entries, rotations, segments, from_open, pruned=0):
        """With other keys, and in other segments, from the batches of these numbers on."""
        def begins(made):
            return [n for n in range(1, len(made)) if "e" in made[n - 1]]
        made = forge_notes.rotated(entries, {begins(entries)[n] for n in rotations})
        made = forge.split(made, {begins(made)[n] for n in segments})
        if pruned:
            made[-1:-1] = cls.order(made, pruned)
        lines, files = forge_notes.log(forge_notes.keyed(made, from_open))
        origin = forge_notes.origin_of(entries)
        return note_mutations.Log(lines, files, [keys.of_seed(origin, forge_notes.SEEDS[0])], [forge_notes.newest(files)])

    def test_clean(self):
        for name, log in self.signed.items():
            result = self.assert_agree(self.lay(log.files), name, log.trusted, log.anchors)
            self.assertEqual((result.status, result.findings), (0, []), name)
            for trusted, anchors in (([], []), (log.trusted, []), ([], log.anchors)):
                self.assertEqual(self.assert_agree(self.lay(log.files), name, trusted, anchors).status, 2)

    def test_both_find_the_same(self):
        seen = collections.Counter()
        for number in range(MUTATIONS):
            chance = random.Random(SEED * 1_000_003 + number)
            name = chance.choice(sorted(self.signed))
            what, log = note_mutations.mutated(chance, self.signed[name])
            message = f"seed {SEED}, number {number}, {what} of {name}"
            if chance.random() < 0.2:
                begins = sorted({int(one[:20]) for one in log.files if one[:20].isdigit()})
                log.files = forge.pruned(log.files, chance.choice(begins or [0]))
            result = self.assert_agree(self.lay(log.files), message, log.trusted, log.anchors)
            seen.update({f.check for f in result.findings} or ["clean"])
        print(f"{MUTATIONS} mutations of signed logs:", dict(seen.most_common()), file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
