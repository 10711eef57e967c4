"""Calling the hooks of a run and of its agents.

Both run at the same time, begun in the reference's order. When one raises, the other is stopped: no hook of a run
outlives it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
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

PATIENCE = 0.2
"""How long, in seconds, a cancelled hook may take to stop before it is left behind."""


@dataclass
class Hooks:
    """The hooks of one run."""

    of_run: RunHooksBase[Any, Any] | None = None
    """Those that watch the whole run."""

    async def agent_start(self, context: RunContextWrapper[Any], agent: Agent[Any]) -> None:
        """An agent begins."""
        given = _for_agents(context)
        await _both(
            self.of_run.on_agent_start(given, agent) if self.of_run is not None else None,
            agent.hooks.on_start(given, agent) if agent.hooks is not None else None,
        )

    async def agent_end(self, context: RunContextWrapper[Any], agent: Agent[Any], output: Any) -> None:
        """An agent has the final output."""
        given = _for_agents(context)
        await _both(
            self.of_run.on_agent_end(given, agent, output) if self.of_run is not None else None,
            agent.hooks.on_end(given, agent, output) if agent.hooks is not None else None,
        )

    async def handoff(self, context: RunContextWrapper[Any], source: Agent[Any], target: Agent[Any]) -> None:
        """The conversation passes on; the hooks of the agent that gives it away are told, as in the reference."""
        await _both(
            self.of_run.on_handoff(context=context, from_agent=source, to_agent=target)
            if self.of_run is not None
            else None,
            source.hooks.on_handoff(context, agent=target, source=source) if source.hooks is not None else None,
        )

    async def llm_start(
        self,
        context: RunContextWrapper[Any],
        agent: Agent[Any],
        system_prompt: str | None,
        input_items: list[oai.ResponseInputItemParam],
    ) -> None:
        """A model call begins."""
        await _both(
            self.of_run.on_llm_start(context, agent, system_prompt, input_items) if self.of_run is not None else None,
            agent.hooks.on_llm_start(context, agent, system_prompt, input_items) if agent.hooks is not None else None,
        )

    async def llm_end(self, context: RunContextWrapper[Any], agent: Agent[Any], response: ModelResponse) -> None:
        """A model call is complete; the agent's hooks come first here, as in the reference."""
        await _both(
            agent.hooks.on_llm_end(context, agent, response) if agent.hooks is not None else None,
            self.of_run.on_llm_end(context, agent, response) if self.of_run is not None else None,
        )

    async def tool_start(self, context: RunContextWrapper[Any], agent: Agent[Any], tool: Tool) -> None:
        """A tool begins."""
        await _both(
            self.of_run.on_tool_start(context, agent, tool) if self.of_run is not None else None,
            agent.hooks.on_tool_start(context, agent, tool) if agent.hooks is not None else None,
        )

    async def tool_end(self, context: RunContextWrapper[Any], agent: Agent[Any], tool: Tool, result: Any) -> None:
        """A tool has run."""
        await _both(
            self.of_run.on_tool_end(context, agent, tool, result) if self.of_run is not None else None,
            agent.hooks.on_tool_end(context, agent, tool, result) if agent.hooks is not None else None,
        )


async def _both(first: Coroutine[Any, Any, None] | None, second: Coroutine[Any, Any, None] | None) -> None:
    """Run one or two hooks; raises what the first that fails has raised."""
    if first is None or second is None:
        if (only := first or second) is not None:
            await only
        return
    tasks = [asyncio.ensure_future(first), asyncio.ensure_future(second)]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:  # only one error can be raised; nobody will ask for the other
            task.cancel()
            task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        await asyncio.wait(tasks, timeout=PATIENCE)
        raise


def _for_agents(context: RunContextWrapper[Any]) -> AgentHookContext[Any]:
    """The context as the start and end of an agent see it; it shares the run's usage."""
    return AgentHookContext(
        context.context,
        usage=context.usage,
        turn_input=context.turn_input,
        tool_input=context.tool_input,
        decisions=context.decisions,
    )
