"""An archive of pg_dump's custom format, of the structure alone: from format 1.16 to 1.14.

Between them lie the compression's name in the header (a byte, before a number) and the kind of relation in each entry of
the table of contents. What data there is would be elsewhere then, so an archive with data is refused.
"""

NEWER, OLDER = (1, 16, 0), (1, 14, 0)
CUSTOM = 1
# Of an entry, in their order: tag, kind, [section], definition, drop, copy, schema, tablespace, access method.
BEFORE_SECTION, BEHIND_SECTION = 2, 6
HAS_NO_DATA = 3  # of the place of an entry's data


class NotUnderstood(Exception):
    """It is no such archive."""


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        taken = self.data[self.at:self.at + size]
        if len(taken) < size:
            raise NotUnderstood("the archive ends too early")
        self.at += size
        return taken


class Archive(Reader):
    """Each method returns the bytes of what it reads, to be copied."""

    def header(self):
        if self.take(5) != b"PGDMP":
            raise NotUnderstood("it is no archive of pg_dump's")
        version = tuple(self.take(3))
        if version != NEWER:
            raise NotUnderstood(f"its format is {version}, and only {NEWER} is read")
        self.int_size, self.offset_size, kind = self.take(3)
        if kind != CUSTOM:
            raise NotUnderstood("it is not of the custom format")
        self.take(1)  # how data would be compressed
        uncompressed = bytes(1 + self.int_size)
        date = b"".join(self.number()[0] for _ in range(7))
        names = b"".join(self.string() for _ in range(3))
        return b"PGDMP" + bytes([*OLDER, self.int_size, self.offset_size, CUSTOM]) + uncompressed + date + names

    def number(self):
        read = self.take(1 + self.int_size)
        value = int.from_bytes(read[1:], "little")
        return read, -value if read[0] else value

    def string(self):
        read, size = self.number()
        return read if size < 0 else read + self.take(size)

    def entry(self):
        parts = [self.number()[0]]
        read, has_data = self.number()
        if has_data:
            raise NotUnderstood("it holds data, and only a structure is read")
        parts.append(read)
        parts += [self.string() for _ in range(2 + BEFORE_SECTION)]  # its identifiers in the catalog come first
        parts.append(self.number()[0])
        parts += [self.string() for _ in range(BEHIND_SECTION)]
        self.number()  # the kind of relation
        parts += [self.string() for _ in range(2)]
        while True:
            read, size = self.number()
            parts.append(read)
            if size < 0:
                break
            parts.append(self.take(size))
        place = self.take(1 + self.offset_size)
        if place[0] != HAS_NO_DATA:
            raise NotUnderstood("an entry has data")
        return b"".join([*parts, place])


def in_older_format(data):
    """The same archive as bytes, as programs of PostgreSQL 12 to 15 read it. NotUnderstood where it is none."""
    source = Archive(data)
    whole = [source.header()]
    read, count = source.number()
    whole.append(read)
    whole += [source.entry() for _ in range(count)]
    if source.at != len(data):
        raise NotUnderstood("something follows behind its table of contents")
    return b"".join(whole)
