"""What the scripts in Python share."""

import contextlib
import sys
import threading


def shown(row):
    """A row, with bytes in a form that says what they are."""
    return [bytes(value) if isinstance(value, memoryview) else value for value in row]


@contextlib.contextmanager
def cancelled_when_told(connection):
    """Cancels what `connection` runs in here, when the runner says that it sleeps."""
    def when_told():
        sys.stdin.readline()
        connection.cancel()
    canceller = threading.Thread(target=when_told)
    canceller.start()
    yield
    canceller.join()
