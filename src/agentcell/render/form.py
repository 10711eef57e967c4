"""The fields of a form: what a person may change of a call's arguments, and what the changes come to.

The form is made from the arguments and the tool's schema, here alone: the page gets texts to show and sends texts back,
and what they mean is decided by the fields that the kernel makes anew. A field that a person has not touched keeps the
value that the model wrote, whatever its text looked like.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union

from . import escape

FieldKind = Literal["text", "integer", "number", "boolean", "choice", "json", "raw"]
"""What a field takes; `raw` is the whole of the arguments as JSON text."""
Entered = Union[str, bool]
"""What a page sends of one field."""

ABSENT: Any = object()
"""The value of a field that the model has left out."""
RAW = "[]"
"""The name of the field with the whole arguments."""
NAMES = {
    "text": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "yes or no",
    "choice": "choice",
    "json": "JSON",
    "raw": "JSON",
}
"""The kinds in words."""


@dataclass(frozen=True)
class Field:
    """One argument."""

    path: str
    """Where it stands in the arguments: a JSON list of names."""
    name: str
    """Its name."""
    kind: FieldKind
    """What it takes."""
    value: Any
    """What the model wrote; `ABSENT` when it wrote nothing."""
    text: str
    """The value as it is shown and edited."""
    options: tuple[str, ...] = ()
    """What a choice offers, as JSON."""
    told: str = ""
    """What the schema says about it."""

    @property
    def is_given(self) -> bool:
        """Whether the model wrote it."""
        return self.value is not ABSENT


class FormError(ValueError):
    """What a person has entered cannot be taken."""


def fields(arguments: str, schema: Mapping[str, Any] | None) -> list[Field]:
    """The fields of a call, those that the model wrote first; one for the whole where they are not a JSON object."""
    given = parsed(arguments)
    if given is None:
        return [Field(RAW, "arguments", "raw", arguments, escape.visible(arguments))]
    known: Any = (schema or {}).get("properties")
    properties: Mapping[str, Any] = known if isinstance(known, Mapping) else {}
    defined: Any = (schema or {}).get("$defs")
    found = [_field(name, value, properties.get(name), defined) for name, value in given.items()]
    found += [_field(name, ABSENT, rule, defined) for name, rule in properties.items() if name not in given]
    return found


def parsed(arguments: str) -> dict[str, Any] | None:
    """The arguments as a dictionary; `None` when their text does not mean exactly one."""
    try:
        found = json.loads(arguments or "{}", object_pairs_hook=_without_repeats, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name comes twice")
    return dict(pairs)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _field(name: str, value: Any, rule: Any, defined: Any) -> Field:
    rule = _resolved(rule, defined)
    path = json.dumps([name])
    told = str(rule.get("description") or "")
    options = rule.get("enum")
    if isinstance(options, list) and options and (value is ABSENT or value in options):
        texts = tuple(_json(option) for option in options)
        return Field(path, name, "choice", value, "" if value is ABSENT else _json(value), texts, told)
    kind = _kind(value, rule)
    return Field(path, name, kind, value, _text(value, kind), (), told)


def _resolved(rule: Any, defined: Any) -> Mapping[str, Any]:
    """A property's rule, through a reference and past `or null`."""
    found: Any = rule if isinstance(rule, Mapping) else {}
    for _ in range(4):
        reference = found.get("$ref")
        if isinstance(reference, str) and isinstance(defined, Mapping):
            found = defined.get(reference.removeprefix("#/$defs/"), {})
        elif isinstance(choices := found.get("anyOf"), list):
            real = [c for c in choices if isinstance(c, Mapping) and c.get("type") != "null"]
            if len(real) != 1 or len(real) == len(choices):
                return found
            found = {**{k: v for k, v in found.items() if k != "anyOf"}, **real[0]}
        else:
            break
        if not isinstance(found, Mapping):
            return {}
    return found


def _kind(value: Any, rule: Mapping[str, Any]) -> FieldKind:
    """What a field takes: what the schema says, unless the model wrote something else."""
    says = rule.get("type")
    if isinstance(value, bool):
        return "boolean" if says in ("boolean", None) else "json"
    if isinstance(value, str):
        return "text" if says in ("string", None) else "json"
    if isinstance(value, (int, float)):
        if says == "integer" and isinstance(value, int):
            return "integer"
        return "number" if says in ("number", None) else "json"
    if value is ABSENT and says in ("string", "integer", "number"):
        return {"string": "text", "integer": "integer", "number": "number"}[says]  # type: ignore[return-value]
    return "json"


def _text(value: Any, kind: FieldKind) -> str:
    if value is ABSENT:
        return ""
    if kind == "text":
        return escape.visible(value)
    return escape.visible(_json(value, indent=2 if kind == "json" else None))


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def edited(arguments: str, schema: Mapping[str, Any] | None, entered: Mapping[str, Entered]) -> str | None:
    """The arguments with what a person has entered, as JSON text; `None` when nothing differs.

    Raises `FormError` for what cannot be taken, naming the field.
    """
    known = {field.path: field for field in fields(arguments, schema)}
    changed = [(known[path], value) for path, value in entered.items() if path in known]
    if not changed:
        return None
    if RAW in known:
        text = _shown_again(str(entered[RAW]), known[RAW].text, arguments)
        if parsed(text) is None:
            raise FormError("arguments: this is not a JSON object")
        return None if text == arguments else text
    before = parsed(arguments) or {}
    after = dict(before)
    for field, value in changed:
        taken = _taken(field, value)
        if taken is ABSENT:
            after.pop(field.name, None)
        else:
            after[field.name] = taken
    return None if _json(after) == _json(before) else _json(after)


def _taken(field: Field, entered: Entered) -> Any:
    """What an entered value means."""
    if field.kind == "boolean" or isinstance(entered, bool):
        if field.kind != "boolean" or not isinstance(entered, bool):
            raise FormError(f"{field.name}: this is not {NAMES[field.kind]}")
        return entered
    if _lines(entered) == _lines(field.text):
        return field.value
    if field.kind == "text":
        return _shown_again(entered, field.text, field.value if field.is_given else "")
    if field.kind == "choice" and entered not in field.options:
        if not entered and not field.is_given:
            return ABSENT
        raise FormError(f"{field.name}: choose one of {', '.join(field.options)}")
    if not entered.strip() and not field.is_given:
        return ABSENT
    return _read(field, entered)


def _read(field: Field, entered: str) -> Any:
    try:
        value = json.loads(entered, object_pairs_hook=_without_repeats, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise FormError(f"{field.name}: this is not {_a(field.kind)}") from None
    if field.kind in ("integer", "number") and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise FormError(f"{field.name}: this is not {_a(field.kind)}")
    if field.kind == "integer" and not isinstance(value, int):
        raise FormError(f"{field.name}: this is not {_a(field.kind)}")
    return value


def _a(kind: FieldKind) -> str:
    return NAMES[kind] if NAMES[kind] == "JSON" else f"a {NAMES[kind]}"


def _lines(text: str) -> str:
    """Text with the line ends that a page gives back."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _shown_again(entered: str, shown: str, original: str) -> str:
    """What was entered, with the characters for which the field showed escapes."""
    if shown == original:
        return entered
    hidden = {escape.visible(char): char for char in original if escape.visible(char) != char}
    for sign, char in hidden.items():
        entered = entered.replace(sign, char)
    return entered


def differences(asked: str, ran: str) -> list[tuple[str, str | None, str | None]]:
    """The arguments that a person has changed: name, text before and text after; `None` where there is none."""
    before, after = parsed(asked), parsed(ran)
    if before is None or after is None:
        return [("arguments", escape.visible(asked), escape.visible(ran))]
    names: Iterable[str] = {**before, **after}
    return [
        (name, _said(before.get(name, ABSENT)), _said(after.get(name, ABSENT)))
        for name in names
        if before.get(name, ABSENT) is ABSENT
        or after.get(name, ABSENT) is ABSENT
        or _json(before[name]) != _json(after[name])
    ]


def _said(value: Any) -> str | None:
    if value is ABSENT:
        return None
    return escape.visible(value if isinstance(value, str) else _json(value))
