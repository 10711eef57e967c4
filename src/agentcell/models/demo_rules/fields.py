"""The fields of a JSON schema as the demo model sees them: what sort of value each one wants.

A field's sort comes from its type, its format, then the words of its name ("to_currency" wants a currency) and at last
the words of its description. References, `anyOf` with null and type lists are resolved here, so that the rest sees one
plain schema per field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .words import name_words, stem, word_set, words_of

Schema = Mapping[str, Any]
"""A JSON schema, or a part of one."""

Sort = Literal[
    "enum", "boolean", "number", "array", "object", "email", "url", "path", "date", "time", "id", "ticker",
    "currency", "language", "unit", "place", "person", "expression", "free", "other",
]  # fmt: skip
"""What sort of value a field wants; "free" is any text, "other" is a text whose name tells nothing."""

MAX_DEPTH = 8
"""How deep references and nested objects are followed."""

_ABSENT: Any = object()

_NAMES: tuple[tuple[Sort, str], ...] = (
    ("email", "email mail emails"),
    ("url", "url uri link website webpage href"),
    ("path", "path file filename filepath directory dir folder"),
    ("date", "date day when deadline due since until start end starts ends checkin checkout birthday dates"),
    ("time", "time hour"),
    ("id", "id ids code sku ref reference tracking zip zipcode postcode uuid number phone isbn"),
    ("ticker", "ticker symbol stock tickers symbols stocks"),
    ("currency", "currency currencies"),
    ("language", "language lang languages"),
    ("unit", "unit units"),
    (
        "place",
        "city cities location locations place places country countries town region state address destination origin "
        "airport where capital",
    ),
    (
        "person",
        "name user username person customer guest author recipient contact owner who employee passenger attendee "
        "attendees participant participants people names friends recipients",
    ),
    ("expression", "expression expr formula equation calculation"),
    (
        "free",
        "query q search question text message body content prompt input topic topics keyword keywords term phrase "
        "sentence words string subject title description comment note notes reason request instruction instructions "
        "summary explanation reasoning answer response",
    ),
)
_BY_STEM: dict[str, Sort] = {stem(word): sort for sort, words in _NAMES for word in words.split()}
_VAGUE_HEADS = word_set("name names value string text str code number input")
_FORMATS: dict[str, Sort] = {
    "email": "email", "idn-email": "email", "uri": "url", "url": "url", "date": "date", "date-time": "date",
    "time": "time", "uuid": "id",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One property of an object schema."""

    name: str
    """The property's name."""
    schema: Schema
    """Its schema without references and without null."""
    required: bool
    """Whether a value must be found: listed as required, no default, not nullable."""
    listed: bool
    """Whether the schema lists it as required, as strict schemas do with every property."""
    nullable: bool
    """Whether null is a valid value."""
    default: Any
    """Its default; `NO_DEFAULT` when it has none."""
    sort: Sort
    """What sort of value it wants."""

    @property
    def words(self) -> list[str]:
        """The words of its name."""
        return name_words(self.name)


NO_DEFAULT: Any = _ABSENT
"""Stands for the default of a field that has none."""


def resolve(schema: Any, defs: Schema, depth: int = 0) -> tuple[Schema, bool]:
    """A schema without references and unions, and whether null is allowed; anything unreadable is `{}`."""
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return {}, False
    if isinstance(ref := schema.get("$ref"), str):
        target, nullable = resolve(defs.get(ref.rsplit("/", 1)[-1]), defs, depth + 1)
        return {**target, **{k: v for k, v in schema.items() if k != "$ref"}}, nullable
    for key in ("anyOf", "oneOf", "allOf"):
        options = schema.get(key)
        if isinstance(options, list) and options:
            found = [resolve(option, defs, depth + 1) for option in options]
            solid = [option for option, _ in found if option.get("type") != "null"]
            nullable = len(solid) < len(found) or any(null for _, null in found)
            own = {k: v for k, v in schema.items() if k != key}
            merged: dict[str, Any] = {}
            for option in solid if key == "allOf" else solid[:1]:
                merged.update(option)
            return {**merged, **own}, nullable
    kind = schema.get("type")
    if isinstance(kind, list):
        solid_types = [one for one in kind if one != "null"]
        return {**schema, "type": solid_types[0] if solid_types else "null"}, "null" in kind
    return schema, False


def definitions(schema: Schema) -> Schema:
    """The named parts that a schema's references point to."""
    found = schema.get("$defs") or schema.get("definitions") or {}
    return found if isinstance(found, Mapping) else {}


def fields_of(schema: Schema, defs: Schema) -> list[Field]:
    """The properties of an object schema, in the schema's order."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return []
    listed = schema.get("required")
    listed = set(listed) if isinstance(listed, list) else set()
    found = []
    for name, raw in properties.items():
        plain, nullable = resolve(raw, defs)
        default = plain.get("default", NO_DEFAULT)
        required = name in listed and default is NO_DEFAULT and not nullable
        sort = sort_of(str(name), plain)
        if name == "name" and sort == "person" and not _names_people(str(schema.get("title") or "")):
            sort = "other"
        found.append(Field(str(name), plain, required, name in listed, nullable, default, sort))
    return found


def _names_people(title: str) -> bool:
    """Whether the `name` of an object of this title is a person's: arguments and people, not events or products."""
    words = {stem(word) for word in name_words(title)}
    return not words or "arg" in words or bool(words & {w for w, sort in _BY_STEM.items() if sort == "person"})


def sort_of(name: str, schema: Schema) -> Sort:
    """What sort of value a field wants, from its type, format, name and description, in this order."""
    kind = schema.get("type")
    if "enum" in schema or "const" in schema:
        return "enum"
    if kind in ("boolean", "array", "object"):
        return kind
    if kind in ("integer", "number"):
        return "number"
    if "properties" in schema:
        return "object"
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    return sort_of_name(name, str(schema.get("description") or ""))


def sort_of_name(name: str, description: str = "") -> Sort:
    """What sort of text a name asks for; its last word decides, unless that is vague ("city_name" is a place)."""
    words = name_words(name)
    if words and words[-1] in _VAGUE_HEADS and len(words) > 1:
        words = [words[-1], *words[:-1]]
    for word in reversed(words):
        if sort := _BY_STEM.get(stem(word)):
            return sort
    for word in words_of(description[:200]):
        sort = _BY_STEM.get(word.stem)
        if sort and sort != "free" and word.text.lower() not in _VAGUE_HEADS and not word.is_stop:
            return sort
    return "other"
