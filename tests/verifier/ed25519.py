"""Ed25519, RFC 8032, section 5.1, in whole numbers. For checking and for tests: nothing here is safe against somebody who
measures how long it takes.

Points are in extended coordinates (x, y, z, t): X = x/z, Y = y/z, x*y = z*t. What a point is multiplied with is taken four
bits at a time from a table that is made once a point, so that nothing is left but 63 additions."""

import functools
import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, P) % P
_ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
_NEUTRAL = (0, 1, 1, 0)


def _add(p, q):
    """RFC 8032, section 5.1.4; true of any two points, be they the same."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * _D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _encoded(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _decoded(raw):
    """The point, or None: y is not below P, no x belongs to it, or x is 0 and said to be odd."""
    y = int.from_bytes(raw, "little")
    odd, y = y >> 255, y & (1 << 255) - 1
    if len(raw) != 32 or y >= P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * _ROOT_OF_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and odd):
        return None
    if x & 1 != odd:
        x = P - x
    return x, y, 1, x * y % P


class _Table:
    """16**i * d * point, for all i of 64 and d of 16."""

    def __init__(self, point):
        self._rows = []
        for _ in range(64):
            row = [_NEUTRAL]
            for _ in range(15):
                row.append(_add(row[-1], point))
            self._rows.append(row)
            point = _add(row[-1], point)

    def times(self, number):
        total = _NEUTRAL
        for row in self._rows:
            if number & 15:
                total = _add(total, row[number & 15])
            number >>= 4
        return total


_BASE_Y = 4 * pow(5, -1, P) % P
_BASE = _Table(_decoded(_BASE_Y.to_bytes(32, "little")))


@functools.lru_cache(maxsize=64)
def _minus(public):
    """The table of the key's negative, so that it can be added; None where it is no key."""
    point = _decoded(public)
    return point and _Table((P - point[0], point[1], 1, P - point[3]))


def _number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


@functools.lru_cache(maxsize=64)
def _secret(seed):
    """(the scalar, the prefix that signatures begin with, the public key)."""
    hashed = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(hashed[:32], "little") & (1 << 254) - 8 | 1 << 254
    return scalar, hashed[32:], _encoded(_BASE.times(scalar))


def public_key(seed):
    """32 bytes, from the 32 of a private key."""
    return _secret(seed)[2]


def sign(seed, message):
    """64 bytes."""
    scalar, prefix, public = _secret(seed)
    r = _number(prefix, message) % ORDER
    point = _encoded(_BASE.times(r))
    return point + ((r + _number(point, public, message) * scalar) % ORDER).to_bytes(32, "little")


def verify(public, message, signature):
    """s is below the group's order, and the R that follows from it has the same bytes as the one that is given."""
    if len(signature) != 64 or len(public) != 32:
        return False
    given, s = signature[:32], int.from_bytes(signature[32:], "little")
    table = _minus(public)
    if s >= ORDER or table is None:
        return False
    k = _number(given, public, message) % ORDER
    return _encoded(_add(_BASE.times(s), table.times(k))) == given
