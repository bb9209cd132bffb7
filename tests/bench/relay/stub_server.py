#!/usr/bin/python3
"""Stands in for PostgreSQL before thousands of sessions, which a real one would need a process each for.

    stub_server.py SOCKET_OF_THE_REAL_ONE ROLES_PASSED_THROUGH

Listens on a free port of 127.0.0.1 and prints it. Sessions of the roles named (with commas between) go through to the real
server, byte for byte: the gate reads the catalog there. Every other session is answered from memory: what the real server
said to the first one that began in the same way, and to the first that asked the same. It lets everybody in without a
password, as its own sessions at the real server's socket are let in. Only for questions whose answer is always the same, and
no transactions.
"""

import os
import selectors
import socket
import struct
import sys
import threading

_CANCEL, _SSL, _GSS = 80877102, 80877103, 80877104


class Real:
    """One session at the real server for each kind of start-up packet, asked once for each question."""

    def __init__(self, path):
        self.path, self._sessions, self._answers = path, {}, {}

    def connect(self):
        real = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        real.connect(self.path)
        return real

    def answer(self, startup, question):
        if (startup, question) not in self._answers:
            if startup not in self._sessions:
                self._sessions[startup] = self.connect()
            self._sessions[startup].sendall(question)
            self._answers[startup, question] = self._heard(self._sessions[startup])
        return self._answers[startup, question]

    @staticmethod
    def _heard(real):
        """Up to and with ReadyForQuery, or an error that ends the session; messages as a list."""
        stream, messages = real.makefile("rb"), []
        while True:
            head = stream.read(5)
            if len(head) < 5:
                return messages
            messages.append(head + stream.read(struct.unpack("!I", head[1:])[0] - 4))
            if head[:1] == b"Z":
                return messages


class Session:
    """A connection that is answered from memory."""

    numbers = 0

    def __init__(self, connection):
        self.connection, self.startup, self.pending, self.question = connection, None, b"", b""

    def on_bytes(self, stub, part):
        """False when it is over or somebody else's from now on."""
        self.pending += part
        while True:
            if self.startup is None:
                if len(self.pending) < 8 or len(self.pending) < struct.unpack("!I", self.pending[:4])[0]:
                    return True
                if not self._begin(stub):
                    return False
            else:
                if len(self.pending) < 5 or len(self.pending) <= (size := struct.unpack("!I", self.pending[1:5])[0]):
                    return True
                message, self.pending = self.pending[:size + 1], self.pending[size + 1:]
                if message[:1] == b"X":
                    return False
                self.question += message
                if message[:1] in b"QS":
                    question, self.question = self.question, b""
                    self._say(stub.real.answer(self.startup, question))

    def _begin(self, stub):
        size, code = struct.unpack("!II", self.pending[:8])
        packet, self.pending = self.pending[:size], self.pending[size:]
        if code in (_SSL, _GSS):
            self.connection.sendall(b"N")
            return True
        if code == _CANCEL:
            return False
        words = packet[8:].split(b"\0")
        if dict(zip(words[::2], words[1::2])).get(b"user", b"").decode() in stub.passed_through:
            stub.pass_through(self.connection, packet + self.pending)
            return False
        self.startup = packet
        self._say(stub.real.answer(packet, packet))
        return True

    def _say(self, messages):
        Session.numbers += 1
        key = b"K" + struct.pack("!III", 12, Session.numbers, 1)
        self.connection.sendall(b"".join(key if one[:1] == b"K" else one for one in messages))


class Stub:
    def __init__(self, path, passed_through):
        self.real, self.passed_through = Real(path), passed_through
        self._selector = selectors.DefaultSelector()
        self._taken = set()  # by threads
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(4096)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self.port = self._listener.getsockname()[1]

    def pass_through(self, connection, first):
        real = self.real.connect()
        real.sendall(first)
        self._taken.add(connection)
        for one, other in ((connection, real), (real, connection)):
            threading.Thread(target=_splice, args=(one, other), daemon=True).start()

    def serve(self):
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._read(key.data)

    def _accept(self):
        connection, _ = self._listener.accept()
        connection.setblocking(True)  # answers are smaller than a socket's buffer
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(connection, selectors.EVENT_READ, Session(connection))

    def _read(self, session):
        try:
            part = session.connection.recv(1 << 16)
            goes_on = part != b"" and session.on_bytes(self, part)
        except OSError:
            goes_on = False
        if goes_on:
            return
        self._selector.unregister(session.connection)
        if session.connection not in self._taken:
            session.connection.close()


def _splice(one, other):
    try:
        while part := one.recv(1 << 16):
            other.sendall(part)
    except OSError:
        pass
    for end in (one, other):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main():
    stub = Stub(sys.argv[1], set(sys.argv[2].split(",")))
    os.write(1, f"{stub.port}\n".encode())
    stub.serve()


if __name__ == "__main__":
    main()
