"""A raw client of PostgreSQL's protocol, version 3 (manual, chapter 55): nothing is sent or read but what is said."""

import base64
import functools
import hashlib
import hmac
import os
import socket
import struct
from typing import NamedTuple

PROTOCOL_3_0, PROTOCOL_3_2 = 196608, 196610
CANCEL_REQUEST = 80877102
SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104


# --- messages to send ---------------------------------------------------------------------------------------------
def message(kind, body=b""):
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def text(value):
    return (value.encode() if isinstance(value, str) else value) + b"\0"


def query(sql):
    return message("Q", text(sql))


def parse(sql, name="", types=()):
    return message("P", text(name) + text(sql) + struct.pack(f"!H{len(types)}I", len(types), *types))


def bind(parameters=(), statement="", portal="", formats=(), results=()):
    """Parameters are str, bytes or None; formats and results are lists of 0 (text) and 1 (binary)."""
    body = text(portal) + text(statement) + struct.pack(f"!H{len(formats)}H", len(formats), *formats)
    body += struct.pack("!H", len(parameters))
    for value in parameters:
        raw = value.encode() if isinstance(value, str) else value
        body += struct.pack("!i", -1) if raw is None else struct.pack("!I", len(raw)) + raw
    return message("B", body + struct.pack(f"!H{len(results)}H", len(results), *results))


def describe_statement(name=""):
    return message("D", b"S" + text(name))


def describe_portal(name=""):
    return message("D", b"P" + text(name))


def execute(portal="", rows=0):
    return message("E", text(portal) + struct.pack("!I", rows))


def close_statement(name=""):
    return message("C", b"S" + text(name))


def close_portal(name=""):
    return message("C", b"P" + text(name))


def function_call(oid, arguments=()):
    body = struct.pack("!IHH", oid, 0, len(arguments))
    for value in arguments:
        body += struct.pack("!I", len(value)) + value
    return message("F", body + struct.pack("!H", 0))


def copy_data(raw):
    return message("d", raw)


def copy_fail(reason):
    return message("f", text(reason))


COPY_DONE = message("c")
SYNC = message("S")
FLUSH = message("H")
TERMINATE = message("X")


def extended(sql, parameters=(), types=(), results=()):
    """Parse, Bind, Describe, Execute of the unnamed statement and portal, without Sync."""
    return parse(sql, types=types) + bind(parameters, results=results) + describe_portal() + execute()


def startup(parameters, protocol=PROTOCOL_3_0):
    body = struct.pack("!I", protocol)
    body += b"".join(text(key) + text(value) for key, value in parameters.items()) + b"\0"
    return struct.pack("!I", len(body) + 4) + body


def request(code, rest=b""):
    return struct.pack("!II", 8 + len(rest), code) + rest


# --- messages read ------------------------------------------------------------------------------------------------
class Message(NamedTuple):
    type: str
    body: bytes

    @property
    def fields(self):
        """Of ErrorResponse and NoticeResponse: {'C': SQLSTATE, 'M': message, ...}."""
        return {part[:1].decode(): part[1:].decode() for part in self.body.split(b"\0") if part}

    @property
    def code(self):
        return self.fields["C"]

    @property
    def text(self):
        """Of CommandComplete the tag, of ReadyForQuery the status."""
        return self.body.rstrip(b"\0").decode()

    @property
    def row(self):
        """Of DataRow: bytes or None a column."""
        count, at, values = struct.unpack_from("!H", self.body)[0], 2, []
        for _ in range(count):
            length = struct.unpack_from("!i", self.body, at)[0]
            at += 4
            values.append(None if length < 0 else self.body[at:at + length])
            at += max(length, 0)
        return values


def shape(messages):
    """The types in order: "TDCZ"."""
    return "".join(one.type for one in messages)


class Closed(Exception):
    """The other side closed the connection; `partial` is what it had sent of a message."""

    def __init__(self, partial=b""):
        super().__init__("connection closed")
        self.partial = partial


class ServerError(Exception):
    def __init__(self, fields):
        super().__init__(f"{fields.get('C')}: {fields.get('M')}")
        self.fields = fields
        self.code = fields.get("C")


class Connection:
    """A connected socket. `address` is (host, port) or the path of a Unix socket."""

    def __init__(self, address, timeout=30.0):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise
        if family == socket.AF_INET:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.parameters, self.process_id, self.secret_key = {}, None, None
        self._buffer = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, *messages):
        self.socket.sendall(b"".join(messages))

    def read_bytes(self, count):
        while len(self._buffer) < count:
            try:
                part = self.socket.recv(1 << 16)
            except ConnectionResetError:
                part = b""
            if not part:
                raise Closed(bytes(self._buffer))
            self._buffer += part
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def read(self):
        kind, length = struct.unpack("!cI", self.read_bytes(5))
        return Message(kind.decode("latin-1"), self.read_bytes(length - 4))

    def read_until(self, kind="Z", times=1):
        """Messages up to and with the given number of messages of that type."""
        messages = []
        while times > 0:
            messages.append(self.read())
            times -= messages[-1].type == kind
        return messages

    def read_to_end(self):
        messages = []
        try:
            while True:
                messages.append(self.read())
        except Closed as closed:
            assert not closed.partial, f"connection closed within a message: {closed.partial[:40]!r}"
        return messages

    def talk(self, *messages, readies=1):
        """Sends all, reads up to the given number of ReadyForQuery."""
        self.send(*messages)
        return self.read_until("Z", readies)

    def rows(self, sql):
        """The rows of a simple query as lists of str or None; ServerError when it failed."""
        answer = self.talk(query(sql))
        for one in answer:
            if one.type == "E":
                raise ServerError(one.fields)
        return [[None if v is None else v.decode() for v in one.row] for one in answer if one.type == "D"]

    def log_in(self, user, password="", database="postgres", protocol=PROTOCOL_3_0, binding=None, gs2="n,,",
               **parameters):
        """Start-up and authentication. Gives the messages read; when refused, ServerError, and the socket is closed.
        `binding`: what SCRAM-SHA-256-PLUS is to be bound to; `gs2` is the flag without it."""
        try:
            self.send(startup({"user": user, "database": database, **parameters}, protocol))
            return self.authenticate(password, binding, gs2)
        except BaseException:
            self.close()
            raise

    def authenticate(self, password, binding=None, gs2="n,,"):
        seen = []
        scram = Scram(password, binding, gs2)
        while True:
            one = self.read()
            seen.append(one)
            if one.type == "E":
                raise ServerError(one.fields)
            if one.type == "R":
                self._on_authentication(one.body, scram)
            elif one.type == "S":
                key, value = one.body.split(b"\0")[:2]
                self.parameters[key.decode()] = value.decode()
            elif one.type == "K":
                self.process_id, self.secret_key = struct.unpack("!I", one.body[:4])[0], one.body[4:]
            elif one.type == "Z":
                return seen

    def _on_authentication(self, body, scram):
        code = struct.unpack_from("!I", body)[0]
        if code == 10:
            assert text(scram.mechanism) in body, body
            first = scram.first()
            self.send(message("p", text(scram.mechanism) + struct.pack("!I", len(first)) + first))
        elif code == 11:
            self.send(message("p", scram.last(body[4:])))
        elif code == 12:
            scram.check(body[4:])
        elif code != 0:
            raise AssertionError(f"authentication request {code} is not expected")


@functools.lru_cache(64)
def _salted(password, salt, iterations):
    """Thousands of hashes, the same for every login with one verifier."""
    return hashlib.pbkdf2_hmac("sha256", password, salt, iterations)


class Scram:
    """The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), with `binding` of SCRAM-SHA-256-PLUS."""

    def __init__(self, password, binding=None, gs2="n,,"):
        self._password = password.encode()
        self.mechanism = "SCRAM-SHA-256" if binding is None else "SCRAM-SHA-256-PLUS"
        self._header = gs2.encode() if binding is None else b"p=tls-server-end-point,,"
        self._channel = base64.b64encode(self._header + (binding or b""))
        self._bare = b"n=,r=" + base64.b64encode(os.urandom(18))

    def first(self):
        return self._header + self._bare

    def last(self, server_first):
        parts = dict(part.split(b"=", 1) for part in server_first.split(b","))
        salted = _salted(self._password, base64.b64decode(parts[b"s"]), int(parts[b"i"]))
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        without_proof = b"c=" + self._channel + b",r=" + parts[b"r"]
        signed = b",".join([self._bare, server_first, without_proof])
        signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        self._expected = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
        return without_proof + b",p=" + base64.b64encode(proof)

    def check(self, server_final):
        assert server_final == b"v=" + base64.b64encode(self._expected), "the server does not know the password"
