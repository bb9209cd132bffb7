"""What CASCADE takes along, as the gate says it and as PostgreSQL does it: an event trigger writes down what was dropped,
and each of it must be an effect, or a part of an object that is one."""

import json
import unittest

import gate
import harness
import processes
from postgres import Agent, Postgres

AGENT = Agent("bot", "agent_bot", "what the bot knows", "bot_db", "what the gate knows of the bot")
POLICY = {"version": 1, "name": "cascade", "agents": {"bot": {"login": AGENT.login}}, "protect": [],
          "rules": [{"id": "all", "allow": ["all"], "on": ["*.*"], "to": ["*"]},
                    {"id": "outside", "allow": ["drop schema", "alter publication"], "to": ["*"]}],
          "functions": {"allow": ["app.to_mac(app.place)"]}}
RECORD = """CREATE SCHEMA record; CREATE TABLE record.dropped (kind text, address text[], normal boolean, original boolean);
  CREATE FUNCTION record.note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO record.dropped SELECT object_type, address_names, normal, original FROM pg_event_trigger_dropped_objects()
    WHERE schema_name IS DISTINCT FROM 'pg_toast'; END $$;
  CREATE EVENT TRIGGER note ON sql_drop EXECUTE FUNCTION record.note();"""
INDEXES = "SELECT indexrelid::regclass::text, indrelid::regclass::text FROM pg_index WHERE indexrelid >= 16384"
ENDS = {"table": "drop table", "view": "drop view", "materialized view": "drop materialized view", "sequence": "drop sequence",
        "function": "drop function", "procedure": "drop procedure", "aggregate": "drop aggregate", "schema": "drop schema",
        "operator": "drop operator", "statistics object": "drop statistics", "index": "drop index"}
PARTS = {"table constraint": "alter table drop constraint", "default value": "alter table drop default",
         "table column": "alter table drop column", "trigger": "drop trigger", "rule": "drop rule", "policy": "drop policy"}
WHOLE = {"drop table", "drop view", "drop materialized view"}

CASCADES = [
    "DROP TABLE app.customers CASCADE", "DROP TABLE app.orders CASCADE", "DROP TABLE app.family CASCADE",
    "DROP TABLE app.base CASCADE", "DROP TABLE app.events CASCADE", "DROP TABLE other.events_2025 CASCADE",
    "DROP TABLE app.customers, app.orders CASCADE", "DROP VIEW app.people CASCADE", "DROP TABLE other.child CASCADE",
    "DROP MATERIALIZED VIEW app.ranks CASCADE", "DROP SEQUENCE app.customers_id_seq CASCADE",
    "DROP TYPE app.mood CASCADE", "DROP TYPE app.place CASCADE", "DROP TYPE app.floats CASCADE", "DROP DOMAIN app.moody CASCADE",
    "DROP FUNCTION app.one() CASCADE", "DROP FUNCTION app.noticed() CASCADE", "DROP FUNCTION app.same(app.place, app.place) CASCADE",
    "DROP FUNCTION app.to_mac(app.place) CASCADE", "DROP AGGREGATE app.moods (app.mood) CASCADE",
    "DROP SCHEMA doomed CASCADE", "DROP SCHEMA app CASCADE", "DROP SCHEMA other CASCADE",
    "DROP INDEX app.customers_born CASCADE", "DROP INDEX app.events_customer CASCADE",
    "DROP TRIGGER on_events ON app.events CASCADE", "DROP TRIGGER noticed ON app.orders CASCADE",
    "DROP RULE also ON app.watched CASCADE", "DROP POLICY by_note ON app.orders CASCADE",
    "ALTER TABLE app.customers DROP CONSTRAINT customers_pkey CASCADE",
    "ALTER TABLE app.customers DROP CONSTRAINT customers_name_key CASCADE",
    "ALTER TABLE app.events DROP CONSTRAINT events_pkey CASCADE",
    *(f"ALTER TABLE app.customers DROP COLUMN {c} CASCADE" for c in ("id", "name", "feels", "rank", "born", "home", "checked")),
    "ALTER TABLE app.orders DROP COLUMN note CASCADE", "ALTER TABLE app.orders DROP COLUMN id CASCADE",
    "ALTER TABLE app.base DROP COLUMN name CASCADE", "ALTER TABLE other.child DROP COLUMN extra CASCADE",
    "ALTER TABLE app.events DROP COLUMN customer CASCADE", "ALTER TABLE app.orders DROP COLUMN customer CASCADE, DROP COLUMN customer_name",
]
# The gate has no judgement on what these take along, or no knowledge of what they mean.
REFUSED = [
    "ALTER TYPE app.place DROP ATTRIBUTE feels CASCADE", "ALTER DOMAIN app.moody DROP CONSTRAINT moody_check CASCADE",
    "DROP OPERATOR app.=== (app.place, app.place) CASCADE", "DROP CAST (app.place AS macaddr) CASCADE",
    "DROP EXTENSION plpgsql CASCADE", "DROP LANGUAGE plpgsql CASCADE", "REVOKE SELECT ON app.orders FROM PUBLIC CASCADE",
    "DROP OWNED BY agent_bot CASCADE", "DROP PUBLICATION shown CASCADE",
]


class Cascade(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres(settings={"wal_level": "logical"})
        cls.addClassCleanup(cls.postgres.stop)
        cls.postgres.create_role(AGENT)
        cls.postgres.load(harness.DATA / "cascade.sql")
        cls.folder = processes.new_folder("cascade")
        cls.policy, cls.catalog = cls.folder / "policy.json", cls.folder / "shop.catalog"
        cls.policy.write_text(json.dumps(POLICY), encoding="utf-8")
        front = gate.Gate(cls.postgres, POLICY, [AGENT])
        try:
            dumped = gate.run("catalog", "dump", "--config", front.folder / "portcullis.json", "--output", cls.catalog)
            assert dumped.returncode == 0, dumped.stderr
        finally:
            front.stop()
        cls.tables = dict(cls.postgres.sql(INDEXES))
        cls.postgres.sql(RECORD)

    def judge(self, statement, with_catalog=True):
        catalog = ("--catalog", self.catalog) if with_catalog else ()
        told = gate.run("check", "--policy", self.policy, "--agent", "bot", "--search-path", "app", *catalog,
                        "--format", "json", stdin=statement)
        self.assertIn(told.returncode, (0, 1, 2), told.stderr)
        return told.returncode, json.loads(told.stdout)["effects"]

    def dropped(self, statement):
        with self.postgres.superuser_connection() as connection:
            rows = connection.rows
            rows("BEGIN")
            rows(statement)
            return rows("SELECT kind, array_to_string(address, '.'), normal, cardinality(address) FROM record.dropped")

    def is_covered(self, effects, kind, address, normal, depth):
        named = {(e["action"], e["object"]) for e in effects}
        if kind == "index":
            table = self.tables[address]
            return ("drop index", address) in named or self.is_part(named, table, normal)
        objects = {o for _, o in named}
        if kind in ENDS and (ENDS[kind], address) in named:
            return True
        if kind in ("function", "type") and address.removesuffix("_multirange") in objects:
            return True  # a range's constructors and multirange
        if kind == "statistics object":
            return normal == "f" or bool({a for a, _ in named} & WHOLE)
        if kind in ENDS:
            return False
        if kind == "composite type column":
            return ("alter type", address.rsplit(".", 1)[0]) in named
        if kind in PARTS and depth == "3":
            table, name = address.rsplit(".", 1)
            if name.startswith("RI_ConstraintTrigger"):
                return True  # keeps a foreign key, and goes with it
            columns = {c for e in effects if e["action"] == "alter table drop column" and e["object"] == table
                       for c in e.get("columns", [])}
            # A CHECK goes with any of its columns, whether the statement says CASCADE or not.
            with_column = kind == "table constraint" and columns or kind == "default value" and name in columns
            return with_column or (PARTS[kind], table) in named or self.is_part(named, table, normal)
        if kind in ("type", "composite type", "domain constraint", "cast"):
            return normal == "f" or any(o == address.removesuffix("[]") for _, o in named) or kind == "cast" and any(
                a == "drop cast" for a, _ in named)
        if kind == "publication relation":
            return True  # says so in PostgreSQL's own words; it goes with its table, or is ALTER PUBLICATION
        return any(o == address for _, o in named)

    @staticmethod
    def is_part(named, table, normal):
        """Dropped with its table, or without a word with a column or constraint of it."""
        return any(o == table and (a in WHOLE or (normal == "f" and a != "cascade")) for a, o in named)

    def test_all_that_goes_is_an_effect(self):
        misses, counted = [], 0
        for statement in CASCADES:
            code, effects = self.judge(statement)
            dropped = self.dropped(statement)
            self.assertTrue(dropped, statement)
            counted += len(dropped)
            if code:  # it takes along what cannot be judged
                misses.append(f"refused: {statement}: {[e for e in effects if e['verdict'] != 'allow']}")
            misses += [f"{statement}: {kind} {address} {normal}" for kind, address, normal, depth in dropped
                       if not self.is_covered(effects, kind, address, normal, depth)]
        self.assertEqual(misses, [])
        self.assertGreater(counted, 300)

    def test_what_is_not_understood_is_refused(self):
        for statement in REFUSED:
            self.assertEqual(self.judge(statement)[0], 1, statement)

    def test_without_a_catalog_it_is_refused(self):
        self.assertEqual([self.judge(statement, with_catalog=False)[0] for statement in CASCADES], [1] * len(CASCADES))


if __name__ == "__main__":
    unittest.main()
