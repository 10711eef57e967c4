"""Work that is done one after another, off the event loop.

A write that was begun must end, in its order, even when nobody waits for it any more. So jobs stand in a queue, and a
thread works as long as the queue has any: no thread idles, none is left over, and the interpreter waits for the one
that works. Whoever waits may be cancelled; the job is not. Any loop and thread may submit.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from ..logger import logger

T = TypeVar("T")


class Lane:
    """A queue of jobs with at most one thread that works on them."""

    def __init__(self) -> None:
        self._jobs: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._lock = threading.RLock()  # a collected session may queue its end inside any allocation, this lock held
        self._working = False

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Queue a job; it runs even if its future is dropped."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # from now on cancelling whoever waits leaves the job alone
        with self._lock:
            self._jobs.append((job, future))
            idle, self._working = not self._working, True
        if idle:
            try:
                threading.Thread(target=self._work, name="agentcell-session").start()
            except RuntimeError:  # the interpreter is ending and starts no threads
                self._work()
        return future

    def last(self, job: Callable[[], None]) -> Future[None]:
        """Run a job after all that are queued: here and now when there are none."""
        future: Future[None] = Future()
        with self._lock:
            self._jobs.append((job, future))
            idle, self._working = not self._working, True
        if idle:
            self._work()
        return future

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._working = False
                    if not self._jobs:  # a job may have come while this looked idle and still worked
                        return
                    self._working = True
                job, future = self._jobs.popleft()
            try:
                result = job()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)
                del result
            del job, future


async def finished(future: Future[T]) -> T:
    """Wait for a job; when the waiting is cancelled the job goes on, and an error of it is logged."""
    try:
        return await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        future.add_done_callback(_log_failure)
        raise


def _log_failure(future: Future[Any]) -> None:
    error = future.exception()
    if error is not None:
        logger.warning("A session could not finish what a cancelled task had begun: %s", error)
