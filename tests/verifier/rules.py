"""What must hold between entries, beyond hashes and numbers: order, pairs, counters, silence, time."""

import hashlib
from collections import OrderedDict

from fields import text_of

LEEWAY = 5_000_000  # microseconds
ALLOWED = (b"allow", b"would_deny")
REMEMBERED = 50_000  # allowed decisions that can still have outcomes


class Pending:
    """An allowed decision, as far as its outcomes hang on it."""

    def __init__(self, entry):
        self.session, self._bind = entry["session"], text_of(entry, "message") == b"Bind"

    def ends_with(self, outcome):
        return not self._bind and text_of(outcome, "result") != b"suspended"


class Rules:
    """Fed with entries in their order; `report(check, text)` is called for what does not hold."""

    def __init__(self, report):
        self._report = report
        self._boot = None  # of the start that goes on; None between starts
        self._segment_boot = None  # of a `segment` whose start is still to come
        self._cut, self._first = False, False  # in the start that began before what is left; its first entry is there
        self._start_over()

    def cut(self, number):
        """The entries below `number` were pruned."""
        self._cut, self._oldest = True, number

    def _start_over(self):
        self._pending, self._oldest, self._counters = OrderedDict(), 0, {}
        self._latest, self._longest, self._policies = None, 0, set()

    def entry(self, entry):
        kind = entry["t"]
        if self._cut:
            self._begin(entry, kind)
        self._order(entry, kind)
        self._clock(entry)
        self._policy(entry, kind)
        if kind == "config" and hashlib.sha256(text_of(entry, "bytes")).hexdigest().encode() != text_of(entry, "hash"):
            self._report("config", "the hash is not that of the bytes")
        if kind == "decision":
            self._decision(entry)
        elif kind == "outcome":
            self._outcome(entry)
        elif kind in ("close", "recovered"):
            self._boot = None
            if kind == "recovered":  # its decisions' outcomes are lost; behind a `close`, `order` says enough
                self._pending.clear()
                self._oldest = 0

    def _begin(self, entry, kind):
        """Behind the first entry its start runs, unless an `open` is next."""
        if kind == "open":
            self._cut = False
        elif self._segment_boot is not None and self._first:
            self._boot, self._segment_boot, self._longest = self._segment_boot, None, float("inf")
        self._first = True

    # --- order ----------------------------------------------------------------------------------------------------
    def _order(self, entry, kind):
        if kind == "segment":
            self._segment(entry)
        elif kind == "open":
            self._open(entry)
        elif self._boot is None and kind != "recovered":
            self._report("order", f'"{kind}" stands outside of every start')

    def _segment(self, entry):
        if self._boot is None:
            self._segment_boot = entry["boot"]
        elif entry["boot"] != self._boot:
            self._report("order", "the segment's boot is not that of its start")

    def _open(self, entry):
        if self._boot is not None:
            self._report("order", '"open" without the end of the start before')
        if self._segment_boot not in (None, entry["boot"]):
            self._report("order", "the boot is not that of the segment that the start began")
        self._start_over()
        self._boot, self._segment_boot, self._longest = entry["boot"], None, entry["heartbeat"] * 1000 + LEEWAY

    # --- time -----------------------------------------------------------------------------------------------------
    def _clock(self, entry):
        """Against the latest time so far; one that went back counts from then on."""
        now = entry["ts"]
        if self._latest is None or self._boot is None or entry["t"] == "recovered":  # which the next start writes
            self._latest = now
        if now < self._latest - LEEWAY:
            self._report("time", "the time goes back")
            self._latest = now
        elif now > self._latest + self._longest:
            self._report("silence", "nothing was recorded for too long")
        self._latest = max(now, self._latest)

    # --- policies -------------------------------------------------------------------------------------------------
    def _policy(self, entry, kind):
        if kind == "policy":
            told = text_of(entry, "hash")
            if hashlib.sha256(text_of(entry, "bytes")).hexdigest().encode() != told:
                self._report("policy", "the hash is not that of the bytes")
            self._policies.add(told)
        elif kind == "decision" and not self._cut and (told := text_of(entry, "policy")) and told not in self._policies:
            self._report("policy", "it was made by a policy that did not come into force since the start")

    # --- decisions and outcomes -----------------------------------------------------------------------------------
    def _decision(self, entry):
        agent = text_of(entry, "agent")
        due = self._counters.get(agent, entry["agent_seq"] - 1 if self._cut else 0) + 1
        if entry["agent_seq"] != due:
            self._report("counters", f"{entry['agent_seq']} where {due} is due")
        self._counters[agent] = entry["agent_seq"]
        if text_of(entry, "verdict") in ALLOWED:
            self._pending[entry["i"]] = Pending(entry)
            if len(self._pending) > REMEMBERED:
                self._oldest = self._pending.popitem(last=False)[0] + 1

    def _outcome(self, entry):
        named = entry["decision"]
        pending = self._pending.get(named)
        if pending is None and named < self._oldest:
            return  # too far back to be known
        if pending is None or pending.session != entry["session"]:
            self._report("pairs", f"an outcome of entry {named}, which can have none")
        elif pending.ends_with(entry):
            del self._pending[named]
