"""Items to put into sessions, and what to say about those that come out."""

from __future__ import annotations

from typing import Any

from agentcell.memory.pairing import NO_OUTPUT


def user(text: object) -> Any:
    return {"role": "user", "content": text}


def answer(text: str) -> Any:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def thought(name: str = "rs_1") -> Any:
    return {"type": "reasoning", "id": name, "summary": []}


def call(call_id: str = "c1", name: str = "f") -> Any:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": "{}"}


def output(call_id: str = "c1", text: str = "done") -> Any:
    return {"type": "function_call_output", "call_id": call_id, "output": text}


def unknown(call_id: str = "c1") -> Any:
    return output(call_id, NO_OUTPUT)
