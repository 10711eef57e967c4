"""A finished run of which only the items are left, played again as the events that they came from.

The trick: a response that arrives in one piece is a stream with no deltas, so its texts and calls go through the same
fold. Which items stand in one response is not kept; a response ends where something else than the model has spoken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import SimpleNamespace as Event
from typing import Any

from .restore import model_name

_NAMES = {
    "message_output_item": "message_output_created",
    "reasoning_item": "reasoning_item_created",
    "tool_call_item": "tool_called",
    "handoff_call_item": "handoff_requested",
    "tool_call_output_item": "tool_output",
    "handoff_output_item": "handoff_occured",
}
"""The events of items, by the items' kinds; what else there is shows nothing."""
_OF_MODEL = ("message_output_item", "reasoning_item", "tool_call_item", "handoff_call_item")


def replayed(items: Iterable[Any], responses: Iterable[Any], first_agent: Any) -> Iterator[Any]:
    """The events of a run with these items, these responses and this agent at its beginning."""
    usages = iter([getattr(response, "usage", None) for response in responses])
    agent = first_agent
    yield Event(type="agent_updated_stream_event", new_agent=agent)
    said: list[Any] = []
    for item in items:
        if item.type in _OF_MODEL:
            said.append(item)
            continue
        if item.type not in _NAMES:
            continue
        yield from _response(said, agent, next(usages, None) if said else None)
        said = []
        yield _item_event(item)
        if item.type == "handoff_output_item":
            agent = item.target_agent
            yield Event(type="agent_updated_stream_event", new_agent=agent)
    yield from _response(said, agent, next(usages, None) if said else None)


def _item_event(item: Any) -> Event:
    return Event(type="run_item_stream_event", name=_NAMES[item.type], item=item)


def _response(items: list[Any], agent: Any, usage: Any) -> Iterator[Event]:
    """The events of one response that came in one piece."""
    if not items:
        return
    yield _raw("created", response=Event(model=model_name(agent)))
    for index, item in enumerate(items):
        yield from _output(index, item.raw_item)
    yield _raw("completed", response=Event(usage=usage))
    for item in items:
        yield _item_event(item)


def _output(index: int, raw: Any) -> Iterator[Event]:
    match raw.type:
        case "function_call":
            yield _raw("output_item.done", output_index=index, item=raw)
        case "message":
            for part, content in enumerate(raw.content):
                if content.type == "refusal":
                    yield _raw("refusal.done", output_index=index, content_index=part, refusal=content.refusal)
                else:
                    yield _raw("output_text.done", output_index=index, content_index=part, text=content.text)
        case "reasoning":
            for part, summary in enumerate(raw.summary):
                yield _raw("reasoning_summary_text.done", output_index=index, summary_index=part, text=summary.text)


def _raw(kind: str, **fields: Any) -> Event:
    return Event(type="raw_response_event", data=Event(type=f"response.{kind}", **fields))
