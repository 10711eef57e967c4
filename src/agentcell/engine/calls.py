"""Running what a response asks for: function tools in parallel, then the handoff.

Every call that was asked for leaves exactly one output, whatever happens, so that the history can be sent again. When
the run is cancelled, or one tool's error is fatal, the others are cancelled and waited for, and those without a result
get an output that says so. A synchronous tool cannot be stopped: its thread goes on, the run does not wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..exceptions import AgentsException, UserError
from ..items import HandoffOutputItem, ItemHelpers, RunItem, ToolCallOutputItem, output_text
from ..stream_events import ToolFinished, ToolProgressed, ToolStarted
from ..tool_context import ToolContext
from .passing import next_agent
from .turn import HandoffRun, ToolRun, TurnPlan

if TYPE_CHECKING:
    from .. import openai_types as oai
    from ..agent import Agent
    from .state import RunState

MODEL_OUTPUT_LIMIT = 262_144
"""Characters of a tool's output that the model gets; more is cut in the middle."""
VIEW_OUTPUT_LIMIT = 65_536
"""Characters of a tool's output that views get."""
IGNORED_HANDOFF = "Multiple handoffs detected, ignoring this one."
CANCELLED_CALL = "The call was cancelled before it finished; whether it had an effect is unknown."


@dataclass
class CallResults:
    """What the calls of one turn have led to."""

    outputs: list[RunItem] = field(default_factory=list)
    """One output for each call, tools first, in call order."""
    next_agent: Agent[Any] | None = None
    """Who goes on, after a handoff."""


async def run_calls(run: RunState[Any], agent: Agent[Any], turn: TurnPlan, results: CallResults) -> None:
    """Run the turn's tools and its handoff, filling `results`, also when this raises."""
    tasks = [asyncio.ensure_future(_run_tool(run, agent, tool)) for tool in turn.tools]
    try:
        if tasks:
            await _all_or_first_error(tasks)
        if turn.handoffs:
            results.next_agent = await _hand_off(run, turn.handoffs[0])
    finally:
        for tool, task in zip(turn.tools, tasks, strict=True):
            results.outputs.append(_tool_output(run, agent, tool.call, task))
        for index, handoff in enumerate(turn.handoffs):
            results.outputs.append(_handoff_output(agent, handoff, results.next_agent if index == 0 else None, index))
        results.outputs.sort(key=lambda item: isinstance(item, HandoffOutputItem))


async def _all_or_first_error(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Wait for all; at the first error, or when cancelled, cancel the rest and wait until they are quiet."""
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        unfinished = [task for task in tasks if not task.done()]
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.gather(*unfinished, return_exceptions=True)
    for task in done:
        task.result()


async def _run_tool(run: RunState[Any], agent: Agent[Any], wanted: ToolRun) -> Any:
    """Run one tool and tell the log how it goes."""
    call = wanted.call
    loop = asyncio.get_running_loop()

    def report(message: str, fraction: float | None) -> None:
        loop.call_soon_threadsafe(run.say, ToolProgressed(call.call_id, message, fraction))

    context = ToolContext(
        context=run.context.context,
        usage=run.context.usage,
        tool_name=call.name,
        tool_call_id=call.call_id,
        tool_arguments=call.arguments,
        tool_call=call,
        agent=agent,
        report=report,
    )
    run.say(ToolStarted(call.call_id, call.name))
    try:
        result = await wanted.tool.on_invoke_tool(context, call.arguments)
    except asyncio.CancelledError:
        run.say(ToolFinished(call.call_id, call.name, "", "cancelled"))
        raise
    except Exception as error:
        run.say(ToolFinished(call.call_id, call.name, "", "failed", _described(error)))
        if isinstance(error, AgentsException):
            raise
        raise UserError(f"Error running tool {call.name}: {error}") from error
    shown = capped(clean(output_text(result)), VIEW_OUTPUT_LIMIT)
    failure = context.failure
    run.say(
        ToolFinished(call.call_id, call.name, shown, "failed", _described(failure))
        if failure is not None
        else ToolFinished(call.call_id, call.name, shown)
    )
    return result


async def _hand_off(run: RunState[Any], wanted: HandoffRun) -> Agent[Any]:
    return await next_agent(run.context, wanted.handoff, wanted.call.arguments)


def _tool_output(
    run: RunState[Any], agent: Agent[Any], call: oai.ResponseFunctionToolCall, task: asyncio.Future[Any]
) -> ToolCallOutputItem:
    """The output item of a call, from its finished task."""
    if task.cancelled():
        return ToolCallOutputItem(agent, ItemHelpers.tool_call_output_item(call, CANCELLED_CALL), CANCELLED_CALL)
    error = task.exception()
    if error is not None:
        text = f"The tool failed: {_described(error)}"
        return ToolCallOutputItem(agent, ItemHelpers.tool_call_output_item(call, text), text)
    result = task.result()
    text = capped(clean(output_text(result)), MODEL_OUTPUT_LIMIT)
    return ToolCallOutputItem(agent, ItemHelpers.tool_call_output_item(call, text), result)


def _handoff_output(
    agent: Agent[Any], wanted: HandoffRun, target: Agent[Any] | None, index: int
) -> ToolCallOutputItem | HandoffOutputItem:
    """The output item of a handoff's call; only the first one of a turn happens."""
    if target is not None:
        message = wanted.handoff.get_transfer_message(target)
        raw = ItemHelpers.tool_call_output_item(wanted.call, message)
        return HandoffOutputItem(agent, raw, source_agent=agent, target_agent=target)
    text = IGNORED_HANDOFF if index else CANCELLED_CALL
    return ToolCallOutputItem(agent, ItemHelpers.tool_call_output_item(wanted.call, text), text)


def clean(text: str) -> str:
    """`text` without what JSON, HTTP and databases choke on: lone surrogates and NUL."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def capped(text: str, limit: int) -> str:
    """`text`, or its head and tail with a note of what was left out."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half:,} characters left out ...]\n{text[-half:]}"


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {output_text(error)}"
