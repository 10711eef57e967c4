"""Scripted turns as bytes on the wire: the Responses API and Chat Completions, streamed and whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..models.response_events import RESPONSE_DEFAULTS, fill_ids, response_events, usage_dict
from .turns import Turn, output_items

__all__ = ["chat_body", "chat_stream", "error_body", "responses_body", "responses_stream"]

_CREATED_AT = 1_750_000_000.0
"""A fixed time, so that the same script gives the same bytes."""


def error_body(
    message: str, *, code: str | None, kind: str = "invalid_request_error", param: str | None = None
) -> dict[str, Any]:
    """An error object in the vendor's format."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def responses_stream(turn: Turn, request: Mapping[str, Any], number: int) -> Iterator[bytes]:
    """The server-sent events of `POST /v1/responses`, one block per event."""
    if turn.raw_events is None:
        for event in _events(turn, request, number):
            yield _sse(event)
        return
    for raw in turn.raw_events:
        if isinstance(raw, Mapping):
            yield _sse(raw)
        else:
            yield raw.encode() if isinstance(raw, str) else raw


def responses_body(turn: Turn, request: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The response object that `POST /v1/responses` returns when nothing is streamed."""
    return list(_events(turn, request, number))[-1]["response"]


def _events(turn: Turn, request: Mapping[str, Any], number: int) -> Iterator[dict[str, Any]]:
    echoed = {key: request[key] for key in RESPONSE_DEFAULTS if request.get(key) is not None}
    return response_events(
        output_items(turn),
        response_id=f"resp_{number}",
        model=_model(request),
        usage=turn.usage or _counted_usage(request.get("input"), output_items(turn)),
        created_at=_CREATED_AT,
        pieces=turn.pieces,
        status=turn.status,
        response_fields={**RESPONSE_DEFAULTS, **echoed},
    )


def _model(request: Mapping[str, Any]) -> str:
    return str(request.get("model") or "loopback")


def _counted_usage(given: Any, output: list[dict[str, Any]]) -> dict[str, Any]:
    def tokens(value: Any) -> int:
        return max(1, len(json.dumps(value, ensure_ascii=False)) // 4)

    return usage_dict(tokens(given), tokens(output))


def _sse(event: Mapping[str, Any]) -> bytes:
    return f"event: {event.get('type')}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def chat_body(turn: Turn, request: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The object that `POST /v1/chat/completions` returns when nothing is streamed."""
    reasoning, text, refusal, calls = _chat_parts(turn, number)
    message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": refusal or None}
    if reasoning:
        message["reasoning_content"] = reasoning
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(turn, calls)}
    head = _chat_head(request, number, "chat.completion")
    return {**head, "choices": [choice], "usage": _chat_usage(turn, request)}


def chat_stream(turn: Turn, request: Mapping[str, Any], number: int) -> Iterator[bytes]:
    """The server-sent events of `POST /v1/chat/completions`, ending with `[DONE]`."""
    if turn.raw_events is not None:
        for raw in turn.raw_events:
            if isinstance(raw, Mapping):
                yield _data(raw)
            else:
                yield raw.encode() if isinstance(raw, str) else raw
        return
    head = _chat_head(request, number, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _data({**head, "choices": [choice]})

    reasoning, text, refusal, calls = _chat_parts(turn, number)
    yield chunk({"role": "assistant", "content": ""})
    for piece in turn.pieces(reasoning) if reasoning else ():
        yield chunk({"reasoning_content": piece})
    for piece in turn.pieces(text):
        yield chunk({"content": piece})
    for piece in turn.pieces(refusal):
        yield chunk({"refusal": piece})
    for index, call in enumerate(calls):
        function = {"name": call["function"]["name"], "arguments": ""}
        yield chunk({"tool_calls": [{**call, "index": index, "function": function}]})
        for piece in turn.pieces(call["function"]["arguments"]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, _finish(turn, calls))
    if (request.get("stream_options") or {}).get("include_usage"):
        yield _data({**head, "choices": [], "usage": _chat_usage(turn, request)})
    yield b"data: [DONE]\n\n"


def _data(chunk: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


def _chat_head(request: Mapping[str, Any], number: int, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl_{number}",
        "object": kind,
        "created": int(_CREATED_AT),
        "model": _model(request),
    }


def _chat_parts(turn: Turn, number: int) -> tuple[str, str, str, list[dict[str, Any]]]:
    """The reasoning, text, refusal and tool calls of a turn; chat knows one message, so texts are joined."""
    reasoning, text, refusal, calls = "", "", "", []
    for item in fill_ids(output_items(turn), number):
        if item["type"] == "message":
            text += "".join(part.get("text", "") for part in item["content"])
            refusal += "".join(part.get("refusal", "") for part in item["content"])
        elif item["type"] == "reasoning":
            reasoning += "".join(part["text"] for part in item["summary"])
        elif item["type"] == "function_call":
            function = {"name": item["name"], "arguments": item["arguments"]}
            calls.append({"id": item["call_id"], "type": "function", "function": function})
    return reasoning, text, refusal, calls


def _finish(turn: Turn, calls: list[dict[str, Any]]) -> str:
    if turn.status == "incomplete":
        return "length"
    return "tool_calls" if calls else "stop"


def _chat_usage(turn: Turn, request: Mapping[str, Any]) -> dict[str, Any]:
    usage = turn.usage or _counted_usage(request.get("messages"), output_items(turn))
    known: dict[str, Any] = {
        "prompt_tokens": usage["input_tokens"],
        "completion_tokens": usage["output_tokens"],
        "total_tokens": usage["total_tokens"],
    }
    for ours, theirs in (("input", "prompt"), ("output", "completion")):
        if details := usage.get(f"{ours}_tokens_details"):
            known[f"{theirs}_tokens_details"] = dict(details)
    return known
