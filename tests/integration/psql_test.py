"""psql 15 through the gate: what its backslash commands print is what they print on a direct connection.

Under a reader's policy all do but the ones that are named here, each with the reason that the gate gives; rules
that name the columns behind these let all but two of them through as well.
"""

import re
import subprocess
import unittest

import psycopg2

import clients
import processes
import psql_commands
from postgres import client_program, libpq_environment

LIMITED = r"SELECT on pg_catalog\.{} is not allowed: its column {} is not on the list that ships"
# Refused under both policies: the pattern of the commands, and of the reason.
ALWAYS = {
    r"\\encoding LATIN1": r"invalid encoding name or conversion procedure not found",
    r"\\lo_export": "function call",
}
# Refused until a rule names what they show: settings of others, keys and passwords among the options.
UNLESS_NAMED = {
    r"\\dconfig.*": r"current_setting is not allowed: what it works on must be a constant",
    r"\\drds.*": r"SELECT on pg_catalog\.pg_db_role_setting is not allowed: it is not on the list",
    r"\\d\+? hr\.stock": LIMITED.format("pg_attribute", "attfdwoptions"),
    r"\\det\+.*": LIMITED.format("pg_foreign_table", "ftoptions"),
    r"\\des\+.*": LIMITED.format("pg_foreign_server", "srvoptions"),
    r"\\dew\+.*": LIMITED.format("pg_foreign_data_wrapper", "fdwoptions"),
    r"\\deu\+.*": LIMITED.format("pg_user_mappings", "umoptions"),
    # To others than superusers PostgreSQL itself refuses this.
    r"\\dRs\+.*": LIMITED.format("pg_subscription", "subconninfo"),
}

# A rule that opens them, column by column: by name, for no pattern means PostgreSQL's own schemas.
COLUMNS = {"pg_settings": "setting", "pg_attribute": "attfdwoptions", "pg_foreign_table": "ftoptions",
           "pg_foreign_server": "srvoptions", "pg_foreign_data_wrapper": "fdwoptions", "pg_user_mappings": "umoptions",
           "pg_subscription": "subconninfo", "pg_db_role_setting": "setdatabase, setrole, setconfig"}
SERVER = {"id": "server", "allow": ["select"], "to": ["*"],
          "on": [f"pg_catalog.{name}({columns})" for name, columns in COLUMNS.items()]}
SETTINGS = {"id": "settings", "allow": ["execute function"], "on": ["pg_catalog.current_setting"], "to": ["*"]}
# What each of those shows on a direct connection to a role without any special right (../data/clients.sql).
SECRETS = {r"\dconfig": "command-secret", r"\drds": "setting-secret", r"\d hr.stock": "column-secret",
           r"\det+ hr.*": "table-secret", r"\des+": "server-secret", r"\dew+": "wrapper-secret", r"\deu+": "mapping-secret"}


class PsqlCase(clients.ClientCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = processes.new_folder("psql")

    def run_psql(self, login, script, **surroundings):
        """(standard output, standard error)"""
        environment = {**libpq_environment(login), "PSQL_EDITOR": "sed -i s,rate,rate,", **surroundings}
        done = subprocess.run([client_program("psql"), "-X"], input=script, capture_output=True, text=True,
                              check=False, env=environment, timeout=120,
                              start_new_session=True)  # without a terminal \password asks standard input
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, done.stderr

    def print_of_each(self, login, commands, **surroundings):
        """What every command printed on both streams, in one session."""
        self.reset()
        texts = [text.replace("{folder}", str(self.folder)) for text in commands.values()]
        script = "".join(f"\\echo @@@{n}@@@\n\\warn @@@{n}@@@\n{text}" for n, text in enumerate(texts))
        streams = [re.split(r"^@@@\d+@@@\n", without_place(stream), flags=re.MULTILINE)[1:]
                   for stream in self.run_psql(login, script, **surroundings)]
        self.assertEqual([len(pieces) for pieces in streams], [len(commands)] * 2)
        return dict(zip(commands, zip(*streams)))

    def compare(self, *refused):
        """Every command prints what it prints directly, but those of `refused` give the reason there. Gives what was
        printed directly and through the gate, and how much of it is the same."""
        commands = psql_commands.commands()
        pinned = {"PGOPTIONS": '-c search_path="app"', "PGCLIENTENCODING": "UTF8"}
        direct = self.print_of_each(self.postgres.login_of(clients.AGENT), commands, **pinned)
        through = self.print_of_each(self.gate.login_of(clients.AGENT), commands)
        reasons = {name: reason for name in commands for some in refused for pattern, reason in some.items()
                   if re.fullmatch(pattern, name)}
        for name in commands:
            with self.subTest(command=name):
                if name in reasons:
                    self.assertRegex(through[name][1], reasons[name])
                else:
                    self.assertEqual(through[name], direct[name])
        return direct, through, 1 - len(reasons) / len(commands)


def without_place(text):
    """Without ports and the time of day, which \\conninfo, \\connect and \\watch print."""
    text = re.sub(r'at port "\d+"', "at port", text)
    return re.sub(r"^.*( \(every [\d.]+s\))$", r"\1", text, flags=re.MULTILINE)


class AsReader(PsqlCase):
    def test_what_prints_the_same(self):
        direct, through, share = self.compare(ALWAYS, UNLESS_NAMED)
        self.assertGreaterEqual(share, 0.95)
        for name, secret in SECRETS.items():
            self.assertIn(secret, direct[name][0])
        self.assertIn("permission denied", direct[r"\dRs+ copies"][1])
        self.assertNotIn("-secret", str(through))

    def test_what_changes_something_changes_nothing(self):
        def state():
            return [self.postgres.sql(query) for query in (
                "SELECT rolpassword FROM pg_authid ORDER BY 1", "SELECT oid FROM pg_largeobject_metadata",
                "TABLE app.orders", "SELECT oid, xmin, prosrc FROM pg_proc WHERE proname = 'net'")]

        before = state()
        printed = self.print_of_each(self.gate.login_of(clients.AGENT), psql_commands.CHANGES)
        for name, (_, errors) in printed.items():
            with self.subTest(command=name):
                self.assertIn("portcullis: ", errors)
        self.assertEqual(state(), before)


class WithTheServersSettings(PsqlCase):
    policy = clients.policy(SERVER, SETTINGS)

    def test_what_prints_the_same(self):
        self.assertGreaterEqual(self.compare(ALWAYS)[2], 0.995)

    def test_what_else_these_catalogs_hold(self):
        """With a column opened, the others are as closed as before."""
        connection = psycopg2.connect(**self.gate.login_of(clients.AGENT))
        self.addCleanup(connection.close)
        connection.autocommit = True
        for query in ("SELECT attmissingval FROM pg_attribute", "SELECT * FROM pg_attribute", "TABLE pg_settings",
                      "SELECT attfdwoptions, attmissingval FROM pg_attribute", "SELECT a FROM pg_attribute a",
                      "SELECT row_to_json(a) FROM pg_attribute a", "SELECT sourcefile, setting FROM pg_settings",
                      "SELECT attfdwoptions, (a).attmissingval FROM pg_attribute a",
                      "SELECT x.c FROM pg_attribute AS x (r, n, t, m, l, u, d, c)",
                      "SELECT attfdwoptions FROM pg_attribute ORDER BY attmissingval::text",
                      "SELECT * FROM pg_attribute NATURAL JOIN (SELECT NULL::anyarray AS attmissingval) AS mine",
                      "SELECT s.* FROM pg_settings s", "SELECT reset_val FROM pg_settings",
                      "SELECT umoptions FROM pg_user_mapping", "SELECT rolconfig FROM pg_roles"):
            with self.subTest(query=query), connection.cursor() as cursor:
                with self.assertRaisesRegex(psycopg2.errors.InsufficientPrivilege, "^portcullis: denied: "):
                    cursor.execute(query)


if __name__ == "__main__":
    unittest.main()
