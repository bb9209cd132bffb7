"""Random statements over the corpus's schema, the same for the same seed: whatever PostgreSQL can reach one relation from
another by."""

import random

# Statements that need more than one relation, or no particular one, say so by these.
_TYPES = {"integer": "1", "text": "'t'", "numeric": "2.5", "date": "'2025-02-03'", "timestamp with time zone": "now()",
          "boolean": "true", "jsonb": "'{}'", "bigint": "3"}
_SAFE = "integer", "text", "numeric", "date", "bigint"


def _name(text):
    return '"' + text.replace('"', '""') + '"'


class Relation:
    def __init__(self, schema, name, kind, columns, choose):
        self._names, self.kind = [f"{_name(schema)}.{_name(name)}"] * 2 + [_name(name)] * (schema == "app"), kind
        self._choose = choose
        self.columns = columns  # (name, type)
        self.plain, self.bare = name, _name(name)

    @property
    def name(self):
        """With its schema, or found by the search path."""
        return self._choose(self._names)

    def of_type(self, *types):
        return [_name(column) for column, type_ in self.columns if type_ in types]


class Statements:
    def __init__(self, relations, seed):
        """`relations`: (schema, name, relkind, [(column, type)])."""
        self._random = random.Random(seed)
        self._all = [Relation(*one, self._random.choice) for one in relations]
        self._tables = [r for r in self._all if r.kind in "rp"]
        self._views = [r for r in self._all if r.kind in "vm"]
        self._aliases = 0

    def next(self):
        self._aliases = 0
        makers = [self.query, self.insert, self.update, self.delete, self.merge, self.truncate, self.definition,
                  self.around, self.in_with, self.shadowed]
        return self._random.choices(makers, [30, 12, 12, 12, 6, 4, 16, 5, 6, 5])[0]()

    # --- parts ----------------------------------------------------------------------------------------------------
    def _pick(self, things):
        return self._random.choice(things)

    def _chance(self, share):
        return self._random.random() < share

    def _alias(self):
        self._aliases += 1
        return f"t{self._aliases}"

    def _relation(self):
        return self._pick(self._views) if self._chance(0.35) else self._pick(self._tables)

    def _column(self, relation, alias=None):
        name, _ = self._pick(relation.columns)
        return f"{alias or relation.bare}.{_name(name)}"

    def _number(self, relation, alias):
        columns = relation.of_type("integer", "bigint", "numeric")
        return f"{alias}.{self._pick(columns)}" if columns else str(self._random.randint(0, 9))

    def _condition(self, relation, alias, depth=0):
        number = self._number(relation, alias)
        kinds = [lambda: f"{number} = {self._random.randint(0, 9)}", lambda: f"{number} > 0",
                 lambda: f"{alias} IS NOT NULL", lambda: f"{self._column(relation, alias)} IS NULL", lambda: "true"]
        if depth < 2:
            kinds += [lambda: f"{number} IN ({self._numbers(depth + 1)})",
                      lambda: f"EXISTS ({self._numbers(depth + 1)})",
                      lambda: f"{number} = (SELECT max(x) FROM ({self._numbers(depth + 1)}) s(x))"]
        return self._pick(kinds)()

    def _numbers(self, depth):
        """A query of one integer column."""
        relation, alias = self._relation(), self._alias()
        only = "ONLY " if relation.kind == "r" and self._chance(0.2) else ""
        number = self._number(relation, alias)
        return f"SELECT ({number})::int FROM {only}{relation.name} {alias} WHERE {self._condition(relation, alias, depth)}"

    def _source(self, depth):
        """An item of FROM: its text, its alias, and what to select of it."""
        alias = self._alias()
        if depth < 2 and self._chance(0.2):
            return f"({self.query(depth + 1)}) {alias}", alias, f"{alias}.*"
        relation = self._relation()
        only = "ONLY " if self._chance(0.1) else ""
        sample = " TABLESAMPLE system (100)" if relation.kind == "r" and self._chance(0.05) else ""
        output = self._pick([f"{alias}.*", self._column(relation, alias), f"{alias}", f"count({alias}) OVER ()"])
        return f"{only}{relation.name} {alias}{sample}", alias, output

    # --- statements -----------------------------------------------------------------------------------------------
    def query(self, depth=0):
        first, alias, output = self._source(depth)
        outputs, text = [output], first
        for _ in range(self._pick([0, 0, 1, 1, 2])):
            item, other, output = self._source(depth)
            join = self._pick(["CROSS JOIN", "LEFT JOIN", "JOIN", "FULL JOIN", ","])
            lateral = "LATERAL " if item.startswith("(") and join == "JOIN" else ""
            text += f" {join} {lateral}{item}" + (" ON true" if join.endswith("JOIN") and join != "CROSS JOIN" else "")
            outputs.append(output)
        where = self._pick(["", f" WHERE EXISTS ({self._numbers(depth + 1)})", f" WHERE {alias} IS NOT NULL"])
        listed = ", ".join(f"{o} AS c{i}" if not o.endswith("*") else o for i, o in enumerate(outputs))
        if depth and "*" in listed:
            listed = f"{alias} AS row_{alias}"
        text = f"SELECT {listed} FROM {text}{where}"
        kind = self._random.random()
        if kind < 0.08:
            return f"SELECT 1 AS one FROM ({text}) q UNION ALL {self._numbers(depth + 1)}"
        if kind < 0.16:
            return f"WITH w AS ({self._numbers(1)}), v AS (SELECT * FROM w) {text} LIMIT (SELECT count(*) FROM v)"
        if kind < 0.20:
            return f"SELECT one.* FROM ({self._numbers(1)}) one"
        return text + " LIMIT 2"

    def _values(self, relation):
        named = [(c, t) for c, t in relation.columns if t in _TYPES]
        if not named:
            return "DEFAULT VALUES"
        fresh = str(self._random.randint(1000, 10_000_000))
        values = ", ".join(fresh if t == "integer" and c == "id" else _TYPES[t] for c, t in named)
        columns = ", ".join(_name(c) for c, _ in named)
        return f"({columns}) OVERRIDING SYSTEM VALUE VALUES ({values})"

    def _target(self):
        return self._pick(self._views) if self._chance(0.25) else self._pick(self._tables)

    def insert(self):
        target = self._target()
        kind = self._random.random()
        if kind < 0.6:
            text = f"INSERT INTO {target.name} AS t {self._values(target)}"
        else:
            columns = target.of_type("integer", "bigint")[:1]
            if not columns:
                return f"INSERT INTO {target.name} DEFAULT VALUES"
            text = f"INSERT INTO {target.name} AS t ({columns[0]}) {self._numbers(1)} LIMIT 1"
        if self._chance(0.3):
            column = _name(self._pick(target.columns)[0])
            text += self._pick([" ON CONFLICT DO NOTHING",
                                f" ON CONFLICT (id) DO UPDATE SET {column} = excluded.{column}",
                                f" ON CONFLICT (id) DO UPDATE SET {column} = t.{column} WHERE EXISTS ({self._numbers(1)})"])
        return text + self._returning(target)

    def _returning(self, target):
        return self._pick(["", "", " RETURNING *", f" RETURNING t.{_name(target.columns[0][0])}, ({self._numbers(1)} LIMIT 1)"])

    def _assignment(self, target):
        column, _ = self._pick(target.columns)
        columns = target.of_type("integer", "bigint")
        if columns and self._chance(0.3):
            return f"{self._pick(columns)} = ({self._numbers(1)} LIMIT 1)"
        if columns and self._chance(0.4):
            return f"{self._pick(columns)} = {self._random.randint(1, 5)}"
        return f"{_name(column)} = t.{_name(column)}"

    def update(self):
        target = self._target()
        others, more = "", ""
        if self._chance(0.3):
            item, other, _ = self._source(1)
            others, more = f" FROM {item}", f" AND {other} IS NOT NULL"
        only = "ONLY " if self._chance(0.1) else ""
        return (f"UPDATE {only}{target.name} AS t SET {self._assignment(target)}{others}"
                f" WHERE {self._condition(target, 't')}{more}" + self._returning(target))

    def delete(self):
        target = self._target()
        others = f" USING {self._source(1)[0]}" if self._chance(0.3) else ""
        only = "ONLY " if self._chance(0.1) else ""
        return f"DELETE FROM {only}{target.name} AS t{others} WHERE {self._condition(target, 't')}" + self._returning(target)

    def merge(self):
        target, (item, alias, _) = self._target(), self._source(1)
        on = self._condition(target, "t")
        clauses = self._random.sample([
            f"WHEN MATCHED AND EXISTS ({self._numbers(1)}) THEN UPDATE SET {self._assignment(target)}",
            "WHEN MATCHED THEN DELETE"], 1)  # without one of these nothing but the lock would write
        clauses += self._random.sample(["WHEN NOT MATCHED THEN INSERT DEFAULT VALUES", "WHEN MATCHED THEN DO NOTHING"], 1)
        return f"MERGE INTO {target.name} AS t USING {item} ON {on} AND {alias} IS NOT NULL " + " ".join(clauses)

    def truncate(self):
        names = ", ".join({self._pick(self._tables).name for _ in range(self._pick([1, 1, 2]))})
        return f"TRUNCATE {self._pick(['', 'ONLY '])}{names}{self._pick(['', ' RESTART IDENTITY'])}{self._pick(['', ' CASCADE', ' CASCADE'])}"

    def definition(self):
        table, view = self._pick(self._tables), self._pick(self._views)
        column, number = _name(self._pick(table.columns)[0]), (table.of_type("integer") or ["id"])[0]
        name = table.name
        return self._pick([
            lambda: f"ALTER TABLE {name} ADD COLUMN added text DEFAULT 'x'",
            lambda: f"ALTER TABLE {name} ADD COLUMN added timestamptz DEFAULT clock_timestamp() NOT NULL",
            lambda: f"ALTER TABLE {name} DROP COLUMN {column}{self._pick(['', ' CASCADE'])}",
            lambda: f"ALTER TABLE {name} ALTER COLUMN {column} DROP NOT NULL, ALTER COLUMN {column} SET NOT NULL",
            lambda: f"ALTER TABLE {name} ALTER COLUMN {number} TYPE bigint",
            lambda: f"ALTER TABLE {name} ADD CONSTRAINT added FOREIGN KEY ({number}) REFERENCES {self._pick(self._tables).name} ON DELETE CASCADE",
            lambda: f"ALTER TABLE {name} ADD CHECK ({number} IS NOT NULL)",
            lambda: f"ALTER TABLE {name} RENAME COLUMN {column} TO renamed",
            lambda: f"ALTER TABLE {name} DROP CONSTRAINT {_name(table.plain + '_pkey')} CASCADE",
            lambda: f"ALTER TABLE {name} RENAME TO renamed_table",
            lambda: f"ALTER TABLE {name} SET SCHEMA audit",
            lambda: f"ALTER TABLE {name} {self._pick(['ENABLE', 'DISABLE'])} TRIGGER {self._pick(['ALL', 'USER'])}",
            lambda: f"ALTER TABLE {name} {self._pick(['ENABLE', 'FORCE'])} ROW LEVEL SECURITY",
            lambda: f"ALTER TABLE {name} INHERIT {self._pick(self._tables).name}",
            lambda: f"ALTER TABLE app.readings DETACH PARTITION app.readings_{self._pick(['2024', '2025'])}",
            lambda: f"ALTER TABLE app.measurements DETACH PARTITION secret.measurements_2024",
            lambda: f"CREATE TABLE app.part PARTITION OF {self._pick(['app.readings', 'app.measurements', 'app.watched_moves', 'app.keyed'])} DEFAULT",
            lambda: f"CREATE INDEX added ON {name} ({column})",
            lambda: f"CREATE UNIQUE INDEX added ON {name} ({column}) WHERE {column} IS NULL",
            lambda: f"CREATE TABLE app.made AS {self.query(1)}",
            lambda: f"CREATE TABLE app.made (LIKE {self._relation().name} INCLUDING ALL)",
            lambda: f"CREATE TABLE app.made (x int REFERENCES {self._pick(self._tables).name}) INHERITS ({name})",
            lambda: f"CREATE VIEW app.made AS {self.query(1)}",
            lambda: f"CREATE MATERIALIZED VIEW app.made AS {self.query(1)}",
            lambda: f"SELECT * INTO app.made FROM ({self._numbers(0)}) s",
            lambda: f"REFRESH MATERIALIZED VIEW {self._pick([v for v in self._views if v.kind == 'm']).name}",
            lambda: f"DROP TABLE {name}{self._pick(['', ' CASCADE', ' CASCADE'])}",
            lambda: f"DROP {'VIEW' if view.kind == 'v' else 'MATERIALIZED VIEW'} {view.name}{self._pick(['', ' CASCADE'])}",
            lambda: f"DROP INDEX app.orders_customer, app.users_ssn",
            lambda: f"DROP {self._pick(['TYPE app.place', 'TYPE app.address', 'DOMAIN app.tripping', 'DOMAIN app.email', 'SCHEMA secret', 'FUNCTION app.trip_trigger', 'FUNCTION app.trip_check'])} CASCADE",
            lambda: f"LOCK TABLE {self._relation().name} IN {self._pick(['ACCESS SHARE', 'ROW EXCLUSIVE', 'ACCESS EXCLUSIVE'])} MODE",
            lambda: f"ANALYZE {name}",
            lambda: f"CLUSTER app.orders USING orders_customer",
            lambda: f"REINDEX TABLE {name}",
            lambda: f"COMMENT ON TABLE {name} IS 'x'",
            lambda: f"COMMENT ON COLUMN {self._column(table, name)} IS 'x'",
            lambda: f"CREATE TRIGGER made AFTER INSERT ON {name} FOR EACH ROW EXECUTE FUNCTION app.touch()",
            lambda: f"CREATE RULE made AS ON INSERT TO {name} DO ALSO DELETE FROM {self._pick(self._tables).name}",
            lambda: f"CREATE POLICY made ON {name} USING (EXISTS ({self._numbers(1)}))",
            lambda: f"CREATE STATISTICS app.made ON {column}, {number} FROM {name}",
            lambda: f"GRANT SELECT ON {name} TO public",
            lambda: f"CREATE SEQUENCE app.made OWNED BY {self._column(table, name)}",
        ])()

    def around(self):
        return self._pick([lambda: f"EXPLAIN ANALYZE {self.query()}", lambda: f"EXPLAIN {self.update()}",
                           lambda: f"DECLARE c CURSOR FOR {self.query()}",
                           lambda: f"{self._numbers(0)} FOR {self._pick(['UPDATE', 'SHARE', 'KEY SHARE'])}",
                           lambda: f"SELECT * FROM {self._relation().name} FOR UPDATE",
                           lambda: f"TABLE {self._relation().name}",
                           lambda: f"PREPARE p AS {self.query()}; EXECUTE p"])()

    def in_with(self):
        writing = self._pick([self.insert, self.update, self.delete])()
        if " RETURNING" not in writing:
            writing += " RETURNING 1"
        return f"WITH w AS ({writing}) {self._pick(['SELECT * FROM w', self.query(), self._numbers(0)])}"

    def shadowed(self):
        """A WITH query that goes by a table's name: seen by what comes behind it, never the target of a change."""
        table = self._pick([table for table in self._tables if table.of_type("integer")])
        name, number = table.bare, table.of_type("integer")[0]
        recursive = self._pick(["", "RECURSIVE "])
        inner = f"SELECT 1 AS {number}" if recursive else self._pick([f"SELECT * FROM {name}", f"SELECT 1 AS {number}"])
        main = self._pick([f"SELECT * FROM {name}", f"DELETE FROM {name} WHERE {number} IN (SELECT {number} FROM {name})",
                           f"SELECT * FROM (WITH x AS (SELECT * FROM {name}) SELECT * FROM x) y, {self._relation().name} z",
                           f"UPDATE {name} SET {number} = 3 FROM {name} AS other WHERE other.{number} = 1",
                           f"SELECT * FROM app.{name}, {name} AS w",
                           f"INSERT INTO {name} ({number}) SELECT {number} FROM {name}"])
        return f"WITH {recursive}{name} AS ({inner}) {main}"
