"""The form of each type of entry, as the tables of docs/audit-format.md and docs/audit-sealing.md say it. Forms, not values:
what a field says is checked only where a rule between entries needs it."""

import base64
import binascii

_URL = str.maketrans("-_+/", "+/??")  # base64url as base64; what only base64 has is nothing
# The class of each field that may be sealed, by the type of its entry.
SEALED = {"decision": {"parameters": "parameters", "reason": "text", "said": "said", "text": "text"},
          "dry_run": {"report": "text"}, "outcome": {"error": "text"}}
LEAST_BOX = 28  # bytes: a nonce and a tag
MARK = "*"  # in front of the name of a field that is always there


def _number(value):
    return type(value) is int and value >= 0


def _boolean(value):
    return isinstance(value, bool)


def _ascii(value):
    """A string that never needs `_base64`."""
    return isinstance(value, str)


def _text(value):
    """A string that may stand as NAME_base64 instead."""
    return isinstance(value, str)


def decoded(value):
    """The bytes of canonical base64 with padding; None for everything else."""
    try:
        raw = base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        return None
    return raw if base64.b64encode(raw).decode("ascii") == value else None


def _texts(value):
    def fits(one):
        if isinstance(one, dict):
            return list(one) == ["base64"] and decoded(one["base64"]) is not None
        return isinstance(one, str)
    return isinstance(value, list) and all(map(fits, value))


def _url(length):
    """So many characters of base64url that encode whole bytes, and no bits behind them."""
    def fits(value):
        return isinstance(value, str) and len(value) == length and decoded(value.translate(_URL) + "=") is not None
    return fits


_hash, _seal = _url(43), _url(11)


def _hashes(value):
    return isinstance(value, list) and all(map(_hash, value))


def _objects(form, exactly_one=False):
    def fits(value):
        return isinstance(value, list) and all(
            isinstance(one, dict) and (not exactly_one or len(one) == 1) and malformed(one, form) is None
            for one in value)
    return fits


def _said(value):
    return isinstance(value, dict) and value != {} and malformed(value, _SAID) is None


def _sealed(kind):
    """`sealed` of an entry of this type."""
    def pair(value):
        return (isinstance(value, list) and len(value) == 2 and _hash(value[0])
                and len(decoded(value[1]) or b"") >= LEAST_BOX)

    def fits(value):
        form = {**{name: (_number, True) for name in ("epoch", "slot")}, **{name: (pair, False) for name in SEALED[kind]}}
        return isinstance(value, dict) and len(value) > 2 and malformed(value, form) is None
    return fits


def _form(**kinds):
    """{field: (check, always there)} from `kind="*field field"`."""
    checks = {"number": _number, "boolean": _boolean, "ascii": _ascii, "text": _text, "texts": _texts}
    made = {}
    for kind, names in kinds.items():
        for name in names.split():
            made[name.lstrip(MARK)] = (checks[kind], name.startswith(MARK))
    return made


def malformed(entry, form):
    """The first field of `entry` that `form` does not have so, or that it wants and `entry` has not; else None."""
    for name, value in entry.items():
        check = form.get(name, (None, False))[0]
        if check is None and name.endswith("_base64") and form.get(name[:-7], (None, False))[0] is _text:
            check = lambda raw: decoded(raw) is not None
        if check is None or not check(value):
            return name
    for name, (check, needed) in form.items():
        if needed and name not in entry and not (check is _text and name + "_base64" in entry):
            return name
    return None


_TRAITS = _form(text="arguments body column default extension kind relation via", number="cause oid",
                boolean="computed constraint missing missing_ok not_null other_type where",
                texts="casts names owner part_of parts values")


def _traits(value):
    return isinstance(value, dict) and malformed(value, _TRAITS) is None


_EFFECT = {**_form(text="*action *outcome ground object reason route rule", boolean="all_columns", texts="columns"),
           "traits": (_traits, False)}
_PARAMETER = _form(text="hex text", number="length", boolean="null")
_SAID = _form(number="confidence", text="reason")

COMMON = {**_form(ascii="*@ *t", number="*b *i *ts"), "e": (_seal, False), "prev": (_hash, True)}
TYPES = {
    "segment": {**_form(ascii="*boot key"), "frontier": (_hashes, True)},
    "open": _form(ascii="*boot *version key", number="*heartbeat"),
    "key": _form(ascii="*new *old"),
    "recovered": _form(number="*dropped"),
    "close": {},
    "heartbeat": {},
    "session": _form(text="*event agent application auth certificate client database login owner reason role sqlstate "
                          "tls_cipher tls_version",
                     number="*session count server_pid", boolean="*tls"),
    "decision": {**_form(text="*message *verdict agent catalog dry_run policy reason role rule sqlstate text trace",
                         number="*agent_seq *session *text_length catalog_age rows_limit statement",
                         texts="kinds limits rates"),
                 "effects": (_objects(_EFFECT), False), "said": (_said, False),
                 "parameters": (_objects(_PARAMETER, exactly_one=True), False)},
    "outcome": _form(text="*result error limit sqlstate status", number="*decision *duration *session attempts bytes rows",
                     texts="changed differs tags"),
    "policy": _form(text="*bytes *hash name"),
    "config": _form(text="*bytes *hash"),
    "dry_run": _form(text="*hash report", number="*session"),
    "counted": _form(text="*sqlstate agent rule", number="*count *session"),
    "anchor": _form(text="*name *state reason", number="*size"),
    "erase": _form(text="hash order class", number="before"),
    "hold": _form(text="*hash *order"),
    "prune": _form(text="*hash *order *root", number="*first"),
    "read": _form(text="*by purpose", number="*first *last *records", texts="classes"),
    "export": _form(text="*by *hash purpose", number="*first *last *records", texts="classes"),
}
FORMS = {kind: {**COMMON, **form, **({"sealed": (_sealed(kind), False)} if kind in SEALED else {})}
         for kind, form in TYPES.items()}


def wrong_field(entry):
    """The name of the field by which `entry` is not of its type's form; None where it is."""
    kind = entry.get("t")
    form = FORMS.get(kind) if isinstance(kind, str) else None
    if form is None:
        return "t"
    wrong = malformed(entry, form)
    if wrong is None:
        wrong = _half(entry) if kind == "erase" else _in_the_clear(entry)
    return wrong


def stands(entry, name):
    """In either way."""
    return name in entry or name + "_base64" in entry


def sealed_fields(entry):
    """{field: [commitment, box]}."""
    return {name: pair for name, pair in entry.get("sealed", {}).items() if name not in ("epoch", "slot")}


def _in_the_clear(entry):
    """A field that is sealed and stands beside it as well."""
    for name in sealed_fields(entry):
        if stands(entry.get("said", {}), "reason") if name == "said" else stands(entry, name):
            return name
    return None


def _half(entry):
    """Of an `erase`: a field that is one too many or missing."""
    told = [name for name in ("hash", "order", "before", "class") if stands(entry, name)]
    return None if told in (["hash", "order"], ["before", "class"]) else "erase"


def text_of(entry, name):
    """Bytes of a text, however it is written; empty where it is left out."""
    if name in entry or name + "_base64" not in entry:
        return entry.get(name, "").encode("utf-8")
    return decoded(entry[name + "_base64"])
