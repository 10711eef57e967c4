"""What a JSON schema says of each value, as soon as the value is complete.

A `Check` stands for one place of a document. Where a schema only names fields and items, its checks are walked along
with the values (`field`, `item`), so that each value is looked at once, in its place; everything else (alternatives,
conditions, patterns of names) is left to the `jsonschema` library when the whole value is there.

Schemas and values are not trusted: nothing is fetched, nothing raises, and what would take long is not checked. A
verdict is a list of problems in words; `None` says that nothing is known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from itertools import islice
from typing import Any, Union

Verdict = Union[list[str], None]
"""The problems of a value; `None` when it was not checked."""

MOST_STEPS = 60_000
"""Rules that are looked at for one document, before checking ends; some tenths of a second."""
MOST_PROBLEMS = 4
"""Problems of one value that are told."""
MOST_COLUMNS = 12
"""Fields of an object that a table can have as columns."""
SHOWN_VALUE = 60
"""Characters of a value that a problem repeats."""

_ANNOTATIONS = frozenset({"title", "description", "default", "examples", "deprecated", "readOnly", "$comment", "$defs"})
_WALKED = _ANNOTATIONS | {
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "minItems",
    "maxItems",
    "$schema",
    "$id",
    "strict",
}
_TYPES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "object": "an object",
    "array": "a list",
}


class Check:
    """What a schema says of one place in a document."""

    __slots__ = ("_document", "_inside", "_plain", "_schema", "known")

    def __init__(self, document: _Document, schema: Any) -> None:
        self._document = document
        self._schema = schema
        self.known: Mapping[str, Any] = document.resolved(schema)
        """The schema, with references followed and without the alternative `null`; empty when it is not simple."""
        named = self.known.get("type")
        simple = isinstance(schema, dict) and schema.keys() <= _ANNOTATIONS | {"type"}
        self._plain = named if simple and isinstance(named, str) and named in _TYPES else None
        self._inside = self.known if self.known and self.known.keys() <= _WALKED else None

    def walks(self, kind: str) -> bool:
        """Whether the parts of an `object` or `array` in this place have checks of their own."""
        return self._inside is not None and self._inside.get("type") == kind

    def field(self, name: str) -> Check | None:
        """The check of a field."""
        found = _mapping(self.known.get("properties")).get(name, self.known.get("additionalProperties", True))
        return None if found is True or found is False else self._document.check(found)

    def forbids(self, name: str) -> bool:
        """Whether there must not be a field of that name."""
        return self.known.get("additionalProperties") is False and name not in _mapping(self.known.get("properties"))

    def item(self) -> Check | None:
        """The check of the items of a list."""
        found = self.known.get("items", True)
        return None if found is True else self._document.check(found)

    def columns(self) -> tuple[str, ...]:
        """The fields of an object in this place, when there are so few that a table can have them as columns."""
        names = tuple(name for name in _mapping(self.known.get("properties")) if isinstance(name, str))
        return names if len(names) <= MOST_COLUMNS else ()

    def narrow(self, name: str) -> bool:
        """Whether the values of a field are short: numbers, booleans."""
        check = self.field(name)
        return check is not None and check.known.get("type") in ("integer", "number", "boolean")

    def missing(self, names: Iterable[str]) -> list[str]:
        """The required fields that are not there."""
        required = self.known.get("required")
        given = set(names)
        wanted = required if isinstance(required, list) else []
        return list(dict.fromkeys(name for name in wanted if isinstance(name, str) and name not in given))

    def defaults(self, names: Iterable[str]) -> dict[str, str]:
        """The defaults of fields that are not there and need not be, as JSON text."""
        given = {*names, *self.missing(names)}
        found: dict[str, str] = {}
        for name, schema in _mapping(self.known.get("properties")).items():
            if name not in given and isinstance(schema, dict) and "default" in schema and isinstance(name, str):
                text = json_text(schema["default"])
                if text is not None:
                    found[name] = text
        return found

    def length_problems(self, length: int) -> list[str]:
        """What is wrong with the number of items of a list."""
        least, most = _count(self.known.get("minItems")), _count(self.known.get("maxItems"))
        if least is not None and length < least:
            return [f"expected at least {_many(least, 'item')}, got {length}"]
        if most is not None and length > most:
            return [f"expected at most {_many(most, 'item')}, got {length}"]
        return []

    def problems(self, value: Any) -> Verdict:
        """What is wrong with a complete value."""
        if self._plain is not None:
            return [] if _IS[self._plain](value) else [f"expected {_TYPES[self._plain]}, got {shown(value)}"]
        return self._document.problems(self._schema, value)


class _Document:
    """A whole schema, and what it costs to use it."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema
        self._checks: dict[int, Check] = {}
        self._steps = _Steps(MOST_STEPS)
        self._validator: Any = None

    def check(self, schema: Any) -> Check:
        """The check of a place, the same one for the same schema."""
        found = self._checks.get(id(schema))
        if found is None:
            found = self._checks[id(schema)] = Check(self, schema)
        return found

    def resolved(self, schema: Any) -> Mapping[str, Any]:
        """A schema without references and without the alternative `null`; empty when it is more than that."""
        for _ in range(20):
            if not isinstance(schema, Mapping):
                return {}
            choices = schema.get("anyOf")
            if "$ref" in schema and schema.keys() - {"$ref"} <= _ANNOTATIONS:
                schema = self._target(schema["$ref"])
            elif isinstance(choices, list) and schema.keys() - {"anyOf"} <= _ANNOTATIONS:
                real = [one for one in choices if not (isinstance(one, dict) and one.get("type") == "null")]
                if len(real) != 1:
                    return {}
                schema = real[0]
            else:
                return schema
        return {}

    def _target(self, reference: Any) -> Any:
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        place: Any = self.schema
        for step in reference[1:].split("/")[1:]:
            if not isinstance(place, Mapping):
                return None
            place = place.get(step.replace("~1", "/").replace("~0", "~"))
        return place

    def problems(self, schema: Any, value: Any) -> Verdict:
        """What `jsonschema` finds; `None` when it cannot say."""
        if not self._steps.left:
            return None
        token = _STEPS.set(self._steps)
        self._steps.skipped = False
        try:
            if self._validator is None:
                self._validator = _made_validator(self.schema)
            found = list(islice(self._validator.descend(value, schema), MOST_PROBLEMS + 1))
            told = [_in_words(error) for error in found[:MOST_PROBLEMS]]
        except Exception:  # a schema may be anything, and so may what the library makes of it
            return None
        finally:
            _STEPS.reset(token)
        if len(found) > MOST_PROBLEMS:
            told.append("and more")
        return told or (None if self._steps.skipped else [])


class _Steps:
    """How many rules may still be looked at."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.skipped = False
        """Whether a rule that could take long was left out."""

    def take(self) -> None:
        if not self.left:
            raise TimeoutError("checking this document takes too long")
        self.left -= 1


_STEPS: ContextVar[_Steps] = ContextVar("agentcell_schema_steps")


def check_of(schema: Mapping[str, Any] | None) -> Check | None:
    """The check of a whole document; `None` without a schema."""
    if not isinstance(schema, Mapping) or not schema:
        return None
    document = _Document(schema)
    return document.check(schema)


@cache
def _validator_class() -> Any:
    """The library's validator, which counts its steps."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    rules: dict[str, Any] = {name: _counted(name, rule) for name, rule in Draft202012Validator.VALIDATORS.items()}
    return extend(Draft202012Validator, rules)


def _made_validator(schema: Mapping[str, Any]) -> Any:
    """A validator that fetches nothing."""
    from referencing import Registry

    return _validator_class()(schema, registry=Registry())


def _counted(name: str, rule: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
    def counted(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
        steps = _STEPS.get()
        steps.take()
        if _takes_long(name, wanted, instance):
            steps.skipped = True
            return
        yield from rule(validator, wanted, instance, schema) or ()

    return counted


def _takes_long(name: str, wanted: Any, instance: Any) -> bool:
    """Whether a rule may take much more time than the value is long: patterns, and comparing all with all."""
    if name == "pattern":
        return not isinstance(wanted, str) or not _is_quick(wanted) or len(str(instance)) > 1_000
    if name == "patternProperties":
        return not all(isinstance(pattern, str) and _is_quick(pattern) for pattern in _mapping(wanted))
    return name == "uniqueItems" and isinstance(instance, list) and len(instance) > 500


def _is_quick(pattern: str) -> bool:
    """Whether a pattern has no repeated groups, no backward references and at most two open ends."""
    bare = re.sub(r"\[(?:\\.|[^\]\\])*\]", "x", pattern)
    repeated = re.search(r"\)(?:[*+]|\{)|\\[1-9]|\(\?P=", bare)
    return not repeated and len(re.findall(r"(?<!\\)[*+]|,\}", bare)) <= 2


def _in_words(error: Any) -> str:
    """A problem in words, with the place where it is when that is further inside."""
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    return f"{where.lstrip('.')}: {_said(error)}" if where else _said(error)


def _said(error: Any) -> str:
    wanted, value = error.validator_value, error.instance
    rule = _WORDS.get(error.validator)
    if rule is not None:
        return f"expected {rule(wanted)}, got {shown(value)}"
    match error.validator:
        case "minLength" | "maxLength":
            least = "at least" if error.validator == "minLength" else "at most"
            return f"expected {least} {_many(wanted, 'character')}, got {len(value)}"
        case "minItems" | "maxItems":
            least = "at least" if error.validator == "minItems" else "at most"
            return f"expected {least} {_many(wanted, 'item')}, got {len(value)}"
        case "uniqueItems":
            return "an item stands there twice"
        case "required":
            names = ", ".join(repr(name) for name in wanted if name not in value)
            return f"{names} is required, but not given"
        case "anyOf" | "oneOf":
            return _alternatives(error)
    return _cut(str(error.message), 200)


def _alternatives(error: Any) -> str:
    """Why none of several schemas fits."""
    value = error.instance
    tried = list(error.context or ())
    if not tried:
        return "fits more than one of the allowed forms"
    if all(one.validator == "type" and not one.relative_path for one in tried):
        wanted = [name for one in tried for name in _names(one.validator_value)]
        return f"expected {_one_of(dict.fromkeys(wanted))}, got {shown(value)}"
    nearest = max(tried, key=lambda one: (len(one.relative_path), one.validator not in ("type", "const", "enum")))
    return f"fits none of the allowed forms; the nearest: {_in_words(nearest)}"


def _names(wanted: Any) -> list[str]:
    return [_TYPES.get(name, str(name)) for name in (wanted if isinstance(wanted, list) else [wanted])]


def _one_of(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def _choices(wanted: Any) -> str:
    return _cut("one of " + ", ".join(shown(choice) for choice in wanted), 240)


_WORDS: dict[str, Callable[[Any], str]] = {
    "type": lambda wanted: _one_of(_names(wanted)),
    "enum": _choices,
    "const": lambda wanted: shown(wanted),
    "minimum": lambda wanted: f"at least {shown(wanted)}",
    "maximum": lambda wanted: f"at most {shown(wanted)}",
    "exclusiveMinimum": lambda wanted: f"more than {shown(wanted)}",
    "exclusiveMaximum": lambda wanted: f"less than {shown(wanted)}",
    "multipleOf": lambda wanted: f"a multiple of {shown(wanted)}",
    "pattern": lambda wanted: f"text like {_cut(str(wanted), 100)}",
}


def shown(value: Any) -> str:
    """A value in a problem: short, as JSON people read it."""
    match value:
        case str():
            return repr(value if len(value) <= SHOWN_VALUE else value[:SHOWN_VALUE] + "\u2026")
        case Mapping():
            return "an object"
        case list():
            return "a list"
    return _cut(json_text(value) or repr(value), SHOWN_VALUE)


def json_text(value: Any) -> str | None:
    """JSON text of a value; `None` when it has none."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return None


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "\u2026"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_integer(value: Any) -> bool:
    whole = isinstance(value, float) and value.is_integer()
    return whole or (isinstance(value, int) and not isinstance(value, bool))


_IS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
}
