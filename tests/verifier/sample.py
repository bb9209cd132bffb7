"""Logs that no gate wrote: small, in order, and signed if that is wanted."""

import hashlib

import forge
import forge_notes

ORIGIN = "audit.example.com/pg-prod-1"
POLICY = "{}"
SECOND = 1_000_000


class _Writer:
    def __init__(self):
        self.entries, self._now = [], 1_790_000_000 * SECOND

    def add(self, kind, seal=True, **fields):
        self._now += SECOND
        entry = {"@": f"{ORIGIN}#v1", "b": 0, "i": len(self.entries), "prev": "", "t": kind, "ts": self._now, **fields}
        self.entries.append({**entry, "e": ""} if seal else entry)
        return entry["i"]


def entries(starts=2, statements=6):
    """Of so many starts with so many statements each; the first entry is a `segment`."""
    writer, policy = _Writer(), hashlib.sha256(POLICY.encode()).hexdigest()
    writer.add("segment", seal=False, boot="0" * 32, frontier=[])
    for start in range(starts):
        writer.add("open", boot=f"{start:032}", heartbeat=60_000, version="test")
        writer.add("policy", seal=False, bytes=POLICY, hash=policy)
        writer.add("session", event="login", session=1, tls=False, agent="repair")
        for statement in range(statements):
            decision = writer.add("decision", seal=statement % 2 == 0, agent="repair", agent_seq=statement + 1, message="Query",
                                  policy=policy, session=1, text="SELECT 1", text_length=8, verdict="allow")
            writer.add("outcome", decision=decision, duration=7, result="ok", session=1)
        writer.add("session", event="end", session=1, tls=False)
        writer.add("close")
    return writer.entries


def begins(made):
    """The indexes of the entries that begin a batch."""
    return [n for n in range(1, len(made)) if "e" in made[n - 1]]


def signed(rotations=(), segments=(), from_open=0, every=3, made=None):
    """(lines, {name: bytes}) of a log in which the keys change, and segments begin, at these batches, counted from 0."""
    made = entries() if made is None else made
    at = begins(made)
    made = forge_notes.rotated(made, {at[n] for n in rotations})
    at = begins(made)
    made = forge.split(made, {at[n] for n in segments})
    return forge_notes.log(forge_notes.keyed(made, from_open), every)
