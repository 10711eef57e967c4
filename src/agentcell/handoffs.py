"""Handoffs: passing the conversation to another agent, offered to the model as a tool."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .exceptions import ArgumentTypeError, ModelBehaviorError, UserError
from .run_context import RunContextWrapper
from .strict_schema import ensure_strict_json_schema

if TYPE_CHECKING:
    from .agent import Agent


@dataclass
class Handoff:
    """A transfer to another agent as the model sees it: a tool."""

    tool_name: str
    """The name the model calls."""
    tool_description: str
    """When to call it, for the model."""
    input_json_schema: dict[str, Any]
    """JSON schema of what the model passes along; an empty object for nothing."""
    on_invoke_handoff: Callable[[RunContextWrapper[Any], str], Awaitable[Agent[Any]]]
    """Returns the agent that goes on."""
    agent_name: str
    """The name of that agent."""
    strict_json_schema: bool = True
    """Whether the schema is in strict form."""
    is_enabled: bool | Callable[[RunContextWrapper[Any], Agent[Any]], bool | Awaitable[bool]] = True
    """Whether the model sees the handoff, decided at each turn."""
    target: Agent[Any] | None = field(default=None, repr=False)
    """The agent itself where it is known before the call, for views and graphs."""

    def get_transfer_message(self, agent: Agent[Any]) -> str:
        """What the model is told when the transfer has happened."""
        return json.dumps({"assistant": agent.name})

    @classmethod
    def default_tool_name(cls, agent: Agent[Any]) -> str:
        """`transfer_to_` and the agent's name in a form that is allowed in tool names."""
        return "transfer_to_" + re.sub(r"[^a-zA-Z0-9_]", "_", agent.name).lower()

    @classmethod
    def default_tool_description(cls, agent: Agent[Any]) -> str:
        """Names the agent, and says what it is for."""
        return f"Handoff to the {agent.name} agent to handle the request. {agent.handoff_description or ''}"


def handoff(
    agent: Agent[Any],
    tool_name_override: str | None = None,
    tool_description_override: str | None = None,
    on_handoff: Callable[..., Any] | None = None,
    input_type: type[Any] | None = None,
    is_enabled: bool | Callable[[RunContextWrapper[Any], Agent[Any]], bool | Awaitable[bool]] = True,
) -> Handoff:
    """A handoff to `agent`.

    Args:
        agent: who goes on.
        tool_name_override: the tool's name; default `transfer_to_<name>`.
        tool_description_override: the tool's description.
        on_handoff: called when it happens, with the context, and with the input when `input_type` is given.
        input_type: the type of what the model passes along.
        is_enabled: whether the model sees the handoff, or a function that decides it at each turn.

    Raises `UserError` when only `input_type` is given, or `on_handoff` takes the wrong number of arguments.
    """
    from .agent import Agent

    if not isinstance(agent, Agent):
        raise ArgumentTypeError(f"handoff() takes an Agent, got {agent!r}; pass the agent object itself")
    adapter = None
    if input_type is not None:
        from pydantic import TypeAdapter

        if on_handoff is None:
            raise UserError("input_type was given without on_handoff; the input would go nowhere, so give both")
        adapter = TypeAdapter(input_type)
    if on_handoff is not None:
        wanted = 1 if adapter is None else 2
        if len(inspect.signature(on_handoff).parameters) != wanted:
            takes = "(context)" if adapter is None else "(context, input)"
            raise UserError(f"on_handoff must take {takes}, got {inspect.signature(on_handoff)}")

    async def invoke(ctx: RunContextWrapper[Any], input: str) -> Agent[Any]:
        if on_handoff is not None:
            arguments: list[Any] = [ctx]
            if adapter is not None:
                if not input:
                    raise ModelBehaviorError(f"handoff to {agent.name} needs an input, but the model gave none")
                try:
                    arguments.append(adapter.validate_json(input))
                except ValueError as error:
                    raise ModelBehaviorError(f"handoff to {agent.name}: invalid input: {error}") from error
            result = on_handoff(*arguments)
            if inspect.isawaitable(result):
                await result
        return agent

    return Handoff(
        tool_name=tool_name_override or Handoff.default_tool_name(agent),
        tool_description=tool_description_override or Handoff.default_tool_description(agent),
        input_json_schema=ensure_strict_json_schema(adapter.json_schema() if adapter else {}),
        on_invoke_handoff=invoke,
        agent_name=agent.name,
        is_enabled=is_enabled,
        target=agent,
    )
