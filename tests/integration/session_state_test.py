"""What a session sets and makes is followed: where its names are looked up, and its own uncommitted changes."""

import copy
import unittest

import harness
import processes
from wire import ServerError, bind, execute, extended, parse, query, shape, SYNC

POLICY = copy.deepcopy(harness.POLICY)
POLICY["protect"] = [{"id": "vault", "on": ["vault.*", "other.twin"]}]
POLICY["rules"] += [
    {"id": "all-rows", "allow": ["select", "insert", "update", "delete"], "on": ["app.*", "other.*"], "to": ["*"]},
    {"id": "ddl", "allow": ["create table", "create table as", "drop table", "create view", "drop view", "rename table",
                            "rename column", "alter table add column", "create index", "alter table add constraint",
                            "references"],
     "on": ["app.*", "other.*"], "to": ["*"]},
]
POLICY["rules"] += [
    {"id": "twin", "allow": ["copy to stdout", "truncate"], "on": ["app.twin"], "to": ["*"]},
    {"id": "schemas", "allow": ["drop schema", "rename schema"], "to": ["*"]},
]
POLICY["functions"] = {"allow": ["app.wander(text)", "app.wander_on()", "app.wander_and_fail(text)"]}


class StateCase(harness.ShopCase):
    policy = POLICY

    schema = """
            CREATE SCHEMA other; CREATE SCHEMA vault;
            GRANT ALL ON SCHEMA app, other, vault TO PUBLIC;
            CREATE TABLE other.place (what text); INSERT INTO other.place VALUES ('other');
            CREATE TABLE app.place (what text); INSERT INTO app.place VALUES ('app');
            CREATE TABLE vault.place (what text); INSERT INTO vault.place VALUES ('vault');
            CREATE TABLE vault.keys (what text);
            CREATE TABLE app.twin (what text); INSERT INTO app.twin VALUES ('app');
            CREATE TABLE other.twin (what text); INSERT INTO other.twin VALUES ('secret');
            CREATE FUNCTION app.wander_on() RETURNS trigger LANGUAGE plpgsql
              AS $$BEGIN PERFORM set_config('search_path', NEW.what, false); RETURN NULL; END$$;
            CREATE PROCEDURE app.wander_and_fail(text) LANGUAGE plpgsql
              AS $$BEGIN PERFORM set_config('search_path', $1, false); COMMIT; RAISE 'too late'; END$$;
            CREATE TABLE app.late (what text);
            CREATE CONSTRAINT TRIGGER late AFTER INSERT ON app.late DEFERRABLE INITIALLY DEFERRED
              FOR EACH ROW EXECUTE FUNCTION app.wander_on();
            CREATE FUNCTION app.wander(text) RETURNS text LANGUAGE sql AS $$SELECT set_config('search_path', $1, false)$$;
            GRANT ALL ON ALL TABLES IN SCHEMA other, vault, app TO PUBLIC;
            ALTER TABLE app.twin OWNER TO {0}; ALTER TABLE other.twin OWNER TO {0};
            ALTER TABLE app.place OWNER TO {0}""".format(harness.AGENT.role)

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


class Detours(StateCase):
    """The path goes to `other`, where the table of the same name is protected, in ways that are not SET."""

    def twin_is_protected(self, sql="SELECT what FROM twin"):
        self.assertIn("other.twin", self.refusal(sql)["M"])

    def bound(self, sql):
        """Messages that make a portal of that name."""
        return parse(sql, sql[:20]) + bind(statement=sql[:20], portal=sql[:20])

    def test_names_of_settings_have_no_case(self):
        self.run_all("SELECT set_config('SEARCH_path', 'other', false)")
        self.twin_is_protected()

    def test_a_cursor_runs_when_it_is_fetched(self):
        for move in ("set_config('search_path', 'other', false)", "app.wander('other')"):
            for fetch in (query("FETCH c"), query("MOVE c"), execute("c") + SYNC):
                with self.subTest(move=move, fetch=fetch):
                    self.run_all("RESET search_path", "BEGIN", f"DECLARE c CURSOR FOR SELECT {move}", "TABLE twin")
                    self.connection.talk(fetch)
                    self.twin_is_protected()
                    self.run_all("ROLLBACK")

    def test_a_cursor_and_its_use_in_one_message(self):
        self.run_all("BEGIN", "DECLARE c CURSOR FOR SELECT app.wander('other')", "TABLE twin")
        self.assertIn("hangs on", self.refusal("FETCH c; SELECT what FROM twin")["M"])

    def test_expressions_of_tables(self):
        move = "set_config('search_path', 'other', false)"
        for column in (f"s text DEFAULT {move}", f"s text CHECK ({move} IS NOT NULL)"):
            with self.subTest(column=column):
                self.run_all("RESET search_path", f"CREATE TABLE app.mover (i int, {column})")
                self.addCleanup(self.postgres.sql, "DROP TABLE IF EXISTS app.mover")
                self.assertIn("hangs on", self.refusal("INSERT INTO app.mover (i) VALUES (1); TABLE twin")["M"])
                self.run_all("INSERT INTO app.mover (i) VALUES (1)")
                self.twin_is_protected()
                self.run_all("DROP TABLE app.mover")

    def test_a_function_and_what_follows_it_in_one_message(self):
        self.assertIn("hangs on", self.refusal("SELECT app.wander('other'); SELECT what FROM twin")["M"])
        self.run_all("BEGIN; SELECT app.wander('other'); COMMIT")
        self.twin_is_protected()

    def test_a_procedure_that_commits_and_fails(self):
        for call in (query("CALL app.wander_and_fail('other')"), extended("CALL app.wander_and_fail('other')") + SYNC):
            self.run_all("RESET search_path", "TABLE twin")
            self.assertIn("E", shape(self.connection.talk(call)))
            self.twin_is_protected()

    def test_triggers_that_were_put_off(self):
        self.run_all("BEGIN", "INSERT INTO app.late VALUES ('other')", "TABLE twin", "SET CONSTRAINTS ALL IMMEDIATE")
        self.twin_is_protected()

    def test_portals_that_look_names_up_when_they_run(self):
        self.run_all("PREPARE reader AS SELECT what FROM twin")
        for sql in ("COPY twin TO STDOUT", "TRUNCATE twin", "EXECUTE reader"):
            with self.subTest(sql=sql):
                self.run_all("BEGIN")
                self.connection.talk(self.bound(sql) + SYNC)
                self.run_all("SET LOCAL search_path = other")
                self.assertTrue(shape(self.connection.talk(execute(sql[:20]) + SYNC)).startswith("E"))
                self.run_all("ROLLBACK")
                move = "SET search_path = other"
                answer = self.connection.talk(self.bound(sql.lower()) + extended(move) + execute(sql[:20].lower()) + SYNC)
                self.assertEqual(shape(answer).rstrip("SZ")[-1], "E")
                self.run_all("RESET search_path")
        self.assertEqual(self.postgres.sql("TABLE other.twin"), [["secret"]])

    def test_a_portal_and_a_key_made_before_it_runs(self):
        self.postgres.sql("CREATE TABLE app.above (id int PRIMARY KEY); INSERT INTO app.above VALUES (1); "
                          "CREATE TABLE app.below (id int); INSERT INTO app.below VALUES (1); "
                          f"ALTER TABLE app.above OWNER TO {harness.AGENT.role}; "
                          f"ALTER TABLE app.below OWNER TO {harness.AGENT.role}")
        self.addCleanup(self.postgres.sql, "DROP TABLE app.above, app.below")
        key = "ALTER TABLE app.below ADD FOREIGN KEY (id) REFERENCES app.above ON DELETE CASCADE"
        self.connection.talk(self.bound("DELETE FROM app.above") + extended(key) + execute("DELETE FROM app.abov") + SYNC)
        self.assertEqual(self.postgres.sql("TABLE app.below"), [["1"]])

    def test_a_schema_that_goes_within_a_message(self):
        for sql in ("DROP SCHEMA other CASCADE; DROP TABLE twin", "ALTER SCHEMA app RENAME TO b; DROP TABLE twin"):
            self.assertIn("hangs on", self.refusal(sql)["M"])

    def test_a_schema_that_others_close(self):
        self.run_all("SET search_path = app, other", "TABLE twin")
        self.postgres.sql("ALTER SCHEMA app OWNER TO postgres; REVOKE ALL ON SCHEMA app FROM PUBLIC")
        self.addCleanup(self.postgres.sql, f"ALTER SCHEMA app OWNER TO {harness.AGENT.role}; "
                                           "GRANT ALL ON SCHEMA app TO PUBLIC")
        processes.wait_until(lambda: "protected" in self.refused_text("TABLE twin"), "the gate to see it")

    def refused_text(self, sql):
        try:
            self.connection.rows(sql)
        except ServerError as error:
            return error.fields["M"]
        return ""

    def test_a_plan_is_no_older_than_the_names(self):
        """PostgreSQL goes on with the old table when a new one stands before it on the path."""
        self.postgres.sql("CREATE TABLE app.comer (what text); INSERT INTO app.comer VALUES ('app'); "
                          "GRANT ALL ON app.comer TO PUBLIC")
        self.addCleanup(self.postgres.sql, "DROP TABLE app.comer; DROP TABLE IF EXISTS other.comer")
        self.run_all("SET search_path = other, app", "PREPARE plan AS SELECT what FROM comer")
        self.assertEqual(self.connection.rows("EXECUTE plan"), [["app"]])
        self.run_all("CREATE TABLE other.comer (what text)")
        self.assertEqual(self.connection.rows("EXECUTE plan"), [])


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
