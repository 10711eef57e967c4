"""How decisions show in a view: a call that waits, what was decided about it, and how a paused run goes on."""

from __future__ import annotations

from typing import Any

from ..stream_events import ApprovalDecided, ApprovalRequested
from .model import RunView, Text, ToolCard
from .replacing import replace

_GO_ON = """\
state = result.to_state()
{decide}
result = await Runner.run(agent, state)"""
_DECIDE_ONE = "state.approve(state.get_interruptions()[0])  # or state.reject(...)"
_DECIDE_EACH = "for call in state.get_interruptions():\n    state.approve(call)  # or state.reject(call)"
"""How a paused run is gone on with."""


def asked(card: ToolCard, event: ApprovalRequested, at: float) -> ToolCard:
    """The card of a call that waits for a decision about exactly what is shown."""
    return replace(
        card,
        state="asking",
        arguments=Text(event.arguments),
        live=event.live,
        digest=event.digest,
        schema=event.schema if event.schema is not None else card.schema,
        description=event.description,
        asked=None,
        edited=False,
        asked_at=at,
        decided_at=None,
        decided_by=None,
        approved=None,
    )


def decided(card: ToolCard, event: ApprovalDecided, at: float) -> ToolCard:
    """The card of a call about which somebody has decided."""
    changes: dict[str, Any] = {}
    if event.arguments is not None:
        changes = {"arguments": Text(event.arguments), "edited": True, "asked": card.arguments}
    return replace(
        card,
        state="called",
        decided_at=at,
        decided_by=event.by,
        approved=event.approved,
        always=event.always,
        reason=event.message,
        **changes,
    )


def asking(view: RunView) -> int:
    """How many calls wait for a decision, here and in the runs inside."""
    cards = [block for block in view.blocks if isinstance(block, ToolCard)]
    inside = sum(asking(card.inner) for card in cards if card.inner is not None)
    return sum(card.state == "asking" for card in cards) + inside


def how_to_go_on(waiting: int) -> tuple[str, str]:
    """What a paused run says of the calls that wait, and the code that goes on."""
    if not waiting:
        return "Every call is decided. Go on in any cell:", "result = result.resume()"
    what = "A call waits" if waiting == 1 else f"{waiting} calls wait"
    told = f"{what} for approval. Decide, and go on, in any cell or, with the stored state, in any kernel:"
    return told, _GO_ON.format(decide=_DECIDE_ONE if waiting == 1 else _DECIDE_EACH)
