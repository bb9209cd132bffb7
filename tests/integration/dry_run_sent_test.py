"""What was tried out, on its way: it waits for its locks only so long, is sent again, and is held against its dry run."""

import copy
import json
import threading
import time
import unittest

import dry_run_policy_test
import gate as gate_module
import harness
import processes
import wire
from wire import SYNC, bind, execute, extended, parse, query, shape

SCHEMA = f"""
CREATE SCHEMA made AUTHORIZATION {harness.AGENT.role};
SET ROLE {harness.AGENT.role};
CREATE TABLE made.things (id bigint PRIMARY KEY, name text, born timestamp);
INSERT INTO made.things SELECT n, 'thing ' || n, now() FROM generate_series(1, 1000) AS n;
CREATE TABLE made.slow (id integer);
CREATE TABLE made.parents (id integer PRIMARY KEY);
RESET ROLE;
ANALYZE;
"""
POLICY = copy.deepcopy(harness.POLICY)
POLICY["rules"] += [
    {"id": "look", "allow": ["select"], "on": ["made.*"], "to": ["*"]},
    {"id": "grow", "allow": ["alter table *", "create index", "create table", "references", "truncate", "update", "drop table", "rename *", "lock"],
     "on": ["made.*"], "to": ["*"], "require": ["dry run"]},
    {"id": "patient", "allow": ["alter table *"], "on": ["made.slow"], "to": ["*"], "require": ["dry run"],
     "dry_run": {"lock_timeout": "100ms"}},
]


class Case(dry_run_policy_test.Case):
    schema = SCHEMA
    policy = POLICY

    def outcome_of(self, text):
        decision = self.gate.wait_for_entry("decision", lambda one: text in one.get("text", "") and one["verdict"] == "allow" and one["message"] == "Query")
        return self.gate.wait_for_entry("outcome", lambda one: one["decision"] == decision["i"])

    def lock_timeout(self):
        return [one.row[0].decode() for one in self.allowed("SHOW lock_timeout") if one.type == "D"]


class Locks(Case):
    def hold(self, table="made.things", until_waited=None):
        """Another session reads the table; its transaction ends with the test, or so many seconds after somebody waits."""
        other = self.postgres.superuser_connection()
        self.addCleanup(other.close)
        other.rows("BEGIN")
        other.rows(f"SELECT count(*) FROM {table}")
        if until_waited is None:
            return
        def end():
            processes.wait_until(lambda: self.postgres.sql("SELECT 1 FROM pg_locks WHERE NOT granted"), "somebody to wait")
            time.sleep(until_waited)
            other.rows("ROLLBACK")
        thread = threading.Thread(target=end)
        thread.start()
        self.addCleanup(thread.join)

    def test_what_waits_too_long_is_sent_again_until_its_locks_are_free(self):
        self.allowed("ALTER TABLE made.things ADD COLUMN warm integer")
        self.hold(until_waited=0.7)
        self.allowed("ALTER TABLE made.things ADD COLUMN patience integer")
        self.assertIn("patience", self.columns("made.things"))
        outcome = self.outcome_of("ADD COLUMN patience")
        self.assertEqual(outcome["result"], "ok")
        self.assertGreaterEqual(outcome["attempts"], 2)
        self.assertEqual(outcome["differs"], [])

    def test_the_extended_protocol_is_sent_again_too(self):
        self.hold(until_waited=0.7)
        answer = self.answer(extended("ALTER TABLE made.things ADD COLUMN extended integer"), SYNC)
        self.assertEqual(shape(answer), "12nCZ", answer)
        self.assertEqual(answer[-1].body.decode(), "I")
        outcome = self.gate.wait_for_entry("outcome", lambda one: one.get("attempts", 1) > 1 and "ALTER TABLE" in one.get("tags", []))
        self.assertEqual(outcome["result"], "ok")
        self.assertIn("extended", self.columns("made.things"))

    def test_a_name_that_means_something_else_by_then_is_not_sent_again(self):
        self.hold(until_waited=0.7)
        answer = self.answer(parse("ALTER TABLE made.things ADD COLUMN swapped integer"), bind(),
                             parse("SELECT name FROM made.things"), execute(), SYNC)
        self.assertEqual(shape(answer), "121EZ", answer)
        self.assertEqual(answer[3].code, "55P03")
        self.assertNotIn("swapped", self.columns("made.things"))

    def test_a_cancel_ends_it_also_between_two_attempts(self):
        self.hold()
        connection = self.connect()
        connection.send(query("ALTER TABLE made.things ADD COLUMN cancelled integer"))
        processes.wait_until(lambda: self.postgres.sql("SELECT 1 FROM pg_locks WHERE NOT granted"), "it to wait")
        processes.wait_until(lambda: not self.postgres.sql("SELECT 1 FROM pg_locks WHERE NOT granted"), "a pause")
        with self.gate.socket() as other:
            other.send(wire.request(wire.CANCEL_REQUEST, connection.process_id.to_bytes(4, "big") + connection.secret_key))
            other.read_to_end()
        answer = connection.read_until("Z")
        self.assertIn([one for one in answer if one.type == "E"][0].code, ("57014", "55P03"))
        self.assertNotIn("cancelled", self.columns("made.things"))

    def test_who_locks_a_table_outside_a_block_is_told_that_it_is_of_no_use(self):
        self.refused("LOCK TABLE made.slow", "25P01", "can only be used in transaction blocks")

    def test_in_the_end_the_agent_is_told_that_others_hold_locks(self):
        self.hold()
        error = self.refused("ALTER TABLE made.things ADD COLUMN never integer", "55P03", "ALTER TABLE was not executed",
                             'others hold locks that stand in its way, and "grow" lets it wait 500 ms', "times", "Nothing was changed",
                             "Record ")
        self.assertIn("later", error.fields["H"])
        answer = self.answer(extended("ALTER TABLE made.things ADD COLUMN never integer"), SYNC)
        self.assertEqual(shape(answer), "12nEZ", answer)
        self.assertNotIn("never", self.columns("made.things"))
        self.assertEqual(self.outcome_of("ADD COLUMN never")["sqlstate"], "55P03")
        self.assertEqual(self.lock_timeout(), ["0"])

    def test_in_a_block_it_fails_once(self):
        self.hold()
        self.allowed("BEGIN")
        error = self.refused("ALTER TABLE made.things ADD COLUMN never integer", "55P03", "The transaction has failed: roll it back")
        self.assertNotIn("times", error.fields["M"])
        self.allowed("ROLLBACK")

    def test_a_rule_says_how_long(self):
        self.hold("made.slow")
        self.allowed("BEGIN")
        self.refused("ALTER TABLE made.slow ADD COLUMN n integer", "55P03", '"patient" lets it wait 100 ms')
        self.allowed("ROLLBACK")

    def test_a_stricter_lock_timeout_of_the_session_s_own_stays(self):
        self.hold()
        self.allowed("SET lock_timeout = '50ms'")
        self.refused("ALTER TABLE made.things ADD COLUMN never integer", "55P03", "canceling statement due to lock timeout")
        self.assertEqual(self.lock_timeout(), ["50ms"])

    def test_who_comes_behind_is_not_kept_waiting(self):
        self.hold()
        reader = self.postgres.superuser_connection()
        changer = self.connect()
        thread = threading.Thread(target=lambda: changer.talk(query("ALTER TABLE made.things ADD COLUMN queue integer")))
        thread.start()
        self.addCleanup(thread.join)
        longest = 0
        for _ in range(40):
            began = time.monotonic()
            reader.rows("SELECT 1 FROM made.things LIMIT 1")
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.05)
        self.assertLess(longest, 1.5)
        reader.close()


class Settings(Case):
    def test_the_session_s_own_lock_timeout_comes_back(self):
        self.allowed("SET lock_timeout = '7s'")
        self.allowed("ALTER TABLE made.slow ADD COLUMN a integer")
        self.assertEqual(self.lock_timeout(), ["7s"])
        self.allowed("BEGIN")
        self.allowed("SET LOCAL lock_timeout = '8s'")
        self.allowed("COMMIT")
        self.allowed("BEGIN")
        self.allowed("ALTER TABLE made.slow ADD COLUMN b integer")
        self.assertEqual(self.lock_timeout(), ["7s"])
        self.allowed("COMMIT")
        self.assertEqual(self.lock_timeout(), ["7s"])
        self.allowed("BEGIN")
        self.allowed("ALTER TABLE made.slow ADD COLUMN c integer")
        self.allowed("ROLLBACK")
        self.assertEqual(self.lock_timeout(), ["7s"])
        self.answer(extended("ALTER TABLE made.slow DROP COLUMN b"), SYNC)
        self.assertEqual(self.lock_timeout(), ["7s"])

    def test_a_text_that_holds_the_end_of_its_transaction_is_refused(self):
        self.refused("BEGIN; ALTER TABLE made.slow ADD COLUMN d integer; COMMIT", "42501", "leave BEGIN and COMMIT out")
        self.allowed("ALTER TABLE made.slow ADD COLUMN d integer; ALTER TABLE made.slow DROP COLUMN d")


class Calibration(Case):
    def report(self):
        done = gate_module.run("audit", "report", "dry-runs", self.gate.audit_dir, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_what_was_sent_is_held_against_its_dry_run(self):
        statements = ["ALTER TABLE made.things ADD COLUMN v uuid DEFAULT gen_random_uuid()",
                      "ALTER TABLE made.things ALTER COLUMN name SET NOT NULL",
                      "CREATE INDEX of_name ON made.things (name)",
                      "CREATE TABLE made.children (id bigint REFERENCES made.things)",
                      "ALTER TABLE made.things ADD CONSTRAINT positive CHECK (id > 0)",
                      "ALTER TABLE made.things RENAME COLUMN name TO title",
                      "TRUNCATE made.children",
                      "ALTER TABLE made.children RENAME TO offspring",
                      "DROP TABLE made.offspring"]
        for statement in statements:
            with self.subTest(statement):
                self.allowed(statement)
                self.assertEqual(self.outcome_of(statement)["differs"], [])
        told = self.report()
        for fact in ("locks", "rewrites", "scans"):
            self.assertEqual(told[fact]["otherwise"], 0, told)
            self.assertGreaterEqual(told[fact]["as_predicted"], len(statements))

    def test_within_a_block_what_was_held_before_is_no_surprise(self):
        self.allowed("BEGIN")
        self.allowed("SELECT count(*) FROM made.parents")
        self.allowed("LOCK TABLE made.parents IN SHARE MODE")
        self.allowed("ALTER TABLE made.parents ADD COLUMN w integer DEFAULT 1")
        self.allowed("ALTER TABLE made.parents ADD COLUMN x integer DEFAULT random()")
        self.allowed("COMMIT")
        for text in ("ADD COLUMN w", "ADD COLUMN x"):
            self.assertEqual(self.outcome_of(text)["differs"], [])


class Surprises(Case):
    """An event trigger is no part of a copy, which a rule may bear."""

    schema = SCHEMA + """
CREATE TABLE public.ledger (id integer);
CREATE FUNCTION public.meddle() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS
  $$ BEGIN LOCK TABLE public.ledger IN SHARE MODE; END $$;
CREATE EVENT TRIGGER meddle ON ddl_command_end EXECUTE FUNCTION public.meddle();
"""
    policy = copy.deepcopy(POLICY)
    policy.setdefault("functions", {}).setdefault("allow", []).append("public.meddle()")
    for rule in policy["rules"]:
        if "require" in rule:
            rule.setdefault("dry_run", {})["incomplete"] = True

    def test_what_comes_otherwise_is_named(self):
        self.allowed("ALTER TABLE made.slow ADD COLUMN a integer")
        self.assertEqual(self.outcome_of("ADD COLUMN a")["differs"], ["locks: public.ledger: SHARE; predicted: none"])
        done = gate_module.run("audit", "report", "dry-runs", self.gate.audit_dir)
        self.assertIn("locks: 0 of 1 as predicted", done.stdout)
        self.assertIn("public.ledger: SHARE; predicted: none", done.stdout)


if __name__ == "__main__":
    unittest.main()
