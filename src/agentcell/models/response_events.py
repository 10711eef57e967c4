"""The streaming events of the Responses API, made from finished output items.

The trick: a stream of the Responses API is a finished response played back. Every output item is opened
empty (`response.output_item.added`), filled piece by piece (`...delta`), closed (`...done`), and sent again
whole; the response itself is sent three times: created, in progress, and terminal. So the items alone
determine the stream, and `response_events` is one generator over plain dicts. The demo model, the scripted
model and the loopback server speak through it; `typed` turns one dict into the official client's class.

    response.created, response.in_progress
    per output item
        response.output_item.added
        message    content_part.added, output_text.delta*, output_text.annotation.added*, output_text.done,
                   content_part.done           (refusal parts: refusal.delta*, refusal.done)
        reasoning  reasoning_summary_part.added, reasoning_summary_text.delta*, .done,
                   reasoning_summary_part.done
                   (open reasoning text: content_part.added, reasoning_text.delta*, .done, content_part.done)
        function_call      function_call_arguments.delta*, .done
        custom_tool_call   custom_tool_call_input.delta*, .done
        hosted calls       web_search_call.in_progress, .searching, .completed, and so on
        response.output_item.done
    response.completed | response.incomplete | response.failed
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal, get_args

from .. import openai_types as oai

__all__ = [
    "fill_ids",
    "function_call_item",
    "message_item",
    "reasoning_item",
    "refusal_item",
    "response_events",
    "typed",
    "usage_dict",
    "whole",
    "words",
]

Event = dict[str, Any]
"""One event of the stream as a JSON object; `type` and `sequence_number` are always present."""

Pieces = Callable[[str], Iterable[str]]
"""Cuts a text into the strings of its deltas; joined they must give the text again."""

TerminalStatus = Literal["completed", "incomplete", "failed"]

RESPONSE_DEFAULTS: Mapping[str, Any] = {
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""What the API says about a response when the request left everything at its default."""

_ID_PREFIXES = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "custom_tool_call": "ctc",
    "web_search_call": "ws",
    "file_search_call": "fs",
    "code_interpreter_call": "ci",
    "image_generation_call": "ig",
    "mcp_call": "mcp",
    "mcp_list_tools": "mcpl",
}

_HOSTED_STEPS = {
    "web_search_call": ("in_progress", "searching", "completed"),
    "file_search_call": ("in_progress", "searching", "completed"),
    "image_generation_call": ("in_progress", "generating", "completed"),
    "mcp_list_tools": ("in_progress", "completed"),
}


def words(text: str) -> Iterator[str]:
    """Cut a text before every word, roughly as tokens are; white space goes with the word after it."""
    return (match.group() for match in re.finditer(r"\s*\S+|\s+\Z", text))


def whole(text: str) -> Iterator[str]:
    """Give the text as a single piece, an empty text included."""
    yield text


def message_item(
    text: str, *, id: str = "", status: str = "completed", annotations: Sequence[Mapping[str, Any]] = ()
) -> Event:
    """Build a message output item with one text part.

    An empty `id` is filled in by `response_events`, from the response id and the position.
    """
    part = {
        "type": "output_text",
        "text": text,
        "annotations": [dict(a) for a in annotations],
        "logprobs": [],
    }
    return {"id": id, "type": "message", "status": status, "role": "assistant", "content": [part]}


def refusal_item(refusal: str, *, id: str = "", status: str = "completed") -> Event:
    """Build a message output item whose only part is a refusal; see `message_item` about `id`."""
    part = {"type": "refusal", "refusal": refusal}
    return {"id": id, "type": "message", "status": status, "role": "assistant", "content": [part]}


def function_call_item(
    name: str,
    arguments: str | Mapping[str, Any],
    *,
    call_id: str = "",
    id: str = "",
    status: str = "completed",
) -> Event:
    """Build a function call output item; a mapping of arguments becomes compact JSON.

    An empty `id` or `call_id` is filled in by `response_events`, from the response id and the position.
    """
    if not isinstance(arguments, str):
        arguments = json.dumps(dict(arguments), ensure_ascii=False, separators=(",", ":"))
    return {
        "id": id,
        "type": "function_call",
        "status": status,
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
    }


def reasoning_item(summary: str | Sequence[str], *, id: str = "") -> Event:
    """Build a reasoning output item from the text of its summary parts; see `message_item` about `id`."""
    parts = [summary] if isinstance(summary, str) else summary
    return {
        "id": id,
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": text} for text in parts],
    }


def usage_dict(input_tokens: int, output_tokens: int, *, cached: int = 0, reasoning: int = 0) -> Event:
    """Build the `usage` object of a response; `cached` and `reasoning` are parts of the two counts."""
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": input_tokens + output_tokens,
    }


def fill_ids(output: Sequence[Mapping[str, Any]], seed: str | int) -> list[Event]:
    """Copy output items and give those without `id` or `call_id` one, made from the seed and the position.

    The same seed gives the same ids, and different seeds give different ones: use one seed per response.
    """
    filled = []
    for index, item in enumerate(output):
        copy = dict(item)
        kind = str(copy.get("type", "item"))
        if not copy.get("id"):
            copy["id"] = f"{_ID_PREFIXES.get(kind, kind)}_{seed}_{index}"
        if kind in ("function_call", "custom_tool_call") and not copy.get("call_id"):
            copy["call_id"] = f"call_{seed}_{index}"
        filled.append(copy)
    return filled


def response_events(
    output: Sequence[Mapping[str, Any]],
    *,
    response_id: str,
    model: str,
    usage: Mapping[str, Any] | None = None,
    created_at: float = 0.0,
    pieces: Pieces = words,
    status: TerminalStatus = "completed",
    response_fields: Mapping[str, Any] = RESPONSE_DEFAULTS,
) -> Iterator[Event]:
    """Yield the events that stream these output items, in wire order, with rising sequence numbers.

    Items without an id get one (`fill_ids`, seeded with the response id). `pieces` cuts texts, refusals,
    summaries and arguments into deltas. `response_fields` are the other fields of the response object; its
    `error` and `incomplete_details` go out with the terminal event only, which has defaults for both.
    """
    items = fill_ids(output, response_id)
    head = {"id": response_id, "object": "response", "created_at": created_at, "model": model}
    opened = {**response_fields, **head, "status": "in_progress", "output": [], "usage": None}
    opened |= {field: None for field in ("error", "incomplete_details") if field in response_fields}
    closed = {**response_fields, **head, "status": status, "output": items, "usage": usage}
    if status == "incomplete" and not closed.get("incomplete_details"):
        closed["incomplete_details"] = {"reason": "max_output_tokens"}
    if status == "failed" and not closed.get("error"):
        closed["error"] = {"code": "server_error", "message": "The model failed to finish the response."}

    def bodies() -> Iterator[Event]:
        yield {"type": "response.created", "response": opened}
        yield {"type": "response.in_progress", "response": opened}
        for index, item in enumerate(items):
            yield {"type": "response.output_item.added", "output_index": index, "item": _opened_item(item)}
            for body in _item_bodies(item, pieces):
                yield {**body, "item_id": item["id"], "output_index": index}
            yield {"type": "response.output_item.done", "output_index": index, "item": item}
        yield {"type": f"response.{status}", "response": closed}

    for number, body in enumerate(bodies()):
        yield {**body, "sequence_number": number}


def _opened_item(item: Event) -> Event:
    """The item as `output_item.added` shows it: known by name, not yet filled."""
    match item.get("type"):
        case "message":
            return {**item, "status": "in_progress", "content": []}
        case "reasoning":
            return {**item, "summary": []} | ({"content": []} if item.get("content") else {})
        case "function_call" | "mcp_call":
            return {**item, "arguments": ""} | ({"status": "in_progress"} if "status" in item else {})
        case "custom_tool_call":
            return {**item, "input": ""}
        case "web_search_call" | "file_search_call" | "image_generation_call" | "code_interpreter_call":
            return {**item, "status": "in_progress"}
        case _:
            return item


def _item_bodies(item: Event, pieces: Pieces) -> Iterator[Event]:
    kind = item.get("type")
    if kind == "message":
        for index, part in enumerate(item["content"]):
            for body in _part_bodies(part, pieces):
                yield {**body, "content_index": index}
    elif kind == "reasoning":
        for index, part in enumerate(item["summary"]):
            for body in _summary_bodies(part, pieces):
                yield {**body, "summary_index": index}
        for index, part in enumerate(item.get("content") or ()):
            for body in _part_bodies(part, pieces):
                yield {**body, "content_index": index}
    elif kind == "function_call":
        yield from _filling("function_call_arguments", "arguments", item["arguments"], pieces)
    elif kind == "custom_tool_call":
        yield from _filling("custom_tool_call_input", "input", item["input"], pieces)
    elif kind == "mcp_call":
        yield {"type": "response.mcp_call.in_progress"}
        yield from _filling("mcp_call_arguments", "arguments", item["arguments"], pieces)
        yield {"type": "response.mcp_call.failed" if item.get("error") else "response.mcp_call.completed"}
    elif kind == "code_interpreter_call":
        yield {"type": "response.code_interpreter_call.in_progress"}
        yield from _filling("code_interpreter_call_code", "code", item.get("code") or "", pieces)
        yield {"type": "response.code_interpreter_call.interpreting"}
        yield {"type": "response.code_interpreter_call.completed"}
    elif kind in _HOSTED_STEPS:
        for step in _HOSTED_STEPS[kind]:
            yield {"type": f"response.{kind}.{step}"}


def _part_bodies(part: Event, pieces: Pieces) -> Iterator[Event]:
    kind = part["type"]
    field = "refusal" if kind == "refusal" else "text"
    logprobs: Event = {"logprobs": []} if kind == "output_text" else {}
    opened = {"type": kind, field: ""} | ({"annotations": []} | logprobs if kind == "output_text" else {})
    yield {"type": "response.content_part.added", "part": opened}
    for piece in pieces(part[field]):
        yield {"type": f"response.{kind}.delta", "delta": piece, **logprobs}
    for index, annotation in enumerate(part.get("annotations") or ()):
        yield {
            "type": "response.output_text.annotation.added",
            "annotation_index": index,
            "annotation": annotation,
        }
    yield {"type": f"response.{kind}.done", field: part[field], **logprobs}
    yield {"type": "response.content_part.done", "part": part}


def _summary_bodies(part: Event, pieces: Pieces) -> Iterator[Event]:
    yield {"type": "response.reasoning_summary_part.added", "part": {"type": part["type"], "text": ""}}
    yield from _filling("reasoning_summary_text", "text", part["text"], pieces)
    yield {"type": "response.reasoning_summary_part.done", "part": part}


def _filling(kind: str, field: str, value: str, pieces: Pieces) -> Iterator[Event]:
    for piece in pieces(value):
        yield {"type": f"response.{kind}.delta", "delta": piece}
    yield {"type": f"response.{kind}.done", field: value}


def typed(event: Mapping[str, Any]) -> oai.ResponseStreamEvent:
    """Build the official client's event object from one event dict, chosen by its `type`.

    Raises `ValueError` for a type that the installed openai package has no class for, and pydantic's
    `ValidationError` when fields are missing or wrong.
    """
    classes = _event_classes()
    kind = event.get("type")
    if kind not in classes:
        raise ValueError(
            f"Unknown Responses event type {kind!r}: expected one of the {len(classes)} types that the "
            "installed openai package knows, such as 'response.output_text.delta'. "
            "Check the spelling or upgrade openai."
        )
    return classes[kind].model_validate(event)


@cache
def _event_classes() -> dict[str, Any]:
    """The client's event classes by `type`, read from its union: a newer client needs no change here."""
    union = get_args(oai.ResponseStreamEvent)[0]
    return {name: cls for cls in get_args(union) for name in get_args(cls.model_fields["type"].annotation)}
