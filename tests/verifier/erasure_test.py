"""Of docs/audit-sealing.md, "What must hold": `order`, `hold` and `retention`."""

import base64
import json
import sys
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import built
import erasure
import forge_seals
import keys
import sealed_case
from sample import ORIGIN, SECOND
from sealed_sample import Writer, order, release


class Config(unittest.TestCase):
    """What a `config` says of erasers and of retention."""

    def test_erasers(self):
        own = {keys.public(key) for key in forge_seals.ERASERS}
        for told, found in ((forge_seals.ERASERS, own), ([*forge_seals.ERASERS, 7, None, "x", "", ["x"], forge_seals.ERASERS[0]], own),
                            ([], set()), (forge_seals.ERASERS[0], set()), ({"a": forge_seals.ERASERS[0]}, set()), (None, set()), (7, set())):
            raw = json.dumps({"audit": {"erasers": told}}).encode()
            self.assertEqual(erasure.erasers_of(erasure.audit_of(raw)), found)
        self.assertEqual(erasure.erasers_of(erasure.audit_of(b'{"audit":{}}')), set())

    def test_retention(self):
        for told, found in (({"text": 7}, {"text": 7}), ({"text": 0, "said": 1, "x": 1}, {"text": 0, "said": 1}),
                            ({"parameters": 2**53 - 1}, {"parameters": 2**53 - 1}),
                            ({"text": -1}, {}), ({"text": 2**53}, {}), ({"text": 7.0}, {}), ({"text": "7"}, {}), ({"text": True}, {}),
                            ({"text": None, "said": 1}, {"said": 1}), ([7], {}), (7, {}), (None, {})):
            raw = json.dumps({"audit": {"retention_ms": told}}).encode()
            self.assertEqual(erasure.retention_of(erasure.audit_of(raw)), found)

    def test_json(self):
        for raw in (b"", b"{", b"[]", b"7", b"null", b"\xff", b'{"audit":[]}', b'{"audit":null}', b'{"audit":{"x":NaN}}',
                    b'{"audit":{"a":1},}', b'\xef\xbb\xbf{"audit":{"a":1}}', b'// x\n{"audit":{"a":1}}', b'{"audit":{"a":"\\ud800"}}',
                    b'{"audit":{"a":01}}', b"[" * 100_000):
            self.assertEqual(erasure.audit_of(raw), {}, raw[:40])
        self.assertEqual(erasure.audit_of(b' {"audit" : {"a":1}, "x":1e3, "audit":{"a":2}}\n'), {"a": 2})


class Orders(sealed_case.Sealed):
    """Check `order`."""

    def setUp(self):
        self.writer = Writer()
        self.first = self.writer.statement()
        self.last = self.writer.failed()

    def assert_erase(self, fits, raw, **changed):
        at = self.writer.erase(raw)
        self.assert_last(at, fits, changed)

    def assert_hold(self, fits, raw, **changed):
        at = self.writer.hold(raw)
        self.assert_last(at, fits, changed)

    def assert_last(self, at, fits, changed):
        """The entry at the end of the log, which is taken out again."""
        self.writer.entries[at].update(changed)
        self.assert_found(self.writer, *([] if fits else [("order", at)]))
        del self.writer.entries[at:]

    def test_action(self):
        erase, hold = order(records="4"), order("hold", records="4")
        self.assert_erase(True, erase)
        self.assert_hold(True, hold)
        self.assert_erase(False, hold)
        self.assert_hold(False, erase)
        self.assert_erase(False, release(hold))

    def test_no_order(self):
        good = order(records="4")
        for raw in (b"", b"x", good[:-1], good + b"\n", good.replace(b"\n\n", b"\n"), good.replace(b"erase", b"erases")):
            self.assert_erase(False, raw)
            self.assert_hold(False, raw)

    def test_of_this_log(self):
        for origin in ("other", ORIGIN + "x", ORIGIN[:-1], ORIGIN.upper(), ORIGIN + "#v1", ORIGIN + " "):
            self.assert_erase(False, order(records="4", origin=origin))
            self.assert_hold(False, order("hold", records="4", origin=origin))

    def test_signed(self):
        for signers, fits in (((0, 1), True), ((2, 1, 3), True), ((0,), False), ((0, 0), False), ((3,), False), ((0, 3), False)):
            self.assert_erase(fits, order(records="4", signers=signers))
            self.assert_hold(fits, order("hold", records="4", signers=signers))

    def test_hash(self):
        raw = order(records="4")
        told = forge_seals.hash_of(raw)
        for other in ("", "0" * 64, told.upper(), told[:-1], told + " ", forge_seals.hash_of(order(records="5"))):
            self.assert_erase(False, raw, hash=other)
        self.assert_hold(False, order("hold", records="4"), hash="0" * 64)

    def test_written_as_base64(self):
        raw = order(records="4")
        at = self.writer.erase(raw)
        entry = self.writer.entries[at]
        for name in ("hash", "order"):
            entry[name + "_base64"] = base64.b64encode(entry.pop(name).encode()).decode()
        self.assert_found(self.writer)
        entry["order"] = "x"  # which counts, where it stands in both ways
        self.assert_found(self.writer, ("order", at))

    def test_records_are_below_its_index(self):
        at = len(self.writer.entries)
        for records, fits in ((f"{at - 1}", True), (f"0-{at - 1}", True), (f"{at}", False), (f"4 {at}", False), (f"4-{at + 1}", False),
                              (f"{2**53 - 1}", False)):
            self.assert_erase(fits, order(records=records))
            self.assert_hold(fits, order("hold", records=records))

    def test_same_order_again(self):
        raw = order(records="4")
        self.writer.erase(raw)
        self.assert_erase(True, raw)

    def test_newest_config(self):
        alone = json.dumps({"audit": {"erasers": forge_seals.ERASERS[1:]}})
        self.writer.config(alone)
        self.assert_erase(False, order(records="4", signers=(0, 1)))
        self.assert_erase(True, order(records="4", signers=(1, 2)))
        self.writer.config(json.dumps({"audit": {"erasers": [forge_seals.VKEYS[3], forge_seals.VKEYS[0]]}}))
        self.assert_erase(False, order(records="4", signers=(1, 2)))
        self.assert_erase(True, order(records="4", signers=(0, 3)))
        for none in ("{}", "x", json.dumps({"erasers": forge_seals.ERASERS}), json.dumps({"audit": {"erasers": forge_seals.ERASERS[0]}})):
            self.writer.config(none)
            self.assert_erase(False, order(records="4", signers=(0, 1, 2)))

    def test_config_behind_it(self):
        raw = order(records="4", signers=(0, 3))
        at = self.writer.erase(raw)
        self.writer.config(json.dumps({"audit": {"erasers": forge_seals.VKEYS}}))
        again = self.writer.erase(raw)
        self.assert_found(self.writer, ("order", at))
        self.assertEqual(again, at + 2)

    def test_config_of_another_start_and_of_a_false_hash(self):
        self.writer.stop()
        self.writer.epoch()
        self.writer.add("open", boot="1" * 32, heartbeat=60_000, version="test")
        self.assert_erase(True, order(records="4"))
        self.writer.config("{}")
        at = len(self.writer.entries) - 1
        self.writer.entries[at]["hash"] = "0" * 64
        raw = order(records="4")
        behind = self.writer.erase(raw)
        self.assert_found(self.writer, ("config", at), ("order", behind))

    def test_outside_of_every_start(self):
        """One finding more, by another rule of the same name; the order counts."""
        self.writer.stop()
        hold = order("hold", records="4")
        at = self.writer.hold(hold)
        self.writer.start()
        erase = self.writer.erase(order(records="4"))
        self.assert_found(self.writer, ("order", at), ("hold", erase))


class Holds(sealed_case.Sealed):
    """Checks `hold` and, of what is released, `order`."""

    def setUp(self):
        self.writer = Writer()
        for _ in range(4):
            self.last = self.writer.failed()

    def test_blocks(self):
        self.writer.hold(order("hold", records="4-5 8", classes="said text"))
        for records, classes, held in (("4", "text", True), ("5 9", "text", True), ("0-9", "said", True), ("8", "parameters said", True),
                                       ("4-5 8", "parameters", False), ("6-7", "text", False), ("3 6 9", "said text", False)):
            at = self.writer.erase(order(records=records, classes=classes))
            self.assert_found(self.writer, *([("hold", at)] if held else []))
            del self.writer.entries[at:]

    def test_release_frees(self):
        hold, erase = order("hold", records="4"), order(records="4")
        self.writer.hold(hold)
        first = self.writer.erase(erase)
        self.writer.hold(release(hold))
        self.writer.erase(erase)
        self.assert_found(self.writer, ("hold", first))

    def test_each_of_several(self):
        one, other = order("hold", records="4"), order("hold", records="4", basis="another reason")
        self.writer.hold(one)
        self.writer.hold(other)
        self.writer.hold(release(one))
        held = self.writer.erase(order(records="4"))
        self.writer.hold(release(other))
        self.writer.erase(order(records="4"))
        self.assert_found(self.writer, ("hold", held))

    def test_only_what_is_in_force_is_released(self):
        hold = order("hold", records="4")
        before = self.writer.hold(release(hold))
        self.writer.hold(hold)
        self.writer.hold(release(hold))
        again = self.writer.hold(release(hold, basis="once more"))
        of_an_erasure = self.writer.hold(release(order(records="4")))
        self.assert_found(self.writer, ("order", before), ("order", again), ("order", of_an_erasure))

    def test_again(self):
        """In force it changes nothing; behind its release it is in force once more."""
        hold, erase = order("hold", records="4"), order(records="4")
        self.writer.hold(hold)
        self.writer.hold(hold)
        self.writer.hold(release(hold))
        self.writer.erase(erase)
        self.writer.hold(hold)
        held = self.writer.erase(erase)
        self.writer.hold(release(hold))
        self.writer.erase(erase)
        self.assert_found(self.writer, ("hold", held))

    def test_behind_a_violation_it_is_not_there(self):
        """A hold that is none holds nothing, a release that is none releases nothing."""
        wrong, hold = order("hold", records="4", signers=(0,)), order("hold", records="6")
        at = self.writer.hold(wrong)
        self.writer.erase(order(records="4"))
        none = self.writer.hold(release(wrong))
        self.writer.hold(hold)
        unsigned = self.writer.hold(release(hold, signers=(0, 3)))
        held = self.writer.erase(order(records="6"))
        self.assert_found(self.writer, ("order", at), ("order", none), ("order", unsigned), ("hold", held))

    def test_one_finding(self):
        self.writer.hold(order("hold", records="4"))
        at = self.writer.erase(order(records="4", signers=(0,)))
        self.assert_found(self.writer, ("order", at))

    def test_over_starts(self):
        self.writer.hold(order("hold", records="4"))
        self.writer.stop()
        self.writer.start()
        at = self.writer.erase(order(records="4"))
        self.assert_found(self.writer, ("hold", at))

    def test_most(self):
        with unittest.mock.patch.object(erasure, "MOST_HOLDS", 2), unittest.mock.patch.object(built, "BINARY", None):
            built.knows_keys.cache_clear()
            built.knows_sealing.cache_clear()
            self.addCleanup(built.knows_keys.cache_clear)
            self.addCleanup(built.knows_sealing.cache_clear)
            holds = [order("hold", records="4", basis=f"number {n}") for n in range(3)]
            for hold in (*holds[:2], holds[0]):
                self.writer.hold(hold)
            many = self.writer.hold(holds[2])
            none = self.writer.hold(release(holds[2]))
            self.writer.hold(release(holds[0]))
            self.writer.hold(holds[2])
            self.assert_found(self.writer, ("order", many), ("order", none))


class Retention(sealed_case.Sealed):
    """Check `retention`: 1 second of parameters, an hour of texts, none of what is said."""

    def setUp(self):
        self.writer = Writer()
        self.writer.statement()

    def assert_before(self, fits, past, kind):
        """Of what is `past` microseconds older than the entry."""
        at = self.writer.before(self.writer.now + SECOND - past, kind)
        self.assert_found(self.writer, *([] if fits else [("retention", at)]))
        del self.writer.entries[at:]
        self.writer._now -= SECOND

    def test_over(self):
        for past, fits in ((SECOND, True), (SECOND - 1, False), (3600 * SECOND, True), (0, False), (-SECOND, False)):
            self.assert_before(fits, past, "parameters")
        for past, fits in ((3600 * SECOND, True), (3600 * SECOND - 1, False)):
            self.assert_before(fits, past, "text")

    def test_class(self):
        for kind in ("said", "", "reason", "Text", "text "):
            self.assert_before(False, 10**15, kind)
        self.writer.config(json.dumps({"audit": {"retention_ms": {"reason": 1, "said": 0}}}))
        self.assert_before(False, 10**15, "reason")
        self.assert_before(False, 10**15, "text")
        self.assert_before(True, 0, "said")
        self.assert_before(False, -1, "said")

    def test_largest(self):
        self.writer.config(json.dumps({"audit": {"retention_ms": {"text": 2**53 - 1, "said": 2**53}}}))
        for kind in ("text", "said"):
            self.assert_before(False, self.writer.now + SECOND, kind)

    def test_no_config(self):
        for told in ("x", "{}", '{"retention_ms":{"text":1}}', '{"audit":{"retention_ms":{"text":1.0}}}'):
            self.writer.config(told)
            self.assert_before(False, 10**15, "text")

    def test_hold_of_the_class(self):
        hold = order("hold", records="0", classes="parameters")
        self.writer.hold(hold)
        self.assert_before(False, SECOND, "parameters")
        self.assert_before(True, 3600 * SECOND, "text")
        self.writer.hold(release(hold))
        self.assert_before(True, SECOND, "parameters")


if __name__ == "__main__":
    unittest.main()
