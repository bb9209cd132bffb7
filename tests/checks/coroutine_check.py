"""One co_await a statement, as a whole statement or as all that a named variable is set to.

GCC 12 compiles other places of co_await (conditions, conditional operators, arguments that are aggregates) into code
that crashes, without a warning: docs/architecture.md, "Coroutines".

    coroutine_check.py SOURCE_FOLDER
"""

import pathlib
import re
import sys

from layers_check import without_comments

_CONDITION = re.compile(r"^(?:else\s+)?(?:if|while|switch|for)\b")
_DECLARATION = re.compile(r"^(?:const\s+)?(?:auto|[A-Za-z_][\w:<>,\s]*?)\s*[&\s]\s*(?:\[[\w\s,]+\]|\w+)\s*=\s*co_await\b")
_STATEMENT = re.compile(r"^(?:\(void\)\s*|\w+\s*=\s*)?co_await\b")
_LABEL = re.compile(r"^(?:(?:case\b[^:;{}]*(?:::[^:;{}]+)*|default)\s*:(?!:)\s*)+")


def _blank_strings(text):
    """Strings and characters keep their length and lose their content, so that no bracket in one counts."""
    return re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'',
                  lambda found: found[0][0] + "s" * (len(found[0]) - 2) + found[0][0], text)


def statements(text):
    """(offset, text, end) of every piece up to ; { or }, with what stands in round brackets kept whole."""
    start, depth = 0, 0
    for at, character in enumerate(text):
        if character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        elif character in ";{}" and depth == 0:
            yield start, text[start:at], character
            start = at + 1
    yield start, text[start:], ""


def _controlled(statement):
    """What a condition without braces controls, or nothing: `if (x) co_await f();`."""
    opening = statement.find("(")
    depth = 0
    for at in range(opening, len(statement)):
        depth += {"(": 1, ")": -1}.get(statement[at], 0)
        if depth == 0:
            return statement[opening:at + 1], statement[at + 1:].lstrip()
    return statement, ""


def objection(statement, end):
    """What is wrong with the co_await in one statement, or nothing. `end` is the character that ends it."""
    if not re.search(r"\bco_await\b", statement):
        return None
    statement = _LABEL.sub("", statement)
    if _CONDITION.match(statement):
        condition, rest = _controlled(statement)
        if "co_await" in condition:
            return "co_await in a condition: await into a named variable first"
        return objection(rest, end)
    statement = re.sub(r"^(?:else|do)\s+", "", statement)
    if len(re.findall(r"\bco_await\b", statement)) > 1:
        return "two co_await in one statement: give the first result a name"
    if "?" in statement:
        return "co_await with a conditional operator: write if and else"
    if not (_STATEMENT.match(statement) or _DECLARATION.match(statement)):
        return "co_await inside an expression: await into a named variable first"
    if end != ";" or "{" in statement:
        return "co_await with braces or a lambda: give what stands in them a name"
    return None


def check_text(path, text):
    code = _blank_strings(without_comments(text))
    code = re.sub(r"^[ \t]*#.*$", lambda found: " " * len(found[0]), code, flags=re.MULTILINE)
    problems = []
    for offset, piece, end in statements(code):
        wrong = objection(piece.strip(), end)
        if wrong:
            line = code.count("\n", 0, offset + piece.index("co_await")) + 1
            problems.append(f"{path}:{line}: {wrong}")
    return problems


def check_tree(root):
    problems, awaits = [], 0
    for path in sorted((*root.glob("src/**/*.?pp"), *root.glob("include/**/*.?pp"))):
        text = path.read_text(encoding="utf-8")
        awaits += len(re.findall(r"\bco_await\b", without_comments(text)))
        problems += check_text(path.relative_to(root), text)
    if awaits == 0:
        problems.append(f"{root}: has no co_await to check")
    return problems, awaits


def main():
    problems, awaits = check_tree(pathlib.Path(sys.argv[1]))
    print("\n".join(problems) or f"{awaits} uses of co_await stand where they may")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
