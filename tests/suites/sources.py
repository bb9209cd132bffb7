"""PostgreSQL's own tests, by the system's package tools at one version, below the build folder and never committed.

The sources of the tests come with `apt-get source`. Server, psql (with pg_regress and isolationtester) and the headers come
as packages of the same version that are only unpacked; nothing is installed. What psql prints differs between releases.
"""

import os
import pathlib
import shutil
import subprocess

VERSION = "15.18-0+deb12u1"
_PACKAGES = ["postgresql-15", "postgresql-client-15", "postgresql-server-dev-15", "libpq-dev"]
_WANTED = ["src/test/regress", "src/test/isolation", "src/test/modules/libpq_pipeline"]
_SOURCES_LIST = """\
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main
deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main
"""
PROGRAMS = "usr/lib/postgresql/15/bin"
DRIVERS = "usr/lib/postgresql/15/lib/pgxs/src/test"


class NotAvailable(Exception):
    """What is missing here; the suites cannot be run."""


def _run(command, folder, **options):
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False,
                          **options)
    if done.returncode != 0:
        raise NotAvailable(f"{command[0]} {command[1]} failed: {(done.stderr or done.stdout).strip()[-500:]}")


def _download(folder):
    """Package lists of our own: the machine's may lack the sources, and are left as they are."""
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "sources.list").write_text(_SOURCES_LIST, encoding="ascii")
    (folder / "apt.conf").write_text(
        f'Dir::Etc::sourcelist "{folder}/sources.list";\nDir::Etc::sourceparts "-";\n'
        f'Dir::State::lists "{folder}/lists";\nDir::Cache "{folder}/cache";\n', encoding="utf-8")
    surroundings = {**os.environ, "APT_CONFIG": str(folder / "apt.conf")}
    _run(["apt-get", "update", "-q"], folder, env=surroundings)
    _run(["apt-get", "source", "-q", "--download-only", f"postgresql-15={VERSION}"], folder, env=surroundings)
    _run(["apt-get", "download", "-q", *(f"{name}={VERSION}" for name in _PACKAGES)], folder, env=surroundings)


def _unpack(downloads, folder):
    [archive] = downloads.glob("postgresql-15_*.orig.tar.bz2")
    (folder / "src").mkdir()
    _run(["tar", "-xjf", archive, "-C", folder / "src", "--strip-components=1", "--wildcards", "--no-wildcards-match-slash",
          *(f"*/{part}" for part in _WANTED)], folder)
    for name in _PACKAGES:
        [package] = downloads.glob(f"{name}_*.deb")
        _run(["dpkg-deb", "-x", package, folder / "installed"], folder)


def fetch(folder):
    """The folder with src/ (the tests) and installed/ (the packages); kept for the next time."""
    done = folder / f"postgresql-{VERSION}"
    if done.exists():
        return done
    begun = folder / "unfinished"
    shutil.rmtree(begun, ignore_errors=True)
    (begun / "downloads").mkdir(parents=True)
    _download(begun / "downloads")
    _unpack(begun / "downloads", begun)
    shutil.rmtree(begun / "downloads")
    begun.rename(done)
    return done


def compile_helpers(fetched):
    """regress.so, the server's side of the regression tests, and libpq_pipeline. Gives both files."""
    library, program = fetched / "regress.so", fetched / "libpq_pipeline"
    include = fetched / "installed/usr/include/postgresql"
    server = ["-O2", "-w", "-I", include / "15/server"]
    if not library.exists():
        _run(["cc", *server, "-fPIC", "-shared", fetched / "src/src/test/regress/regress.c", "-o", library], fetched)
    if not program.exists():
        _run(["cc", "-DFRONTEND", *server, "-I", include / "internal", "-I", include,
              fetched / "src/src/test/modules/libpq_pipeline/libpq_pipeline.c", "-o", program,
              "-L", fetched / "installed/usr/lib/postgresql/15/lib", "-lpgcommon", "-lpgport", "-l:libpq.so.5"], fetched)
    return library, program
