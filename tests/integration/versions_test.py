"""What must hold with every server from the oldest to the newest: this file runs on each of them, also where the other tests
run on one alone. It asks for everything once, and for what differs between the versions."""

import copy
import json
import pathlib
import unittest

import catalog_test
import gate as gates
import harness
import processes
from postgres import Agent, Postgres
from wire import SYNC, ServerError, extended, query, shape

ROOT = pathlib.Path(__file__).resolve().parents[2]
POLICIES = sorted(path for path in (ROOT / "policies").glob("*.json") if path.name != "policy.schema.json")
REPAIR_BOT = Agent("repair-bot", "agent_repair", "what the client knows", "agent_repair_db", "what the gate knows")

# (since, statement): what agents and their tools say every day, and what a version brought that the gate understands.
EVERYDAY = [
    (13, "SELECT version() <> '', current_database(), current_setting('server_version_num')::int >= 130000"),
    (13, "SELECT o.id, c.name, sum(o.amount) OVER (PARTITION BY c.id) FROM app.orders o JOIN app.customers c ON c.id = o.customer_id ORDER BY 1"),
    (13, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n"),
    (13, "SELECT id FROM app.orders ORDER BY amount FETCH FIRST 2 ROWS WITH TIES"),
    (13, "SELECT jsonb_agg(o), array_agg(id ORDER BY id), string_agg(status, ',' ORDER BY id) FROM app.orders o"),
    (13, "SELECT extract(year FROM created), date_trunc('month', created, 'UTC'), created + interval '1 day' FROM app.orders"),
    (13, "SELECT substring(status FROM 1 FOR 2), position('e' IN status), trim(both 'n' FROM status), status LIKE 'n%' FROM app.orders"),
    (13, "SELECT normalize('a'), 'abc' SIMILAR TO 'a%', gen_random_uuid() IS NOT NULL, 7 BETWEEN 1 AND 9"),
    (13, "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'app' ORDER BY 1, ordinal_position"),
    (13, "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid) FROM pg_class c "
         "JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum "
         "WHERE c.relnamespace = 'app'::regnamespace AND a.attnum > 0 ORDER BY c.relname, a.attnum"),
    (13, "SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'app.orders'::regclass ORDER BY 1"),
    (13, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'app' ORDER BY 1"),
    (13, "EXPLAIN (COSTS off) SELECT * FROM app.orders WHERE id = 1"),
    (13, "INSERT INTO app.events (tag) VALUES ('a'), ('b') RETURNING tag, size"),
    (13, "INSERT INTO app.customers VALUES (1, 'x@example.com', 'x') ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING name"),
    (13, "UPDATE app.orders SET amount = amount + 1 WHERE id = 1 RETURNING id, amount"),
    (13, "DELETE FROM app.events WHERE tag = 'nothing'"),
    (13, "BEGIN; SET LOCAL statement_timeout = '5s'; SAVEPOINT a; SELECT 1; ROLLBACK TO a; COMMIT"),
    (13, "BEGIN; ALTER TABLE app.orders ADD COLUMN note text DEFAULT 'none'; SELECT note FROM app.orders; ROLLBACK"),
    (13, "COPY (SELECT id, status FROM app.orders ORDER BY 1) TO STDOUT"),
    (13, "SHOW server_encoding"),
    (14, "SELECT bit_xor(id), date_bin('1 hour', now(), '2001-01-01') IS NOT NULL FROM app.orders"),
    (14, "SELECT (jsonb '{\"a\": 1}')['a'], '{[1,3)}'::int4multirange @> 2"),
    (14, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SEARCH DEPTH FIRST BY i SET o SELECT * FROM n"),
    (15, "MERGE INTO app.events e USING (VALUES ('merged')) v (tag) ON e.tag = v.tag WHEN NOT MATCHED THEN INSERT (tag) VALUES (v.tag)"),
    (15, "SELECT regexp_count('a1b2', '[0-9]'), regexp_substr('a1b2', '[0-9]')"),
    (16, "SELECT any_value(status) IS NOT NULL FROM app.orders"),
    (17, "SELECT to_hex(255), random(1, 1)"),
    (18, "SELECT reverse('abc'), casefold('ABC'), uuidv7() IS NOT NULL"),
]

# What newer servers take for something else than the grammar of 15 does, with the column that it would show.
READ_ANEW = [
    "UPDATE app.customers SET name = name WHERE id = 1 RETURNING old.email",
    "UPDATE app.customers SET name = name WHERE id = 1 RETURNING old",
    "UPDATE app.customers SET name = name WHERE id = 1 RETURNING new.*",
    "UPDATE app.customers SET name = name WHERE id = 1 RETURNING to_jsonb(old)",
    "UPDATE app.customers SET name = name WHERE id = 1 RETURNING (SELECT x.email FROM (SELECT old.*) x)",
    "INSERT INTO app.customers (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = 'x' RETURNING old.email",
    "WITH old AS (SELECT 1 AS email) UPDATE app.customers c SET name = c.name WHERE id = 1 RETURNING old.email",
    "WITH w AS (UPDATE app.customers SET name = name WHERE id = 1 RETURNING old.email) TABLE w",
    "SELECT json_array(email) FROM app.customers",
    "SELECT json_arrayagg(email) FROM app.customers",
    "SELECT json_scalar(email) FROM app.customers",
    "SELECT json_value(to_jsonb(c), '$.email') FROM app.customers c",
]


class ShippedPolicies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.stop)
        cls.postgres.create_role(REPAIR_BOT)
        cls.postgres.sql(f"GRANT CREATE ON DATABASE {cls.postgres.database} TO {REPAIR_BOT.role}")
        cls.postgres.load(ROOT / "scripts" / "demo-shop.sql")
        cls.gate = gates.Gate(cls.postgres, {}, [REPAIR_BOT], config={"policy": str(ROOT / "policies" / "data-repair.json")})
        cls.addClassCleanup(cls.gate.stop)

    def test_hold_what_their_own_tests_say(self):
        dump = self.gate.folder / "shop.catalog"
        made = gates.run("catalog", "dump", "--config", self.gate.folder / "portcullis.json", "--output", dump)
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        self.assertGreaterEqual(len(POLICIES), 3)
        for policy in POLICIES:
            with self.subTest(policy.name):
                expected = policy.read_text(encoding="utf-8").count('"expect":')
                told = gates.run("policy", "test", policy, "--catalog", dump)
                self.assertEqual(told.returncode, 0, told.stdout + told.stderr)
                self.assertIn(f"{expected} of {expected} tests passed", told.stdout)

    def test_open_and_close_what_they_say(self):
        with self.gate.connect(REPAIR_BOT) as connection:
            self.assertEqual(connection.rows("UPDATE app.orders SET status = 'paid' WHERE id = 42 RETURNING status"), [["paid"]])
            for refused in ("SELECT login FROM app.users", "DELETE FROM app.orders", "TRUNCATE app.audit_ledger"):
                with self.assertRaises(ServerError) as caught:
                    connection.rows(refused)
                self.assertEqual(caught.exception.fields["C"], "42501", refused)


class Everyday(harness.DifferentialCase):
    policy = copy.deepcopy(harness.POLICY)

    def test_same_answers(self):
        major = self.postgres.major
        for since, statement in EVERYDAY:
            sent = [query(statement)]
            if not statement.startswith("BEGIN"):  # several in one
                sent.append(extended(statement) + SYNC)
            for message in sent:
                with self.subTest(statement, message=message[:1]):
                    self.reset_rows()
                    if since <= major:
                        self.same(lambda c, m=message: self._without_failure(c.talk(m)))
                    else:
                        self.assertEqual(shape(self.connect().talk(message))[-2:], "EZ", "not before that version")

    def _without_failure(self, answer):
        self.assertEqual([m.fields["M"] for m in answer if m.type == "E"], [])
        return answer


class Routes(catalog_test.CatalogCase):
    """Closures: what the stored code of this version leads to."""

    policy = copy.deepcopy(catalog_test.POLICY)
    policy["protect"].append({"id": "mail", "on": ["app.customers(email)"]})

    def assert_refused(self, sql, *told):
        """Once the gate has read the catalog again: the change was not its own."""
        seen = []

        def is_refused():
            try:
                self.connection.rows(sql)
            except ServerError as error:
                seen.append(error.fields["M"])
                return error.code == "42501" and all(text in seen[-1] for text in told)
            return False
        try:
            processes.wait_until(is_refused, "the refusal", seconds=10)
        except AssertionError:
            self.fail(f"{sql} should be refused because of {told}, and was told {seen[-1:]}")

    def test_through_views(self):
        self.outside(("CREATE VIEW app.people AS SELECT u.id, u.ssn FROM app.users u", "DROP VIEW app.people"),
                     ("CREATE VIEW app.again AS SELECT max(p.ssn) AS top FROM app.people p GROUP BY p.id", "DROP VIEW app.again"),
                     ("CREATE MATERIALIZED VIEW app.kept AS SELECT * FROM app.again", "DROP MATERIALIZED VIEW app.kept"))
        for sql in ("SELECT id FROM app.people", "SELECT top FROM app.again", "SELECT count(*) FROM app.kept",
                    "COPY app.kept TO STDOUT", "UPDATE app.people SET ssn = '' WHERE id = 1",
                    "SELECT 1 FROM app.orders WHERE EXISTS (SELECT FROM app.again)"):
            self.assert_refused(sql, '"pii"', "app.users")
        self.assert_refused("MERGE INTO app.people p USING app.orders o ON o.id = p.id WHEN MATCHED THEN DELETE", '"pii"')

    def test_through_a_view_of_a_group(self):
        """18 keeps what a query groups by in an entry of its own."""
        self.outside(("CREATE VIEW app.by_mail AS SELECT lower(email) AS mail, count(*) FROM app.customers GROUP BY lower(email)",
                      "DROP VIEW app.by_mail"))
        self.assert_refused("SELECT mail FROM app.by_mail", '"mail"', "email")

    def test_through_a_rule(self):
        self.outside(("CREATE RULE also AS ON INSERT TO app.events DO ALSO INSERT INTO app.users VALUES (NEW.id, NEW.tag)",
                      "DROP RULE also ON app.events"))
        self.assert_refused("INSERT INTO app.events (tag) VALUES ('x')", '"pii"', "rule also on app.events")

    def test_through_a_trigger(self):
        self.outside(("CREATE FUNCTION app.noticed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
                      "DROP FUNCTION app.noticed()"),
                     ("CREATE TRIGGER t BEFORE INSERT ON app.events FOR EACH ROW EXECUTE FUNCTION app.noticed()",
                      "DROP TRIGGER t ON app.events"))
        self.assert_refused("INSERT INTO app.events (tag) VALUES ('x')", "app.noticed() (by trigger t on app.events)")

    def test_through_the_cascade_of_a_key(self):
        self.outside(("ALTER TABLE app.ledger ADD COLUMN order_id integer REFERENCES app.orders ON DELETE CASCADE",
                      "ALTER TABLE app.ledger DROP COLUMN order_id"))
        self.assert_refused("DELETE FROM app.orders WHERE id = 1", '"books"', "DELETE on app.ledger")

    def test_through_a_stored_column(self):
        self.outside(("ALTER TABLE app.customers ADD COLUMN mirror text GENERATED ALWAYS AS (lower(email)) STORED",
                      "ALTER TABLE app.customers DROP COLUMN mirror"))
        self.assert_refused("SELECT mirror FROM app.customers", '"mail"', "email")

    def test_through_a_virtual_column(self):
        """18 works them out when they are read."""
        made = "ALTER TABLE app.customers ADD COLUMN mirror text GENERATED ALWAYS AS (lower(email)) VIRTUAL"
        if self.postgres.major < 18:
            with self.assertRaises(ServerError):
                self.postgres.sql(made)
            return
        self.outside((made, "ALTER TABLE app.customers DROP COLUMN mirror"))
        self.assert_refused("SELECT mirror FROM app.customers", '"mail"', "email")

    def test_through_expressions(self):
        function = ("CREATE FUNCTION app.code(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1; END'",
                    "DROP FUNCTION app.code(integer)")
        self.outside(function)
        for do, undo in (("ALTER TABLE app.events ALTER COLUMN size SET DEFAULT app.code(1)",
                          "ALTER TABLE app.events ALTER COLUMN size SET DEFAULT 0"),
                         ("ALTER TABLE app.events ADD CONSTRAINT checked CHECK (app.code(size) = size)",
                          "ALTER TABLE app.events DROP CONSTRAINT checked"),
                         ("CREATE INDEX coded ON app.events (app.code(size))", "DROP INDEX app.coded")):
            with self.subTest(do):
                self.postgres.sql(do)
                try:
                    self.assert_refused("INSERT INTO app.events (tag) VALUES ('x')", "app.code(integer)")
                finally:
                    self.postgres.sql(undo)

    def test_what_newer_servers_read_differently(self):
        for sql in READ_ANEW:
            with self.subTest(sql):
                self.assert_refused(sql)


class Changes(catalog_test.OwnChanges):
    """The catalog is read again after DDL."""


if __name__ == "__main__":
    unittest.main()
