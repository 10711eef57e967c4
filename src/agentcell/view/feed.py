"""`Feed`: from a log to views, a few times a second.

A feed reads everything that is new, merges adjacent pieces of one text, folds them and hands the view on; then it
waits for its next frame. So what is shown costs frames, not events. All feeds of a process share one budget of frames,
because a page that gets too many messages drops some.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

from ..stream_events import LogEvent
from .model import EMPTY, Delta, RunView
from .reduce import as_delta, reduce

FRAMES_PER_SECOND = 30
"""Frames of one feed."""
SHARED_FRAMES_PER_SECOND = 90
"""Frames of all feeds together."""


class EntryLike(Protocol):
    """An event and its time."""

    @property
    def event(self) -> LogEvent: ...
    @property
    def at(self) -> float: ...


class ReaderLike(Protocol):
    """Where a feed gets its entries."""

    async def take_all(self) -> Sequence[EntryLike]: ...
    def take_new(self) -> Sequence[EntryLike]: ...
    def close(self) -> None: ...


def merged(entries: Iterable[EntryLike]) -> Iterator[tuple[LogEvent | Delta, float]]:
    """The events of `entries` with adjacent pieces of one text joined; the time is that of the last piece."""
    held: list[str] = []
    first: Delta | None = None
    last_at = 0.0
    for entry in entries:
        delta = as_delta(entry.event)
        if first is not None and (
            delta is None
            or (delta.kind, delta.output_index, delta.part_index, delta.calls)
            != (first.kind, first.output_index, first.part_index, first.calls)
        ):
            yield replace(first, text="".join(held)), last_at
            first, held = None, []
        if delta is None:
            yield entry.event, entry.at
        else:
            first = first or replace(delta, since=entry.at)
            held.append(delta.text)
            last_at = entry.at
    if first is not None:
        yield replace(first, text="".join(held)), last_at


def fold(view: RunView, entries: Iterable[EntryLike]) -> RunView:
    """The view after all of `entries`."""
    for event, at in merged(entries):
        view = reduce(view, event, at)
    return view


class Feed:
    """Hands the views of one run to a sink, at most `rate` a second, until the run ends."""

    _active = 0

    def __init__(self, reader: ReaderLike, sink: Callable[[RunView], Any], rate: float = FRAMES_PER_SECOND) -> None:
        self.view: RunView = EMPTY
        """The newest view."""
        self._reader = reader
        self._sink = sink
        self._rate = rate

    def catch_up(self) -> RunView:
        """The view of everything so far, without waiting for the next frame."""
        self.view = fold(self.view, self._reader.take_new())
        return self.view

    async def run(self) -> RunView:
        """Feed the sink until the log ends; returns the last view."""
        Feed._active += 1
        try:
            while not self.view.finished and (entries := await self._reader.take_all()):
                self.view = fold(self.view, entries)
                self._sink(self.view)
                if self.view.finished:
                    break
                await asyncio.sleep(max(1 / self._rate, Feed._active / SHARED_FRAMES_PER_SECOND))
        finally:
            Feed._active -= 1
            self._reader.close()
        return self.view
