"""Phrases: the words after a preposition, listed items, units, and which end of a journey a field stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .fields import Field
from .layers import DETERMINERS, Layer
from .things import CURRENCIES, Thing
from .words import Word, word_set, words_of

_FROM = word_set("from source origin src base start departure sender")
_TO = word_set("to target dest destination dst end arrival into recipient receiver")
FROM_PREPOSITIONS = frozenset({"from", "leaving", "of"})
TO_PREPOSITIONS = word_set("to into towards in as and -> equals")
UNITS = word_set(
    """celsius fahrenheit kelvin km kilometer kilometers kilometre kilometres mile miles meter meters
    metre metres feet foot inch inches cm mm yard yards kg kilogram kilograms gram grams pound
    pounds lbs lb ounce ounces oz liter liters litre litres gallon gallons cup cups ml second
    seconds minute minutes hour hours day days week weeks bytes kb mb gb c f k"""
)
"""Units of measure that a prompt may name."""
_BOUNDARY_WORDS = word_set(
    """in at for near of to from by with about on and or but then also is are was please today tomorrow
    tonight now what how when where who which tell give show me i you using via as if because so at
    right currently like this saying says titled called named that first next last per do does
    should will can get find"""
)


def role_of(item: Field) -> str:
    """Which end a field stands for by its name: "from", "to", or "" for neither."""
    words = item.words
    if len(words) == 1 and words[0] in ("start", "end"):
        return ""
    return "from" if _FROM & set(words) else "to" if _TO & set(words) else ""


def units_in(layer: Layer) -> list[Thing]:
    """The units of measure in a text that no field has used, those written on a number included."""
    found = [
        Thing("name", w.text, w.start, w.end)
        for w in layer.words
        if w.text.lower() in UNITS and layer.is_free(w.start, w.end)
    ]
    names = {"c": "celsius", "°c": "celsius", "f": "fahrenheit", "°f": "fahrenheit"}
    for number in layer.things:
        unit = number.unit.lower()
        if (
            number.kind == "number"
            and unit
            and unit not in ("%", *CURRENCIES)
            and layer.start <= number.start < layer.end
        ):
            found.append(Thing("name", names.get(unit, unit), number.end - 1, number.end))
    return sorted(found, key=lambda t: t.start)


def phrase_list(words: Sequence[Word], layer: Layer, *, any_word: bool = False) -> list[Thing]:
    """The phrases that these words begin with, split at commas, "and" and "or", up to the first word that ends one."""
    items: list[list[Word]] = [[]]
    previous: Word | None = None
    for word in words:
        low = word.text.lower()
        gap = layer.text[previous.end : word.start] if previous is not None else ""
        if previous is not None and re.search(r"[.?!;:()\n]", gap):
            break
        if low in ("and", "or") or "," in gap:
            if not items[-1] and low not in ("and", "or"):
                break
            if items[-1]:
                items.append([])
            if low in ("and", "or"):
                previous = word
                continue
        previous = word
        if not items[-1] and low in DETERMINERS:
            continue
        unfit = low in _BOUNDARY_WORDS or not layer.is_free(word.start, word.end) or word.start in layer.evidence
        named = any(t.start <= word.start < t.end and t.kind in ("number", "date", "time") for t in layer.things)
        if unfit or (named and not any_word):
            if any_word and not items[-1] and len(items) == 1:
                continue
            break
        items[-1].append(word)
    groups = [group[:5] for group in items if group]
    return [Thing("name", layer.text[g[0].start : g[-1].end], g[0].start, g[-1].end) for g in groups]


def trimmed(part: str, evidence: frozenset[int], text: str) -> str:
    """A list item without the stop words and the tool's own words around it."""
    words = words_of(part)
    offset = text.find(part)
    keep = [w for w in words if not w.is_stop and offset + w.start not in evidence]
    return part[keep[0].start : keep[-1].end] if keep else ""
