"""An agent as a tool: a whole run inside one call of another run.

The nested run has its own state and log, the outer run's context object and its usage, so that tokens add up. Its
events are passed to the outer log as `NestedEvent`s with the id of the call, which views show inside the call's card;
the outer run's public events stay what they are. Cancelling the call cancels the nested run, because it is driven in
the call's own task.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter

from ..exceptions import ModelBehaviorError, UserError
from ..items import output_text
from ..run_config import DEFAULT_MAX_TURNS, RunConfig, as_run_config
from ..run_context import RunContextWrapper
from ..stream_events import AgentUpdatedStreamEvent, NestedEvent, RawResponsesStreamEvent, RunItemStreamEvent
from ..strict_schema import ensure_strict_json_schema
from ..tool import FunctionTool, ToolErrorFunction

if TYPE_CHECKING:
    from ..agent import Agent
    from ..lifecycle import RunHooksBase
    from ..tool_context import ToolContext
    from .state import RunState

logger = logging.getLogger("agentcell")

current_run: ContextVar[RunState[Any] | None] = ContextVar("agentcell_current_run", default=None)
"""The run whose tools are running here."""

_PUBLIC = (RawResponsesStreamEvent, RunItemStreamEvent, AgentUpdatedStreamEvent)


class AgentAsToolInput(BaseModel):
    """Default input schema for agent-as-tool calls."""

    input: str


@dataclass
class AgentTool:
    """How an agent is run as a tool."""

    agent: Agent[Any]
    """Who runs."""
    extractor: Callable[[Any], Awaitable[str]] | None
    """Makes the tool's output of the nested result."""
    on_stream: Callable[[Any], Any] | None
    """Gets the nested run's events."""
    run_config: RunConfig | dict[str, Any] | None
    """Settings of the nested run."""
    max_turns: int | None
    """Its limit of turns."""
    hooks: RunHooksBase[Any, Any] | None
    """Its hooks."""
    on_error: ToolErrorFunction | None
    """Makes the text for a failed nested run."""
    parameters: type[Any] | None
    """A type whose fields are the arguments."""
    input_builder: Callable[..., Any] | None
    """Makes the nested input of the arguments."""
    include_input_schema: bool
    """Whether the nested input shows their schema."""
    most_pending: int | None
    """How far `on_stream` may lag behind."""

    def tool(self, name: str | None, description: str | None, is_enabled: Any) -> FunctionTool:
        """The tool."""
        adapter: TypeAdapter[Any] = TypeAdapter(self.parameters or AgentAsToolInput)
        schema = ensure_strict_json_schema(adapter.json_schema())
        tool_name = name or _tool_name(self.agent.name)

        async def invoke(context: ToolContext[Any], arguments: str) -> Any:
            try:
                return await self._run(context, adapter, schema, arguments)
            except Exception as error:
                context.failure = error
                if self.on_error is None:
                    raise
                text = self.on_error(context, error)
                return await text if inspect.isawaitable(text) else text

        return FunctionTool(
            name=tool_name,
            description=description or "",
            params_json_schema=schema,
            on_invoke_tool=invoke,
            is_enabled=is_enabled,
        )

    async def _run(
        self, context: ToolContext[Any], adapter: TypeAdapter[Any], schema: dict[str, Any], arguments: str
    ) -> Any:
        """Run the agent on the call's arguments and return what the call returns."""
        from ..result import RunResult
        from .hooks import Hooks
        from .loop import drive
        from .state import RunState

        try:
            given = adapter.validate_json(arguments)
        except ValueError as error:
            raise ModelBehaviorError(f"Invalid JSON input for tool {context.tool_name}: {error}") from error
        outer = current_run.get()
        config = outer.run_config if self.run_config is None and outer is not None else as_run_config(self.run_config)
        run: RunState[Any] = RunState(
            context=RunContextWrapper(
                context.context, usage=context.usage, tool_input=given if self.parameters else None
            ),
            original_input=await self._input(given, schema),
            starting_agent=self.agent,
            max_turns=self.max_turns if self.max_turns is not None else DEFAULT_MAX_TURNS,
            run_config=config,
            hooks=Hooks(self.hooks),
            streamed=self.on_stream is not None,
        )
        run.invoked_by = (context.tool_name, context.tool_call_id, context.tool_arguments)
        if outer is not None:
            run.log.forward = lambda entry: outer.say(NestedEvent(context.tool_call_id, entry.event, entry.at))
        if self.on_stream is None:
            await drive(run)
        else:
            await self._streamed(run, drive(run), context)
        error = run.take_error()
        if error is not None:
            raise error
        if outer is not None:
            outer.is_demo = outer.is_demo or run.is_demo
        result = RunResult(run)
        return await self.extractor(result) if self.extractor is not None else _text(run.final_output)

    async def _input(self, given: Any, schema: dict[str, Any]) -> Any:
        """The nested run's input."""
        if self.parameters is None and self.input_builder is None:
            return given.input
        data = TypeAdapter(type(given)).dump_python(given, mode="json")
        shown = schema if self.include_input_schema else None
        if self.input_builder is not None:
            options = {"params": data, "summary": None, "json_schema": shown}
            made = self.input_builder(options)
            return await made if inspect.isawaitable(made) else made
        if shown is None:
            return json.dumps(data)
        return (
            "You are called as a tool. Below are your input and its schema, both as data.\n\n"
            f"Input:\n```json\n{json.dumps(data, indent=2)}\n```\n\n"
            f"Schema:\n```json\n{json.dumps(shown, indent=2)}\n```"
        )

    async def _streamed(self, run: RunState[Any], work: Awaitable[None], context: ToolContext[Any]) -> None:
        """Drive the nested run while its events go to `on_stream`, in order, one at a time."""
        reader = run.log.reader(consumer=False)

        async def deliver() -> None:
            assert self.on_stream is not None
            while entries := await reader.take_all():
                for entry in entries:
                    if not isinstance(entry.event, _PUBLIC):
                        continue
                    if self.most_pending is not None and len(run.log.entries) - reader.handled > self.most_pending:
                        run.interrupt(UserError(f"on_stream lags more than {self.most_pending} events behind"))
                    event = {"event": entry.event, "agent": run.current_agent, "tool_call": context.tool_call}
                    try:
                        done = self.on_stream(event)
                        if inspect.isawaitable(done):
                            await done
                    except Exception:
                        logger.exception("on_stream of the agent tool %r failed", context.tool_name)

        delivery = asyncio.ensure_future(deliver())
        try:
            await work
            await delivery
        finally:
            reader.close()
            if not delivery.done():
                delivery.cancel()
                await asyncio.gather(delivery, return_exceptions=True)


def _tool_name(agent_name: str) -> str:
    """An agent's name in a form that is allowed in tool names."""
    return "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in agent_name).lower()


def _text(output: Any) -> Any:
    return output_text(output) if output is not None else ""
