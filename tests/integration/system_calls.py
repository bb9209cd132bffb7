"""What a process asked of the kernel, by strace: which call was over before which other one began."""

import re
import shutil
import subprocess
from typing import NamedTuple

_LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\((\d+)<(.*?)>(?=[,) ]))(.*)$")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_RESULT = re.compile(r"= (-?\d+)(?: [A-Z].*)?$")
_UNFINISHED = "<unfinished ...>"
LONGEST = 1 << 16  # bytes of a call's data that are kept


class Call(NamedTuple):
    """`begin` and `end` are lines of the trace. Strace holds a process at the beginning and at the end of each call until it
    has written that down, so what has a later line came later."""
    name: str
    descriptor: int
    target: str  # a path, or TCP:[ours->theirs]
    data: bytes
    is_whole: bool  # all of the data is there
    begin: int
    end: int
    result: int


def why_not():
    """Empty where processes can be traced here."""
    if shutil.which("strace") is None:
        return "there is no strace: install it with scripts/install-packages.sh test"
    tried = subprocess.run(["strace", "-D", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 and not tried.stderr else f"processes cannot be traced here: {tried.stderr.strip()}"


def traced(file, names):
    """The command that traces the one behind it, which keeps its process id, with all its threads."""
    return ["strace", "-D", "-f", "-yy", "-xx", "-s", str(LONGEST), "-o", file, "-e", "trace=" + ",".join(names)]


def is_over(file, pid):
    return file.exists() and re.search(rf"^{pid} +\+\+\+ (exited|killed)", file.read_text(encoding="ascii"), re.MULTILINE)


def read(file):
    """The calls on descriptors that came back, in the order of their beginnings."""
    calls, pending = [], {}
    with open(file, encoding="ascii") as lines:
        for number, line in enumerate(lines):
            found = _LINE.match(line)
            if not found:
                continue
            thread, resumed, name, descriptor, target, rest = found.groups()
            if resumed:
                begun = pending.pop(thread, None)
            else:
                data, is_whole = _data(rest)
                begun = Call(name, int(descriptor), _plain(target), data, is_whole, number, number, 0)
            if begun and rest.endswith(_UNFINISHED):
                pending[thread] = begun
            elif begun and (result := _RESULT.search(rest)):
                calls.append(begun._replace(end=number, result=int(result[1])))
    return sorted(calls, key=lambda call: call.begin)


def _data(arguments):
    texts = _TEXT.findall(arguments)
    return b"".join(_bytes(text) for text, _ in texts), not any(cut for _, cut in texts)


def _bytes(text):
    return bytes.fromhex(text.replace("\\x", ""))


def _plain(target):
    return _bytes(target).decode() if target.startswith("\\x") else target
