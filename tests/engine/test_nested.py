"""Agents as tools: the nested run's events, its end, and what it shares with the run around it."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from case_names import said
from runs import SCRIPTS, WatchedModel, agent_of, assert_quiet, texts

from agentcell import Agent, ArgumentTypeError, Runner, UserError
from agentcell.engine.nested import current_run
from agentcell.models.demo import DemoModel
from agentcell.models.response_events import function_call_item as call
from agentcell.stream_events import NestedEvent, RunFinished, RunItemStreamEvent, RunStarted, ToolStarted


def asking(inner: Any, *, turns: list[Any] | None = None, **tool: Any) -> tuple[Agent[Any], WatchedModel]:
    """An agent that calls another one as a tool, and its model."""
    model = WatchedModel(turns or [call("ask", {"input": "x"}, call_id="c1"), texts("Outer.")])
    agent = Agent(name="A", model=model, tools=[Agent(name="B", model=inner).as_tool("ask", "Ask.", **tool)])
    return agent, model


async def test_nested_events_carry_the_call() -> None:
    """All of them, in order, between the start and the end of the tool; the public families stay as they are."""
    agent, model = agent_of("nested agent")
    result = Runner.run_streamed(agent, "go")
    everything = [event async for event in result.stream_events(signals=True)]
    nested = [event for event in everything if isinstance(event, NestedEvent)]
    assert {event.call_id for event in nested} == {"c_ask"}
    inner = [event.event for event in nested]
    assert isinstance(inner[0], RunStarted) and isinstance(inner[-1], RunFinished)
    names = [event.name for event in inner if isinstance(event, RunItemStreamEvent)]
    assert names == ["tool_called", "tool_output", "message_output_created"]
    assert [event.call_id for event in inner if isinstance(event, ToolStarted)] == ["c_one"]
    assert all(first.at <= second.at for first, second in pairwise(nested))
    public = [event async for event in result]
    assert all(event.type != "run_signal" for event in public)
    items = [event.name for event in public if event.type == "run_item_stream_event"]
    assert items == ["tool_called", "tool_output", "message_output_created"]
    start = next(i for i, event in enumerate(everything) if isinstance(event, ToolStarted))
    assert start < everything.index(nested[0])
    assert model.calls == 4 and result.context_wrapper.usage.requests == 4
    assert_quiet(result, model)


async def test_two_levels_of_nesting() -> None:
    deepest = WatchedModel([texts("Deepest.")])
    middle = WatchedModel([call("deep", {"input": "x"}, call_id="d1"), texts("Middle.")])
    outer = WatchedModel([call("ask", {"input": "x"}, call_id="c1"), texts("Outer.")])
    deep = Agent(name="C", model=deepest).as_tool("deep", "Go deep.")
    asked = Agent(name="B", model=middle, tools=[deep]).as_tool("ask", "Ask.")
    result = Runner.run_streamed(Agent(name="A", model=outer, tools=[asked]), "go")
    seen = [event async for event in result.stream_events(signals=True)]
    twice = [e.event for e in seen if isinstance(e, NestedEvent) and isinstance(e.event, NestedEvent)]
    assert {event.call_id for event in twice} == {"d1"}
    assert any(isinstance(event.event, RunFinished) for event in twice)
    assert result.final_output == "Outer." and result.context_wrapper.usage.requests == 5


async def test_every_run_knows_its_own(quiet_loop: list[dict[str, Any]]) -> None:
    """The run whose tools are running is found again after a nested one."""
    seen: list[Any] = []

    async def look(result: Any) -> str:
        run = current_run.get()
        seen.append(run is not None and run.starting_agent.name)
        return "ok"

    agent, _ = asking(WatchedModel([texts("Inner.")]), custom_output_extractor=look)
    assert current_run.get() is None
    await Runner.run(agent, "go")
    assert seen == ["A"] and current_run.get() is None


async def test_a_nested_run_stops_with_the_run_around_it(quiet_loop: list[dict[str, Any]]) -> None:
    inner = WatchedModel([texts("Inner.")], hang=True)
    agent, model = asking(inner)
    result = Runner.run_streamed(agent, "go")
    async for event in result.stream_events(signals=True):
        if isinstance(event, NestedEvent) and getattr(event.event, "type", "") == "raw_response_event":
            result.cancel()
    await result.aclose()
    assert inner.open == 0
    assert_quiet(result, model)
    nested = [e.event.event for e in result._run.log.entries if isinstance(e.event, NestedEvent)]
    assert isinstance(nested[-1], RunFinished) and nested[-1].status == "stopped"
    assert "unknown" in str(result.new_items[-1].output)  # type: ignore[union-attr]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_on_stream_does_is_stopped_too(quiet_loop: list[dict[str, Any]]) -> None:
    seen: list[str] = []
    reached = asyncio.Event()

    async def stuck(event: Any) -> None:
        reached.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("stopped")
            raise

    agent, model = asking(WatchedModel([texts("Inner.")]), on_stream=stuck)
    result = Runner.run_streamed(agent, "go")
    await reached.wait()
    result.cancel()
    await result.aclose()
    assert seen == ["stopped"]
    assert_quiet(result, model)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("streams_slowly", [True, False])
async def test_on_stream_that_lags_fails_the_tool(streams_slowly: bool, quiet_loop: list[dict[str, Any]]) -> None:
    """Whether the nested run is still going on by then or not; the run around it goes on."""
    from agentcell.testing import ScriptedModel, assistant_message

    async def stuck(event: Any) -> None:
        await asyncio.Event().wait()

    inner = WatchedModel([texts("Inner.")]) if streams_slowly else ScriptedModel([[assistant_message("Inner.")]])
    told: list[Exception] = []

    def word(context: Any, error: Exception) -> str:
        told.append(error)
        return "Lagging."

    agent, model = asking(inner, on_stream=stuck, on_stream_max_pending_events=2, failure_error_function=word)
    result = Runner.run_streamed(agent, "go")
    assert (await result).final_output == "Outer."
    assert isinstance(told[0], UserError) and "2 events behind" in str(told[0])
    assert_quiet(result, model)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_on_stream_that_keeps_up_is_told_everything(quiet_loop: list[dict[str, Any]]) -> None:
    seen: list[str] = []

    async def note(event: Any) -> None:
        await asyncio.sleep(0)
        seen.append(event["event"].type)

    agent, _ = asking(WatchedModel([texts("Inner.")]), on_stream=note, on_stream_max_pending_events=6)
    result = await Runner.run(agent, "go")
    assert result.final_output == "Outer."
    assert seen[0] == "agent_updated_stream_event" and seen[-1] == "run_item_stream_event" and len(seen) > 6


async def test_a_nested_demo_marks_the_run() -> None:
    agent, _ = asking(DemoModel())
    assert (await Runner.run(agent, "go")).is_demo


async def test_a_nested_run_has_its_own_limit_of_turns() -> None:
    """It takes nothing of the outer run's turns."""
    agent, _ = agent_of("nested agent")
    result = Runner.run_streamed(agent, "go", max_turns=2)
    assert (await result).final_output == "Outer." and result.current_turn == 2


@pytest.mark.parametrize("most", [0, -1, "3", 1.5], ids=said)
def test_wrong_limits_are_refused(most: Any) -> None:
    with pytest.raises(UserError, match="on_stream_max_pending_events"):
        Agent(name="B").as_tool("ask", "", on_stream_max_pending_events=most)


def test_wrong_parameters_are_refused() -> None:
    with pytest.raises(ArgumentTypeError, match=r"a dataclass or a Pydantic model, got <class 'int'>"):
        Agent(name="B").as_tool("ask", "", parameters=int)


async def test_a_tool_outside_a_run() -> None:
    """Called by hand, an agent's tool runs all the same."""
    from agentcell.tool_context import ToolContext

    tool = Agent(name="B", model=WatchedModel([texts("Inner.")])).as_tool("ask", "Ask.")
    arguments = '{"input":"x"}'
    context = ToolContext(context=None, tool_name="ask", tool_call_id="c1", tool_arguments=arguments)
    assert await tool.on_invoke_tool(context, arguments) == "Inner."


def test_the_script_is_there() -> None:
    assert len(SCRIPTS["nested agent"]) == 4
