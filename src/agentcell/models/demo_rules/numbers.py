"""Which number of a prompt belongs to which numeric field.

Every pair of field and number gets points for what stands next to the number ("4 guests" for `guests`, "20%" for
`rate`, "top 3" for `limit`); the best pairs are taken first, and what is left is dealt out in order of appearance to
the required fields.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from .fields import Field, Schema
from .layers import Layer
from .things import CURRENCIES, Thing, coordinated, number_value
from .words import stem, stem_set, synonyms, word_set, words_of

_PEOPLE = stem_set("guests guest people persons person adults party attendees passengers seats players")
_MONEY = stem_set("amount price cost bill total budget salary balance money value payment principal")
_SHARE = stem_set("percent percentage rate tip discount interest tax pct")
_LIMITS = stem_set("limit top count n k max num number results size amount quantity how many times")
_LIMIT_MARKS = word_set("top first last limit max maximum to most latest only give")
_OPERATORS = frozenset("+-*/×÷^−")
_AT_FIRST = re.compile(r"\b(?:result|it|that|this|answer|sum|total|product|outcome)\b", re.I)


def bounded(value: float, schema: Schema) -> Any:
    """The number nearest to `value` that the schema's type and bounds allow."""
    whole = schema.get("type") == "integer"
    step = 1 if whole else 1e-6
    low, high = _number(schema, "minimum", -math.inf), _number(schema, "maximum", math.inf)
    if "exclusiveMinimum" in schema:
        low = max(low, _number(schema, "exclusiveMinimum", -math.inf) + step)
    if "exclusiveMaximum" in schema:
        high = min(high, _number(schema, "exclusiveMaximum", math.inf) - step)
    value = max(low, min(high, value))
    multiple = _number(schema, "multipleOf", 0)
    if multiple > 0:
        value = math.ceil(low / multiple) * multiple if value < low else round(value / multiple) * multiple
        value = value + multiple if value < low else value - multiple if value > high else value
    if whole:
        value = int(value)
        return value + 1 if value < low else value
    return value


def _number(schema: Schema, key: str, otherwise: float) -> float:
    value = schema.get(key)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else otherwise


def assign_numbers(fields: Sequence[Field], layers: Sequence[Layer], *, greedy: bool) -> dict[str, list[Any]]:
    """The values of numeric fields from the first layer that has numbers; `greedy` deals to optional fields too.

    A lone required field gets every number of a list ("square 3, 4 and 5"): one call for each.
    """
    for index, layer in enumerate(layers):
        wanted = [f for f in fields if f.required or index < 2]
        if not wanted or not (numbers := layer.free("number")):
            continue
        chosen = _by_hints(wanted, numbers, layer)
        left = [n for n in numbers if not any(n in taken for taken in chosen.values())]
        open_fields = [f for f in wanted if f.required and f.name not in chosen]
        _deal(open_fields, left, layer, chosen)
        optional = [f for f in wanted if not f.required and f.name not in chosen]
        left = [n for n in left if not any(n in taken for taken in chosen.values())]
        if (greedy and not any(f.required for f in fields)) or (len(optional) == 1 and greedy):
            _deal(optional, [n for n in left if abs(number_value(n.value)) < 1000], layer, chosen)
        found = {}
        for item in wanted:
            if taken := chosen.get(item.name):
                layer.take(*taken)
                layer.taken.extend(_beside(item, taken, layer))
                found[item.name] = [bounded(number_value(n.value), item.schema) for n in taken]
        if found:
            return found
    return {}


def _beside(item: Field, numbers: Sequence[Thing], layer: Layer) -> list[tuple[int, int]]:
    """The words next to a field's number that only say what the number is: "limit 10", "top 3"."""
    own = {stem(w) for w in item.words}
    return [
        (w.start, w.end)
        for n in numbers
        for w in layer.words
        if (0 <= n.start - w.end <= 4 or 0 <= w.start - n.end <= 2)
        and (w.stem in own or (own & _LIMITS and w.text.lower() in {*_LIMIT_MARKS, "results", "items"}))
    ]


def _by_hints(fields: Sequence[Field], numbers: Sequence[Thing], layer: Layer) -> dict[str, list[Thing]]:
    pairs = [
        (points, -place, item.name, number)
        for place, item in enumerate(fields)
        for number in numbers
        if (points := _points(item, number, layer)) > 1
    ]
    chosen: dict[str, list[Thing]] = {}
    used: set[Thing] = set()
    for _, _, name, number in sorted(pairs, key=lambda p: (-p[0], -p[1], p[3].start)):
        if name not in chosen and number not in used:
            chosen[name] = [number]
            used.add(number)
    return chosen


def _points(item: Field, number: Thing, layer: Layer) -> float:
    """How much the neighbourhood of a number speaks for a field; above 1 is a sign."""
    own = {stem(w) for w in item.words if len(w) > 1 or len(item.words) == 1} - {stem("from"), stem("to")}
    near = synonyms(own)
    after = words_of(layer.text[number.end : number.end + 40])[:2]
    before = words_of(layer.text[max(0, number.start - 40) : number.start])[-2:]
    points = 0.0
    for distance, word in [*enumerate(after), *enumerate(reversed(before))]:
        if word.stem in own and len(word.stem) > 1:
            points = max(points, 4 - distance)
        elif word.stem in near and not word.is_stop:
            points = max(points, 2 - distance)
    following = after[0].stem if after else ""
    money = number.unit in CURRENCIES or (
        bool(after) and ((after[0].text.isupper() and len(after[0].text) == 3) or following in CURRENCIES)
    )
    year = number.value.isdigit() and len(number.value) == 4 and 1500 <= int(number.value) <= 2200
    marked = bool(before) and before[-1].text.lower() in _LIMIT_MARKS
    if number.unit and number.unit.lower() in item.words:
        points = max(points, 4)
    if own & _PEOPLE and following in _PEOPLE:
        points = max(points, 4)
    if own & _SHARE:
        points = max(points, 4.0 if number.unit == "%" or following == "percent" else 0)
    elif number.unit == "%":
        points -= 1
    if own & _MONEY and money:
        points = max(points, 3)
    if own & _LIMITS:
        plural = bool(after) and after[0].text.endswith("s") and not money
        points = max(points, 4.0 if marked and not year else 2.0 if plural and not year else 0)
    if "year" in own and year:
        points = max(points, 4)
    if "age" in own and following in ("year", "yr"):
        points = max(points, 4)
    return points


def _deal(fields: Sequence[Field], numbers: list[Thing], layer: Layer, chosen: dict[str, list[Thing]]) -> None:
    if not fields or not numbers:
        return
    operator = next((o for o in sorted(layer.evidence) if layer.text[o : o + 1] in _OPERATORS), None)
    if operator is not None and len(fields) == 2:
        left = [n for n in numbers if n.end <= operator][-1:]
        right = [n for n in numbers if n.start >= operator][:1]
        numbers = left + right if left and right else numbers
    if len(fields) == 1:
        upper = {"max", "maximum", "high", "upper", "limit", "stop"} & set(fields[0].words)
        if upper and layer.before(numbers[0].start) == ["between"]:
            numbers = numbers[1:2] or numbers
        group = next(g for g in coordinated(numbers, layer.text) if numbers[0] in g)
        chosen[fields[0].name] = group
        return
    text = layer.text[layer.start : layer.end]
    if len(numbers) < len(fields):
        said = _AT_FIRST.search(text)
        if said and layer.start + said.start() < numbers[0].start:
            fields = fields[len(fields) - len(numbers) :]
    turned = re.search(r"\d\s+(?:away )?from\s+-?[$€£]?\d", text) and re.search(
        r"\b(?:subtract|take|minus)\b", text, re.I
    )
    for item, number in zip(fields, reversed(numbers[:2]) if turned else numbers, strict=False):
        chosen[item.name] = [number]
