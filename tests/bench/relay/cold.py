"""What a statement costs that was never seen before: the same rows asked for by a text that is always the same, by one whose
literal differs, and by one whose shape (an alias) differs each time; of one table, and of three joined.

What stands in between and does not read statements has one price for all. The gate judges a text that it knows by what it
knows of it, and reads, resolves and judges a new one: the difference in processor time is the price of a first-seen statement.
All in the simple protocol: what is sent is what is read.
"""

import functools

import measure
import report

JOIN = ("SELECT a.abalance{alias}, b.bbalance, t.tbalance FROM pgbench_accounts a JOIN pgbench_branches b ON b.bid = a.bid "
        "JOIN pgbench_tellers t ON t.bid = b.bid AND t.tid = b.bid * 10 WHERE a.aid = {aid};\n")
ONE = "SELECT abalance{alias} FROM pgbench_accounts WHERE aid = {aid};\n"
# pgbench puts a variable's value wherever its name stands, be it in the middle of a word.
_NEW = "\\set n random(1, 4000000000000000000)\n\\set aid random(1, 100000)\n"
SCRIPTS = {
    "one table, same text": ONE.format(alias="", aid=1),
    "one table, new literal": _NEW + ONE.format(alias="", aid=":aid AND :n > 0"),
    "one table, new shape": _NEW + ONE.format(alias=" AS c:n", aid=":aid"),
    "three tables, same text": JOIN.format(alias="", aid=1),
    "three tables, new shape": _NEW + JOIN.format(alias=" AS c:n", aid=":aid"),
}
CELL = ["statement", "clients"]


def run(options, standing, say):
    runs = []
    cells = [(statement, clients) for statement in SCRIPTS for clients in options.cold_clients]
    for number, (statement, clients) in enumerate(cells, 1):
        say(f"cold statements {number}/{len(cells)}: {statement}, {clients} clients")
        runs += report.rounds(options, standing, functools.partial(_one, statement, clients, options.seconds), say)
    return runs


def _one(statement, clients, seconds, contender):
    done = measure.run_script(contender, SCRIPTS[statement], "simple", clients, seconds)
    return {**done, "statement": statement, "clients": clients}


def _price(rows):
    """To each row of a new text: processor time beyond that of the same contender's known text."""
    known = {(r["statement"].split(",")[0], r["clients"], r["contender"]): r["cpu_us"] for r in rows
             if r["statement"].endswith("same text")}
    for row in rows:
        before = known.get((row["statement"].split(",")[0], row["clients"], row["contender"]))
        is_new = not row["statement"].endswith("same text")
        row["price_us"] = row["cpu_us"] - before if is_new and before and row["cpu_us"] else None
    return rows


def summary(runs, base):
    return _price(report.summary(runs, CELL, ["tps", "p50_us", "p99_us", "cpu_us", "load"], base, ratios=["tps", "cpu_us"],
                                 greatest=["memory"]))


def table(rows, base):
    rows = [{**row, "mib": row["memory"] / 2**20} for row in rows]
    return report.table(rows, CELL, [("tps", "tps", 0), (f"of {base}", "tps_ratio", 2), ("p50 us", "p50_us", 0),
                                     ("p99 us", "p99_us", 0), ("its CPU us", "cpu_us", 1), ("price of a new text, CPU us",
                                                                                           "price_us", 1), ("MiB", "mib", 0)],
                        lambda row: f"{row['statement']}, {row['clients']} clients")
