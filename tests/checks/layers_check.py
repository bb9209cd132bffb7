"""Every #include of src/ and include/ against layers.txt: arrows point down only, third parties stay in their rooms.

    layers_check.py SOURCE_FOLDER
"""

import fnmatch
import pathlib
import re
import sys
from typing import NamedTuple

TABLE = pathlib.Path(__file__).with_name("layers.txt")
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>|(\S+))', re.MULTILINE)
_SOURCES = {".hpp", ".cpp", ".inc", ".h"}


class Room(NamedTuple):
    rooms: frozenset
    others: tuple  # (prefix, pattern of the file names that may use it)


class Table(NamedTuple):
    rooms: dict
    restricted: frozenset


def read_table(text):
    """A line that begins with a blank goes on with the one before."""
    joined = re.sub(r"\n[ \t]+(?=\S)", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    rooms, restricted = {}, frozenset()
    for line in filter(str.strip, joined.splitlines()):
        name, _, rest = line.partition(":")
        if name == "restricted":
            restricted = frozenset(rest.split())
            continue
        below, _, others = rest.partition("|")
        pairs = (word.partition("@") for word in others.split())
        rooms[name] = Room(frozenset(below.split()), tuple((prefix, pattern or "*") for prefix, _, pattern in pairs))
    return Table(rooms, restricted)


def without_comments(text):
    """Comments become blanks, line feeds stay, so that line numbers do."""
    def blank(found):
        return found[0] if found[0][0] == '"' else re.sub(r"[^\n]", " ", found[0])
    return re.sub(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', blank, text, flags=re.DOTALL)


def _objection(table, room_name, file_name, quoted, angled):
    """What is wrong with one include, or nothing."""
    room = table.rooms[room_name]
    if quoted:
        parts = quoted.split("/")
        target = parts[1] if parts[0] == "portcullis" and len(parts) == 3 else parts[0]
        if len(parts) == 1 or target not in table.rooms:
            return f'"{quoted}" names no room: write "room/file.hpp" or "portcullis/room/file.hpp"'
        if target != room_name and target not in room.rooms:
            return f'room "{room_name}" may not include room "{target}" ("{quoted}")'
        return None
    if any(angled.startswith(prefix) and fnmatch.fnmatch(file_name, pattern) for prefix, pattern in room.others):
        return None
    standard = re.fullmatch(r"[a-z_0-9]+", angled) is not None
    if standard and angled not in table.restricted:
        return None
    return f'room "{room_name}" may not include <{angled}> here'


def check_file(table, room, path, text):
    problems = []
    if room not in table.rooms:
        return [f'{path}:1: room "{room}" is not in layers.txt']
    for found in _INCLUDE.finditer(without_comments(text)):
        quoted, angled, other = found.groups()
        line = text.count("\n", 0, found.start()) + 1
        objection = (f"#include {other} hides what it includes" if other
                     else _objection(table, room, pathlib.PurePath(path).name, quoted, angled))
        if objection:
            problems.append(f"{path}:{line}: {objection}")
    return problems


def check_tree(table, root):
    problems, files = [], 0
    for base in (root / "src", root / "include" / "portcullis"):
        for path in sorted(base.glob("*/**/*")):
            if path.suffix in _SOURCES:
                files += 1
                room = path.relative_to(base).parts[0]
                problems += check_file(table, room, path.relative_to(root), path.read_text(encoding="utf-8"))
    if files == 0:
        problems.append(f"{root}: has no sources to check")
    return problems, files


def main():
    problems, files = check_tree(read_table(TABLE.read_text(encoding="utf-8")), pathlib.Path(sys.argv[1]))
    print("\n".join(problems) or f"{files} files keep to the layers")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
