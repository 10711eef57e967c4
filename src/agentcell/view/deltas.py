"""Pieces of growing text: which of a run's events carry one."""

from __future__ import annotations

from typing import Any

from ..stream_events import LogEvent, NestedEvent, RawResponsesStreamEvent
from .model import Delta, Printed, Text, ToolCard
from .replacing import replace

_DELTAS = {
    "response.output_text.delta": ("answer", "content_index"),
    "response.refusal.delta": ("refusal", "content_index"),
    "response.reasoning_summary_text.delta": ("reasoning", "summary_index"),
    "response.reasoning_text.delta": ("reasoning", "content_index"),
    "response.function_call_arguments.delta": ("arguments", ""),
}
"""The model's events that carry growing text: what grows, and the field that numbers the part."""


def as_delta(event: LogEvent | Delta) -> Delta | None:
    """An event as a piece of growing text, when it is one."""
    if isinstance(event, Delta):
        return event
    if isinstance(event, NestedEvent):
        inner = as_delta(event.event)
        return None if inner is None else replace(inner, calls=(event.call_id, *inner.calls))
    if not isinstance(event, RawResponsesStreamEvent):
        return None
    data: Any = event.data
    known = _DELTAS.get(data.type)
    if known is None:
        return None
    kind, part = known
    part_index = getattr(data, part, 0) if part else 0
    return Delta(kind, data.output_index, part_index, data.delta)  # type: ignore[arg-type]


def with_print(card: ToolCard, channel: Any, text: str) -> ToolCard:
    """The card with more of what the tool wrote: adjacent pieces of one channel are one text."""
    last = card.printed[-1] if card.printed else None
    if last is not None and last.channel == channel:
        return replace(card, printed=(*card.printed[:-1], Printed(channel, last.text.grown(text))))
    return replace(card, printed=(*card.printed, Printed(channel, Text(text))))
