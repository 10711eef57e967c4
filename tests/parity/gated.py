"""What scenes about approvals share: gated tools, decisions, and states that are stored and loaded on the way."""

from __future__ import annotations

import builtins
import json
from collections.abc import Sequence
from typing import Any

import agents
from stage import Stage
from world import shown_item

KEY = "a key of the tests"
YES, NO, ALWAYS, NEVER, OPEN = "yes", "no", "always", "never", "open"
"""Decisions; any other text is a rejection that says why."""


def gated(stage: Stage, name: str = "pay", needs: Any = True, **options: Any) -> Any:
    """A tool that needs approval and tells when it runs."""

    async def tool(amount: int = 1) -> str:
        stage.tell("runs", name, amount)
        return f"{name} {amount}"

    return stage.lib.function_tool(tool, name_override=name, needs_approval=needs, **options)


def free(stage: Stage, name: str = "look", **options: Any) -> Any:
    """A tool that needs no approval."""
    return gated(stage, name, False, **options)


def decide(state: Any, choices: Sequence[str]) -> None:
    """Decide on the open calls of a state, one choice for each; those without one stay open."""
    for item, choice in zip(state.get_interruptions(), choices, strict=False):
        if choice in (YES, ALWAYS):
            state.approve(item, always_approve=choice == ALWAYS)
        elif choice in (NO, NEVER):
            state.reject(item, always_reject=choice == NEVER)
        elif choice != OPEN:
            state.reject(item, rejection_message=choice)


def stored(stage: Stage, state: Any, **options: Any) -> Any:
    """A state as JSON data that has been text."""
    return json.loads(json.dumps(state.to_json(**options, **({"key": KEY} if stage.ours else {}))))


async def loaded(stage: Stage, agent: Any, data: Any, **options: Any) -> Any:
    """The state of stored data."""
    how = {"key": KEY} if stage.ours else {}
    return await stage.lib.RunState.from_json(agent, data, **options, **how)


async def reloaded(stage: Stage, agent: Any, state: Any) -> Any:
    """A state after it was stored and loaded."""
    return await loaded(stage, agent, stored(stage, state))


async def goes_on(
    stage: Stage, agent: Any, result: Any, *choices: str, through_json: bool = False, **options: Any
) -> Any:
    """Decide on the open calls of a result and go on."""
    state = result.to_state()
    if through_json:
        state = await reloaded(stage, agent, state)
    decide(state, choices)
    return await stage.run(agent, state, **options)


def asked(stage: Stage, state: Any) -> None:
    """Note what a state asks for."""
    stage.tell("asks", [shown_item(item) for item in state.get_interruptions()])


def hooks(stage: Stage) -> Any:
    """Hooks that tell everything."""

    class Told(stage.lib.RunHooks):
        async def on_agent_start(self, context: Any, agent: Any) -> None:
            stage.tell("agent starts", agent.name, context.usage.requests)

        async def on_agent_end(self, context: Any, agent: Any, output: Any) -> None:
            stage.tell("agent ends", agent.name, output)

        async def on_handoff(self, context: Any, from_agent: Any, to_agent: Any) -> None:
            stage.tell("handoff", from_agent.name, to_agent.name)

        async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
            stage.tell("tool starts", agent.name, tool.name, context.tool_call_id)

        async def on_tool_end(self, context: Any, agent: Any, tool: Any, result: Any) -> None:
            stage.tell("tool ends", agent.name, tool.name, str(result))

        async def on_llm_start(self, context: Any, agent: Any, system: Any, items: Any) -> None:
            stage.tell("model starts", agent.name, len(items))

        async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
            stage.tell("model ends", agent.name, len(response.output))

    return Told()


async def attempt(stage: Stage, work: Any) -> Any:
    """The result of some work; its error is noted by the class alone, for the words are our own."""
    try:
        return await work
    except Exception as error:
        shared = {*dir(agents), *dir(builtins)}
        stage.tell("fails", next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in shared))
        return None
