#!/usr/bin/python3
"""PostgreSQL's own test suites, directly and through the gate: the same tests must pass.

    run.py --binary build/ci/src/app/portcullis --folder build/suites [--suite regress] [--front gate]
    run.py ... --node-postgres CHECKOUT --node-modules build/suites/node/node_modules      node-postgres's tests too

The exit code is 0 when nothing differs but what differences.json names, 1 when something does, and 77 when the suites
could not be had and nothing was tested.
"""

import argparse
import json
import os
import pathlib
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
NOT_TESTED = 77
_MOST_NAMED = 5


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=pathlib.Path, help="the built portcullis")
    parser.add_argument("--folder", required=True, type=pathlib.Path, help="for downloads and results; it is kept")
    parser.add_argument("--suite", action="append", help="one of them, may be repeated; all without it")
    parser.add_argument("--front", choices=("direct", "gate"),
                        help="only there; compared with what is kept of the other")
    parser.add_argument("--node-postgres", type=pathlib.Path, help="a checkout of node-postgres, whose tests no package has")
    parser.add_argument("--node-modules", type=pathlib.Path, help="where `npm ci` put the packages of node/package.json",
                        default=HERE / "node" / "node_modules")
    return parser.parse_args()


def _add_node_postgres(arguments, not_tested):
    import node_postgres
    import sources
    import suites
    try:
        if arguments.node_postgres is None:
            raise sources.NotAvailable("no --node-postgres was given: no package has its tests")
        node_postgres.check(arguments.node_postgres, arguments.node_modules)
    except sources.NotAvailable as missing:
        not_tested.append(f"node-postgres's own tests: {missing}")
        return
    run = node_postgres.runner(arguments.node_postgres.resolve(), arguments.node_modules.resolve())
    # One of its tests calls psql on this database.
    suites.SUITES["node-postgres"] = suites.Suite("template1", run, tls=True)


def _run_on(front_name, suite, fetched, results):
    import fronts
    import suites
    database, run, tls = suites.SUITES[suite]
    keep = results / f"{suite}-{front_name}"
    shutil.rmtree(keep, ignore_errors=True)
    keep.mkdir(parents=True)
    front = fronts.Front(front_name, database, fetched, tls)
    begun = time.monotonic()
    try:
        outcome = run(fetched, front, keep)
    finally:
        if front.gate:
            shutil.copy(front.gate.folder / "log", keep / "gate.log")
        front.stop()
    print(f"{suite} {front_name}: {sum(outcome.values())} of {len(outcome)} passed in {time.monotonic() - begun:.0f} s; "
          f"see {keep}", flush=True)
    return outcome


def _kept(results, suite, front):
    file = results / f"{suite}-{front}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def compare(suite, direct, gate, named):
    """What is wrong, one line each; `named` are the differences that were looked at and stay."""
    expected = {d["test"] for d in named if d["suite"] == suite}
    problems = [] if direct else ["no test ran directly"]
    for test in sorted(direct.keys() | gate.keys()):
        differs = direct.get(test) != gate.get(test)
        if differs and test not in expected:
            told = {True: "passes", False: "fails", None: "does not run"}
            problems.append(f"{test}: {told[direct.get(test)]} directly, {told[gate.get(test)]} through the gate")
        elif not differs and test in expected:
            problems.append(f"{test}: no difference any more: take it out of differences.json")
    return problems


def _table(outcomes, problems, named):
    print(f"\n{'suite':<16}{'tests':>7}{'direct':>8}{'gate':>8}{'named':>8}{'differ':>8}")
    for suite, (direct, gate) in outcomes.items():
        print(f"{suite:<16}{len(direct):>7}{sum(direct.values()):>8}{sum(gate.values()):>8}"
              f"{sum(d['suite'] == suite for d in named):>8}{len(problems[suite]):>8}")
    for suite, found in problems.items():
        for problem in found:
            print(f"  DIFFERENCE {suite}: {problem}")
    for difference in named:
        print(f"  named {difference['suite']}: {difference['test']}: {difference['reason']}")


def main():
    arguments = _arguments()
    os.environ["PORTCULLIS_BINARY"] = str(arguments.binary.resolve())
    import sources
    import suites
    named = json.loads((HERE / "differences.json").read_text(encoding="utf-8"))
    if len(named) > _MOST_NAMED:
        print(f"differences.json names {len(named)}, at most {_MOST_NAMED} may stay")
        return 1
    not_tested = []
    _add_node_postgres(arguments, not_tested)
    try:
        fetched = sources.fetch(arguments.folder.resolve())
        sources.compile_helpers(fetched)
    except sources.NotAvailable as missing:
        print(f"NOT TESTED: PostgreSQL's own suites: {missing}")
        return NOT_TESTED
    results = arguments.folder.resolve() / "results"
    wanted = arguments.suite or list(suites.SUITES)
    fronts_now = [arguments.front] if arguments.front else ["direct", "gate"]
    for suite in wanted:
        for front in fronts_now:
            outcome = _run_on(front, suite, fetched, results)
            (results / f"{suite}-{front}.json").write_text(json.dumps(outcome, indent=1), encoding="utf-8")
    outcomes = {s: (_kept(results, s, "direct"), _kept(results, s, "gate")) for s in wanted}
    if not all(direct and gate for direct, gate in outcomes.values()):
        print("nothing to compare with yet: run it without --front, or with the other one")
        return 0 if arguments.front else 1
    problems = {s: compare(s, direct, gate, named) for s, (direct, gate) in outcomes.items()}
    _table(outcomes, problems, [d for d in named if d["suite"] in wanted])
    for missing in not_tested:
        print(f"NOT TESTED: {missing}")
    return 1 if any(problems.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
