"""The run's log: append-only, with any number of readers.

The loop appends and never waits inside a turn. Each reader starts at the beginning, keeps its own position and gets
every entry once. A reader is a *consumer* (what the user iterates) or a *view* (what shows the run):

- between turns the loop waits until every open consumer has handled all entries (`settled`), never for views;
- when the last consumer closes before the end, the run stops (`on_abandoned`); views neither keep a run alive nor
  stop it.

A waiting reader is woken on its own event loop, once for all entries that arrived meanwhile.

Its memory is bounded (`compact`): many deltas that lie unread are packed, very many are merged, and when the run has
ended and somebody has read it, one delta for each part of a long log remains.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from ..stream_events import LogEvent
from .compact import MERGE_FROM, MERGE_TEXT_FROM, PACK_FROM, PackedEntry, merged, packed


class Entry(NamedTuple):
    """One thing that happened."""

    event: LogEvent
    """What."""
    at: float
    """When, in seconds since the log was opened."""

    place = None
    """Only packed entries know the part that they belong to."""


class EventLog:
    """All that a run has said so far."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.entries: list[Entry | PackedEntry] = []
        """Everything, in order."""
        self.closed: bool = False
        """Whether the run has ended: nothing is appended any more."""
        self.discarded: bool = False
        """Whether consumers end at once instead of reading what is left (after an immediate cancel)."""
        self.forward: Callable[[Entry], None] | None = None
        """Gets every entry too: the log of the run around this one."""
        self.on_abandoned: Callable[[], None] | None = None
        """Called when the last consumer has closed before the end."""
        self._packed_up_to = 0
        self._small = 0
        self._small_text = 0
        self._pack_at = PACK_FROM
        self._ended: list[asyncio.Future[None]] = []
        self._clock = clock
        self._zero = clock()
        self._readers: set[Reader] = set()
        self._settling: asyncio.Future[None] | None = None
        self._lock = threading.Lock()

    def successor(self) -> EventLog:
        """An empty log whose times count from the same moment."""
        later = EventLog(self._clock)
        later._zero = self._zero
        return later

    def after(self, earlier: EventLog) -> float:
        """Seconds from the opening of an earlier log to that of this one."""
        return self._zero - earlier._zero

    def elapsed(self) -> float:
        """Seconds since the log was opened."""
        return self._clock() - self._zero

    def append(self, event: LogEvent) -> None:
        """Add an event and wake the readers that wait for one."""
        if self.closed:
            return
        entry = Entry(event, self._clock() - self._zero)
        self.entries.append(entry)
        if self.forward is not None:
            self.forward(entry)
        if len(self.entries) >= self._pack_at:
            self._shrink()
        if self._readers:
            for reader in tuple(self._readers):
                reader.wake()

    def _shrink(self, *, wholly: bool = False) -> None:
        """Pack the deltas so far and merge them when they are very many, or `wholly`.

        Left out while somebody reads on another thread, whose place must not be moved under its hands.
        """
        here = threading.get_ident()
        if any(reader.thread not in (None, here) for reader in self._readers):
            self._pack_at = len(self.entries) + PACK_FROM
            return
        entries = self.entries
        for index in range(self._packed_up_to, len(entries)):
            entries[index] = packed(entries[index])
        self._count_small(self._packed_up_to)
        if wholly or self._small >= MERGE_FROM or self._small_text >= MERGE_TEXT_FROM:
            kept, places = merged(entries, {reader.place for reader in self._readers})
            entries[:] = kept
            self._small = self._small_text = 0
            self._count_small(0)
            for reader in self._readers:
                reader.move(places)
        self._packed_up_to = len(entries)
        self._pack_at = len(entries) + PACK_FROM

    def _count_small(self, start: int) -> None:
        """Count the packed entries from `start` on."""
        sizes = [entry.size for entry in self.entries[start:] if isinstance(entry, PackedEntry)]
        self._small += len(sizes)
        self._small_text += sum(sizes)

    def close(self) -> None:
        """End the log: readers end when they have read it all."""
        with self._lock:
            self.closed = True
        for reader in tuple(self._readers):
            reader.wake()
        self._check_settled()
        with self._lock:
            waiting, self._ended = self._ended, []
        for future in waiting:
            resolve(future)

    async def wait_closed(self) -> None:
        """Wait for the end of the run, on whatever loop this is."""
        await self.watch_closed()

    def watch_closed(self) -> asyncio.Future[None]:
        """A future on the running loop that is done when the run has ended."""
        future = asyncio.get_running_loop().create_future()
        with self._lock:
            if not self.closed:
                self._ended.append(future)
                return future
        future.set_result(None)
        return future

    def discard(self) -> None:
        """End every consumer now, whatever it has not read yet; views still read it all.

        In a log that has ended only those who are reading are stopped: who comes later gets the whole log.
        """
        self.discarded = self.discarded or not self.closed
        for reader in tuple(self._readers):
            reader.stopped = reader.consumer
            reader.wake()

    def reader(self, *, consumer: bool) -> Reader:
        """A new reader at the beginning of the log."""
        reader = Reader(self, consumer)
        with self._lock:
            self._readers.add(reader)
        return reader

    def forget(self, reader: Reader) -> None:
        """Take a reader off; called by `Reader.close`."""
        with self._lock:
            self._readers.discard(reader)
            last = reader.consumer and not any(r.consumer for r in self._readers)
        if last and self.closed and reader.place >= len(self.entries) >= PACK_FROM:
            self._shrink(wholly=True)
        self._check_settled()
        if last and not self.closed and self.on_abandoned is not None:
            self.on_abandoned()

    async def settled(self) -> None:
        """Wait until every open consumer has handled everything."""
        if self._is_settled():
            return
        self._settling = asyncio.get_running_loop().create_future()
        try:
            while not self._is_settled():
                await self._settling
                self._settling = asyncio.get_running_loop().create_future()
        finally:
            self._settling = None

    def _is_settled(self) -> bool:
        count = len(self.entries)
        with self._lock:
            return all(r.handled >= count for r in self._readers if r.consumer)

    def _check_settled(self) -> None:
        """Let the loop go on when its wait is over; called by readers, from any thread."""
        waiting = self._settling
        if waiting is not None and not waiting.done() and self._is_settled():
            resolve(waiting)


class Reader:
    """One reader's position in a log."""

    def __init__(self, log: EventLog, consumer: bool) -> None:
        self.consumer = consumer
        """Whether the run waits for this reader and stops when it closes."""
        self.handled: int = 0
        """How many entries have been handled: taken, and come back for more."""
        self.stopped = False
        """Whether the reader ends now instead of reading what is left."""
        self._log = log
        self._next = 0
        self.thread: int | None = None
        """The thread that reads; `None` before the first reading."""
        self._waiting: asyncio.Future[None] | None = None
        self._open = True

    @property
    def place(self) -> int:
        """Where the next entry stands."""
        return self._next

    def move(self, places: list[int]) -> None:
        """Follow the entries to their new places."""
        self._next, self.handled = places[self._next], places[self.handled]

    async def take(self) -> Entry | PackedEntry | None:
        """The next entry, waiting for it; `None` at the end."""
        log = self._log
        self.thread = threading.get_ident()
        while True:
            if self.stopped or (self.consumer and log.discarded):
                return None
            if self._next < len(log.entries):
                self.handled = self._next
                self._next += 1
                return log.entries[self._next - 1]
            self.handled = self._next
            if log.closed:
                return None
            log._check_settled()
            await self._wait()

    async def take_all(self) -> list[Entry | PackedEntry]:
        """Everything that is new, waiting until something is; empty at the end."""
        log = self._log
        while self._next >= len(log.entries) and not log.closed:
            await self._wait()
        return self.take_new()

    def take_new(self) -> list[Entry | PackedEntry]:
        """Everything that is new, without waiting."""
        self.thread = threading.get_ident()
        fresh = self._log.entries[self._next :]
        self._next = self.handled = self._next + len(fresh)
        return fresh

    async def _wait(self) -> None:
        """Sleep until the log wakes this reader."""
        self._waiting = waiting = asyncio.get_running_loop().create_future()
        log = self._log
        if self._next < len(log.entries) or log.closed or self.stopped or (self.consumer and log.discarded):
            self._waiting = None
            return
        try:
            await waiting
        finally:
            self._waiting = None

    def wake(self) -> None:
        """Make a waiting `take` look again; from any thread."""
        waiting = self._waiting
        if waiting is not None:
            self._waiting = None
            resolve(waiting)

    def watch_end(self) -> asyncio.Future[None]:
        """A future, on the running loop, that is done when the run has ended: to sleep with an eye on it."""
        return self._log.watch_closed()

    def close(self) -> None:
        """Stop reading; the last consumer to close stops an unfinished run."""
        if self._open:
            self._open = False
            self._log.forget(self)


def in_loop(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether this code runs in `loop`."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def resolve(future: asyncio.Future[None]) -> None:
    """Complete a future on its own loop, whatever thread this is."""
    loop = future.get_loop()

    def complete() -> None:
        if not future.done():
            future.set_result(None)

    if in_loop(loop):
        complete()
    elif not loop.is_closed():
        loop.call_soon_threadsafe(complete)
