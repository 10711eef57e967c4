"""Fills a JSON schema from what a prompt says: the arguments of a call, or a structured answer.

The trick: every field looks for its value in layers of text, from the part of the prompt that names the tool, to the
whole prompt, to earlier messages, to what other tools returned; and in each layer from the most telling sign
("city: Paris") to the vaguest (the words nobody else used). A stretch of text that one field took is gone for the
others, so choosy fields (dates, ids, currencies) choose before the ones that take any text.
Where the prompt lists several values for one plain field ("Paris, Tokyo and Lima") the filling has several rows: that
is how one sentence becomes three calls.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from .fields import NO_DEFAULT, Field, Schema, definitions, fields_of, resolve
from .layers import Layer, layer_of, written_value
from .numbers import assign_numbers, bounded
from .texts import Picker
from .words import word_set

MAX_ROWS = 8
"""Most rows, and so calls of one tool, that one sentence makes."""

ABOUT_ALL = word_set("explanation reasoning summary answer response rationale analysis output result reply conclusion")
"""Words of fields that want a text about the whole rather than a piece of the prompt."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where values come from."""

    request: str
    """The user's message."""
    start: int = 0
    """Where the part of the message begins that the values are for."""
    end: int = -1
    """Where that part ends; -1 for the end of the message."""
    evidence: frozenset[int] = frozenset()
    """Offsets of the words that chose the tool: they are not values."""
    earlier: Sequence[str] = ()
    """Earlier messages, the latest first."""
    outputs: Sequence[tuple[str, Any]] = ()
    """What tools returned so far: (tool name, parsed value), the latest last."""
    today: date | None = None
    """What "today" means where a schema demands a date; `None` for the real day."""
    answer: str = ""
    """The composed answer, for fields that want a text about the whole (only for structured answers)."""


@dataclass(slots=True)
class Filling:
    """What became of a schema."""

    rows: list[dict[str, Any]]
    """One object for each call; never empty, and valid as far as the schema can be followed."""
    missing: list[str] = field(default_factory=list)
    """Required fields for which nothing was found; their values in `rows` are stand-ins."""
    borrowed: list[str] = field(default_factory=list)
    """Fields filled from what an earlier tool returned."""


def fill(schema: Schema, source: Source, *, every_field: bool = False) -> Filling:
    """Fill an object schema; `every_field` also fills optional fields with the vaguest findings."""
    request = layer_of(source.request)
    end = len(source.request) if source.end < 0 else source.end
    layers = [request.part(source.start, end, source.evidence)]
    if (source.start, end) != (0, len(source.request)):
        layers.append(request.part(0, len(source.request), source.evidence))
    layers += [layer_of(text) for text in source.earlier[:3]]
    filler = _Filler(layers, source, definitions(schema), every_field)
    plain, _ = resolve(schema, filler.defs)
    columns = filler.columns(plain, 0)
    return Filling(_rows(columns), filler.missing, filler.borrowed)


def _rows(columns: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """Turn lists of values into objects; a shorter list repeats its first value."""
    count = min(MAX_ROWS, max((len(values) for values in columns.values()), default=1))
    rows = []
    for index in range(count):
        rows.append({name: v[index] if index < len(v) else v[0] for name, v in columns.items() if v})
    return rows


_EAGERNESS = {
    "enum": 0, "email": 1, "url": 1, "id": 2, "date": 1, "time": 1, "currency": 1, "expression": 1, "number": 3,
    "language": 2, "unit": 4, "path": 4, "ticker": 5, "boolean": 5, "array": 6, "person": 6, "place": 6, "object": 7,
    "other": 8, "free": 9,
}  # fmt: skip


class _Filler:
    """Fills the fields of one schema from the same layers, so that no stretch of text is used twice."""

    def __init__(self, layers: list[Layer], source: Source, defs: Schema, every_field: bool) -> None:
        self.layers = layers
        self.source = source
        self.defs = defs
        self.every_field = every_field
        self.missing: list[str] = []
        self.borrowed: list[str] = []
        self.picker = Picker(layers, source.today)
        self.written = written_value(source.request)

    def columns(self, schema: Schema, depth: int) -> dict[str, list[Any]]:
        """The values of each property, in the schema's order; an empty list leaves the property out."""
        fields = fields_of(schema, self.defs)
        numbers = [f for f in fields if f.sort == "number"]
        greedy = not any(f.sort == "free" for f in fields)
        found: dict[str, list[Any]] = {}
        for item in fields:
            given = self.returned(item) if self.every_field else NO_DEFAULT
            given = self.explicit(item) if given is NO_DEFAULT else given
            if given is not NO_DEFAULT:
                found[item.name] = [given]
        open_numbers = [f for f in numbers if f.name not in found]
        order = sorted(fields, key=lambda f: (_EAGERNESS[f.sort], not f.required))
        for item in order:
            if item.sort == "number" and open_numbers:
                found.update(assign_numbers(open_numbers, self.layers, greedy=greedy))
                open_numbers = []
            if not found.get(item.name):
                found[item.name] = self.field(item, schema, depth)
        return {item.name: found[item.name] for item in fields}

    def explicit(self, item: Field) -> Any:
        """The value the prompt gives by name ("city: Paris", `{"city": "Paris"}`), `NO_DEFAULT` without one."""
        if item.sort in ("object", "array") and not isinstance(self.written.get(item.name), (dict, list)):
            return NO_DEFAULT
        if item.name in self.written:
            value = self.written[item.name]
            return value if _fits(value, item.schema) else NO_DEFAULT
        value = self.picker.by_name(item)
        return (
            bounded(value, item.schema)
            if item.sort == "number" and value is not NO_DEFAULT
            else bounded_text(value, item.schema)
        )

    def field(self, item: Field, parent: Schema, depth: int) -> list[Any]:
        """The values for one field, or the stand-in that keeps the object valid."""
        about_all = item.sort in ("free", "other") and set(item.words) & ABOUT_ALL
        if self.every_field and about_all and self.source.answer:
            return [bounded_text(self.source.answer, item.schema)]
        values = self.found(item, parent, depth)
        if values:
            return values
        if item.default is not NO_DEFAULT and not item.required:
            return [item.default] if item.listed else []
        if item.required and item.sort != "boolean" and (value := self.borrow(item)) is not NO_DEFAULT:
            self.borrowed.append(item.name)
            return [value]
        vague = item.sort in ("place", "person", "free", "other", "path", "language")
        if vague and (item.required or (self.every_field and not item.nullable)):
            guess = self.picker.guess(item, self.source.answer)
            if guess:
                return [bounded_text(guess, item.schema)]
        if item.nullable:
            return [None] if item.listed else []
        if not item.required and not item.listed:
            return []
        if item.sort not in ("boolean", "enum"):
            self.missing.append(item.name)
        return [self.stand_in(item.schema, item, depth)]

    def found(self, item: Field, parent: Schema, depth: int) -> list[Any]:
        """What the layers say about one field; empty when they say nothing."""
        match item.sort:
            case "object":
                wanted = item.required or self.every_field or (item.listed and not item.nullable)
                if depth > 5 or not wanted:
                    return []
                return _rows(self.columns(item.schema, depth + 1))[:1]
            case "array":
                return self.array(item, depth)
            case "number" if depth > 0:
                return []
            case _:
                title = str(parent.get("title") or "")
                return [bounded_text(v, item.schema) for v in self.picker.values(item, title)]

    def array(self, item: Field, depth: int) -> list[Any]:
        """One list for a field that holds a list, within its sizes; empty when nothing is listed."""
        inner, _ = resolve(item.schema.get("items"), self.defs)
        least, most = _size(item.schema, "minItems", 0), _size(item.schema, "maxItems", 50)
        if inner.get("type") == "object" or "properties" in inner:
            wanted = item.required or (self.every_field and item.default is NO_DEFAULT)
            rows = self.objects(inner, depth) if wanted and depth < 5 else []
        else:
            rows = self.picker.listed(item, inner, self.source.answer if self.every_field else "")
            rows = [bounded(v, inner) if isinstance(v, (int, float)) else bounded_text(v, inner) for v in rows]
        if item.schema.get("uniqueItems"):
            rows = list({json.dumps(row, sort_keys=True): row for row in rows}.values())
        while rows and len(rows) < least:
            rows.append(rows[-1])
        return [rows[:most]] if rows else []

    def objects(self, inner: Schema, depth: int) -> list[Any]:
        """The objects of a list: "2 apples and 3 pears" gives two, a list of names one for each name."""
        fields = fields_of(inner, self.defs)
        pairs = self.picker.counted()
        texts = [f for f in fields if f.sort in ("person", "free", "other", "place")]
        numbers = [f for f in fields if f.sort == "number"]
        if pairs and texts and numbers:
            rest = {f.name: self.stand_in(f.schema, f, depth) for f in fields if f.listed}
            return [{**rest, numbers[0].name: bounded(n, numbers[0].schema), texts[0].name: t} for n, t in pairs]
        before = len(self.missing)
        rows = _rows(self.columns(inner, depth + 1))
        del self.missing[before:]
        return rows

    def returned(self, item: Field) -> Any:
        """The value that a tool returned under this field's name or its last word."""
        keys = {item.name.lower(), *item.words[-1:]}
        for _, output in reversed(self.source.outputs):
            for key, value in _pairs(output):
                if key.lower() in keys and _fits(value, item.schema):
                    return value
        return NO_DEFAULT

    def borrow(self, item: Field) -> Any:
        """A value that an earlier tool returned and that fits this field by its key, its tool or its type."""
        words = {w for w in item.words if w not in ("the", "a", "of")}
        if (value := self.returned(item)) is not NO_DEFAULT:
            return value
        for tool, output in reversed(self.source.outputs):
            if not isinstance(output, (dict, list)) and set(tool.lower().split("_")) & words:
                value = _coerced(output, item.schema)
                if value is not NO_DEFAULT:
                    return value
        for _, output in reversed(self.source.outputs):
            value = NO_DEFAULT if isinstance(output, (dict, list)) else _coerced(output, item.schema)
            if value is not NO_DEFAULT and (item.sort != "email" or "@" in str(value)):
                return value
        return NO_DEFAULT

    def stand_in(self, schema: Schema, item: Field | None, depth: int) -> Any:
        """A value that is valid and says nothing: the default, the smallest number, the first choice."""
        if "default" in schema:
            return schema["default"]
        if "const" in schema:
            return schema["const"]
        if isinstance(choices := schema.get("enum"), list) and choices:
            return choices[0]
        if isinstance(examples := schema.get("examples"), list) and examples:
            return examples[0]
        if item is not None and item.nullable:
            return None
        kind = schema.get("type")
        if kind == "boolean":
            return False
        if kind in ("integer", "number"):
            return bounded(1, schema) if depth == 0 else bounded(0, schema)
        if kind == "array":
            inner, _ = resolve(schema.get("items"), self.defs)
            return [self.stand_in(inner, None, depth + 1) for _ in range(_size(schema, "minItems", 0))]
        if kind == "object" or "properties" in schema:
            inside = fields_of(schema, self.defs) if depth < 6 else []
            return {f.name: self.stand_in(f.schema, f, depth + 1) for f in inside if f.listed}
        if kind == "null":
            return None
        return bounded_text(self.picker.sample(schema, item), schema)


def bounded_text(value: Any, schema: Schema) -> Any:
    """A text within the schema's lengths; anything else as it is."""
    if not isinstance(value, str):
        return value
    most, least = _size(schema, "maxLength", 1 << 20), _size(schema, "minLength", 0)
    return value[:most].ljust(least, ".") if least < 1000 else value[:most]


def _size(schema: Schema, key: str, otherwise: int) -> int:
    value = schema.get(key)
    return value if isinstance(value, int) and 0 <= value <= 1000 else otherwise


def _pairs(output: Any) -> list[tuple[str, Any]]:
    if isinstance(output, dict):
        return [(str(k), v) for k, v in output.items()]
    if isinstance(output, list) and output and isinstance(output[0], dict):
        return [(str(k), v) for k, v in output[0].items()]
    return []


def _fits(value: Any, schema: Schema) -> bool:
    """Whether a value has the type that a plain schema names."""
    if "enum" in schema:
        return value in (schema.get("enum") or ())
    match schema.get("type"):
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return True


def _coerced(value: Any, schema: Schema) -> Any:
    if _fits(value, schema) and value not in ("", None):
        return value
    if schema.get("type") == "string" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if schema.get("type") == "number" and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return NO_DEFAULT
    return NO_DEFAULT
