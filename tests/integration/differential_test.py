"""What the gate says a statement touches, held against what PostgreSQL touched: every relation in the server's plan and
every relation that it locked must be among the effects, and what was locked for writing among those that write. Thousands
of generated statements (differential_statements.py); each runs in a transaction that is rolled back.

    PORTCULLIS_TEST_SEED=5000 PORTCULLIS_TEST_STATEMENTS=20000 python3 differential_test.py   # a long search
"""

import concurrent.futures
import json
import os
import re
import unittest

import psycopg2

import gate
import processes
from corpus_server import schema
from differential_statements import Statements
from postgres import Agent, Postgres

SEED = int(os.environ.get("PORTCULLIS_TEST_SEED", "1"))
COUNT = int(os.environ.get("PORTCULLIS_TEST_STATEMENTS", "1000"))

AGENT = Agent("bot", "agent_bot", "what the bot knows", "bot_db", "what the gate knows of the bot")
POLICY = {"version": 1, "name": "differential", "agents": {"bot": {"login": AGENT.login}}, "protect": [],
          "rules": [{"id": "all", "allow": ["all"], "on": ["*.*"], "to": ["*"]}]}

RELATIONS = """SELECT n.nspname, c.relname, c.relkind::text,
    array_agg(a.attname::text ORDER BY a.attnum), array_agg(format_type(a.atttypid, NULL) ORDER BY a.attnum)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE n.nspname IN ('app', 'secret', 'audit', 'evil') AND c.relkind IN ('r', 'p', 'v', 'm')
  GROUP BY 1, 2, 3 ORDER BY 1, 2"""
# Of the system's own none; indexes go with their tables.
NAMES = """SELECT c.oid, n.nspname || '.' || c.relname, c.relkind::text FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid >= 16384 AND n.nspname !~ '^pg_' AND c.relkind NOT IN ('i', 'I', 'c')"""
LOCKS = "SELECT relation, mode FROM pg_locks WHERE locktype = 'relation' AND pid = pg_backend_pid() AND relation >= 16384"
# (parent, child): of inheritance and partitions, and of foreign keys.
FAMILIES = """SELECT inhparent, inhrelid FROM pg_inherits"""
KEYS = """SELECT confrelid, conrelid FROM pg_constraint WHERE contype = 'f'"""
FUNCTIONS = """SELECT p.proname, pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.oid >= 16384 AND p.prokind <> 'a'
  AND p.pronamespace IN ('app'::regnamespace, 'audit'::regnamespace, 'evil'::regnamespace)
  UNION ALL SELECT proname, aggtransfn::text || aggfinalfn::text FROM pg_aggregate JOIN pg_proc p ON p.oid = aggfnoid
  WHERE p.oid >= 16384"""

WRITING = {"RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock",
           "AccessExclusiveLock"}
READING = {"select", "references", "copy to stdout", "select for update", "explain"}


def relations_in(plan):
    """Of EXPLAIN (VERBOSE, FORMAT JSON)."""
    if isinstance(plan, list):
        return set().union(*map(relations_in, plan))
    if not isinstance(plan, dict):
        return set()
    found = set().union(*map(relations_in, plan.values()))
    if "Relation Name" in plan:
        found.add(f"{plan['Schema']}.{plan['Relation Name']}")
    return found


class Observed:
    """What the server did with a statement: relations by name."""

    def __init__(self, connection):
        self._connection = connection
        self.names = {}
        self.refresh()

    def refresh(self):
        self.names = {oid: (name, kind) for oid, name, kind in self._rows(NAMES)}

    def _rows(self, text):
        with self._connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchall()

    def plan(self, statement):
        try:
            return relations_in(self._rows("EXPLAIN (VERBOSE, FORMAT JSON) " + statement)[0][0])
        except psycopg2.Error:
            return set()
        finally:
            self._connection.rollback()

    def locked(self, statement):
        """relation -> modes of its locks. Nothing where the statement fails: the locks are gone then."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement)
                cursor.execute(LOCKS)
                locks = cursor.fetchall()
                unknown = {oid for oid, _ in locks} - self.names.keys()
                made = {}
                if unknown:
                    cursor.execute(NAMES + " AND c.oid = ANY (%s::oid[])", (list(unknown),))
                    made = {oid: (name, kind) for oid, name, kind in cursor.fetchall()}
        except psycopg2.Error:
            return {}
        finally:
            self._connection.rollback()
        known = {**self.names, **made}
        found = {}
        for oid, mode in locks:
            if oid in known and known[oid][1] != "S":
                found.setdefault(known[oid][0], set()).add(mode)
        return found

    def pairs(self, text):
        """As (parent's name, child's name)."""
        rows = self._rows(text)
        self._connection.rollback()
        return {(self.names[a][0], self.names[b][0]) for a, b in rows if a in self.names and b in self.names}

    def behind_functions(self):
        """For each function that a user made: the relations that its text names, and those that it calls."""
        texts = {}
        for name, text in self._rows(FUNCTIONS):
            texts[name] = texts.get(name, "") + " " + text
        self._connection.rollback()
        words = {name: set(re.findall(r"\w+", text)) for name, text in texts.items()}
        reached = {}
        for name in texts:
            seen, todo = set(), [name]
            while todo:
                one = todo.pop()
                if one not in seen:
                    seen.add(one)
                    todo += words[one] & texts.keys()
            said = set().union(*(words[one] for one in seen))
            reached[name] = {relation for relation, _ in self.names.values() if relation.split(".")[1] in said}
        return reached


class Differential(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres(settings={"log_statement": "none", "jit": "off", "log_min_messages": "panic",
                                          "wal_level": "logical", "max_parallel_workers_per_gather": "0"})
        cls.addClassCleanup(cls.postgres.stop)
        cls.postgres.create_role(AGENT)
        cls.postgres.sql(f"ALTER ROLE {AGENT.role} SUPERUSER")
        cls.postgres.sql(schema(cls.postgres.major))
        cls.connection = psycopg2.connect(dbname=cls.postgres.database,
                                          **{k: v for k, v in cls.postgres.login_of(AGENT).items() if k != "database"},
                                          options="-c search_path=app -c statement_timeout=5s")
        cls.addClassCleanup(cls.connection.close)
        cls.folder = processes.new_folder("differential")
        cls.policy = cls.folder / "policy.json"
        cls.policy.write_text(json.dumps(POLICY), encoding="utf-8")
        cls.catalog = cls.folder / "shop.catalog"
        front = gate.Gate(cls.postgres, POLICY, [AGENT], config={"upstream": {"allow_superuser": True}})
        try:
            dumped = gate.run("catalog", "dump", "--config", front.folder / "portcullis.json", "--output", cls.catalog)
            assert dumped.returncode == 0, dumped.stderr
        finally:
            front.stop()

    def judge(self, statement):
        """The effects as the gate tells them; None where it does not understand the statement."""
        told = gate.run("check", "--policy", self.policy, "--agent", "bot", "--search-path", "app", "--catalog",
                        self.catalog, "--format", "json", stdin=statement)
        self.assertIn(told.returncode, (0, 1, 2), told.stderr)
        verdict = json.loads(told.stdout)
        return verdict["effects"] if verdict["effects"] or "refusal" not in verdict else None

    def test_effects_cover_what_the_server_touched(self):
        observed = Observed(self.connection)
        with self.connection.cursor() as cursor:
            cursor.execute(RELATIONS)
            relations = [(s, n, k, list(zip(columns, types))) for s, n, k, columns, types in cursor.fetchall()]
        self.connection.rollback()
        generator = Statements(relations, SEED)
        statements = [generator.next() for _ in range(COUNT)]
        self.behind = observed.behind_functions()
        self.families, self.keys = observed.pairs(FAMILIES), observed.pairs(KEYS)
        ran = planned = 0
        misses = []
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for statement, effects in zip(statements, pool.map(self.judge, statements)):
                plan, locked = observed.plan(statement), observed.locked(statement)
                planned, ran = planned + bool(plan), ran + bool(locked)
                if effects is not None:  # else refused without having been understood: nothing gets through
                    misses += [f"{miss}: {statement}" for miss in self.compare(effects, plan, locked)]
        print(f"  {len(statements)} statements, {planned} planned, {ran} run", flush=True)
        self.assertGreater(ran, 0.4 * COUNT, "too many statements of the generator fail")
        if misses:
            self.fail(f"{len(misses)} misses:\n" + "\n".join(misses[:200]))

    def compare(self, effects, plan, locked):
        """A line for each relation that the gate does not name, or names as read where it is written to."""
        named = {}
        for effect in effects:
            named.setdefault(effect["object"], set()).add(effect["action"])
        excused = self.excused(named)
        lines = [f"not named: {relation}" for relation in sorted((plan | locked.keys()) - named.keys() - excused)]
        for relation, modes in sorted(locked.items()):
            writing = modes & WRITING
            if "references" in named.get(relation, ()):
                writing.discard("ShareRowExclusiveLock")  # a foreign key is being made: it gets triggers
            if writing and relation in named.keys() - excused and not named[relation] - READING:
                lines.append(f"not named as written: {relation}")
        return lines

    def excused(self, named):
        """What the server locks though no row of it is looked at: it may go without being named."""
        relations = set()
        for object_, actions in named.items():
            # What functions do inside is for the rule that allows the function, and said so.
            if actions & {"execute function", "call"}:
                relations |= self.behind.get(object_.split(".")[-1], set())
            # The parent has the bounds of a partition.
            relations |= {parent for parent, child in self.families if child == object_}
            # With a foreign key the triggers go that the other table has for it.
            if actions & {"drop table", "alter table drop constraint"}:
                relations |= {parent for parent, child in self.keys if child == object_}
        return relations


if __name__ == "__main__":
    unittest.main()
