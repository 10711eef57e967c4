"""Showing runs: a live view while they go on, a record when they have ended.

A live view is published once under a display id of its own. When the run ends the same output becomes the record: HTML,
Markdown and plain text, without a widget, so that it can be read in a saved notebook. Who is looking decides the way:

    widget     a kernel with a person at its front end
    static     a kernel whose front end cannot answer (it does not allow input, as nbclient and its relatives): the
               record alone, at the end, so that no widget state is left in the file
    terminal   IPython without a kernel

A view never disturbs its run: it is a view reader of the log, and its own failure becomes a line of text in its place.
When a cell ends, the records of the runs that ended in it are written before the cell is over, so that a notebook that
is saved at that moment has them.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import sys
import threading
from collections.abc import Iterable
from typing import Any, Literal, Protocol

from ..engine.threads import loop_is_running, own_loop
from ..items import output_text
from ..render.record import record_bundle
from ..render.words import STATE_WORDS
from ..view.feed import EntryLike, Feed, ReaderLike, fold
from ..view.model import EMPTY, RunView

Mode = Literal["widget", "static", "terminal"]
"""How runs are shown."""

_numbers = itertools.count(1)
_shown: dict[str, int] = {}
"""The execution in which each run was last shown, by run id."""
_tasks: set[asyncio.Task[Any]] = set()
"""Feeds that are running; the event loop itself keeps only weak references."""
_open: set[LiveDisplay] = set()
"""The live views that are not records yet."""


class LogLike(Protocol):
    """What a run has said so far."""

    @property
    def entries(self) -> Iterable[EntryLike]: ...
    def reader(self, *, consumer: bool) -> ReaderLike: ...


class Showable(Protocol):
    """A run that can be shown: one of ours (`engine.state.RunState`), or one of another library."""

    @property
    def run_id(self) -> str: ...
    @property
    def finished(self) -> bool: ...
    @property
    def log(self) -> LogLike: ...
    def cancel(self) -> None: ...


class Handle(Protocol):
    """What a person has of a run: a streaming result."""

    @property
    def _run(self) -> Showable: ...
    def start(self) -> None: ...
    async def aclose(self) -> None: ...


def in_ipython() -> bool:
    """Whether this may be a notebook or IPython; tells without importing it."""
    return "IPython" in sys.modules


def current_shell() -> Any:
    """The IPython shell; `None` outside IPython."""
    from IPython import get_ipython  # type: ignore[attr-defined]

    return get_ipython()


def mode(shell: Any) -> Mode:
    """How runs are shown in this shell, decided at each display."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return "terminal"
    return "widget" if getattr(kernel, "_allow_stdin", True) else "static"


class LiveDisplay:
    """One place in a notebook that shows one run."""

    def __init__(self, run: Showable, shell: Any) -> None:
        self._run = run
        self._shell = shell
        self._display_id = f"agentcell-{run.run_id}-{next(_numbers)}"
        self._widget: Any = None
        self._feed = Feed(run.log.reader(consumer=False), self._frame)
        self._settled = False
        self._thread = threading.get_ident()

    def open(self) -> None:
        """Publish the live view, before its first frame."""
        _open.add(self)
        if mode(self._shell) == "widget":
            from .widget import RunWidget

            self._widget = RunWidget(EMPTY, {"stop": self._run.cancel})
            self._widget.on_slow = self._feed.slow_down
            bundle = dict(self._widget._repr_mimebundle_()[0])
            bundle["text/plain"] = f"agentcell run {self._run.run_id}: live view"
            self._publish(bundle, update=False)
        else:
            text = f"agentcell run {self._run.run_id}: {STATE_WORDS['queued'].lower()}"
            self._publish({"text/plain": text}, update=False)

    async def follow(self) -> None:
        """Show the run until it ends, then leave the record."""
        self._thread = threading.get_ident()
        try:
            await self._feed.run()
            self._settle()
        except Exception as error:
            self._fail(error)

    def settle_if_over(self) -> None:
        """Leave the record now when the run has ended; only from the thread that follows it."""
        if self._run.finished and self._thread == threading.get_ident():
            try:
                self._frame(self._feed.catch_up())
                self._settle()
            except Exception as error:
                self._fail(error)

    def _frame(self, view: RunView) -> None:
        if self._widget is not None and not self._settled:
            self._widget.show(view)

    def _settle(self) -> None:
        """Replace the live view by the record, once and in one step."""
        if self._settled:
            return
        self._settled = True
        _open.discard(self)
        widget = self._widget
        if widget is not None:
            widget.finish()
        bundle = record_bundle(self._feed.view, widget.renderer.parts if widget is not None else None)
        # Outside of any cell's context the update belongs to the cell that is executing now; executors that only
        # listen to that one would otherwise miss the end of a run that an earlier cell has started.
        contextvars.Context().run(self._publish, bundle, True)
        if widget is not None and not widget.reopened:
            widget.discard()

    def _fail(self, error: Exception) -> None:
        """Say in the view's place that it could not go on."""
        self._settled = True
        _open.discard(self)
        note = f"agentcell: the view failed ({type(error).__name__}: {output_text(error)}); the run is not affected"
        self._publish({"text/plain": note}, update=True)

    def _publish(self, bundle: dict[str, Any], update: bool) -> None:
        self._shell.display_pub.publish(
            data=bundle, metadata={}, transient={"display_id": self._display_id}, update=update
        )


def show(run: Showable, shell: Any) -> asyncio.Task[None] | None:
    """Show a run here, once in each execution; returns the task that follows it, on the running loop."""
    if already_shown(run, shell):
        return None
    note_shown(run, shell)
    _settle_at_cell_end(shell)
    display = LiveDisplay(run, shell)
    display.open()
    if loop_is_running():
        task = asyncio.get_running_loop().create_task(display.follow(), name=f"agentcell view {run.run_id}")
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
        return task
    own_loop.start(display.follow())
    return None


def settle_finished() -> None:
    """Write the records of all runs that have ended; called when a cell ends."""
    for display in tuple(_open):
        display.settle_if_over()


def _settle_at_cell_end(shell: Any) -> None:
    if settle_finished not in shell.events.callbacks["post_execute"]:
        shell.events.register("post_execute", settle_finished)


def already_shown(run: Showable, shell: Any) -> bool:
    """Whether the current execution shows this run."""
    return _shown.get(run.run_id) == shell.execution_count


def note_shown(run: Showable, shell: Any) -> None:
    """Remember that this execution shows the run, so that its value at the end of the cell is not shown again."""
    _shown[run.run_id] = shell.execution_count


def show_or_defer(run: Showable, handle: Handle) -> None:
    """`_ipython_display_` of results: live runs are shown live.

    Raises `NotImplementedError` for finished runs, for which IPython then asks for the record.
    """
    shell = current_shell()
    if shell is None:
        raise NotImplementedError
    if already_shown(run, shell):
        return
    if run.finished:
        note_shown(run, shell)
        raise NotImplementedError
    if mode(shell) == "terminal":
        note_shown(run, shell)
        show_in_terminal(handle)
        return
    handle.start()
    show(run, shell)


def show_in_terminal(handle: Handle) -> None:
    """Stream a run in a terminal; inside a running loop it goes on in the background."""
    from ..render.terminal import run_in_terminal

    if loop_is_running():
        task = asyncio.get_running_loop().create_task(run_in_terminal(handle))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
        return
    own_loop.run(run_in_terminal(handle), on_interrupt=handle._run.cancel)


def bundle(run: Showable, include: Any = None, exclude: Any = None) -> dict[str, str]:
    """The record of a run as it is now, by MIME type."""
    forms = record_bundle(fold(EMPTY, run.log.entries))
    return {
        kind: value
        for kind, value in forms.items()
        if (not include or kind in include) and (not exclude or kind not in exclude)
    }
