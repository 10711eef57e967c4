"""Keeping a log small: deltas are most of its entries and almost all of its memory.

A delta as the client makes it is an object of some 1.5 kB. When many of them lie in a log, each is *packed* into the
few values it is made of and rebuilt when somebody reads it, equal to the original. When even that is too much, adjacent
deltas of one part are *merged* into one with the same text. A merge never reaches across the place of a reader, so
whatever the readers' positions, each still gets every character once; positions are moved along.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..stream_events import RawResponsesStreamEvent

if TYPE_CHECKING:
    from .log import Entry

PACK_FROM = 2_000
"""Entries after which deltas are packed."""
MERGE_FROM = 20_000
"""Packed deltas after which adjacent ones are merged."""
MERGE_TEXT_FROM = 4_000_000
"""Characters of packed deltas after which adjacent ones are merged."""

_TEXT_DELTAS = frozenset(
    {
        "response.output_text.delta",
        "response.refusal.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_text.delta",
        "response.function_call_arguments.delta",
    }
)


class PackedEntry:
    """One delta, or several adjacent ones of a part, without the objects around them."""

    __slots__ = ("_common", "_kind", "_text", "at", "merged")

    def __init__(self, kind: type[Any], common: tuple[tuple[str, Any], ...], text: str, at: float, merged: int = 1):
        self._kind = kind
        self._common = common
        self._text = text
        self.at: float = at
        """When the first of them arrived, in seconds since the log was opened."""
        self.merged: int = merged
        """How many deltas of the model are in it."""

    @property
    def event(self) -> RawResponsesStreamEvent:
        """The delta, rebuilt."""
        return RawResponsesStreamEvent(self._kind.model_construct(**dict(self._common), delta=self._text))

    @property
    def size(self) -> int:
        """Characters of text."""
        return len(self._text)

    def continues(self, other: PackedEntry) -> bool:
        """Whether this is the next piece of the same part."""
        return self._kind is other._kind and _place(self._common) == _place(other._common)

    @staticmethod
    def joined(pieces: Sequence[PackedEntry]) -> PackedEntry:
        """Several pieces of one part as one, with the first one's number and time."""
        first = pieces[0]
        text = "".join(piece._text for piece in pieces)
        return PackedEntry(first._kind, first._common, text, first.at, sum(piece.merged for piece in pieces))


def _place(common: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
    """What names the part that a delta belongs to."""
    return tuple(pair for pair in common if pair[0] not in ("sequence_number", "logprobs"))


def packed(entry: Entry | PackedEntry) -> Entry | PackedEntry:
    """An entry in its small form, when it is a plain delta; anything that would be lost keeps it as it is."""
    if isinstance(entry, PackedEntry) or not isinstance(entry.event, RawResponsesStreamEvent):
        return entry
    data: Any = entry.event.data
    if getattr(data, "type", None) not in _TEXT_DELTAS or getattr(data, "model_extra", None):
        return entry
    if getattr(data, "logprobs", None):
        return entry
    values = data.__dict__
    common = tuple((name, values[name]) for name in values if name != "delta" and name in data.model_fields_set)
    return PackedEntry(type(data), common, data.delta, entry.at)


def merged(entries: Sequence[Entry | PackedEntry], borders: set[int]) -> tuple[list[Entry | PackedEntry], list[int]]:
    """`entries` with adjacent deltas joined, and for each old place the new one (one more than there are entries).

    Nothing is joined across a place in `borders`.
    """
    kept: list[Entry | PackedEntry] = []
    places: list[int] = []
    run: list[PackedEntry] = []

    def flush() -> None:
        if run:
            kept.append(run[0] if len(run) == 1 else PackedEntry.joined(run))
            run.clear()

    for index, entry in enumerate(entries):
        joins = isinstance(entry, PackedEntry) and run and index not in borders and entry.continues(run[-1])
        if not joins:
            flush()
        places.append(len(kept))
        if isinstance(entry, PackedEntry):
            run.append(entry)
        else:
            kept.append(entry)
    flush()
    places.append(len(kept))
    return kept, places
