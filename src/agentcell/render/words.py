"""The words of a view: how states, times and ways to decide are said, in every renderer."""

from __future__ import annotations

import json

from ..view.model import Notice, RunView, ToolCard
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


def cost_words(view: RunView) -> str:
    """What a run has cost: `$0.0123`, or `cost unknown`; nothing before the first tokens and for the demo model."""
    if not (view.input_tokens or view.output_tokens) or (view.is_demo and not view.cost):
        return ""
    return "cost unknown" if view.cost is None else dollars(view.cost)


def dollars(amount: float) -> str:
    """An amount as people write it, small ones with more places: `$1.50`, `$0.0123`."""
    if 0 < amount < 0.0001:
        return "< $0.0001"
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.4f}"


def retry_words(view: RunView) -> str:
    """How many model calls were made again."""
    count = sum(isinstance(block, Notice) and block.kind == "retry" for block in view.blocks)
    return "" if not count else "1 retry" if count == 1 else f"{count} retries"


NEXT_TURN = "Add input for the next turn\u2026"
"""What the line for added input says."""


def decided(card: ToolCard) -> str:
    """Who decided about a call, when, and what: `Approved with changes by the view after 12.3 s, ...`."""
    word = "Rejected" if not card.approved else "Approved with changes" if card.edited else "Approved"
    by = f" by {card.decided_by}" if card.decided_by else ""
    when = f" after {duration(card.decided_at)}" if card.decided_at is not None else ""
    always = ", for all calls of this tool in this run" if card.always else ""
    later = "; it counts when the run goes on" if card.state == "called" and card.asked_at is not None else ""
    return f"{word}{by}{when}{always}{later}"


def duration(seconds: float) -> str:
    """A time span as people write it: `0.4 s`, `12.3 s`, `2 min 05 s`."""
    tenths = max(0, round(seconds * 10))
    if tenths < 600:
        return f"{tenths / 10:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def pretty(text: str) -> str:
    """JSON objects and lists indented; anything else as it is."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
