"""How well a prompt fits a tool or a handoff, word by word.

Every tool has signs: stems with points for where they come from (name 3, synonym of a name word 2, description 1,
parameter 0.75). The points of the signs that a stretch of text contains, plus or minus what the tool's parameters find
there ("price" next to a ticker), make its score; from `ENOUGH` on the tool is meant. Words explained by the best tool
do not speak for another one, so two tools with "weather" in their names are not both called.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .expressions import expression_in
from .fields import Field, Sort, definitions, fields_of, resolve
from .layers import Layer
from .phrases import UNITS
from .texts import TICKERS
from .words import (
    GENERIC_WORDS,
    LANGUAGES,
    STOP_WORDS,
    language_of,
    name_words,
    sentences,
    stem,
    stem_set,
    synonyms,
    telling_stems,
    word_set,
    words_of,
)

ENOUGH = 1.9
"""The score from which a tool or a handoff is meant."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A function tool as plain data."""

    name: str
    """Its name."""
    description: str = ""
    """What it says it does."""
    schema: Mapping[str, Any] | None = None
    """The JSON schema of its arguments."""


@dataclass(frozen=True, slots=True)
class HandoffSpec:
    """A handoff as plain data."""

    name: str
    """The name of the transfer tool."""
    agent: str
    """The agent it leads to."""
    description: str = ""
    """What it says about itself."""
    schema: Mapping[str, Any] | None = None
    """The JSON schema of its input."""


@dataclass(frozen=True, slots=True)
class Match:
    """A tool and the words of a text that speak for it."""

    tool: ToolSpec
    """The tool."""
    score: float
    """How much speaks for it."""
    stems: frozenset[str]
    """The stems that speak for it."""
    offsets: frozenset[int]
    """Where its own words stand in the text; they are not values."""


_SHARED_VERBS = stem_set(
    "search find lookup translate convert calculate add create delete remove update send list check book cancel order"
)
_AGENT_WORDS = word_set(
    """agent assistant specialist expert bot helper handoff hand transfer handle handles handling
    request requests user users customer customers help helps helping support issue issues problem
    problems responsible team questions question answers answer inquiries inquiry who deals dealing
    deal matters related everything about you"""
)
_CREATIVE = re.compile(
    r"\b(?:write|tell|compose|make|give|create|generate|sing|draft)\b[^.?!\n]{0,60}?"
    r"\b(poem|haiku|joke|story|song|limerick|essay|rap|tale|sonnet|verse)s?\b",
    re.I,
)


def signs_of(tool: ToolSpec, instructions: str = "") -> dict[str, float]:
    """The stems that speak for a tool, with their points."""
    signs = dict(_signs(tool.name, tool.description, _parameters(tool), _mentions(instructions, tool.name)))
    for choice in _choices(tool):
        signs.setdefault(choice, 1.5)
        for near in synonyms({choice}):
            signs.setdefault(near, 1.25)
    return signs


def _fields(tool: ToolSpec) -> list[Field]:
    defs = definitions(tool.schema or {})
    return fields_of(resolve(tool.schema or {}, defs)[0], defs)


def _parameters(tool: ToolSpec) -> tuple[str, ...]:
    return tuple(field.name for field in _fields(tool))


def _choices(tool: ToolSpec) -> set[str]:
    """The stems of the values that the tool's required choices allow."""
    values = [v for f in _fields(tool) if f.sort == "enum" and f.required for v in f.schema.get("enum") or ()]
    return {stem(v) for v in values if isinstance(v, str) and len(v) > 2}


def _mentions(instructions: str, name: str) -> str:
    """What the instructions say in the sentences that name something."""
    return " ".join(s for s in sentences(instructions[:4000]) if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", s, re.I))


@lru_cache(maxsize=256)
def _signs(name: str, description: str, parameters: tuple[str, ...], mentioned: str) -> Mapping[str, float]:
    words = [w for w in name_words(name) if w not in STOP_WORDS] or name_words(name)
    strong = [w for w in words if w not in GENERIC_WORDS]
    signs: dict[str, float] = {}
    for parameter in parameters:
        for word in name_words(parameter):
            if word not in GENERIC_WORDS | STOP_WORDS and len(word) > 2:
                signs[stem(word)] = 0.75
    for text in (mentioned.replace(name, " "), _first_part(description)):
        for one in telling_stems(_without_names(text)):
            signs[one] = max(1.0, signs.get(one, 0.0))
    for one in synonyms(stem(w) for w in strong):
        signs[one] = 2.0
    for word in words:
        signs[stem(word)] = 3.0 if word in strong else 2.0 if not strong else max(1.0, signs.get(stem(word), 0.0))
    return signs


def _first_part(description: str) -> str:
    """The description without the sections on arguments and results, and without "not for ..." remarks."""
    text = re.split(r"\n\s*(?:Args|Arguments|Parameters|Returns|Raises|Example)s?:", description[:2000])[0]
    return re.sub(r"\b(?:not|never|e\.g\.|for example|such as)\b[^.\n]*", " ", text)


def _without_names(text: str) -> str:
    """Lower-case words and the first word of each sentence: examples like "Paris" must not speak for a tool."""
    kept = []
    for sentence in sentences(text):
        kept += [w.text for i, w in enumerate(words_of(sentence)) if i == 0 or not w.text[:1].isupper()]
    return " ".join(kept)


def masked(request: str) -> list[tuple[int, int]]:
    """Stretches that name the subject of a text to be written: they speak for no tool."""
    found = []
    for m in _CREATIVE.finditer(request):
        stop = re.search(
            r"[.?!\n]|\band (?:then )?(?:also|get|tell|check|convert|find|what|show)\b", request[m.end() :]
        )
        found.append((m.end(), m.end() + stop.start() if stop else len(request)))
    return found


def matches(
    layer: Layer, tools: Sequence[ToolSpec], instructions: str = "", *, words_only: bool = False
) -> list[Match]:
    """The tools that a part of a prompt means, best first; each word speaks for one tool only."""
    hidden = masked(layer.text)
    words = [
        w
        for w in layer.words
        if layer.start <= w.start and w.end <= layer.end and not any(a <= w.start < b for a, b in hidden)
    ]
    words = [w for w in words if not w.is_stop or w.text in ("plus",)]
    explained: set[str] = set()
    found: list[Match] = []
    rest = list(tools)
    while rest:
        ranked = [_match(tool, words, layer, tools, instructions, explained) for tool in rest]
        best = max(ranked, key=lambda m: m.score)
        if best.score < ENOUGH or (found and not _by_name(best)):
            break
        found.append(best)
        explained |= best.stems
        rest.remove(best.tool)
    return found


def _by_name(match: Match) -> bool:
    own = {stem(w) for w in name_words(match.tool.name) if w not in GENERIC_WORDS}
    return bool(match.stems & (own | synonyms(own)))


def _match(
    tool: ToolSpec,
    words: Sequence[Any],
    layer: Layer,
    tools: Sequence[ToolSpec],
    instructions: str,
    explained: set[str],
) -> Match:
    signs = signs_of(tool, instructions)
    hits = {w.stem: signs[w.stem] for w in words if w.stem in signs and w.stem not in explained}
    own = [w for w in name_words(tool.name) if w not in GENERIC_WORDS and w not in STOP_WORDS]
    own_stems = {stem(w) for w in own}
    parameters = {s for s, points in signs.items() if points == 0.75}
    near = own_stems | synonyms(own_stems) | {stem(w) for w in name_words(tool.name)} | parameters
    offsets = frozenset(w.start for w in words if w.stem in near)
    content = _content(tool, layer, explained)
    if content:
        hits |= {one: 0.0 for one in _OPERATIONS if any(w.stem == one for w in words)}
    score = sum(sorted(hits.values(), reverse=True)[:6]) + content
    if score < 0.9:
        return Match(tool, 0.0, frozenset(), offsets)
    named = own_stems & set(hits)
    others = [t for t in tools if t.name != tool.name and named & {stem(w) for w in name_words(t.name)}]
    if named and named <= _SHARED_VERBS and others and own_stems - set(hits):
        score *= 0.5
    score += shape(tool, layer) - 0.02 * len(own_stems - set(hits))
    return Match(tool, score, frozenset(hits), offsets)


_OPERATIONS = stem_set("plus minus times divided power squared")


def _content(tool: ToolSpec, layer: Layer, explained: set[str]) -> float:
    """What the text itself adds for a tool that takes an arithmetic expression, or two currencies."""
    if explained:
        return 0.0
    sorts = [f.sort for f in _fields(tool) if f.required]
    if "expression" in sorts and expression_in(layer.text[layer.start : layer.end]):
        return 2.5
    return 2.0 if sorts.count("currency") > 1 and len(layer.free("currency")) > 1 else 0.0


_PRESENT: Mapping[Sort, tuple[str, ...]] = {
    "email": ("email",), "url": ("url",), "date": ("date",), "id": ("id",), "currency": ("currency",),
    "place": ("name", "caps"), "person": ("name",), "path": ("path",), "language": ("language",),
    "time": ("time",), "free": ("quoted",),
}  # fmt: skip
_NEEDED = word_set("ticker currency email url expression number unit")


def shape(tool: ToolSpec, layer: Layer) -> float:
    """What the required parameters find in the whole text: up to +1, or less than 0 where it has none of their sort."""
    kinds = {t.kind for t in layer.things}
    units = any(w.text.lower() in UNITS for w in layer.words)
    present, absent = 0, 0
    for item in _fields(tool):
        if not item.required:
            continue
        match item.sort:
            case "number":
                there = "number" in kinds
            case "ticker":
                there = "caps" in kinds or any(w.text.lower() in TICKERS for w in layer.words)
            case "expression":
                there = expression_in(layer.text) is not None
            case "unit":
                there = units
            case "currency":
                there = "currency" in kinds or any(t.unit in "$€£¥₹" and t.unit for t in layer.things)
            case sort:
                there = bool(kinds & set(_PRESENT.get(sort, ())))
        present += there
        absent += not there and item.sort in _NEEDED
    if absent:
        return -0.75 * min(2, absent) if present else -1.5
    return min(1.0, float(present))


def handoff_score(
    target: HandoffSpec, request: str, instructions: str = "", explained: frozenset[str] = frozenset()
) -> float:
    """How well a request fits the agent that a handoff leads to."""
    name = [w for w in name_words(target.agent) if w not in _AGENT_WORDS | STOP_WORDS]
    boiler = rf"Handoff to the {re.escape(target.agent)} agent to handle the request\.?"
    description = re.sub(boiler, " ", target.description, flags=re.I)
    own = {stem(w) for w in name}
    said = _telling(_first_part(description)) - own
    routed = _telling(_mentions(instructions, target.agent) + " " + _mentions(instructions, target.name)) - own
    signs = {s: 1.0 for s in synonyms(said) | routed}
    signs |= {s: 2.0 for s in said | synonyms(own)} | {s: 3.0 for s in own}
    words = {w.stem for w in words_of(request) if not w.is_stop} - explained
    score = sum(points for s, points in signs.items() if s in words)
    language = language_of(request)
    named = {w.lower() for w in [*name, *(w.text for w in words_of(description))]} & LANGUAGES
    if named and language in named:
        score += 4
    elif named and language and language not in named and not named & {w.text.lower() for w in words_of(request)}:
        score -= 2
    if (
        score > 0
        and own & words
        and re.search(
            r"\b(?:transfer|hand (?:me |this |it )?(?:over|off)|talk to|speak (?:to|with)|connect me"
            r"|switch to|pass me)\b",
            request,
            re.I,
        )
    ):
        score += 5
    return score


def _telling(text: str) -> set[str]:
    agent_stems = {stem(w) for w in _AGENT_WORDS}
    return telling_stems(text) - agent_stems - {stem(w) for w in LANGUAGES}
