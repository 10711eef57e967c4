"""`show(result)`: a run in view, whichever of the two libraries it is of."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import aclosing
from typing import Any

from ..render.transcript import plain_transcript
from ..result import RunResult, RunResultStreaming
from ..view.feed import fold
from ..view.model import EMPTY
from . import display
from .foreign import ForeignRun, original_events


class ShownResult:
    """A result of openai-agents whose run is in view.

    It can be used in the place of that result: iterate it (`async for event in shown`, or `shown.stream_events()`) for
    the reference's own events, await it for the result when the run has ended, read `shown.final_output` and whatever
    else the result has. Any number of iterations see every event from the beginning. The view goes on when nobody
    iterates, and when an iteration is left early.
    """

    def __init__(self, run: ForeignRun) -> None:
        self._run = run

    @property
    def result(self) -> Any:
        """The reference's result, whose stream the view owns."""
        return self._run.result

    def start(self) -> None:
        """Begin to read the stream; `show` does that where an event loop is running."""
        self._run.start()

    async def stream_events(self) -> AsyncGenerator[Any, None]:
        """Every event of the reference's stream from the beginning; raises the run's error at the end."""
        async with aclosing(original_events(self._run)) as events:  # type: ignore[type-var]
            async for event in events:
                yield event

    def __aiter__(self) -> AsyncIterator[Any]:
        return self.stream_events()

    def __await__(self) -> Generator[Any, None, Any]:
        return self._finished().__await__()

    async def _finished(self) -> Any:
        self.start()
        await self._run.events.wait_closed()
        if self._run.error is not None:
            raise self._run.error
        return self._run.result

    def cancel(self, mode: str = "immediate") -> None:
        """Stop the run, as the result's own `cancel` does."""
        self._run.cancel(mode)

    async def aclose(self) -> None:
        """Stop the run if it goes on, and wait until it has ended."""
        if not self._run.finished:
            self.start()
            self._run.cancel()
            await self._run.events.wait_closed()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self._run.result, name)

    def __repr__(self) -> str:
        return f"<ShownResult {self._run.run_id} of {type(self._run.result).__name__}>"

    def __str__(self) -> str:
        return str(self._run.result)

    def _ipython_display_(self) -> None:
        display.show_or_defer(self._run, self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return display.bundle(self._run, include, exclude)

    def _repr_html_(self) -> str:
        return display.bundle(self._run)["text/html"]


def show(result: Any) -> Any:
    """Show a run here: live while it goes on, its record when it has ended.

    Takes results of agentcell, which it gives back, and of openai-agents, for which it gives a `ShownResult`: the view
    owns the stream of such a run, so iterate that instead of the result itself. In a notebook the view is what
    `display(result)` shows of a run of agentcell; elsewhere the run is printed.

        shown = agentcell.show(Runner.run_streamed(agent, "Hello"))   # from agents import Runner
        async for event in shown:
            ...

    Raises `ArgumentTypeError` for anything that is no result.
    """
    ours = isinstance(result, (RunResult, RunResultStreaming, ShownResult))
    shown: Any = result if ours else ShownResult(ForeignRun.of(result))
    shell = display.current_shell() if display.in_ipython() else None
    if shown._run.finished:
        _publish_record(shown._run, shell)
        return shown
    shown.start()
    if shell is None:
        display.show_in_terminal(shown)
    else:
        display.show_or_defer(shown._run, shown)
    return shown


def _publish_record(run: Any, shell: Any) -> None:
    """The record of a run that has ended, once in each execution."""
    if shell is None:
        print(plain_transcript(fold(EMPTY, run.log.entries)))
    elif not display.already_shown(run, shell):
        display.note_shown(run, shell)
        shell.display_pub.publish(data=display.bundle(run), metadata={})
