"""What `audit query`, `report`, `export` and `check-export` say of the log of a gate with two agents, held against a
reading of the same lines that is written here anew."""

import csv
import datetime
import hashlib
import io
import json
import unittest

import harness
import processes
from gate import Gate, run, signing_key
from postgres import Agent
from wire import SYNC, extended, query

READER = Agent("reader", "agent_reader", "what the reader knows", "agent_reader_db", "what the gate knows of it")
SCHEMA = """CREATE VIEW app.people AS SELECT id, email FROM app.customers;
  CREATE FUNCTION app.total() RETURNS numeric LANGUAGE sql AS 'SELECT sum(amount) FROM app.orders';
  ALTER VIEW app.people OWNER TO agent_repair_db;
  GRANT USAGE ON SCHEMA app TO agent_reader_db; GRANT SELECT ON ALL TABLES IN SCHEMA app TO agent_reader_db"""
POLICY = {
    **harness.POLICY,
    "agents": {**harness.POLICY["agents"], READER.name: {"login": READER.login, "owner": "bob"}},
    "rules": [*harness.POLICY["rules"], {"id": "views", "allow": ["select"], "on": ["app.people"], "to": ["*"]}],
    "functions": {"allow": ["app.total()"]},
}


def leaf(line):
    return hashlib.sha256(b"\0" + line).digest()


def root(leaves):
    """RFC 6962, section 2.1."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + root(leaves[:k]) + root(leaves[k:])).digest()


class Reading(unittest.TestCase):
    maxDiff = 3000

    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.shop()
        cls.addClassCleanup(cls.postgres.stop)
        cls.postgres.create_role(READER)
        cls.postgres.sql(SCHEMA)
        cls.gate = Gate(cls.postgres, POLICY, [harness.AGENT, READER])
        cls.addClassCleanup(cls.gate.stop)
        cls.work()
        cls.gate.stop()
        cls.folder = processes.new_folder("exports")
        [segment] = cls.gate.audit_dir.glob("*.jsonl")
        cls.lines = segment.read_bytes().rstrip(b"\n").split(b"\n")
        cls.entries = [json.loads(line) for line in cls.lines]

    @classmethod
    def work(cls):
        with cls.gate.connect(harness.AGENT) as one, cls.gate.connect(READER) as other:
            one.talk(query("SELECT * FROM app.people"))
            one.talk(query("UPDATE app.orders SET amount = 1 WHERE id = 1"))
            other.talk(query("SELECT email FROM app.people"))
            one.talk(query("SELECT ssn FROM app.users"))
            one.talk(query("ALTER TABLE app.orders ADD COLUMN note text"))
            one.talk(query("SELECT app.total()"))
            other.talk(query("DELETE FROM app.orders"))
            one.talk(query("GRANT SELECT ON app.orders TO public"))
            one.talk(extended("SELECT id, email FROM app.customers WHERE id = $1", ["1"]), SYNC)
            other.talk(query("SELECT '=1+1'"))
            with cls.postgres.connect(harness.AGENT) as holder:
                holder.talk(query("BEGIN; LOCK TABLE app.later"))
                one.send(query("DELETE FROM app.later"))
                # It waits for the lock: nobody will ever know from the log what became of it.
                cls.gate.wait_for_entry("decision", lambda e: e.get("text") == "DELETE FROM app.later")
                cls.gate.kill()
        cls.killed = run("audit", "report", "unresolved", cls.gate.audit_dir, "--json")
        cls.gate.start()
        with cls.gate.connect(READER) as other:
            other.talk(query("SELECT count(*) FROM app.orders"))
            cls.running = run("audit", "query", cls.gate.audit_dir, "--agent", "reader", "--json")

    # --- the other reading ----------------------------------------------------------------------------------------
    def statements(self, test):
        """Each decision that passes, its session's login, and its outcomes."""
        logins, found = {}, {}
        for entry in self.entries:
            kind = entry["t"]
            if kind == "open":
                logins = {}
            elif kind == "session" and entry["event"] == "login":
                logins[entry["session"]] = entry
            elif kind == "decision" and test(entry, logins[entry["session"]]):
                found[entry["i"]] = (entry, logins[entry["session"]], [])
            elif kind == "outcome" and entry["decision"] in found:
                found[entry["decision"]][2].append(entry)
        return list(found.values())

    def query(self, *options):
        done = run("audit", "query", self.gate.audit_dir, *options, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        *rows, evidence = map(json.loads, done.stdout.splitlines())
        return rows, evidence["evidence"]

    def report(self, name, *options):
        done = run("audit", "report", name, self.gate.audit_dir, *options, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def assert_same(self, options, test):
        expected = self.statements(test)
        self.assertTrue(expected, options)
        rows, evidence = self.query(*options)
        self.assertEqual([(r["record"], r["owner"], r["client"], [o["record"] for o in r["outcomes"]]) for r in rows],
                         [(d["i"], login["owner"], login["client"], [o["i"] for o in outcomes])
                          for d, login, outcomes in expected])
        leaves = [leaf(self.lines[i]) for d, _, outcomes in expected for i in [d["i"], *(o["i"] for o in outcomes)]]
        self.assertEqual(evidence["list_root"], root(leaves).hex())
        self.assertEqual(evidence["query_sha256"], hashlib.sha256(evidence["query"].encode()).hexdigest())
        self.assertEqual(evidence["as_of"], len(self.lines) - 1)

    # --- tests ----------------------------------------------------------------------------------------------------
    def test_statements_are_those_of_another_reading(self):
        def touches(table, direct=False, column=None):
            return lambda d, _: any(e.get("object") == table and not (direct and "route" in e)
                                    and (column is None or e.get("all_columns") or column in e.get("columns", []))
                                    for e in d.get("effects", []))
        middle = self.entries[len(self.entries) // 2]["ts"]
        self.assert_same([], lambda d, _: True)
        self.assert_same(["--agent", "reader"], lambda d, _: d["agent"] == "reader")
        self.assert_same(["--owner", "bob"], lambda _, login: login["owner"] == "bob")
        self.assert_same(["--login", harness.AGENT.login], lambda _, login: login["login"] == harness.AGENT.login)
        self.assert_same(["--table", "app.customers"], touches("app.customers"))
        self.assert_same(["--table", "app.customers", "--direct"], touches("app.customers", direct=True))
        self.assert_same(["--column", "app.customers.email"], touches("app.customers", column="email"))
        self.assert_same(["--verdict", "deny"], lambda d, _: d["verdict"] == "deny")
        self.assert_same(["--rule", "pii"], lambda d, _: d.get("rule") == "pii")
        self.assert_same(["--kind", "update"], lambda d, _: "UPDATE" in d.get("kinds", []))
        self.assert_same(["--since", self.time(middle)], lambda d, _: d["ts"] >= middle)
        self.assert_same(["--until", self.time(middle)], lambda d, _: d["ts"] < middle)

    @staticmethod
    def time(micros):
        seconds, rest = divmod(micros, 1_000_000)
        return f"{datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc):%Y-%m-%dT%H:%M:%S}.{rest:06}Z"

    def test_a_log_is_read_while_it_is_written_and_after_a_crash(self):
        self.assertEqual((self.killed.returncode, self.running.returncode), (0, 0), (self.killed, self.running))
        [row] = json.loads(self.killed.stdout)["tables"]["unresolved"]["rows"]
        self.assertEqual(row["statement"], "DELETE FROM app.later")
        *rows, evidence = map(json.loads, self.running.stdout.splitlines())
        self.assertEqual(rows[-1]["text"], "SELECT count(*) FROM app.orders")
        # The log went on since; as of then it says the same.
        _, again = self.query("--agent", "reader", "--as-of", evidence["evidence"]["as_of"])
        self.assertEqual(again["list_root"], evidence["evidence"]["list_root"])
        self.assertEqual(again["query"], evidence["evidence"]["query"])

    def test_a_bind_has_the_text_of_its_parse(self):
        rows, _ = self.query("--table", "app.customers", "--direct")
        [bind] = [r for r in rows if r["message"] == "Bind"]
        self.assertIn("WHERE id = $1", bind["text"])
        self.assertEqual((bind["result"], bind["outcomes"][0]["rows"], bind["parameters"]), ("ok", 1, ["1"]))

    def test_reports_say_what_was_done(self):
        access = self.report("access", "--column", "app.customers.email")["tables"]
        self.assertEqual({(r["agent"], r["owner"]) for r in access["reads"]["rows"]}, {("repair", "ada"), ("reader", "bob")})
        self.assertTrue(any("through view app.people" in r["reads"] for r in access["reads"]["rows"]))
        [ddl] = [r for r in self.report("schema-changes")["tables"]["schema_changes"]["rows"] if "alter" in r["actions"]]
        self.assertRegex(ddl["catalog"], "^[0-9a-f]{32}$")
        self.assertEqual(ddl["result"], "ok: ALTER TABLE")
        [grant] = self.report("privileges")["tables"]["privileges"]["rows"]
        self.assertEqual((grant["actions"], grant["verdict"]), ("grant app.orders", "deny"))
        changes = self.report("changes", "--table", "app.orders")["tables"]["changes"]["rows"]
        self.assertEqual([(r["agent"], r["result"][:5]) for r in changes], [("repair", "ok: U"), ("reader", "error")])
        denials = self.report("denials")["tables"]["by_rule_and_agent"]["rows"]
        self.assertIn(("pii", "repair", 1), [(r["rule"], r["agent"], r["statements"]) for r in denials])
        breach = self.report("breach", "--agent", "reader")["tables"]["relations"]["rows"]
        self.assertIn("app.customers", [r["relation"] for r in breach])
        gaps = self.report("gaps")["tables"]["counts"]["rows"][0]
        self.assertEqual((gaps["starts"], gaps["without_a_clean_end_before"]), (2, 1))
        self.assertEqual(len(self.report("policies")["tables"]["in_force"]["rows"]), 2)
        open_ends = {d["i"] for d, _, outcomes in self.statements(lambda d, _: d["verdict"] == "allow")
                     if not outcomes and d["message"] != "Parse"}
        self.assertTrue(open_ends)
        self.assertEqual({r["record"] for r in self.report("unresolved")["tables"]["unresolved"]["rows"]}, open_ends)

    def test_integrity_says_against_what(self):
        key = str(signing_key()) + ".pub"
        notes = sorted(self.gate.audit_dir.glob("*.notes"))[-1]
        anchor = self.folder / "anchor"
        anchor.write_bytes(notes.read_bytes())
        done = run("audit", "report", "integrity", self.gate.audit_dir, "--key", key, "--anchor", anchor, "--json")
        told = json.loads(done.stdout)
        self.assertEqual((done.returncode, told["result"], told["entries"]), (0, "clean", len(self.lines)))
        self.assertEqual(told["anchors"][0]["sha256"], hashlib.sha256(anchor.read_bytes()).hexdigest())
        self.assertEqual(told["root"], root([leaf(line) for line in self.lines]).hex())

    def test_exports_can_be_checked_and_read(self):
        for form, options in (("jsonl", ["--agent", "repair"]), ("csv", ["--owner", "bob"])):
            out = self.folder / f"out.{form}"
            done = run("audit", "export", self.gate.audit_dir, "--format", form, "--out", out, *options)
            self.assertEqual(done.returncode, 0, done.stderr)
            manifest = json.loads((self.folder / f"out.{form}.manifest.json").read_text())
            self.assertEqual(manifest["sha256"], hashlib.sha256(out.read_bytes()).hexdigest())
            self.assertEqual(manifest["evidence"]["note"]["size"], len(self.lines))
            self.assertEqual(run("audit", "check-export", out, "--log", self.gate.audit_dir).returncode, 0)
            out.write_bytes(out.read_bytes().replace(b"app.orders", b"app.0rders", 1))
            self.assertEqual(run("audit", "check-export", out).returncode, 1)
            out.write_bytes(out.read_bytes().replace(b"app.0rders", b"app.orders", 1))
        lines = (self.folder / "out.jsonl").read_bytes().splitlines()
        self.assertTrue(set(lines) <= set(self.lines))
        self.assertEqual(json.loads((self.folder / "out.jsonl.manifest.json").read_text())["evidence"]["list_root"],
                         root([leaf(line) for line in lines]).hex())
        with io.StringIO((self.folder / "out.csv").read_bytes().decode(), newline="") as text:
            rows = list(csv.DictReader(text))
        self.assertEqual([int(r["record"]) for r in rows], [d["i"] for d, _, _ in
                                                            self.statements(lambda _, login: login["owner"] == "bob")])
        self.assertNotIn("=", {cell[:1] for row in rows for cell in row.values()})
        self.assertEqual({r["owner"] for r in rows}, {"bob"})

    def test_show_takes_the_same_options(self):
        done = run("audit", "show", self.gate.audit_dir, "--owner", "bob", "--type", "outcome", "--json")
        mine = {o["i"] for _, _, outcomes in self.statements(lambda _, login: login["owner"] == "bob") for o in outcomes}
        self.assertEqual({json.loads(line)["i"] for line in done.stdout.splitlines()}, mine)
        self.assertEqual(run("audit", "show", self.gate.audit_dir, "--since", "noon").returncode, 64)


if __name__ == "__main__":
    unittest.main()
