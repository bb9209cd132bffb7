"""What a dry run reaches and what it does not: nothing of what hostile code in a schema tries, and of production nothing
but its catalog, the declared questions and ACCESS SHARE locks."""

import copy
import json
import os
import pathlib
import re
import tempfile
import threading
import unittest

import dry_run_policy_test
import gate as gate_module
import harness
import processes
import shadow_test
from wire import query

ROLE = harness.AGENT.role

# What code in a schema would like to do: (what, the SQL of it). {folder} is one that everybody may write into, {socket}
# and {port} are where production listens.
ATTEMPTS = {
    "read a file": "SELECT pg_read_file('/etc/passwd')",
    "read a file whole": "SELECT pg_read_binary_file('{folder}/secret')",
    "list a folder": "SELECT pg_ls_dir('/')",
    "look at a file": "SELECT pg_stat_file('/etc/passwd')",
    "read the log": "SELECT pg_ls_logdir()",
    "read into a table": "COPY evil.seen FROM '/etc/passwd'",
    "read of a program": "COPY evil.seen FROM PROGRAM 'id'",
    "run a program": "COPY (SELECT 1) TO PROGRAM 'touch {folder}/program'",
    "write a file": "COPY (SELECT 1) TO '{folder}/copied'",
    "write a large object": "SELECT lo_export(lo_creat(-1), '{folder}/exported')",
    "read a large object": "SELECT lo_import('/etc/passwd')",
    "run C": "CREATE FUNCTION evil.run(text) RETURNS integer LANGUAGE c AS 'libc.so.6', 'system'",
    "load a library": "LOAD '{folder}/library'",
    "load python": "CREATE LANGUAGE plpython3u",
    "connect by dblink": "SELECT public.dblink_exec('host={folder} port={port}', 'CREATE TABLE evil.reached ()')",
    "have dblink": "CREATE EXTENSION dblink",
    "have a foreign server": "CREATE EXTENSION postgres_fdw",
    "subscribe": "CREATE SUBSCRIPTION s CONNECTION 'host={socket} port={port} dbname=shop' PUBLICATION p",
    "kill": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND usename = 'portcullis_shadow'",
    "cancel": "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
              "AND usename = 'portcullis_shadow'",
    "reload": "SELECT pg_reload_conf()",
    "set the system": "ALTER SYSTEM SET archive_command = 'touch {folder}/archived'",
    "become its superuser": "SET ROLE portcullis_shadow",
    "log in as its superuser": "SET SESSION AUTHORIZATION portcullis_shadow",
    "become a superuser": "ALTER ROLE CURRENT_USER SUPERUSER",
    "make a role": "CREATE ROLE made_by_evil LOGIN SUPERUSER",
    "run programs as one may": "GRANT pg_execute_server_program TO CURRENT_USER",
    # Who may read all data reads the copy's own, of random passwords; production's are not among them.
    "have production's passwords": "SELECT 1 / count(*) FROM pg_authid WHERE rolpassword = '{verifier}'",
    "make a database": "CREATE DATABASE evil",
    "set what superusers may": "SET session_preload_libraries = 'auto_explain'",
    "run what was granted": "SELECT pg_ls_waldir()",
}
# Refused for rights, not there, not possible in a function or a transaction; reloading and the like may be granted to nobody.
CANNOT = {"42501", "42883", "25001", "0A000", "22023", "42704", "58P01", "22P04", "3F000", "22012"}

# In a CHECK and as a default, run when rows are made up as the builder of the copy, and in dry runs as the agent. What
# it could do it notes; a role that it takes it keeps, if it can.
TRY = """
CREATE SCHEMA evil AUTHORIZATION {role};
CREATE TABLE evil.wishes (what text, wish text);
ALTER TABLE evil.wishes OWNER TO {role};
CREATE TABLE evil.seen (who text, what text, code text, said text);
ALTER TABLE evil.seen OWNER TO {role};
GRANT ALL ON SCHEMA evil TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA evil TO PUBLIC;
CREATE FUNCTION evil.attempt() RETURNS boolean LANGUAGE plpgsql AS $evil$
DECLARE wishes text[] := {wishes}; i integer;
BEGIN
  FOR i IN 1 .. array_length(wishes, 1) LOOP
    BEGIN
      EXECUTE wishes[i][2];
      INSERT INTO evil.seen VALUES (current_user, wishes[i][1], 'reached', session_user);
    EXCEPTION WHEN OTHERS THEN
      INSERT INTO evil.seen VALUES (current_user, wishes[i][1], SQLSTATE, SQLERRM);
    END;
  END LOOP;
  BEGIN RESET ROLE; RESET SESSION AUTHORIZATION; EXCEPTION WHEN OTHERS THEN END;
  BEGIN SET ROLE NONE; EXCEPTION WHEN OTHERS THEN END;
  RETURN true;
END $evil$;
CREATE FUNCTION evil.tell() RETURNS integer LANGUAGE plpgsql AS $evil$ BEGIN
  RAISE EXCEPTION USING MESSAGE = (SELECT json_agg(json_build_array(who, what, code, said)) FROM evil.seen), ERRCODE = 'EV1L1';
END $evil$;
CREATE TABLE evil.trap (id integer DEFAULT 1 CHECK (evil.attempt()));
ALTER TABLE evil.trap OWNER TO {role};
CREATE FUNCTION evil.loses_its_way() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN SET search_path = evil; RETURN true; END';
CREATE FUNCTION evil.takes_a_role() RETURNS boolean LANGUAGE plpgsql AS $evil$ BEGIN
  EXECUTE 'SET SESSION ROLE ' || quote_ident((SELECT rolname FROM pg_roles WHERE rolname = 'agent_repair_db'));
  RETURN true; END $evil$;
CREATE TABLE evil.other_trap (id integer CHECK (evil.takes_a_role() AND evil.loses_its_way()));
ALTER TABLE evil.other_trap OWNER TO {role};
CREATE TABLE evil.bystander (id integer NOT NULL);
ALTER TABLE evil.bystander OWNER TO {role};
CREATE FUNCTION evil.endless() RETURNS integer LANGUAGE plpgsql AS $evil$ BEGIN
  LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN END; END LOOP; END $evil$;
CREATE TABLE evil.endless (id integer DEFAULT evil.endless());
GRANT EXECUTE ON FUNCTION pg_ls_waldir() TO {role};
"""


def literal(text):
    return "'" + text.replace("'", "''") + "'"


class Hostile(shadow_test.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ground = pathlib.Path(tempfile.mkdtemp(prefix="ground-", dir=processes.root()))
        cls.ground.chmod(0o777)
        (cls.ground / "secret").write_text("secret\n")
        (cls.ground / "secret").chmod(0o600)
        verifier, = cls.postgres.sql(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{ROLE}'")[0]
        cls.known = {"folder": cls.ground, "socket": cls.postgres.folder, "port": cls.postgres.port, "verifier": verifier}
        wishes = "ARRAY[" + ", ".join(f"[{literal(what)}, {literal(sql.format(**cls.known))}]"
                                      for what, sql in ATTEMPTS.items()) + "]"
        cls.postgres.sql(TRY.format(role=ROLE, wishes=wishes))
        cls.postgres.sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA evil TO {cls.postgres.catalog_role}")

    def reached_in(self, *statements):
        """What the attempts came to, by who made them, and the report of each statement but the last."""
        *reports, told = self.dry_run(*statements, "SELECT evil.tell()")
        self.assertEqual(told["error"]["sqlstate"], "EV1L1", told)
        attempts = {}
        for who, what, code, said in json.loads(told["error"]["message"]):
            if who != "1":  # the table's own made-up row
                attempts.setdefault(who, {})[what] = (code, said)
        return attempts, reports

    def test_what_others_have_written_reaches_nothing(self):
        since = self.postgres.log_size()
        before = self.postgres.sql("SELECT count(*) FROM pg_class")
        attempts, (inserted, bystander, rolled) = self.reached_in(
            "INSERT INTO evil.trap VALUES (1)", "ALTER TABLE evil.bystander ADD COLUMN a integer",
            "INSERT INTO evil.other_trap VALUES (1)")
        # When the row was made up: the run itself has been rolled back.
        self.assertEqual(set(attempts), {"portcullis_shadow_builder"}, attempts)
        made = attempts["portcullis_shadow_builder"]
        self.assertEqual(set(made), set(ATTEMPTS))
        for what, (code, said) in made.items():
            with self.subTest(what):
                self.assertIn(code, CANNOT, said)
        self.assertEqual(sorted(one.name for one in self.ground.iterdir()), ["secret"])
        # The report comes out, and what another table's code did to its session is of no account.
        self.assertEqual((inserted["outcome"], bystander["outcome"]), ("ok", "ok"), (inserted, bystander))
        self.assertEqual([one["locks"] for one in bystander["relations"]], [["ACCESS EXCLUSIVE"]])
        self.assertIn(rolled["outcome"], ("ok", "not tried"), rolled)
        # Nor does production hear of it.
        self.assertEqual(self.postgres.sql("SELECT count(*) FROM pg_class"), before)
        self.assertEqual(self.postgres.sql("SELECT count(*) FROM evil.seen"), [["0"]])
        texts = [one.text for one in self.postgres.statements_logged(ROLE, since)]
        self.assertFalse([text for text in texts if "evil.attempt" in text or "evil.trap" in text], texts)
        with open(self.postgres.folder / "log", "rb") as log:
            log.seek(since)
            connected = set(re.findall(rb"connection authorized: user=(\S+)", log.read()))
        self.assertLessEqual(connected - {self.postgres.superuser.encode()},
                             {ROLE.encode(), self.postgres.catalog_role.encode()})

    def test_what_the_agent_runs_reaches_nothing_either(self):
        reports = self.dry_run(*[sql.format(**self.known) for sql in ATTEMPTS.values()])
        for what, report in zip(ATTEMPTS, reports):
            with self.subTest(what):
                self.assertIn(report["outcome"], ("error", "not tried"), report)
                if report["outcome"] == "error":
                    self.assertIn(report["error"]["sqlstate"], CANNOT, report)
        self.assertEqual(sorted(one.name for one in self.ground.iterdir()), ["secret"])

    def test_what_does_not_end_keeps_no_report_back(self):
        report, = self.dry_run("ALTER TABLE evil.bystander ADD COLUMN a integer")
        self.assertEqual((report["outcome"], report["confidence"]), ("ok", "incomplete"))
        self.assertIn("evil.endless", report["without_row"])
        self.assertNotIn("evil.bystander", report["without_row"])

    def test_a_right_that_was_granted_in_production_is_none_in_the_copy(self):
        report, = self.dry_run("SELECT 1")
        self.assertEqual(report["confidence"], "incomplete")
        self.assertIn("pg_ls_waldir", str(report["left_out"]))

    def test_the_copys_server_owns_nothing(self):
        """Its account has no file of the gate's open, nor any right beyond its own folder."""
        if os.geteuid() != 0:
            self.skipTest("the copy's server has an account of its own where the gate is root")
        gate = gate_module.Gate(self.postgres, dry_run_policy_test.POLICY | {"rules": [
            {"id": "grow", "allow": ["alter table *"], "on": ["evil.bystander"], "to": ["*"], "require": ["dry run"],
             "dry_run": {"incomplete": True}}], "protect": []}, [harness.AGENT], config=self.config)
        self.addCleanup(gate.stop)
        with gate.connect(harness.AGENT) as connection:
            answer = connection.talk(query("ALTER TABLE evil.bystander ADD COLUMN a integer"))
            self.assertEqual([one.fields for one in answer if one.type == "E"], [])
        self.postgres.sql("ALTER TABLE evil.bystander DROP COLUMN a")
        servers = [pid for pid in processes.descendants(gate.pid)
                   if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().startswith(
                       self.config["shadow"]["programs"].encode() + b"/postgres\0")]
        self.assertTrue(servers)
        copies = str(pathlib.Path(os.environ["TMPDIR"]))
        for server in servers:
            status = pathlib.Path(f"/proc/{server}/status").read_text()
            self.assertRegex(status, r"\nUid:\t65534\t65534\t65534\t65534\n")
            self.assertRegex(status, r"\nGroups:\t *\n")
            for descriptor in pathlib.Path(f"/proc/{server}/fd").iterdir():
                target = os.readlink(descriptor)
                # A server with OpenSSL 1.1 opens the sources of random numbers itself.
                self.assertRegex(target, rf"^({re.escape(copies)}/|/dev/null|socket:|pipe:|anon_inode:|/dev/(shm|zero|u?random))")
            environment = pathlib.Path(f"/proc/{server}/environ").read_bytes()
            self.assertNotIn(b"PORTCULLIS", environment)
            self.assertNotIn(b"PASSWORD", environment)


SCHEMA = f"""
CREATE SCHEMA made AUTHORIZATION {ROLE};
SET ROLE {ROLE};
CREATE TABLE made.things (id bigint PRIMARY KEY, name text);
INSERT INTO made.things SELECT n, 'thing ' || n FROM generate_series(1, 200) AS n;
RESET ROLE;
ANALYZE;
"""
POLICY = copy.deepcopy(harness.POLICY)
POLICY["rules"] += [
    {"id": "grow", "allow": ["alter table *", "create index", "insert"], "on": ["made.things"], "to": ["*"],
     "require": ["dry run"], "dry_run": {"rewrite": False}},
]
# All that a dry run asks production, begun by a pattern. pg_dump's:
DUMP = [r"SELECT pg_catalog\.set_config\('search_path', '', false\)$", r"(SET|BEGIN|SET TRANSACTION)\b[^;]*;?$",
        r"LOCK TABLE [\w.,\" ]+ IN ACCESS SHARE MODE$", r"(PREPARE \w+(\([^)]*\))? AS\s+)?(WITH|SELECT)\b",
        r"EXECUTE \w+\('[^']*'(, *'[^']*')*\)$", r"ROLLBACK$", r"COMMIT$", r"DEALLOCATE"]
CATALOG_RELATION = re.compile(r"^(pg_\w+|pg_catalog\.\w+|information_schema\.\w+)$")
READ = re.compile(r"\b(?:FROM|JOIN)\s+(?:ONLY\s+|LATERAL\s+)*([a-z_\"][\w.\"]*)(\s*\()?", re.IGNORECASE)
# And the agent's own session, with or without a dry run, and the questions about rows:
OWN = (r"SELECT n, pg_catalog\.current_setting\(n, true\) FROM pg_catalog\.unnest\(|SHOW server_version_num$|DISCARD PLANS$|"
       r"SELECT pg_catalog\.unnest\(pg_catalog\.current_schemas\(true\)\)$|SELECT pg_catalog\.current_setting\('portcullis\.")
PROBE = r"BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; (SET LOCAL [^;]*; )+SELECT [^;]*; (; )?ROLLBACK$"
# What is asked around a statement that is sent, in its transaction: its lock_timeout, what it locks and how that is stored.
BEFORE = [r"BEGIN$", r"SELECT o\.own, pg_catalog\.set_config\('lock_timeout', ", r"SELECT l\.relation, l\.mode, .* FROM pg_catalog\.pg_locks",
          r"SELECT c\.oid, n\.nspname, .*pg_relation_filenode", r"SELECT x\.oid, x\.s, .*pg_stat_get_xact_numscans"]
BEHIND = [r"SELECT l\.relation, l\.mode, .* FROM pg_catalog\.pg_locks", r"COMMIT$"]


class Production(dry_run_policy_test.Case):
    schema = SCHEMA
    policy = POLICY
    # Of which each is refused, by what the copy or the rows have shown: none is ever sent.
    REFUSED = ["ALTER TABLE made.things ADD COLUMN name text", "ALTER TABLE made.things ALTER COLUMN id TYPE numeric",
               "ALTER TABLE made.things ADD CHECK (id < 100)", "INSERT INTO made.things VALUES (1, NULL, 'zzyzx')",
               "ALTER TABLE made.things ADD CONSTRAINT zzyzx CHECK (id > 100)"]

    def sampled(self, work):
        """What the gate's sessions held and asked while `work` was done: (role, application, mode, relation's name)."""
        ends, held, active = threading.Event(), set(), set()
        def sample():
            with self.postgres.superuser_connection() as other:
                while not ends.is_set():
                    held.update(map(tuple, other.rows(
                        "SELECT a.usename, a.application_name, l.locktype, l.mode, coalesce(l.relation::regclass::text, '') "
                        "FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.usename IN "
                        f"('{ROLE}', '{self.postgres.catalog_role}')"
                        # Every session has this one while it logs in, and whoever reads what a sequence has given that one.
                        " AND (l.mode <> 'RowExclusiveLock' OR (l.classid IS DISTINCT FROM 'pg_database'::regclass AND NOT EXISTS "
                        "(SELECT FROM pg_class c WHERE c.oid = l.relation AND c.relkind = 'S')))")))
                    active.update(map(tuple, other.rows(
                        "SELECT usename, application_name, query FROM pg_stat_activity WHERE usename IN "
                        f"('{ROLE}', '{self.postgres.catalog_role}')")))
        thread = threading.Thread(target=sample)
        thread.start()
        try:
            work()
        finally:
            ends.set()
            thread.join()
        return held, active

    def statements_since(self, since):
        return {role: [one.text for one in self.postgres.statements_logged(role, since)]
                for role in (ROLE, self.postgres.catalog_role)}

    def assert_reads_the_catalog(self, text):
        """Names behind FROM and JOIN that are of the catalog, or the statement's own WITH and aliases."""
        text = re.sub(r"'(?:[^']|'')*'", "''", text)
        own = set(re.findall(r"\b(\w+)(?:\([^)]*\))? AS (?:NOT )?(?:MATERIALIZED )?\(", text, re.IGNORECASE))
        text = re.sub(r"\bEXTRACT\s*\([^()]*FROM", "(", text, flags=re.IGNORECASE)
        text = re.sub(r"\bDISTINCT FROM\b", "", text, flags=re.IGNORECASE)
        for name, is_call in READ.findall(text):
            if not is_call and name not in own:
                self.assertRegex(name, CATALOG_RELATION, text)

    def test_it_sees_its_catalog_read_and_access_share_alone(self):
        since = self.postgres.log_size()
        def work():
            for number in range(3):
                for statement in self.REFUSED:
                    answer = self.connection.talk(query(statement))
                    self.assertIn("E", [one.type for one in answer], statement)
                self.postgres.sql(f"CREATE TABLE made.further_{number} (id integer)")  # each a new copy
        held, active = self.sampled(work)
        # Locks: reading relations, and the one on its own virtual transaction that every transaction has.
        for role, application, kind, mode, relation in held:
            told = (role, application, kind, mode, relation)
            self.assertIn((kind, mode), {("relation", "AccessShareLock"), ("virtualxid", "ExclusiveLock")}, told)
        dumps = {relation for _, application, _, _, relation in held if application == "portcullis shadow"}
        self.assertTrue(any("things" in relation for relation in dumps), held)
        for role, application, _, _, relation in held:
            if application != "portcullis shadow" and role == self.postgres.catalog_role:
                self.assertNotIn("made.", relation)
        for role, application, text in active:
            self.assertNotIn("zzyzx", text, (role, application))
        self.check_log(since, sent=[])

    def check_log(self, since, sent):
        logged = self.statements_since(since)
        for text in logged[self.postgres.catalog_role]:
            plain = text.strip().rstrip(";")
            self.assertNotIn("zzyzx", plain)
            self.assertTrue(any(re.match(one, plain, re.IGNORECASE | re.DOTALL) for one in [*DUMP, OWN]), text)
            self.assert_reads_the_catalog(plain)
        others = []
        for text in logged[ROLE]:
            if re.match(OWN, text):
                continue
            if re.match(PROBE, text, re.DOTALL):
                self.assertNotRegex(text, r"(?i)\b(insert|update|delete|alter|create|lock|for share)\b")
                continue
            others.append(text)
        around = len(BEFORE) + len(BEHIND) + 1
        self.assertEqual(len(others), around * len(sent), others)
        for statement in sent:
            asked, others = others[:around], others[around:]
            self.assertEqual(asked.pop(len(BEFORE)), statement)
            for pattern, text in zip([*BEFORE, *BEHIND], asked):
                self.assertRegex(text, re.compile(pattern, re.DOTALL))
                self.assert_reads_the_catalog(text)

    def test_what_goes_on_is_sent_once_and_as_it_was(self):
        self.allowed("ALTER TABLE made.things ADD COLUMN zero integer")
        since = self.postgres.log_size()
        statement = "ALTER TABLE made.things ADD CONSTRAINT small /* as it was */ CHECK (id < 1000)"
        self.allowed(statement)
        logged = self.statements_since(since)
        probes = [text for text in logged[ROLE] if re.match(PROBE, text, re.DOTALL)]
        self.assertTrue(probes)
        self.check_log(since, sent=[statement])


if __name__ == "__main__":
    unittest.main()
