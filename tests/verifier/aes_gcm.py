"""AES-256-GCM, FIPS 197 and NIST SP 800-38D, with nonces of 12 bytes and tags of 16. For checking and for tests: nothing here is
safe against somebody who measures how long it takes."""

NONCE, TAG = 12, 16
_REDUCED = 0xE1 << 120  # x^128 = x^7 + x^2 + x + 1, the lowest power in the highest bit


def _double(byte):
    return (byte << 1 ^ (0x11B if byte & 0x80 else 0)) & 0xFF


def _s_box():
    """The inverse in GF(2^8), by powers of the generator 3, and the affine map."""
    powers = [1]
    while len(powers) < 255:
        powers.append(powers[-1] ^ _double(powers[-1]))
    box = [0x63] * 256
    for exponent, value in enumerate(powers):
        inverse = powers[-exponent % 255]
        turned = inverse
        for _ in range(4):
            inverse = (inverse << 1 | inverse >> 7) & 0xFF
            turned ^= inverse
        box[value] = turned ^ 0x63
    return bytes(box)


_S = _s_box()
_SHIFTED = [(column * 4 + row * 5) % 16 for column in range(4) for row in range(4)]


def round_keys(key):
    words = [key[n:n + 4] for n in range(0, 32, 4)]
    constant = 1
    for number in range(8, 60):
        word = words[-1]
        if number % 8 == 0:
            word = word[1:] + word[:1]
        if number % 4 == 0:
            word = word.translate(_S)
        if number % 8 == 0:
            word, constant = bytes([word[0] ^ constant]) + word[1:], _double(constant)
        words.append(bytes(a ^ b for a, b in zip(word, words[number - 8])))
    return [b"".join(words[n:n + 4]) for n in range(0, 60, 4)]


def _added(left, right):
    return bytes(a ^ b for a, b in zip(left, right))


def _mixed(column):
    every = column[0] ^ column[1] ^ column[2] ^ column[3]
    return [byte ^ every ^ _double(byte ^ column[(n + 1) % 4]) for n, byte in enumerate(column)]


def crypted_block(keys, block):
    state = _added(block, keys[0])
    for key in keys[1:-1]:
        shifted = [_S[state[at]] for at in _SHIFTED]
        state = _added([byte for n in range(0, 16, 4) for byte in _mixed(shifted[n:n + 4])], key)
    return _added([_S[state[at]] for at in _SHIFTED], keys[-1])


def _times(left, right):
    product = 0
    for bit in range(127, -1, -1):
        if left >> bit & 1:
            product ^= right
        right = right >> 1 ^ (_REDUCED if right & 1 else 0)
    return product


def _crypted(keys, nonce, text):
    blocks = -(-len(text) // 16)
    stream = b"".join(crypted_block(keys, nonce + n.to_bytes(4, "big")) for n in range(2, blocks + 2))
    return _added(text, stream)


def _tag(keys, nonce, data, box):
    hashed, key = 0, int.from_bytes(crypted_block(keys, bytes(16)), "big")
    padded = [part + bytes(-len(part) % 16) for part in (data, box)]
    lengths = (8 * len(data)).to_bytes(8, "big") + (8 * len(box)).to_bytes(8, "big")
    whole = b"".join(padded) + lengths
    for at in range(0, len(whole), 16):
        hashed = _times(hashed ^ int.from_bytes(whole[at:at + 16], "big"), key)
    return _added(hashed.to_bytes(16, "big"), crypted_block(keys, nonce + b"\0\0\0\1"))


def seal(key, nonce, data, text):
    """`text` encrypted, and the tag behind it; `data` is covered by the tag alone."""
    keys = round_keys(key)
    box = _crypted(keys, nonce, text)
    return box + _tag(keys, nonce, data, box)


def opened(key, nonce, data, box):
    """The text; None where the tag is not true of it."""
    keys = round_keys(key)
    if len(box) < TAG or _tag(keys, nonce, data, box[:-TAG]) != box[-TAG:]:
        return None
    return _crypted(keys, nonce, box[:-TAG])
