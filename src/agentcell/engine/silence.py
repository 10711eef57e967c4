"""Noticing that a model has gone silent.

One timer looks every few seconds whether any event has come since it looked last; so an event costs nothing more than
being counted. Silence is said once it has lasted, and said again only after the model has spoken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..stream_events import ModelSilent

if TYPE_CHECKING:
    from .state import RunState

SILENT_FROM = 30.0
"""Seconds without an event after which a model counts as silent."""
LOOK_EVERY = 5.0
"""Seconds between two looks."""


class SilenceWatch:
    """Watches one model call; a context manager."""

    def __init__(self, run: RunState[Any], count: Callable[[], int]) -> None:
        self._run = run
        self._count = count
        """How many events have come."""
        self._seen = 0
        self._quiet = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> SilenceWatch:
        self._wait()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_EVERY, self._look)

    def _look(self) -> None:
        count = self._count()
        self._quiet = self._quiet + LOOK_EVERY if count == self._seen else 0.0
        self._seen = count
        if self._quiet == SILENT_FROM:
            self._run.say(ModelSilent(SILENT_FROM))
        self._wait()
