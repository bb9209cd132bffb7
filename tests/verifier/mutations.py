"""What can be done to a log, by chance and by seed: to its bytes, its lines, its files, and, by somebody who knows the
format, to its entries with all hashes made again."""

import copy
import re

import canonical
import forge

# What fields are overwritten with.
VALUES = ["", "x", "allow", "ask", "deny", "would_deny", "suspended", "ok", "rolled back", "Bind", "Parse", "Query", "//8=",
          "a\0", "\x7f", "\x1f", "\U0001f600", True, False, None, 0, 1, 2, 7, -1, 2**53 - 1, 2**53, 1.5, [], ["a"], [1], {},
          {"base64": "//8="}, [{"base64": "YQ=="}], [{"base64": "YQ"}], {"text": "a"}, [{"null": True}], [[]]]
TYPES = ["segment", "open", "recovered", "close", "heartbeat", "session", "decision", "outcome", "policy", "config",
         "dry_run", "key", "erase", "hold", "read", "export"]
# Pieces of JSON that are read by lax readers, or close to what an entry holds.
PIECES = [b"\n", b"\n\n", b"\0", b" ", b"\t", b"\r\n", b'"', b"\\", b"\\u0041", b"\\/", b"\\u001F", b"\\u0000", b"\\u20ac",
          b"\\uD83D", b"-0", b"1.0", b"1e3", b"null", b"9007199254740992", b"01", b"\xff", b"\xc0\x80", b"\xed\xa0\x80",
          b"\xef\xbb\xbf", b"\xf4\x90\x80\x80", b"{}", b"[]", b",", b'"e":""', b'"b":1,"b":1']
SECONDS = 1_000_000


# --- bytes --------------------------------------------------------------------------------------------------------
def _place(random, raw):
    """A position; often near the end, where a crash and a change look alike."""
    return random.randrange(len(raw) + 1) if random.random() < 0.6 else max(0, len(raw) - random.randrange(400))


def change_byte(random, raw):
    at = min(_place(random, raw), len(raw) - 1)
    return raw[:at] + bytes([random.randrange(256)]) + raw[at + 1:]


def flip_bit(random, raw):
    at = min(_place(random, raw), len(raw) - 1)
    return raw[:at] + bytes([raw[at] ^ 1 << random.randrange(8)]) + raw[at + 1:]


def put_in(random, raw):
    at = _place(random, raw)
    return raw[:at] + random.choice(PIECES) + raw[at:]


def write_over(random, raw):
    at, piece = _place(random, raw), random.choice(PIECES)
    return raw[:at] + piece + raw[at + len(piece):]


def write_over_number(random, raw):
    numbers = list(re.finditer(rb":-?[0-9]+", raw))
    if not numbers:
        return raw
    found = random.choice(numbers)
    return raw[:found.start() + 1] + random.choice(PIECES + [b"-1", b"1"]) + raw[found.end():]


def take_out(random, raw):
    at = _place(random, raw)
    return raw[:at] + raw[at + random.choice([1, 1, 2, 10, 200, 5000]):]


def blank(random, raw):
    at, length = _place(random, raw), random.choice([1, 8, 512, 4096])
    length = min(length, len(raw) - at)
    return raw[:at] + random.choice([b"\0", b"\n", b" "]) * length + raw[at + length:]


def cut_off(random, raw):
    return raw[:_place(random, raw)] + random.choice([b"", b"", b"\n", b"\n" * 600, b"\0" * 600])


def append(random, raw):
    behind = random.choice([*PIECES, b"{", b'{"@":', raw[:random.randrange(600)], raw[-random.randrange(1, 600):]])
    return raw + random.choice([b"", b"", b"\n", b"\n\n\n"]) + behind


BYTES = [change_byte, flip_bit, put_in, write_over, write_over_number, take_out, blank, cut_off, append]


# --- lines --------------------------------------------------------------------------------------------------------
def change_lines(random, raw, others):
    """Deleted, doubled, swapped, copied, from this file or another one; the hashes stay what they are."""
    lines = raw.split(b"\n")
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    if random.random() < 0.3:  # the end, where it is easily overlooked
        at = max(0, len(lines) - 1 - random.randrange(4))
    what = random.randrange(6)
    if what == 0:
        del lines[at:at + random.choice([1, 1, 2, 5])]
    elif what == 1:
        lines.insert(at, lines[other])
    elif what == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif what == 3:
        lines[at:at] = random.choice([[b""], [b"", b""], [b"x"], [b"{}"]])
    elif what == 4:
        lines[at] = random.choice(others.split(b"\n"))
    else:
        lines.insert(at, lines[at][:random.randrange(len(lines[at]) + 1)])
    return b"\n".join(lines)


# --- files --------------------------------------------------------------------------------------------------------
def change_files(random, files):
    """Removed, renamed, swapped, emptied, doubled; and files of names that mean nothing."""
    files, names = dict(files), sorted(files)
    name, other = random.choice(names), random.choice(names)
    what = random.randrange(8)
    if what == 0:
        del files[name]
    elif what == 1:
        files[random.choice([f"{random.randrange(90):020}.jsonl", "1.jsonl", ".jsonl", "x" + name, name[:-6], name + ".old",
                             name.upper()])] = files.pop(name)
    elif what == 2:
        files[name], files[other] = files[other], files[name]
    elif what == 3:
        files[name] = random.choice([b"", b"\n", b"\0" * 512, b"\n" * 512])
    elif what == 4:
        files[f"{int(name[:20]) + random.choice([1, 7, 1000]):020}.jsonl"] = random.choice([b"", b"\n", files[name]])
    elif what == 5:
        files[random.choice(["next", "lock", "notes.txt", name[:-6] + ".notes", "x.json"])] = files[name]
    elif what == 6:
        files[name] = files[name] + files[other]
    else:
        end = sum(data.count(b"\n") for data in files.values())
        files[f"{end:020}.jsonl"] = random.choice([b"", b"\n" * 9, b"\0" * 9, b"{", b'{"@":"', b"x\n", b"{}\n"])
    return files


# --- entries, with hashes made again --------------------------------------------------------------------------------
def _set_somewhere(random, value):
    """Overwrites, removes or adds one thing anywhere in an entry."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            break
        key = random.choice(keys)
        if isinstance(value[key], (dict, list)) and random.random() < 0.7:
            value = value[key]
            continue
        what = random.random()
        if what < 0.6:
            value[key] = copy.deepcopy(random.choice(VALUES))
        elif what < 0.8:
            del value[key]
        elif isinstance(value, dict):
            _rename(random, value, key)
        break


def _rename(random, value, key):
    new = random.choice([key + "_base64", "zz", "", "\u00e9", "count", "text", "said", "reason", "agent", "b64"])
    value[new] = value.pop(key) if random.random() < 0.7 else copy.deepcopy(value[key])
    if new.endswith("_base64") and random.random() < 0.8:
        value[new] = random.choice(["//8=", "YWxsb3c=", "cmVwYWly", "", "YQ", "QmluZA==", "QmluZB=="])


def change_value(random, entries):
    _set_somewhere(random, random.choice(entries))


def change_field(random, entries):
    """A field takes the value that it has elsewhere."""
    entry = random.choice(entries)
    key = random.choice(list(entry))
    entry[key] = copy.deepcopy(random.choice([e for e in entries if key in e])[key])


def change_number(random, entries):
    entry = random.choice(entries)
    key = random.choice([k for k, v in entry.items() if type(v) is int])
    entry[key] += random.choice([-1, 1, -SECONDS, SECONDS])


def change_entries(random, entries):
    at, other, what = random.randrange(len(entries)), random.randrange(len(entries)), random.randrange(5)
    if what == 0:
        del entries[at:at + random.choice([1, 1, 2, 5])]
    elif what == 1:
        entries.insert(at, copy.deepcopy(entries[other]))
    elif what == 2:
        entries[at], entries[other] = entries[other], entries[at]
    elif what == 3:
        entries.insert(at, entries.pop(other))
    else:
        entries.insert(at, made_up(random, entries, entries[min(at, len(entries) - 1)]))


def made_up(random, entries, near):
    """An entry of any type, copied where there is one."""
    kind = random.choice(TYPES)
    same = [e for e in entries if e["t"] == kind]
    entry = copy.deepcopy(random.choice(same)) if same else {"dropped": 3}
    entry.update({"@": near["@"], "b": near["b"], "e": "", "i": -1, "prev": "", "t": kind, "ts": near["ts"]})
    if not same and kind != "recovered":
        del entry["dropped"]
    return entry


def change_outcomes(random, entries):
    """One more outcome, or one of something else."""
    outcomes = [n for n, e in enumerate(entries) if e["t"] == "outcome"]
    decisions = [e for e in entries if e["t"] == "decision"]
    if not outcomes or not decisions:
        return
    at = random.choice(outcomes)
    entry = copy.deepcopy(entries[at])
    entry["result"] = random.choice(["ok", "suspended", "error", "rolled back", "unknown", "stopped", entry["result"]])
    if random.random() < 0.6:
        entry["decision"] = random.choice(decisions)["i"]
    if random.random() < 0.2:
        entry["session"] += 1
    if random.random() < 0.5:
        entries[at] = entry
    else:
        entries.insert(random.randrange(at, len(entries)), entry)


def change_time(random, entries):
    at = random.randrange(len(entries))
    end = random.choice([at + 1, at + 1, len(entries)])
    longest = next(e["heartbeat"] for e in entries if "heartbeat" in e) * 1000
    by = random.choice([-5 * SECONDS, -6 * SECONDS, -3600 * SECONDS, 3600 * SECONDS, longest, longest + 5 * SECONDS,
                        longest + 6 * SECONDS])
    for entry in entries[at:end]:
        entry["ts"] += by + random.choice([0, 0, 1, -1])


def change_batches(random, entries):
    entry = random.choice(entries)
    if "e" in entry and random.random() < 0.7:
        del entry["e"]
    elif "e" not in entry:
        entry["e"] = ""
    else:
        entry["b"] += random.choice([-1, 1])


def change_frontier(random, entries):
    segment = random.choice([e for e in entries if e["t"] == "segment"])
    frontier = segment["frontier"]
    if frontier and random.random() < 0.6:
        frontier[random.randrange(len(frontier))] = random.choice([entries[-1]["prev"], "", "A" * 43, 7, frontier[0]])
    elif frontier and random.random() < 0.5:
        random.choice([frontier.pop, frontier.reverse])()
    else:
        frontier.append("A" * 43)


FORGED = [change_value, change_value, change_field, change_number, change_entries, change_entries, change_outcomes,
          change_time, change_batches, change_frontier]


def forged(random, entries):
    """(what was done, the lines of a log that somebody with the format's page in hand made); None for the lines where the
    second change finds nothing to change behind the first one, or no bytes say the result."""
    entries = copy.deepcopy(entries)
    what = random.choice(FORGED)
    what(random, entries)
    whole = random.random() < 0.7 and what is not change_number
    try:
        if random.random() < 0.15:
            random.choice(FORGED)(random, entries)
        return what.__name__, forge.remade(entries, renumber=whole, batches=whole and random.random() < 0.9,
                                           frontiers=what is not change_frontier)
    except (canonical.NotCanonical, AttributeError, IndexError, KeyError, TypeError):
        return what.__name__, None
