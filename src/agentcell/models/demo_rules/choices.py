"""Choices and flags: which value of an enum a prompt means, and whether it switches something on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .fields import Field
from .layers import Layer
from .words import Word, name_words, stem, stem_set, synonyms, word_set

_POSITIVE = stem_set(
    "love great good excellent amazing happy wonderful best nice perfect awesome like thanks fantastic enjoy recommend"
)
_NEGATIVE = stem_set(
    "hate bad terrible awful worst sad angry broken poor horrible disappointed disappointing slow useless never refund"
)
_NEGATIONS = word_set("no not without non never except exclude excluding skip disable")
_FLAG_VERBS = word_set("is include has with use enable show should be allow do a")
_NEAR: Mapping[str, frozenset[str]] = {
    "celsius": frozenset({"c", "°c", "metric", "centigrade"}), "fahrenheit": frozenset({"f", "imperial"}),
    "metric": frozenset({"celsius", "km", "kg"}), "imperial": frozenset({"fahrenheit", "miles", "pounds"}),
    "high": frozenset({"urgent", "urgently", "important", "critical", "asap"}),
    "urgent": frozenset({"asap", "critical"}),
    "fast": frozenset({"quick", "quickly", "faster", "rapid"}), "slow": frozenset({"slowly", "careful", "carefully"}),
    "asc": frozenset({"ascending", "oldest", "lowest"}), "desc": frozenset({"descending", "newest", "highest"}),
    "small": frozenset({"little", "tiny"}), "large": frozenset({"big", "huge"}), "low": frozenset({"minor"}),
}  # fmt: skip


def choices_in(item: Field, layers: Sequence[Layer]) -> list[Any]:
    """The values of an enum that the prompt names, or the one it comes near to."""
    if "const" in item.schema:
        return [item.schema["const"]]
    choices = [c for c in item.schema.get("enum") or () if c is not None]
    for layer in layers[: 3 if item.required else 2]:
        words = [w for w in layer.words if layer.start <= w.start and w.end <= layer.end]
        found = []
        for choice in choices:
            wanted = [stem(w) for w in name_words(str(choice))] or [str(choice)]
            stems = [w.stem for w in words]
            at = next((i for i in range(len(stems)) if stems[i : i + len(wanted)] == wanted), None)
            if at is not None:
                found.append((words[at].start, choice, words[at + len(wanted) - 1].end))
        if found:
            found.sort(key=lambda f: f[0])
            layer.taken.extend((start, end) for start, _, end in found if start not in layer.evidence)
            return [choice for _, choice, _ in found]
        if near := _near_choice(choices, [w for w in words if item.required or w.start not in layer.evidence]):
            return near
    return []


def _near_choice(choices: Sequence[Any], words: Sequence[Word]) -> list[Any]:
    stems = {w.stem for w in words}
    raw = {w.text.lower() for w in words}
    for choice in choices:
        text = str(choice).lower()
        if synonyms({stem(text)}) & stems or _NEAR.get(text, frozenset()) & raw:
            return [choice]
    feelings = {"positive": _POSITIVE, "negative": _NEGATIVE}
    for choice in choices:
        if feelings.get(str(choice).lower(), frozenset()) & stems:
            return [choice]
    return [c for c in choices if str(c).lower() == "neutral"]


def flag_in(item: Field, layers: Sequence[Layer]) -> list[bool]:
    """Whether the prompt names the flag, or its opposite; empty when it does not speak of it."""
    own = [stem(w) for w in item.words if w not in _FLAG_VERBS]
    for layer in layers[:2]:
        for index, word in enumerate(layer.words):
            inside = layer.start <= word.start and word.end <= layer.end
            if inside and any(word.stem == prefix + one for prefix in ("in", "un", "non") for one in own):
                return [False]
            if inside and word.stem in own:
                before = [w.text.lower() for w in layer.words[max(0, index - 3) : index]]
                return [not any(w in _NEGATIONS or w.endswith("n't") for w in before)]
    return []
