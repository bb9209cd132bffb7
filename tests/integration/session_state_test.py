"""What a session sets and makes is followed: where its names are looked up, and its own uncommitted changes."""

import copy
import unittest

import harness
from wire import ServerError, bind, execute, extended, parse, query, shape, SYNC

POLICY = copy.deepcopy(harness.POLICY)
POLICY["protect"] = [{"id": "vault", "on": ["vault.*"]}]
POLICY["rules"] += [
    {"id": "all-rows", "allow": ["select", "insert", "update", "delete"], "on": ["app.*", "other.*"], "to": ["*"]},
    {"id": "ddl", "allow": ["create table", "create table as", "drop table", "create view", "drop view", "rename table",
                            "rename column", "alter table add column", "create index", "alter table add constraint",
                            "references"],
     "on": ["app.*", "other.*"], "to": ["*"]},
]
POLICY["functions"] = {"allow": ["app.wander(text)"]}


class StateCase(harness.ShopCase):
    policy = POLICY

    schema = """
            CREATE SCHEMA other; CREATE SCHEMA vault;
            GRANT ALL ON SCHEMA app, other, vault TO PUBLIC;
            CREATE TABLE other.place (what text); INSERT INTO other.place VALUES ('other');
            CREATE TABLE app.place (what text); INSERT INTO app.place VALUES ('app');
            CREATE TABLE vault.place (what text); INSERT INTO vault.place VALUES ('vault');
            CREATE TABLE vault.keys (what text);
            CREATE FUNCTION app.wander(text) RETURNS text LANGUAGE sql AS $$SELECT set_config('search_path', $1, false)$$;
            GRANT ALL ON ALL TABLES IN SCHEMA other, vault, app TO PUBLIC;
            ALTER TABLE app.place OWNER TO %s""" % harness.AGENT.role

    def setUp(self):
        super().setUp()
        self.connection = self.connect()
        self.addCleanup(self.connection.close)

    def refusal(self, sql):
        with self.assertRaises(ServerError) as caught:
            self.connection.rows(sql)
        return caught.exception.fields

    def run_all(self, *statements):
        for sql in statements:
            self.connection.rows(sql)

    def place(self):
        return self.connection.rows("SELECT what FROM place")[0][0]


def values(answer):
    return [one.row[0].decode() for one in answer if one.type == "D"]


class SearchPath(StateCase):
    def test_is_followed(self):
        self.assertEqual(self.place(), "app")
        self.run_all("SET search_path = other, app")
        self.assertEqual(self.place(), "other")
        self.run_all("SELECT set_config('search_path', 'app,other', false)")
        self.assertEqual(self.place(), "app")
        self.run_all("SET search_path TO ''")
        self.assertEqual(self.refusal("SELECT what FROM place")["C"], "42P01")
        self.run_all("RESET search_path")
        self.assertEqual(self.place(), "app")
        self.run_all("SET search_path = other", "DISCARD ALL")
        self.assertEqual(self.place(), "app")

    def test_leads_nowhere_that_no_rule_opens(self):
        self.assertIn("no rule opens anything in schema vault", self.refusal("SET search_path = app, vault")["M"])
        self.assertEqual(self.place(), "app")

    def test_is_followed_through_rollbacks(self):
        self.run_all("BEGIN", "SET search_path = other")
        self.assertEqual(self.place(), "other")
        self.run_all("ROLLBACK")
        self.assertEqual(self.place(), "app")
        self.run_all("BEGIN", "SAVEPOINT s", "SET LOCAL search_path = other")
        self.assertEqual(self.place(), "other")
        self.run_all("ROLLBACK TO s")
        self.assertEqual(self.place(), "app")
        self.run_all("SET LOCAL search_path = other")
        self.refusal("SELECT 1/0")
        self.run_all("ROLLBACK")
        self.assertEqual(self.place(), "app")
        self.run_all("BEGIN", "SET LOCAL search_path = other", "COMMIT")
        self.assertEqual(self.place(), "app")

    def test_is_followed_where_an_allowed_function_sets_it(self):
        """What it leads to is what PostgreSQL finds there, and protected as ever."""
        self.run_all("SELECT app.wander('other')")
        self.assertEqual(self.place(), "other")
        self.run_all("SELECT app.wander('vault')")
        self.assertIn("vault", self.refusal("SELECT what FROM place")["M"])

    def test_must_have_postgresqls_own_names_first(self):
        self.run_all("SELECT app.wander('app, pg_catalog')")
        self.assertIn("pg_catalog stands behind", self.refusal("SELECT what FROM app.place")["M"])
        self.run_all("RESET search_path")
        self.assertEqual(self.place(), "app")

    def test_with_what_comes_in_one_write(self):
        talk = self.connection.talk
        answer = talk(query("SET search_path = other"), query("SELECT what FROM place"), readies=2)
        self.assertEqual(values(answer), ["other"])
        answer = talk(extended("SET search_path = app") + SYNC, extended("SELECT what FROM place") + SYNC, readies=2)
        self.assertEqual(values(answer), ["app"])

    def test_what_hangs_on_it_in_the_same_message_or_pipeline_is_refused(self):
        self.assertIn("hangs on", self.refusal("SET search_path = other; SELECT what FROM place")["M"])
        answer = self.connection.talk(extended("SET search_path = other") + extended("SELECT what FROM place") + SYNC)
        self.assertEqual(shape(answer)[-2:], "EZ")
        self.assertEqual(self.place(), "app")

    def test_a_prepared_statement_is_judged_by_where_it_is_run(self):
        self.connection.talk(parse("SELECT what FROM place", "s") + SYNC)
        self.run_all("SET search_path = other")
        answer = self.connection.talk(bind(statement="s") + execute() + SYNC)
        self.assertEqual(values(answer), ["other"])
        self.run_all("SELECT app.wander('vault')")
        self.assertEqual(shape(self.connection.talk(bind(statement="s") + execute() + SYNC)), "EZ")

    def test_the_unnamed_statement_survives_the_gates_own_question(self):
        self.run_all("BEGIN", "SET LOCAL search_path = other")
        self.connection.talk(parse("SELECT what FROM app.place") + SYNC)
        self.run_all_extended("SAVEPOINT s")
        self.connection.talk(parse("SELECT what FROM app.place") + SYNC)
        self.assertEqual(shape(self.connection.talk(bind() + execute() + SYNC)), "2DCZ")

    def run_all_extended(self, sql):
        self.connection.talk(parse(sql, "named") + bind(statement="named", portal="p") + execute("p") + SYNC)


class OwnChanges(StateCase):
    def tearDown(self):
        if self.connection.talk(query("ROLLBACK"))[-1].type == "Z":
            self.postgres.sql("DROP TABLE IF EXISTS app.fresh, app.second CASCADE")
        super().tearDown()

    def test_a_new_table_can_be_used_before_its_commit(self):
        self.run_all("BEGIN", "CREATE TABLE fresh (id int PRIMARY KEY, note text)", "CREATE INDEX ON fresh (note)",
                     "INSERT INTO fresh VALUES (1, 'a')", "CREATE VIEW fresh_view AS SELECT id FROM fresh")
        self.assertEqual(self.connection.rows("SELECT id FROM fresh_view"), [["1"]])
        self.run_all("ALTER TABLE fresh ADD COLUMN more int", "UPDATE fresh SET more = 2 WHERE id = 1")
        self.assertEqual(self.connection.rows("SELECT more FROM fresh"), [["2"]])
        self.run_all("COMMIT")
        self.assertEqual(self.connection.rows("SELECT more FROM app.fresh"), [["2"]])
        self.run_all("DROP VIEW app.fresh_view", "DROP TABLE app.fresh")

    def test_a_rollback_takes_it_back(self):
        self.run_all("BEGIN", "SAVEPOINT s", "CREATE TABLE fresh (id int)", "INSERT INTO fresh VALUES (1)", "ROLLBACK TO s")
        self.assertEqual(self.refusal("SELECT * FROM fresh")["C"], "42P01")
        self.run_all("ROLLBACK", "BEGIN", "CREATE TABLE fresh (id int)", "ROLLBACK")
        self.assertEqual(self.refusal("SELECT * FROM fresh")["C"], "42P01")

    def test_a_name_that_means_something_else_now_is_judged_as_that(self):
        self.postgres.sql("CREATE TABLE app.second (what text); "
                          f"ALTER TABLE app.second OWNER TO {harness.AGENT.role}")
        self.run_all("BEGIN", "CREATE VIEW reader AS SELECT what FROM app.place",
                     "ALTER TABLE app.place RENAME TO older", "ALTER TABLE app.second RENAME TO place")
        self.assertEqual(self.connection.rows("SELECT what FROM place"), [])
        self.assertEqual(self.connection.rows("SELECT what FROM older"), [["app"]])
        self.run_all("ROLLBACK")
        self.assertEqual(self.place(), "app")

    def test_in_the_same_message_what_hangs_on_it_is_refused(self):
        text = "ALTER TABLE app.place RENAME TO older; SELECT what FROM app.place"
        self.assertIn("hangs on", self.refusal(text)["M"])
        self.run_all("CREATE TABLE app.fresh (id int); CREATE TABLE app.second (id int)")

    def test_under_repeatable_read_it_is_refused(self):
        self.run_all("BEGIN ISOLATION LEVEL REPEATABLE READ", "CREATE TABLE fresh (id int)")
        self.assertIn("READ COMMITTED", self.refusal("SELECT what FROM place")["M"])

    def test_what_others_change_meanwhile_is_seen(self):
        self.run_all("BEGIN", "CREATE TABLE fresh (id int)", "SELECT * FROM fresh")
        self.postgres.sql("CREATE VIEW app.leak AS SELECT * FROM vault.keys; GRANT ALL ON app.leak TO PUBLIC")
        self.addCleanup(self.postgres.sql, "DROP VIEW app.leak")
        self.assertIn("vault.keys", self.refusal("SELECT * FROM app.leak")["M"])


if __name__ == "__main__":
    unittest.main()
