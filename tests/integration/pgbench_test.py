"""pgbench's own scripts through the gate, in its three protocols, with several clients: no transaction may fail."""

import re
import subprocess
import unittest

import harness
from postgres import client_program, libpq_environment

TABLES = ["app.pgbench_accounts", "app.pgbench_branches", "app.pgbench_tellers", "app.pgbench_history"]
CLIENTS, TRANSACTIONS = 4, 100


class Pgbench(harness.ShopCase):
    needs_gate = False
    policy = {
        **harness.POLICY,
        "rules": [
            {"id": "read", "allow": ["select"], "on": TABLES, "to": ["repair"]},
            {"id": "write", "allow": ["insert", "update"], "on": TABLES, "to": ["repair"]},
            {"id": "partitions", "allow": ["select"], "to": ["repair"],
             "on": ["pg_catalog.pg_class", "pg_catalog.pg_namespace", "pg_catalog.pg_inherits",
                    "pg_catalog.pg_partitioned_table"]},
        ],
    }
    del policy["protect"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pgbench(cls.postgres, "-i", "-q", "-s", "1")

    @staticmethod
    def pgbench(front, *arguments):
        done = subprocess.run([client_program("pgbench"), *arguments], capture_output=True, text=True, check=False,
                              env=libpq_environment(front.login_of(harness.AGENT)), timeout=90)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run_through(self, protocol, *arguments):
        out = self.pgbench(self.front, "-n", "-M", protocol, "-c", str(CLIENTS), "-t", str(TRANSACTIONS), *arguments)
        total = CLIENTS * TRANSACTIONS
        self.assertIn(f"number of transactions actually processed: {total}/{total}", out)
        self.assertRegex(out, re.compile(r"^number of failed transactions: 0 ", re.MULTILINE))

    def test_select_only(self):
        for protocol in ("simple", "extended", "prepared"):
            self.run_through(protocol, "-S")

    def test_default_script(self):
        protocols = ("simple", "extended", "prepared")
        for protocol in protocols:
            self.run_through(protocol)
        [[rows, history]] = self.postgres.sql("SELECT count(*), sum(delta) FROM app.pgbench_history")
        self.assertEqual(int(rows), CLIENTS * TRANSACTIONS * len(protocols))
        for table, column in (("accounts", "abalance"), ("tellers", "tbalance"), ("branches", "bbalance")):
            self.assertEqual(self.postgres.sql(f"SELECT sum({column}) FROM app.pgbench_{table}"), [[history]])

    def test_new_connection_for_each_transaction(self):
        self.run_through("simple", "-S", "-C")


if __name__ == "__main__":
    unittest.main()
