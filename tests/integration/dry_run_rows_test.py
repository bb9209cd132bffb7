"""A bound on the rows that a statement may change, counted among production's own rows before it is sent."""

import copy
import json
import struct
import time
import unittest

import dry_run_policy_test
import harness
from wire import SYNC, bind, execute, extended, parse, query, shape

ROLE = harness.AGENT.role
SECRET = "sesame_4711"  # a row's, for no error and no record
SCHEMA = f"""
CREATE SCHEMA made AUTHORIZATION {ROLE};
SET ROLE {ROLE};
CREATE TABLE made.things (id bigint PRIMARY KEY, name text, price numeric(10,2));
INSERT INTO made.things SELECT n, 'thing ' || n, n FROM generate_series(1, 1000) AS n;
CREATE TABLE made.marks (thing_id bigint, mark text);
INSERT INTO made.marks SELECT n % 5 + 1, 'm' FROM generate_series(1, 50) AS n;
CREATE TABLE made.copies (LIKE made.things);
CREATE TABLE made.parents (id integer PRIMARY KEY, name text);
CREATE TABLE made.children (id integer, parent_id integer REFERENCES made.parents ON DELETE CASCADE);
INSERT INTO made.parents VALUES (1, 'one'), (2, 'two');
INSERT INTO made.children SELECT n, 1 FROM generate_series(1, 100) AS n;
CREATE TABLE made.stamped (id integer, at timestamptz);
INSERT INTO made.stamped VALUES (1, now());
CREATE FUNCTION made.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.at := now(); RETURN NEW; END';
CREATE TRIGGER stamp BEFORE UPDATE ON made.stamped FOR EACH ROW EXECUTE FUNCTION made.stamp();
CREATE TABLE made.days (day date NOT NULL, n integer) PARTITION BY RANGE (day);
CREATE TABLE made.days_1 PARTITION OF made.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE made.days_2 PARTITION OF made.days FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO made.days SELECT '2024-12-27'::date + n, n FROM generate_series(1, 20) AS n;
CREATE VIEW made.seen AS SELECT id FROM made.things;
CREATE TABLE made.vault (id integer, word text);
INSERT INTO made.vault VALUES (4712, '{SECRET}');
CREATE FUNCTION made.tell(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
  'BEGIN RAISE ''%'', $1 USING ERRCODE = ''42501''; END';
CREATE DOMAIN made.told AS text CHECK (made.tell(VALUE));
CREATE FUNCTION made.same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT made.tell($1)';
CREATE OPERATOR made.=== (FUNCTION = made.same, LEFTARG = text, RIGHTARG = text);
CREATE FUNCTION made.guess(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT $1 = 1';
RESET ROLE;
CREATE TABLE made.hidden (id integer, whose text);
INSERT INTO made.hidden SELECT n, 'x' FROM generate_series(1, 30) AS n;
GRANT ALL ON made.hidden TO {ROLE};
ALTER TABLE made.hidden ENABLE ROW LEVEL SECURITY;
CREATE POLICY parts ON made.hidden USING (id < 3);
ANALYZE;
"""
POLICY = copy.deepcopy(harness.POLICY)
POLICY["rules"] += [
    {"id": "look", "allow": ["select"], "on": ["made.*"], "to": ["*"]},
    {"id": "few", "allow": ["insert", "update", "delete", "truncate", "create table as", "alter table add column", "references"],
     "on": ["made.*"], "to": ["*"], "require": ["dry run"], "dry_run": {"rows": 10}},
]

POLICY["functions"] = {"allow": ["made.guess(bigint)", "made.stamp()", "made.tell(text)", "made.same(text, text)"]}


class Case(dry_run_policy_test.Case):
    schema = SCHEMA
    policy = POLICY

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.let_copies_read("made")

    def over(self, statement, connection=None):
        self.refused(statement, "42501", 'denied by "few"', "it would change more than 10 rows", "nothing was sent", "Record ",
                     connection=connection)

    def unknown(self, statement, *says):
        self.refused(statement, "42501", 'denied by "few"', "how many rows it changes is not known", *says)

    def undone(self, statement):
        """Allowed, and undone."""
        self.allowed("BEGIN")
        answer = self.allowed(statement)
        self.allowed("ROLLBACK")
        return answer

    def count(self, table):
        return int(self.postgres.sql(f"SELECT count(*) FROM {table}")[0][0])


class Bound(Case):
    def test_what_is_over_it_is_refused_before_anything_is_sent(self):
        before = self.postgres.log_size()
        self.over("UPDATE made.things SET name = 'x' WHERE id <= 11")
        self.over("DELETE FROM made.things")
        texts = [one.text for one in self.postgres.statements_logged(ROLE, before)]
        self.assertFalse([text for text in texts if text.startswith(("UPDATE", "DELETE"))], texts)
        self.assertEqual(self.count("made.things"), 1000)

    def test_what_is_within_it_goes_on_and_its_count_is_in_the_log(self):
        self.undone("UPDATE made.things SET name = 'within it' WHERE id <= 10")
        decision = self.gate.wait_for_entry("decision", lambda one: "within it" in one.get("text", ""))
        report = self.gate.wait_for_entry("dry_run", lambda one: one["hash"] == decision["dry_run"])
        rows = json.loads(report["report"])[0]["rows"]
        self.assertEqual((rows["count"], rows["more"], rows["confidence"]), (10, False, "probed"))

    def test_production_is_asked_for_no_more_than_one_beyond_and_read_only(self):
        before = self.postgres.log_size()
        self.over("DELETE FROM made.things WHERE id > 5")
        texts = [one.text for one in self.postgres.statements_logged(ROLE, before)]
        asked = [text for text in texts if "pg_catalog.count(*)" in text]
        self.assertEqual(len(asked), 1, texts)
        self.assertIn("LIMIT 11", asked[0])
        self.assertTrue([text for text in texts if "READ ONLY" in text], texts)

    def test_joined_rows_count_once(self):
        self.undone("DELETE FROM made.things AS t USING made.marks AS m WHERE m.thing_id = t.id")
        self.undone("UPDATE made.things AS t SET name = m.mark FROM made.marks AS m WHERE m.thing_id = t.id")
        self.over("DELETE FROM made.marks AS m USING made.things AS t WHERE m.thing_id = t.id")

    def test_what_is_inserted_counts(self):
        rows = ", ".join(f"({n}, 'a')" for n in range(5001, 5012))
        self.over(f"INSERT INTO made.copies (id, name) VALUES {rows}")
        self.undone("INSERT INTO made.copies (id, name) VALUES (1, upper('a'))")
        self.over("INSERT INTO made.copies SELECT * FROM made.things")
        self.undone("INSERT INTO made.copies SELECT * FROM made.things WHERE id BETWEEN 3 AND 12")
        self.unknown("INSERT INTO made.copies (id) VALUES (generate_series(1, 10000))")

    def test_with_and_subqueries_mean_the_same(self):
        self.undone("WITH w AS (SELECT 7 AS id) DELETE FROM made.things USING w WHERE things.id = w.id")
        self.over("WITH w AS (SELECT 7 AS id) DELETE FROM made.things USING w WHERE things.id > w.id")
        self.allowed("SET search_path = made")
        self.unknown("WITH things AS (SELECT 1 AS id WHERE false) DELETE FROM things", "name it otherwise")
        self.undone("DELETE FROM things WHERE id IN (SELECT thing_id FROM marks)")
        self.over("DELETE FROM marks WHERE thing_id IN (SELECT id FROM things)")

    def test_partitions_are_counted_with_their_table(self):
        self.over("DELETE FROM made.days")
        self.undone("DELETE FROM made.days WHERE day >= '2025-01-10'")

    def test_truncate_removes_all_rows(self):
        self.over("TRUNCATE made.marks")
        self.undone("TRUNCATE made.copies")
        self.over("TRUNCATE made.days")
        self.undone("TRUNCATE made.days_1")

    def test_what_fills_a_table_counts_and_what_changes_the_catalog_does_not(self):
        self.over("CREATE TABLE made.new AS SELECT * FROM made.things")
        self.undone("CREATE TABLE made.new AS SELECT * FROM made.things LIMIT 10")
        self.undone("CREATE TABLE made.new AS SELECT * FROM made.things WITH NO DATA")
        self.undone("ALTER TABLE made.things ADD COLUMN note text")

    def test_settings_of_the_session_hold_for_the_count(self):
        self.allowed("SET DateStyle = 'ISO, DMY'")
        self.undone("DELETE FROM made.days WHERE day > '06/01/2025'")
        self.allowed("SET DateStyle = 'ISO, MDY'")
        self.undone("DELETE FROM made.days WHERE day > '06/01/2025'")
        self.allowed("SET DateStyle = 'ISO, DMY'")
        self.over("DELETE FROM made.days WHERE day < '10/01/2025'")
        self.allowed("SET DateStyle = 'ISO, MDY'")
        self.over("DELETE FROM made.days WHERE day < '10/01/2025'")


class Parameters(Case):
    def setUp(self):
        super().setUp()
        self.undone("DELETE FROM made.marks WHERE mark = 'none'")  # by then there is a copy, of the newest catalog

    def errors(self, *messages):
        return [one.fields["M"] for one in self.answer(*messages, SYNC) if one.type == "E"]

    def test_are_given_on(self):
        delete = "DELETE FROM made.things WHERE id >= $1 AND name <> $2"
        self.allowed("BEGIN")
        self.assertEqual(self.errors(extended(delete, ["991", "x"])), [])
        self.allowed("ROLLBACK")
        told = self.errors(extended(delete, ["990", "x"]))
        self.assertEqual(len(told), 1, told)
        self.assertIn("more than 10 rows", told[0])

    def test_those_of_what_is_set_are_not_missed(self):
        update = "UPDATE made.things SET name = $1, price = $2 WHERE id = $3"
        self.allowed("BEGIN")
        self.assertEqual(self.errors(extended(update, ["a", "1.5", "7"])), [])
        self.allowed("ROLLBACK")

    def test_in_binary_are_read_as_such(self):
        self.allowed("BEGIN")
        self.assertEqual(self.errors(parse("DELETE FROM made.things WHERE id > $1", "", (20,)),
                                     bind([struct.pack("!q", 995)], formats=(1,)), execute()), [])
        self.allowed("ROLLBACK")
        told = self.errors(parse("DELETE FROM made.things WHERE id > $1", "", (20,)),
                           bind([struct.pack("!q", 5)], formats=(1,)), execute())
        self.assertIn("more than 10 rows", told[0])

    def test_each_bind_is_counted_by_its_own(self):
        self.assertEqual(self.errors(parse("DELETE FROM made.things WHERE id > $1", "d")), [])
        self.assertIn("more than 10 rows", self.errors(bind(["0"], "d"), execute())[0])
        self.allowed("BEGIN")
        self.assertEqual(self.errors(bind(["999"], "d"), execute()), [])
        self.allowed("ROLLBACK")


class Unknown(Case):
    def test_rows_that_are_changed_besides(self):
        self.unknown("DELETE FROM made.parents WHERE id = 1", "made.children, too (ON DELETE CASCADE")
        self.undone("UPDATE made.parents SET name = 'x' WHERE id = 1")
        self.unknown("UPDATE made.stamped SET id = 2", "trigger stamp")
        self.unknown("WITH d AS (DELETE FROM made.marks RETURNING 1) UPDATE made.things SET name = 'x' WHERE id = 1")

    def test_code_of_users_and_volatile_functions_are_not_run_for_it(self):
        before = self.postgres.log_size()
        self.unknown("DELETE FROM made.things WHERE made.guess(id)", "made.guess")
        self.unknown("DELETE FROM made.things WHERE random() < 0.5", "volatile")
        self.unknown("DELETE FROM made.things WHERE current_setting('application_name') <> 'portcullis catalog'",
                     "answers otherwise in another session")
        texts = [one.text for one in self.postgres.statements_logged(ROLE, before)]
        self.assertFalse([text for text in texts if "guess" in text or "random" in text], texts)

    def test_what_is_no_table_of_the_database(self):
        self.unknown("DELETE FROM made.things WHERE id IN (SELECT id FROM made.seen)", "made.seen, which is no table")
        self.unknown("DELETE FROM made.hidden", "row security")

    def test_a_table_that_is_locked(self):
        with self.postgres.superuser_connection() as other:
            other.rows("BEGIN")
            other.rows("LOCK TABLE made.marks IN ACCESS EXCLUSIVE MODE")
            self.unknown("DELETE FROM made.marks WHERE mark = 'y'", "lock timeout")
            other.rows("ROLLBACK")

    def test_a_count_that_takes_too_long(self):
        slow = "DELETE FROM made.marks WHERE (SELECT count(*) FROM made.things a, made.things b, made.things c) < 0"
        self.unknown(slow, "statement timeout")

    def test_a_value_that_fails_shows_nothing_of_itself(self):
        error = self.refused("DELETE FROM made.things WHERE name::integer = 1", "42501", "SQLSTATE 22P02")
        self.assertNotIn("thing 1", str(error.fields))

    def test_what_only_its_own_transaction_sees(self):
        self.allowed("BEGIN")
        self.allowed("UPDATE made.things SET name = 'mine' WHERE id = 1")
        self.unknown("DELETE FROM made.things WHERE name = 'mine'", "written to these tables before (COMMIT first)")
        self.allowed("ROLLBACK")
        self.allowed("BEGIN")
        self.allowed("UPDATE made.things SET name = 'mine' WHERE id = 1")
        self.allowed("DELETE FROM made.marks WHERE mark = 'none'")  # of another table
        self.allowed("ROLLBACK")
        self.allowed("BEGIN")
        self.allowed("ALTER TABLE made.copies ADD COLUMN more text")
        self.unknown("DELETE FROM made.marks WHERE mark = 'none'", "changed the catalog before (COMMIT first)")
        self.allowed("ROLLBACK")
        self.allowed("BEGIN")
        self.allowed("ALTER TABLE made.copies ADD COLUMN more text")
        self.allowed("ALTER TABLE made.copies ADD COLUMN most text")
        self.allowed("INSERT INTO made.copies (id, most) VALUES (1, 'x')")
        self.allowed("ROLLBACK")

    def test_what_stands_behind_another_change_in_its_text(self):
        self.unknown("DELETE FROM made.marks WHERE mark = 'none'; DELETE FROM made.things WHERE id = 1", "send it alone")
        self.undone("SELECT 1; DELETE FROM made.marks WHERE mark = 'none'")
        self.refused("BEGIN; DELETE FROM made.marks WHERE mark = 'none'", "42501", "stands in the same message")


# What PostgreSQL quotes the row's value in, and the SQLSTATE that is told in its place.
QUOTING = [
    ("word::integer = 1", "22P02"),
    ("word::uuid IS NULL", "22P02"),
    ("word::date IS NULL", "22007"),
    ("word::json IS NULL", "22P02"),
    ("word::regclass IS NULL", "42P01"),
    ("word::regtype IS NULL", "42704"),
    ("word::jsonpath IS NULL", "42601"),
    ("date_trunc(word, timestamp '2024-01-01') IS NULL", "22023"),
    ("encode('x', word) IS NULL", "22023"),
    ("pg_size_bytes(word) = 1", "22023"),
    ("to_tsvector(word::regconfig, 'x') IS NULL", "42704"),
    ("format(word || '%q') IS NULL", "22023"),
    ("has_table_privilege(word, 'select')", "42P01"),
    ("pg_has_role(word, 'member')", "42704"),
]


class Quoted(Case):
    """What fails while rows are counted tells nothing of what is in them: who may change them may not therefore read them."""

    def secret_stays(self, condition, *says):
        """In the copy, whose rows are made up, it is not looked at."""
        error = self.refused(f"DELETE FROM made.vault WHERE CASE WHEN id = 4712 THEN {condition} END", "42501", *says)
        self.assertNotIn("4711", str(error.fields))
        self.assertNotIn("sesame", str(error.fields))

    def test_what_a_value_fails_with_is_told_by_its_code(self):
        for condition, code in QUOTING:
            with self.subTest(condition):
                self.secret_stays(condition, f"a value gives SQLSTATE {code}")

    def test_code_of_users_that_would_raise_what_is_told_in_words_is_not_run(self):
        for condition in ("made.tell(word)", "word::made.told IS NULL", "word OPERATOR(made.===) 'x'"):
            with self.subTest(condition):
                self.secret_stays(condition)

    def test_nor_does_the_audit_log_have_it(self):
        self.secret_stays("word::integer = 2")
        self.gate.wait_for_entry("dry_run", lambda one: "22P02" in one["report"])
        self.assertNotIn(SECRET, "".join(json.dumps(one) for one in self.gate.entries()))


class Held(Case):
    """What is counted ahead may be another thing than what the statement sees: then what it changes is counted."""

    def test_what_the_clock_decides_in_an_old_transaction(self):
        self.allowed("BEGIN")
        self.allowed("SELECT 1")
        self.postgres.sql("INSERT INTO made.stamped SELECT n, clock_timestamp() + interval '1 s' FROM generate_series(1, 20) AS n")
        time.sleep(1.5)
        self.refused("DELETE FROM made.stamped WHERE at > now()", "42501", 'stopped by "few"', "limit 10; nothing was changed")
        self.allowed("ROLLBACK")
        self.postgres.sql("DELETE FROM made.stamped WHERE id <= 20")

    def test_what_an_old_snapshot_sees(self):
        self.allowed("BEGIN ISOLATION LEVEL REPEATABLE READ")
        self.allowed("SELECT count(*) FROM made.marks")
        self.postgres.sql("CREATE TABLE made.aside AS SELECT * FROM made.marks; DELETE FROM made.marks")
        self.refused("INSERT INTO made.copies (id) SELECT thing_id FROM made.marks", "42501", 'stopped by "few"')
        self.allowed("ROLLBACK")
        self.postgres.sql("INSERT INTO made.marks SELECT * FROM made.aside; DROP TABLE made.aside")


class Command(Case):
    def rows(self, statement):
        return self.dry_run(statement)[0]["rows"]

    def test_the_report_has_them_up_to_ten_thousand(self):
        rows = self.rows("DELETE FROM made.things WHERE id > 100")
        self.assertEqual((rows["count"], rows["more"], rows["confidence"]), (900, False, "probed"))
        rows = self.rows("INSERT INTO made.copies SELECT a.* FROM made.things a, made.marks b")
        self.assertEqual((rows["count"], rows["more"]), (10_000, True))
        rows = self.rows("INSERT INTO made.copies (id) VALUES (1), (2)")
        self.assertEqual((rows["count"], rows["confidence"]), (2, "written"))
        rows = self.rows("DELETE FROM made.parents")
        self.assertEqual((rows["count"], rows["confidence"]), (None, "unknown"))
        self.assertIn("made.children", rows["why"])

    def test_names_are_looked_up_as_the_role_does(self):
        self.postgres.sql(f"ALTER ROLE {ROLE} SET search_path = made")
        self.addCleanup(self.postgres.sql, f"ALTER ROLE {ROLE} RESET search_path")
        self.assertEqual(self.rows("DELETE FROM marks")["count"], 50)


if __name__ == "__main__":
    unittest.main()
