"""Child processes and temporary folders that go away with the test, however it ends.

A janitor, forked off at the first use and no child of the test, waits for the test's end: also when the test was killed
it stops what is still running and removes the folder.
"""

import atexit
import os
import pathlib
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

_root = None


def root():
    """The folder of this run; everything that tests write is below it."""
    global _root
    if _root is None:
        _root = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-test-"))
        _root.chmod(0o755)  # the server's account must be able to pass through
        (_root / "pids").mkdir()
        _start_janitor(_root)
        atexit.register(_sweep, _root)
    return _root


def new_folder(name, user=None):
    folder = pathlib.Path(tempfile.mkdtemp(prefix=name + "-", dir=root()))
    if user is not None:
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


def identity(user):
    """What makes a child process that user's, for subprocess; nothing for None."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _sweep(folder):
    for entry in (folder / "pids").glob("*"):
        try:
            os.kill(int(entry.name), getattr(signal, entry.read_text().strip()))
        except (ProcessLookupError, ValueError, OSError):
            pass
    for mount in reversed(_mounts_below(folder)):
        subprocess.run(["umount", "--lazy", mount], check=False)
    for _ in range(50):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def _mounts_below(folder):
    points = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    return [point for point in points if point.startswith(str(folder) + "/")]


def _start_janitor(folder):
    read_end, write_end = os.pipe()  # closed by the kernel when this process ends, and inherited by no other
    child = os.fork()
    if child != 0:
        os.waitpid(child, 0)
        os.close(read_end)
        return
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    os.close(write_end)
    quiet = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # else whoever runs the test would wait for its output to end
        os.dup2(quiet, descriptor)
    os.chdir("/")
    os.read(read_end, 1)
    if folder.exists():
        _sweep(folder)
    os._exit(0)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, seconds=30.0, pause=0.02):
    """The first true value of condition(); AssertionError when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(pause)


def state(pid):
    """As in proc(5), "R", "T", "Z" ...; empty where there is no such process."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def descendants(pid):
    """All processes below `pid`, nearest first."""
    parents = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = entry.read_text()
        except OSError:
            continue
        parents.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(entry.parent.name))
    found = []
    queue = [pid]
    while queue:
        children = parents.get(queue.pop(0), [])
        found += children
        queue += children
    return found


class Process:
    """One long-running child. Its output is in the two files; `end_signal` is how the janitor would end it."""

    def __init__(self, command, output, errors, user=None, environment=None, end_signal="SIGKILL", file_limit=None):
        options = identity(user)
        if file_limit is not None:
            options["preexec_fn"] = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
        self.output, self.errors = pathlib.Path(output), pathlib.Path(errors)
        with open(output, "ab") as out, open(errors, "ab") as err:
            self._popen = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                cwd=root(), env={**os.environ, **(environment or {})}, start_new_session=True, **options)
        self._mark = root() / "pids" / str(self._popen.pid)
        self._mark.write_text(end_signal)

    @property
    def pid(self):
        return self._popen.pid

    def running(self):
        return self._popen.poll() is None

    def signal(self, number):
        if self.running():
            self._popen.send_signal(number)

    def wait(self, seconds=30):
        """The exit status; negative for a signal."""
        status = self._popen.wait(timeout=seconds)
        self._mark.unlink(missing_ok=True)
        return status

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait()
