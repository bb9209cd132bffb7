#!/usr/bin/env python3
"""Writes src/sql/builtin_*_names.inc: the names of PostgreSQL's own functions, types, operators and operator classes.

    scripts/generate_builtin_names.py 'host=/tmp user=postgres' [INVENTORY.tsv]

The first argument is a connection string for psql, to a server of libpg_query's major version without extensions.
INVENTORY.tsv adds functions of other versions: a header line, then tab-separated columns of which the one named `name`
is the function's name, the one named `volatility` is i, s or v and the one named `returns_set` is t or f. A function of any version counts, for a server may
be newer than the grammar.
"""
import csv
import pathlib
import subprocess
import sys

OWN = "= 'pg_catalog'::regnamespace"
QUERIES = {
    "type": "select typname from pg_type where typnamespace %s and typtype <> 'c' "
            "and coalesce((select e.typtype <> 'c' from pg_type e where e.typarray = pg_type.oid), true)" % OWN,
    "operator": "select oprname from pg_operator where oprnamespace %s" % OWN,
    "operator_class": "select opcname from pg_opclass where opcnamespace %s" % OWN,
    "function": "select proname from pg_proc where pronamespace %s" % OWN,
    "set_returning_function": "select proname from pg_proc where proretset and pronamespace %s" % OWN,
    "volatile_function": "select proname from pg_proc where provolatile = 'v' and pronamespace %s" % OWN,
}


def ask(connection, query):
    answer = subprocess.run(["psql", connection, "-XAt", "-c", query], check=True, capture_output=True, text=True)
    return set(answer.stdout.splitlines())


def main():
    connection = sys.argv[1]
    folder = pathlib.Path(__file__).resolve().parent.parent / "src" / "sql"
    names = {what: ask(connection, query) for what, query in QUERIES.items()}
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as inventory:
            for row in csv.DictReader(inventory, delimiter="\t", quoting=csv.QUOTE_NONE):
                if "." in row["name"]:
                    continue  # helpers of information_schema
                names["function"].add(row["name"])
                if "v" in row["volatility"]:
                    names["volatile_function"].add(row["name"])
                if "t" in row["returns_set"]:
                    names["set_returning_function"].add(row["name"])
    for what, found in names.items():
        lines = "".join('"%s",\n' % name.replace("\\", "\\\\") for name in sorted(found))
        header = "// Made by scripts/generate_builtin_names.py; do not edit.\n"
        (folder / ("builtin_%s_names.inc" % what)).write_text(header + lines, encoding="utf-8")


if __name__ == "__main__":
    main()
