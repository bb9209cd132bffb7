"""Medians of several rounds, each with its ratio to one contender of the same round, as tables and as JSON."""

import os
import platform
import statistics
import subprocess
import time

import measure
import wire


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def _ratio(run, other, figure):
    return run[figure] / other[figure] if other and run.get(figure) and other.get(figure) else None


def summary(runs, cell, figures, base, ratios=(), greatest=()):
    """A row for each cell and contender. `cell` are the keys that make a cell; of `figures` the median over the rounds is
    taken, of `greatest` the maximum; `ratios` are figures whose ratio to `base` is the median of each round's own pair."""
    groups = {}
    for run in runs:
        groups.setdefault((*(run[key] for key in cell), run["contender"]), []).append(run)
    rows = []
    for key, mine in groups.items():
        against = {run["round"]: run for run in groups.get((*key[:-1], base), [])}
        row = dict(zip([*cell, "contender"], key))
        row.update({figure: median(run.get(figure) for run in mine) for figure in figures})
        row.update({figure: max((run[figure] for run in mine if run.get(figure) is not None), default=None)
                    for figure in greatest})
        row.update({f"{figure.removesuffix('_us')}_ratio":
                    median(_ratio(run, against.get(run["round"]), figure) for run in mine) for figure in ratios})
        rows.append(row)
    return rows


def number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}"


def table(rows, cell, columns, title):
    """`columns`: heading, figure, digits. One table a cell; `title` makes its heading of the first row."""
    out = []
    for key in dict.fromkeys(tuple(row[name] for name in cell) for row in rows):
        mine = [row for row in rows if tuple(row[name] for name in cell) == key]
        out += [f"\n### {title(mine[0])}", "", "| | " + " | ".join(heading for heading, _, _ in columns) + " |",
                "|---" * (len(columns) + 1) + "|"]
        for row in mine:
            cells = " | ".join(number(row.get(figure), digits) for _, figure, digits in columns)
            out.append(f"| {row['contender']} | {cells} |")
    return "\n".join(out)


def rounds(options, standing, one, say):
    """What one(contender) measured of all of them in every round, each time beginning with another one. Who fails is named in
    `options.failed`, and the others go on."""
    runs = []
    for turn in range(options.rounds):
        first = turn % max(len(standing), 1)
        for contender in standing[first:] + standing[:first]:
            try:
                runs.append({**one(contender), "round": turn})
            except (RuntimeError, AssertionError, OSError, subprocess.SubprocessError, wire.Closed, wire.ServerError) as error:
                options.failed.append(f"{contender.name}: {type(error).__name__}: {str(error).strip()[-600:]}")
                say(options.failed[-1])
            time.sleep(options.pause)  # the server's old sessions end
    return runs


def machine(postgresql):
    return {"date": time.strftime("%Y-%m-%d"), "processors": os.cpu_count(), "kernel": platform.release(),
            "postgresql": postgresql, "load before": measure.load_average()}
