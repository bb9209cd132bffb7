"""Logs with sealed fields and orders that no gate wrote: small, in order, and signed."""

import hashlib

import canonical
import forge
import forge_notes
import forge_seals
import orders
from sample import ORIGIN, POLICY, SECOND

RETENTION = {"parameters": 1000, "text": 3600_000}  # milliseconds; none of `said`


class Writer:
    """Entries have the index and the time that they will have; one starts the log at once. `epochs`: {number: Epoch}."""

    def __init__(self, erasers=None, retention=None, begin=0):
        self.entries, self.epochs = [], {}
        self._now, self._statements, self._slot, self._starts = 1_790_000_000 * SECOND, 0, 0, 0
        self._config = {"erasers": forge_seals.ERASERS if erasers is None else erasers,
                        "retention_ms": RETENTION if retention is None else retention}
        self._slots_from = begin
        self.add("segment", boot=f"{0:032}", frontier=[])
        self.start()

    @property
    def now(self):
        return self._now

    def add(self, kind, **fields):
        self._now += SECOND
        entry = {"@": f"{ORIGIN}#v1", "b": 0, "i": len(self.entries), "prev": "", "t": kind, "ts": self._now, **fields}
        self.entries.append(entry if kind == "segment" else {**entry, "e": ""})
        return entry["i"]

    def start(self):
        self.epoch()
        self.add("open", boot=f"{self._starts:032}", heartbeat=60_000, version="test")
        self.config(canonical.emit({"audit": self._config}).decode("utf-8"))
        self.add("policy", bytes=POLICY, hash=hashlib.sha256(POLICY.encode()).hexdigest())
        self._starts, self._statements = self._starts + 1, 0

    def stop(self):
        self.add("close")

    def segment(self):
        """Begins another one."""
        return self.add("segment", boot=f"{self._starts - 1:032}", frontier=[])

    def configured(self):
        """Says once more what it said at the start."""
        self.config(canonical.emit({"audit": self._config}).decode("utf-8"))

    def config(self, told):
        self.add("config", bytes=told, hash=hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest())

    def epoch(self):
        number = len(self.entries)
        self.epochs[number] = forge_seals.Epoch(ORIGIN, number)
        self._slot = self._slots_from

    def add_sealed(self, kind, names, **fields):
        """With these fields sealed, in the newest epoch and the next slot."""
        at = self.add(kind, **fields)
        newest = self.epochs[max(self.epochs)]
        self.entries[at] = forge_seals.seal(self.entries[at], newest, self._slot, names)
        self._slot += 1
        return at

    # --- statements ---------------------------------------------------------------------------------------------------
    def decision(self, names, **fields):
        self._statements += 1
        return self.add_sealed("decision", names, **{
            "agent": "repair", "agent_seq": self._statements, "message": "Query", "session": 1, "text": "SELECT $1",
            "text_length": 9, "verdict": "allow", "policy": hashlib.sha256(POLICY.encode()).hexdigest(), **fields})

    def statement(self):
        """All three classes in one entry; its index."""
        at = self.decision(["parameters", "said", "text"], parameters=[{"text": "7"}, {"null": True}],
                           said={"confidence": 9000, "reason": "it looks wrong"})
        self.add("outcome", decision=at, duration=7, result="ok", session=1)
        return at

    def failed(self):
        """That of the outcome."""
        at = self.decision(["text"])
        return self.add_sealed("outcome", ["error"], decision=at, duration=7, result="error", session=1, error="no table \"a\"")

    def refused(self):
        return self.decision(["reason", "said", "text"], reason="not allowed: SELECT 7", said={"reason": "why not"}, verdict="deny")

    def tried(self):
        """That of the dry run."""
        at = self.add_sealed("dry_run", ["report"], hash="0" * 64, report="{}", session=1)
        self.decision(["text"], dry_run="0" * 64)
        return at

    # --- orders -------------------------------------------------------------------------------------------------------
    def erase(self, order):
        return self._ordered("erase", order)

    def hold(self, order):
        return self._ordered("hold", order)

    def prune(self, first, signers=(0, 1), **changed):
        """All before the segment that begins with `first`."""
        told = order("prune", first=first, signers=signers)
        return self.add("prune", **{"first": first, "hash": forge_seals.hash_of(told), "order": told.decode("utf-8"), "root": "", **changed})

    def _ordered(self, kind, order):
        return self.add(kind, hash=forge_seals.hash_of(order), order=order.decode("utf-8"))

    def before(self, time, kind):
        return self.add("erase", **{"before": time, "class": kind})

    # --- keys ---------------------------------------------------------------------------------------------------------
    def destroy(self, records, *classes):
        """As an order to erase is carried out."""
        for at in records:
            told = self.entries[at].get("sealed")
            for kind in classes if told else ():
                self.epochs[told["epoch"]].puncture(kind, told["slot"])

    def carry_out(self, order):
        told = orders.read(order)
        self.destroy([at for first, last in told.ranges for at in range(first, last + 1)], *told.classes)

    # --- what was made ------------------------------------------------------------------------------------------------
    def log(self):
        """(lines, {name: bytes}) of the log, signed."""
        return signed(self.entries)

    def keys(self):
        return {epoch.name: epoch.file() for epoch in self.epochs.values()}


def signed(entries, every=3):
    entries = forge_notes.keyed(entries)
    lines = forge.remade(entries, renumber=True, batches=True)
    return lines, {**forge.files(lines), **forge_notes.files(lines, every)}


def order(action="erase", records="", classes="text", signers=(0, 1), **told):
    return forge_seals.sign(forge_seals.order_text(told.pop("origin", ORIGIN), action, records, classes, **told), signers)


def release(of, signers=(0, 1), **told):
    """Of the order `of`."""
    return order("release", hold=forge_seals.hash_of(of), signers=signers, **told)
