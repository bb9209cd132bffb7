"""Load in which every statement has a tag of its own, and what must stand in the audit log of it."""

import random
import re
import threading

import harness
import wire
from wire import SYNC, bind, execute, extended, parse, query

TAG = re.compile(r"\bt\d+x\d+x\d+\b")
INSERT = "INSERT INTO app.events (tag) VALUES ($1)"
# What the gate itself asks the server in a session.
OWN = re.compile(r"SELECT (r\.rolname|pg_catalog\.(unnest|current_setting))|DISCARD PLANS$")
DENIED = {"42501", "42601"}
# While the structure changes: no current catalog, another one within a pipeline, and what was not prepared by that.
TRANSIENT = {"57P03", "0A000", "26000"}
RECORD = re.compile(r"\b[Rr]ecord (\d+)\.")


def tags_in(*texts):
    return tuple(TAG.findall(" ".join(texts)))


class Session(threading.Thread):
    """Sends statements in all ways until the connection breaks. `done` are the tags of changes that it was told are made and
    stay; `refused` has those that it was told are refused, with the entry that this named; `records` are all entries
    that a refusal named; `problems` answers that nobody foresaw."""

    def __init__(self, gate, seed, prefix, changes_structure=False):
        super().__init__(daemon=True)
        self._gate, self._prefix, self._random = gate, prefix, random.Random(f"{seed} {prefix}")
        self._next = 0
        self._ways = [self._simple, self._prepared, self._unnamed, self._block, self._pipeline, self._read] * 3
        self._ways += [self._refused, self._no_statement, self._refused_in_a_pipeline]
        self._ways += [self._structure] if changes_structure else []
        self.done, self.refused, self.records, self.problems = set(), {}, set(), []

    def run(self):
        try:
            with self._gate.connect(harness.AGENT) as self._connection:
                self._talk([parse(INSERT, "s"), SYNC])
                while True:
                    self._random.choice(self._ways)()
        except (OSError, wire.Closed):
            pass
        except wire.ServerError as error:
            self.problems.append(str(error))

    def _tag(self):
        self._next += 1
        return f"t{self._prefix}x{self._next}"

    def _talk(self, messages, done=(), refused=None, readies=1):
        """`refused` is the tag of the one statement that must be."""
        answer = self._connection.talk(*messages, readies=readies)
        errors = [one for one in answer if one.type == "E"]
        named = [self._record_of(error, DENIED | TRANSIENT if refused else TRANSIENT) for error in errors]
        if refused and not errors:
            self.problems.append(f"not refused: {messages}")
        elif refused and errors[0].code in DENIED:
            self.refused[refused] = named[0]
        elif not errors:
            self.done.update(done)

    def _record_of(self, error, expected):
        record = RECORD.search(error.fields["M"] + error.fields.get("D", ""))
        if not record or error.code not in expected:
            return self.problems.append(str(error.fields))
        self.records.add(int(record[1]))
        return int(record[1])

    def _simple(self):
        tag = self._tag()
        self._talk([query(f"INSERT INTO app.events (tag) VALUES ('{tag}')")], [tag])

    def _prepared(self):
        tag = self._tag()
        self._talk([bind([tag], "s"), execute(), SYNC], [tag])

    def _unnamed(self):
        tag = self._tag()
        self._talk([extended(INSERT, [tag]), SYNC], [tag])

    def _block(self):
        begin, one, other, end = (self._tag() for _ in range(4))
        self._talk([query(f"BEGIN /* {begin} */"), query(f"INSERT INTO app.events (tag) VALUES ('{one}')"),
                    bind([other], "s") + execute() + SYNC, query(f"COMMIT /* {end} */")], [begin, one, other, end], readies=4)

    def _pipeline(self):
        tags = [self._tag() for _ in range(self._random.randint(2, 12))]
        self._talk([bind([tag], "s") + execute() + SYNC for tag in tags], tags, readies=len(tags))

    def _read(self):
        tag = self._tag()
        self._talk([query(f"SELECT tag FROM app.events WHERE id = 1 /* {tag} */")])

    def _structure(self):
        make, drop = self._tag(), self._tag()
        self._talk([query(f"CREATE TABLE IF NOT EXISTS app.nothing (id integer) /* {make} */")], [make])
        self._talk([query(f"DROP TABLE IF EXISTS app.nothing /* {drop} */")], [drop])

    def _refused(self):
        tag = self._tag()
        self._talk([query(f"SELECT ssn FROM app.users /* {tag} */")], refused=tag)

    def _no_statement(self):
        tag = self._tag()
        self._talk([query(f"SELEC {tag}")], refused=tag)

    def _refused_in_a_pipeline(self):
        tags = [self._tag() for _ in range(3)]
        self._talk([bind([tags[0]], "s"), execute(), parse(f"SELECT ssn FROM app.users /* {tags[1]} */"), bind(), execute(),
                    bind([tags[2]], "s"), execute(), SYNC], refused=tags[1])


class Recorded:
    """What entries say, by tag."""

    def __init__(self, entries):
        self.forwarded = set()  # (text, tags)
        self.allowed, self.denied, self.denials = {}, set(), set()  # tag: index; tags; indexes
        self.finished = {e["decision"] for e in entries if e["t"] == "outcome" and e["result"] == "ok"}
        prepared = {}
        for entry in entries:
            if entry["t"] != "decision":
                continue
            text = prepared.get(entry.get("statement"), entry.get("text", ""))
            tags = tags_in(text, *(p.get("text", "") for p in entry.get("parameters", [])))
            if entry["verdict"] != "allow":
                self.denied.update(tags)
                self.denials.add(entry["i"])
            elif entry["message"] == "Parse":
                prepared[entry["i"]] = text
            else:
                self.forwarded.add((text, tags))
                self.allowed.update((tag, entry["i"]) for tag in tags)

    def missing(self, ran, sessions):
        """What is lacking, in words: of the statements in the server's log (postgres.Logged), and of what clients were told."""
        ran = {(one.text, tags_in(one.text, one.parameters)) for one in ran if not OWN.match(one.text)}
        done = set().union(*(s.done for s in sessions))
        refused = {tag for s in sessions for tag in s.refused}
        lacks = [f"ran, and no decision: {one}" for one in ran - self.forwarded]
        lacks += [f"ran without a tag: {text}" for text, tags in ran if not tags]
        lacks += [f"done, and no outcome: {tag}" for tag in done if self.allowed.get(tag) not in self.finished]
        lacks += [f"refused, and no decision: {tag}" for tag in refused - self.denied]
        lacks += [f"refused, and another record: {index}" for s in sessions for index in s.records - self.denials]
        return lacks + [problem for session in sessions for problem in session.problems]
