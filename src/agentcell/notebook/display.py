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

from ..engine.state import RunState
from ..engine.threads import loop_is_running, own_loop
from ..exceptions import UserError
from ..items import output_text
from ..render.record import record_bundle
from ..render.words import STATE_WORDS
from ..view.feed import EntryLike, Feed, ReaderLike, fold
from ..view.model import EMPTY, RunView
from .answering import carry_out
from .page_messages import PageMessage, Stop

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
    @property
    def resumable(self) -> bool: ...
    @property
    def resumed(self) -> Any: ...
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
    """One place in a notebook that shows one run, and the runs that go on from it.

    A run that has paused, or failed in a way that another try may mend, is shown live and as its record in one output:
    the forms of its calls and [Resume] work while the kernel lives, and a saved notebook has something to read.
    """

    def __init__(self, run: Any, shell: Any) -> None:
        self._first: Any = run
        self._run: Any = run
        self._shell = shell
        self._display_id = f"agentcell-{run.run_id}-{next(_numbers)}"
        self._widget: Any = None
        self._feed = Feed(run.log.reader(consumer=False), self._frame)
        self._settled = False
        self._halted: RunState[Any] | None = None
        self._cells_since = 0
        self._thread = threading.get_ident()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: asyncio.Task[Any] | None = None
        self._context = contextvars.copy_context()

    def open(self) -> None:
        """Publish the live view, before its first frame."""
        _open.add(self)
        if mode(self._shell) == "widget":
            from .widget import RunWidget

            self._widget = RunWidget(EMPTY, self._act, self._keep)
            self._widget.on_slow = self._feed.slow_down
            self._publish(self._live_bundle(), update=False)
        else:
            text = f"agentcell run {self._run.run_id}: {STATE_WORDS['queued'].lower()}"
            self._publish({"text/plain": text}, update=False)

    async def follow(self) -> None:
        """Show the run until it ends; then leave the record, or wait in the background for what a person decides."""
        self._thread, self._loop = threading.get_ident(), asyncio.get_running_loop()
        try:
            await self._feed.run()
            self._end()
            if not self._settled:
                self._waiting = asyncio.get_running_loop().create_task(self._go_on(), name="agentcell paused view")
                _tasks.add(self._waiting)
                self._waiting.add_done_callback(_tasks.discard)
        except Exception as error:
            self._fail(error)

    async def _go_on(self) -> None:
        """Show what is decided, and the run that goes on; leave the record when nothing more can come."""
        try:
            while not self._settled:
                await self._feed.listen(self._run.after.reader(consumer=False), self._began)
                if self._run.resumed is None or self._settled:
                    break
                self._run = self._run.resumed
                await self._feed.go_on(self._run.log.reader(consumer=False), self._began)
                self._end()
        except Exception as error:
            self._fail(error)

    @property
    def _began(self) -> float:
        return self._run.log.after(self._first.log)

    def settle_if_over(self) -> None:
        """Leave the record now when the run has ended; only from the thread that follows it."""
        if self._halted is self._run and self._run.status == "failed":
            self._cells_since += 1
            if self._cells_since > 1:  # its own cell has ended, and another one
                self._keep()
        elif self._run.finished and self._halted is not self._run and self._thread == threading.get_ident():
            try:
                self._frame(self._feed.catch_up())
                self._end()
            except Exception as error:
                self._fail(error)

    def _frame(self, view: RunView) -> None:
        if self._widget is not None and not self._settled:
            self._widget.show(view)

    def _end(self) -> None:
        """The run has ended: leave the record, beside the live view while that can still do something."""
        if self._widget is None or not self._run.resumable:
            self._settle()
        elif not self._settled and self._halted is not self._run:
            self._halted, self._cells_since = self._run, 0
            self._publish_apart({**self._record(), **self._live_bundle()})

    def _record(self) -> dict[str, str]:
        """The record: what somebody has opened or closed in the live view stays so."""
        if self._widget is None:
            return record_bundle(self._feed.view)
        return record_bundle(self._feed.view, self._widget.renderer.parts, self._widget.folded)

    def _live_bundle(self) -> dict[str, Any]:
        bundle = dict(self._widget._repr_mimebundle_()[0])
        bundle["text/plain"] = f"agentcell run {self._first.run_id}: live view"
        return bundle

    def _act(self, message: PageMessage) -> str:
        """Do what the page asks for; in any thread."""
        if not isinstance(self._run, RunState):  # another library's: it can be stopped, and that is all
            if isinstance(message, Stop):
                self._run.cancel()
            return ""
        return carry_out(message, self._run, self._feed.view, self._resume, self._keep)

    def _resume(self) -> None:
        """Go on with the run, where it is followed."""
        from ..run import resume, start

        def go_on() -> None:
            if self._run.resumed is None and not self._settled:
                start(resume(self._run, {})._run)

        loop = self._loop
        if loop is None or loop.is_closed():
            raise UserError("the event loop of the run is gone; go on with result.resume() in a cell")
        loop.call_soon_threadsafe(go_on, context=self._context.copy())

    def _keep(self) -> None:
        """Make the record now, whatever could still come."""
        if self._run.finished and not self._settled:
            self._settle()
            if self._waiting is not None and self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._waiting.cancel)

    def _settle(self) -> None:
        """Replace the live view by the record, once and in one step."""
        if self._settled:
            return
        self._settled = True
        _open.discard(self)
        widget = self._widget
        if widget is not None:
            widget.finish()
        self._publish_apart(self._record())
        if widget is not None and not widget.reopened:
            widget.discard()

    def _publish_apart(self, bundle: dict[str, Any]) -> None:
        """Update the output, wherever this is called.

        Outside of any cell's context the update belongs to the cell that is executing now; executors that only
        listen to that one would otherwise miss the end of a run that an earlier cell has started.
        """
        contextvars.Context().run(self._publish, bundle, True)

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
    if run.finished and (mode(shell) != "widget" or not run.resumable or run.resumed is not None):
        note_shown(run, shell)
        raise NotImplementedError
    if mode(shell) == "terminal":
        note_shown(run, shell)
        show_in_terminal(handle)
        return
    handle.start()
    show(run, shell)


def whole_view(run: Any) -> RunView:
    """The view of a run with all that was decided about it, and of the runs that went on from it."""
    view, first = EMPTY, run
    while True:
        began = run.log.after(first.log)
        view = fold(view, run.log.entries, began)
        if not isinstance(run, RunState):
            return view
        view = fold(view, run.after.entries, began)
        if run.resumed is None:
            return view
        run = run.resumed


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
    forms = record_bundle(whole_view(run))
    return {
        kind: value
        for kind, value in forms.items()
        if (not include or kind in include) and (not exclude or kind not in exclude)
    }
