"""Which items belong together: calls with their outputs, reasoning with what it led to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Key: TypeAlias = tuple[str, str | None]
"""The kind of a call and its id."""

OUTPUT_OF = {
    "apply_patch_call": "apply_patch_call_output",
    "computer_call": "computer_call_output",
    "custom_tool_call": "custom_tool_call_output",
    "function_call": "function_call_output",
    "local_shell_call": "local_shell_call_output",
    "shell_call": "shell_call_output",
}
"""The items that are answered by another item, with the type of that."""

CALL_OF = {output: call for call, output in OUTPUT_OF.items()}
"""The same, the other way round."""

NO_OUTPUT = "No output of this call was recorded: it was cancelled, or its effect is unknown."
"""What the model is told in the place of an output that nobody has."""


def call_key(item: Mapping[str, Any]) -> Key | None:
    """The kind and id of a call; `None` for every other item."""
    kind = item.get("type")
    return (kind, _text(item.get("call_id"))) if isinstance(kind, str) and kind in OUTPUT_OF else None


def output_key(item: Mapping[str, Any]) -> Key | None:
    """The kind and id of the call that an output answers; `None` for every other item."""
    kind = item.get("type")
    if not isinstance(kind, str) or kind not in CALL_OF:
        return None
    call = CALL_OF[kind]
    # The output of a local shell names its call in a field of another name.
    named = item.get("call_id") if call != "local_shell_call" else item.get("call_id") or item.get("id")
    return call, _text(named)


def missing_output(call: Mapping[str, Any]) -> dict[str, Any] | None:
    """An output that says that there is none; `None` where a call has no such output, or no id."""
    key = call_key(call)
    if key is None or key[1] is None:
        return None
    kind, call_id = key
    output: dict[str, Any] = {"type": OUTPUT_OF[kind], "call_id": call_id, "output": NO_OUTPUT}
    match kind:
        case "computer_call":
            return None  # its output is a picture of a screen
        case "apply_patch_call":
            return {**output, "status": "failed"}
        case "local_shell_call":
            return {"type": OUTPUT_OF[kind], "id": call_id, "output": NO_OUTPUT}
        case "shell_call":
            ended = {"type": "exit", "exit_code": 1}
            return {**output, "output": [{"stdout": "", "stderr": NO_OUTPUT, "outcome": ended}]}
    return output


def is_reasoning(item: Mapping[str, Any]) -> bool:
    """Whether the item is reasoning, which must stay with the item that it led to."""
    return item.get("type") == "reasoning"


def is_from_model(item: Mapping[str, Any]) -> bool:
    """Whether the model made the item, so that reasoning can lead to it."""
    kind = item.get("type")
    if isinstance(kind, str) and (kind.endswith("_output") or kind == "mcp_approval_response"):
        return False
    return item.get("role", "assistant") == "assistant"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
