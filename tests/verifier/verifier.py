#!/usr/bin/env python3
"""A second verifier of the audit log, written from docs/audit-format.md and docs/audit-sealing.md alone:

    verifier.py DIR [--key FILE]... [--anchor FILE]... [--sealing-keys FOLDER]

Exit code: 0 clean, 1 tampered with, 2 the evidence is incomplete, as `portcullis audit verify DIR` has it."""

import argparse
import pathlib
import sys
from typing import NamedTuple

import keys
import opened
from chain import Log


class Result(NamedTuple):
    status: int
    findings: list
    size: int
    root: str
    last_leaf: str
    anchored: int


def verify(folder, trusted=(), anchors=(), sealing_keys=None):
    """`trusted`: vkeys; `anchors`: paths; `sealing_keys`: the path of a folder."""
    log = Log(pathlib.Path(folder), trusted, anchors)
    findings = log.run()
    if sealing_keys is not None and log.ended:
        opened.check(pathlib.Path(folder), pathlib.Path(sealing_keys), log)
    leaf = log.last_leaf.hex() if log.last_leaf else ""
    anchored = log.anchors.size if log.anchors else 0
    return Result(log.status, findings, log.tree.size, log.tree.root().hex(), leaf, anchored)


class Arguments(argparse.ArgumentParser):
    def error(self, message):
        print(f"{__doc__}\n\n{message}", file=sys.stderr)
        sys.exit(64)


def parsed(arguments):
    parser = Arguments(add_help=False)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--key", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--anchor", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--sealing-keys", type=pathlib.Path)
    return parser.parse_args(arguments)


def key_of(path):
    """The vkey that the file holds; exits where it holds none: nothing can be checked then."""
    try:
        key = keys.read_file(path)
    except OSError as error:
        key = print(error, file=sys.stderr)
    if key is None:
        print(f"{path} holds no public key: give the file that ends with .pub", file=sys.stderr)
        sys.exit(2)
    return key


def main(arguments):
    told = parsed(arguments)
    result = verify(told.folder, [key_of(path) for path in told.key], told.anchor, told.sealing_keys)
    for finding in result.findings:
        place = f"{finding.place}: " if finding.place else ""
        print(f"{place}{finding.check}, entry {finding.entry}: {finding.text}")
    word = ("clean", "TAMPERED", "INCOMPLETE")[result.status]
    print(f"{word}: {result.size} entries, anchored up to {result.anchored}; root {result.root}; last leaf {result.last_leaf}")
    return result.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
