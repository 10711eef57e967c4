"""An event loop with a clock of its own: time passes only when nothing else can happen.

The trick: a loop asks its selector to wait until the next timer is due. This selector does not wait, it moves the
clock there. So a timer costs nothing, none can go off while anything is ready, and a run that needed one has moved the
clock. When nothing is ready and no timer is set, only another thread could go on; without one, nothing ever will, and
that is an error instead of a hang.
"""

from __future__ import annotations

import asyncio
import gc
import selectors
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

THREADS_MAY_TAKE = 10.0
"""Seconds that another thread may take before nothing will ever happen."""


class NothingWillHappen(BaseException):
    """Every task waits for something that nobody does."""


class _Selector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is not None and timeout > 0:
            self.now += timeout
            return super().select(0)
        ready = super().select(THREADS_MAY_TAKE if timeout is None else timeout)
        if timeout is None and not ready:
            raise NothingWillHappen("no task is ready, no timer is set, and no other thread has said anything")
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)
        self.complaints: list[dict[str, Any]] = []
        """What has reached the exception handler."""
        self.set_exception_handler(lambda loop, context: self.complaints.append(context))

    def time(self) -> float:
        """Seconds that timers have taken."""
        return self._clock.now

    def left_over(self) -> list[Any]:
        """The other tasks, the timers that are set, and the generators that are open."""
        timers = [timer for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
        tasks = [task for task in asyncio.all_tasks(self) if task is not asyncio.current_task(self)]
        generators = [made for made in self._asyncgens if made.ag_frame is not None]  # type: ignore[attr-defined]
        return [*tasks, *timers, *generators]


def run_virtually(work: Callable[[VirtualLoop], Coroutine[Any, Any, None]]) -> VirtualLoop:
    """Run `work` on a new virtual loop, which is closed then."""
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(work(loop))
    return loop


def assert_no_complaints(loops: Iterable[VirtualLoop]) -> None:
    """Nothing has reached an exception handler, not even when the garbage is collected."""
    gc.collect()
    complaints = [complaint for loop in loops for complaint in loop.complaints]
    assert complaints == [], complaints
