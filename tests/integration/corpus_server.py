"""The corpus's server: its shop, how to put it back, and what an attack can have changed, as a superuser sees it."""

import json
import pathlib
import re

import processes
import wire
from postgres import Agent, Postgres

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "corpus"

# The names of the policy's agents; the roles are superusers, so that nothing but the gate holds them back.
AGENTS = [Agent("bot", "agent_bot", "what the bot knows", "bot_db", "what the gate knows of the bot"),
          Agent("reader", "agent_reader", "what the reader knows", "reader_db", "what the gate knows of the reader")]
BOT = AGENTS[0]

_SETTINGS = {"log_statement": "none", "log_connections": "off", "log_disconnections": "off", "log_min_messages": "panic",
             "wal_level": "logical", "max_wal_size": "4GB", "checkpoint_timeout": "1h", "jit": "off",
             "track_commit_timestamp": "off", "max_parallel_workers_per_gather": "0", "deadlock_timeout": "100ms"}

# In the order in which they can be removed again.
_CLUSTER_OBJECTS = {
    "DROP SUBSCRIPTION": "SELECT quote_ident(subname) FROM pg_subscription",
    "DROP DATABASE": "SELECT quote_ident(datname) FROM pg_database",
    "DROP TABLESPACE": "SELECT quote_ident(spcname) FROM pg_tablespace",
    "DROP ROLE": "SELECT quote_ident(rolname) FROM pg_roles",
}


def schema(major):
    """schema.sql as that version takes it: without the lines that begin with a later one, as in /* since 15 */."""
    since = re.compile(r"/\* since (\d+) \*/")
    lines = (CORPUS / "schema.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not (found := since.match(line)) or int(found[1]) <= major)


_FIRST_USER_OID = 16384  # rows of the catalogs below it belong to initdb


def _rows_of(catalog, order, where="true", columns="c::text"):
    return f"SELECT md5(string_agg({columns}, '' ORDER BY {order})) FROM pg_catalog.{catalog} c WHERE {where}"


# Catalogs that older servers lack.
_SINCE = {"parameter rights": 15, "pg_publication_namespace": 15}


def _state_parts():
    """Everything that lasts, but for tables and sequences: name -> SQL that gives one value for it."""
    parts = {
        "roles": _rows_of("pg_authid", "oid"),
        "memberships": _rows_of("pg_auth_members", "c::text"),
        "databases": _rows_of("pg_database", "datname",
                              columns="format('%s %s %s %s %s', datname, datdba, datacl, datconnlimit, datistemplate)"),
        "tablespaces": _rows_of("pg_tablespace", "oid"),
        "role settings": _rows_of("pg_db_role_setting", "c::text"),
        "shared comments": _rows_of("pg_shdescription", "c::text"),
        "parameter rights": _rows_of("pg_parameter_acl", "c::text"),
        "slots": _rows_of("pg_replication_slots", "slot_name", columns="slot_name"),
        "origins": _rows_of("pg_replication_origin", "roname", columns="roname"),
        "prepared transactions": _rows_of("pg_prepared_xacts", "gid", columns="gid"),
        "subscriptions": _rows_of("pg_subscription", "subname", columns="subname"),
        "server settings": "SELECT pg_catalog.pg_read_file('postgresql.auto.conf')",
        "files": "SELECT string_agg(f, ' ' ORDER BY f) FROM pg_catalog.pg_ls_dir('.') f WHERE f LIKE 'stolen%'",
        "pg_attribute": _rows_of("pg_attribute", "attrelid, attnum", f"attrelid >= {_FIRST_USER_OID}"),
        "statistics": _rows_of("pg_statistic", "starelid, staattnum", f"starelid >= {_FIRST_USER_OID}",
                               "format('%s %s', starelid, staattnum)"),
    }
    for name in """am amop amproc attrdef cast class collation constraint conversion default_acl enum event_trigger extension
                   foreign_data_wrapper foreign_server language namespace opclass operator opfamily
                   policy proc publication publication_rel rewrite statistic_ext trigger ts_config ts_dict ts_parser
                   ts_template type user_mapping transform""".split():
        parts[f"pg_{name}"] = _rows_of(f"pg_{name}", "oid", f"oid >= {_FIRST_USER_OID}")
    parts["pg_namespace"] = _rows_of("pg_namespace", "oid", f"oid >= {_FIRST_USER_OID} OR nspname = 'public'")
    parts["pg_largeobject_metadata"] = _rows_of("pg_largeobject_metadata", "oid")
    for name, key in {"aggregate": "aggfnoid", "index": "indexrelid", "range": "rngtypid", "sequence": "seqrelid"}.items():
        parts[f"pg_{name}"] = _rows_of(f"pg_{name}", key, f"{key}::oid >= {_FIRST_USER_OID}")
    for name in ("inherits", "description", "seclabel", "largeobject", "foreign_table", "publication_namespace"):
        parts[f"pg_{name}"] = _rows_of(f"pg_{name}", "c::text")
    return parts


_PARTS = _state_parts()
# Cheap, and different after everything that leaves a trace: a transaction with a number, or marks that need none.
_QUICK_PARTS = ("pg_class", "roles", "memberships", "databases", "tablespaces", "role settings", "slots", "origins",
                "prepared transactions", "subscriptions", "server settings", "files")

_SEQUENCES = """SELECT 'sequence ' || s.oid::regclass, pg_sequence_last_value(s.oid)::text FROM pg_class s
  WHERE relkind = 'S' AND relpersistence <> 't' AND oid >= 16384"""
_TABLES = """SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind IN ('r', 'm') AND c.oid >= 16384
  AND c.relpersistence <> 't' AND c.relispopulated AND c.relnamespace <> 'pg_toast'::regnamespace"""


def _literal(text):
    return "'" + text.replace("'", "''") + "'"


def _rows_of_table(table):
    return f"SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM ONLY {table} t"


def _all_of(parts):
    return " UNION ALL ".join(f"SELECT {_literal(name)}, ({sql})" for name, sql in parts.items())


class CorpusServer:
    """PostgreSQL with the shop in the database "shop", and a template to make it anew from."""

    def __init__(self):
        self.postgres = Postgres(settings=_SETTINGS)
        self.major = self.postgres.major
        self._parts = {name: sql for name, sql in _PARTS.items() if _SINCE.get(name, 0) <= self.major}
        # Newer servers would copy by way of the log, which takes longer; older ones know no other than this.
        self._by_files = " STRATEGY file_copy" if self.major >= 15 else ""
        self._admin = self.postgres.superuser_connection("postgres")
        for agent in AGENTS:
            self.postgres.create_role(agent)
            self._admin.rows(f"ALTER ROLE {agent.role} SUPERUSER")
            self._admin.rows(f"ALTER ROLE {agent.role} SET search_path = app")  # as the gate pins it
        self._admin.rows("CREATE ROLE bystander LOGIN PASSWORD 'MARKROLE'")
        self._admin.rows("CREATE ROLE other_bystander")
        self.postgres.sql(schema(self.major))
        self._admin.rows(f"CREATE DATABASE shop_template TEMPLATE shop{self._by_files}")
        self._admin.rows("CREATE DATABASE other_shop")
        self._observer = self._victim = None
        self._first_cluster = self._cluster_objects()
        self.placeholders = self._read_placeholders()
        self.restored = 0

    def stop(self):
        for connection in (self._admin, self._observer, self._victim):
            if connection is not None:
                connection.close()
        self.postgres.stop()

    def _read_placeholders(self):
        """%NAME% in a step: what a text cannot know, oids mostly."""
        named = json.loads((CORPUS / "placeholders.json").read_text(encoding="utf-8"))
        return {name: self.look(sql) for name, sql in named.items()}

    def fill(self, text):
        return re.sub(r"%([A-Z_]+)%", lambda found: self.placeholders.get(found[1], found[0]), text)

    # --- looking --------------------------------------------------------------------------------------------------
    def observer(self):
        """A superuser's own connection to the shop, kept between looks."""
        if self._observer is None:
            self._observer = self.postgres.superuser_connection()
        return self._observer

    def rows(self, sql):
        try:
            return self.observer().rows(sql)
        except (wire.Closed, OSError):  # the attack has ended it
            self._observer = None
            processes.wait_until(self.postgres._answers, "the server to answer again")
            return self.observer().rows(sql)

    def look(self, sql):
        """The first value, or what went wrong as text: an object that is gone is a state as well."""
        try:
            rows = self.rows(sql)
        except wire.ServerError as error:
            return f"error {error.code}"
        return rows[0][0] if rows else None

    def wait_for_departed(self):
        """What the attack before held, a lock for instance, is gone a moment after its connection."""
        processes.wait_until(lambda: not any(self.postgres.sessions_of(agent.role) for agent in AGENTS),
                             "the sessions of the attack before to end")

    def quick(self):
        """Differs when state() may."""
        return dict(self.rows("SELECT 'next transaction', pg_snapshot_xmax(pg_current_snapshot())::text UNION ALL "
                              + _SEQUENCES + " UNION ALL " + _all_of({name: _PARTS[name] for name in _QUICK_PARTS})))

    def state(self):
        """Everything that lasts, by name: tables as "app.users", catalogs as "pg_class", the server's as "roles"."""
        found = dict(self.rows(f"{_SEQUENCES} UNION ALL {_all_of(self._parts)}"))
        tables = [name for [name] in self.rows(_TABLES)]
        if tables:
            found.update(self.rows(_all_of({name: _rows_of_table(name) for name in tables})))
        return found

    def state_of(self, name, rows):
        """One part of state(), asked with `rows`: within an open transaction for instance."""
        if name in self._parts:
            return rows(self._parts[name])[0][0]
        if name.startswith("sequence "):
            return dict(rows(_SEQUENCES)).get(name)
        [[exists]] = rows(f"SELECT to_regclass({_literal(name)}) IS NOT NULL")
        return rows(_rows_of_table(name))[0][0] if exists == "t" else "gone"

    # --- a bystander's session, for what acts on other sessions ----------------------------------------------------
    def victim(self):
        if self._victim is not None:
            try:
                return self._victim.rows("SELECT 'MARKSECRET-STATEMENT'")
            except (wire.Closed, wire.ServerError, OSError):
                self._victim.close()
        self._victim = self.postgres.superuser_connection("postgres")
        self._victim.rows("SET application_name = victim")
        return self._victim.rows("SELECT 'MARKSECRET-STATEMENT'")

    # --- putting things back --------------------------------------------------------------------------------------
    def _cluster_objects(self):
        return {drop: {name for [name] in self._admin.rows(sql)} for drop, sql in _CLUSTER_OBJECTS.items()}

    def restore(self, undo=()):
        """The shop as it was. Sessions in it end."""
        self.restored += 1
        if self._observer is not None:
            self._observer.close()
            self._observer = None
        try:
            self._admin.rows("SELECT 1")
        except (wire.Closed, wire.ServerError, OSError):
            processes.wait_until(self.postgres._answers, "the server to answer again")
            self._admin = self.postgres.superuser_connection("postgres")
        for [gid, database] in self._admin.rows("SELECT gid, database FROM pg_prepared_xacts"):
            self.postgres.sql(f"ROLLBACK PREPARED '{gid}'", database=database)
        for [slot] in self._admin.rows("SELECT slot_name FROM pg_replication_slots"):
            self._admin.rows(f"SELECT pg_drop_replication_slot('{slot}')")
        for [origin] in self._admin.rows("SELECT roname FROM pg_replication_origin"):
            self._admin.rows(f"SELECT pg_replication_origin_drop('{origin}')")
        for statement in undo:
            self._admin.rows(statement)
        self._remove_strangers("DROP SUBSCRIPTION")
        self._admin.rows("DROP DATABASE IF EXISTS shop WITH (FORCE)")
        self._admin.rows(f"CREATE DATABASE shop TEMPLATE shop_template{self._by_files}")
        for drop in ("DROP DATABASE", "DROP TABLESPACE", "DROP ROLE"):
            self._remove_strangers(drop)
        for [role] in self._admin.rows("SELECT DISTINCT setrole::regrole::text FROM pg_db_role_setting WHERE setrole <> 0"):
            self._admin.rows(f"ALTER ROLE {role} RESET ALL")
        for agent in AGENTS:
            self._admin.rows(f"ALTER ROLE {agent.role} SET search_path = app")
        self._admin.rows("ALTER SYSTEM RESET ALL")
        self._admin.rows("COPY (SELECT) TO PROGRAM 'cat > /dev/null; rm -f stolen*'")  # in the server's data folder

    def _remove_strangers(self, drop):
        rest = " WITH (FORCE)" if drop == "DROP DATABASE" else ""
        for name in self._cluster_objects()[drop] - self._first_cluster[drop]:
            if drop == "DROP SUBSCRIPTION":
                self.postgres.sql(f"ALTER SUBSCRIPTION {name} DISABLE")
                self.postgres.sql(f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")
                self.postgres.sql(f"DROP SUBSCRIPTION {name}")
            else:
                self._admin.rows(f"{drop} {name}{rest}")
