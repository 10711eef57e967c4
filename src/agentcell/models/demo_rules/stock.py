"""Finds a text in the demo model's stock: which kind a request asks for, how many, and about what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .material import FACTS, HAIKU, JOKES, LISTS, POEMS, STORY
from .things import things_in
from .words import stem, words_of


@dataclass(frozen=True, slots=True)
class Piece:
    """A text from the stock."""

    text: str
    """The text in Markdown."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Its parts by name, for structured answers: `setup` and `punchline` of a joke, `title` of a poem."""


_KIND = re.compile(
    r"\b(jokes?|haikus?|poems?|verses?|limericks?|sonnets?|rhymes?|songs?|story|stories|tales?|facts?|trivia)\b",
    re.I,
)
_ASKS = re.compile(
    r"\b(?:write|tell|compose|give|make|create|generate|list|name|share|sing|want|need|another|respond"
    r"|reply|suggest|know|hear|draft|in)\b",
    re.I,
)
_LIST = re.compile(
    r"\b(?:list|name|give me|tell me|suggest|show me|write down|what are|i need"
    r"|generate)\s+(?:me\s+)?(?:the\s+|a list of\s+|some\s+)?"
    r"(?:(\d+|two|three|four|five|six|seven|eight|nine|ten|a few|all)\s+)?(?:[\w-]+\s+){0,3}?([a-z]+)\b",
    re.I,
)
_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}


def piece_for(text: str, count: int | None = None) -> Piece | None:
    """The text that a message asks for, `None` when it asks for none that is in stock; `count` overrides its number."""
    text = text[:4000]
    asked = _KIND.search(text)
    if asked and (_ASKS.search(text) or len(text.split()) <= 3 or count is not None):
        number = count if count is not None else _number_before(text, asked.start())
        kind = asked.group(1).lower()
        if kind.startswith("joke"):
            return _jokes(number if number is not None else 5 if kind == "jokes" else 1, text)
        if kind.startswith(("fact", "trivia")):
            return _numbered("Facts", FACTS, number if number is not None else 3 if kind == "facts" else 1)
        if kind.startswith(("story", "stories", "tale")):
            return Piece(
                f"## {STORY[0]}\n\n" + "\n\n".join(STORY[1]),
                {"title": STORY[0], "story": "\n\n".join(STORY[1])},
            )
        if kind.startswith("haiku"):
            lines = _by_subject(HAIKU, text)
            return Piece(
                "  \n".join(lines),
                {"haiku": "\n".join(lines), "lines": list(lines), "poem": "\n".join(lines)},
            )
        title, lines = _by_subject(POEMS, text)
        verse = re.sub(r"  \n  \n", "\n\n", "  \n".join(lines))
        return Piece(
            f"## {title}\n\n{verse}",
            {"title": title, "poem": "\n".join(lines), "lines": [x for x in lines if x]},
        )
    return _list(text, count)


def _number_before(text: str, offset: int) -> int | None:
    numbers = [t for t in things_in(text) if t.kind == "number" and t.end <= offset and offset - t.end < 25]
    return int(float(numbers[-1].value)) if numbers else None


def _jokes(count: int, text: str) -> Piece:
    shift = sum(map(ord, text)) % len(JOKES) if count == 1 else 0
    chosen = [JOKES[(shift + i) % len(JOKES)] for i in range(max(0, min(count, len(JOKES))))]
    parts = {"setup": chosen[0][0], "punchline": chosen[0][1], "joke": " ".join(chosen[0])} if chosen else {}
    if count <= 0:
        return Piece("That makes no jokes at all, so here is none.")
    if len(chosen) == 1:
        return Piece(f"{chosen[0][0]}\n\n{chosen[0][1]}", parts)
    lines = [f"{i}. {question} {reply}" for i, (question, reply) in enumerate(chosen, 1)]
    return Piece(
        "\n".join(lines) + _shortfall(count, len(chosen), "jokes"),
        {**parts, "jokes": [" ".join(j) for j in chosen]},
    )


def _shortfall(count: int, had: int, what: str) -> str:
    return f"\n\nYou asked for {count}; the demo model knows {had} {what}." if count > had else ""


def _numbered(title: str, items: Any, count: int) -> Piece:
    chosen = list(items)[: max(1, count)]
    fields = {title.lower(): chosen, title.lower().removesuffix("s"): chosen[0]}
    if len(chosen) == 1:
        return Piece(chosen[0], fields)
    lines = "\n".join(f"{i}. {item}" for i, item in enumerate(chosen, 1))
    return Piece(lines + _shortfall(count, len(chosen), title.lower()), fields)


def _by_subject(table: Mapping[str, Any], text: str) -> Any:
    stems = {w.stem for w in words_of(text)}
    for subject, value in table.items():
        if {stem(word) for word in subject.split()} & stems:
            return value
    return table[""]


def _list(text: str, count: int | None) -> Piece | None:
    for m in _LIST.finditer(text):
        for word in words_of(text[m.start() : m.end() + 30]):
            items = LISTS.get(word.stem) or LISTS.get(
                {"colour": "color", "citi": "city"}.get(word.stem, word.text.lower().rstrip("s"))
            )
            if items and word.text.lower().endswith("s"):
                said = (m.group(1) or "").lower()
                number = count or (
                    int(said) if said.isdigit() else _WORDS.get(said, len(items) if said == "all" else 5)
                )
                return _numbered(word.text.lower(), items, number)
    return None
