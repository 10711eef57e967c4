"""Texts that values are looked for in, with what they name and what was taken from them.

A `Layer` is one text with the things and words found in it and a record of the stretches some field has used. The part
of a prompt that names a tool and the whole prompt are two layers with one record, so no value is used twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from .things import MAX_TEXT, Kind, Thing, things_in
from .words import Word, word_set, words_of

DETERMINERS = word_set("the a an my your our his her their this that some")
"""Words that may stand before a noun and say nothing."""


@dataclass(slots=True)
class Layer:
    """One text, or a part of it, that values are looked for in."""

    text: str
    """The whole text."""
    start: int
    """Where the part begins."""
    end: int
    """Where the part ends."""
    things: list[Thing]
    """Everything the text names."""
    words: list[Word]
    """All words of the text."""
    evidence: frozenset[int] = frozenset()
    """Offsets of words that chose the tool."""
    taken: list[tuple[int, int]] = field(default_factory=list)
    """Stretches that some field has used; shared by the parts of one text."""

    def part(self, start: int, end: int, evidence: frozenset[int]) -> Layer:
        """A part of this text; what is taken in one is taken in both."""
        return replace(self, start=start, end=end, evidence=evidence, taken=self.taken)

    def is_free(self, start: int, end: int) -> bool:
        """Whether a stretch lies in this part and no field has used any of it."""
        inside = self.start <= start and end <= self.end
        return inside and not any(start < b and a < end for a, b in self.taken)

    def free(self, *kinds: Kind) -> list[Thing]:
        """The things of these kinds (of any kind if none is given) that no field has used."""
        return [t for t in self.things if (not kinds or t.kind in kinds) and self.is_free(t.start, t.end)]

    def take(self, *things: Thing) -> None:
        """Mark things as used."""
        self.taken.extend((t.start, t.end) for t in things)

    def before(self, offset: int, count: int = 1) -> list[str]:
        """The lower-case words before an offset, the nearest first, determiners left out."""
        words = [w.text.lower() for w in self.words if self.start <= w.start and w.end <= offset]
        return [w for w in reversed(words[-count - 3 :]) if w not in DETERMINERS][:count]


def layer_of(text: str) -> Layer:
    """The layer of a whole text, cut at `MAX_TEXT` characters."""
    text = text[:MAX_TEXT]
    if text.isupper() and text.count(" ") > 2:
        text = text.lower()
    return Layer(text, 0, len(text), list(_things(text)), list(_words(text)))


@lru_cache(maxsize=64)
def _things(text: str) -> tuple[Thing, ...]:
    return tuple(things_in(text))


@lru_cache(maxsize=64)
def _words(text: str) -> tuple[Word, ...]:
    return tuple(words_of(text))


def written_value(text: str) -> Mapping[str, Any]:
    """The JSON object that a prompt contains, `{}` without one."""
    start, end = text.find("{"), text.rfind("}")
    if 0 <= start < end and end - start < MAX_TEXT:
        try:
            value = json.loads(text[start : end + 1])
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}
    return {}
