"""Scripts and probes for tests of the engine: models that can be watched, and what must hold after any run."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextvars import ContextVar
from typing import Any

from agentcell import Agent, RunResultStreaming, function_tool
from agentcell.guardrail import GuardrailFunctionOutput, InputGuardrail, OutputGuardrail
from agentcell.models.interface import Model
from agentcell.models.response_events import function_call_item as call
from agentcell.models.response_events import response_events, typed


class WatchedModel(Model):
    """Streams one scripted response a call, waiting a loop turn before each event, and counts its open streams."""

    def __init__(self, turns: Iterable[Any], *, hang: bool = False) -> None:
        self.turns = list(turns)
        self.calls = 0
        self.open = 0
        self.hang = hang
        """Whether the stream stops for good before its last event."""
        self.frozen = False
        """Whether nothing goes on any more: neither this model nor its agent's tools."""
        self.inputs: list[Any] = []

    async def step(self) -> None:
        """A loop turn; for ever, once everything is frozen."""
        if self.frozen:
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    async def get_response(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    async def stream_response(self, system: Any, input: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        self.inputs.append(input)
        turn = self.turns[self.calls]
        self.calls += 1
        output = [turn] if isinstance(turn, dict) else turn
        events = [typed(e) for e in response_events(output, response_id=f"resp_{self.calls}", model="watched")]
        self.open += 1
        try:
            for event in events[:-1] if self.hang else events:
                await self.step()
                yield event
            if self.hang:
                await asyncio.Event().wait()
        finally:
            try:
                await asyncio.sleep(0)  # closing a connection takes a moment, too
            finally:
                self.open -= 1


acting: ContextVar[WatchedModel] = ContextVar("acting")
"""The model of the agent that was made last; its tools stand still when it does."""


@function_tool
async def one(note: str = "") -> str:
    await acting.get().step()
    return "one"


@function_tool
async def two(note: str = "") -> str:
    for _ in range(3):
        await acting.get().step()
    return "two"


@function_tool
async def three(note: str = "") -> str:
    for _ in range(6):
        await acting.get().step()
    return "three"


def three_calls() -> list[dict[str, Any]]:
    return [call(name, {"note": name}, call_id=f"c_{name}") for name in ("one", "two", "three")]


def texts(*parts: str) -> list[dict[str, Any]]:
    """A response of one message for each part."""
    from agentcell.models.response_events import message_item

    return [message_item(part) for part in parts]


SCRIPTS: dict[str, list[Any]] = {
    "plain": [texts("One two three.")],
    "parallel tools": [three_calls(), texts("Done now.")],
    "handoff": [[*three_calls()[:1], call("transfer_to_b", {}, call_id="h1")], texts("B speaks.")],
    "guardrails": [three_calls()[:1], texts("Checked.")],
    "nested agent": [call("ask", {"input": "x"}, call_id="c_ask"), three_calls()[:1], texts("ask"), texts("Outer.")],
}
"""Conversations whose every event is a place to stop at."""


def passing(turns: int) -> Callable[..., Any]:
    """A guardrail's function that takes some loop turns."""

    async def look(context: Any, agent: Any, given: Any) -> GuardrailFunctionOutput:
        for _ in range(turns):
            await asyncio.sleep(0)
        return GuardrailFunctionOutput(None, False)

    return look


def agent_of(name: str, *, hang: bool = False) -> tuple[Agent[Any], WatchedModel]:
    """The starting agent of a script, and its model."""
    model = WatchedModel(SCRIPTS[name], hang=hang)
    acting.set(model)
    tools: list[Any] = [one, two, three]
    other = Agent(name="B", model=model, tools=list(tools))
    agent = Agent(name="A", model=model, tools=list(tools), handoffs=[other])
    if name == "guardrails":
        agent.input_guardrails = [InputGuardrail(passing(3), run_in_parallel=False), InputGuardrail(passing(12))]
        agent.output_guardrails = [OutputGuardrail(passing(3)), OutputGuardrail(passing(1))]
    if name == "nested agent":
        agent.tools.append(other.as_tool("ask", "Ask B."))
    return agent, model


def assert_valid_history(items: Iterable[Any]) -> None:
    """Every call has exactly one output, behind it, and no output is without a call."""
    calls: list[str] = []
    outputs: Counter[str] = Counter()
    for item in items:
        if item.get("type") == "function_call":
            calls.append(item["call_id"])
        elif item.get("type") == "function_call_output":
            assert item["call_id"] in calls, "an output before its call"
            outputs[item["call_id"]] += 1
    assert len(calls) == len(set(calls))
    assert outputs == Counter(calls)


def assert_quiet(result: RunResultStreaming, model: WatchedModel) -> None:
    """The run has ended: its task, its log and its model's stream."""
    run = result._run
    assert run.finished and run.log.closed
    assert run.task is None or run.task.done()
    assert model.open == 0
    assert type(run.log.entries[-1].event).__name__ == "RunFinished"
    assert_valid_history(result.to_input_list())
