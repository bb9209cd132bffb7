"""A raw client that comes from a loopback address of its own, so that many connections do not run out of ports."""

import itertools
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "integration"))

import wire  # noqa: E402

# Linux; not in Python's module. The port is chosen at connect(), where it only has to differ by destination.
_IP_BIND_ADDRESS_NO_PORT = 24
_ADDRESSES = 16
_next = itertools.count()


class Client(wire.Connection):
    def __init__(self, login, timeout=60.0):  # pylint: disable=super-init-not-called
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.parameters, self.process_id, self.secret_key = {}, None, None
        self._buffer = bytearray()
        try:
            self.socket.bind((f"127.0.0.{2 + next(_next) % _ADDRESSES}", 0))
            self.socket.connect((login["host"], login["port"]))
        except OSError:
            self.close()
            raise
        self._login = login

    def _on_authentication(self, body, scram):
        if body == b"\0\0\0\3":  # as pgpool asks where it has to know the password
            self.send(wire.message("p", wire.text(self._login["password"])))
        else:
            super()._on_authentication(body, scram)

    def enter(self):
        self.log_in(self._login["user"], self._login["password"], self._login["database"])
        return self

    def ask(self, text="SELECT 1"):
        self.rows(text)

    def leave(self):
        self.send(wire.TERMINATE)
        self.close()
