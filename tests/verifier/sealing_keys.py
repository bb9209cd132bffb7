"""Files of keys of docs/audit-sealing.md, read strictly."""

import re

import fields
import orders
import sealing
from regular import read_regular

MOST_BYTES = 128 * 1024 * 1024
ENDING = ".sealing"
_NAME = re.compile(r"([0-9]{20})\.sealing")
_NODE = re.compile(r"(parameters|said|text) (0|[1-9][0-9]?) (0|[1-9][0-9]{0,6}) (\S{44})")


class NotKeys(Exception):
    pass


def _nodes(lines):
    """{class: {(level, number): key}} of the lines behind the head."""
    made, before = {}, ("", 0)  # the class, and the slot behind the node before
    for line in lines:
        found = _NODE.fullmatch(line)
        if not found:
            raise NotKeys("a line that is no node")
        kind, level, number, key = found[1], int(found[2]), int(found[3]), fields.decoded(found[4])
        if level > sealing.LEVELS or number >= 1 << level or key is None or len(key) != 32:
            raise NotKeys("a node that is none")
        width = sealing.SLOTS >> level
        if (kind, number * width) < before:
            raise NotKeys("not in order, or they overlap")
        made.setdefault(kind, {})[level, number] = key
        before = (kind, (number + 1) * width)
    return made


def read(raw, epoch, origin):
    """The nodes of a file of this epoch and log; NotKeys for everything else."""
    if len(raw) > MOST_BYTES or not raw.endswith(b"\n"):
        raise NotKeys("too large, or its last line does not end")
    try:
        first, told, named, made, *nodes = raw[:-1].decode("utf-8").split("\n")
    except ValueError as error:
        raise NotKeys("not four lines of text and more") from error
    if (first, told, named) != ("portcullis sealing keys v1", f"origin {origin}", f"epoch {epoch}"):
        raise NotKeys("of another form, log or epoch")
    if not made.startswith("made ") or orders.number(made[5:]) is None:
        raise NotKeys("not said when it was made")
    return _nodes(nodes)


class Keys:
    """All files of a folder, read at once. `wrong`: (file, text) of the first that is none; None where all are."""

    def __init__(self, folder, origin):
        self._epochs, self._unknown, self._none_listed, self.wrong = {}, set(), False, None
        try:
            files = sorted(file for file in folder.iterdir() if file.name.endswith(ENDING))
        except OSError as error:
            self._none_listed, self.wrong, files = True, (str(folder), str(error)), []
        for file in files:
            self._read(file, origin)

    def _read(self, file, origin):
        found = _NAME.fullmatch(file.name)
        epoch = int(found[1]) if found and int(found[1]) <= orders.LARGEST else None
        try:
            if epoch is None:
                raise NotKeys("not named by an epoch")
            self._epochs[epoch] = read(read_regular(file, most=MOST_BYTES + 1), epoch, origin)
        except (NotKeys, OSError) as error:
            self.wrong = self.wrong or (file.name, str(error))
            self._unknown.add(epoch)

    def unknown(self, epoch):
        """Nobody can say what there is a key for, and all counts as open."""
        return self._none_listed or epoch in self._unknown

    def key(self, epoch, kind, slot):
        """Of the slot; None where none leads to it."""
        nodes = self._epochs.get(epoch, {}).get(kind, {})
        for level in range(sealing.LEVELS + 1):
            node = nodes.get((level, slot >> sealing.LEVELS - level))
            if node is not None:
                return sealing.below(node, level, slot)
        return None
