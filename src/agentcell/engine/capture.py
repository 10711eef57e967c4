"""What a tool writes, copied into its card: standard output, standard error, logging and warnings.

    print() ---> _Copying ------> the stream that stood there before
                    '--> _current.get().add("stdout", text)
    logger.x() -> callHandlers -> the user's handlers
                    '--> _current.get().add("log", line)

Which call something belongs to is a context variable: each call runs in a task of its own, and a synchronous tool in a
thread with a copy of that task's context, so tools that run in parallel do not mix, and inside an agent that runs as a
tool the innermost call is meant. Three things are put in place when the first tool begins, and taken away when the last
one ends. All of them copy; none swallows anything or decides where it goes:

- `sys.stdout` and `sys.stderr` become a stand-in that writes to what stood there, and is it in every other respect.
- `logging.Logger.callHandlers` is wrapped, because a handler of ours would be seen: with one on the root logger
  `logging.basicConfig()` does nothing and `logging.lastResort` falls silent, and loggers that do not propagate would be
  missed. A record factory would see records that the user's filters drop. Every record whose level and filters let it
  pass comes through `callHandlers`, once, whoever handles it then.
- `warnings.showwarning` is wrapped.

Others may replace any of the three meanwhile, and put ours back when it is no longer wanted: it then does nothing but
pass on, and takes itself away at the next use. What is written on the way of something that was copied already, such
as a log record's own line on standard error, is not copied again. Not seen at all: what goes to file descriptors
(subprocesses, `sys.stdout.buffer`), what a tool catches itself (`contextlib.redirect_stdout`), and threads that a tool
starts without its context.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from os.path import basename
from typing import Any, Literal

from ..stream_events import LogEvent, ToolPrinted, ToolProgressed

Channel = Literal["stdout", "stderr", "log", "warning"]
"""Where something is written."""

PRINTED_LIMIT = 65_536
"""Characters of one call's output that views get."""
PAUSE = 0.05
"""Seconds between two signals about one call's output; what is written meanwhile goes together."""
MOST_SWITCHES = 200
"""How often the channel may change before the order between channels is kept only from signal to signal."""
CUT_NOTE = "\n[... more was written; it went where it always goes, and is not shown here ...]\n"
"""What stands in a card in the place of what is too much."""

_current: ContextVar[CallOutput | None] = ContextVar("agentcell_tool_output", default=None)
"""The call that runs here."""
_line_format = logging.Formatter("%(levelname)s %(name)s: %(message)s")


class CallOutput:
    """What one call has written and reported, on its way into the log of its run.

    `add` and `report` may be called from any thread; everything else on the run's own loop.
    """

    def __init__(self, call_id: str, say: Callable[[LogEvent], None]) -> None:
        self._call_id = call_id
        self._say = say
        self._loop = asyncio.get_running_loop()
        self._lock = threading.RLock()  # an object's finaliser may print while something is added
        self._pieces: list[tuple[Channel, list[str]]] = []
        self._progress: ToolProgressed | None = None
        self._length = 0
        self._switches = 0
        self._arranged = False
        self._timer: asyncio.TimerHandle | None = None
        self._flushed_at = float("-inf")
        self._closed = False

    def add(self, channel: Channel, text: str) -> None:
        """Take in something that was written."""
        with self._lock:
            room = PRINTED_LIMIT - self._length
            if self._closed or room < 0 or not text:
                return
            self._length += len(text)
            if len(text) > room:
                text = text[:room] + CUT_NOTE
            self._place(channel).append(text)
            self._arrange()

    def _place(self, channel: Channel) -> list[str]:
        """Where the next piece goes."""
        if self._pieces and self._pieces[-1][0] == channel:
            return self._pieces[-1][1]
        if self._switches >= MOST_SWITCHES:
            for known, place in self._pieces:
                if known == channel:
                    return place
        self._switches += 1
        self._pieces.append((channel, []))
        return self._pieces[-1][1]

    def report(self, message: str, fraction: float | None) -> None:
        """Take in where the tool is; of reports that follow each other closely the last one counts."""
        with self._lock:
            if not self._closed:
                self._progress = ToolProgressed(self._call_id, message, fraction)
                self._arrange()

    def _arrange(self) -> None:
        """See to it that the loop tells the log."""
        if self._arranged:
            return
        self._arranged = True
        try:
            self._loop.call_soon_threadsafe(self._due)
        except RuntimeError:  # the loop is closed: nobody listens any more
            self._closed = True

    def _due(self) -> None:
        """Tell the log now, or when enough time has passed since the last telling."""
        if self._closed:
            return
        wait = self._flushed_at + PAUSE - self._loop.time()
        if wait > 0:
            self._timer = self._loop.call_later(wait, self._flush)
        else:
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            pieces, self._pieces = self._pieces, []
            progress, self._progress = self._progress, None
            self._arranged, self._timer = False, None
            self._flushed_at = self._loop.time()
        for channel, texts in pieces:
            self._say(ToolPrinted(self._call_id, channel, "".join(texts)))
        if progress is not None:
            self._say(progress)

    def close(self) -> None:
        """Tell the log what is left; from now on nothing is taken in."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            timer = self._timer
        if timer is not None:
            timer.cancel()
        self._flush()

    @contextmanager
    def capturing(self) -> Iterator[None]:
        """Take in what is written in this context, and in those that come from it, until the end of the block."""
        token = _current.set(self)
        _capture.begin()
        try:
            yield
        finally:
            _capture.end()
            _current.reset(token)
            self.close()


def _copy(channel: Channel, text: Any) -> None:
    """Give a copy to the call that runs here, if one does and this is not part of a thing that it has already."""
    output = _current.get()
    if output is not None and not _inside.on and isinstance(text, str):
        output.add(channel, text)


class _Inside(threading.local):
    """Whether this thread is passing on something that was copied already."""

    on = False


_inside = _Inside()


@contextmanager
def _passing_on() -> Iterator[None]:
    before, _inside.on = _inside.on, True
    try:
        yield
    finally:
        _inside.on = before


class _Copying:
    """Stands for a text stream: what is written to it goes there, and a copy to the call that runs here."""

    __slots__ = ("__dict__", "_agentcell_channel", "_agentcell_stream")

    def __init__(self, stream: Any, channel: Literal["stdout", "stderr"]) -> None:
        object.__setattr__(self, "_agentcell_stream", stream)
        object.__setattr__(self, "_agentcell_channel", channel)

    @property
    def __class__(self) -> type[Any]:  # type: ignore[override]  # programs ask what kind of stream they have
        return self._agentcell_stream.__class__

    def write(self, text: str, *more: Any) -> Any:
        """Write to the stream; a copy goes to the call."""
        if not _capture.count:
            _capture.heal()
        with _passing_on():
            written = self._agentcell_stream.write(text, *more)
        _copy(self._agentcell_channel, text)
        return written

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._agentcell_stream, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # IPython puts a `write` of its own, which calls the one before, in place for each cell: that one was ours, so
        # the new one must be ours as well, or the stream would call itself without an end.
        if name in ("write", "writelines"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._agentcell_stream, name, value)

    def __delattr__(self, name: str) -> None:
        if name in ("write", "writelines"):
            object.__delattr__(self, name)
        else:
            delattr(self._agentcell_stream, name)

    def __iter__(self) -> Any:
        return iter(self._agentcell_stream)

    def __enter__(self) -> Any:
        self._agentcell_stream.__enter__()
        return self

    def __exit__(self, *error: Any) -> Any:
        return self._agentcell_stream.__exit__(*error)

    def __repr__(self) -> str:
        return repr(self._agentcell_stream)


class _Capture:
    """What is put in place while tools run."""

    def __init__(self) -> None:
        self.count = 0
        """How many calls are being captured."""
        self._lock = threading.RLock()

    def begin(self) -> None:
        """One more call."""
        with self._lock:
            self.count += 1
            for channel in ("stdout", "stderr"):
                stream = getattr(sys, channel)
                if stream is not None and type(stream) is not _Copying:
                    setattr(sys, channel, _Copying(stream, channel))
            if not hasattr(logging.Logger.callHandlers, "_agentcell_before"):
                logging.Logger.callHandlers = _copying_handlers(logging.Logger.callHandlers)
            if not hasattr(warnings.showwarning, "_agentcell_before"):
                warnings.showwarning = _copying_warning(warnings.showwarning)

    def end(self) -> None:
        """One call less; the last one takes everything away."""
        with self._lock:
            self.count -= 1
            if not self.count:
                self.heal()

    def heal(self) -> None:
        """Put back what stood where ours stands."""
        with self._lock:
            if self.count:
                return
            for channel in ("stdout", "stderr"):
                stream = getattr(sys, channel)
                while type(stream) is _Copying:
                    stream = stream._agentcell_stream
                    setattr(sys, channel, stream)
            before = getattr(logging.Logger.callHandlers, "_agentcell_before", None)
            if before is not None:
                logging.Logger.callHandlers = before
            before = getattr(warnings.showwarning, "_agentcell_before", None)
            if before is not None:
                warnings.showwarning = before


_capture = _Capture()


def _copying_handlers(before: Callable[..., Any]) -> Any:
    """`Logger.callHandlers` that copies each record first."""

    def callHandlers(self: logging.Logger, record: logging.LogRecord) -> None:
        if not _capture.count:
            _capture.heal()
        if _current.get() is not None and not _inside.on:
            _copy("log", _log_line(record))
        with _passing_on():
            before(self, record)

    callHandlers._agentcell_before = before  # type: ignore[attr-defined]
    return callHandlers


def _log_line(record: logging.LogRecord) -> str:
    """A record as a line, made of a copy: formatting writes into the record what other formatters then find there."""
    try:
        return _line_format.format(copy.copy(record)) + "\n"
    except Exception:  # its arguments do not fit its message; logging complains of that by itself
        return f"{record.levelname} {record.name}: {record.msg!s}\n" if isinstance(record.msg, str) else ""


def _copying_warning(before: Callable[..., Any]) -> Any:
    """`warnings.showwarning` that copies each warning first."""

    def showwarning(
        message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        if not _capture.count:
            _capture.heal()
        if file is None and _current.get() is not None:
            _copy("warning", _warning_line(message, category, filename, lineno))
        with _passing_on():
            before(message, category, filename, lineno, file, line)

    showwarning._agentcell_before = before  # type: ignore[attr-defined]
    return showwarning


def _warning_line(message: Any, category: Any, filename: str, lineno: int) -> str:
    try:
        return f"{category.__name__}: {message} ({basename(filename)}:{lineno})\n"
    except Exception:  # a message that cannot be shown; Python says so where it shows it
        return ""


def is_capturing() -> bool:
    """Whether anything of ours stands in the place of what the program has put there."""
    return bool(_capture.count) or any(
        (
            type(sys.stdout) is _Copying,
            type(sys.stderr) is _Copying,
            hasattr(logging.Logger.callHandlers, "_agentcell_before"),
            hasattr(warnings.showwarning, "_agentcell_before"),
        )
    )
