"""A network between two peers that does what networks do: small segments, delays, ends at any message boundary."""

import contextlib
import dataclasses
import socket
import struct
import threading
import time

UP, DOWN = "up", "down"  # from the one who connected; to it


@dataclasses.dataclass
class Faults:
    """What happens to one connection. Without any it is passed on as it comes."""

    segment: int = 0  # at most so many bytes at a time, each sent by itself
    delay: float = 0.0  # before each segment, in seconds
    cut: tuple = ()  # (direction, n): the connection ends before that direction's message n
    by_reset: bool = True  # else with a FIN in the middle of that message


class FaultyLink:
    """Listens on loopback and passes on to `target`, a (host, port). `faults` holds for connections made from now on."""

    def __init__(self, target):
        self.target, self.faults, self.messages = target, Faults(), {UP: 0, DOWN: 0}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target)
            except OSError:
                client.close()
                continue
            self.messages = {UP: 0, DOWN: 0}  # of the newest connection
            pair = _Pair(client, server, self.faults, self.messages)
            for direction in (UP, DOWN):
                threading.Thread(target=pair.pass_on, args=(direction,), daemon=True).start()


class _Pair:
    def __init__(self, client, server, faults, counts):
        self._ends = {UP: (client, server), DOWN: (server, client)}
        self._faults, self._counts, self._running = faults, counts, 2
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def pass_on(self, direction):
        source, sink = self._ends[direction]
        framer = _Framer(untyped_first=direction == UP)
        try:
            while part := source.recv(1 << 16):
                for piece, begins_message in framer.pieces(part):
                    if begins_message and self._ends_here(direction, piece, sink):
                        return
                    self._send(sink, piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            self._close()
        finally:
            self._running -= 1
            if self._running == 0:
                self._close()

    def _ends_here(self, direction, piece, sink):
        number = self._counts[direction]
        self._counts[direction] += 1
        if self._faults.cut != (direction, number):
            return False
        if not self._faults.by_reset and len(piece) > 1:
            sink.sendall(piece[:len(piece) // 2])
        self._close(reset=self._faults.by_reset)
        return True

    def _send(self, sink, piece):
        step = self._faults.segment or len(piece)
        for at in range(0, len(piece), step):
            if self._faults.delay:
                time.sleep(self._faults.delay)
            sink.sendall(piece[at:at + step])

    def _close(self, reset=False):
        for one in self._ends[UP]:
            with contextlib.suppress(OSError):
                if reset:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # Wakes the other direction's thread, which holds the socket open; this end of it says nothing yet.
                one.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
            one.close()


class _Framer:
    """Cuts a stream at the beginnings of messages (manual, "Message Formats")."""

    def __init__(self, untyped_first):
        self._header = 0 if untyped_first else 1  # bytes before the length
        self._left, self._head = 0, b""

    def pieces(self, part):
        found, at = [], 0
        while at < len(part):
            begins = self._left == 0
            if begins:
                need = self._header + 4 - len(self._head)
                self._head += part[at:at + need]
                at += need
                if len(self._head) < self._header + 4:
                    return found
                self._left = struct.unpack("!I", self._head[self._header:])[0] - 4
                piece = self._head + part[at:at + self._left]
                self._head, self._header = b"", 1
            else:
                piece = part[at:at + self._left]
            taken = min(self._left, len(part) - at)
            at, self._left = at + taken, self._left - taken
            found.append((piece, begins))
        return found
