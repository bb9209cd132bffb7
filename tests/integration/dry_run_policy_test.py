"""A policy that requires dry runs: what they show decides, through the gate, on a real server."""

import copy
import hashlib
import json
import os
import pathlib
import signal
import unittest

import gate as gate_module
import harness
import processes
import shadow_test
from wire import SYNC, bind, describe_statement, execute, extended, parse, query, shape

SCHEMA = f"""
CREATE SCHEMA made AUTHORIZATION {harness.AGENT.role};
SET ROLE {harness.AGENT.role};
CREATE TABLE made.things (id bigint PRIMARY KEY, name text, price numeric(10,2), born timestamp);
INSERT INTO made.things SELECT n, 'thing ' || n, n, now() FROM generate_series(1, 1000) AS n;
CREATE TABLE made.parents (id integer PRIMARY KEY);
CREATE TABLE made.bare (id integer);
CREATE TABLE made.nobody (id integer);
RESET ROLE;
ANALYZE;
SET ROLE {harness.AGENT.role};
CREATE TABLE made.rows (id integer, full_of text, always text);
INSERT INTO made.rows SELECT n, nullif(n, 7)::text, 'here' FROM generate_series(1, 50) AS n;
RESET ROLE;
ALTER TABLE made.rows SET (autovacuum_enabled = off);
"""
NARROW = {"max_lock": "ACCESS EXCLUSIVE", "rewrite": False, "full_scan": False}
POLICY = copy.deepcopy(harness.POLICY)
POLICY["rules"] += [
    {"id": "look", "allow": ["select"], "on": ["made.*"], "to": ["*"]},
    {"id": "grow", "allow": ["alter table *", "create index", "create table", "comment", "references"],
     "on": ["made.things", "made.bare", "made.parents"], "to": ["*"], "require": ["dry run"], "dry_run": NARROW},
    {"id": "soon", "allow": ["alter table *", "create index"], "on": ["made.rows", "made.nobody", "made.young"], "to": ["*"],
     "require": ["dry run"], "dry_run": {"max_duration": "1-10 s"}},
    {"id": "correct", "allow": ["update"], "on": ["made.things"], "to": ["*"], "require": ["dry run"],
     "dry_run": {"full_scan": False}},
    {"id": "fill", "allow": ["insert", "update"], "on": ["made.bare"], "to": ["*"], "require": ["dry run"]},
    {"id": "beside", "allow": ["create index concurrently", "reindex", "vacuum", "analyze"],
     "on": ["made.things", "made.rows"], "to": ["*"], "require": ["dry run"], "dry_run": {"max_lock": "SHARE UPDATE EXCLUSIVE"}},
    {"id": "unbuild", "allow": ["drop index concurrently"], "on": ["made.*"], "to": ["*"], "require": ["dry run"],
     "dry_run": {"max_lock": "SHARE UPDATE EXCLUSIVE"}},
    {"id": "mark", "allow": ["create index"], "on": ["made.parents"], "to": ["*"], "require": ["dry run"],
     "dry_run": {"max_lock": "SHARE UPDATE EXCLUSIVE"}},
]


class Case(shadow_test.Case):
    schema = SCHEMA
    policy = POLICY
    def setUp(self):
        self.connection = self.connect()

    def answer(self, *messages, readies=1):
        return self.connection.talk(*messages, readies=readies)

    def allowed(self, statement, connection=None):
        answer = (connection or self.connection).talk(query(statement))
        self.assertNotIn("E", shape(answer), answer)
        return answer

    def refused(self, statement, code, *says, connection=None):
        answer = (connection or self.connection).talk(query(statement))
        errors = [one for one in answer if one.type == "E"]
        self.assertEqual(len(errors), 1, answer)
        self.assertEqual(errors[0].code, code, errors[0].fields)
        for words in says:
            self.assertIn(words, errors[0].fields["M"])
        return errors[0]

    def columns(self, table):
        told = self.postgres.sql(f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 "
                                 "AND NOT attisdropped ORDER BY attnum")
        return [row[0] for row in told]


class Decisions(Case):
    def test_what_only_changes_the_catalog_goes_on_and_its_report_is_in_the_log(self):
        self.allowed("ALTER TABLE made.things ADD COLUMN note text")
        self.assertIn("note", self.columns("made.things"))
        decision = self.gate.wait_for_entry("decision", lambda one: "ADD COLUMN note" in one.get("text", ""))
        self.assertEqual(decision["verdict"], "allow")
        report = self.gate.wait_for_entry("dry_run", lambda one: one["hash"] == decision["dry_run"])
        self.assertEqual(hashlib.sha256(report["report"].encode()).hexdigest(), report["hash"])
        told = json.loads(report["report"])[0]
        self.assertEqual((told["role"], told["outcome"]), (harness.AGENT.role, "ok"))
        self.assertEqual(told["forecast"]["duration"], "under 1 s")
        things = [one for one in told["relations"] if one["name"] == "things"]
        self.assertEqual(things[0]["locks"], ["ACCESS EXCLUSIVE"])
        self.assertFalse(things[0]["rewritten"])
        self.assertIn(self.gate.verify().returncode, (0, 2), self.gate.verify())

    def test_a_rewrite_and_a_full_scan_are_refused_before_anything_was_sent(self):
        before = self.postgres.log_size()
        self.refused("ALTER TABLE made.things ALTER COLUMN id TYPE numeric", "42501", 'denied by "grow"',
                     "it writes made.things anew", "nothing was sent", "Record ")
        self.refused("ALTER TABLE made.things ADD CHECK (price > -1)", "42501", "it reads all of made.things")
        texts = [one.text for one in self.postgres.statements_logged(harness.AGENT.role, before)]
        self.assertFalse([text for text in texts if "ALTER" in text], texts)

    def test_what_would_fail_is_refused_in_the_databases_own_words(self):
        error = self.refused("ALTER TABLE made.things ADD COLUMN price integer", "42701",
                             'column "price" of relation "things" already exists', "Record ")
        decision = self.gate.wait_for_entry("decision", lambda one: "ADD COLUMN price" in one.get("text", ""))
        self.assertEqual((decision["verdict"], decision["sqlstate"]), ("deny", "42701"))
        self.assertIn(str(decision["i"]), error.fields["M"])

    def test_production_s_own_rows_decide_what_hangs_on_them(self):
        self.refused("ALTER TABLE made.rows ALTER COLUMN full_of SET NOT NULL", "23502", "rows", "Record ")
        self.allowed("ALTER TABLE made.rows ALTER COLUMN always SET NOT NULL")
        self.refused("ALTER TABLE made.rows ADD COLUMN new integer NOT NULL", "23502")
        self.allowed("ALTER TABLE made.nobody ADD COLUMN new integer NOT NULL")

    def test_rows_that_cannot_be_asked_are_no_pass(self):
        self.allowed("COMMENT ON TABLE made.bare IS 'there is a copy of what there is now'")
        with self.postgres.superuser_connection() as other:
            other.rows("BEGIN")
            other.rows("LOCK TABLE made.rows IN ACCESS EXCLUSIVE MODE")
            self.refused("ALTER TABLE made.rows ADD COLUMN later integer NOT NULL", "23502", "nobody could find out")
            other.rows("ROLLBACK")

    def test_how_long_it_takes_is_bounded_and_unknown_is_too_long(self):
        self.postgres.sql(f"SET ROLE {harness.AGENT.role}; CREATE TABLE made.young (id integer) WITH "
                          "(autovacuum_enabled = off); INSERT INTO made.young VALUES (1)")
        self.refused("CREATE INDEX ON made.young (id)", "42501", "how long it takes is not known", "made.young is unknown")
        self.postgres.sql("ANALYZE made.young")
        self.allowed("BEGIN")
        self.allowed("CREATE INDEX ON made.young (id)")
        self.allowed("ROLLBACK")

    def test_the_strongest_lock_is_bounded(self):
        self.refused("CREATE INDEX ON made.parents (id)", "42501", 'denied by "mark"', "locks made.parents in SHARE mode")

    def test_the_log_tells_how_often_a_prediction_came_true(self):
        def told():
            done = gate_module.run("audit", "report", "dry-runs", self.gate.audit_dir, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout)
        before = told()
        self.allowed("ALTER TABLE made.bare ADD COLUMN k integer")
        self.refused("ALTER TABLE made.bare ADD COLUMN k integer", "42701")
        self.refused("ALTER TABLE made.things ALTER COLUMN id TYPE numeric", "42501")
        self.allowed("ALTER TABLE made.bare DROP COLUMN k")
        after = processes.wait_until(
            lambda: told()["outcome"]["as_predicted"] == before["outcome"]["as_predicted"] + 2 and told(), "both outcomes")
        self.assertEqual(after["tried_out"], before["tried_out"] + 4)
        self.assertEqual(after["sent"], before["sent"] + 2)
        self.assertEqual(after["refused"], {"would_fail": before["refused"]["would_fail"] + 1,
                                            "by_a_bound": before["refused"]["by_a_bound"] + 1})
        self.assertEqual(after["outcome"]["failed"], before["outcome"]["failed"])

    def test_a_session_keeps_its_settings(self):
        """TimeZone alone decides whether a timestamp becomes one with time zone without being written anew."""
        change = "ALTER TABLE made.things ALTER COLUMN born TYPE timestamptz"
        self.allowed("SET timezone = 'Europe/Berlin'")
        self.refused(change, "42501", "writes made.things anew")
        self.allowed("SET timezone = 'UTC'")
        self.allowed("BEGIN")
        self.allowed(change)
        self.allowed("ROLLBACK")

    def test_what_the_open_transaction_did_before_is_done_before(self):
        self.allowed("BEGIN")
        self.allowed("ALTER TABLE made.bare ADD COLUMN one integer")
        self.allowed("ALTER TABLE made.bare ADD COLUMN two integer DEFAULT 2")
        self.allowed("ALTER TABLE made.bare DROP COLUMN one")
        self.refused("ALTER TABLE made.bare ADD COLUMN two integer", "42701", "already exists")
        self.refused("ALTER TABLE made.bare ADD COLUMN three integer", "42501", "its transaction has failed")
        self.allowed("ROLLBACK")
        self.assertEqual(self.columns("made.bare"), ["id"])

    def test_behind_a_savepoint_that_was_gone_back_to_nothing_is_known(self):
        for statement in ("BEGIN", "SAVEPOINT s", "ALTER TABLE made.bare ADD COLUMN one integer",
                          "ROLLBACK TO SAVEPOINT s"):
            self.allowed(statement)
        self.refused("ALTER TABLE made.bare ADD COLUMN one integer", "42501", "COMMIT first")
        self.allowed("ROLLBACK")
        for statement in ("BEGIN", "ALTER TABLE made.bare ADD COLUMN one integer", "COMMIT"):
            self.allowed(statement)
        self.allowed("ALTER TABLE made.bare DROP COLUMN one")

    def test_of_several_statements_each_is_tried_out_behind_those_before_it(self):
        self.refused("ALTER TABLE made.bare ADD COLUMN a integer; ALTER TABLE made.bare ADD COLUMN a integer", "42701")
        self.allowed("ALTER TABLE made.bare ADD COLUMN a integer; ALTER TABLE made.bare ADD COLUMN b integer")
        self.assertEqual(self.columns("made.bare"), ["id", "a", "b"])
        self.allowed("ALTER TABLE made.bare DROP COLUMN a, DROP COLUMN b")

    def test_the_extended_protocol_is_tried_out_at_bind(self):
        answer = self.answer(extended("ALTER TABLE made.bare ADD COLUMN x integer", []), SYNC)
        self.assertNotIn("E", shape(answer), answer)
        answer = self.answer(extended("ALTER TABLE made.bare ADD COLUMN x integer", []), SYNC)
        self.assertEqual(shape(answer), "1EZ", answer)
        self.assertEqual(answer[1].code, "42701")
        answer = self.answer(parse("ALTER TABLE made.bare DROP COLUMN x", "s"), describe_statement("s"), SYNC)
        self.assertNotIn("E", shape(answer), answer)
        answer = self.answer(bind([], "s"), execute(), SYNC)
        self.assertNotIn("E", shape(answer), answer)
        self.assertEqual(self.columns("made.bare"), ["id"])

    def test_parameters_are_given_as_the_client_gives_them(self):
        insert = "INSERT INTO made.bare VALUES ($1)"
        self.assertNotIn("E", shape(self.answer(extended(insert, ["7"]), SYNC)))
        answer = self.answer(extended(insert, ["seven"]), SYNC)
        self.assertEqual(shape(answer), "1EZ", answer)
        self.assertEqual(answer[1].code, "22P02")

    def test_what_cannot_be_tried_out_is_refused(self):
        self.refused("PREPARE p AS INSERT INTO made.bare VALUES (1)", "42501", "PREPARE cannot be tried out")
        self.assertNotIn("E", shape(self.answer(parse("INSERT INTO made.bare VALUES (1)", "p"), SYNC)))
        self.refused("EXECUTE p", "42501", "not followed there: send the statement itself")

    def test_what_was_tried_at_bind_is_bound_again_behind_anything_else(self):
        change = "ALTER TABLE made.things ALTER COLUMN born TYPE timestamptz"
        self.allowed("SET timezone = 'UTC'")
        answer = self.answer(parse(change, "s"), SYNC, parse("SET timezone = 'Europe/Berlin'", "z"), bind([], "s", "p"),
                             bind([], "z", "q"), execute("q"), execute("p"), SYNC, readies=2)
        self.assertEqual([one.code for one in answer if one.type == "E"], ["42501"], answer)
        self.allowed("BEGIN")
        self.allowed("SET timezone = 'UTC'")
        self.assertNotIn("E", shape(self.answer(bind([], "s", "p"), SYNC)))
        self.allowed("SET timezone = 'Europe/Berlin'")
        answer = self.answer(execute("p"), SYNC)
        errors = [one.fields["M"] for one in answer if one.type == "E"]
        self.assertEqual(len(errors), 1, answer)
        self.assertIn("bind it again", errors[0])
        self.allowed("ROLLBACK")

    def test_a_text_that_changes_what_it_runs_under_is_not_followed(self):
        change = "ALTER TABLE made.things ALTER COLUMN born TYPE timestamptz"
        self.allowed("SET timezone = 'Europe/Berlin'")
        self.allowed("BEGIN; SET LOCAL timezone = 'UTC'")
        self.refused("COMMIT; " + change, "42501", "leave BEGIN and COMMIT out")
        self.refused("SET timezone = 'UTC'; " + change, "42501")
        self.allowed("ROLLBACK")
        self.allowed("BEGIN")
        self.refused("SAVEPOINT t; ALTER TABLE made.bare ADD COLUMN gone integer; ROLLBACK TO t", "42501", "goes back")
        self.allowed("ROLLBACK")

    def test_changes_before_a_change_of_settings_are_not_done_again(self):
        self.allowed("BEGIN")
        self.allowed("ALTER TABLE made.bare ADD COLUMN one integer")
        self.allowed("SET LOCAL search_path = app")
        self.refused("ALTER TABLE made.bare ADD COLUMN two integer", "42501", "COMMIT first")
        self.allowed("ROLLBACK")

    def test_while_data_are_copied_nothing_is_tried_out_and_nobody_waits(self):
        self.connection.send(query("COPY app.later FROM STDIN"))
        self.assertEqual(self.connection.read_until("G")[-1].type, "G")
        self.connection.send(query("ALTER TABLE made.bare ADD COLUMN c integer"))
        other = self.connect()
        self.allowed("SELECT 1", other)

    def test_what_production_plans_is_not_known_to_read_no_table_whole(self):
        self.refused("UPDATE made.things SET name = 'x' WHERE id < 900", "42501", "hangs on the database's plan")

    def test_who_is_refused_anyway_learns_nothing_of_the_rows(self):
        error = self.refused("ALTER TABLE made.things ADD CHECK (name::integer > 0)", "42501", "reads all of made.things")
        self.assertNotIn("thing 1", str(error.fields))

    def test_within_a_pipeline_that_has_executed_something_a_sync_is_due(self):
        answer = self.answer(extended("SELECT 1", []), extended("ALTER TABLE made.bare ADD COLUMN y integer", []), SYNC)
        errors = [one for one in answer if one.type == "E"]
        self.assertEqual(len(errors), 1, answer)
        self.assertIn("send a Sync before it", errors[0].fields["M"])
        self.assertEqual(self.columns("made.bare"), ["id"])

    def test_a_change_by_others_is_in_the_copy_before_anything_is_tried_out(self):
        self.allowed("ALTER TABLE made.bare ADD COLUMN z integer")
        self.allowed("ALTER TABLE made.bare DROP COLUMN z")
        self.postgres.sql("ALTER TABLE made.bare ADD COLUMN theirs integer")
        self.addCleanup(self.postgres.sql, "ALTER TABLE made.bare DROP COLUMN theirs")
        self.refused("ALTER TABLE made.bare ADD COLUMN theirs integer", "42701", "already exists")

    def test_production_sees_no_more_than_catalog_reads(self):
        self.allowed("ALTER TABLE made.bare ADD COLUMN seen integer")
        before = self.postgres.log_size()
        self.allowed("BEGIN")
        self.allowed("ALTER TABLE made.bare ALTER COLUMN seen SET DEFAULT 1")
        self.allowed("ROLLBACK")
        texts = [one.text for one in self.postgres.statements_logged(harness.AGENT.role, before)]
        self.assertEqual(len([text for text in texts if "SET DEFAULT 1" in text]), 1, texts)
        self.allowed("ALTER TABLE made.bare DROP COLUMN seen")


class OutsideTransactions(Case):
    """What PostgreSQL runs outside transaction blocks only is tried out in a copy that is thrown away."""
    def indexes(self, table):
        return [row[0] for row in self.postgres.sql(
            f"SELECT indexrelid::regclass FROM pg_index WHERE indrelid = '{table}'::regclass AND indisvalid ORDER BY 1")]

    def test_an_index_is_built_beside_built_again_and_dropped(self):
        self.allowed("CREATE INDEX CONCURRENTLY things_born ON made.things (born)")
        self.assertIn("made.things_born", self.indexes("made.things"))
        decision = self.gate.wait_for_entry("decision", lambda one: "things_born ON" in one.get("text", ""))
        report = self.gate.wait_for_entry("dry_run", lambda one: one["hash"] == decision["dry_run"])
        told = json.loads(report["report"])[0]
        self.assertEqual((told["outcome"], told["by_rule"]), ("ok", ["locks", "scanned"]))
        self.refused("CREATE INDEX CONCURRENTLY things_born ON made.things (born)", "42P07", "already exists")
        self.allowed("REINDEX TABLE CONCURRENTLY made.things")
        self.allowed("DROP INDEX CONCURRENTLY made.things_born")
        self.assertNotIn("made.things_born", self.indexes("made.things"))

    def test_by_the_extended_protocol(self):
        for statement in ("CREATE INDEX CONCURRENTLY things_price ON made.things (price)",
                          "DROP INDEX CONCURRENTLY made.things_price"):
            for _ in range(5):  # what others have changed may become known within the pipeline: then it is sent again
                answer = self.answer(extended(statement, []), SYNC)
                if not [one for one in answer if one.type == "E" and "since this pipeline began" in one.fields["M"]]:
                    break
            self.assertNotIn("E", shape(answer), answer)

    def test_production_s_rows_decide_whether_they_are_unique(self):
        before = self.postgres.log_size()
        self.refused("CREATE UNIQUE INDEX CONCURRENTLY ON made.rows (always)", "23505", "the same in")
        texts = [one.text for one in self.postgres.statements_logged(harness.AGENT.role, before)]
        self.assertFalse([text for text in texts if "INDEX" in text], texts)
        self.allowed("CREATE UNIQUE INDEX CONCURRENTLY rows_id ON made.rows (id)")
        self.allowed("DROP INDEX CONCURRENTLY made.rows_id")

    def test_a_vacuum_goes_on_and_one_that_writes_all_anew_does_not(self):
        self.allowed("VACUUM made.things")
        self.allowed("VACUUM (ANALYZE) made.things")
        self.refused("VACUUM FULL made.things", "42501", 'denied by "beside"', "ACCESS EXCLUSIVE", "nothing was sent")
        self.refused("REINDEX TABLE made.things", "42501", 'denied by "beside"')

    def test_within_a_block_it_fails_as_in_the_database(self):
        self.allowed("BEGIN")
        self.refused("CREATE INDEX CONCURRENTLY ON made.things (born)", "25001",
                     "CREATE INDEX CONCURRENTLY cannot run inside a transaction block")
        self.allowed("ROLLBACK")
        self.refused("SELECT 1; VACUUM made.things", "25001", "VACUUM cannot run inside a transaction block")

    def test_dry_runs_of_all_kinds_take_turns(self):
        for _ in range(3):
            self.allowed("VACUUM made.things")
            self.allowed("ALTER TABLE made.things ALTER COLUMN name SET DEFAULT 'x'")
            self.allowed("CREATE INDEX CONCURRENTLY things_turn ON made.things (price)")
            self.refused("ALTER TABLE made.things ALTER COLUMN id TYPE numeric", "42501", "anew")
            self.allowed("DROP INDEX CONCURRENTLY made.things_turn")


class Faults(Case):
    def servers(self):
        """The gate's sidecars: their process ids."""
        return [int((folder / "server" / "data" / "postmaster.pid").read_text().split()[0])
                for folder in shadow_test.folders() if (folder / "server" / "data" / "postmaster.pid").exists()]

    def test_a_sidecar_that_was_killed_is_made_anew(self):
        self.allowed("ALTER TABLE made.bare ADD COLUMN a integer")
        killed = self.servers()
        self.assertTrue(killed)
        for process in killed:
            os.kill(process, signal.SIGKILL)
        self.allowed("ALTER TABLE made.bare DROP COLUMN a")
        processes.wait_until(lambda: not set(killed) & set(self.servers()), "the folder of the killed one to be gone")

    def test_without_pg_dump_what_requires_a_dry_run_is_refused_and_all_else_goes_on(self):
        config = {"shadow": {**self.config["shadow"], "dump_programs": "/nowhere"}}
        gate = gate_module.Gate(self.postgres, self.policy, [harness.AGENT], config=config)
        self.addCleanup(gate.stop)
        connection = gate.connect(harness.AGENT)
        self.addCleanup(connection.close)
        self.refused("ALTER TABLE made.bare ADD COLUMN a integer", "42501", "it was not tried out", "its log says why",
                     connection=connection)
        self.assertIn("/nowhere/pg_dump", gate.log_text())
        self.allowed("SELECT id FROM made.bare", connection)

    def test_a_gate_that_may_not_make_copies_does_not_start_with_such_a_policy(self):
        config = {"shadow": {"mode": "off"}}
        with self.assertRaisesRegex(AssertionError, "the policy requires dry runs.*shadow.mode"):
            gate_module.Gate(self.postgres, self.policy, [harness.AGENT], config=config)

    def test_the_gate_ends_in_the_middle_of_making_a_copy_and_leaves_nothing(self):
        folder = pathlib.Path(os.environ["TMPDIR"]) / "ends"
        folder.mkdir(mode=0o755)
        gate = gate_module.Gate(self.postgres, self.policy, [harness.AGENT], config={"shadow": self.config["shadow"]},
                                environment={"TMPDIR": str(folder)})
        processes.wait_until(lambda: list(folder.iterdir()), "a copy to be begun")
        self.assertEqual(gate.stop(), 0)
        self.assertEqual(list(folder.iterdir()), [])

    def test_what_the_copy_lacks_refuses_unless_the_rule_accepts_it(self):
        self.postgres.sql("CREATE FUNCTION public.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; "
                          "CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION public.watch()")
        self.addCleanup(self.postgres.sql, "DROP EVENT TRIGGER watching; DROP FUNCTION public.watch()")
        self.refused("INSERT INTO made.bare VALUES (1)", "42501", "lacks something", '"incomplete": true')


if __name__ == "__main__":
    unittest.main()
