"""Every header of include/portcullis compiles alone, with no other folder of ours, and pulls in no Asio and no JSON.

    headers_check.py SOURCE_FOLDER COMPILER [FLAGS...]
"""

import pathlib
import re
import subprocess
import sys
import tempfile

_UNWANTED = re.compile(r"/boost/asio|/nlohmann/|/simdjson|/pg_query|/openssl/|/spdlog/|/CLI/")
_WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"]


def check_header(include, header, compiler):
    """What is wrong with one header. Included twice: its guard is checked too."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "alone.cpp"
        source.write_text(f'#include "{header}"\n#include "{header}"\n', encoding="utf-8")
        done = subprocess.run([*compiler, "-std=c++20", *_WARNINGS, "-fsyntax-only", "-H", "-I", include, source],
                              capture_output=True, text=True, check=False)
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if "error: " in line]
        return [f"{header}: does not compile alone: {line}" for line in errors[:3]]
    opened = re.findall(r"^\.+ (\S+)$", done.stderr, re.MULTILINE)
    return [f"{header}: pulls in {name}" for name in opened if _UNWANTED.search(name)][:1]


def check_tree(include, compiler):
    headers = sorted(path.relative_to(include).as_posix() for path in include.glob("portcullis/**/*.hpp"))
    problems = [problem for header in headers for problem in check_header(include, header, compiler)]
    if not headers:
        problems.append(f"{include}: has no headers to check")
    return problems, len(headers)


def main():
    problems, headers = check_tree(pathlib.Path(sys.argv[1]) / "include", sys.argv[2:])
    print("\n".join(problems) or f"{headers} headers stand alone")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
