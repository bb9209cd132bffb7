"""Logs to verify: what a gate wrote of logins, decisions, outcomes, refusals, stops and a kill -9, without a key and with."""

import shutil

import forge
import gate as gate_module
import harness
import wire
from gate import Gate, signing_key
from wire import SYNC, bind, describe_portal, execute, extended, parse, query

STATEMENTS = ["SELECT 1", "SELECT ssn FROM app.users", "UPDATE app.orders SET id = id WHERE id = 1", "SELEC", "SELECT 1/0",
              "SELECT 'B\u00fccher \u65e5\u672c \U0001f600'"]


_POLICY = {**harness.POLICY, "rules": harness.POLICY["rules"][:2]}


def signed_log(folder):
    """The folder of a log that a gate signed by a first key and, behind a kill -9, by a second: vkeys, and what an anchor has."""
    postgres = harness.shop()
    first, second = signing_key(which="first"), signing_key(which="second")
    gate = Gate(postgres, _POLICY, [harness.AGENT],
                config={"audit": {"key": str(first), "anchors": {"a": {"file": str(folder / "anchor")}}}})
    try:
        _traffic(gate)
        gate.kill()
        gate.config["audit"].update(key=str(second), previous_key=str(first))
        gate.write_config()
        gate.start()
        _traffic(gate)
        gate.stop()
    finally:
        gate.stop()
        postgres.stop()
    made = _copy(gate.audit_dir, folder / "by a gate")
    vkeys = [file.with_name(file.name + ".pub").read_text().strip() for file in (first, second)]
    return made, vkeys, (folder / "anchor").read_bytes()


def logs(folder):
    """{name: folder}: `stopped` and `killed` end with a whole batch, `torn` within one, `segments` is `stopped` in several, `read` was read."""
    postgres = harness.shop()
    try:
        made = _made_by_a_gate(postgres, folder)
    finally:
        postgres.stop()
    made["read"] = _read(folder)
    made["torn"] = _copy(made["killed"], folder / "torn")
    [segment] = made["torn"].glob("*.jsonl")
    segment.write_bytes(segment.read_bytes().rstrip(b"\n")[:-30] + b"\n" * 100)
    made["segments"] = folder / "segments"
    made["segments"].mkdir()
    for name, data in forge.files(_in_segments(forge.read_log(made["stopped"]))).items():
        (made["segments"] / name).write_bytes(data)
    return made


def _read(folder):
    """The log of a gate, whose sealed texts were opened while it ran and behind its end."""
    postgres = harness.shop()
    gate = Gate(postgres, _POLICY, [harness.AGENT], config={"audit": {"key": None, "text": None}})
    keys = ["--sealing-keys", sealing_keys_of(gate.audit_dir), "--by", "J\u00fcrgen", "--purpose", "a test"]
    try:
        _traffic(gate)
        opened = [gate_module.run("audit", "show", gate.audit_dir, *keys),
                  gate_module.run("audit", "export", gate.audit_dir, "--format", "csv", "--out", folder / "read.csv", *keys)]
        gate.stop()
        opened.append(gate_module.run("audit", "query", gate.audit_dir, *keys, "--config", gate.folder / "portcullis.json"))
    finally:
        gate.stop()
        postgres.stop()
    assert [done.returncode for done in opened] == [0, 0, 0], opened
    made = _copy(gate.audit_dir, folder / "read")
    assert [e["t"] for e in gate_module.read_entries(made) if e["t"] in ("read", "export")] == ["read", "export", "read"]
    return made


def _made_by_a_gate(postgres, folder):
    gate = Gate(postgres, _POLICY, [harness.AGENT], config={"audit": {"key": None}})
    try:
        _traffic(gate)
        gate.stop()
        gate.start()
        with gate.connect(harness.AGENT) as connection:
            connection.talk(query("SELECT 2"))
            gate.kill()
        made = {"killed": _copy(gate.audit_dir, folder / "killed")}
        gate.start()
    finally:
        gate.stop()
    made["stopped"] = _copy(gate.audit_dir, folder / "stopped")
    return made


def _traffic(gate):
    with gate.connect(harness.AGENT) as connection:
        for statement in STATEMENTS:
            connection.talk(query(statement))
        connection.talk(query(b"SELECT '\xff'"))  # not UTF-8: kept as base64
        connection.talk(extended("SELECT $1::text, $2::text", ["a", None]), SYNC)
        connection.talk(parse("SELECT generate_series(1, 10)", "s"), bind([], "s", "p"), describe_portal("p"),
                        execute("p", 3), execute("p"), SYNC)
    try:
        gate.socket().log_in("nobody", "no password", gate.database)
    except wire.ServerError:
        pass


def sealing_keys_of(log):
    """The folder of the keys of this log's sealed fields, where there is one."""
    return log.with_name(log.name + ".keys")


def _copy(source, to):
    """With a little of the space that a killed gate had allocated: a MiB of line feeds makes each check slow."""
    to.mkdir()
    for segment in source.glob("*.jsonl"):
        raw = segment.read_bytes()
        whole = raw.rstrip(b"\n") + b"\n"
        (to / segment.name).write_bytes(whole + raw[len(whole):len(whole) + 64])
    for notes in source.glob("*.notes"):
        (to / notes.name).write_bytes(notes.read_bytes())
    if sealing_keys_of(source).exists():
        shutil.copytree(sealing_keys_of(source), sealing_keys_of(to))
    return to


def _in_segments(entries):
    """Segments have 256 MiB before a gate begins another; here they begin wherever a batch does, after each tenth entry."""
    begins = {n for n in range(1, len(entries)) if "e" in entries[n - 1]}
    return forge.remade(forge.split(entries, set(sorted(begins)[5::10])), renumber=True, batches=True)
