"""Of docs/audit-sealing.md: the example, the field `sealed`, and the check `sealed` without the keys."""

import base64
import copy
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sealed_case
import sealed_sample
import sealing
import tree
from sample import ORIGIN

PAGE_PAIR = ["TCQ4ljwm9PP1qFZUZR3rNUBDXBdY0gCxZrN8WfWv7T8", "AAECAwQFBgcICQoL6N6vXgBhQ2gyZzbVdvYqQ7R9QBfSv+qf"]
PAGE_ROOT = b"\3" * 32


class Page(unittest.TestCase):
    PLACE = sealing.Place(ORIGIN, 3, 5, "text")

    def test_keys(self):
        self.assertEqual(sealing.child(0, PAGE_ROOT).hex(), "6f01a0c2c043658838a55eadf06e7539fca71cb46d5028e19f2b936530a20ccd")
        self.assertEqual(sealing.child(1, PAGE_ROOT).hex(), "099785e935a6daee4b20d64b0986f7307e73c273ff1156a14ee64e28d4c42daf")
        slot = sealing.below(PAGE_ROOT, 0, 5)
        self.assertEqual(slot.hex(), "a61ceb5dbf672cd2d36ad36d45ac29a644f4d94f935004044d5f82a3107067b7")
        self.assertEqual(sealing.below(PAGE_ROOT, 0, 1048575).hex(), "a43f10f9e28891dd6f0cab4c11265a4faf5fe276b6fcad47172ebf7ede0aca4f")
        self.assertEqual(sealing.box_key(slot, "text").hex(), "7f14b5116ffa6c7012e94e8aae57686c626d70e42ecbf880a2e083f78e1222aa")
        self.assertEqual(sealing.salt(slot, "text").hex(), "2ca685dc47149a211a7b58003ad16e301f555119f6a44398700d1a480dec67da")

    def test_sealed(self):
        slot = sealing.below(PAGE_ROOT, 0, 5)
        self.assertEqual(sealing.seal(slot, self.PLACE, b"SELECT 1", bytes(range(12))), PAGE_PAIR)
        self.assertEqual(sealing.opened(slot, self.PLACE, PAGE_PAIR), b"SELECT 1")
        told = sealing.commitment(b"\2" * 32, "sql", b"SELECT 1")
        self.assertEqual(tree.base64url(told), "z7xcg2Jo2usfM047Cw7tiVmr5eeXLyfC2TwoAlvNr_s")

    def test_bound_to_its_place(self):
        slot = sealing.below(PAGE_ROOT, 0, 5)
        for changed in ({"origin": ORIGIN + "x"}, {"epoch": 4}, {"slot": 6}, {"field": "reason"}):
            self.assertIsNone(sealing.opened(slot, self.PLACE._replace(**changed), PAGE_PAIR), changed)
        self.assertIsNone(sealing.opened(sealing.below(PAGE_ROOT, 0, 4), self.PLACE, PAGE_PAIR))
        self.assertIsNone(sealing.opened(slot, self.PLACE, ["A" * 43, PAGE_PAIR[1]]))


class Form(sealed_case.Sealed):
    """Check `fields`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        writer = sealed_sample.Writer()
        cls.at = {"decision": writer.statement(), "outcome": writer.failed(), "refused": writer.refused(), "dry_run": writer.tried()}
        writer.stop()
        cls.entries = writer.entries

    def assert_form(self, fits, change, of="decision"):
        """change: given the entry."""
        entries = copy.deepcopy(self.entries)
        change(entries[self.at[of]])
        found = self.of_entries(entries)
        self.assertEqual(found[1], [] if fits else [("fields", self.at[of])])

    def change(self, fits, name, value, of="decision"):
        self.assert_form(fits, lambda entry: entry["sealed"].update({name: value}), of)

    def test_in_order(self):
        for of in self.at:
            self.assert_form(True, lambda entry: None, of)

    def test_epoch_and_slot(self):
        for name in ("epoch", "slot"):
            self.assert_form(False, lambda entry: entry["sealed"].pop(name))
            for value in (-1, True, "1", [1], {}):
                self.change(False, name, value)
        self.assert_form(False, lambda entry: entry.update(sealed={"epoch": 1, "slot": 0}))
        for value in ([], "x", 7, {}, True):
            self.assert_form(False, lambda entry: entry.update(sealed=value))

    def test_fields_of_each_type(self):
        names = {"decision": ["parameters", "reason", "said", "text"], "dry_run": ["report"], "outcome": ["error"]}
        for of, own in names.items():
            for name in ("parameters", "reason", "said", "text", "report", "error", "role", "text_base64", "x", ""):
                def change(entry):
                    entry.pop("said", None)
                    entry["sealed"][name] = PAGE_PAIR
                self.assert_form(name in own, change, of)

    def test_field_without_a_name(self):
        for of in self.at:
            self.assert_form(False, lambda entry: entry.update({"": "x"}), of)
            self.change(False, "", PAGE_PAIR, of)

    def test_only_these_types(self):
        entries = copy.deepcopy(self.entries)
        sealed = entries[self.at["decision"]]["sealed"]
        for at, entry in enumerate(entries):
            if entry["t"] not in ("decision", "dry_run", "outcome"):
                made = copy.deepcopy(entries)
                made[at]["sealed"] = {"epoch": 0, "slot": 0, "text": sealed["text"]}
                self.assertEqual(self.of_entries(made)[1], [("fields", at)], entry["t"])

    def test_pair(self):
        commitment, box = PAGE_PAIR
        for value in ([], [commitment], [commitment, box, box], [commitment, 7], [7, box], {"0": commitment, "1": box}, box,
                      [commitment[:-1], box], [commitment + "A", box], [commitment[:-1] + "9", box], [commitment[:-1] + "+", box],
                      [commitment + "=", box], [commitment, ""], [commitment, box[:-1]], [commitment, box.replace("+", "-")],
                      [commitment, base64.b64encode(bytes(27)).decode()], [commitment, box[:-4] + "qf=="], [box, commitment]):
            self.change(False, "text", value)
        self.change(True, "text", [commitment, base64.b64encode(bytes(28)).decode()])
        self.change(True, "text", ["A" * 43, base64.b64encode(bytes(2000)).decode()])

    def test_not_in_the_clear_beside_it(self):
        for name, value in (("text", "x"), ("text_base64", "/w=="), ("parameters", []), ("text", "")):
            self.assert_form(False, lambda entry: entry.update({name: value}))
        for value in ({"reason": "x"}, {"reason_base64": "/w==", "confidence": 7}):
            self.assert_form(False, lambda entry: entry.update(said=value))
        self.assert_form(True, lambda entry: entry.update(reason="said of names", reason_base64="/w=="))
        self.assert_form(False, lambda entry: entry.update(reason="not allowed"), "refused")
        self.assert_form(False, lambda entry: entry.update(report="{}"), "dry_run")
        self.assert_form(False, lambda entry: entry.update(error_base64="/w=="), "outcome")

    def test_what_is_in_the_clear_need_not_be_sealed(self):
        self.assert_form(True, lambda entry: entry.update(text="x", sealed={n: v for n, v in entry["sealed"].items() if n != "text"}))

        def plain(entry):
            del entry["sealed"]
            entry["error"] = "no table"
        self.assert_form(True, plain, "outcome")

    def test_other_entries(self):
        erase = {"hash": "x", "order": "x", "before": 1, "class": "x"}
        read = {"by": "x", "first": 1, "last": 2, "records": 3, "classes": ["text", {"base64": "/w=="}], "purpose": "x"}
        forms = [("erase", {k: erase[k] for k in ("hash", "order")}, set()), ("erase", {k: erase[k] for k in ("before", "class")}, set()),
                 ("hold", {k: erase[k] for k in ("hash", "order")}, set()), ("read", read, {"classes", "purpose"}),
                 ("export", {**read, "hash": "x"}, {"classes", "purpose"})]
        for kind, form, optional in forms:
            self.assert_other(kind, form, True)
            for name in form:
                self.assert_other(kind, {k: v for k, v in form.items() if k != name}, name in optional)
                wrong = "x" if type(form[name]) is int or isinstance(form[name], list) else 7
                self.assert_other(kind, {**form, name: wrong}, False)
                if isinstance(form[name], str):
                    self.assert_other(kind, {**{k: v for k, v in form.items() if k != name}, name + "_base64": "/w=="}, True)
            for name in erase:
                if name not in form:
                    self.assert_other(kind, {**form, name: erase[name]}, False)
        self.assert_other("erase", {}, False)
        self.assert_other("erase", {"hash": "x", "class": "x"}, False)
        self.assert_other("erase", {"order": "x", "before": 1}, False)
        self.assert_other("read", {**read, "records": -1}, False)
        self.assert_other("read", {**read, "classes": ["text", 7]}, False)

    def assert_other(self, kind, form, fits):
        """An entry of this form in front of the last one. What it says is of no order."""
        entries = copy.deepcopy(self.entries)
        last = entries.pop()
        entries.append({**{k: last[k] for k in ("@", "b", "e", "i", "prev", "ts")}, "t": kind, **form})
        entries.append({**last, "i": last["i"] + 1})
        found = self.of_entries(entries)[1]
        wanted = [] if kind in ("read", "export") else [("retention" if "before" in form else "order", last["i"])]
        self.assertEqual(found, wanted if fits else [("fields", last["i"])], (kind, form))


class Names(sealed_case.Sealed):
    """Check `sealed`, without the keys."""

    def assert_named(self, fits, **changed):
        writer = sealed_sample.Writer()
        writer.statement()
        at, erased = writer.failed(), writer.statement()
        writer.entries[at]["sealed"].update(changed)
        writer.erase(sealed_sample.order(records=f"{at}-{erased}"))
        writer.stop()
        self.assert_found(writer, *([] if fits else [("sealed", at)]))
        return writer, at

    def test_epoch(self):
        _, at = self.assert_named(True)
        for epoch, fits in ((0, True), (at, True), (at + 1, False), (2**53 - 1, False)):
            self.assert_named(fits, epoch=epoch)

    def test_slot(self):
        for slot, fits in ((2**20 - 1, True), (2**20, False), (2**53 - 1, False)):
            self.assert_named(fits, slot=slot)

    def test_one_finding_of_both(self):
        self.assert_named(False, slot=2**20, epoch=1000)

    def test_the_entry_counts_otherwise(self):
        """A decision whose `sealed` is none is a decision."""
        writer = sealed_sample.Writer()
        at = writer.statement()
        writer.entries[at]["sealed"]["slot"] = 2**20
        writer.entries[at]["agent_seq"] = 9
        writer.statement()
        self.assert_found(writer, ("counters", at), ("sealed", at), ("counters", at + 2))


if __name__ == "__main__":
    unittest.main()
