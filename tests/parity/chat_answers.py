"""What the parity tests of Chat Completions get: chunks of streams, and whole completions."""

from __future__ import annotations

from typing import Any


def chunk(delta: Any = None, finish: str | None = None, **top: Any) -> dict[str, Any]:
    """A chunk with one choice; `index` and `logprobs` are the choice's, everything else the chunk's."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    choice |= {name: top.pop(name) for name in ("logprobs", "index") if name in top}
    known = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return {**known, **top}


def call_piece(
    index: int, id: str | None = None, name: str | None = None, args: str | None = None, **more: Any
) -> dict[str, Any]:
    """A delta with a piece of one tool call."""
    function = {key: value for key, value in (("name", name), ("arguments", args)) if value is not None}
    known = {"id": id, "type": "function"} if id else {}
    return {"tool_calls": [{"index": index, "function": function, **known, **more}]}


USAGE = {
    "prompt_tokens": 7,
    "completion_tokens": 5,
    "total_tokens": 12,
    "prompt_tokens_details": {"cached_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
LOGPROBS = {
    "content": [
        {"token": "He", "logprob": -0.1, "bytes": [1], "top_logprobs": [{"token": "x", "logprob": -2, "bytes": None}]}
    ],
    "refusal": None,
}
STREAMS: dict[str, list[Any]] = {
    "text": [
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "He"}),
        chunk({"content": "llo"}),
        chunk({}, "stop"),
    ],
    "text usage": [
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "He"}),
        chunk({}, "stop"),
        chunk(choices=[], usage=USAGE),
    ],
    "usage min": [
        chunk({"content": "He"}),
        chunk({}, "stop", usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}),
    ],
    "one tool": [
        chunk({"role": "assistant", "content": None}),
        chunk(call_piece(0, "a", "add", "")),
        chunk(call_piece(0, args='{"a"')),
        chunk(call_piece(0, args=":1}")),
        chunk({}, "tool_calls"),
    ],
    "two tools": [
        chunk(call_piece(0, "a", "add", "")),
        chunk(call_piece(0, args='{"a":1}')),
        chunk(call_piece(1, "b", "sub", "")),
        chunk(call_piece(1, args="{}")),
        chunk({}, "tool_calls"),
    ],
    "interleaved": [
        chunk(call_piece(0, "a", "add", "")),
        chunk(call_piece(1, "b", "sub", "")),
        chunk(call_piece(0, args='{"a"')),
        chunk(call_piece(1, args="{")),
        chunk(call_piece(0, args=":1}")),
        chunk(call_piece(1, args="}")),
        chunk({}, "tool_calls"),
    ],
    "both in one chunk": [
        chunk(
            {
                "tool_calls": call_piece(0, "a", "add", "{}")["tool_calls"]
                + call_piece(1, "b", "sub", "{}")["tool_calls"]
            }
        ),
        chunk({}, "tool_calls"),
    ],
    "text+tool": [
        chunk({"content": "hm"}),
        chunk(call_piece(0, "a", "add", "")),
        chunk(call_piece(0, args="{}")),
        chunk({}, "tool_calls"),
    ],
    "tool+text": [chunk(call_piece(0, "a", "add", "{}")), chunk({"content": "hm"}), chunk({}, "tool_calls")],
    "tool name late": [
        chunk(call_piece(0, "a")),
        chunk(call_piece(0, name="add")),
        chunk(call_piece(0, args="{}")),
        chunk({}, "tool_calls"),
    ],
    "args before name": [
        chunk(call_piece(0, "a", args="{")),
        chunk(call_piece(0, name="add")),
        chunk(call_piece(0, args="}")),
        chunk({}, "tool_calls"),
    ],
    "name in pieces": [
        chunk(call_piece(0, "a", "ad")),
        chunk(call_piece(0, name="d", args="{}")),
        chunk({}, "tool_calls"),
    ],
    "no id": [chunk(call_piece(0, None, "add", "{}")), chunk({}, "tool_calls")],
    "id late": [
        chunk(call_piece(0, None, "add", "{")),
        chunk(call_piece(0, "late", args="}")),
        chunk({}, "tool_calls"),
    ],
    "no args": [chunk(call_piece(0, "a", "add")), chunk({}, "tool_calls")],
    "refusal": [chunk({"refusal": "I "}), chunk({"refusal": "won't"}), chunk({}, "stop")],
    "text+refusal": [chunk({"content": "hm"}), chunk({"refusal": "no"}), chunk({}, "stop")],
    "refusal+text": [chunk({"refusal": "no"}), chunk({"content": "hm"}), chunk({}, "stop")],
    "reasoning_content": [
        chunk({"reasoning_content": "th"}),
        chunk({"reasoning_content": "ink"}),
        chunk({"content": "hm"}),
        chunk({}, "stop"),
    ],
    "reasoning": [chunk({"reasoning": "th"}), chunk({"reasoning": "ink"}), chunk({"content": "hm"}), chunk({}, "stop")],
    "reasoning both": [
        chunk({"reasoning": "th", "reasoning_content": "xx"}),
        chunk({"content": "hm"}),
        chunk({}, "stop"),
    ],
    "reasoning+tool": [
        chunk({"reasoning_content": "th"}),
        chunk(call_piece(0, "a", "add", "{}")),
        chunk({}, "tool_calls"),
    ],
    "reasoning only": [chunk({"reasoning_content": "th"}), chunk({}, "stop")],
    "reasoning interleaved": [
        chunk({"reasoning_content": "th"}),
        chunk({"content": "a"}),
        chunk({"reasoning_content": "x"}),
        chunk({"content": "b"}),
        chunk({}, "stop"),
    ],
    "reasoning in same chunk": [chunk({"reasoning_content": "th", "content": "a"}), chunk({}, "stop")],
    "reasoning empty": [chunk({"reasoning_content": ""}), chunk({"content": "hm"}), chunk({}, "stop")],
    "reasoning + all": [
        chunk({"reasoning_content": "th"}),
        chunk({"content": "a"}),
        chunk(call_piece(0, "a", "add", "{}")),
        chunk({}, "tool_calls"),
    ],
    "empty": [chunk({}, "stop")],
    "nothing": [],
    "no finish": [chunk({"content": "a"})],
    "only role": [chunk({"role": "assistant", "content": ""}), chunk({}, "stop")],
    "empty choices first": [chunk(choices=[]), chunk({"content": "a"}), chunk({}, "stop")],
    "length": [chunk({"content": "a"}), chunk({}, "length")],
    "length tool": [chunk(call_piece(0, "a", "add", '{"x')), chunk({}, "length")],
    "filter": [chunk({"content": "a"}), chunk({}, "content_filter")],
    "filter empty": [chunk({}, "content_filter")],
    "function_call fin": [chunk({"content": "a"}), chunk({}, "function_call")],
    "two choices": [chunk({"content": "a"}), chunk({"content": "b"}, index=1), chunk({}, "stop")],
    "logprobs": [
        chunk({"content": "He"}, logprobs=LOGPROBS),
        chunk({"content": "y"}, logprobs=LOGPROBS),
        chunk({}, "stop"),
    ],
    "usage mid": [
        chunk({"content": "a"}, usage=USAGE),
        chunk({"content": "b"}, usage={"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}),
        chunk({}, "stop"),
    ],
    "delta none": [
        chunk({"content": "a"}),
        {
            "id": "c1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "delta": None, "finish_reason": "stop"}],
        },
    ],
    "error in stream": [chunk({"content": "a"}), {"error": {"message": "boom", "code": "x"}}],
    "extra content": [
        chunk(
            {
                "tool_calls": [
                    {
                        "index": 0,
                        "id": "a",
                        "type": "function",
                        "function": {"name": "f", "arguments": "{}"},
                        "extra_content": {"google": {"thought_signature": "sig"}},
                    }
                ]
            }
        ),
        chunk({}, "tool_calls"),
    ],
    "thinking_blocks": [
        chunk({"thinking_blocks": [{"type": "thinking", "thinking": "t", "signature": "s"}]}),
        chunk({"content": "a"}),
        chunk({}, "stop"),
    ],
    "reasoning_details": [
        chunk({"reasoning_details": [{"type": "reasoning.text", "text": "t"}]}),
        chunk({"content": "a"}),
        chunk({}, "stop"),
    ],
    "index jump": [
        chunk(call_piece(3, "a", "add", "{}")),
        chunk(call_piece(1, "b", "sub", "{}")),
        chunk({}, "tool_calls"),
    ],
    "same index new id": [
        chunk(call_piece(0, "a", "add", "{}")),
        chunk(call_piece(0, "b", "sub", "{}")),
        chunk({}, "tool_calls"),
    ],
    "usage weird": [
        chunk({"content": "a"}, "stop"),
        chunk(
            choices=[],
            usage={
                "prompt_tokens": 1,
                "completion_tokens": 1,
                "total_tokens": 2,
                "prompt_tokens_details": {},
                "completion_tokens_details": None,
            },
        ),
    ],
    "text then reasoning": [
        chunk({"content": "a"}),
        chunk({"reasoning_content": "th"}),
        chunk({"content": "b"}),
        chunk({}, "stop"),
    ],
    "reasoning with gaps": [
        chunk({"reasoning_content": "a"}),
        chunk({}),
        chunk({"reasoning_content": "b"}),
        chunk({"content": ""}),
        chunk({"reasoning_content": "c"}),
        chunk(choices=[]),
        chunk({"reasoning_content": "d"}, "stop"),
    ],
    "open reasoning, then summary": [
        chunk({"reasoning": "a"}),
        chunk({"reasoning_content": "b"}),
        chunk({"content": "c"}, "stop"),
    ],
    "text and a call without id": [
        chunk({"content": "a"}),
        chunk(call_piece(0, None, "add", "{}")),
        chunk({}, "tool_calls"),
    ],
    "calls with and without id": [
        chunk(call_piece(0, None, "add", "{}")),
        chunk(call_piece(1, "b", "sub", "{}")),
        chunk({}, "tool_calls"),
    ],
    "call without a name": [chunk(call_piece(0, "a", None, "{}")), chunk({}, "tool_calls")],
    "reasoning, then filtered": [chunk({"reasoning_content": "th"}), chunk({}, "content_filter")],
    "call, then filtered": [chunk(call_piece(0, "a", "add", "{}")), chunk({}, "content_filter")],
    "cache written": [
        chunk({"content": "a"}, "stop"),
        chunk(
            choices=[],
            usage={**USAGE, "prompt_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 4}},
        ),
    ],
    "text after the finish": [chunk({"content": "a"}, "stop"), chunk({"content": "b"})],
    "thinking in pieces": [
        chunk({"thinking_blocks": [{"type": "thinking", "thinking": "a"}]}),
        chunk({"thinking_blocks": [{"type": "thinking", "thinking": "b", "signature": "s"}]}),
        chunk({"content": "c"}, "stop"),
    ],
    "service": [chunk({"content": "a"}, service_tier="flex", system_fingerprint="fp"), chunk({}, "stop")],
}


def completion(message: dict[str, Any], finish: str = "stop", **top: Any) -> dict[str, Any]:
    """A whole completion with one choice."""
    logprobs = top.pop("logprobs", None)
    message = {"role": "assistant", **message}
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": logprobs}
    return {"id": "c1", "object": "chat.completion", "created": 1, "model": "real", "choices": [choice], **top}


COMPLETIONS: dict[str, Any] = {
    "text": completion({"content": "hi"}),
    "usage": completion({"content": "hi"}, usage=USAGE),
    "empty": completion({"content": ""}),
    "none": completion({"content": None}),
    "refusal": completion({"refusal": "no", "content": None}),
    "both": completion({"refusal": "no", "content": "a"}),
    "tools": completion(
        {
            "content": None,
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "b", "type": "function", "function": {"name": "g", "arguments": ""}},
            ],
        },
        "tool_calls",
    ),
    "text+tool": completion(
        {"content": "x", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        "tool_calls",
    ),
    "custom tool": completion(
        {"content": "x", "tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "f", "input": "{}"}}]},
        "tool_calls",
    ),
    "reasoning_content": completion({"content": "x", "reasoning_content": "th"}),
    "reasoning": completion({"content": "x", "reasoning": "th"}),
    "r both": completion({"content": "x", "reasoning": "th", "reasoning_content": "xx"}),
    "r empty": completion({"content": "x", "reasoning_content": ""}),
    "thinking": completion(
        {"content": "x", "thinking_blocks": [{"type": "thinking", "thinking": "t", "signature": "s"}]}
    ),
    "filter": completion({"content": None}, "content_filter"),
    "filter text": completion({"content": "a"}, "content_filter"),
    "logprobs": completion({"content": "He"}, logprobs=LOGPROBS),
    "no choices": {**completion({}), "choices": []},
    "choices none": {**completion({}), "choices": None},
    "two": {
        **completion({"content": "a"}),
        "choices": [
            completion({"content": "a"})["choices"][0],
            {**completion({"content": "b"})["choices"][0], "index": 1},
        ],
    },
    "audio": completion({"content": None, "audio": {"id": "au", "data": "x", "expires_at": 1, "transcript": "t"}}),
    "annotations": completion(
        {
            "content": "x",
            "annotations": [
                {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 1}}
            ],
        }
    ),
    "error": {"error": {"message": "boom"}},
    "usage odd": completion(
        {"content": "x"},
        usage={
            "prompt_tokens": 1,
            "completion_tokens": 1,
            "total_tokens": 2,
            "cost": 3,
            "prompt_tokens_details": {"cached_tokens": None},
        },
    ),
    "extra content": completion(
        {
            "content": None,
            "tool_calls": [
                {
                    "id": "a",
                    "type": "function",
                    "function": {"name": "f", "arguments": "{}"},
                    "extra_content": {"google": {"thought_signature": "sig"}},
                }
            ],
        },
        "tool_calls",
    ),
    "message none": {**completion({}), "choices": [{"index": 0, "message": None, "finish_reason": "stop"}]},
}
