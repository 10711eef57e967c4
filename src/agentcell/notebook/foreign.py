"""Runs of openai-agents, seen as views see ours.

`ForeignRun` takes over the stream of a result. A task reads it to its end, like anybody who iterates, and puts each
event into a log; so what is shown never depends on whether somebody iterates, and any number of readers see it all.
The log keeps the events as they came; a view's reader gets them through a `Restorer`, which puts back what our own
runs say besides. Nothing of the other library is imported: a result is known by its attributes.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from ..engine.log import Entry, EventLog, Reader
from ..engine.threads import loop_is_running
from ..exceptions import ArgumentTypeError, UserError
from ..view.replay import replayed
from ..view.restore import Ending, Restorer

_STREAMED = ("stream_events", "cancel", "is_complete", "new_items", "final_output", "last_agent")
_FINISHED = ("raw_responses", "new_items", "final_output", "last_agent")
"""What a result of the reference has, while it goes on and when it has ended."""

_numbers = itertools.count(1)
_tasks: set[asyncio.Task[Any]] = set()
"""Streams that are being read; the event loop itself keeps only weak references."""


class TakenStream:
    """Stands in the place of a result's `stream_events` once a view owns the stream."""

    def __init__(self, run: ForeignRun) -> None:
        self.run = run
        """Who owns it."""

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise UserError(
            "result.stream_events() was called, but agentcell.show(result) owns that stream, and each event can be "
            "taken only once. Keep what show() returns and iterate that, for the same events from the beginning: "
            "shown = agentcell.show(result); async for event in shown.stream_events(): ..."
        )


class ForeignRun:
    """One run of openai-agents."""

    def __init__(self, result: Any) -> None:
        self.result: Any = result
        """The reference's result."""
        self.run_id: str = f"x{next(_numbers)}-{os.urandom(4).hex()}"
        """A name for the run that no other run has."""
        self.events: EventLog = EventLog()
        """What its stream has given, as it came."""
        self.log: RestoredLog = RestoredLog(self)
        """The same, with signals, for views."""
        self.error: BaseException | None = None
        """What the stream ended with."""
        self.started_at: float = time.time()
        """When it was taken over, in seconds since 1970."""
        self.ended_at: float = 0.0
        """When it ended, in seconds since then."""
        self._source: Callable[[], AsyncIterator[Any]] | None = None

    @classmethod
    def of(cls, result: Any) -> ForeignRun:
        """Take over a result, or find who has done so before.

        Raises `ArgumentTypeError` for anything that is not a result.
        """
        taken = getattr(result, "stream_events", None)
        if isinstance(taken, TakenStream):
            return taken.run
        if not isinstance(result, type) and all(hasattr(result, name) for name in _STREAMED):
            if not loop_is_running() and not result.is_complete:
                raise UserError(
                    f"show() was called without a running event loop for {result!r:.200}, whose run goes on; call it "
                    "where the run was started, inside the async function"
                )
            run = cls(result)
            run._source = result.stream_events
            result.stream_events = TakenStream(run)
            return run
        if not isinstance(result, type) and all(hasattr(result, name) for name in _FINISHED):
            run = cls(result)
            run._replay()
            return run
        hint = "; await the run first: show(await Runner.run(...))" if hasattr(result, "__await__") else ""
        raise ArgumentTypeError(
            "show() takes the result of a run, of agentcell or of openai-agents, such as what Runner.run_streamed(...) "
            f"returns; got {result!r}{hint}"
        )

    resumable = False
    """Whether a view can offer to go on with it."""
    resumed = None
    """The run that goes on from it; views do not follow that."""
    status = "foreign"
    """What it is doing, as far as it says."""

    @property
    def finished(self) -> bool:
        """Whether the run has ended and all of it is in the log."""
        return self.events.closed

    @property
    def ending(self) -> Ending:
        """How the run ended."""
        return Ending.of(self.result, self.error)

    def start(self) -> None:
        """Begin to read the stream, on the event loop of the run; without one, at the next call that has one."""
        if self._source is not None and loop_is_running():
            source, self._source = self._source, None
            task = asyncio.get_running_loop().create_task(self._drain(source), name=f"agentcell {self.run_id}")
            _tasks.add(task)
            task.add_done_callback(_tasks.discard)

    def cancel(self, mode: str = "immediate") -> None:
        """Stop the run, as its own `cancel` does."""
        self.result.cancel(mode=mode)

    def prompt(self) -> str:
        """What the run was asked, as text."""
        given = getattr(self.result, "input", "")
        if isinstance(given, str):
            return given
        said = [item for item in given if isinstance(item, dict) and item.get("role") == "user"]
        content = said[-1].get("content", "") if said else ""
        if isinstance(content, str):
            return content
        return "\n".join(str(part["text"]) for part in content if isinstance(part, dict) and "text" in part)

    def restorer(self) -> Restorer:
        """A new restorer for a new view."""
        return Restorer(self.run_id, self.prompt(), self.started_at, self.result.new_items)

    async def _drain(self, source: Callable[[], AsyncIterator[Any]]) -> None:
        """Read the stream to its end; who iterates or awaits is told of its error, and so is the view."""
        try:
            async for event in source():
                self.events.append(event)
            if not self.events.entries:  # somebody has read it all before
                self._replay()
        except Exception as error:
            self.error = error
        except asyncio.CancelledError:
            self.result.cancel()
            raise
        finally:
            self._close()

    def _replay(self) -> None:
        """Fill the log from the items of a run that has ended."""
        result = self.result
        items = result.new_items
        first = next((item.source_agent for item in items if item.type == "handoff_output_item"), result.last_agent)
        for event in replayed(items, result.raw_responses, first):
            self.events.append(event)
        self._close()

    def _close(self) -> None:
        if not self.events.closed:
            self.ended_at = self.events.elapsed()
            self.events.close()


class RestoredLog:
    """What views read of a foreign run."""

    def __init__(self, run: ForeignRun) -> None:
        self._run = run

    @property
    def entries(self) -> list[Entry]:
        """Everything so far."""
        reader = self.reader(consumer=False)
        try:
            return reader.take_new()
        finally:
            reader.close()

    def reader(self, *, consumer: bool = False) -> RestoredReader:
        """A new reader at the beginning."""
        return RestoredReader(self._run, self._run.events.reader(consumer=consumer))

    def after(self, _earlier: Any) -> float:
        """When it began, in seconds since an earlier one did: nothing comes before a foreign run."""
        return 0.0

    async def wait_closed(self) -> None:
        """Wait for the end of the run."""
        await self._run.events.wait_closed()


class RestoredReader:
    """One view's position in the log of a foreign run."""

    def __init__(self, run: ForeignRun, reader: Reader) -> None:
        self._run = run
        self._reader = reader
        self._restorer = run.restorer()
        self._over = False

    async def take_all(self) -> list[Entry]:
        """Everything that is new, waiting until something is; empty at the end."""
        while True:
            fresh = await self._reader.take_all()
            found = self._restored(fresh)
            if found or not fresh:
                return found

    def take_new(self) -> list[Entry]:
        """Everything that is new, without waiting."""
        return self._restored(self._reader.take_new())

    def watch_end(self) -> asyncio.Future[None]:
        """A future, on the running loop, that is done when the run has ended."""
        return self._reader.watch_end()

    def close(self) -> None:
        """Stop reading."""
        self._reader.close()

    def _restored(self, fresh: list[Any]) -> list[Entry]:
        run, feed = self._run, self._restorer.feed
        found = [Entry(event, entry.at) for entry in fresh for event in feed(entry.event)]
        if run.finished and not self._over and self._reader.place >= len(run.events.entries):
            self._over = True
            found += [Entry(event, run.ended_at) for event in self._restorer.finish(run.ending)]
        return found


async def original_events(run: ForeignRun) -> AsyncIterator[Any]:
    """The reference's own events from the beginning, unchanged; at the end its error is raised."""
    run.start()
    reader = run.events.reader(consumer=False)
    try:
        while (entry := await reader.take()) is not None:
            yield entry.event
        if run.error is not None:
            raise cast(BaseException, run.error)
    finally:
        reader.close()
