"""Logs of whole runs, recorded once, to fold in every way."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

from agentcell import Agent, Runner, function_tool
from agentcell.approvals import ApprovalDecision
from agentcell.engine.log import Entry
from agentcell.models.response_events import function_call_item as call
from agentcell.models.response_events import message_item, reasoning_item, refusal_item, response_events, typed
from agentcell.testing import ModelStep, ScriptedModel
from agentcell.tool_context import ToolContext


@function_tool
def add(a: int, b: int) -> int:
    return a + b


@function_tool
def broken() -> str:
    raise ValueError("no luck")


@function_tool
def steps(ctx: ToolContext) -> str:  # type: ignore[type-arg]
    ctx.progress("first", 0.25)
    ctx.progress("second", 0.5)
    return "walked"


def step(*items: dict[str, Any], drop: int = 0) -> ModelStep:
    """One response of these items, without its last `drop` events."""
    events = [typed(event) for event in response_events(list(items), response_id="resp", model="scripted")]
    return ModelStep.stream(events[: len(events) - drop])


@function_tool(needs_approval=True)
def pay(a: int) -> str:
    return f"paid {a}"


PAY = call("pay", {"a": 1}, call_id="c1")
TO_B = call("transfer_to_b", {}, call_id="h1")
ADD = call("add", {"a": 1, "b": 2}, call_id="c1")

STEPS: dict[str, list[ModelStep]] = {
    "plain": [step(message_item("Hello there, this is an answer."))],
    "reasoning": [step(reasoning_item(["First part.", "Second part."]), message_item("So."))],
    "tool": [step(message_item("I add."), ADD), step(message_item("It is 3."))],
    "parallel tools": [
        step(ADD, call("broken", {}, call_id="c2"), call("steps", {}, call_id="c3")),
        step(message_item("Done.")),
    ],
    "handoff": [step(TO_B), step(message_item("B speaks."))],
    "several handoffs": [step(TO_B, ADD, call("transfer_to_c", {}, call_id="h2")), step(message_item("B speaks."))],
    "cut text": [step(message_item("Half of a long answer."), drop=6)],
    "refusal": [step(refusal_item("I will not."))],
    "unknown tool": [step(call("nope", {}, call_id="c9"))],
    "max turns": [step(ADD), step(ADD), step(ADD)],
    "empty": [step()],
    "approved": [step(PAY, call("add", {"a": 1, "b": 2}, call_id="c2")), step(message_item("Paid."))],
    "edited": [step(PAY), step(message_item("Paid."))],
    "rejected": [step(PAY), step(message_item("Not paid."))],
    "paused": [step(PAY, call("add", {"a": 1, "b": 2}, call_id="c2"))],
    "stopped while a call waits": [step(PAY)],
    "gone on with": [step(PAY), step(message_item("Paid."))],
    "nested approval": [step(call("ask", {"input": "x"}, call_id="o1")), step(PAY), *[step(message_item("."))] * 2],
    "nested pause": [step(call("ask", {"input": "x"}, call_id="o1")), step(PAY)],
    "added input": [step(message_item("Hello."))],
}

DECISIONS: dict[str, Any] = {
    "approved": True,
    "edited": ApprovalDecision(True, arguments='{"a": 2}'),
    "rejected": ApprovalDecision(False, "Too much."),
    "nested approval": True,
}
"""What a program decides about the calls of a run that need approval."""


@cache
def history(name: str) -> tuple[Entry, ...]:
    """The log of a run, with times of 1, 2, 3 seconds."""

    async def record() -> Any:
        model = ScriptedModel(STEPS[name])
        others = [Agent(name=n, model=model, tools=[add]) for n in "BC"]
        ask = Agent(name="D", model=model, tools=[pay]).as_tool("ask", "Ask.")
        agent = Agent(name="A", model=model, tools=[add, broken, steps, pay, ask], handoffs=list(others))
        options: dict[str, Any] = {"max_turns": 2}
        if name in DECISIONS:
            options["on_approval"] = lambda request: DECISIONS[name]
        if name in DECISIONS or name.startswith("stopped"):
            options["approvals"] = "live"
        result = Runner.run_streamed(agent, "go", **options)
        if name == "added input":
            result.add_input("And be quick.")
        if name.startswith("stopped"):
            while not result.pending_approvals:
                await asyncio.sleep(0)
            result.cancel()
        await result._run.log.wait_closed()
        if name == "gone on with":
            state = result.to_state()
            state.approve(state.get_interruptions()[0], arguments={"a": 2})
            result = Runner.run_streamed(agent, state)
            await result._run.log.wait_closed()
        return result

    entries = asyncio.run(record())._run.log.entries
    return tuple(Entry(entry.event, float(at)) for at, entry in enumerate(entries, 1))
