"""Where a tool came from, as it is kept on the items of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast


class ToolOriginType(str, Enum):  # noqa: UP042 - `str` of a member is the reference's
    """What sort of thing a function tool really is."""

    FUNCTION = "function"
    MCP = "mcp"
    AGENT_AS_TOOL = "agent_as_tool"


@dataclass(frozen=True)
class ToolOrigin:
    """Where a tool came from."""

    type: ToolOriginType
    """What sort of tool."""
    mcp_server_name: str | None = None
    """The server that offers the tool."""
    agent_name: str | None = None
    """The agent that runs as the tool."""
    agent_tool_name: str | None = None
    """The name under which that agent is called."""

    def to_json_dict(self) -> dict[str, str]:
        """The origin as JSON, without what is not known."""
        known = {
            "mcp_server_name": self.mcp_server_name,
            "agent_name": self.agent_name,
            "agent_tool_name": self.agent_tool_name,
        }
        return {"type": self.type.value, **{name: value for name, value in known.items() if value is not None}}

    @classmethod
    def from_json_dict(cls, data: Any) -> ToolOrigin | None:
        """The origin that `to_json_dict` wrote; `None` for anything else."""
        if not isinstance(data, Mapping):
            return None
        given = cast("Mapping[str, Any]", data)
        try:
            kind = ToolOriginType(given.get("type"))
        except ValueError:
            return None
        texts = {
            name: value
            for name in ("mcp_server_name", "agent_name", "agent_tool_name")
            if isinstance(value := given.get(name), str)
        }
        return cls(kind, **texts)


FUNCTION_ORIGIN = ToolOrigin(ToolOriginType.FUNCTION)
"""The origin of a function of the user's own."""
