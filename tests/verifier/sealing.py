"""Sealed fields as docs/audit-sealing.md has them: keys of slots, boxes and commitments."""

import base64
import hashlib
import hmac
from typing import NamedTuple

import aes_gcm
import fields
import tree

LEVELS = 20
SLOTS = 1 << LEVELS
CLASSES = ("parameters", "said", "text")  # in their order


class Place(NamedTuple):
    """Of a field: where its key is found, and what its box is bound to."""

    origin: str
    epoch: int
    slot: int
    field: str


def child(bit, parent):
    return hashlib.sha256(b"gate.audit/ggm/v1\0" + bytes([bit]) + parent).digest()


def below(key, level, slot):
    """The key of `slot`, from that of the node of `level` above it."""
    for bit in range(LEVELS - level - 1, -1, -1):
        key = child(slot >> bit & 1, key)
    return key


def _hmac(key, text):
    return hmac.digest(key, text, "sha256")


def box_key(slot_key, field):
    return _hmac(slot_key, b"\1" + field.encode("ascii"))


def salt(slot_key, field):
    return _hmac(slot_key, b"\2" + field.encode("ascii"))


def commitment(salt_key, field, value):
    name = field.encode("ascii")
    return _hmac(salt_key, b"gate.audit/commit/v1\0" + bytes([len(name)]) + name + len(value).to_bytes(8, "big") + value)


def _data(place):
    return (hashlib.sha256(place.origin.encode("utf-8")).digest() + place.epoch.to_bytes(8, "big")
            + place.slot.to_bytes(8, "big") + place.field.encode("ascii"))


def seal(slot_key, place, value, nonce):
    """What stands in the entry."""
    box = nonce + aes_gcm.seal(box_key(slot_key, place.field), nonce, _data(place), value)
    told = commitment(salt(slot_key, place.field), place.field, value)
    return [tree.base64url(told), base64.b64encode(box).decode("ascii")]


def opened(slot_key, place, pair):
    """The value; None where box or commitment does not hold."""
    box = fields.decoded(pair[1])
    value = aes_gcm.opened(box_key(slot_key, place.field), box[:aes_gcm.NONCE], _data(place), box[aes_gcm.NONCE:])
    if value is None or tree.base64url(commitment(salt(slot_key, place.field), place.field, value)) != pair[0]:
        return None
    return value
