#!/usr/bin/env python3
"""Gives the servers that npm installed the links between their libraries.

An npm package cannot hold symbolic links. These packages list theirs in pg-symlinks.json, for a script of their own that
runs when they are installed. No package's script runs here, so the links are made here.

    link_libraries.py FOLDER      the folder with node_modules in it
"""

import json
import pathlib
import sys


def link_libraries(package):
    links = json.loads((package / "native/pg-symlinks.json").read_text(encoding="utf-8"))
    for link in links:
        source, target = package / link["source"], package / link["target"]
        if not source.resolve().is_relative_to(package) or not target.parent.resolve().is_relative_to(package):
            raise SystemExit(f"{package.name}: a link leads out of the package: {link}")
        target.unlink(missing_ok=True)
        target.symlink_to(source.relative_to(target.parent))  # relative: the folder may be copied


def main():
    packages = sorted((pathlib.Path(sys.argv[1]) / "node_modules").resolve().glob("postgres-*"))
    if not packages:
        raise SystemExit(f"no servers in {sys.argv[1]}/node_modules: run npm ci there")
    for package in packages:
        link_libraries(package)


if __name__ == "__main__":
    main()
