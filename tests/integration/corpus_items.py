"""The corpus's files: one JSON object a line. An attack or a session is a list of steps; ../corpus/README.md has the forms."""

import json
import os
import pathlib

import wire
from corpus_server import CORPUS

_DEFAULT_COPY = "1\n"


def load(kind, major):
    """{class: [item, ...]} of attacks/ or legitimate/ that are for that version of the server, variants included;
    PORTCULLIS_CORPUS_CLASS narrows it."""
    wanted = [name for name in os.environ.get("PORTCULLIS_CORPUS_CLASS", "").split(",") if name]
    classes = {}
    for file in sorted((CORPUS / kind).glob("*.jsonl")):
        if not wanted or file.stem in wanted:
            items = _read_file(file)
            classes[file.stem] = [i for i in items if i.get("since", major) <= major <= i.get("until", major)]
            others = len(items) - len(classes[file.stem])
            if others:
                print(f"  {kind}/{file.stem}: {others} are for other versions than {major}", flush=True)
    return classes


def _read_file(file):
    items, seen, header = [], set(), {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise AssertionError(f"{file.name}:{number}: {error}") from error
        if "about" in entry:
            header = {key: value for key, value in entry.items() if key != "about"}
            continue
        item = {**header, **entry, "class": file.stem}
        item["steps"] = _steps_of(item)
        if "or" in item:
            item["other_steps"] = [{"q": item["or"]}] if isinstance(item["or"], str) else item["or"]
        for one in [item, *_variants(item)]:
            assert one["id"] not in seen, f"{file.name}:{number}: id {one['id']} is not unique"
            seen.add(one["id"])
            items.append(one)
    return items


def _steps_of(item):
    if "steps" in item:
        return [{"q": step} if isinstance(step, str) else step for step in item["steps"]]
    return [{key: item[key] for key in ("q", "x", "params", "types", "copy") if key in item}]


# --- the same statement by another way ------------------------------------------------------------------------------
_WAYS = {
    "x": lambda q: [{"x": q}],
    "prepare": lambda q: [{"q": f"PREPARE way AS {q}"}, {"q": "EXECUTE way"}],
    "named": lambda q: [{"pipeline": [["parse", q, "way"], ["sync"], ["query", "EXECUTE way"]]}],
    "cursor": lambda q: [{"q": "BEGIN"}, {"q": f"DECLARE way CURSOR FOR {q}"}, {"q": "FETCH ALL way"}, {"q": "COMMIT"}],
    "hold": lambda q: [{"q": f"DECLARE way CURSOR WITH HOLD FOR {q}"}, {"q": "FETCH ALL way"}],
    "copy": lambda q: [{"q": f"COPY ({q}) TO STDOUT"}],
    "explain": lambda q: [{"q": f"EXPLAIN (ANALYZE, VERBOSE) {q}"}],
    "second": lambda q: [{"q": f"SELECT 1; {q}"}],
    "block": lambda q: [{"q": "BEGIN"}, {"q": q}, {"q": "COMMIT"}],
    "sub": lambda q: [{"q": f"SELECT * FROM ({q}) AS way"}],
    "cte": lambda q: [{"q": f"WITH way AS ({q}) SELECT * FROM way"}],
    "materialized": lambda q: [{"q": f"WITH way AS MATERIALIZED ({q}) SELECT * FROM way"}],
    "exists": lambda q: [{"q": f"SELECT EXISTS ({q})"}],
    "portal": lambda q: [{"pipeline": [["query", "BEGIN"], ["parse", q], ["bind", [], "", "way"], ["execute", "way", 1],
                                       ["execute", "way", 0], ["sync"], ["query", "COMMIT"]]}],
    "binary": lambda q: [{"x": q, "results": [1]}],
    "ctas": lambda q: [{"q": f"CREATE TABLE app.stolen AS {q}"}, {"q": "TABLE app.stolen"}],
    "insert": lambda q: [{"q": f"CREATE TEMP TABLE stolen AS {q}"}, {"q": "TABLE stolen"}],
    "view": lambda q: [{"q": f"CREATE VIEW app.stolen AS {q}"}, {"q": "TABLE app.stolen"}],
}


def _variants(item):
    statement = item["steps"][0].get("q") if len(item["steps"]) == 1 else None
    for way in item.get("also", ()):
        assert statement, f"{item['id']}: only an item of one simple query has variants"
        changed = {**item, "id": f"{item['id']} by {way}", "steps": _WAYS[way](statement), "variant": way}
        if "other_steps" in item:
            changed["other_steps"] = _WAYS[way](item["other_steps"][0]["q"])
        yield changed


# --- sending --------------------------------------------------------------------------------------------------------
def _message(spec, fill):
    kind, rest = spec[0], spec[1:]
    if kind == "parse":
        types = [int(fill(str(oid))) for oid in rest[2]] if rest[2:] else []
        return wire.parse(fill(rest[0]), *rest[1:2], types=types)
    if kind == "query":
        return wire.query(fill(rest[0]))
    if kind == "function_call":
        return wire.function_call(int(fill(str(rest[0]))), [value.encode() for value in (rest[1] if rest[1:] else [])])
    if kind == "bind":
        return wire.bind(*rest)
    if kind == "raw":
        return bytes.fromhex(rest[0])
    if kind == "copy_data":
        return wire.copy_data(rest[0].encode())
    plain = {"sync": wire.SYNC, "flush": wire.FLUSH, "copy_done": wire.COPY_DONE}
    if kind in plain:
        return plain[kind]
    return getattr(wire, kind)(*rest)


def encode(step, fill=lambda text: text):
    """(bytes to send, how many ReadyForQuery come back)."""
    if "q" in step:
        return wire.query(fill(step["q"])), 1
    if "bytes" in step:  # a query of bytes that are no UTF-8
        return wire.query(bytes.fromhex(step["bytes"])), 1
    if "x" in step:
        parameters = [None if p is None else fill(p) for p in step.get("params", ())]
        return wire.extended(fill(step["x"]), parameters, step.get("types", ()), step.get("results", ())) + wire.SYNC, 1
    if "raw" in step:
        return bytes.fromhex(step["raw"]), step.get("readies", 1)
    specs = step["pipeline"]
    readies = sum(spec[0] in ("sync", "query", "function_call") for spec in specs)
    return b"".join(_message(spec, fill) for spec in specs), step.get("readies", readies)


def run_steps(connection, steps, fill=lambda text: text):
    """All messages that came back, and whether the connection was ended by the other side."""
    seen = []
    try:
        for step in steps:
            raw, readies = encode(step, fill)
            connection.send(raw)
            while readies > 0:
                one = connection.read()
                seen.append(one)
                if one.type == "G":
                    connection.send(wire.copy_data(fill(step.get("copy", _DEFAULT_COPY)).encode()), wire.COPY_DONE)
                readies -= one.type == "Z"
    except wire.Closed as closed:
        if closed.partial:
            seen.append(wire.Message("?", closed.partial))
        return seen, True
    except OSError:
        return seen, True
    return seen, False
