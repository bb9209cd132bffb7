"""Hashes of docs/audit-format.md: leaves, seals, and the tree of RFC 6962 by its frontier."""

import base64
import hashlib

NO_HASH = "A" * 43


def base64url(raw):
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def of_base64url(told):
    return base64.urlsafe_b64decode(told + "=")


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

    def begin(self, size, told):
        """Of so many leaves, from the frontier that a `segment` tells; zeros where that has another number of hashes."""
        self.size = size
        self.frontier = [of_base64url(one) for one in told]
        if len(told) != size.bit_count():
            self.frontier = [bytes(32)] * size.bit_count()

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


def _below(size):
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def root_by_definition(leaves):
    """The recursive definition, to check the frontier against."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    k = _below(len(leaves))
    return node(root_by_definition(leaves[:k]), root_by_definition(leaves[k:]))


def inclusion_by_definition(index, leaves):
    """RFC 6962, section 2.1.1."""
    if len(leaves) < 2:
        return []
    k = _below(len(leaves))
    if index < k:
        return inclusion_by_definition(index, leaves[:k]) + [root_by_definition(leaves[k:])]
    return inclusion_by_definition(index - k, leaves[k:]) + [root_by_definition(leaves[:k])]


def consistency_by_definition(old, leaves, known=True):
    """RFC 6962, section 2.1.2; known: the old root is that of these very leaves. Of no leaves: an empty list."""
    if old == len(leaves) or old == 0:
        return [] if known else [root_by_definition(leaves)]
    k = _below(len(leaves))
    if old <= k:
        return consistency_by_definition(old, leaves[:k], known) + [root_by_definition(leaves[k:])]
    return consistency_by_definition(old - k, leaves[k:], False) + [root_by_definition(leaves[:k])]
