#!/usr/bin/env python3
"""Writes src/sql/tree_schema.inc: every node of the raw parse tree with its fields, read from libpg_query's pg_query.proto.

Run it after libpg_query changes, and review the difference: a node that is new there is refused until it has a row in
src/sql/node_handlers.cpp.

    scripts/generate_tree_schema.py [/usr/include/pg_query/pg_query.proto] > src/sql/tree_schema.inc
"""
import re
import sys

# Made by analysis, planning or execution only: the grammar never returns them, so they stay unknown, that is refused.
NOT_RAW = set("""
ParseResult ScanResult ScanToken Node OidList IntList TableFunc Var Param Aggref WindowFunc SubscriptingRef FuncExpr
OpExpr DistinctExpr NullIfExpr ScalarArrayOpExpr SubPlan AlternativeSubPlan FieldSelect FieldStore RelabelType
CoerceViaIO ArrayCoerceExpr ConvertRowtypeExpr CollateExpr CaseTestExpr ArrayExpr RowCompareExpr CoerceToDomain
CoerceToDomainValue NextValueExpr InferenceElem TargetEntry RangeTblRef FromExpr OnConflictExpr MergeAction Query
SetOperationStmt PLAssignStmt RangeTblEntry RangeTblFunction TableSampleClause WithCheckOption SortGroupClause
WindowClause RowMarkClause InlineCodeBlock CallContext
""".split())

SCALARS = {"bool": "flag", "int32": "number", "int64": "number", "uint32": "number", "uint64": "number",
           "string": "text"}


def blocks(proto, kind):
    for match in re.finditer(r"^%s (\w+)\s*\{(.*?)^\}" % kind, proto, re.M | re.S):
        yield match.group(1), match.group(2)


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "/usr/include/pg_query/pg_query.proto"
    proto = re.sub(r"//.*", "", open(path, encoding="utf-8").read())
    enums = dict(blocks(proto, "enum"))
    messages = {name: body for name, body in blocks(proto, "message") if name not in NOT_RAW}
    used = []
    rows = []
    for name in sorted(messages):
        # A oneof is read as ordinary fields.
        body = re.sub(r"oneof \w+\s*\{([^}]*)\}", r"\1", messages[name])
        for repeated, kind, field, json in re.findall(
                r'(repeated )?(\w+) (\w+) = \d+(?: \[json_name="(\w+)"\])?;', body):
            text = json or field
            if kind in SCALARS:
                row = (SCALARS[kind], "")
            elif kind in enums:
                row = ("word", kind)
                if kind not in used:
                    used.append(kind)
            elif kind == "Node":
                row = ("list" if repeated else "node", "")
            elif kind in messages:
                row = ("message", kind)
            else:
                continue  # holds what the grammar never makes
            if repeated and kind != "Node":
                continue
            rows.append('FIELD("%s", "%s", %s, "%s")' % (name, text, *row))
        if not re.search(r"=", body):
            rows.append('FIELD("%s", "", flag, "")' % name)
    print("// Made by scripts/generate_tree_schema.py from pg_query.proto; do not edit.")
    print("// FIELD(node, field, kind, what a message field holds or which enum a word is of), sorted by node.")
    print("// clang-format off")
    print("#ifdef FIELD")
    print("\n".join(rows))
    print("#endif")
    print("// WORD(enum, value), sorted by enum.")
    print("#ifdef WORD")
    for name in sorted(used):
        for value in re.findall(r"(\w+) = \d+", enums[name]):
            if not value.endswith("_UNDEFINED"):
                print('WORD("%s", "%s")' % (name, value))
    print("#endif")


if __name__ == "__main__":
    main()
