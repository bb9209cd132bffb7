#!/usr/bin/env python3
"""A second verifier of the audit log, written from docs/audit-format.md alone: verifier.py DIR

Exit code: 0 clean, 1 tampered with, 2 the evidence is incomplete, as `portcullis audit verify DIR` has it."""

import pathlib
import sys
from typing import NamedTuple

from chain import Log


class Result(NamedTuple):
    status: int
    findings: list
    size: int
    root: str
    last_leaf: str


def verify(folder):
    log = Log(pathlib.Path(folder))
    findings = log.run()
    leaf = log.last_leaf.hex() if log.last_leaf else ""
    return Result(log.status, findings, log.tree.size, log.tree.root().hex(), leaf)


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 64
    result = verify(arguments[0])
    for finding in result.findings:
        place = f"{finding.place}: " if finding.place else ""
        print(f"{place}{finding.check}, entry {finding.entry}: {finding.text}")
    word = ("clean", "TAMPERED", "INCOMPLETE")[result.status]
    print(f"{word}: {result.size} entries; root {result.root}; last leaf {result.last_leaf}")
    return result.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
