"""Running what a response asks for: function tools in parallel, then the handoff.

Calls that need approval are decided on first, each by itself; while some are open, the turn has no end: it keeps what
the others led to, and goes on when it is opened again. Otherwise
every call that was asked for leaves exactly one output, whatever happens, so that the history can be sent again. When
the run is cancelled, or one tool's error is fatal, the others are cancelled and waited for, and those without a result
get an output that says so. What does not stop when it is cancelled is left behind: a synchronous tool's thread at
once, an asynchronous tool that ignores its cancellation after a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..items import HandoffOutputItem, ItemHelpers, RunItem, ToolApprovalItem, ToolCallOutputItem
from ..run_config import ToolErrorFormatterArgs
from ..tool import FunctionToolResult
from ..tool_invocation import formatted
from .approving import needs_approval
from .passing import next_agent
from .tool_call import CANCELLED_CALL, MODEL_OUTPUT_LIMIT, VIEW_OUTPUT_LIMIT, ToolCall, capped, clean
from .turn import HandoffRun, TurnPlan, called

if TYPE_CHECKING:
    from .. import openai_types as oai
    from ..agent import Agent
    from .state import RunState

IGNORED_HANDOFF = "Multiple handoffs detected, ignoring this one."
PATIENCE = 0.2
"""How long, in seconds, a cancelled tool may take to stop before it is left behind."""


@dataclass
class CallResults:
    """What the calls of one turn have led to."""

    outputs: list[RunItem] = field(default_factory=list)
    """One output for each call: tools in call order, unknown tools, then handoffs."""
    tool_results: list[FunctionToolResult] = field(default_factory=list)
    """The results of the function tools, in call order, when all of them have ended well."""
    next_agent: Agent[Any] | None = None
    """Who goes on, after a handoff."""
    interruptions: list[ToolApprovalItem] = field(default_factory=list)
    """The calls that wait for a decision; the turn is not over while there are any."""


async def run_calls(run: RunState[Any], agent: Agent[Any], turn: TurnPlan, results: CallResults) -> None:
    """Run the turn's tools and its handoff, filling `results`, also when this raises."""
    made = [(wanted, turn.answered.get(wanted.call.call_id)) for wanted in turn.tools]
    calls = [ToolCall(run, agent, wanted, turn.asked.get(wanted.call.call_id)) for wanted, item in made if item is None]
    answers = {id(call): not_found(called(call)) for call in turn.missing}
    try:
        for call in calls:
            known = call.was_asked_before or call.decision is not None
            call.needs_approval = known or await needs_approval(run, call.wanted)
        execution = run.run_config.tool_execution
        most = execution.max_function_tool_concurrency if execution is not None else None
        fresh = iter(await _carry_out(run, calls, most or len(calls)))
        found = [next(fresh) if item is None else FunctionToolResult(w.tool, item.output, item) for w, item in made]
        results.interruptions = [item for result in found for item in result.interruptions]
        results.tool_results = found
        for call in turn.missing:
            answers[id(call)] = await _answer_missing(run, call)
        if turn.handoffs and not results.interruptions:
            wanted_handoff = turn.handoffs[0]
            results.next_agent = await next_agent(run.context, wanted_handoff.handoff, wanted_handoff.call.arguments)
    finally:
        is_open = bool(results.interruptions)
        for call in calls:
            results.outputs.extend(call.open_items() if is_open else [call.item])
        results.outputs.extend(_text_output(agent, call, answers[id(call)]) for call in turn.missing)
        for index, handoff in enumerate(() if is_open else turn.handoffs):
            results.outputs.append(_handoff_output(agent, handoff, results.next_agent if index == 0 else None, index))
        results.outputs.sort(key=lambda item: isinstance(item, HandoffOutputItem))


async def _carry_out(run: RunState[Any], calls: Sequence[ToolCall], most: int) -> list[FunctionToolResult]:
    """Make the calls, `most` at the same time; at the first error, or when cancelled, stop the others.

    Raises the error of the first call, in call order, among those that failed first.
    """
    free = asyncio.Semaphore(most or 1)
    broken = asyncio.Event()
    ended: list[ToolCall] = []

    async def make(call: ToolCall) -> FunctionToolResult:
        try:
            result = await call.unless_approved()
            if result is None:
                async with free:
                    if broken.is_set():  # another call has just failed, and this one will be cancelled
                        await asyncio.Event().wait()
                    result = await call.carry_out()
        except Exception:
            broken.set()
            raise
        ended.append(call)
        return result

    tasks = [asyncio.ensure_future(make(call)) for call in calls]
    running: set[asyncio.Future[FunctionToolResult]] = set(tasks)
    try:
        while running:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in (task for task in tasks if task in done):
                task.result()
    finally:
        for task in tasks:  # only one error can be raised; nobody will ask for the others
            task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        await _stop(running)
    for call in ended:
        run.tool_input_guardrail_results.extend(call.input_checks)
        run.tool_output_guardrail_results.extend(call.output_checks)
    return [task.result() for task in tasks]


async def _stop(tasks: set[asyncio.Future[Any]]) -> None:
    """Cancel tasks and wait until they are quiet, but not for ever."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=PATIENCE)


def not_found(name: str) -> str:
    """What the model is told about a tool that does not exist."""
    return f"Tool '{name}' not found."


async def _answer_missing(run: RunState[Any], call: oai.ResponseFunctionToolCall) -> str:
    default = not_found(called(call))
    args = ToolErrorFormatterArgs("tool_not_found", "function", called(call), call.call_id, default, run.context)
    return await formatted(run.run_config.tool_error_formatter, args)


def _handoff_output(
    agent: Agent[Any], wanted: HandoffRun, target: Agent[Any] | None, index: int
) -> ToolCallOutputItem | HandoffOutputItem:
    """The output item of a handoff's call; only the first one of a turn happens."""
    if target is not None:
        message = wanted.handoff.get_transfer_message(target)
        raw = ItemHelpers.tool_call_output_item(wanted.call, message)
        return HandoffOutputItem(agent, raw, source_agent=agent, target_agent=target)
    return _text_output(agent, wanted.call, IGNORED_HANDOFF if index else CANCELLED_CALL)


def _text_output(agent: Agent[Any], call: oai.ResponseFunctionToolCall, text: str) -> ToolCallOutputItem:
    return ToolCallOutputItem(agent, ItemHelpers.tool_call_output_item(call, text), text)


__all__ = ["MODEL_OUTPUT_LIMIT", "VIEW_OUTPUT_LIMIT", "CallResults", "capped", "clean", "run_calls"]
