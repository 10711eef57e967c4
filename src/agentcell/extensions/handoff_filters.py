"""Filters for handoffs, ready to be given as `input_filter` or `RunConfig.handoff_input_filter`."""

from __future__ import annotations

from typing import cast

from .. import openai_types as oai
from ..handoffs import HandoffInputData, default_handoff_history_mapper, nest_handoff_history
from ..items import RunItem

__all__ = [
    "default_handoff_history_mapper",
    "nest_handoff_history",
    "remove_all_tools",
]

SAID = frozenset({"message_output_item", "compaction_item", "input_item"})
"""Kinds of run items that are not about tools."""

ANSWERED = ("function", "custom_tool", "computer", "local_shell", "shell", "apply_patch")
"""Kinds of calls whose outputs are items of their own."""

TOOL_TYPES = frozenset(
    {
        *(f"{kind}_call{end}" for kind in ANSWERED for end in ("", "_output")),
        *(f"{kind}_call" for kind in ("file_search", "web_search", "code_interpreter", "image_generation", "mcp")),
        *("tool_search_call", "tool_search_output", "program", "program_output"),
        *("mcp_list_tools", "mcp_approval_request", "mcp_approval_response", "reasoning"),
    }
)
"""Types of input items that are about tools; reasoning is refused without the calls that it led to."""


def remove_all_tools(handoff_input_data: HandoffInputData) -> HandoffInputData:
    """Take away everything about tools: calls of every kind and their outputs, handoffs, reasoning."""
    data = handoff_input_data
    history = data.input_history
    return data.clone(
        input_history=history if isinstance(history, str) else tuple(item for item in history if _is_said(item)),
        pre_handoff_items=_said(data.pre_handoff_items),
        new_items=_said(data.new_items),
        input_items=None if data.input_items is None else _said(data.input_items),
    )


def _said(items: tuple[RunItem, ...]) -> tuple[RunItem, ...]:
    return tuple(item for item in items if item.type in SAID)


def _is_said(item: oai.ResponseInputItemParam) -> bool:
    return cast("dict[str, object]", item).get("type") not in TOOL_TYPES
