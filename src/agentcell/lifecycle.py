"""Hooks: methods that a run calls as it goes on.

`RunHooks` watches a whole run, `AgentHooks` one agent. Every method does nothing unless a subclass says otherwise; the
parameter names of the handoff hooks are part of the contract, because they are called by keyword.
"""

from __future__ import annotations

from typing import Any, Generic

from typing_extensions import TypeVar

import agentcell as ac

from . import openai_types as oai
from .items import ModelResponse
from .run_context import AgentHookContext, RunContextWrapper, TContext

TAgent = TypeVar("TAgent", default=Any)


class RunHooksBase(Generic[TContext, TAgent]):
    """What a run calls, for all of its agents."""

    async def on_llm_start(
        self,
        context: RunContextWrapper[TContext],
        agent: ac.Agent[TContext],
        system_prompt: str | None,
        input_items: list[oai.ResponseInputItemParam],
    ) -> None:
        """Called before each model call."""

    async def on_llm_end(
        self, context: RunContextWrapper[TContext], agent: ac.Agent[TContext], response: ModelResponse
    ) -> None:
        """Called when a model call is complete."""

    async def on_agent_start(self, context: AgentHookContext[TContext], agent: TAgent) -> None:
        """Called when an agent begins: at the start and after each handoff."""

    async def on_agent_end(self, context: AgentHookContext[TContext], agent: TAgent, output: Any) -> None:
        """Called when an agent has the final output."""

    async def on_handoff(self, context: RunContextWrapper[TContext], from_agent: TAgent, to_agent: TAgent) -> None:
        """Called when the conversation passes on."""

    async def on_tool_start(self, context: RunContextWrapper[TContext], agent: TAgent, tool: ac.Tool) -> None:
        """Called before a tool runs; for function tools the context is a `ToolContext`."""

    async def on_tool_end(
        self, context: RunContextWrapper[TContext], agent: TAgent, tool: ac.Tool, result: Any
    ) -> None:
        """Called when a tool has run."""


class AgentHooksBase(Generic[TContext, TAgent]):
    """What a run calls, for one agent."""

    async def on_start(self, context: AgentHookContext[TContext], agent: TAgent) -> None:
        """Called when the agent begins."""

    async def on_end(self, context: AgentHookContext[TContext], agent: TAgent, output: Any) -> None:
        """Called when the agent has the final output."""

    async def on_handoff(self, context: RunContextWrapper[TContext], agent: TAgent, source: TAgent) -> None:
        """Called when this agent, which is `source`, passes the conversation to `agent`."""

    async def on_tool_start(self, context: RunContextWrapper[TContext], agent: TAgent, tool: ac.Tool) -> None:
        """Called before a tool of the agent runs."""

    async def on_tool_end(
        self, context: RunContextWrapper[TContext], agent: TAgent, tool: ac.Tool, result: Any
    ) -> None:
        """Called when a tool of the agent has run."""

    async def on_llm_start(
        self,
        context: RunContextWrapper[TContext],
        agent: ac.Agent[TContext],
        system_prompt: str | None,
        input_items: list[oai.ResponseInputItemParam],
    ) -> None:
        """Called before each model call of the agent."""

    async def on_llm_end(
        self, context: RunContextWrapper[TContext], agent: ac.Agent[TContext], response: ModelResponse
    ) -> None:
        """Called when a model call of the agent is complete."""


RunHooks = RunHooksBase[TContext, Any]
"""Hooks for a whole run."""

AgentHooks = AgentHooksBase[TContext, Any]
"""Hooks for one agent."""
