"""Calling the hooks of a run and of its agents, each pair in the reference's order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..run_context import AgentHookContext

if TYPE_CHECKING:
    from .. import openai_types as oai
    from ..agent import Agent
    from ..items import ModelResponse
    from ..lifecycle import RunHooksBase
    from ..run_context import RunContextWrapper
    from ..tool import Tool


@dataclass
class Hooks:
    """The hooks of one run."""

    of_run: RunHooksBase[Any, Any] | None = None
    """Those that watch the whole run."""

    async def agent_start(self, context: RunContextWrapper[Any], agent: Agent[Any]) -> None:
        """An agent begins."""
        given = _for_agents(context)
        if self.of_run is not None:
            await self.of_run.on_agent_start(given, agent)
        if agent.hooks is not None:
            await agent.hooks.on_start(given, agent)

    async def agent_end(self, context: RunContextWrapper[Any], agent: Agent[Any], output: Any) -> None:
        """An agent has the final output."""
        given = _for_agents(context)
        if self.of_run is not None:
            await self.of_run.on_agent_end(given, agent, output)
        if agent.hooks is not None:
            await agent.hooks.on_end(given, agent, output)

    async def handoff(self, context: RunContextWrapper[Any], source: Agent[Any], target: Agent[Any]) -> None:
        """The conversation passes on; the hooks of the agent that gives it away are told, as in the reference."""
        if self.of_run is not None:
            await self.of_run.on_handoff(context=context, from_agent=source, to_agent=target)
        if source.hooks is not None:
            await source.hooks.on_handoff(context, agent=target, source=source)

    async def llm_start(
        self,
        context: RunContextWrapper[Any],
        agent: Agent[Any],
        system_prompt: str | None,
        input_items: list[oai.ResponseInputItemParam],
    ) -> None:
        """A model call begins."""
        if self.of_run is not None:
            await self.of_run.on_llm_start(context, agent, system_prompt, input_items)
        if agent.hooks is not None:
            await agent.hooks.on_llm_start(context, agent, system_prompt, input_items)

    async def llm_end(self, context: RunContextWrapper[Any], agent: Agent[Any], response: ModelResponse) -> None:
        """A model call is complete; the agent's hooks come first here, as in the reference."""
        if agent.hooks is not None:
            await agent.hooks.on_llm_end(context, agent, response)
        if self.of_run is not None:
            await self.of_run.on_llm_end(context, agent, response)

    async def tool_start(self, context: RunContextWrapper[Any], agent: Agent[Any], tool: Tool) -> None:
        """A tool begins."""
        if self.of_run is not None:
            await self.of_run.on_tool_start(context, agent, tool)
        if agent.hooks is not None:
            await agent.hooks.on_tool_start(context, agent, tool)

    async def tool_end(self, context: RunContextWrapper[Any], agent: Agent[Any], tool: Tool, result: Any) -> None:
        """A tool has run."""
        if self.of_run is not None:
            await self.of_run.on_tool_end(context, agent, tool, result)
        if agent.hooks is not None:
            await agent.hooks.on_tool_end(context, agent, tool, result)


def _for_agents(context: RunContextWrapper[Any]) -> AgentHookContext[Any]:
    """The context as the start and end of an agent see it; it shares the run's usage."""
    return AgentHookContext(
        context.context,
        usage=context.usage,
        turn_input=context.turn_input,
        tool_input=context.tool_input,
        decisions=context.decisions,
    )
