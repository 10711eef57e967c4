"""An agent as a tool: a whole run inside one call of another run.

The nested run has its own state and log, the outer run's context object and its usage, so that tokens add up. Its
events are passed to the outer log as `NestedEvent`s with the id of the call, which views show inside the call's card;
the outer run's public events stay what they are. Cancelling the call cancels the nested run, because it is driven in
the call's own task.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from ..agent_tool_input import (
    StructuredToolInputBuilder,
    build_structured_input_schema_info,
    resolve_agent_tool_input,
)
from ..exceptions import ModelBehaviorError, UserError
from ..run_config import DEFAULT_MAX_TURNS, RunConfig, as_run_config
from ..run_context import RunContextWrapper
from ..stream_events import AgentUpdatedStreamEvent, NestedEvent, RawResponsesStreamEvent, RunItemStreamEvent
from ..tool import FunctionTool, NeedsApproval, ToolErrorFunction
from ..tool_origin import ToolOrigin, ToolOriginType
from .memory import check_memory
from .tool_input import adapter_of, schema_of
from .turn import PausedRun

if TYPE_CHECKING:
    from ..agent import Agent
    from ..lifecycle import RunHooksBase
    from ..tool_context import ToolContext
    from .log import Entry
    from .state import RunState

logger: logging.Logger = logging.getLogger("agentcell")

current_run: ContextVar[RunState[Any] | None] = ContextVar("agentcell_current_run", default=None)
"""The run whose tools are running here."""

_PUBLIC = (RawResponsesStreamEvent, RunItemStreamEvent, AgentUpdatedStreamEvent)


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
    input_builder: StructuredToolInputBuilder | None
    """Makes the nested input of the arguments."""
    include_input_schema: bool
    """Whether the nested input shows their schema."""
    most_pending: int | None
    """How far `on_stream` may lag behind."""
    session: Any = None
    """Where the nested run's conversation is kept, in this program."""
    previous_response_id: str | None = None
    """The response at the provider that the nested run goes on from."""
    conversation_id: str | None = None
    """The conversation at the provider that the nested run adds to."""

    def tool(
        self, name: str | None, description: str | None, is_enabled: Any, needs_approval: NeedsApproval = False
    ) -> FunctionTool:
        """The tool."""
        check_memory(self.session, self.previous_response_id, self.conversation_id)
        most = self.most_pending
        if most is not None and (not isinstance(most, int) or most < 1):
            raise UserError(f"on_stream_max_pending_events must be a whole number of at least 1 or None, got {most!r}")
        adapter = adapter_of(self.parameters)
        schema = schema_of(self.parameters, adapter)
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
            _agent=self.agent,
            name=tool_name,
            description=description or "",
            params_json_schema=schema,
            on_invoke_tool=invoke,
            is_enabled=is_enabled,
            needs_approval=needs_approval,
            _origin=ToolOrigin(ToolOriginType.AGENT_AS_TOOL, agent_name=self.agent.name, agent_tool_name=tool_name),
        )

    async def _run(
        self, context: ToolContext[Any], adapter: TypeAdapter[Any], schema: dict[str, Any], arguments: str
    ) -> Any:
        """Run the agent on the call's arguments and return what the call returns."""
        from ..result import RunResult, RunResultStreaming
        from .hooks import Hooks
        from .loop import drive

        outer = current_run.get()
        paused = None if outer is None else outer.nested.pop(context.tool_call_id, None)
        if paused is not None:
            run = paused.fork(replace(paused.context, context=context.context))
            run.hooks = Hooks(self.hooks)
        else:
            run = await self._begun(context, adapter, schema, arguments, outer)
        run.streamed = self.on_stream is not None
        if outer is not None:
            run.approvals = outer.approvals
            run.tool_results = outer.tool_results
            call_id = context.tool_call_id
            run.log.forward = lambda entry: outer.say(NestedEvent(call_id, entry.event, entry.at))
            run.after.forward = lambda entry: outer.tell(NestedEvent(call_id, entry.event, entry.at))
        if self.on_stream is None:
            await drive(run)
        else:
            await self._streamed(run, drive(run), context)
        error = run.take_error()
        if error is not None:
            raise error
        if run.status == "paused" and outer is not None:
            outer.nested[context.tool_call_id] = run
            return PausedRun(run.interruptions)
        if outer is not None:
            outer.is_demo = outer.is_demo or run.is_demo
        result = RunResult(run) if self.on_stream is None else RunResultStreaming(run)
        if self.extractor is not None:
            return await self.extractor(result)
        return "" if run.final_output is None else run.final_output

    async def _begun(
        self,
        context: ToolContext[Any],
        adapter: TypeAdapter[Any],
        schema: dict[str, Any],
        arguments: str,
        outer: RunState[Any] | None,
    ) -> RunState[Any]:
        """The run of a call that begins."""
        from .hooks import Hooks
        from .state import RunState

        try:
            given = adapter.validate_json(arguments)
        except ValueError as error:
            raise ModelBehaviorError(f"Invalid JSON input for tool {context.tool_name}: {error}") from error
        data = TypeAdapter(type(given)).dump_python(given, mode="json")
        return RunState(
            context=RunContextWrapper(
                context.context,
                usage=context.usage,
                tool_input=data if self.parameters else None,
                decisions=context.decisions,
            ),
            original_input=await self._input(data, schema),
            starting_agent=self.agent,
            max_turns=self.max_turns if self.max_turns is not None else DEFAULT_MAX_TURNS,
            run_config=self._config(outer),
            hooks=Hooks(self.hooks),
            invoked_by=(context.tool_name, context.tool_call_id, context.tool_arguments),
            session=self.session,
            previous_response_id=self.previous_response_id,
            conversation_id=self.conversation_id,
        )

    def _config(self, outer: RunState[Any] | None) -> RunConfig:
        """The nested run's settings."""
        if self.run_config is None and outer is not None:
            return outer.run_config
        return as_run_config(self.run_config)

    async def _input(self, data: Any, schema: dict[str, Any]) -> Any:
        """The nested run's input, from the call's arguments as plain data."""
        if self.parameters is None and self.input_builder is None:
            return data["input"]
        whole = self.include_input_schema and self.parameters is not None
        about = build_structured_input_schema_info(schema, include_json_schema=whole)
        return await resolve_agent_tool_input(params=data, schema_info=about, input_builder=self.input_builder)

    async def _streamed(self, run: RunState[Any], work: Awaitable[None], context: ToolContext[Any]) -> None:
        """Drive the nested run while its events go to `on_stream`, in order, one at a time."""
        assert self.on_stream is not None
        reader, forward = run.log.reader(consumer=False), run.log.forward
        pending = 0
        lost: UserError | None = None

        def count(entry: Entry) -> None:
            nonlocal pending, lost
            if forward is not None:
                forward(entry)
            pending += isinstance(entry.event, _PUBLIC)
            if self.most_pending is not None and pending > self.most_pending and lost is None:
                lost = UserError(f"on_stream is more than {self.most_pending} events behind the nested run")
                # Not at once: this is called by the run's own task, which cannot cancel itself in the middle.
                asyncio.get_running_loop().call_soon(run.interrupt, lost)

        async def deliver() -> None:
            nonlocal pending
            agent = run.starting_agent
            while (entry := await reader.take()) is not None:
                if not isinstance(entry.event, _PUBLIC):
                    continue
                pending -= 1
                if isinstance(entry.event, AgentUpdatedStreamEvent):
                    agent = entry.event.new_agent
                await self._deliver({"event": entry.event, "agent": agent, "tool_call": context.tool_call})

        run.log.forward = count
        delivery = asyncio.ensure_future(deliver())
        try:
            await work
            if lost is not None:
                raise lost
            await delivery
        finally:
            reader.close()
            if not delivery.done():
                delivery.cancel()
                await asyncio.gather(delivery, return_exceptions=True)

    async def _deliver(self, event: Any) -> None:
        """Give an event to `on_stream`, whose errors change nothing."""
        assert self.on_stream is not None
        try:
            done = self.on_stream(event)
            if inspect.isawaitable(done):
                await done
        except Exception:
            logger.exception("on_stream of the agent tool %r failed", self.agent.name)


def _tool_name(agent_name: str) -> str:
    """An agent's name in a form that is allowed in tool names."""
    return "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in agent_name).lower()
