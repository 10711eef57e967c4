"""The type of functions that join a session's history with a run's new input."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

SessionInputCallback: TypeAlias = Callable[[list[Any], list[Any]], list[Any] | Awaitable[list[Any]]]
"""Gets the history and the new input, both as lists of items, and returns what the model is sent."""
