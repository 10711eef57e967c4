"""Keeping a log small: deltas are most of its entries and almost all of its memory.

A delta as the client makes it is an object of some 1.5 kB. When many of them lie in a log, each is *packed* into the
few values it is made of and rebuilt when somebody reads it, equal to the original. When even that is too much, adjacent
deltas of one part are *merged* into one with the same text. A merge never reaches across the place of a reader, so
whatever the readers' positions, each still gets every character once; positions are moved along.

Deltas of agents that run as tools lie in the outer log, wrapped in `NestedEvent`s, and are treated in the same way.
Agents that run side by side write in turns, so their deltas are also merged when only such deltas of others lie between
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..stream_events import LogEvent, NestedEvent, RawResponsesStreamEvent

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


Place = tuple[type[Any], tuple[tuple[str, Any], ...], tuple[str, ...]]
"""What names the part that a delta belongs to: its type, its ids and indices, the calls inside of which it arrived."""

_places: dict[Place, Place] = {}
"""One object for each place of late, which the deltas of a part share."""
_PLACES_KEPT = 256


class PackedEntry:
    """One delta, or several adjacent ones of a part, without the objects around them."""

    __slots__ = ("_own", "at", "merged", "place", "text")

    def __init__(self, place: Place, own: Any, text: str, at: float, merged: int = 1):
        self.place: Place = place
        """The part that it belongs to; the deltas of one part share the object."""
        self._own = own
        self.text: str = text
        """What is added."""
        self.at: float = at
        """When the first of them arrived, in seconds since the log was opened."""
        self.merged: int = merged
        """How many deltas of the model are in it."""

    @property
    def event(self) -> LogEvent:
        """The delta, rebuilt."""
        kind, names, calls = self.place
        number, times = self._own if calls else (self._own, ())
        values = {name: number if name == _NUMBER else value for name, value in names}
        if "logprobs" in values:
            values["logprobs"] = []
        event: LogEvent = RawResponsesStreamEvent(kind.model_construct(**values, delta=self.text))
        for call_id, at in zip(reversed(calls), reversed(times), strict=True):
            event = NestedEvent(call_id, event, at)
        return event

    @property
    def size(self) -> int:
        """Characters of text."""
        return len(self.text)

    @property
    def is_nested(self) -> bool:
        """Whether it arrived inside a call."""
        return bool(self.place[2])

    @staticmethod
    def joined(pieces: Sequence[PackedEntry]) -> PackedEntry:
        """Several pieces of one part as one, with the first one's number and time."""
        first = pieces[0]
        text = "".join(piece.text for piece in pieces)
        return PackedEntry(first.place, first._own, text, first.at, sum(piece.merged for piece in pieces))


_NUMBER = "sequence_number"
_OWN = frozenset({_NUMBER, "logprobs"})


def packed(entry: Entry | PackedEntry) -> Entry | PackedEntry:
    """An entry in its small form, when it is a plain delta; anything that would be lost keeps it as it is."""
    if isinstance(entry, PackedEntry):
        return entry
    event = entry.event
    calls: list[str] = []
    times: list[float] = []
    while isinstance(event, NestedEvent):
        calls.append(event.call_id)
        times.append(event.at)
        event = event.event
    if not isinstance(event, RawResponsesStreamEvent):
        return entry
    data: Any = event.data
    if getattr(data, "type", None) not in _TEXT_DELTAS or getattr(data, "model_extra", None):
        return entry
    if getattr(data, "logprobs", None):
        return entry
    values = data.__dict__
    number = values.get(_NUMBER)
    own = (number, tuple(times)) if calls else number
    return PackedEntry(_place(data, values, tuple(calls)), own, data.delta, entry.at)


class _Latest:
    """The part that the delta before belongs to: nearly always that of the next one too.

    Comparing what is the same in both costs a fraction of what naming the part anew does.
    """

    __slots__ = ("calls", "given", "kind", "place", "same")

    def __init__(self, kind: Any, given: set[str], same: dict[str, Any], calls: tuple[str, ...], place: Place):
        self.kind = kind
        self.given = given
        self.same = same
        self.calls = calls
        self.place = place


_latest = _Latest(None, set(), {}, (), (object, (), ()))


def _place(data: Any, values: dict[str, Any], calls: tuple[str, ...]) -> Place:
    """The part that a delta belongs to."""
    global _latest
    given, latest = data.model_fields_set, _latest
    same = {**values, "delta": None, _NUMBER: None}
    if type(data) is latest.kind and same == latest.same and calls == latest.calls and given == latest.given:
        return latest.place
    named = ((name, None if name in _OWN else value) for name, value in values.items() if name != "delta")
    place = _shared((type(data), tuple(pair for pair in named if pair[0] in given), calls))
    _latest = _Latest(type(data), set(given), same, calls, place)
    return place


def _shared(place: Place) -> Place:
    known = _places.get(place)
    if known is None:
        if len(_places) >= _PLACES_KEPT:
            _places.clear()
        known = _places[place] = place
    return known


def merged(entries: Sequence[Entry | PackedEntry], borders: set[int]) -> tuple[list[Entry | PackedEntry], list[int]]:
    """`entries` with deltas of one part joined, and for each old place the new one (one more than there are entries).

    Nothing is joined across a place in `borders`. Only deltas from inside calls are joined across others, which are
    from inside calls as well.
    """
    kept: list[Entry | PackedEntry] = []
    places: list[int] = []
    open_: dict[Place, list[PackedEntry]] = {}

    def flush() -> None:
        kept.extend(run[0] if len(run) == 1 else PackedEntry.joined(run) for run in open_.values())
        open_.clear()

    for index, entry in enumerate(entries):
        if not isinstance(entry, PackedEntry):
            flush()
            places.append(len(kept))
            kept.append(entry)
            continue
        if index in borders or not _goes_with(entry, open_):
            flush()
        run = open_.setdefault(entry.place, [])
        run.append(entry)
        places.append(len(kept) + (len(open_) - 1 if len(run) == 1 else list(open_).index(entry.place)))
    flush()
    places.append(len(kept))
    return kept, places


def _goes_with(entry: PackedEntry, open_: dict[Place, list[PackedEntry]]) -> bool:
    """Whether an entry can stand among those that are being joined."""
    return entry.place in open_ or (entry.is_nested and all(calls for _, _, calls in open_))
