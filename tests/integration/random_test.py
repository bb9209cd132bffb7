"""Random pipelines, the same for the same seed: what comes through the gate is what PostgreSQL says directly. Where the
gate refuses a statement, the direct session is given a text that no parser accepts: a refusal is the server's own
error at that place, no more and no less."""

import os
import random
import re
import time
import unittest

import harness
from wire import (COPY_DONE, FLUSH, SYNC, bind, close_portal, close_statement, copy_data, copy_fail, describe_portal,
                  describe_statement, execute, function_call, parse, query)

SCRIPTS = int(os.environ.get("PORTCULLIS_TEST_SCRIPTS", "150"))
FIRST_SEED = int(os.environ.get("PORTCULLIS_TEST_SEED", "1"))

REFUSED = ["SELECT ssn FROM app.users", "DO 'BEGIN END'", "SET ROLE postgres", "DELETE FROM app.ledger WHERE id = 1",
           "CREATE TABLE app.other (x int)", "SELECT pg_sleep(60)"]
POISON = "NO_PARSER ACCEPTS_THIS"
PLAIN = ["SELECT 1", "SELECT id, status FROM app.orders ORDER BY id", "INSERT INTO app.events (tag) VALUES ('r')",
         "UPDATE app.orders SET status = status || '+' WHERE id = 2", "SELECT 1/0", "SELECT missing FROM app.orders",
         "", "/* nothing */", "SELECT count(*) FROM app.events", "INSERT INTO app.customers VALUES (1, 'x', 'y')",
         "COPY app.customers TO STDOUT", "COPY (SELECT 1/(id - 2) FROM app.orders ORDER BY id) TO STDOUT"]
COPY_IN = "COPY app.events (tag, size) FROM STDIN"
CONTROL = ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "ROLLBACK TO s", "RELEASE s"]
# EXECUTE and FETCH stand behind what makes their names: the gate refuses a name that it does not know as a whole and in
# advance, which is another place than the server's.
NAMED = ["PREPARE a AS SELECT id FROM app.orders WHERE id = 1", "DEALLOCATE ALL", "CLOSE ALL",
         "PREPARE b (int) AS SELECT $1; EXECUTE b (1); EXECUTE b (2); DEALLOCATE b",
         "DECLARE c CURSOR FOR SELECT id FROM app.orders ORDER BY id",
         "DECLARE c CURSOR FOR SELECT id FROM app.orders ORDER BY id; FETCH 2 FROM c; MOVE 1 IN c; CLOSE c"]
WITH_PARAMETER = ["SELECT $1::int", "SELECT 10 / $1::int", "SELECT id FROM app.orders WHERE id >= $1 ORDER BY id",
                  "INSERT INTO app.events (tag, size) VALUES ('p', $1)"]
STATEMENTS, PORTALS = ["", "a", "b"], ["", "p", "c"]


class Script:
    """Pieces for the gate and for the server, which differ only where the gate refuses."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self.through, self.direct = [], []
        for _ in range(self._random.randint(1, 25)):
            steps = [self._simple, self._extended, self._single, self._copy_in, self._function_call,
                     self._discard]
            self._random.choices(steps, [30, 40, 50, 10, 5, 3])[0]()
        for message in (SYNC, query("ROLLBACK"), query("SELECT 'the end'")):
            self._both(message)

    def _both(self, message):
        self.through.append(message)
        self.direct.append(message)

    def _text(self, *groups):
        """A text for the gate and its stand-in for the server."""
        if self._random.random() < 0.12:
            return self._random.choice(REFUSED), POISON
        text = self._random.choice(self._random.choice(groups))
        return text, text

    def _discard(self):
        """Always with its Sync: what names mean behind it in the same pipeline hangs on it, which the gate refuses."""
        self._both(parse("DISCARD ALL") + bind() + execute() + SYNC)

    def _simple(self):
        texts = [self._text(PLAIN, PLAIN, CONTROL, NAMED) for _ in range(self._random.choice([1, 1, 1, 2, 3]))]
        self.through.append(query("; ".join(through for through, _ in texts)))
        self.direct.append(query("; ".join(direct for _, direct in texts)))

    def _parse(self, statement):
        through, direct = self._text(PLAIN, CONTROL, NAMED, WITH_PARAMETER, WITH_PARAMETER)
        self.through.append(parse(through, statement))
        self.direct.append(parse(direct, statement))
        return "$1" in through

    def _extended(self):
        statement, portal = self._random.choice(STATEMENTS), self._random.choice(PORTALS)
        has_parameter = self._parse(statement)
        self._both(bind([str(self._random.randint(0, 3))] if has_parameter else [], statement, portal))
        if self._random.random() < 0.5:
            self._both(describe_portal(portal))
        self._both(execute(portal, self._random.choice([0, 0, 1, 2])))
        if self._random.random() < 0.7:
            self._both(SYNC)

    def _copy_in(self):
        """Always to its end: another message in between would end the connection."""
        ask = query(COPY_IN) if self._random.random() < 0.5 else parse(COPY_IN) + bind() + execute()
        rows = [copy_data(self._random.choice([b"a\t1\n", b"b\t2\nc\t3\n", b"d\t", b"4\n", b"bad\n"]))
                for _ in range(self._random.randint(0, 4))]
        end = copy_fail("no more") if self._random.random() < 0.2 else COPY_DONE
        for _ in range(self._random.randint(0, 2)):  # the server ignores them while it copies, not behind a bad row
            rows.insert(self._random.randint(0, len(rows)), self._random.choice([SYNC, FLUSH]))
        forget = parse("") + SYNC  # else a later Execute might begin another COPY, which gets no data
        for piece in [ask, *rows, end, SYNC + forget]:
            self._both(piece)

    def _function_call(self):
        self.through.append(function_call(1598))
        self.direct.append(query(POISON))

    def _single(self):
        statement, portal = self._random.choice(STATEMENTS), self._random.choice(PORTALS)
        kind = self._random.randrange(9)
        if kind == 0:
            self._parse(statement)
            return
        self._both([SYNC, FLUSH, bind([], statement, portal), bind(["1"], statement, portal), execute(portal, 1),
                    describe_statement(statement), describe_portal(portal), close_statement(statement),
                    close_portal(portal)][kind])


def ends_with_the_end(message):
    return message.type == "D" and b"the end" in message.body


def run(connection, pieces, generator):
    """Everything sent in a few writes at random places; the messages up to the end of the script."""
    cuts = sorted(generator.randint(0, len(pieces)) for _ in range(generator.randint(0, 4)))
    for begin, end in zip([0] + cuts, cuts + [len(pieces)]):
        connection.send(*pieces[begin:end])
        time.sleep(generator.choice([0, 0, 0.001, 0.004]))  # so that answers come in between
    seen = []
    while not (seen and ends_with_the_end(seen[-1])):
        seen.append(connection.read())
    return seen + connection.read_until()


UNKNOWN = ("26000", "34000")  # what both say of a name that they do not know


def is_by_the_gate(error):
    """Every refusal names its record."""
    return bool(re.search(r"\bRecord \d+\.|^Portcullis record \d+\.", error.fields["M"] + "\n" + error.fields.get("D", ""),
                          re.MULTILINE))


def is_unknown_to_the_server(error):
    """The gate refuses a name before the state of the transaction counts (25P02). And it knows nothing of the unnamed
    portal that a failed Query leaves behind in an open transaction, which the server has and cannot run (55000)."""
    return error.code in UNKNOWN + ("25P02",) or (error.code, error.fields["M"]) == ("55000", 'portal "" cannot be run')


def agree(through, direct):
    """Whether that is the same answer. Only an error that the gate itself gave may differ, and only in these ways."""
    if through.type != direct.type:
        return False
    if through.type == "N":
        return through.code == direct.code
    if through.type != "E":
        return through.body == direct.body
    if POISON.split()[0] in direct.fields["M"] and not harness.DIRECT:
        return is_by_the_gate(through) and through.code in ("42501", "0A000")
    if is_by_the_gate(through) and through.code in UNKNOWN:
        return is_unknown_to_the_server(direct)
    return not is_by_the_gate(through) and (through.code, through.fields["M"]) == (direct.code, direct.fields["M"])


class RandomPipelines(harness.ShopCase):
    needs_gate = False

    def test_gate_and_server_agree(self):
        for seed in range(FIRST_SEED, FIRST_SEED + SCRIPTS):
            script = Script(seed)
            with self.subTest(seed=seed), self.postgres.connect(harness.AGENT) as direct:
                expected = run(direct, script.direct, random.Random(seed))
                self.reset_rows()
                with self.front.connect(harness.AGENT) as through:
                    pieces = script.direct if harness.DIRECT else script.through
                    actual = run(through, pieces, random.Random(seed + 1))
                self.reset_rows()
                same = 0
                while same < min(len(actual), len(expected)) and agree(actual[same], expected[same]):
                    same += 1
                if same < max(len(actual), len(expected)):
                    self.fail(f"message {same}: {actual[same:same + 4]} through the gate, {expected[same:same + 4]} "
                              f"directly; the script: {wire_text(script.through)}")


def wire_text(pieces):
    return "\n  ".join([""] + [repr(piece[:1] + piece[5:]) for piece in pieces])


if __name__ == "__main__":
    unittest.main()
