"""Items of what a provider does by itself, and what becomes of outputs that need a tool which no agent can have yet.

What is readable becomes an item. A call that somebody would have to carry out, and nobody can, ends the run. Outputs of
calls, which a model only repeats, and types that nobody knows are left out.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..exceptions import ModelBehaviorError
from ..items import (
    CompactionItem,
    MCPListToolsItem,
    RunItem,
    ToolCallItem,
    ToolCallOutputItem,
    ToolSearchCallItem,
    ToolSearchOutputItem,
    as_input_item,
    without,
)
from ..tool_origin import ToolOrigin, ToolOriginType

if TYPE_CHECKING:
    from ..agent import Agent

logger: logging.Logger = logging.getLogger("agentcell")

BY_ITSELF = ("web_search_call", "file_search_call", "code_interpreter_call", "image_generation_call")
"""Calls that the provider carries out."""
UNSUPPORTED = {
    "apply_patch_call": "apply_patch call without an apply_patch tool",
    "computer_call": "computer action without a computer tool",
    "local_shell_call": "local shell call without a local shell tool",
    "program": "program item without a programmatic_tool_calling tool",
    "program_output": "program_output item without a programmatic_tool_calling tool",
    "shell_call": "shell call without a shell tool",
}
"""Outputs that need a tool of the agent, each with what is said when there is none."""


def provider_items(agent: Agent[Any], raw: Any) -> list[RunItem]:
    """The items of an output that is neither a message, reasoning, nor a call of a function.

    Raises `ModelBehaviorError` for what the agent would have to have a tool for.
    """
    match raw.type:
        case kind if kind in BY_ITSELF:
            return [ToolCallItem(agent, raw)]
        case "mcp_call":
            return [ToolCallItem(agent, raw, tool_origin=ToolOrigin(ToolOriginType.MCP, raw.server_label))]
        case "mcp_list_tools":
            return [MCPListToolsItem(agent, raw)]
        case "mcp_approval_request":
            raise ModelBehaviorError(f"MCP server label {raw.server_label} not found")
        case "tool_search_call":
            if raw.execution == "client":
                raise ModelBehaviorError(
                    "Client-executed tool_search calls are not supported: the provider must search "
                    f"(execution='server'); got {raw!r}"
                )
            return [ToolSearchCallItem(agent, raw)]
        case "tool_search_output":
            return [ToolSearchOutputItem(agent, raw)]
        case "shell_call_output":
            output = without(as_input_item(raw), "created_by")
            return [ToolCallOutputItem(agent, output, output["output"])]
        case "compaction":
            return [CompactionItem(agent, without(as_input_item(raw), "created_by"))]
        case "custom_tool_call":
            raise ModelBehaviorError(f"Tool {raw.name} not found in agent {agent.name}")
        case kind if kind in UNSUPPORTED:
            raise ModelBehaviorError(f"Model produced {UNSUPPORTED[kind]}.")
        case kind:
            logger.warning("the model's output of type %r is left out: %r", kind, raw)
            return []
