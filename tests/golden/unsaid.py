"""What only signals can say of a run, so that a view of the bare events does not know it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from agentcell.stream_events import ApprovalRequested, RunFailed, RunFinished
from agentcell.view.model import HandoffMark, Notice, RunView, TextBlock, ToolCard, TurnHead
from agentcell.view.restore import FAILED_WORDS, REJECTED_WORDS, Ending

TIMES = ("started", "ended", "first_token", "at", "asked_at", "decided_at")
"""Fields of blocks that are times; in a view `started_at`, `elapsed`, `began`, `first_token`, `streamed_for`."""

UNSAID = {
    "TurnHead.request": "what the model was given stands in no event",
    "ToolCard.progress fraction": "progress",
    "ToolCard.printed": "what a tool wrote",
    "ToolCard.result traceback error place": "the result and the error as objects: events have the text for the model",
    "ToolCard.inner": "the run of an agent that is a tool has a stream of its own, and the totals have its tokens",
    "ToolCard.live edited asked digest decided_by approved always reason description": "approvals and who decided",
    "ToolCard.arguments": "of an edited call: the events have what the model wrote",
    "ToolCard.state": "of a call that failed, was rejected or cancelled with other words than the library's own",
    "HandoffMark.filtered": "what the next agent was given",
    "Notice.more code": "whether and how the run can be gone on with",
    "Notice retry silent input": "waits, and what people said meanwhile",
    "TurnHead without a token": "a model call that never said anything has no event, so no turn and no model",
    "RunView.requests": "of a retried call: an attempt that failed has no event",
    "RunView.cost": "prices are of the model's name that was asked for",
    "RunView.resumable pause": "whether the run can be gone on with here",
    "RunView.label is_demo": "what the model wants to be called",
}
"""Those fields, each with the reason; `comparable` leaves out exactly these, and times."""


def comparable(view: RunView, signalled: RunView) -> Any:
    """A view as plain data without what only signals say; `signalled` is the view with them, which tells where."""
    blocks = [found for block in view.blocks if (found := _known(block, signalled)) is not None]
    heads = [block for block in blocks if isinstance(block, TurnHead)]
    left_out = {field.name for field in fields(RunView) if not field.compare}
    left_out |= {"blocks", "turn", "started_at", "elapsed", "began", "first_token", "streamed_for"}
    left_out |= {"cost", "label", "is_demo", "resumable", "pause"}
    if not any(head.number == signalled.turn for head in heads):
        left_out |= {"model", "handoff_tools", "writes_data"}
    if any(isinstance(block, ToolCard) and block.inner is not None for block in signalled.blocks):
        left_out |= {"requests", "input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens"}
    if any(isinstance(block, Notice) and block.kind == "retry" for block in signalled.blocks):
        left_out.add("requests")
    left_out |= {name for name in ("cached_tokens", "reasoning_tokens") if not getattr(signalled, name)}
    found = {name: getattr(view, name) for name in RunView.__slots__ if name not in left_out}
    return {**found, "blocks": blocks, "turn": heads[-1].number if heads else 0}


def _known(block: Any, signalled: RunView) -> Any:
    """A block as bare events tell of it; `None` for one of which they say nothing."""
    same = {name: None for name in TIMES if name in block.__slots__}
    match block:
        case TurnHead():
            if block.first_token is None and signalled.state != "done":
                return None
            twin = signalled.find(block.id)
            if twin is not None and isinstance(twin[1], TurnHead) and not twin[1].input_tokens:
                block = replace(block, input_tokens=0, output_tokens=0)
            return replace(block, request=None, **{**same, "started": 0.0})
        case Notice(kind="retry" | "silent" | "input"):
            return None
        case HandoffMark():
            return replace(block, filtered=False, **same)
        case ToolCard():
            return _known_card(block, signalled, same)
        case Notice():
            return replace(block, more="", code="")
        case TextBlock():
            return block


def _known_card(card: ToolCard, signalled: RunView, same: dict[str, Any]) -> ToolCard:
    found = signalled.find_call(card.call_id)
    twin = found[1] if found is not None and isinstance(found[1], ToolCard) else card
    own_words = (card.output or "").startswith(FAILED_WORDS) or card.output == REJECTED_WORDS
    ended = card.state in ("failed", "rejected", "cancelled", "completed") and card.output is not None
    return replace(
        card,
        state="completed" if ended and not own_words else card.state,
        arguments=card.arguments if not twin.edited else twin.arguments,
        progress=None,
        fraction=None,
        printed=(),
        result=None,
        traceback=None,
        error=None,
        inner=None,
        place=None,
        live=False,
        edited=False,
        asked=None,
        digest=None,
        decided_by=None,
        approved=None,
        always=False,
        reason=None,
        description="",
        **same,
    )


def ending_of(events: list[Any]) -> Ending:
    """How a run ended, as its result tells: the reference's has the same in its attributes."""
    end = next(event for event in events if isinstance(event, RunFinished))
    failed = next((event for event in events if isinstance(event, RunFailed)), None)
    asked = [event for event in events if isinstance(event, ApprovalRequested) and not event.live]
    return Ending(
        end.status,
        end.final_output,
        end.structured,
        None if failed is None else (failed.error_type, failed.message),
        tuple((event.call_id, event.name, event.arguments) for event in asked),
    )
