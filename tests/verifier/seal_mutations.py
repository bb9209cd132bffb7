"""What can be done to a log with sealed fields, by chance and by seed: to the fields, to orders and to the configurations that say
who may give them; sealing_key_mutations.py has the files of keys. Chain, seals, frontiers and notes are made again, as by the log's own
key."""

import base64
import copy
import hashlib
import json

import canonical
import fields
import forge
import forge_notes
import forge_seals
import mutations
import sealing
from sample import ORIGIN
from sealing_key_mutations import carry_out, change_key_file, destroy, order_of, rename_key_file

CHECKED = ["erase", "hold", "prune"]
NUMBERS = [0, 1, 2, 7, 2**20 - 1, 2**20, 2**53 - 1, -1, True, "1", [1]]
PAIRS = [["A" * 43, "A" * 40], ["A" * 43, "A" * 36], ["A" * 43], [], "x", 7, ["", ""], [7, 7]]


class Log:
    """`entries` without hashes that are true, `keys`: {name: bytes} of their files. `epochs`, {number: Epoch}, have the keys that were
    not destroyed."""

    def __init__(self, writer):
        self.entries, self.epochs, self.keys = writer.entries, writer.epochs, writer.keys()

    def copy(self):
        other = copy.copy(self)
        other.entries, other.epochs, other.keys = copy.deepcopy(self.entries), copy.deepcopy(self.epochs), dict(self.keys)
        return other

    def of(self, *kinds):
        return [e for e in self.entries if e["t"] in kinds]

    def with_seals(self):
        return [e for e in self.entries if "sealed" in e]


# --- sealed fields ----------------------------------------------------------------------------------------------------
def change_place(chance, log):
    told = chance.choice(log.with_seals())["sealed"]
    name = chance.choice(["epoch", "slot"])
    near = told[name] + chance.choice([-1, 1]) if chance.random() < 0.4 else chance.choice(NUMBERS)
    told[name] = chance.choice([near, near, chance.choice(sorted(log.epochs)), chance.choice(log.with_seals())["sealed"].get(name, 0)])


def change_pair(chance, log):
    """Other bytes, of the same form or not."""
    entry = chance.choice(log.with_seals())
    name = chance.choice(list(fields.sealed_fields(entry)))
    pair, what = entry["sealed"][name], chance.randrange(4)
    if what == 0:
        entry["sealed"][name] = copy.deepcopy(chance.choice(PAIRS))
    elif what == 1:
        pair[chance.randrange(2)] = chance.choice(list(fields.sealed_fields(chance.choice(log.with_seals())).values()))[0]
    elif what == 2:
        raw = bytearray(fields.decoded(pair[1]))
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        pair[1] = base64.b64encode(raw[:len(raw) - chance.choice([0, 0, 0, 1, 5])]).decode()
    else:
        at = chance.randrange(2)
        pair[at] = mutations.change_byte(chance, pair[at].encode()).decode("latin-1")


def exchange(chance, log):
    """Fields, or all of them, with another entry's, or within one."""
    one, other = chance.choice(log.with_seals()), chance.choice(log.with_seals())
    if chance.random() < 0.3:
        one["sealed"], other["sealed"] = other["sealed"], one["sealed"]
        return
    a, b = chance.choice(list(fields.sealed_fields(one))), chance.choice(list(fields.sealed_fields(other)))
    one["sealed"][a], other["sealed"][b] = other["sealed"][b], one["sealed"][a]


def change_fields(chance, log):
    """Which there are: fewer, others, in the clear as well."""
    entry = chance.choice(log.with_seals())
    told, what = entry["sealed"], chance.randrange(5)
    name = chance.choice(list(told))
    if what == 0:
        del told[name]
    elif what == 1:
        told[chance.choice(["parameters", "reason", "said", "text", "report", "error", "x", name + "_base64"])] = told[name]
    elif what == 2:
        entry[name + chance.choice(["", "", "_base64"])] = chance.choice(["x", "/w==", [], [{"text": "x"}], {"reason": "x"}, ""])
    elif what == 3:
        chance.choice(log.entries)["sealed"] = told
    else:
        entry["sealed"] = chance.choice([{}, [], "x", 7, {**told, "epoch": 0}])


# --- orders -----------------------------------------------------------------------------------------------------------
def _ranges(chance, log):
    most = len(log.entries) + chance.choice([-1, -1, 0, 2])
    ends = sorted(chance.sample(range(most), k=min(most, 2 * chance.randrange(1, 4))))
    told = [str(a) if chance.random() < 0.3 else f"{a}-{b}" for a, b in zip(ends[::2], ends[1::2])]
    return " ".join(told)


def _signers(chance):
    return chance.choice([(0, 1), (0, 1), (1, 2), (2, 0), (0, 1, 2), (0, 1, 3), (0,), (3,), (0, 0), (0, 3), (1,) * 16])


def _any_order(chance, log):
    action = chance.choice(["erase", "erase", "hold", "hold", "release"])
    classes = " ".join(k for k in sealing.CLASSES if chance.random() < 0.6) or "text"
    holds = [e.get("hash", "") for e in log.of("hold")] or ["0" * 64]
    return forge_seals.sign(forge_seals.order_text(
        ORIGIN if chance.random() < 0.93 else chance.choice(["other", ORIGIN + "x"]), action, _ranges(chance, log), classes,
        chance.choice([chance.choice(holds), "0" * 64]) if chance.random() < 0.2 else chance.choice(holds),
        chance.choice(["x", "Art. 17 GDPR", "x" * 501, "\u00e9" * 250, "a\u007f"] + ["Art. 17 GDPR"] * 5),
        chance.choice(["", "LEGAL-7", "LEGAL-8"]), chance.choice([0, 1_790_000_000_000_000, 2**53 - 1, 2**53])), _signers(chance))


def _put(entry, order):
    """The order into an entry of its own, in the way in which its bytes can stand there."""
    for name in ("order", "order_base64", "before", "class"):
        entry.pop(name, None)
    try:
        told = order.decode("utf-8")
        entry["order" if "\0" not in told else "order_base64"] = told if "\0" not in told else base64.b64encode(order).decode()
    except UnicodeDecodeError:
        entry["order_base64"] = base64.b64encode(order).decode()
    entry["hash"] = forge_seals.hash_of(order)


def change_order(chance, log):
    """One that is there: its bytes, its lines, its signatures, its hash, its type."""
    entry = chance.choice([e for e in log.of(*CHECKED) if fields.stands(e, "order")] or log.of(*CHECKED) or [{}])
    if not entry:
        return
    raw, what = order_of(entry), chance.randrange(7)
    text, empty, signatures = raw.partition(b"\n\n")
    if what == 0 and raw:
        _put(entry, chance.choice(mutations.BYTES)(chance, raw))
    elif what == 1 and raw:  # signed again
        changed = chance.choice([mutations.change_byte, mutations.put_in, mutations.change_lines])
        text = changed(chance, text + b"\n", raw) if changed is mutations.change_lines else changed(chance, text + b"\n")
        lines = b"".join(forge_seals.line_of(text, n) for n in _signers(chance))
        _put(entry, text + b"\n" + lines)
    elif what == 2:
        lines = signatures.splitlines(keepends=True)
        lines = chance.sample(lines, k=chance.randrange(len(lines) + 1)) + chance.choice([[], lines[:1], [_line(chance)]])
        _put(entry, text + empty + b"".join(lines))
    elif what == 3:
        entry["hash"] = chance.choice(["0" * 64, "", entry.get("hash", "").upper(), entry.get("hash", "")[:-1]])
    elif what == 4:
        entry["t"] = chance.choice(["erase", "hold", "read"])
    else:
        _put(entry, _any_order(chance, log))


def _line(chance):
    """Of a name and a key id that may be an eraser's."""
    key = forge_seals.keys.public(chance.choice(forge_seals.VKEYS))
    name = chance.choice([key.name, key.name, "witness", "a b", "a+b", ""])
    return forge_seals.notes.line_of(name, key.id, bytes(chance.choice([0, 1, 64])))


def add_order(chance, log):
    """One more entry; at the end of the log mostly."""
    at = chance.choice([len(log.entries) - 1, len(log.entries) - 1, chance.randrange(1, len(log.entries))])
    near = log.entries[at - 1]
    entry = {**{k: near[k] for k in ("@", "b", "ts")}, "e": "", "i": -1, "prev": "", "t": chance.choice(CHECKED)}
    if chance.random() < 0.35:
        times = [0, near["ts"], near["ts"] - 1_000_000, near["ts"] - 1_000_001, chance.choice(log.entries)["ts"], 2**53 - 1]
        entry.update({"t": "erase", "before": chance.choice(times), "class": chance.choice([*sealing.CLASSES, "x", ""])})
    else:
        order = _any_order(chance, log)
        again = log.of("erase", "hold")
        _put(entry, order_of(chance.choice(again)) if again and chance.random() < 0.3 else order)
        if b"action erase" not in order and chance.random() < 0.8:
            entry["t"] = "hold"
    log.entries.insert(at, entry)


def hold_what_is_erased(chance, log):
    """A hold in front of an order, of the same records and more or fewer classes; and perhaps its release."""
    erased = [e for e in log.of("erase") if b"\nrecords " in order_of(e)]
    if not erased:
        return
    entry = chance.choice(erased)
    records = order_of(entry).partition(b"\nrecords ")[2].partition(b"\n")[0].decode()
    hold = forge_seals.sign(forge_seals.order_text(ORIGIN, "hold", records, chance.choice(["text", "said", "parameters said"])))
    release = forge_seals.sign(forge_seals.order_text(ORIGIN, "release", hold=forge_seals.hash_of(hold)))
    made = [hold] + [release] * chance.choice([0, 0, 1, 2])
    at = log.entries.index(entry)
    for number, order in enumerate(made):
        told = {**{k: entry[k] for k in ("@", "b", "ts")}, "e": "", "i": -1, "prev": "", "t": "hold"}
        _put(told, order)
        log.entries.insert(chance.choice([at, at, len(log.entries) - 1]) if number == 0 else at + number, told)


def change_before(chance, log):
    for entry in log.of("erase"):
        if "before" in entry and chance.random() < 0.7:
            entry.update(chance.choice([{"before": entry["before"] + chance.choice([-1, 1])}, {"class": chance.choice(sealing.CLASSES)},
                                        {"class": ""}, {"before": 0}, {"before": entry["ts"]}, {"hash": "x"}, {"order": "x"}]))


def drop_order(chance, log):
    told = log.of(*CHECKED)
    if told:
        log.entries.remove(chance.choice(told))


def change_config(chance, log):
    entry, audit = chance.choice(log.of("config")), {}
    if chance.random() < 0.8:
        more = chance.choice([[], ["x"], [7], [forge_seals.VKEYS[0]]])
        audit["erasers"] = chance.sample(forge_seals.VKEYS, k=chance.randrange(5)) + more
    if chance.random() < 0.8:
        audit["retention_ms"] = {kind: chance.choice([0, 1, 1000, 2**53 - 1, 2**53, -1, 1.5, "1"])
                                 for kind in (*sealing.CLASSES, "x") if chance.random() < 0.6}
    told = chance.choice([json.dumps({"audit": audit})] * 6 + ["{}", "x", "[]", json.dumps({"audit": []}), json.dumps(audit)])
    entry["bytes"] = told
    if chance.random() < 0.8:
        entry["hash"] = hashlib.sha256(told.encode()).hexdigest()


def forge_entries(chance, log):
    """As somebody would who knows nothing of what is sealed."""
    chance.choice(mutations.FORGED)(chance, log.entries)


CHANGES = [change_place, change_pair, exchange, change_fields, change_order, change_order, change_order, add_order, add_order, add_order,
           change_before, hold_what_is_erased, drop_order, change_config, destroy, destroy, carry_out, change_key_file,
           change_key_file, rename_key_file,
           forge_entries]


def mutated(chance, log):
    """(what was done, {name: bytes} of the log, those of the keys); None for the log where no bytes say the result, or a change finds
    nothing to change behind the one before."""
    log, done = log.copy(), []
    try:
        for _ in range(chance.choice([1, 1, 1, 2, 2, 3])):
            change = chance.choice(CHANGES)
            done.append(change.__name__)
            change(chance, log)
        return ", ".join(done), _files(chance, log), log.keys
    except (canonical.NotCanonical, AttributeError, IndexError, KeyError, TypeError, ValueError):
        return ", ".join(done), None, log.keys


def _files(chance, log):
    lines = forge.remade(forge_notes.keyed(log.entries), renumber=chance.random() < 0.9, batches=True)
    files = {**forge.files(lines), **forge_notes.files(lines, chance.choice([2, 5]))}
    if chance.random() < 0.06:
        name = chance.choice(sorted(name for name in files if name.endswith(".jsonl")))
        files[name] = mutations.cut_off(chance, files[name])
    return files
