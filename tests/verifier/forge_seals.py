"""Writes what docs/audit-sealing.md says, as a gate or somebody with its keys could: sealed fields, files of keys, orders."""

import base64
import hashlib

import canonical
import ed25519
import fields
import keys
import notes
import sealing

NAMES = ["alice@example.com", "bob@example.com", "carol@example.com", "mallory@example.com"]  # the last one is no eraser
SEEDS = [bytes([n]) * 32 for n in range(11, 15)]
VKEYS = [keys.of_seed(name, seed) for name, seed in zip(NAMES, SEEDS)]
ERASERS = VKEYS[:3]


# --- keys -------------------------------------------------------------------------------------------------------------
class Epoch:
    """`nodes`: {class: {(level, number): key}}."""

    def __init__(self, origin, number):
        self.origin, self.number = origin, number
        self.nodes = {kind: {(0, 0): hashlib.sha256(f"{number} {kind}".encode()).digest()} for kind in sealing.CLASSES}

    @property
    def name(self):
        return f"{self.number:020}.sealing"

    def file(self, **changed):
        """`changed`: of the lines of the head."""
        head = {"origin": self.origin, "epoch": self.number, "made": 1_790_000_000_000_000, **changed}
        lines = ["portcullis sealing keys v1", *(f"{word} {told}" for word, told in head.items())]
        for kind in sealing.CLASSES:
            for (level, number), key in sorted(self.nodes[kind].items(), key=lambda node: node[0][1] << 20 - node[0][0]):
                lines.append(f"{kind} {level} {number} {base64.b64encode(key).decode('ascii')}")
        return "".join(line + "\n" for line in lines).encode("utf-8")

    def key(self, kind, slot):
        """None where it is erased."""
        for level in range(sealing.LEVELS + 1):
            node = self.nodes[kind].get((level, slot >> sealing.LEVELS - level))
            if node:
                return sealing.below(node, level, slot)
        return None

    def puncture(self, kind, slot):
        """Takes out what leads to the slot, and puts in what hangs off the path to it."""
        nodes = self.nodes[kind]
        for level in range(sealing.LEVELS + 1):
            number = slot >> sealing.LEVELS - level
            key = nodes.pop((level, number), None)
            if key is None:
                continue
            for below in range(level + 1, sealing.LEVELS + 1):
                bit = slot >> sealing.LEVELS - below & 1
                nodes[below, slot >> sealing.LEVELS - below ^ 1] = sealing.child(bit ^ 1, key)
                key = sealing.child(bit, key)

    def drop(self, kind):
        self.nodes[kind] = {}


# --- fields -----------------------------------------------------------------------------------------------------------
def _value(entry, name):
    """The bytes that are sealed; they no longer stand in the entry then."""
    if name == "said":
        value = entry["said"].pop("reason").encode("utf-8")
        if not entry["said"]:
            del entry["said"]
        return value
    value = entry.pop(name)
    return canonical.emit(value) if name == "parameters" else value if isinstance(value, bytes) else value.encode("utf-8")


def seal(entry, epoch, slot, names):
    """The entry with these fields of its sealed."""
    entry = {**entry, **({"said": dict(entry["said"])} if "said" in entry else {})}
    made = {"epoch": epoch.number, "slot": slot}
    for name in names:
        value = _value(entry, name)
        nonce = hashlib.sha256(f"{epoch.number} {slot} {name}".encode()).digest()[:12]
        place = sealing.Place(epoch.origin, epoch.number, slot, name)
        made[name] = sealing.seal(epoch.key(fields.SEALED[entry["t"]][name], slot), place, value, nonce)
    return {**entry, "sealed": made}


# --- orders -----------------------------------------------------------------------------------------------------------
def order_text(origin, action, records="", classes="text", hold="", basis="Art. 17 GDPR", ticket="LEGAL-7",
               time=1_790_000_000_000_000, first=1):
    """What is signed. An empty ticket is left out."""
    told = [("origin", origin), ("action", action)]
    reach = {"release": [("hold", hold)], "prune": [("first", first)]}
    told += reach.get(action, [("records", records), ("classes", classes)])
    told += [("basis", basis)] + ([("ticket", ticket)] if ticket else []) + [("time", time)]
    return "portcullis order v1\n" + "".join(f"{word} {value}\n" for word, value in told)


def sign(text, signers=(0, 1)):
    """The order: the text and lines of keys of these numbers."""
    raw = text.encode("utf-8")
    return raw + b"\n" + b"".join(line_of(raw, n) for n in signers)


def line_of(raw, number):
    key = keys.public(VKEYS[number])
    return notes.line_of(key.name, key.id, ed25519.sign(SEEDS[number], raw))


def hash_of(order):
    """Of what is signed."""
    return hashlib.sha256(order.partition(b"\n\n")[0] + b"\n").hexdigest()
