"""Our own event loop in our own thread, for callers that have none or must not use theirs.

A run belongs on its caller's loop. Where there is no running loop, or where the caller blocks its own (`run_sync` in a
notebook), the run goes to this thread instead. Work is started inside a copy of the caller's context, so that context
variables hold, and with them the notebook cell that output belongs to.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextvars
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

JOIN_SLICE = 0.1
"""Seconds between two looks at whether the caller was interrupted."""
QUIET_TIME = 5.0
"""Seconds that an interrupted caller waits for its work to end."""


class LoopThread:
    """A daemon thread that runs an event loop; it starts at the first use."""

    def __init__(self, name: str = "agentcell") -> None:
        self._name = name
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop."""
        with self._lock:
            if self._loop is None or self._loop.is_closed():
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
                self._thread.start()
                atexit.register(self.close)
            return self._loop

    def close(self) -> None:
        """Cancel what still runs, close the loop with all that depends on it, and end the thread.

        The next use starts another one. Does nothing in a process that was forked off, which has no such thread.
        """
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        atexit.unregister(self.close)
        if loop is None or thread is None or not thread.is_alive():
            return
        ended = asyncio.run_coroutine_threadsafe(_end_of_loop(), loop)
        concurrent.futures.wait([ended], QUIET_TIME)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(QUIET_TIME)
        if not thread.is_alive():
            loop.close()

    def start(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start `work` on the loop, in a copy of the caller's context; cancelling the future cancels the work."""
        context = contextvars.copy_context()
        outcome: concurrent.futures.Future[T] = concurrent.futures.Future()
        loop = self.loop()

        def begin() -> None:
            task = loop.create_task(work, context=context)
            task.add_done_callback(lambda done: _pass_on(done, outcome))
            outcome.add_done_callback(lambda f: loop.call_soon_threadsafe(task.cancel) if f.cancelled() else None)

        loop.call_soon_threadsafe(begin)
        return outcome

    def run(self, work: Coroutine[Any, Any, T], *, on_interrupt: Any = None) -> T:
        """Run `work` to its end while this thread waits in short slices, so that it stays interruptible.

        A `KeyboardInterrupt` calls `on_interrupt`, waits for the work to end, and is raised again.
        """
        outcome = self.start(work)
        try:
            while True:
                try:
                    return outcome.result(JOIN_SLICE)
                except concurrent.futures.TimeoutError:
                    if outcome.done():
                        raise
        except KeyboardInterrupt:
            if on_interrupt is not None:
                on_interrupt()
            else:
                outcome.cancel()
            concurrent.futures.wait([outcome], QUIET_TIME)
            raise


async def _end_of_loop() -> None:
    """What `asyncio.run` does at its end."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


def _pass_on(task: asyncio.Task[T], outcome: concurrent.futures.Future[T]) -> None:
    """Give a task's outcome to the thread that waits for it."""
    error = None if task.cancelled() else task.exception()
    if task.cancelled():
        outcome.cancel()
    if not outcome.set_running_or_notify_cancel():  # without it nobody who waits hears of a cancellation
        return
    if error is not None:
        outcome.set_exception(error)
    else:
        outcome.set_result(task.result())


own_loop: LoopThread = LoopThread()
"""The library's loop thread."""


def loop_is_running() -> bool:
    """Whether this thread is inside a running event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
