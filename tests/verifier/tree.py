"""Hashes of docs/audit-format.md: leaves, seals, and the tree of RFC 6962 by its frontier."""

import base64
import hashlib

NO_HASH = "A" * 43


def base64url(raw):
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def leaf(line):
    return hashlib.sha256(b"\0" + line).digest()


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def seal(line_with_empty_e):
    return base64url(hashlib.sha256(b"\x02" + line_with_empty_e).digest()[:8])


class Tree:
    """Grows by leaves; keeps the roots of its full subtrees alone."""

    def __init__(self):
        self.size = 0
        self.frontier = []

    def add(self, new):
        ones = self.size
        while ones & 1:
            new = node(self.frontier.pop(), new)
            ones >>= 1
        self.frontier.append(new)
        self.size += 1

    def root(self):
        if not self.frontier:
            return hashlib.sha256(b"").digest()
        joined = self.frontier[-1]
        for full in reversed(self.frontier[:-1]):
            joined = node(full, joined)
        return joined


def root_by_definition(leaves):
    """The recursive definition, to check the frontier against."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return node(root_by_definition(leaves[:k]), root_by_definition(leaves[k:]))
