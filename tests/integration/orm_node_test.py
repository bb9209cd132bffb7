"""Sequelize and TypeORM through the gate: what they find out about tables is what they find out directly."""

import json
import os
import pathlib
import subprocess
import unittest

import clients
from postgres import libpq_environment

HERE = pathlib.Path(__file__).resolve().parent
MODULES = os.environ.get("PORTCULLIS_NODE_MODULES") or HERE / "node" / "node_modules"
WEB = {"id": "web", "allow": ["select", "insert", "update", "delete", "create table", "create index", "alter table *",
                              "create sequence", "references", "drop table"], "on": ["web.*"], "to": ["*"]}
ROWS = [[["Ada", [["Letters", "5.00", {"pages": [1, 2]}], ["Notes", "3.00", None]]], ["Grace", []]], 2, 2]


class NodeCase(clients.ClientCase):
    def run_script(self, front, orm, what):
        self.assertTrue((pathlib.Path(MODULES) / orm).exists(), f"{orm} is not in {MODULES}: run `npm ci` in "
                        "tests/integration/node or set PORTCULLIS_NODE_MODULES")
        surroundings = {**libpq_environment(front.login_of(clients.AGENT)), "PORTCULLIS_NODE_MODULES": str(MODULES)}
        done = subprocess.run(["node", HERE / "node" / f"{orm}.mjs", what], capture_output=True, text=True, check=False,
                              env=surroundings, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)


class Introspection(NodeCase):
    def same(self, orm, at_least):
        before = self.judged()[0]
        expected = self.run_script(self.postgres, orm, "inspect")
        self.assertIn("status", json.dumps(expected))
        self.assertEqual(self.run_script(self.gate, orm, "inspect"), expected)
        after, refused = self.judged(before)
        self.assertEqual(refused, {})
        self.assertGreater(after - before, at_least)

    def test_sequelize(self):
        self.same("sequelize", 50)

    def test_typeorm(self):
        self.same("typeorm", 10)


class Use(NodeCase):
    """Tables that are made, changed (TypeORM: in a transaction), filled and dropped."""

    policy = clients.policy(WEB)
    config = {"upstream": {"search_path": ["web"]}}

    def use(self, orm):
        before = self.judged()[0]
        *found, dropped = self.run_script(self.gate, orm, "use")
        self.assertEqual(found, ROWS)
        # Both drop with CASCADE: `sync({ force: true })`, `dropDatabase()`.
        self.assertEqual(dropped, "dropped")
        self.assertEqual(self.judged(before)[1], {})

    def test_sequelize(self):
        self.use("sequelize")

    def test_typeorm(self):
        self.use("typeorm")


if __name__ == "__main__":
    unittest.main()
