"""`Feed`: from a log to views, a few times a second.

A feed reads everything that is new, merges adjacent pieces of one text, folds them and hands the view on; then it
waits for its next frame. So what is shown costs frames, not events.

The wait adapts. All feeds of a process share one budget of messages, because a page that gets too many drops some. A
frame that was dear to make or to send makes the next one wait `PATIENCE` times as long, so that showing a run never
takes more than a share of the kernel; and a page that says that it cannot follow gets fewer frames for a while. The
end of a run waits for no frame: what was said last is shown at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from ..stream_events import LogEvent, RawResponsesStreamEvent, RunFinished
from .deltas import as_delta
from .model import EMPTY, Delta, RunView
from .reduce import reduce
from .replacing import replace

FRAMES_PER_SECOND = 30
"""Frames of one feed."""
MESSAGES_PER_SECOND = 200
"""Messages of all views together."""
SHARED_FRAMES_PER_SECOND = 120
"""Frames of all feeds together; the other messages are those that open views, end them and tell of cells."""
PATIENCE = 10
"""The least time between two frames, as a multiple of the CPU time that one of them cost."""
LONGEST_WAIT = 2.0
"""Seconds between two frames, whatever they cost."""
RECOVERY = 0.9
"""What is left of the wait for a slow page after each frame."""


class EntryLike(Protocol):
    """An event and its time, and the part that it belongs to when it is a packed delta."""

    @property
    def event(self) -> LogEvent: ...
    @property
    def at(self) -> float: ...
    @property
    def place(self) -> Any: ...


class ReaderLike(Protocol):
    """Where a feed gets its entries."""

    async def take_all(self) -> Sequence[EntryLike]: ...
    def take_new(self) -> Sequence[EntryLike]: ...
    def watch_end(self) -> asyncio.Future[None]: ...
    def close(self) -> None: ...


def merged(entries: Iterable[EntryLike]) -> Iterator[tuple[LogEvent | Delta, float]]:
    """The events of `entries` with adjacent pieces of one text joined; the time is that of the last piece."""
    held: list[str] = []
    first: Delta | None = None
    last: Any = None
    last_place: Any = None
    last_at = 0.0
    for entry in entries:
        packed: Any = entry
        place = packed.place  # of an entry whose event would have to be made again
        if place is not None and place is last_place:
            held.append(packed.text)
            last_at = entry.at
            continue
        event = entry.event
        data: Any = event.data if isinstance(event, RawResponsesStreamEvent) else None
        if last is not None and _same_part(last, data):
            held.append(data.delta)
            last_place, last_at = place, entry.at
            continue
        delta = as_delta(event)
        if first is not None and (
            delta is None
            or (delta.kind, delta.output_index, delta.part_index, delta.calls)
            != (first.kind, first.output_index, first.part_index, first.calls)
        ):
            yield replace(first, text="".join(held)), last_at
            first, held, last, last_place = None, [], None, None
        if delta is None:
            yield event, entry.at
        else:
            last, last_place = data, place
            first = first or replace(delta, since=entry.at)
            held.append(delta.text)
            last_at = entry.at
    if first is not None:
        yield replace(first, text="".join(held)), last_at


def _same_part(one: Any, other: Any) -> bool:
    """Whether two of the model's events are pieces of one text, seen at their fields alone: nearly all of them are."""
    if type(one) is not type(other):
        return False
    ours, theirs = one.__dict__.get, other.__dict__.get
    return (
        ours("type") == theirs("type")
        and ours("output_index") == theirs("output_index")
        and ours("content_index") == theirs("content_index")
        and ours("summary_index") == theirs("summary_index")
    )


def fold(view: RunView, entries: Iterable[EntryLike], began: float = 0.0) -> RunView:
    """The view after all of `entries`, which are those of a run that began `began` seconds after the view's start."""
    for event, at in merged(entries):
        view = reduce(view, event, began + at)
    return view


class Feed:
    """Hands the views of one run to a sink, at most `rate` a second, until the run ends."""

    _active = 0

    def __init__(self, reader: ReaderLike, sink: Callable[[RunView], Any], rate: float = FRAMES_PER_SECOND) -> None:
        self.view: RunView = EMPTY
        """The newest view."""
        self._reader = reader
        self._began = 0.0
        self._sink = sink
        self._rate = rate
        self._slow = 0.0

    def slow_down(self, seconds: float) -> None:
        """The page needs so many seconds for a frame: it gets fewer, until it has recovered."""
        self._slow = min(max(self._slow, 2 * seconds), LONGEST_WAIT)

    def _wait(self, cost: float) -> float:
        """Seconds until the next frame, after one that cost so many."""
        shared = Feed._active / SHARED_FRAMES_PER_SECOND
        slow, self._slow = self._slow, self._slow * RECOVERY
        return max(1 / self._rate, shared, min(max(PATIENCE * cost, slow), LONGEST_WAIT))

    def catch_up(self) -> RunView:
        """The view of everything so far, without waiting for the next frame."""
        self.view = fold(self.view, self._reader.take_new(), self._began)
        return self.view

    async def listen(self, reader: ReaderLike, began: float) -> None:
        """Feed the sink with what is said about a run that has ended, until nothing more will be."""
        self._reader, self._began = reader, began
        try:
            while entries := await reader.take_all():
                self.view = fold(self.view, entries, began)
                self._sink(self.view)
                await asyncio.sleep(1 / self._rate)
        finally:
            reader.close()

    async def go_on(self, reader: ReaderLike, began: float) -> RunView:
        """Feed the sink with a run that goes on from the one before, and began `began` seconds after its start."""
        self._reader, self._began = reader, began
        return await self.run()

    async def run(self) -> RunView:
        """Feed the sink until the log ends; returns the last view."""
        Feed._active += 1
        ended = self._reader.watch_end()
        try:
            while entries := await self._reader.take_all():
                began = time.thread_time()
                self.view = fold(self.view, entries, self._began)
                self._sink(self.view)
                if isinstance(entries[-1].event, RunFinished):
                    break
                wait = self._wait(time.thread_time() - began)
                await asyncio.wait((ended,), timeout=wait)
        finally:
            Feed._active -= 1
            ended.cancel()
            self._reader.close()
        return self.view
