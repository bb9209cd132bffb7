"""`audit replay`: past decisions by another policy, from what was recorded of them."""

import copy
import json
import unittest

import gate as gates
import harness
import processes
import wire
from gate import Gate

# Views, functions, triggers, cascades, columns that are added, settings, names in other schemas, refusals of every kind.
SCHEMA = """
CREATE VIEW app.paid AS SELECT id, amount FROM app.orders WHERE status = 'paid';
CREATE FUNCTION app.twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n * 2';
CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER note BEFORE UPDATE ON app.later FOR EACH ROW EXECUTE FUNCTION app.note();
CREATE TABLE app.days (day date, n integer) PARTITION BY RANGE (day);
CREATE TABLE app.days_2025 PARTITION OF app.days FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE app.parents (id integer PRIMARY KEY);
CREATE TABLE app.children (parent integer REFERENCES app.parents ON DELETE CASCADE);
CREATE SEQUENCE app.numbers;
GRANT ALL ON ALL TABLES IN SCHEMA app TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA app TO PUBLIC;
"""
STATEMENTS = [
    "SELECT 1", "SELECT id, status FROM app.orders", "SELECT count(*) FROM app.orders", "SELECT * FROM app.paid",
    "SELECT * FROM app.users", "SELECT app.twice(4)", "SELECT app.note(1)", "UPDATE app.later SET id = id WHERE id = 1",
    "UPDATE app.orders SET status = 'paid' WHERE id = 1", "UPDATE app.orders SET status = 'paid'",
    "DELETE FROM app.parents WHERE id = 1", "DELETE FROM app.parents", "INSERT INTO app.days VALUES ('2025-02-02', 1)",
    "SELECT n FROM app.days", "SELECT n FROM app.days_2025", "SELECT nextval('app.numbers')", "SELECT nextval('numbers')",
    "ALTER TABLE app.orders ADD COLUMN a1 text", "ALTER TABLE app.orders ADD COLUMN a2 text DEFAULT 'x'",
    "ALTER TABLE app.orders ADD COLUMN a3 timestamptz DEFAULT now()", "ALTER TABLE app.orders ADD COLUMN a4 int NOT NULL DEFAULT 1",
    "DROP TABLE app.orders", "DROP TABLE IF EXISTS app.nowhere", "CREATE TABLE app.nothing (id int)", "DROP TABLE app.nothing",
    "SET search_path = app, public", "SELECT id FROM orders", "SET search_path = secret", "SET work_mem = '1MB'",
    "SELECT set_config('work_mem', '1MB', false)", "SELECT set_config('application_name', 'x', false)", "SHOW work_mem",
    "SELECT pg_sleep(0)", "SELECT pg_read_file('x')", "SELECT relname FROM pg_class LIMIT 1", "SELECT * FROM pg_authid",
    "BEGIN", "INSERT INTO app.orders (id, customer_id) VALUES (900, 1)", "ROLLBACK", "SELEC 1", "SELECT * FROM app.nowhere",
    "TRUNCATE app.later", "LISTEN news", "COPY (SELECT id FROM app.orders) TO STDOUT", "EXECUTE nothing", "",
    "SELECT to_json(status) FROM app.orders", "PREPARE p AS SELECT id FROM app.orders WHERE id = $1", "EXECUTE p(1)",
    "SELECT id FROM app.orders /*reason='because',confidence='0.9'*/", "TRUNCATE app.parents CASCADE",
]
POLICY = {
    **harness.POLICY,
    "rules": [
        {"id": "read", "allow": ["select", "copy to stdout"], "to": ["*"],
         "on": ["app.orders", "app.paid", "app.days", "app.events"]},
        {"id": "write", "allow": ["insert", "update", "delete", "truncate"], "to": ["*"], "require": ["where"],
         "on": ["app.orders", "app.later", "app.parents", "app.children", "app.days"]},
        {"id": "columns", "allow": ["alter table add column"], "on": ["app.orders"], "to": ["*"],
         "when": {"default": ["none", "constant"], "nullable": True}},
        {"id": "scratch", "allow": ["create table", "drop table"], "on": ["app.nothing"], "to": ["*"]},
        {"id": "channels", "allow": ["listen"], "to": ["*"]},
    ],
    "functions": {"allow": ["app.twice(integer)", "app.note()"]},
}


def changed(**parts):
    made = copy.deepcopy(POLICY)
    made.update(parts)
    return made


def without(*ids):
    return changed(rules=[rule for rule in POLICY["rules"] if rule["id"] not in ids])


class Replay(harness.ShopCase):
    policy = POLICY
    schema = SCHEMA
    text = "plain"

    @classmethod
    def setUpClass(cls):
        cls.config = {"audit": {"text": cls.text}}
        super().setUpClass()
        connection = cls.gate.connect(harness.AGENT)
        for statement in STATEMENTS:
            connection.talk(wire.query(statement))
        connection.close()

    def replay(self, policy, *arguments, folder=None):
        file = processes.new_folder("policy") / "policy.json"
        file.write_text(policy if isinstance(policy, str) else json.dumps(policy))
        done = gates.run("audit", "replay", folder or self.gate.audit_dir, "--policy", file, "--json", *arguments)
        self.assertIn(done.returncode, (0, 1, 2), done.stderr)
        report = json.loads(done.stdout)
        told = sum(report["same"].values()) + sum(report["newly"].values()) + report["untold"] + report["unread"]
        self.assertEqual(told, report["judged"])
        self.assertEqual(report["judged"], len(self.decisions(folder)))
        report["code"] = done.returncode
        return report

    def decisions(self, folder=None):
        return [e for e in gates.read_entries(folder or self.gate.audit_dir) if e["t"] == "decision"]

    def changes(self, report):
        return {(c["then"], c["now"], c.get("action"), c.get("object"), c.get("rule")) for c in report["changes"]}

    def test_by_its_own_policy_nothing_changes(self):
        report = self.replay((self.gate.folder / "policy.json").read_text())
        self.assertEqual((report["code"], report["changes"], report["why_untold"]), (0, [], []))
        verdicts = [d["verdict"] for d in self.decisions()]
        self.assertEqual(report["same"]["allow"], verdicts.count("allow"))
        self.assertEqual(report["same"]["deny"] + report["unread"], verdicts.count("deny"))
        self.assertGreater(report["same"]["deny"], 12)
        self.assertGreater(report["same"]["allow"], 20)
        self.assertLess(report["unread"], 6)

    def test_what_is_taken_away_is_newly_denied(self):
        report = self.replay(without("columns"))
        added = [d["i"] for d in self.decisions() if d["verdict"] == "allow" and "ALTER TABLE" in d.get("kinds", [])]
        [change] = report["changes"]
        self.assertEqual((change["then"], change["now"], change["action"], change["object"], change["agent"]),
                         ("allow", "deny", "alter table add column", "app.orders", harness.AGENT.name))
        self.assertEqual((change["count"], change["first"], change["last"]), (len(added), added[0], added[-1]))
        self.assertEqual((report["code"], report["newly"]["deny"]), (1, len(added)))

    def test_what_is_protected_is_denied_by_every_way(self):
        report = self.replay(without("columns") | {
            "protect": [{"id": "days", "on": ["app.days"]}, {"id": "orders", "on": ["app.orders"]}]})
        now = self.changes(report)
        self.assertIn(("allow", "deny", "select", "app.orders", "orders"), now)   # through the view too
        self.assertIn(("allow", "deny", "select", "app.days", "days"), now)
        through = [c for c in report["changes"] if c.get("route") == "through view app.paid"]
        self.assertEqual(len(through), 1)
        # A partition is its table's: what no rule allowed before is now protected, which is the same verdict.
        self.assertEqual(report["why_untold"], [])

    def test_what_is_opened_is_newly_allowed(self):
        policy = without("write", "columns")
        policy["rules"] += [
            {"id": "all", "allow": ["insert", "update", "delete", "truncate"], "on": ["app.*"], "to": ["*"]},
            {"id": "any column", "allow": ["alter table add column"], "on": ["app.orders"], "to": ["*"]}]
        policy["rules"][-1]["id"] = "any-column"
        report = self.replay(policy)
        now = self.changes(report)
        self.assertIn(("deny", "allow", "update", "app.orders", "all"), now)
        self.assertIn(("deny", "allow", "alter table add column", "app.orders", "any-column"), now)
        self.assertEqual(report["newly"]["deny"], 0)

    def test_what_the_record_cannot_answer_is_said(self):
        policy = copy.deepcopy(POLICY)
        policy["rules"][1]["limits"] = {"rows_affected": 5}
        policy["rules"][2]["require"] = ["dry run"]
        report = self.replay(policy)
        why = {u["why"] for u in report["why_untold"]}
        self.assertIn("whether rule write can count the rows that it changes", why)
        self.assertIn("what a dry run would have shown, which rule columns requires", why)
        self.assertEqual((report["changes"], report["code"]), ([], 2))

    def test_the_window(self):
        entries = self.decisions()
        middle = entries[len(entries) // 2]["ts"]
        seconds, micros = divmod(middle, 1_000_000)
        import datetime
        when = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{micros:06d}Z"
        file = self.gate.folder / "policy.json"
        def judged(*arguments):
            done = gates.run("audit", "replay", self.gate.audit_dir, "--policy", file, "--json", *arguments)
            return json.loads(done.stdout)["judged"]
        self.assertEqual(judged("--since", when) + judged("--until", when), len(entries))
        self.assertEqual(judged("--since", when), sum(e["ts"] >= middle for e in entries))
        self.assertEqual(judged("--agent", "nobody"), 0)

    def test_a_catalog(self):
        dump = self.gate.folder / "shop.catalog"
        made = gates.run("catalog", "dump", "--config", self.gate.folder / "portcullis.json", "--output", dump)
        self.assertEqual(made.returncode, 0, made.stderr)
        report = self.replay((self.gate.folder / "policy.json").read_text(), "--catalog", dump)
        self.assertEqual((report["changes"], report["why_untold"]), ([], []))

    def test_the_log_is_still_verified(self):
        self.assertIn(self.gate.verify().returncode, (0, 2))


class ReplayWithoutTexts(Replay):
    text = "none"

    def test_no_text_is_in_the_traits(self):
        traits = [json.dumps(e.get("traits")) for d in self.decisions() for e in d.get("effects", [])]
        self.assertTrue(traits)
        for secret in ("paid", "because", "1MB", "900"):
            self.assertFalse([t for t in traits if f'"{secret}"' in t], secret)


class ReplayMonitored(Replay):
    """What a monitored policy let through is denied by the same one in force."""

    policy = changed(mode="monitor")

    def test_what_is_taken_away_is_newly_denied(self):
        report = self.replay(POLICY)
        self.assertEqual(report["newly"]["deny"], sum(d["verdict"] == "would_deny" for d in self.decisions()))
        self.assertGreater(report["newly"]["deny"], 5)

    test_what_is_protected_is_denied_by_every_way = None
    test_what_is_opened_is_newly_allowed = None
    test_what_the_record_cannot_answer_is_said = None

    def test_by_its_own_policy_nothing_changes(self):
        report = self.replay((self.gate.folder / "policy.json").read_text())
        self.assertEqual((report["code"], report["changes"], report["why_untold"]), (0, [], []))
        self.assertGreater(report["same"]["would_deny"], 5)


if __name__ == "__main__":
    unittest.main()
