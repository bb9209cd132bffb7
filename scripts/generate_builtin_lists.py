#!/usr/bin/env python3
"""Writes src/policy/builtin_data_*.inc and src/catalog/resolve_catalog_names.inc from the reviewed files in
policies/builtin/ (README.md there).

    scripts/generate_builtin_lists.py            writes them
    scripts/generate_builtin_lists.py --check    fails where they are not what it would write
    scripts/generate_builtin_lists.py --take 'host=/tmp user=postgres'

The last adds to policies/builtin/ what a server has that stands there not yet, refused until it is reviewed. The server
should have no extensions; the argument is a connection string for psql.
"""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / "policies" / "builtin"
SCHEMAS = ("pg_catalog", "information_schema")
UNREVIEWED = "unreviewed"
KINDS = ("sequence", "setting", "type", "column_definitions")
MODES = ("use", "read", "write")


class Table:
    """A file of tab-separated rows: comments, a line of column names, rows sorted by their key."""

    def __init__(self, name, key):
        self.path, self.key, self.rows = DATA / name, key, []
        lines = self.path.read_text(encoding="utf-8").splitlines()
        self.comments = [line for line in lines if line.startswith("#")]
        lines = [line for line in lines if not line.startswith("#")]
        self.columns = lines[0].split("\t")
        for line in lines[1:]:
            fields = line.split("\t")
            if len(fields) != len(self.columns):
                sys.exit("%s: %d fields where %d are due: %s" % (name, len(fields), len(self.columns), line))
            self.rows.append(dict(zip(self.columns, fields)))
        self.by_key = {self.key_of(row): row for row in self.rows}
        if len(self.by_key) != len(self.rows):
            sys.exit("%s: a row stands there twice" % name)

    def key_of(self, row):
        return tuple(row[column] for column in self.key)

    def add(self, row):
        self.rows.append(row)
        self.by_key[self.key_of(row)] = row

    def write(self):
        rows = sorted(self.rows, key=self.key_of)
        lines = self.comments + ["\t".join(self.columns)] + ["\t".join(row.values()) for row in rows]
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def load():
    classes, functions = Table("classes.tsv", ["class"]), Table("functions.tsv", ["name"])
    catalogs = Table("catalogs.tsv", ["schema", "name"])
    for row in classes.rows:
        require(row["decision"] in ("allow", "object", "refuse"), "a decision", row["class"])
        require((row["decision"] == "object") == bool(row["arguments"]), "arguments only of object", row["class"])
        require(row["flags"] in ("", "json-cast") and row["reason"], "flags and a reason", row["class"])
    for row in functions.rows:
        require((row["class"],) in classes.by_key, "a class of classes.tsv", row["name"])
    for row in catalogs.rows:
        require(row["schema"] in SCHEMAS and row["reason"], "a schema and a reason", row["name"])
        require(row["decision"] in ("allow", "limited", "refuse"), "a decision", row["name"])
        require((row["decision"] == "limited") == bool(row["denied"]), "denied columns only of limited", row["name"])
        require(set(row["denied"].split()) <= set(row["columns"].split()), "columns that it has", row["name"])
    return classes, functions, catalogs


def require(holds, what, where):
    if not holds:
        sys.exit("policies/builtin: %s: %s expected" % (where, what))


# ---- from the files to C++

HEADER = "// Made by scripts/generate_builtin_lists.py from policies/builtin/; do not edit.\n"


def quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def constant(name):
    return "k" + "".join(part.capitalize() for part in name.replace("_", "-").split("-"))


def split_name(full):
    schema, dot, name = full.partition(".")
    return (schema, name) if dot else ("pg_catalog", full)


def object_argument(text):
    """From 2:type or 1:sequence:read, counted from 1 as SQL does."""
    position, kind, mode = (text.split(":") + ["use"])[:3]
    require(kind in KINDS and mode in MODES, "a kind and a mode of argument", text)
    return "{%d, ObjectArgument::Kind::%s, ObjectArgument::Mode::%s}" % (int(position) - 1, kind, mode)


def array(name, element, items):
    return "constexpr auto %s = std::to_array<%s>({\n%s});\n" % (name, element, "".join(i + ",\n" for i in items))


def function_source(classes, functions):
    out = [HEADER]
    for row in classes.rows:
        name, arguments = constant(row["class"]), "{}"
        if row["arguments"]:
            arguments = name + "Arguments"
            out.append(array(arguments, "ObjectArgument", map(object_argument, row["arguments"].split())))
        json_cast = "true" if "json-cast" in row["flags"] else "false"
        out.append("constexpr FunctionClass %s{BuiltinDecision::%s, %s, %s,\n%s};\n"
                   % (name, row["decision"], arguments, json_cast, quoted(row["reason"])))
    for schema in SCHEMAS:
        own = sorted((split_name(row["name"])[1], row["class"]) for row in functions.rows
                     if split_name(row["name"])[0] == schema)
        items = ["function(%s, %s)" % (quoted(name), constant(kind)) for name, kind in own]
        out.append(array(constant(schema) + "Functions", "BuiltinFunction", items))
    return "".join(out)


def catalog_source(catalogs):
    out, tables = [HEADER], []
    for schema in SCHEMAS:
        items = []
        for row in sorted((r for r in catalogs.rows if r["schema"] == schema), key=lambda r: r["name"]):
            denied = "{}"
            if row["denied"]:
                denied = constant(row["name"]) + "Denied"
                out.append(array(denied, "std::string_view", map(quoted, sorted(row["denied"].split()))))
            items.append("relation(%s, %s, BuiltinDecision::%s, %s,\n%s)" % (
                quoted(schema), quoted(row["name"]), row["decision"], denied, quoted(row["reason"])))
        tables.append(array(constant(schema) + "Relations", "BuiltinCatalog", items))
    return "".join(out + tables)


def catalog_name_source(catalogs):
    """What is surely PostgreSQL's own on any server: the tables and views that all known versions have."""
    everywhere = set().union(*(versions_of(row["versions"]) for row in catalogs.rows))
    names = sorted(row["name"] for row in catalogs.rows
                   if row["schema"] == "pg_catalog" and versions_of(row["versions"]) == everywhere)
    return HEADER + "".join(quoted(name) + ",\n" for name in names)


# ---- from a server to the files

def ask(connection, *arguments):
    command = ["psql", connection, "-XAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", *arguments]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return [line.split("\t") for line in answer.stdout.splitlines() if line]


def versions_of(text):
    found = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def versions_text(found):
    spans = []
    for version in sorted(found):
        if spans and spans[-1][1] == version - 1:
            spans[-1][1] = version
        else:
            spans.append([version, version])
    return ",".join("%d-%d" % (a, b) if a != b else str(a) for a, b in spans)


def take_function(functions, version, name, overload, about):
    row = functions.by_key.get((name,))
    if row is None:
        functions.add({"name": name, "class": UNREVIEWED, "versions": version, "overloads": overload})
        print("new function:", name + overload, *about)
        return
    row["versions"] = versions_text(versions_of(row["versions"]) | {int(version)})
    known = row["overloads"].replace(") (", ")\t(").split("\t")
    if overload not in known:
        row["overloads"] = " ".join(sorted(known + [overload]))
        print("new overload of a function that was %s: %s" % (row["class"], name + overload), *about)
        row["class"] = UNREVIEWED


def take_relation(catalogs, version, schema, name, columns, about):
    row = catalogs.by_key.get((schema, name))
    if row is None:
        catalogs.add(dict(zip(catalogs.columns, (schema, name, "refuse", "", "not reviewed yet", version, columns))))
        print("new relation:", schema + "." + name, "(%s)" % columns, *about)
        return
    row["versions"] = versions_text(versions_of(row["versions"]) | {int(version)})
    for column in columns.split():
        if column in row["columns"].split():
            continue
        row["columns"] += " " + column
        print("new column of a relation that was %s: %s.%s.%s" % (row["decision"], schema, name, column))
        if row["decision"] != "refuse":
            row["decision"], row["denied"] = "limited", " ".join(row["denied"].split() + [column])


def take(connection):
    _, functions, catalogs = load()
    version = str(int(ask(connection, "-c", "show server_version_num")[0][0]) // 10000)
    for kind, schema, name, detail, *about in ask(connection, "-f", str(DATA / "inventory.sql")):
        if kind == "function":
            full = name if schema == "pg_catalog" else schema + "." + name
            take_function(functions, version, full, detail, about)
        else:
            take_relation(catalogs, version, schema, name, detail, about)
    functions.write()
    catalogs.write()


def main():
    if sys.argv[1:2] == ["--take"] and len(sys.argv) == 3:
        return take(sys.argv[2])
    if sys.argv[1:] not in ([], ["--check"]):
        return __doc__
    classes, functions, catalogs = load()
    written = {
        "policy/builtin_data_functions.inc": function_source(classes, functions),
        "policy/builtin_data_catalogs.inc": catalog_source(catalogs),
        "catalog/resolve_catalog_names.inc": catalog_name_source(catalogs),
    }
    for where, text in written.items():
        path = ROOT / "src" / where
        if len(sys.argv) == 1:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            return "%s is not what policies/builtin/ says: run scripts/generate_builtin_lists.py" % path.name
    return None


if __name__ == "__main__":
    sys.exit(main())
