"""An UPDATE or DELETE tried out on production's own rows: triggers, checks and foreign keys work on what they would work on."""

import copy
import json
import pathlib
import unittest

import dry_run_policy_test
import gate
import harness
import processes
from wire import SYNC, extended, shape

ROLE = harness.AGENT.role
SECRET = "correct horse battery staple"
SCHEMA = f"""
CREATE SCHEMA made AUTHORIZATION {ROLE};
CREATE TABLE public.tiers (name text PRIMARY KEY);
INSERT INTO public.tiers VALUES ('gold'), ('lead');
GRANT REFERENCES ON public.tiers TO {ROLE};
SET ROLE {ROLE};
CREATE TABLE made.customers (id integer PRIMARY KEY, email text UNIQUE, balance numeric CHECK (balance >= 0), seen timestamptz,
                             share float8, raw bytea, took interval, tags text[], twice numeric GENERATED ALWAYS AS (balance * 2) STORED);
INSERT INTO made.customers SELECT n, 'c' || n || '@example.com', n * 10, '2024-02-29 12:00+02', 1 / 3.0::float8, '\\xdeadbeef', '1 mon 2 days', '{{a,"b c",NULL}}'
  FROM generate_series(1, 200) AS n;
UPDATE made.customers SET email = '{SECRET}' WHERE id = 7;
CREATE TABLE made.orders (id integer PRIMARY KEY, customer_id integer REFERENCES made.customers ON DELETE CASCADE ON UPDATE CASCADE, total numeric);
INSERT INTO made.orders SELECT n, n % 20 + 1, n FROM generate_series(1, 60) AS n;
CREATE TABLE made.items (order_id bigint REFERENCES made.orders ON DELETE CASCADE, place integer, PRIMARY KEY (order_id, place));
INSERT INTO made.items SELECT o, p FROM generate_series(1, 60) AS o, generate_series(1, 2) AS p;
CREATE TABLE made.profiles (customer_id integer REFERENCES made.customers ON DELETE SET NULL, about text NOT NULL);
INSERT INTO made.profiles SELECT n, '{SECRET}' FROM generate_series(1, 10) AS n;
CREATE TABLE made.letters (customer_id integer REFERENCES made.customers, sent date);
INSERT INTO made.letters VALUES (100, '2024-01-01');
CREATE TABLE made.staff (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, boss integer REFERENCES made.staff ON DELETE CASCADE, tier text REFERENCES public.tiers);
INSERT INTO made.staff OVERRIDING SYSTEM VALUE SELECT n, nullif(n / 2, 0), 'gold' FROM generate_series(1, 15) AS n;
CREATE TABLE made.days (day date NOT NULL, n integer CHECK (n < 100)) PARTITION BY RANGE (day);
CREATE TABLE made.days_1 PARTITION OF made.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE made.days_2 PARTITION OF made.days FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO made.days SELECT '2024-12-27'::date + n, n FROM generate_series(1, 20) AS n;
CREATE TABLE made.guarded (id integer, state text);
INSERT INTO made.guarded VALUES (1, 'open'), (2, 'shut {SECRET}');
CREATE TABLE made.log (what text);
CREATE FUNCTION made.guard() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN IF OLD.state LIKE 'shut%' THEN RAISE EXCEPTION 'it is %', OLD.state USING CONSTRAINT = OLD.state; END IF;
    INSERT INTO made.log VALUES (OLD.state); RETURN NEW; END$$;
CREATE TRIGGER guard BEFORE UPDATE ON made.guarded FOR EACH ROW EXECUTE FUNCTION made.guard();
CREATE TABLE made.parents (id integer); CREATE TABLE made.heirs () INHERITS (made.parents);
INSERT INTO made.heirs VALUES (1);
CREATE TABLE made.kinds (id integer PRIMARY KEY, code integer UNIQUE); INSERT INTO made.kinds VALUES (0, 10), (1, 11), (2, 12), (3, 13);
CREATE TABLE made.things (kind integer DEFAULT 0 REFERENCES made.kinds ON DELETE SET DEFAULT); INSERT INTO made.things VALUES (3), (3);
CREATE TABLE made.things_kinds (id integer PRIMARY KEY); CREATE TABLE made.shared (kind integer REFERENCES made.things_kinds ON UPDATE CASCADE REFERENCES made.kinds);
INSERT INTO made.things_kinds VALUES (1); INSERT INTO made.shared VALUES (1);
CREATE TABLE made.parts (n integer, kind integer REFERENCES made.kinds ON DELETE CASCADE, code integer) PARTITION BY RANGE (n);
CREATE TABLE made.parts_1 PARTITION OF made.parts FOR VALUES FROM (0) TO (50); CREATE TABLE made.parts_2 PARTITION OF made.parts DEFAULT;
ALTER TABLE made.parts_1 ADD FOREIGN KEY (code) REFERENCES made.kinds (code) ON DELETE CASCADE;
INSERT INTO made.parts SELECT n, 2, NULL FROM generate_series(41, 60) AS n; INSERT INTO made.parts VALUES (1, NULL, 12);
CREATE TABLE made.sums (n integer, double integer GENERATED ALWAYS AS (n * 2) STORED UNIQUE); INSERT INTO made.sums VALUES (1), (2);
CREATE TABLE made.of_sums (double integer REFERENCES made.sums (double) ON UPDATE CASCADE); INSERT INTO made.of_sums SELECT 2 FROM generate_series(1, 30);
CREATE TABLE made.to_sums (n integer, double integer GENERATED ALWAYS AS (n * 2) STORED REFERENCES made.sums (double)); INSERT INTO made.to_sums VALUES (1);
CREATE TABLE made.chain (id integer PRIMARY KEY, up integer REFERENCES made.chain ON UPDATE CASCADE, place integer UNIQUE DEFERRABLE, kind integer REFERENCES made.kinds);
INSERT INTO made.chain SELECT n, CASE WHEN n > 45 THEN n - 45 END, n FROM generate_series(1, 80) AS n;
CREATE TABLE made.moments (at timestamptz PRIMARY KEY); CREATE TABLE made.of_moments (at timestamp REFERENCES made.moments ON DELETE CASCADE);
INSERT INTO made.moments VALUES ('2024-01-01 12:00+00');
CREATE FUNCTION made.skip() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
CREATE TABLE made.skipped (id integer PRIMARY KEY); INSERT INTO made.skipped VALUES (1);
CREATE TABLE made.skipping (id integer REFERENCES made.skipped ON DELETE CASCADE); INSERT INTO made.skipping SELECT 1 FROM generate_series(1, 30);
CREATE TRIGGER skip BEFORE INSERT ON made.skipping FOR EACH ROW EXECUTE FUNCTION made.skip();
ALTER TABLE made.skipping ENABLE ALWAYS TRIGGER skip;
RESET ROLE;
CREATE TABLE made.hidden (id integer); INSERT INTO made.hidden VALUES (1);
GRANT ALL ON made.hidden TO {ROLE};
ALTER TABLE made.hidden ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_rows ON made.hidden USING (true);
CREATE TABLE made.foreign_things (customer_id integer REFERENCES made.customers ON DELETE CASCADE);
ALTER TABLE made.foreign_things OWNER TO postgres;
ANALYZE;
"""
POLICY = copy.deepcopy(harness.POLICY)
POLICY["rules"] += [
    {"id": "look", "allow": ["select"], "on": ["made.*"], "to": ["*"]},
    {"id": "mend", "allow": ["update", "delete", "insert", "references", "alter table add column"], "on": ["made.*", "public.tiers"], "to": ["*"],
     "require": ["dry run"], "dry_run": {"target_rows": 50, "rows": 20}},
]
POLICY["functions"] = {"allow": ["made.guard()"]}


class Case(dry_run_policy_test.Case):
    schema = SCHEMA
    policy = POLICY

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.let_copies_read("made", "public")

    def told(self, *statements):
        """One report for each, all of one copy: it takes a second to make."""
        done = gate.run(*self.command(*statements, options=("--target-rows", "50")))
        self.assertEqual(done.stderr, "")
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        return reports if len(statements) > 1 else reports[0]

    def loaded(self, told):
        self.assertTrue(told["target_rows"]["loaded"], told["target_rows"])
        return {one["name"]: one["rows"] for one in told["target_rows"]["tables"]}

    def changed(self, told):
        return {one["name"]: (one["inserted"], one["updated"], one["deleted"]) for one in told["relations"]
                if one["inserted"] + one["updated"] + one["deleted"] > 0}



class Command(Case):
    def test_an_update_runs_on_the_rows_that_it_changes(self):
        told = self.told("UPDATE made.customers SET balance = balance - 10 WHERE id <= 5")
        self.assertEqual(told["outcome"], "ok", told)
        self.assertEqual(self.loaded(told), {"customers": 5})
        self.assertEqual(self.changed(told), {"customers": (0, 5, 0)})

    def test_checks_fail_as_they_would(self):
        told = self.told("UPDATE made.customers SET balance = balance - 30 WHERE id IN (1, 2, 3)")
        self.assertEqual((told["outcome"], told["error"]["sqlstate"]), ("error", "23514"), told)
        self.assertIn('"customers_balance_check"', told["error"]["message"])
        self.assertIn("made.customers", told["error"]["message"])

    def test_values_come_across_as_they_are(self):
        told = self.told("UPDATE made.customers SET balance = CASE WHEN seen = '2024-02-29 10:00+00' AND share = 1 / 3.0::float8 "
                         "AND raw = '\\xdeadbeef' AND took = '1 mon 2 days' AND tags = '{a,\"b c\",NULL}' AND twice = 20 THEN 1 ELSE -1 END WHERE id = 1")
        self.assertEqual((told["outcome"], self.loaded(told)), ("ok", {"customers": 1}), told)

    def test_a_delete_takes_along_what_hangs_on_its_rows(self):
        told = self.told("DELETE FROM made.orders WHERE id <= 3")
        self.assertEqual(self.loaded(told), {"orders": 3, "items": 6})
        self.assertEqual(self.changed(told), {"orders": (0, 0, 3), "items": (0, 0, 6)})
        self.assertEqual((told["rows"]["count"], told["rows"]["confidence"]), (9, "measured"))

    def test_a_table_that_refers_to_itself(self):
        told = self.told("DELETE FROM made.staff WHERE id = 2")
        self.assertEqual(self.loaded(told), {"staff": 7})
        self.assertEqual(self.changed(told), {"staff": (0, 0, 7)})

    def test_new_keys_are_looked_up(self):
        there, gone, own, no_own = self.told(
            "UPDATE made.orders SET customer_id = id + 100 WHERE id <= 3", "UPDATE made.orders SET customer_id = 5000 WHERE id = 1",
            "UPDATE made.staff SET boss = 15 WHERE id = 3", "UPDATE made.staff SET boss = 16 WHERE id = 3")
        self.assertEqual((there["outcome"], self.loaded(there)), ("ok", {"orders": 3}), there)
        self.assertEqual((gone["outcome"], gone["error"]["sqlstate"]), ("error", "23503"), gone)
        self.assertEqual((own["outcome"], self.loaded(own)), ("ok", {"staff": 1}), own)
        self.assertEqual((no_own["outcome"], no_own["error"]["sqlstate"]), ("error", "23503"), no_own)

    def test_new_keys_that_the_role_may_not_look_up_are_unknown(self):
        told = self.told("UPDATE made.staff SET tier = 'lead' WHERE id = 3")
        self.assertEqual((told["outcome"], told["error"]["sqlstate"]), ("unknown", "23503"), told)
        self.assertIn("permission denied", told["error"]["detail"])

    def test_keys_that_defaults_and_cascades_give_are_looked_up(self):
        default, shared, no_shared = self.told("DELETE FROM made.kinds WHERE id = 3", "UPDATE made.things_kinds SET id = 2", "UPDATE made.things_kinds SET id = 9")
        self.assertEqual((default["outcome"], self.changed(default)), ("ok", {"kinds": (0, 0, 1), "things": (0, 2, 0)}), default)
        self.assertEqual((shared["outcome"], self.changed(shared)), ("ok", {"shared": (0, 1, 0), "things_kinds": (0, 1, 0)}), shared)
        self.assertEqual((no_shared["outcome"], no_shared["error"]["sqlstate"]), ("error", "23503"), no_shared)

    def test_a_partition_that_two_keys_reach_is_loaded_once_and_whole(self):
        told = self.told("DELETE FROM made.kinds WHERE id = 2")
        self.assertEqual(self.changed(told), {"kinds": (0, 0, 1), "parts_1": (0, 0, 10), "parts_2": (0, 0, 11)}, told)
        self.assertEqual((told["rows"]["count"], told["rows"]["confidence"]), (22, "measured"))

    def test_generated_columns_are_keys_too(self):
        parent, child = self.told("UPDATE made.sums SET n = 5 WHERE n = 1", "UPDATE made.to_sums SET n = 2")
        self.assertEqual((parent["outcome"], parent["error"]["sqlstate"]), ("error", "23503"), parent)
        self.assertEqual((child["outcome"], self.changed(child)), ("ok", {"to_sums": (0, 1, 0)}), child)
        self.assertEqual(self.loaded(parent), {"sums": 1, "of_sums": 30, "to_sums": 1})

    def test_all_keys_of_a_table_are_looked_up(self):
        many, own = self.told("UPDATE made.chain SET id = id + 100, kind = id % 3 WHERE id <= 45", "UPDATE made.chain SET up = 3 WHERE id = 1")
        self.assertEqual((many["outcome"], self.changed(many)), ("ok", {"chain": (0, 80, 0)}), many)
        self.assertEqual((own["outcome"], self.changed(own)), ("ok", {"chain": (0, 1, 0)}), own)

    def test_partitions(self):
        told, failed, moved = self.told("UPDATE made.days SET n = n + 80 WHERE n <= 10", "UPDATE made.days SET n = n + 80",
                                        "UPDATE made.days SET day = day + 10 WHERE n = 1")
        self.assertEqual((told["outcome"], self.loaded(told)), ("ok", {"days": 10}), told)
        self.assertEqual(self.changed(told), {"days_1": (0, 4, 0), "days_2": (0, 6, 0)})
        self.assertEqual(failed["error"]["sqlstate"], "23514", failed)
        self.assertEqual((moved["outcome"], self.loaded(moved)), ("ok", {"days": 1}), moved)

    def test_code_of_users_runs_on_the_rows_and_what_it_says_is_not_told(self):
        told, failed = self.told("UPDATE made.guarded SET state = 'new' WHERE id = 1", "UPDATE made.guarded SET state = 'new'")
        self.assertEqual(self.changed(told), {"guarded": (0, 1, 0), "log": (1, 0, 0)})
        self.assertEqual(told["rows"]["confidence"], "unknown")
        self.assertEqual((failed["outcome"], failed["error"]["sqlstate"]), ("unknown", "P0001"), failed)
        self.assertNotIn(SECRET, json.dumps(failed))

    def test_no_rows_change_nothing(self):
        told = self.told("DELETE FROM made.orders WHERE id > 1000")
        self.assertEqual((told["outcome"], self.loaded(told), self.changed(told)), ("ok", {"orders": 0}, {}), told)

    def test_errors_quote_no_values(self):
        statements = {"UPDATE made.customers SET balance = -1 WHERE id = 7": "23514",
                      "UPDATE made.profiles SET about = NULL WHERE customer_id = 7": "23502",
                      "UPDATE made.customers SET balance = email::numeric WHERE id = 7": "22P02",
                      "UPDATE made.customers SET email = 'same' WHERE id IN (7, 8)": "23505"}
        for told, code in zip(self.told(*statements), statements.values(), strict=True):
            self.assertEqual((told["outcome"], told.get("error", {}).get("sqlstate")), ("error", code), told)
            self.assertNotIn(SECRET, json.dumps(told))

    def test_what_is_not_loaded_says_why(self):
        statements = {"UPDATE made.customers SET balance = 1": "more than 50 rows of made.customers",
                      "DELETE FROM made.customers WHERE id = 1": "permission denied for table foreign_things",
                      "UPDATE made.hidden SET id = 2": "row security",
                      "DELETE FROM made.moments": "a foreign key of made.of_moments compares by operators",
                      "DELETE FROM made.skipped": "made.skipping has triggers or rules that are enabled ALWAYS",
                      "UPDATE made.parents SET id = 2": "tables that inherit",
                      "UPDATE made.orders SET total = (SELECT max(balance) FROM made.customers)": "reads more than the table",
                      "DELETE FROM made.orders WHERE random() < 2": "volatile",
                      "INSERT INTO made.log VALUES ('x')": "no UPDATE or DELETE",
                      "DELETE FROM made.orders WHERE 1 / (total - total) > 0": "SQLSTATE 22012"}
        for told, why in zip(self.told(*statements), statements.values(), strict=True):
            self.assertFalse(told["target_rows"]["loaded"], told)
            self.assertIn(why, told["target_rows"]["why"])


class Through(Case):
    """The gate."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.postgres.sql("DROP TABLE made.foreign_things")

    def report(self, words):
        """Of the last such decision; nothing: of a Bind, whose entry has no text."""
        decision = self.gate.wait_for_entry("decision", lambda one: one.get("dry_run") and (words in one.get("text", "") if words else one["message"] == "Bind"))
        entry = self.gate.wait_for_entry("dry_run", lambda one: one["hash"] == decision["dry_run"])
        return json.loads(entry["report"])[0]

    def test_cascades_are_counted_under_a_bound(self):
        self.allowed("DELETE FROM made.orders WHERE id = 60 AND 'goes' = 'goes'")
        told = self.report("'goes'")
        self.assertEqual((told["rows"]["count"], told["rows"]["confidence"]), (3, "measured"))
        self.refused("DELETE FROM made.orders WHERE id BETWEEN 40 AND 47", "42501", "it would change more than 20 rows")
        self.assertEqual(self.postgres.sql("SELECT count(*) FROM made.items")[0][0], "118")

    def test_what_fails_on_production_s_rows_is_refused_before_it_is_sent(self):
        before = self.postgres.log_size()
        self.refused("UPDATE made.customers SET balance = balance - 35 WHERE id < 10", "23514", "its dry run fails",
                     '"customers_balance_check" of made.customers', "Record ")
        self.refused("DELETE FROM made.customers WHERE id = 100", "23503", '"letters_customer_id_fkey"')
        texts = [one.text for one in self.postgres.statements_logged(ROLE, before)]
        self.assertFalse([text for text in texts if text.startswith(("UPDATE", "DELETE"))], texts)

    def test_parameters_count(self):
        def delete(number):
            return self.connection.talk(extended("DELETE FROM made.profiles WHERE customer_id = $1", [number]), SYNC)
        def answered():  # the table that setUpClass drops may be seen within the pipeline only
            answer = delete("3")
            return None if any(one.type == "E" and one.code == "0A000" and "since this pipeline began" in one.fields["M"] for one in answer) else answer
        answer = processes.wait_until(answered, "a catalog that stays")
        self.assertNotIn("E", shape(answer), answer)
        told = self.report(None)
        self.assertEqual(self.loaded(told), {"profiles": 1})

    def test_what_the_transaction_has_changed_is_not_seen(self):
        self.allowed("BEGIN")
        self.allowed("DELETE FROM made.letters WHERE customer_id = 100 AND 'its own' <> ''")
        self.allowed("UPDATE made.customers SET seen = now() WHERE id = 100 AND 'behind it' <> ''")
        self.allowed("ROLLBACK")
        self.assertIn("COMMIT first", self.report("'behind it'")["target_rows"]["why"])

    def test_nothing_of_the_rows_is_left_behind(self):
        self.refused("UPDATE made.customers SET balance = -1 WHERE id = 7", "23514")
        self.refused("UPDATE made.guarded SET state = 'x' WHERE id = 2", "P0001", "nobody could find out")
        for file in pathlib.Path(self.gate.audit_dir).glob("*"):
            self.assertNotIn(SECRET, file.read_text(errors="replace"), file)
        self.assertNotIn(SECRET, self.gate.log_text())

    def test_the_next_dry_run_finds_the_copy_as_it_was(self):
        self.allowed("UPDATE made.customers SET seen = NULL WHERE id = 9")
        self.allowed("ALTER TABLE made.log ADD COLUMN note text")
        self.allowed("UPDATE made.customers SET seen = now() WHERE id = 9")


if __name__ == "__main__":
    unittest.main()
