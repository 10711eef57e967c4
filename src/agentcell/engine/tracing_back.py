"""The traceback of a tool that failed, without the frames of the machinery that called it."""

from __future__ import annotations

import traceback
from types import TracebackType

OURS = __name__.partition(".")[0]
"""The package whose frames are left out where they stand before the tool's own."""
MOST_FRAMES = 30
"""Frames of one exception that are shown: the last ones."""
MOST_TEXT = 16_384
"""Characters of a whole traceback that are shown: the last ones."""


def tool_traceback(error: BaseException) -> str | None:
    """Where `error` was raised, as Python prints it, from the tool's own first frame on.

    `None` when no frame of it is the tool's, such as for arguments that did not fit.
    """
    frames = _from_the_tool(error.__traceback__)
    if frames is None:
        return None
    try:
        told = traceback.TracebackException(type(error), error, frames, limit=-MOST_FRAMES, compact=True)
        text = "".join(told.format())
    except Exception:  # a traceback must never be the reason why a run fails
        return None
    return text if len(text) <= MOST_TEXT else f"[...]\n{text[-MOST_TEXT:]}"


def _from_the_tool(frames: TracebackType | None) -> TracebackType | None:
    while frames is not None and _is_machinery(frames):
        frames = frames.tb_next
    return frames


def _is_machinery(frames: TracebackType) -> bool:
    module = str(frames.tb_frame.f_globals.get("__name__", ""))
    return module.partition(".")[0] in (OURS, "asyncio")
