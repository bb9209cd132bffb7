"""The statements that real MCP servers and drivers send (tests/data/mcp-servers-sql.jsonl): how many pass the gate.

Refusals are lawful here; a crash, a broken protocol or fewer passes than were reached before are not.
"""

import collections
import json
import re
import struct
import unittest

import harness
from gate import Gate
from postgres import Postgres
from wire import SYNC, TERMINATE, bind, describe_statement, execute, parse, query, shape

# Raise it when the gate learns more; a change that lowers it takes a tool away from somebody.
PASSES_AT_LEAST = 203
TIMEOUTS = ["statement_timeout", "lock_timeout", "5000"]  # set before each call

CATALOGS = """pg_am pg_attrdef pg_attribute pg_class pg_collation pg_constraint pg_description pg_enum pg_index
    pg_inherits pg_language pg_locks pg_namespace pg_policy pg_proc pg_publication pg_publication_namespace
    pg_publication_rel pg_range pg_roles pg_sequence pg_settings pg_stat_activity pg_stat_database pg_stat_user_indexes
    pg_statio_user_tables pg_statistic_ext pg_tables pg_trigger pg_type"""
INFORMATION = """check_constraints columns constraint_column_usage key_column_usage parameters routines schemata
    table_constraints tables"""
FUNCTIONS = """col_description format_type obj_description pg_database_size pg_get_constraintdef pg_get_expr
    pg_get_function_arguments pg_get_function_result pg_get_functiondef pg_get_indexdef pg_get_serial_sequence
    pg_get_statisticsobjdef_columns pg_get_triggerdef pg_partition_ancestors pg_postmaster_start_time
    pg_relation_is_publishable pg_relation_size pg_table_is_visible pg_table_size pg_type_is_visible"""
TABLES = ["public.customers", "public.orders", "public.people"]
POLICY = {
    "version": 1,
    "name": "tools",
    "agents": {"repair": {"login": harness.AGENT.login}},
    "rules": [
        {"id": "catalogs", "allow": ["select"], "to": ["*"],
         "on": [f"pg_catalog.{name}" for name in CATALOGS.split()] +
               [f"information_schema.{name}" for name in INFORMATION.split()]},
        {"id": "introspection", "allow": ["execute function"], "to": ["*"],
         "on": [f"pg_catalog.{name}" for name in FUNCTIONS.split()]},
        {"id": "read", "allow": ["select", "copy to stdout"], "on": TABLES, "to": ["*"]},
        {"id": "write", "allow": ["insert", "update", "delete"], "on": TABLES, "to": ["*"]},
        {"id": "shape", "allow": ["create table", "drop table", "alter table add column", "create index"],
         "on": ["public.t_enh", "public.t_enh_i"], "to": ["*"]},
        {"id": "serial", "allow": ["create sequence"], "on": ["public.t_enh_id_seq"], "to": ["*"]},
        {"id": "moods", "allow": ["use type"], "on": ["public.mood"], "to": ["*"]},
    ],
}


class Corpus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.stop)
        cls.postgres.create_role(harness.AGENT)
        cls.postgres.load(harness.DATA / "mcp.sql")
        cls.front = cls.postgres
        if not harness.DIRECT:
            cls.front = cls.gate = Gate(cls.postgres, POLICY, [harness.AGENT],
                                        config={"upstream": {"search_path": ["public"]}})
            cls.addClassCleanup(cls.gate.stop)

    def test_statements(self):
        by_client = collections.defaultdict(list)
        with open(harness.DATA / "mcp-servers-sql.jsonl", encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                by_client[line["client"]].append(line)
        counts, reasons = collections.Counter(), collections.Counter()
        for client, statements in by_client.items():
            connection = self.front.connect(harness.AGENT, application_name=client)
            for statement in statements:
                self.judge(connection, statement, counts, reasons)
            connection.send(TERMINATE)
            self.assertEqual(connection.read_to_end(), [])
            connection.close()
        for reason, count in reasons.most_common():
            print(f"{count:4} {reason}")
        print(dict(counts))
        self.assertEqual(sum(counts.values()), 211)
        newer = sum(s.get("since", 0) > self.postgres.major for statements in by_client.values() for s in statements)
        print(f"  {newer} ask for what PostgreSQL {self.postgres.major} does not have yet")
        self.assertGreaterEqual(counts["passed"], PASSES_AT_LEAST - newer)
        if not harness.DIRECT:
            self.assertTrue(self.gate.running())

    def judge(self, connection, statement, counts, reasons):
        ask = self.simple if statement["protocol"] == "simple" else self.extended
        answer = ask(connection, statement["sql"])
        errors = [m.fields for m in answer if m.type == "E"]
        self.assertLessEqual(len(errors), 1, answer)
        if not errors:
            counts["passed"] += 1
            return
        refused = errors[0]["M"].startswith("portcullis:")
        counts["refused" if refused else "failed"] += 1
        plain = re.sub(r"Record \d+\.?.*", "", errors[0]["M"], flags=re.DOTALL)
        reasons[f"{statement['client']}: {errors[0]['C']} {plain} <- {' '.join(statement['sql'].split())[:60]}"] += 1
        if answer[-1].text == "E":
            self.assertEqual(shape(connection.talk(query("ROLLBACK"))), "CZ")

    @staticmethod
    def simple(connection, sql):
        return connection.talk(query(sql))

    @staticmethod
    def extended(connection, sql):
        """As drivers do: ask for the parameters' types first. All values are NULL, but for names of settings."""
        answer = connection.talk(parse(sql), describe_statement(), SYNC)
        description = [m for m in answer if m.type == "t"]
        if not description:
            return answer
        count = struct.unpack_from("!H", description[0].body)[0]
        values = TIMEOUTS if "set_config($1" in sql else [None] * count
        return answer + connection.talk(bind(values), execute(), SYNC)


if __name__ == "__main__":
    unittest.main()
