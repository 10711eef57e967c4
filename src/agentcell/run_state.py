"""`RunState`: a run as something to decide on, store and go on with."""

from __future__ import annotations

from .engine.state import RunState

__all__ = ["RunState"]
