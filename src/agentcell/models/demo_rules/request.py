"""Reads a model request into plain data: what the user asked, what happened since, which tools there are.

Items of the Responses API come as dicts, or as the client's objects. Only what the rules use is read, and anything
unknown is passed over: a request never fails here.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .matching import HandoffSpec, ToolSpec
from .planning import PastCall, Turn

MAX_OUTPUT = 50_000
"""Characters of a tool output that are parsed."""

_MESSAGE_ROLES = ("user",)
_NESTED = re.compile(r"^\d+\. (?:(user|assistant|system|developer)(?: \([^)\n]*\))?: )?(.*)$")


def tool_specs(tools: Sequence[Any]) -> list[ToolSpec]:
    """The function tools among an agent's tools; hosted tools are left out."""
    return [
        ToolSpec(str(tool.name), str(getattr(tool, "description", "") or ""), tool.params_json_schema)
        for tool in tools
        if isinstance(getattr(tool, "params_json_schema", None), Mapping)
    ]


def handoff_specs(handoffs: Sequence[Any]) -> list[HandoffSpec]:
    """An agent's handoffs as plain data."""
    return [
        HandoffSpec(str(h.tool_name), str(h.agent_name), str(h.tool_description or ""), h.input_json_schema)
        for h in handoffs
    ]


def turn_of(instructions: str | None, input: str | Sequence[Any], transfers: Sequence[str] = ()) -> Turn:
    """What the user asked last and what happened since; `transfers` are names of transfer tools."""
    if isinstance(input, str):
        return Turn(input, instructions or "")
    items = [plain for item in input for plain in _flat(_plain(item))]
    asked = [i for i, item in enumerate(items) if item.get("role") in _MESSAGE_ROLES and text_of(item)]
    request = ""
    if asked:
        first = last = asked[-1]
        while first - 1 in asked:
            first -= 1
        request = "\n".join(text_of(items[i]) for i in range(first, last + 1))
        earlier = [text_of(items[i]) for i in reversed(asked) if i < first]
        since = items[last + 1 :]
    else:
        earlier, since = [], items
    return _turn(request, instructions or "", earlier, since, transfers)


def _turn(
    request: str,
    instructions: str,
    earlier: list[str],
    since: list[Mapping[str, Any]],
    transfers: Sequence[str],
) -> Turn:
    outputs = {
        str(item.get("call_id")): output_text(item.get("output"))
        for item in since
        if item.get("type") == "function_call_output"
    }
    calls: list[PastCall] = []
    agents: list[str] = []
    known: set[str] = set()
    rounds, in_batch = 0, False
    for item in since:
        is_call = item.get("type") == "function_call"
        rounds += is_call and not in_batch
        in_batch = is_call or (in_batch and item.get("type") == "reasoning")
        if not is_call:
            continue
        call_id, name = str(item.get("call_id")), str(item.get("name"))
        known.add(call_id)
        output = outputs.get(call_id)
        value = parsed(output)
        if agent := _handed_to(value):
            agents.append(agent)
        elif name not in transfers:
            calls.append(PastCall(name, _arguments(item.get("arguments")), output, value))
    return Turn(request, instructions, earlier, calls, agents, rounds, bool(set(outputs) - known))


def _plain(item: Any) -> Mapping[str, Any]:
    if isinstance(item, Mapping):
        return item
    dump = getattr(item, "model_dump", None)
    value = dump(exclude_unset=True) if callable(dump) else {}
    return value if isinstance(value, Mapping) else {}


def _flat(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """An item, or the items of a transcript that a handoff folded into one assistant message."""
    text = text_of(item) if item.get("role") == "assistant" else ""
    if "<CONVERSATION HISTORY>" not in text:
        yield item
        return
    inside = text.split("<CONVERSATION HISTORY>", 1)[1].split("</CONVERSATION HISTORY>", 1)[0]
    for line in inside.strip().splitlines():
        m = _NESTED.match(line)
        if not m:
            continue
        role, rest = m.groups()
        if role:
            yield {"role": role, "content": rest}
        else:
            value = parsed(rest)
            if isinstance(value, dict):
                yield value


def text_of(item: Mapping[str, Any]) -> str:
    """The text of a message item, its parts joined; empty for other items."""
    content = item.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        return ""
    parts = [p.get("text") for p in content if isinstance(p, Mapping)]
    return "\n".join(p for p in parts if isinstance(p, str))


def output_text(output: Any) -> str:
    """A tool output as text; images and files become a word in brackets."""
    if isinstance(output, str):
        return output
    if isinstance(output, Sequence):
        parts = []
        for part in output:
            if isinstance(part, Mapping):
                kind = str(part.get("type", "output")).removeprefix("input_")
                parts.append(part["text"] if isinstance(part.get("text"), str) else f"[{kind}]")
        return "\n".join(parts)
    return json.dumps(output, ensure_ascii=False, default=str)


def parsed(text: str | None) -> Any:
    """An output as a value: JSON, a Python literal (how dicts arrive from tools), or the text itself."""
    if text is None or not text.strip() or len(text) > MAX_OUTPUT:
        return text
    stripped = text.strip()
    if stripped[0] not in "{[\"'-0123456789TFtfnN(":
        return text
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(stripped)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
        if isinstance(value, (dict, list, str, int, float)) and value == value:
            return value
        if isinstance(value, (tuple, set, frozenset)):
            return sorted(value, key=str) if isinstance(value, (set, frozenset)) else list(value)
    return text


def _handed_to(value: Any) -> str | None:
    if isinstance(value, dict) and set(value) == {"assistant"} and isinstance(value["assistant"], str):
        return value["assistant"]
    return None


def _arguments(text: Any) -> dict[str, Any]:
    value = parsed(text) if isinstance(text, str) else text
    return value if isinstance(value, dict) else {}
