"""Connections as programs set them up: search_path in every way that drivers know, pools, pipelines, temporary tables."""

import json
import os
import pathlib
import subprocess
import unittest

import psycopg
import psycopg2
from django.conf import settings
from django.db import connections

import clients
from postgres import libpq_environment

settings.configure(DATABASES={"default": {}}, USE_TZ=True)
HERE = pathlib.Path(__file__).resolve().parent
MODULES = os.environ.get("PORTCULLIS_NODE_MODULES") or HERE / "node" / "node_modules"
WEB = {"id": "web", "allow": ["select", "insert", "create table", "drop table"], "on": ["web.*"], "to": ["*"]}
IN_PIPELINE = "hangs on a statement before it in the same pipeline: send a Sync before it"
IN_MESSAGE = "hangs on a statement before it in the same message: send it in a message of its own"


class SettingsCase(clients.ClientCase):
    policy = clients.policy(WEB)
    config = {"upstream": {"search_path": ["web"]}}

    def login(self):
        return self.gate.login_of(clients.AGENT)

    def psycopg2(self, **options):
        connection = psycopg2.connect(**self.login(), **options)
        self.addCleanup(connection.close)
        connection.autocommit = True
        return connection

    @staticmethod
    def said(connection, query):
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()


class SearchPath(SettingsCase):
    def test_as_an_option_of_the_start_up(self):
        for options in ("-csearch_path=web,app", "-c search_path=app", "--search_path=app", '-csearch_path="$user",app',
                        "-c statement_timeout=5000 -c search_path=app"):
            with self.subTest(options=options):
                connection = self.psycopg2(options=options)
                self.assertEqual(self.said(connection, "SELECT count(*) FROM notes"), [(2,)])
                with connection.cursor() as cursor:
                    cursor.execute("DISCARD ALL")  # as pools do: back to what the connection began with
                self.assertEqual(self.said(connection, "SELECT count(*) FROM notes"), [(2,)])

    def test_to_a_schema_that_no_rule_opens(self):
        for path in ("hr", "app,hr", "app,public", "pg_temp,app", "app,pg_catalog"):
            with self.subTest(path=path), self.assertRaisesRegex(psycopg2.OperationalError, "SET search_path is not"):
                self.psycopg2(options=f"-csearch_path={path}")

    def test_in_the_options_of_django(self):
        login = self.login()
        connections.databases["path"] = {
            "ENGINE": "django.db.backends.postgresql", "NAME": login["database"], "USER": login["user"],
            "PASSWORD": login["password"], "HOST": login["host"], "PORT": login["port"],
            "OPTIONS": {"options": "-c search_path=web,app"}}
        connections.ensure_defaults("path")
        connections.prepare_test_settings("path")
        self.addCleanup(lambda: (connections["path"].close(), connections.__delitem__("path")))
        with connections["path"].cursor() as cursor:
            self.assertIn("notes", connections["path"].introspection.table_names(cursor))
            cursor.execute("SELECT count(*) FROM notes")
            self.assertEqual(cursor.fetchall(), [(2,)])

    def test_in_pools_and_mappers_of_node(self):
        self.assertTrue((pathlib.Path(MODULES) / "pg").exists(), f"node-postgres is not in {MODULES}: run `npm ci` in "
                        "tests/integration/node or set PORTCULLIS_NODE_MODULES")
        surroundings = {**libpq_environment(self.login()), "PORTCULLIS_NODE_MODULES": str(MODULES)}
        done = subprocess.run(["node", HERE / "node" / "settings.mjs"], capture_output=True, text=True, check=False,
                              env=surroundings, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        seen = json.loads(done.stdout)
        # It writes the SET in front of each query, in one message.
        self.assertIn(IN_MESSAGE, seen.pop("Sequelize, searchPath"))
        self.assertEqual(seen, {
            "pool, on connect": [{"path": "web, app", "notes": 2}] * 6,
            "pool, DISCARD ALL": ["app", 2, '"web"', "web, app", 2],
            "pool, options": {"path": "app", "notes": 2},
            "Sequelize, afterConnect": 2,
            "Sequelize, options": 2,
            "TypeORM, options": {"path": "app", "notes": 2},
        })


class Pipelines(SettingsCase):
    TABLE = ("CREATE TABLE made (id int)", "INSERT INTO made VALUES (1)", "SELECT * FROM made", "DROP TABLE made")
    PATH = ("SET search_path = app", "SELECT text FROM notes ORDER BY id")

    def piped(self, statements, sync=False, **options):
        login = self.login()
        login["dbname"] = login.pop("database")
        with psycopg.connect(**login, **options) as connection:
            with connection.pipeline() as pipeline:
                cursors = []
                for statement in statements:
                    cursors.append(connection.execute(statement))
                    if sync:
                        pipeline.sync()
            return [cursor.statusmessage for cursor in cursors]

    def test_with_a_sync_behind_each_statement(self):
        for autocommit in (True, False):
            self.assertEqual(self.piped(self.TABLE, True, autocommit=autocommit),
                             ["CREATE TABLE", "INSERT 0 1", "SELECT 1", "DROP TABLE"])
            self.assertEqual(self.piped(self.PATH, True, autocommit=autocommit), ["SET", "SELECT 2"])

    def test_without_one_what_hangs_on_a_change_is_refused(self):
        for statements in (self.TABLE, self.PATH):
            for autocommit in (True, False):
                with self.assertRaisesRegex(psycopg.errors.FeatureNotSupported, IN_PIPELINE):
                    self.piped(statements, autocommit=autocommit)
        self.assertEqual(self.postgres.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'web'"), [["0"]])


class TemporaryTables(SettingsCase):
    def test_are_refused(self):
        connection = self.psycopg2()
        for statement in ("CREATE TEMPORARY TABLE scratch (id int)", "CREATE TEMP TABLE scratch AS SELECT 1",
                          "SELECT 1 AS one INTO TEMP scratch", "CREATE TEMP VIEW scratch AS SELECT 1",
                          "CREATE TEMP SEQUENCE scratch", "CREATE TABLE pg_temp.scratch (id int)"):
            with self.subTest(statement=statement), connection.cursor() as cursor:
                with self.assertRaisesRegex(psycopg2.errors.InsufficientPrivilege, "pg_temp"):
                    cursor.execute(statement)


if __name__ == "__main__":
    unittest.main()
