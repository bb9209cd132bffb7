"""Of docs/audit-sealing.md: orders, and the checks `order`, `hold` and `retention`."""

import json
import sys
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import case
import erasure
import forge_seals
import keys
import orders
import sealed_sample
from sample import ORIGIN, SECOND
from sealed_sample import Writer, order, release

ERASE = forge_seals.order_text(ORIGIN, "erase", "17 100-200", "parameters text")
RELEASE = forge_seals.order_text(ORIGIN, "release", hold="0" * 64)


class Form(unittest.TestCase):
    SIGNED = forge_seals.sign("x", (0,)).partition(b"\n")[2]  # any signature will do

    def assert_form(self, fits, text, signatures=SIGNED):
        raw = text if isinstance(text, bytes) else text.encode("utf-8")
        if fits:
            return orders.read(raw + b"\n" + signatures)
        self.assertRaises(orders.NotAnOrder, orders.read, raw + b"\n" + signatures)

    def test_read(self):
        read = self.assert_form(True, ERASE)
        self.assertEqual((read.origin, read.action, read.ranges, read.classes), (ORIGIN, "erase", [(17, 17), (100, 200)], ["parameters", "text"]))
        self.assertEqual((read.text, len(read.signatures)), (ERASE.encode(), 1))
        self.assertEqual(self.assert_form(True, RELEASE).releases, "0" * 64)
        self.assertEqual(self.assert_form(True, ERASE.replace("action erase", "action hold")).action, "hold")

    def test_lines(self):
        """None may be missing but `ticket`, none stand twice, elsewhere, or be another one."""
        for text in (ERASE, RELEASE):
            lines = text.splitlines(keepends=True)
            for number, line in enumerate(lines):
                without = lines[:number] + lines[number + 1:]
                self.assert_form(line.startswith("ticket"), "".join(without))
                self.assert_form(False, "".join(lines[:number] + [line] + lines[number:]))
                self.assert_form(False, "".join(lines[:number] + ["x y\n"] + lines[number:]))
                self.assert_form(False, "".join(without + [line]) if number < len(lines) - 1 else "".join([line] + without))
                for changed in (" " + line, line.replace(" ", "  ", 1), line.replace(" ", "\t", 1), line.replace(" ", "", 1),
                                line.replace("\n", "\r\n"), line.upper(), line.partition(" ")[0] + "\n", line.partition(" ")[0] + " \n"):
                    origin = changed.startswith("origin ")  # of another log, and so refused when it is compared
                    self.assert_form(origin and "\r" not in changed, "".join(lines[:number] + [changed] + lines[number + 1:]))

    def test_action(self):
        for other in ("", "erases", "Erase", "erase ", "release", "read"):
            self.assert_form(False, ERASE.replace("action erase", f"action {other}"))
        for other in ("erase", "hold"):
            self.assert_form(False, RELEASE.replace("action release", f"action {other}"))
        self.assert_form(False, ERASE.replace("v1", "v2"))

    def test_records(self):
        many = " ".join(str(n) for n in range(0, 2000, 2))
        for told, fits in (("0", True), ("0-1", True), (f"{2**53 - 1}", True), (f"0-{2**53 - 1}", True), ("1 3", True), ("1-2 4-5", True),
                           (many, True), (many + " 2000", False), (f"{2**53}", False), (f"1-{2**53}", False), ("", False),
                           ("1 2", False), ("1-2 3", False), ("1 1", False), ("3 1", False), ("1-5 4", False), ("5-1", False),
                           ("1-1", False), ("01", False), ("1-", False), ("-1", False), ("1-2-3", False), ("1,3", False),
                           ("1  3", False), (" 1", False), ("1 ", False), ("1 -3", False), ("1- 3", False), ("+1", False),
                           ("1.0", False), ("\u0661", False), ("x", False), ("9" * 400, False)):
            self.assert_form(fits, ERASE.replace("17 100-200", told))

    def test_classes(self):
        for told, fits in (("parameters", True), ("said", True), ("text", True), ("parameters said text", True), ("said text", True),
                           ("text said", False), ("text text", False), ("", False), ("reason", False), ("text x", False),
                           ("text ", False), ("parameters  text", False), ("said,text", False), ("Text", False)):
            self.assert_form(fits, ERASE.replace("parameters text", told))

    def test_hold(self):
        for told, fits in (("0123456789abcdef" * 4, True), ("A" * 64, False), ("0" * 63, False), ("0" * 65, False), ("g" * 64, False)):
            self.assert_form(fits, RELEASE.replace("0" * 64, told))

    def test_texts(self):
        for word, told in (("basis", "Art. 17 GDPR"), ("ticket", "LEGAL-7")):
            for other, fits in (("x", True), ("x" * 500, True), ("x" * 501, False), ("\u00e9" * 250, True), ("\u00e9" * 251, False),
                                ("a b  c", True), ("", False), (" ", False), (" x", False), ("x ", False), ("a\tb", False),
                                ("a\x7fb", False), ("a\x1fb", False), ("a\0b", False), ("\u00a0x\u2028", True), ("\u0085", True),
                                ("a\rb", False)):
                self.assert_form(fits, ERASE.replace(f"{word} {told}", f"{word} {other}"))
        self.assert_form(False, ERASE.encode().replace(b"GDPR", b"\xff"))
        self.assert_form(False, ERASE.encode().replace(b"GDPR", b"\xed\xa0\x80"))

    def test_time(self):
        for told, fits in (("0", True), (f"{2**53 - 1}", True), (f"{2**53}", False), ("01", False), ("-1", False), ("1.0", False)):
            self.assert_form(fits, ERASE.replace("1790000000000000", told))

    def test_signatures(self):
        line = self.SIGNED
        for signatures, fits in ((line, True), (line * 16, True), (line * 17, False), (b"", False), (b"\n", False), (line[:-1], False),
                                 (line + b"\n", False), (b"\n" + line, False), (line + b"x\n", False), (line + b"\n" + line, False),
                                 (line.replace(b"\xe2\x80\x94", b"-"), False), (case.line_by("a+b"), False), (case.line_by("a b"), False),
                                 (case.line_by("x", bytes(4)), False), (case.line_by("x", bytes(5)), True), (case.line_by(""), False),
                                 (case.line_by("a\tb"), False), (case.line_by("w\u00e4chter"), True), (line[:-2] + b"\n", False)):
            self.assert_form(fits, ERASE, signatures)
        self.assertRaises(orders.NotAnOrder, orders.read, ERASE.encode())
        self.assertRaises(orders.NotAnOrder, orders.read, ERASE.encode() + line)

    def test_longest(self):
        for length, fits in ((orders.MOST_BYTES, True), (orders.MOST_BYTES + 1, False)):
            name = "x" * (length - len(ERASE) - 1 - len(case.line_by("")))
            self.assertEqual(len(ERASE.encode() + b"\n" + case.line_by(name)), length)
            self.assert_form(fits, ERASE, case.line_by(name))

    def test_hash(self):
        text = ERASE.encode()
        self.assertEqual(self.assert_form(True, ERASE).hash, orders.hashlib.sha256(text).hexdigest())
        self.assertEqual(forge_seals.hash_of(forge_seals.sign(ERASE)), orders.hashlib.sha256(text).hexdigest())


class Signed(unittest.TestCase):
    def assert_signed(self, yes, raw, erasers=forge_seals.ERASERS):
        self.assertEqual(orders.is_signed(orders.read(raw), {keys.public(key) for key in erasers}), yes)

    def with_lines(self, *lines):
        return ERASE.encode() + b"\n" + b"".join(forge_seals.line_of(ERASE.encode(), n) if isinstance(n, int) else n for n in lines)

    def test_how_many(self):
        for signers, yes in (((0, 1), True), ((2, 0), True), ((0, 1, 2), True), ((0,), False), ((3,), False), ((0, 3), False),
                             ((0, 0), False), ((1,) * 16, False), ((0, 3, 1), True), ((0, 0, 1), True)):
            self.assert_signed(yes, forge_seals.sign(ERASE, signers))
        self.assert_signed(False, forge_seals.sign(ERASE, (0, 1)), [])
        self.assert_signed(False, forge_seals.sign(ERASE, (0, 1)), forge_seals.ERASERS[:1])
        self.assert_signed(True, forge_seals.sign(ERASE, (0, 3)), forge_seals.VKEYS)

    def test_one_key_under_two_names(self):
        other = keys.of_seed("zoe", forge_seals.SEEDS[0])
        line = forge_seals.notes.line_of("zoe", keys.public(other).id, forge_seals.ed25519.sign(forge_seals.SEEDS[0], ERASE.encode()))
        self.assert_signed(False, self.with_lines(0, line), [forge_seals.VKEYS[0], other])
        self.assert_signed(True, self.with_lines(0, line, 1), [*forge_seals.ERASERS, other])
        self.assert_signed(True, self.with_lines(line, 1), [other, forge_seals.VKEYS[1]])

    def test_lines_of_others(self):
        """Whatever they hold."""
        own = keys.public(forge_seals.VKEYS[0])
        for name, raw in (("x", bytes(9)), (own.name, bytes(68)), ("x", own.id + bytes(64)), (forge_seals.NAMES[3], bytes(68))):
            self.assert_signed(True, self.with_lines(case.line_by(name, raw), 0, 1))
            self.assert_signed(True, self.with_lines(0, 1, case.line_by(name, raw)))
            self.assert_signed(False, self.with_lines(0, case.line_by(name, raw)))

    def test_a_wrong_line_spoils_it(self):
        for number in range(3):
            own = keys.public(forge_seals.VKEYS[number])
            for raw in (own.id + bytes(64), own.id + bytes(1), own.id + bytes(65)):
                self.assert_signed(False, self.with_lines(0, 1, 2, case.line_by(own.name, raw)))
                self.assert_signed(False, self.with_lines(case.line_by(own.name, raw), *{0, 1, 2} - {number}))

    def test_what_was_signed(self):
        signatures = forge_seals.sign(ERASE).partition(b"\n\n")[2]
        for other in (ERASE.replace("17 ", "18 "), ERASE.replace("GDPR", "gdpr"), ERASE.replace("action erase", "action hold")):
            self.assert_signed(False, other.encode() + b"\n" + signatures)


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
        for told, found in (({"text": 7}, {"text": 7}), ({"text": 0, "said": 1, "parameters": 2**53 - 1, "x": 1}, {"text": 0, "said": 1, "parameters": 2**53 - 1}),
                            ({"text": -1}, {}), ({"text": 2**53}, {}), ({"text": 7.0}, {}), ({"text": "7"}, {}), ({"text": True}, {}),
                            ({"text": None, "said": 1}, {"said": 1}), ([7], {}), (7, {}), (None, {})):
            raw = json.dumps({"audit": {"retention_ms": told}}).encode()
            self.assertEqual(erasure.retention_of(erasure.audit_of(raw)), found)

    def test_json(self):
        for raw in (b"", b"{", b"[]", b"7", b"null", b"\xff", b'{"audit":[]}', b'{"audit":null}', b'{"audit":{"x":NaN}}', b'{"audit":{"a":1},}',
                    b'\xef\xbb\xbf{"audit":{"a":1}}', b'// x\n{"audit":{"a":1}}', b'{"audit":{"a":"\\ud800"}}', b'{"audit":{"a":01}}', b"[" * 100_000):
            self.assertEqual(erasure.audit_of(raw), {}, raw[:40])
        self.assertEqual(erasure.audit_of(b' {"audit" : {"a":1}, "x":1e3, "audit":{"a":2}}\n'), {"a": 2})


class Orders(case.Sealed):
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
            entry[name + "_base64"] = forge_seals.base64.b64encode(entry.pop(name).encode()).decode()
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


class Holds(case.Sealed):
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
        with unittest.mock.patch.object(erasure, "MOST_HOLDS", 2), unittest.mock.patch.object(case.built, "BINARY", None):
            case.built.knows_keys.cache_clear()
            case.built.knows_sealing.cache_clear()
            self.addCleanup(case.built.knows_keys.cache_clear)
            self.addCleanup(case.built.knows_sealing.cache_clear)
            holds = [order("hold", records="4", basis=f"number {n}") for n in range(3)]
            for hold in (*holds[:2], holds[0]):
                self.writer.hold(hold)
            many = self.writer.hold(holds[2])
            none = self.writer.hold(release(holds[2]))
            self.writer.hold(release(holds[0]))
            self.writer.hold(holds[2])
            self.assert_found(self.writer, ("order", many), ("order", none))


class Retention(case.Sealed):
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
