"""Input items that Chat Completions can take, or must refuse."""

from __future__ import annotations

from typing import Any


def answered(text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": content}


def called(call_id: str) -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": "add", "arguments": "{}"}


def returned(call_id: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": "3"}


def thought(text: str = "th", **more: Any) -> dict[str, Any]:
    return {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": text}], **more}


REFUSED = {**answered(""), "content": [{"type": "refusal", "refusal": "no"}]}
DEEPSEEK = {"model": "deepseek-chat"}
ITS_FIELD = {"model": "m", "response_id": "c1", "_chat_completions_reasoning_field": "reasoning"}


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
    "refused, then answered": [REFUSED, answered("a")],
    "refused, then called": [REFUSED, called("1"), answered("b")],
    "called, refused, answered": [called("1"), REFUSED, answered("b")],
    "thought, refused": [thought(provider_data=DEEPSEEK), REFUSED],
    "file with id and name": [{"role": "user", "content": [{"type": "input_file", "file_id": "f", "filename": "n"}]}],
    "thought with both": [
        thought(content=[{"type": "reasoning_text", "text": "t"}], provider_data=ITS_FIELD),
        called("1"),
    ],
    "thought with its field, then another": [
        {
            "type": "reasoning",
            "id": "r",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "t"}],
            "provider_data": ITS_FIELD,
        },
        thought(provider_data=DEEPSEEK),
        called("1"),
    ],
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
    "msg call msg": [answered("a"), called("1"), answered("b"), returned("1")],
    "call msg call": [called("1"), answered("b"), called("2"), returned("1"), returned("2")],
    "call msg msg": [called("1"), answered("b"), answered("c"), returned("1")],
    "msg easy call": [answered("a"), {"role": "user", "content": "x"}, called("1")],
    "msg reasoning call": [answered("a"), thought(), called("1"), returned("1")],
    "msg out call": [answered("a"), returned("0"), called("1")],
    "ds": [
        thought(provider_data=DEEPSEEK),
        called("1"),
        returned("1"),
        thought("t2", provider_data=DEEPSEEK),
        answered("a"),
        {"role": "user", "content": "x"},
    ],
    "ds nodata": [thought(), called("1"), returned("1")],
    "ds two": [thought(provider_data=DEEPSEEK), thought("t2", provider_data=DEEPSEEK), called("1")],
    "ds two parts": [
        {
            "type": "reasoning",
            "id": "r",
            "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
            "provider_data": DEEPSEEK,
        },
        called("1"),
    ],
    "ds user after": [thought(provider_data=DEEPSEEK), {"role": "user", "content": "x"}, called("1")],
    "ds easy asst": [thought(provider_data=DEEPSEEK), {"role": "assistant", "content": "x"}],
    "ds other model": [thought(provider_data={"model": "gpt-4"}), called("1")],
    "ds other ds": [thought(provider_data={"model": "deepseek-reasoner"}), called("1")],
    "ds empty": [{"type": "reasoning", "id": "r", "summary": [], "provider_data": DEEPSEEK}, called("1")],
    "ds trailing": [thought(provider_data=DEEPSEEK)],
    "ds msg+call": [thought(provider_data=DEEPSEEK), answered("a"), called("1"), returned("1")],
    "ds out between": [thought(provider_data=DEEPSEEK), returned("0"), called("1")],
    "ds after call": [called("1"), thought(provider_data=DEEPSEEK), called("2")],
    "field reasoning": [
        {
            "type": "reasoning",
            "id": "r",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "think"}],
            "provider_data": ITS_FIELD,
        },
        called("1"),
        returned("1"),
    ],
    "field reasoning msg": [
        {
            "type": "reasoning",
            "id": "r",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "think"}, {"type": "reasoning_text", "text": "more"}],
            "provider_data": ITS_FIELD,
        },
        answered("a"),
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
        called("1"),
    ],
    "fs results": [
        {
            "type": "file_search_call",
            "id": "fs",
            "status": "completed",
            "queries": ["q", "é"],
            "results": [{"text": "x"}],
        },
        returned("fs"),
    ],
    "fs min": [{"type": "file_search_call", "id": "fs"}],
    "out not str": [called("1"), {"type": "function_call_output", "call_id": "1", "output": 3}],
    "out refusal": [
        called("1"),
        {"type": "function_call_output", "call_id": "1", "output": [{"type": "output_text", "text": "z"}]},
    ],
    "out str empty": [called("1"), {"type": "function_call_output", "call_id": "1", "output": ""}],
    "out none": [called("1"), {"type": "function_call_output", "call_id": "1"}],
    "out cache": [
        called("1"),
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
