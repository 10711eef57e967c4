"""The words of a view: how states, times and ways to decide are said, in every renderer."""

from __future__ import annotations

from ..view.model import ToolCard
from . import escape

STATE_WORDS = {
    "queued": "Queued",
    "thinking": "Thinking",
    "streaming": "Streaming",
    "tools": "Running tools",
    "waiting": "Waiting for you",
    "done": "Done",
    "stopped": "Stopped",
    "failed": "Failed",
    "paused": "Paused",
}
"""How the header says what a run is doing."""

CARD_WORDS = {
    "writing": "writing arguments",
    "called": "waiting",
    "asking": "waiting for approval",
    "running": "running",
    "completed": "done",
    "failed": "failed",
    "cancelled": "cancelled",
    "rejected": "not approved",
}
"""How a card says what its call is doing."""

HOW_TO_DECIDE = "The run waits for your decision. In another cell:"
"""What a call that waits in a running run says, before `decisions`."""


def decisions(card: ToolCard) -> tuple[str, str]:
    """The two ways to decide about a call that waits in a running run, as Python code."""
    call_id = escape.visible(repr(card.call_id))
    return f"result.approve({call_id})", f"result.reject({call_id}, 'why not')"


def money(dollars: float) -> str:
    """An amount of US dollars as people write it: `$1.20`, `$0.012`, `free`."""
    if dollars <= 0:
        return "free"
    if dollars >= 0.1:
        return f"${dollars:,.2f}"
    return f"${dollars:.4f}" if dollars >= 0.0001 else "under $0.0001"


def duration(seconds: float) -> str:
    """A time span as people write it: `0.4 s`, `12.3 s`, `2 min 05 s`."""
    tenths = max(0, round(seconds * 10))
    if tenths < 600:
        return f"{tenths / 10:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
