"""What the parity tests of Chat Completions send and get: input items, chunks of streams, whole completions."""

from __future__ import annotations

from typing import Any


def ch(delta=None, fin=None, **top):
    choice = {"index": 0, "delta": delta or {}, "finish_reason": fin}
    for k in ("logprobs", "index"):
        if k in top:
            choice[k] = top.pop(k)
    d = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    d.update(top)
    return d


def tc(i, id=None, name=None, args=None, **k):
    f = {}
    if name is not None:
        f["name"] = name
    if args is not None:
        f["arguments"] = args
    d = {"index": i, "function": f, **k}
    if id:
        d["id"] = id
        d["type"] = "function"
    return {"tool_calls": [d]}


U = {
    "prompt_tokens": 7,
    "completion_tokens": 5,
    "total_tokens": 12,
    "prompt_tokens_details": {"cached_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
LP = {
    "content": [
        {"token": "He", "logprob": -0.1, "bytes": [1], "top_logprobs": [{"token": "x", "logprob": -2, "bytes": None}]}
    ],
    "refusal": None,
}
STREAMS: dict[str, list[Any]] = {
    "text": [ch({"role": "assistant", "content": ""}), ch({"content": "He"}), ch({"content": "llo"}), ch({}, "stop")],
    "text usage": [
        ch({"role": "assistant", "content": ""}),
        ch({"content": "He"}),
        ch({}, "stop"),
        ch(choices=[], usage=U),
    ],
    "usage min": [
        ch({"content": "He"}),
        ch({}, "stop", usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}),
    ],
    "one tool": [
        ch({"role": "assistant", "content": None}),
        ch(tc(0, "a", "add", "")),
        ch(tc(0, args='{"a"')),
        ch(tc(0, args=":1}")),
        ch({}, "tool_calls"),
    ],
    "two tools": [
        ch(tc(0, "a", "add", "")),
        ch(tc(0, args='{"a":1}')),
        ch(tc(1, "b", "sub", "")),
        ch(tc(1, args="{}")),
        ch({}, "tool_calls"),
    ],
    "interleaved": [
        ch(tc(0, "a", "add", "")),
        ch(tc(1, "b", "sub", "")),
        ch(tc(0, args='{"a"')),
        ch(tc(1, args="{")),
        ch(tc(0, args=":1}")),
        ch(tc(1, args="}")),
        ch({}, "tool_calls"),
    ],
    "both in one chunk": [
        ch({"tool_calls": tc(0, "a", "add", "{}")["tool_calls"] + tc(1, "b", "sub", "{}")["tool_calls"]}),
        ch({}, "tool_calls"),
    ],
    "text+tool": [ch({"content": "hm"}), ch(tc(0, "a", "add", "")), ch(tc(0, args="{}")), ch({}, "tool_calls")],
    "tool+text": [ch(tc(0, "a", "add", "{}")), ch({"content": "hm"}), ch({}, "tool_calls")],
    "tool name late": [ch(tc(0, "a")), ch(tc(0, name="add")), ch(tc(0, args="{}")), ch({}, "tool_calls")],
    "args before name": [ch(tc(0, "a", args="{")), ch(tc(0, name="add")), ch(tc(0, args="}")), ch({}, "tool_calls")],
    "name in pieces": [ch(tc(0, "a", "ad")), ch(tc(0, name="d", args="{}")), ch({}, "tool_calls")],
    "no id": [ch(tc(0, None, "add", "{}")), ch({}, "tool_calls")],
    "id late": [ch(tc(0, None, "add", "{")), ch(tc(0, "late", args="}")), ch({}, "tool_calls")],
    "no args": [ch(tc(0, "a", "add")), ch({}, "tool_calls")],
    "refusal": [ch({"refusal": "I "}), ch({"refusal": "won't"}), ch({}, "stop")],
    "text+refusal": [ch({"content": "hm"}), ch({"refusal": "no"}), ch({}, "stop")],
    "refusal+text": [ch({"refusal": "no"}), ch({"content": "hm"}), ch({}, "stop")],
    "reasoning_content": [
        ch({"reasoning_content": "th"}),
        ch({"reasoning_content": "ink"}),
        ch({"content": "hm"}),
        ch({}, "stop"),
    ],
    "reasoning": [ch({"reasoning": "th"}), ch({"reasoning": "ink"}), ch({"content": "hm"}), ch({}, "stop")],
    "reasoning both": [ch({"reasoning": "th", "reasoning_content": "xx"}), ch({"content": "hm"}), ch({}, "stop")],
    "reasoning+tool": [ch({"reasoning_content": "th"}), ch(tc(0, "a", "add", "{}")), ch({}, "tool_calls")],
    "reasoning only": [ch({"reasoning_content": "th"}), ch({}, "stop")],
    "reasoning interleaved": [
        ch({"reasoning_content": "th"}),
        ch({"content": "a"}),
        ch({"reasoning_content": "x"}),
        ch({"content": "b"}),
        ch({}, "stop"),
    ],
    "reasoning in same chunk": [ch({"reasoning_content": "th", "content": "a"}), ch({}, "stop")],
    "reasoning empty": [ch({"reasoning_content": ""}), ch({"content": "hm"}), ch({}, "stop")],
    "reasoning + all": [
        ch({"reasoning_content": "th"}),
        ch({"content": "a"}),
        ch(tc(0, "a", "add", "{}")),
        ch({}, "tool_calls"),
    ],
    "empty": [ch({}, "stop")],
    "nothing": [],
    "no finish": [ch({"content": "a"})],
    "only role": [ch({"role": "assistant", "content": ""}), ch({}, "stop")],
    "empty choices first": [ch(choices=[]), ch({"content": "a"}), ch({}, "stop")],
    "length": [ch({"content": "a"}), ch({}, "length")],
    "length tool": [ch(tc(0, "a", "add", '{"x')), ch({}, "length")],
    "filter": [ch({"content": "a"}), ch({}, "content_filter")],
    "filter empty": [ch({}, "content_filter")],
    "function_call fin": [ch({"content": "a"}), ch({}, "function_call")],
    "two choices": [ch({"content": "a"}), ch({"content": "b"}, index=1), ch({}, "stop")],
    "logprobs": [ch({"content": "He"}, logprobs=LP), ch({"content": "y"}, logprobs=LP), ch({}, "stop")],
    "usage mid": [
        ch({"content": "a"}, usage=U),
        ch({"content": "b"}, usage={"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}),
        ch({}, "stop"),
    ],
    "delta none": [
        ch({"content": "a"}),
        {
            "id": "c1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "delta": None, "finish_reason": "stop"}],
        },
    ],
    "error in stream": [ch({"content": "a"}), {"error": {"message": "boom", "code": "x"}}],
    "extra content": [
        ch(
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
        ch({}, "tool_calls"),
    ],
    "thinking_blocks": [
        ch({"thinking_blocks": [{"type": "thinking", "thinking": "t", "signature": "s"}]}),
        ch({"content": "a"}),
        ch({}, "stop"),
    ],
    "reasoning_details": [
        ch({"reasoning_details": [{"type": "reasoning.text", "text": "t"}]}),
        ch({"content": "a"}),
        ch({}, "stop"),
    ],
    "index jump": [ch(tc(3, "a", "add", "{}")), ch(tc(1, "b", "sub", "{}")), ch({}, "tool_calls")],
    "same index new id": [ch(tc(0, "a", "add", "{}")), ch(tc(0, "b", "sub", "{}")), ch({}, "tool_calls")],
    "usage weird": [
        ch({"content": "a"}),
        ch(
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
    "service": [ch({"content": "a"}, service_tier="flex", system_fingerprint="fp"), ch({}, "stop")],
}


def msg(message, fin="stop", **top):
    d = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "real",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", **message},
                "finish_reason": fin,
                "logprobs": top.pop("logprobs", None),
            }
        ],
    }
    d.update(top)
    return d


COMPLETIONS: dict[str, Any] = {
    "text": msg({"content": "hi"}),
    "usage": msg({"content": "hi"}, usage=U),
    "empty": msg({"content": ""}),
    "none": msg({"content": None}),
    "refusal": msg({"refusal": "no", "content": None}),
    "both": msg({"refusal": "no", "content": "a"}),
    "tools": msg(
        {
            "content": None,
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "b", "type": "function", "function": {"name": "g", "arguments": ""}},
            ],
        },
        "tool_calls",
    ),
    "text+tool": msg(
        {"content": "x", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        "tool_calls",
    ),
    "custom tool": msg(
        {"content": "x", "tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "f", "input": "{}"}}]},
        "tool_calls",
    ),
    "reasoning_content": msg({"content": "x", "reasoning_content": "th"}),
    "reasoning": msg({"content": "x", "reasoning": "th"}),
    "r both": msg({"content": "x", "reasoning": "th", "reasoning_content": "xx"}),
    "r empty": msg({"content": "x", "reasoning_content": ""}),
    "thinking": msg({"content": "x", "thinking_blocks": [{"type": "thinking", "thinking": "t", "signature": "s"}]}),
    "filter": msg({"content": None}, "content_filter"),
    "filter text": msg({"content": "a"}, "content_filter"),
    "logprobs": msg({"content": "He"}, logprobs=LP),
    "no choices": {**msg({}), "choices": []},
    "choices none": {**msg({}), "choices": None},
    "two": {
        **msg({"content": "a"}),
        "choices": [msg({"content": "a"})["choices"][0], {**msg({"content": "b"})["choices"][0], "index": 1}],
    },
    "audio": msg({"content": None, "audio": {"id": "au", "data": "x", "expires_at": 1, "transcript": "t"}}),
    "annotations": msg(
        {
            "content": "x",
            "annotations": [
                {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 1}}
            ],
        }
    ),
    "error": {"error": {"message": "boom"}},
    "usage odd": msg(
        {"content": "x"},
        usage={
            "prompt_tokens": 1,
            "completion_tokens": 1,
            "total_tokens": 2,
            "cost": 3,
            "prompt_tokens_details": {"cached_tokens": None},
        },
    ),
    "extra content": msg(
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
    "message none": {**msg({}), "choices": [{"index": 0, "message": None, "finish_reason": "stop"}]},
}


def om(t, **k):
    return {
        "type": "message",
        "id": "m",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": t, "annotations": []}],
        **k,
    }


def fc(i):
    return {"type": "function_call", "call_id": i, "name": "add", "arguments": "{}"}


def fo(i):
    return {"type": "function_call_output", "call_id": i, "output": "3"}


def rs(t="th", **k):
    return {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": t}], **k}


D = {"model": "deepseek-chat"}
RF = {"model": "m", "response_id": "c1", "_chat_completions_reasoning_field": "reasoning"}

INPUTS: dict[str, Any] = {
    "str": "hi",
    "easy": [
        {"role": "user", "content": "x"},
        {"role": "system", "content": "s"},
        {"role": "developer", "content": "d"},
        {"role": "assistant", "content": "a"},
    ],
    "easy typed": [
        {"type": "message", "role": "user", "content": "x"},
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "s"}]},
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "d"}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "q"}]},
    ],
    "parts": [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "a"},
                {"type": "input_image", "image_url": "http://i", "detail": "low"},
                {"type": "input_image", "image_url": "http://i"},
                {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
                {"type": "input_file", "file_data": "data:x", "filename": "f.pdf"},
            ],
        }
    ],
    "file_id img": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}],
    "file_id": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}],
    "file_url": [{"role": "user", "content": [{"type": "input_file", "file_url": "http://f"}]}],
    "file_data nofn": [{"role": "user", "content": [{"type": "input_file", "file_data": "data:x"}]}],
    "unknown part": [{"role": "user", "content": [{"type": "zzz", "text": "f"}]}],
    "unknown item": [{"type": "zzz"}],
    "unknown role": [{"role": "critic", "content": "x"}],
    "cache bp": [
        {
            "role": "user",
            "content": [{"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}}],
        }
    ],
    "assistant msg": [
        {"role": "user", "content": "x"},
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [
                {"type": "output_text", "text": "a", "annotations": []},
                {"type": "output_text", "text": "b", "annotations": []},
            ],
        },
    ],
    "assistant refusal": [
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "refusal", "refusal": "no"}],
        }
    ],
    "assistant mixed": [
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "a", "annotations": []}, {"type": "refusal", "refusal": "no"}],
        }
    ],
    "assistant empty": [{"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": []}],
    "call": [
        {"role": "user", "content": "x"},
        {"type": "function_call", "id": "f", "call_id": "c1", "name": "add", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "3"},
    ],
    "calls": [
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"},
        {"type": "function_call", "call_id": "c2", "name": "add", "arguments": ""},
        {"type": "function_call_output", "call_id": "c1", "output": "3"},
        {
            "type": "function_call_output",
            "call_id": "c2",
            "output": [{"type": "input_text", "text": "t"}, {"type": "input_text", "text": "u"}],
        },
    ],
    "out img": [
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"},
        {
            "type": "function_call_output",
            "call_id": "c1",
            "output": [
                {"type": "input_text", "text": "t"},
                {"type": "input_image", "image_url": "http://i"},
                {"type": "input_file", "file_data": "z", "filename": "f"},
            ],
        },
    ],
    "out img only": [
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_image", "image_url": "http://i"}]},
    ],
    "out empty": [
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": []},
    ],
    "orphan out": [{"type": "function_call_output", "call_id": "c1", "output": "3"}],
    "msg+call": [
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "a", "annotations": []}],
        },
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "3"},
        {"role": "user", "content": "y"},
    ],
    "call+msg": [
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"},
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "a", "annotations": []}],
        },
        {"type": "function_call_output", "call_id": "c1", "output": "3"},
    ],
    "call out call": [
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "3"},
        {"type": "function_call", "call_id": "c2", "name": "add", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c2", "output": "3"},
    ],
    "easy assistant+call": [
        {"role": "assistant", "content": "hm"},
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"},
    ],
    "2 assistant": [
        {"role": "assistant", "content": "a"},
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "b", "annotations": []}],
        },
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "c", "annotations": []}],
        },
    ],
    "reasoning": [
        {"role": "user", "content": "x"},
        {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "thought"}]},
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "a", "annotations": []}],
        },
    ],
    "reasoning call": [
        {"role": "user", "content": "x"},
        {
            "type": "reasoning",
            "id": "r",
            "summary": [{"type": "summary_text", "text": "thought"}],
            "provider_data": {"model": "m"},
        },
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "3"},
    ],
    "reasoning content": [
        {"type": "reasoning", "id": "r", "summary": [], "content": [{"type": "reasoning_text", "text": "thinking"}]},
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"},
    ],
    "reasoning enc": [
        {
            "type": "reasoning",
            "id": "r",
            "summary": [],
            "encrypted_content": "sig",
            "content": [{"type": "reasoning_text", "text": "thinking"}],
        },
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"},
    ],
    "file search": [
        {"type": "file_search_call", "id": "fs", "status": "completed", "queries": ["q"], "results": []},
        {"role": "user", "content": "x"},
    ],
    "web search": [
        {"type": "web_search_call", "id": "fs", "status": "completed", "action": {"type": "search", "query": "q"}}
    ],
    "computer": [
        {
            "type": "computer_call",
            "id": "c",
            "call_id": "x",
            "action": {"type": "click"},
            "pending_safety_checks": [],
            "status": "completed",
        }
    ],
    "custom": [{"type": "custom_tool_call", "call_id": "x", "name": "n", "input": "i"}],
    "custom out": [{"type": "custom_tool_call_output", "call_id": "x", "output": "i"}],
    "shell": [{"type": "local_shell_call", "call_id": "x"}],
    "itemref": [{"type": "item_reference", "id": "x"}],
    "mcp": [{"type": "mcp_call", "id": "x", "name": "n", "server_label": "s", "arguments": "{}"}],
    "compaction": [{"type": "compaction", "id": "x", "encrypted_content": "s"}],
    "empty": [],
    "nothing": [{}],
    "content none": [{"role": "user", "content": None}],
    "sys image": [{"role": "system", "content": [{"type": "input_image", "image_url": "u"}]}],
    "asst input_text": [{"role": "assistant", "content": [{"type": "input_text", "text": "u"}]}],
    "provider data call": [
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "add",
            "arguments": "{}",
            "provider_data": {"model": "other", "extra": 1},
        }
    ],
    "fake id": [
        {
            "type": "message",
            "id": "__fake_id__",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "a", "annotations": []}],
            "provider_data": {"model": "m"},
        }
    ],
    "asst audio": [
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_audio", "data": "a", "transcript": "t"}],
        }
    ],
    "bad call": [{"type": "function_call", "call_id": "c1", "name": "add"}],
    "user list str": [{"role": "user", "content": ["x"]}],
}

MORE_INPUTS: dict[str, Any] = {
    "msg no id": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "q"}]}],
    "msg str typed": [{"type": "message", "role": "assistant", "content": "q"}],
    "msg str typed id": [{"type": "message", "id": "i", "status": "completed", "role": "assistant", "content": "q"}],
    "user id": [{"type": "message", "id": "i", "status": "completed", "role": "user", "content": "q"}],
    "user id notype": [{"id": "i", "role": "user", "content": "q"}],
    "user extra": [{"role": "user", "content": "q", "name": "bob"}],
    "asst phase": [{"role": "assistant", "content": "q", "phase": "commentary"}],
    "asst parts status": [
        {"role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": "q"}]}
    ],
    "msg call msg": [om("a"), fc("1"), om("b"), fo("1")],
    "call msg call": [fc("1"), om("b"), fc("2"), fo("1"), fo("2")],
    "call msg msg": [fc("1"), om("b"), om("c"), fo("1")],
    "msg easy call": [om("a"), {"role": "user", "content": "x"}, fc("1")],
    "msg reasoning call": [om("a"), rs(), fc("1"), fo("1")],
    "msg out call": [om("a"), fo("0"), fc("1")],
    "ds": [rs(provider_data=D), fc("1"), fo("1"), rs("t2", provider_data=D), om("a"), {"role": "user", "content": "x"}],
    "ds nodata": [rs(), fc("1"), fo("1")],
    "ds two": [rs(provider_data=D), rs("t2", provider_data=D), fc("1")],
    "ds two parts": [
        {
            "type": "reasoning",
            "id": "r",
            "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
            "provider_data": D,
        },
        fc("1"),
    ],
    "ds user after": [rs(provider_data=D), {"role": "user", "content": "x"}, fc("1")],
    "ds easy asst": [rs(provider_data=D), {"role": "assistant", "content": "x"}],
    "ds other model": [rs(provider_data={"model": "gpt-4"}), fc("1")],
    "ds other ds": [rs(provider_data={"model": "deepseek-reasoner"}), fc("1")],
    "ds empty": [{"type": "reasoning", "id": "r", "summary": [], "provider_data": D}, fc("1")],
    "ds trailing": [rs(provider_data=D)],
    "ds msg+call": [rs(provider_data=D), om("a"), fc("1"), fo("1")],
    "ds out between": [rs(provider_data=D), fo("0"), fc("1")],
    "ds after call": [fc("1"), rs(provider_data=D), fc("2")],
    "field reasoning": [
        {
            "type": "reasoning",
            "id": "r",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "think"}],
            "provider_data": RF,
        },
        fc("1"),
        fo("1"),
    ],
    "field reasoning msg": [
        {
            "type": "reasoning",
            "id": "r",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "think"}, {"type": "reasoning_text", "text": "more"}],
            "provider_data": RF,
        },
        om("a"),
    ],
    "gemini sig": [
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "add",
            "arguments": "{}",
            "provider_data": {"model": "m", "thought_signature": "sig"},
        }
    ],
    "gemini sig gm": [
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "add",
            "arguments": "{}",
            "provider_data": {"model": "gemini-2", "thought_signature": "sig"},
        }
    ],
    "thinking": [
        {
            "type": "reasoning",
            "id": "r",
            "summary": [],
            "encrypted_content": "s",
            "content": [{"type": "reasoning_text", "text": "t"}],
            "provider_data": {
                "model": "m",
                "thinking_blocks": [{"type": "thinking", "thinking": "t", "signature": "s"}],
            },
        },
        fc("1"),
    ],
    "fs results": [
        {
            "type": "file_search_call",
            "id": "fs",
            "status": "completed",
            "queries": ["q", "é"],
            "results": [{"text": "x"}],
        },
        fo("fs"),
    ],
    "fs min": [{"type": "file_search_call", "id": "fs"}],
    "out not str": [fc("1"), {"type": "function_call_output", "call_id": "1", "output": 3}],
    "out refusal": [
        fc("1"),
        {"type": "function_call_output", "call_id": "1", "output": [{"type": "output_text", "text": "z"}]},
    ],
    "out str empty": [fc("1"), {"type": "function_call_output", "call_id": "1", "output": ""}],
    "out none": [fc("1"), {"type": "function_call_output", "call_id": "1"}],
    "out cache": [
        fc("1"),
        {
            "type": "function_call_output",
            "call_id": "1",
            "output": [{"type": "input_text", "text": "z", "prompt_cache_breakpoint": {"mode": "explicit"}}],
        },
    ],
    "audio bad": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": ""}}]}],
    "audio none": [{"role": "user", "content": [{"type": "input_audio"}]}],
    "asst audio id": [
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_audio", "id": "au"}],
        }
    ],
    "image cache": [
        {
            "role": "user",
            "content": [
                {
                    "type": "input_image",
                    "image_url": "u",
                    "detail": "original",
                    "prompt_cache_breakpoint": {"mode": "explicit"},
                },
                {"type": "input_file", "file_id": "f", "detail": "x", "prompt_cache_breakpoint": {"mode": "explicit"}},
                {"type": "input_file", "file_data": "x", "file_id": "f", "filename": "g"},
            ],
        }
    ],
    "chat parts": [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "x"}}]}
    ],
    "sys parts": [
        {"role": "system", "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]},
        {"role": "developer", "content": [{"type": "input_image", "image_url": "u"}]},
    ],
    "asst img": [{"role": "assistant", "content": [{"type": "input_image", "image_url": "u"}]}],
    "text none": [{"role": "user", "content": [{"type": "input_text"}]}],
    "caller call": [{"type": "function_call", "call_id": "1", "name": "add", "arguments": "{}", "namespace": "ns"}],
    "status none": [
        {
            "type": "message",
            "id": None,
            "role": "assistant",
            "status": None,
            "content": [{"type": "output_text", "text": "q", "annotations": [], "logprobs": []}],
        }
    ],
    "msg refusal text order": [
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [
                {"type": "refusal", "refusal": "a"},
                {"type": "refusal", "refusal": "b"},
                {"type": "output_text", "text": "t"},
                {"type": "output_text", "text": ""},
            ],
        }
    ],
    "msg unknown part": [
        {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [{"type": "zzz"}]}
    ],
    "bytes tuple": ({"role": "user", "content": "x"},),
}
