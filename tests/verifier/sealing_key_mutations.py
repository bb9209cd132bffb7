"""What can be done by chance to the keys of a log with sealed fields, seal_mutations.Log: ordered or not, and to their files."""

import base64

import fields
import mutations
import orders
import sealing


def destroy(chance, log):
    """Slots, ordered or not; a class; a file; all."""
    epoch, what = log.epochs[chance.choice(sorted(log.epochs))], chance.randrange(6)
    if what < 3:
        for entry in chance.sample(log.with_seals(), k=chance.choice([1, 1, 3])):
            told = entry["sealed"]
            known = isinstance(told, dict) and type(told.get("epoch")) is int and log.epochs.get(told["epoch"])
            if known and type(told.get("slot")) is int and 0 <= told["slot"] < sealing.SLOTS:
                known.puncture(chance.choice(sealing.CLASSES), told["slot"])
                log.keys[known.name] = known.file()
    elif what == 3:
        epoch.drop(chance.choice(sealing.CLASSES))
        log.keys[epoch.name] = epoch.file()
    elif what == 4:
        log.keys.pop(epoch.name, None)
    else:
        log.keys = {}


def carry_out(chance, log):
    for entry in log.of("erase"):
        try:
            order = orders.read(order_of(entry))
        except orders.NotAnOrder:
            continue
        for at, sealed in enumerate(log.entries):
            told = sealed.get("sealed")
            for kind in order.classes if told else ():
                if order.covers(at, 0, kind) and told["epoch"] in log.epochs:
                    log.epochs[told["epoch"]].puncture(kind, told["slot"])
    log.keys = {epoch.name: epoch.file() for epoch in log.epochs.values()}


def change_key_file(chance, log):
    if not log.keys:
        return
    name, other = chance.choice(sorted(log.keys)), chance.choice(sorted(log.keys))
    raw, what = log.keys[name], chance.randrange(6)
    if what < 2 and raw:
        log.keys[name] = chance.choice(mutations.BYTES)(chance, raw)
    elif what == 2:
        log.keys[name] = mutations.change_lines(chance, raw, log.keys[other])
    elif what == 3:
        epoch = log.epochs[chance.choice(sorted(log.epochs))]
        heads = [{"origin": "other"}, {"epoch": 2**53}, {"made": 2**53}, {"made": "01"}, {"made": 0}, {}]
        log.keys[name] = epoch.file(**chance.choice(heads))
    elif what == 4:
        key = base64.b64encode(chance.randbytes(32)).decode()
        level = chance.randrange(22)
        node = f"{chance.choice([*sealing.CLASSES, 'x'])} {level} {chance.randrange(1 + min(2**level, 2**20))} {key}\n".encode()
        lines = raw.splitlines(keepends=True)
        log.keys[name] = b"".join([*lines[:4], node, *lines[4 + chance.choice([0, 1, 999]):]])
    else:
        log.keys[name], log.keys[other] = log.keys[other], log.keys[name]


def rename_key_file(chance, log):
    if log.keys:
        raw = log.keys.pop(chance.choice(sorted(log.keys)))
        number = f"{chance.choice([0, 5, *log.epochs, 2**53 - 1, 2**53, 2**64]):020}"
        log.keys[chance.choice([number + ".sealing", number + ".sealing.new", "x.sealing", ".sealing", number])] = raw


def order_of(entry):
    """The bytes; none where there is no order."""
    return fields.text_of(entry, "order") if fields.stands(entry, "order") else b""
