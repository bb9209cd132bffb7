"""What a transaction costs in the gate itself, held to figures.json: instructions, counted by callgrind, and
calls of operator new.

  hot_path_check.py HOT_PATH            0: as in figures.json; 1: more, or so much less that they are out of date;
                                        77: cannot be counted here
  hot_path_check.py HOT_PATH --renew    writes figures.json anew: run it with the build that CI makes, and say in the
                                        commit what made the difference
  hot_path_check.py HOT_PATH --sites TRAFFIC     where the allocations of one transaction are made
"""

import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

FIGURES = pathlib.Path(__file__).with_name("figures.json")
TRANSACTIONS = 512
# Instructions differ a little from one library to the next, allocations do not.
MOST_MORE = 0.25
SKIPPED = 77


def allocations_of(program, traffic):
    printed = subprocess.run([program, traffic], check=True, capture_output=True, text=True).stdout
    return float(re.search(r"^allocations ([0-9.]+)$", printed, re.M).group(1))


def instructions_of(program, traffic):
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=steady_state",
                   f"--callgrind-out-file={folder}/out", program, traffic, "--transactions", str(TRANSACTIONS)]
        done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found or int(found.group(1)) == 0:
        sys.exit(f"callgrind counted nothing:\n{done.stderr}")
    return round(int(found.group(1)) / TRANSACTIONS)


def measure(program, traffics):
    return {traffic: {"instructions": instructions_of(program, traffic),
                      "allocations": allocations_of(program, traffic)} for traffic in traffics}


def problems_of(traffic, kept, found):
    """What is wrong with the figures of one kind of traffic, each with what to do."""
    ratio = found["instructions"] / kept["instructions"]
    if ratio > 1 + MOST_MORE:
        yield (f"{traffic}: {found['instructions']} instructions a transaction, {kept['instructions']} in "
               f"{FIGURES.name}, +{ratio - 1:.0%}: find them with callgrind_annotate, or renew with --renew")
    if ratio < 1 / (1 + MOST_MORE):
        yield (f"{traffic}: {found['instructions']} instructions a transaction, only {ratio:.0%} of those in "
               f"{FIGURES.name}: renew it with --renew, so that it stays so")
    if found["allocations"] > kept["allocations"]:
        yield (f"{traffic}: {found['allocations']} allocations a transaction, {kept['allocations']} in "
               f"{FIGURES.name}: see where with --sites {traffic}")


def check(program):
    if platform.machine() != "x86_64":
        print("NOT CHECKED: the figures are for x86_64")
        return SKIPPED
    if shutil.which("valgrind") is None:
        print("NOT CHECKED: there is no valgrind: install it (scripts/install-packages.sh test)")
        return SKIPPED
    kept = json.loads(FIGURES.read_text())["transaction"]
    found = measure(program, kept)
    problems = [problem for traffic in kept for problem in problems_of(traffic, kept[traffic], found[traffic])]
    for traffic, figures in found.items():
        print(f"{traffic:>10}: {figures['instructions']:>7} instructions ({kept[traffic]['instructions']}), "
              f"{figures['allocations']:>7} allocations ({kept[traffic]['allocations']})")
    print(*problems, sep="\n")
    return 1 if problems else 0


def renew(program):
    document = json.loads(FIGURES.read_text())
    document["transaction"] = measure(program, document["transaction"])
    FIGURES.write_text(json.dumps(document, indent=2) + "\n")
    return 0


def short(name):
    name = re.sub(r"portcullis::|\(anonymous namespace\)::|\[abi:cxx11\]", "", name)
    return re.sub(r"[(<].*", "", name)


def show_sites(program, traffic):
    lines = subprocess.run([program, traffic, "--sites"], check=True, capture_output=True, text=True).stdout.split("\n")
    sites = [line.split() for line in lines if line]
    addresses = sorted({address for site in sites for address in site[1:]})
    names = subprocess.run(["addr2line", "-Cfe", program, *addresses], check=True, capture_output=True,
                           text=True).stdout.split("\n")[::2]
    name_of = {address: short(name) for address, name in zip(addresses, names)}
    for size, *frames in sites:
        path = [name for name in map(name_of.get, frames) if name != "operator new"]
        print(f"{size:>5} {' < '.join(path[:6])}")
    return 0


def main(arguments):
    if len(arguments) == 1:
        return check(os.path.abspath(arguments[0]))
    if arguments[1:] == ["--renew"]:
        return renew(os.path.abspath(arguments[0]))
    if len(arguments) == 3 and arguments[1] == "--sites":
        return show_sites(os.path.abspath(arguments[0]), arguments[2])
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
