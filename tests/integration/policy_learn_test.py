"""`policy learn`: what a monitored session did, as a policy that allows exactly that again."""

import json
import re
import subprocess
import unittest

import sqlalchemy as sa
from sqlalchemy import orm

import clients
import gate as gates
import harness
import processes
import wire
from gate import Gate
from postgres import Agent, client_program, libpq_environment

AGENT = harness.AGENT
MONITOR = {"version": 1, "name": "watch", "mode": "monitor", "rules": [],
           "agents": {AGENT.name: {"login": AGENT.login, "owner": "ada"}}}


def learnt(gate, *arguments):
    """(what `policy learn` said, the file's text)."""
    file = processes.new_folder("learnt") / "learnt.json"
    done = gates.run("policy", "learn", gate.audit_dir, "--out", file, *arguments)
    return done, file.read_text() if file.exists() else ""


def without_comments(text):
    return json.loads(re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*', lambda found: found[1] or "", text))


class Learnt(unittest.TestCase):
    def dump_catalog(self, gate):
        dump = gate.folder / "catalog"
        made = gates.run("catalog", "dump", "--config", gate.folder / "portcullis.json", "--output", dump)
        self.assertEqual(made.returncode, 0, made.stderr)
        return dump

    def gate_with(self, postgres, text, agent):
        """A gate with the learnt policy as it was written, comments and all."""
        gate = Gate(postgres, MONITOR | {"agents": {agent.name: {"login": agent.login}}}, [agent])
        self.addCleanup(gate.stop)
        gate.stop()
        (gate.folder / "policy.json").write_text(text)
        gate.start()
        return gate

    def refused(self, gate):
        return [(d["verdict"], d.get("text"), d.get("reason")) for d in gate.entries("decision") if d["verdict"] != "allow"]

    def check(self, gate, text):
        """It loads, its tests pass by themselves and against the database, and by it nothing of the log changes."""
        file = processes.new_folder("learnt") / "policy.json"
        file.write_text(text)
        for more in ([], ["--catalog", self.dump_catalog(gate)]):
            tested = gates.run("policy", "test", file, *more)
            self.assertEqual((tested.returncode, tested.stderr), (0, ""), text)
        replayed = gates.run("audit", "replay", gate.audit_dir, "--policy", file, "--json")
        report = json.loads(replayed.stdout)
        self.assertEqual((report["newly"]["deny"], report["newly"]["ask"], report["untold"]), (0, 0, 0), replayed.stdout)
        return without_comments(text)


class OfPgbench(Learnt):
    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)
        cls.pgbench(cls.postgres, "-i", "-q", "-s", "1")

    @staticmethod
    def pgbench(front, *arguments):
        done = subprocess.run([client_program("pgbench"), *arguments], capture_output=True, text=True, check=False,
                              env=libpq_environment(front.login_of(AGENT)), timeout=90)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def session(self, front):
        for protocol in ("simple", "prepared"):
            for script in ([], ["-S"]):
                out = self.pgbench(front, "-n", "-M", protocol, "-c", "2", "-t", "20", *script)
                self.assertRegex(out, re.compile(r"^number of failed transactions: 0 ", re.MULTILINE))

    def test_what_was_learnt_allows_the_run_again_and_no_more(self):
        watched = Gate(self.postgres, MONITOR, [AGENT])
        self.session(watched)
        watched.stop()
        done, text = learnt(watched)
        self.assertEqual(done.returncode, 0, done.stderr)
        watched.start()
        self.addCleanup(watched.stop)
        policy = self.check(watched, text)
        patterns = {pattern for rule in policy["rules"] for pattern in rule["on"]}
        self.assertIn("app.pgbench_accounts(abalance, aid)", patterns)
        self.assertFalse([p for p in patterns if "*" in p])
        updates = [rule for rule in policy["rules"] if "update" in rule["allow"]]
        self.assertTrue(updates and all(rule["require"] == ["where"] for rule in updates), text)
        self.assertRegex(text, r"app\.pgbench_history.*// 8\d records: ")  # each client's PREPARE too
        self.assertIn("allow", {test["expect"] for test in policy["tests"]})
        self.assertIn("deny", {test["expect"] for test in policy["tests"]})

        held = self.gate_with(self.postgres, text, AGENT)
        self.session(held)
        self.assertEqual(self.refused(held), [])
        connection = held.connect(AGENT)
        for statement in ("SELECT id FROM app.orders", "SELECT filler FROM app.pgbench_accounts",
                          "UPDATE app.pgbench_accounts SET abalance = 0", "DELETE FROM app.pgbench_history",
                          "SELECT * FROM app.users", "UPDATE app.pgbench_accounts SET aid = 1 WHERE aid = 1"):
            with self.assertRaisesRegex(wire.ServerError, "denied"):
                connection.rows(statement)
        connection.close()


class OfAnOrm(Learnt):
    @classmethod
    def setUpClass(cls):
        case = type("Database", (clients.ClientCase,), {"policy": MONITOR | {
            "agents": {clients.AGENT.name: {"login": clients.AGENT.login, "owner": "ada"}}}})
        case.setUpClass()
        cls.addClassCleanup(case.doClassCleanups)
        cls.postgres, cls.watched = case.postgres, case.gate

    def session(self, front):
        base = orm.declarative_base(metadata=sa.MetaData(schema="app"))
        note = type("Note", (base,), {"__tablename__": "notes", "id": sa.Column(sa.Integer, primary_key=True),
                                      "text": sa.Column(sa.Text, nullable=False)})
        login = front.login_of(clients.AGENT)
        engine = sa.create_engine(sa.engine.URL.create("postgresql+psycopg2", login["user"], login["password"], login["host"],
                                                       login["port"], login["database"]))
        inspector = sa.inspect(engine)
        self.assertIn("notes", inspector.get_table_names(schema="app"))
        inspector.get_columns("notes", schema="app")
        inspector.get_foreign_keys("notes", schema="app")
        with orm.Session(engine) as session:
            session.add_all([note(text="one"), note(text="two")])
            session.commit()
            for found in session.query(note).filter(note.text.in_(["one", "two"])).all():
                found.text += "!"
            session.commit()
            self.assertGreater(session.query(sa.func.count(note.id)).scalar(), 1)
            session.execute(sa.delete(note).where(note.text.like("%!")),
                            execution_options={"synchronize_session": False})
            session.commit()
        engine.dispose()

    def test_what_was_learnt_allows_the_session_again_and_no_more(self):
        self.session(self.watched)
        done, text = learnt(self.watched, "--name", "orm", "--agent", clients.AGENT.name)
        self.assertEqual(done.returncode, 0, done.stderr)
        policy = self.check(self.watched, text)
        self.assertEqual(policy["name"], "orm")
        self.assertEqual(policy["agents"], {clients.AGENT.name: {"login": clients.AGENT.login, "owner": "ada"}})
        held = self.gate_with(self.postgres, text, clients.AGENT)
        self.session(held)
        self.assertEqual(self.refused(held), [])
        connection = held.connect(clients.AGENT)
        for statement in ("SELECT id FROM app.customers", "DELETE FROM app.notes", "TRUNCATE app.notes", "DROP TABLE app.notes"):
            with self.assertRaisesRegex(wire.ServerError, "denied"):
                connection.rows(statement)
        connection.close()


class OfEverything(Learnt):
    """Views, functions, triggers, cascades, added columns, settings: each as narrow as it was done."""

    @classmethod
    def setUpClass(cls):
        import replay_test
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)
        cls.postgres.sql(replay_test.SCHEMA)
        cls.done = [s for s in replay_test.STATEMENTS]

    def run_all(self, gate, statements):
        connection = gate.connect(AGENT)
        for statement in statements:
            connection.talk(wire.query(statement))
        connection.close()

    def test_what_no_policy_can_allow_is_said(self):
        gate = Gate(self.postgres, MONITOR, [AGENT])
        self.addCleanup(gate.stop)
        self.run_all(gate, ["SELECT id FROM app.orders", "SELECT pg_read_file('PG_VERSION')", "SELEC 1"])
        done, text = learnt(gate)
        self.assertEqual((done.returncode, text), (1, ""))
        records = [d["i"] for d in gate.entries("decision")]
        self.assertIn(f"it was not understood: 1 record, {records[2]}", done.stderr)
        self.assertRegex(done.stderr, f"pg_read_file.*: 1 record, {records[1]}\n")
        done, text = learnt(gate, "--partial")
        self.assertEqual(done.returncode, 0, done.stderr)
        [rule] = without_comments(text)["rules"]
        self.assertEqual((rule["allow"], rule["on"], rule["to"]), (["select"], ["app.orders(id)"], [AGENT.name]))

    def test_each_is_as_narrow_as_it_was_done(self):
        gate = Gate(self.postgres, MONITOR, [AGENT])
        self.addCleanup(gate.stop)
        statements = [
            "SELECT count(*) FROM app.days", "SELECT amount FROM app.paid", "SELECT app.twice(4)", "SET work_mem = '1MB'",
            "UPDATE app.later SET id = id WHERE id = 1", "DELETE FROM app.parents WHERE id = 1",
            "ALTER TABLE app.orders ADD COLUMN b1 text", "ALTER TABLE app.orders ADD COLUMN b2 text DEFAULT 'x'",
            "INSERT INTO app.days (day, n) VALUES ('2025-03-03', 1)", "SELECT nextval('app.numbers')", "SELECT pg_sleep(0)",
            "BEGIN; SELECT id FROM app.customers FOR UPDATE; ROLLBACK", "LISTEN news", "DELETE FROM app.events WHERE id = -1",
            "UPDATE app.events SET id = id",
        ]
        self.run_all(gate, statements)
        done, text = learnt(gate)
        self.assertEqual(done.returncode, 0, done.stderr)
        policy = self.check(gate, text)
        by_pattern = {}
        for rule in policy["rules"]:
            for pattern in rule.get("on", [""]):
                by_pattern.setdefault(pattern, []).extend((word, "require" in rule, json.dumps(rule.get("when")))
                                                          for word in rule["allow"])
        narrow = {"default": ["none", "constant"], "nullable": True, "type": "base"}
        self.assertEqual(by_pattern["app.days(ctid)"], [("select", False, "null")])
        self.assertEqual(by_pattern["app.paid(amount)"], [("select", False, "null")])
        self.assertEqual(by_pattern["app.orders"], [("alter table add column", False, json.dumps(narrow))])
        self.assertIn(("delete", True, "null"), by_pattern["app.children"])
        self.assertIn(("delete", True, "null"), by_pattern["app.events"])
        self.assertIn(("update", False, "null"), by_pattern["app.events(id)"])
        self.assertEqual(policy["settings"], {"allow": ["work_mem"]})
        self.assertEqual(sorted(policy["functions"]["allow"]), ["app.note()", "app.twice(integer)"])
        self.assertEqual(by_pattern["pg_catalog.pg_sleep"], [("execute function", False, "null")])

        self.postgres.sql("ALTER TABLE app.orders DROP COLUMN b1, DROP COLUMN b2")
        held = self.gate_with(self.postgres, text, AGENT)
        self.run_all(held, statements)
        self.assertEqual(self.refused(held), [])
        connection = held.connect(AGENT)
        for statement in ("SELECT tag FROM app.events", "SELECT id FROM app.paid", "SELECT amount FROM app.orders",
                          "DELETE FROM app.parents", "ALTER TABLE app.orders ADD COLUMN b3 int NOT NULL DEFAULT 1",
                          "SET enable_seqscan = off", "SELECT n FROM app.days", "SELECT app.note(1)", "NOTIFY news"):
            with self.assertRaisesRegex(wire.ServerError, "denied|does not exist", msg=statement):
                connection.rows(statement)
        connection.close()

    def test_two_agents_get_what_each_did(self):
        other = Agent("reader", "agent_reader", "another secret", AGENT.role, AGENT.role_password)
        gate = Gate(self.postgres, MONITOR | {"agents": {a.name: {"login": a.login} for a in (AGENT, other)}}, [AGENT, other])
        self.addCleanup(gate.stop)
        self.run_all(gate, ["SELECT id FROM app.orders", "SELECT app.twice(1)"])
        reader = gate.connect(other)
        reader.talk(wire.query("SELECT id FROM app.orders"))
        reader.talk(wire.query("SELECT id FROM app.events"))
        reader.close()
        done, text = learnt(gate)
        self.assertEqual(done.returncode, 0, done.stderr)
        policy = self.check(gate, text)
        opened = {(agent, rule["on"][0], "deny" in rule) for rule in policy["rules"] for agent in rule["to"]}
        self.assertEqual(opened, {(AGENT.name, "app.orders(id)", False), ("reader", "app.events(id)", False),
                                  ("reader", "app.twice", True)})

    def test_what_was_denied_is_learnt_where_it_is_asked_for(self):
        gate = Gate(self.postgres, harness.POLICY, [AGENT])
        self.addCleanup(gate.stop)
        self.run_all(gate, ["SELECT ssn FROM app.users", "SELECT id FROM app.orders"])
        _, without = learnt(gate)
        _, with_denied = learnt(gate, "--include-denied")
        self.assertNotIn("app.users", without)
        self.assertIn("app.users(ssn)", with_denied)


if __name__ == "__main__":
    unittest.main()
