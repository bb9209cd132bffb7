"""What an attack achieved, looked up as a superuser over a connection of its own, or in the bytes that the client got."""

import re
import time

import corpus_items
import wire

MARKERS = (b"MARKUSERS", b"MARKSSN", b"MARKSECRET", b"MARKLARGE", b"MARKROLE")


class Result:
    def __init__(self):
        self.harms = []       # each a line that says what happened
        self.messages = []    # that came back
        self.ended = False    # the other side closed the connection
        self.changes = set()  # what lasts and is no longer as before
        self.refused = None   # the error of a login that failed
        self.usable = True

    def told(self):
        return " | ".join(f"{m.fields.get('C')}: {m.fields.get('M', '')[:300]}" if m.type == "E" else m.type
                          for m in self.messages if m.type in "EDCGH?")[:600]


def outcome(messages):
    """What an agent learns from an answer, without what differs from one refusal to the next."""
    learned = []
    for one in messages:
        if one.type in "DCd":
            learned.append((one.type, one.body))
        elif one.type == "E":
            fields = one.fields
            learned.append(("E", fields.get("C"), re.sub(r"\d+", "#", fields.get("M", ""))))
    return learned


def received(messages):
    return b"".join(one.body for one in messages)


def from_the_server(messages):
    """Without the gate's refusals, which name what they refuse."""
    return received(m for m in messages if m.type != "E" or not m.fields.get("M", "").startswith("portcullis:"))


class Attack:
    """One run of one item. `connect` gives a connection that is logged in, or raises ServerError."""

    def __init__(self, server, item, connect):
        self._server, self._item, self._connect = server, item, connect
        self._harm = item["harm"]
        self.result = Result()

    def run(self, look_for_changes, in_transaction=False):
        """`look_for_changes` gives the names of what changed. In a transaction, what the attack did is taken back."""
        server, result = self._server, self.result
        if self._item.get("victim"):
            server.victim()
        if self._states():
            server.wait_for_departed()
        states = {sql: server.look(server.fill(sql)) for sql in self._states()}
        listener = self._listener()
        connection = self._log_in()
        if connection is not None:
            with connection:
                if in_transaction:
                    connection.rows("BEGIN")
                self._act(connection)
                result.changes = look_for_changes(connection)
                self._judge_states(states)
                if not in_transaction and not result.ended:
                    result.usable = self.is_usable(connection)
        else:
            result.changes = look_for_changes(None)
        self._judge(listener)
        return result

    def _states(self):
        states = self._harm.get("state", [])
        return [states] if isinstance(states, str) else states

    def _listener(self):
        if "tells" not in self._harm:
            return None
        connection = self._server.postgres.superuser_connection()
        connection.rows(f"LISTEN {self._harm['tells']}")
        return connection

    def _log_in(self):
        try:
            return self._connect(**self._item.get("startup", {}))
        except wire.ServerError as error:
            self.result.refused = error
        except (wire.Closed, OSError) as error:
            self.result.refused = error
        return None

    def _act(self, connection):
        result, item, fill = self.result, self._item, self._server.fill
        shown = self._harm.get("session")
        before = self._show(connection, shown)
        start = time.monotonic()
        result.messages, result.ended = corpus_items.run_steps(connection, item["steps"], fill)
        elapsed = time.monotonic() - start
        if elapsed >= self._harm.get("slow", 3600):
            result.harms.append(f"the session was kept busy for {elapsed:.2f} s")
        after = self._show(connection, shown)
        if after and after != before:
            result.harms.append(f"{shown} gave {before} and gives {after}")
        if "session_is" in self._harm:
            statement, value = self._harm["session_is"]
            if self._show(connection, statement) == [[value.encode()]]:
                result.harms.append(f"{statement} gives {value}")
        if "hears" in self._harm and not result.ended:
            self._server.rows(f"NOTIFY {self._harm['hears']}")
            messages, result.ended = corpus_items.run_steps(connection, [{"q": "SELECT 1"}])
            if any(m.type == "A" for m in messages):
                result.harms.append("the session hears the notification")
        if "other_steps" in item:
            self._ask_the_other()

    @staticmethod
    def _show(connection, statement):
        """Its rows; none when it fails, as in a transaction that has failed."""
        if not statement:
            return []
        messages, _ = corpus_items.run_steps(connection, [{"q": statement}])
        return [m.row for m in messages if m.type == "D"]

    def _ask_the_other(self):
        with self._connect(**self._item.get("startup", {})) as connection:
            messages, _ = corpus_items.run_steps(connection, self._item["other_steps"], self._server.fill)
        if outcome(messages) != outcome(self.result.messages):
            self.result.harms.append("the two questions get different answers")
        self.result.messages += messages

    @staticmethod
    def is_usable(connection):
        corpus_items.run_steps(connection, [{"q": "ROLLBACK"}])
        messages, _ = corpus_items.run_steps(connection, [{"q": "SELECT 1"}])
        return [m.row for m in messages if m.type == "D"] == [[b"1"]]

    def _judge_states(self, states):
        for sql, before in states.items():
            after = self._server.look(self._server.fill(sql))
            if after != before:
                self.result.harms.append(f"{sql}: {before!r} has become {after!r}")

    def _judge(self, listener):
        result, harm = self.result, self._harm
        if listener is not None:
            with listener:
                if any(m.type == "A" for m in listener.talk(wire.query("SELECT 1"))):
                    result.harms.append("others hear the notification")
        wanted = harm.get("changed", [])
        for name in [wanted] if isinstance(wanted, str) else wanted:
            if name in result.changes:
                result.harms.append(f"{name} has changed")
        leak = self._server.fill(harm["leak"]) if "leak" in harm else None
        if leak is not None and leak.encode() in from_the_server(result.messages):
            result.harms.append(f"the client got {leak!r}")
