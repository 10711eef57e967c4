"""Guardrails around a run: what a trip stops, wherever the run is, and that nothing of it is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from runs import SCRIPTS, WatchedModel, agent_of, assert_quiet

from agentcell import Agent, Runner, RunResultStreaming, function_tool
from agentcell.engine.guards import first_error
from agentcell.exceptions import InputGuardrailTripwireTriggered, OutputGuardrailTripwireTriggered
from agentcell.guardrail import GuardrailFunctionOutput, InputGuardrail, OutputGuardrail
from agentcell.models.response_events import function_call_item as call
from agentcell.stream_events import AgentUpdatedStreamEvent, RunFinished, ToolFinished, TurnStarted


class Odd(Exception):
    """Raised by guardrails."""


def on_call(*, trips: bool = True, error: Exception | None = None) -> tuple[InputGuardrail[Any], asyncio.Event]:
    """A parallel guardrail that ends when its event is set."""
    now = asyncio.Event()

    async def look(context: Any, agent: Any, given: Any) -> GuardrailFunctionOutput:
        await now.wait()
        if error is not None:
            raise error
        return GuardrailFunctionOutput("found", trips)

    return InputGuardrail(look, name="on call"), now


async def events_of_the_first_turn(name: str) -> int:
    """How many events there are before a guardrail must have ended."""
    agent, _ = agent_of(name)
    events = [event async for event in Runner.run_streamed(agent, "go").stream_events(signals=True)]
    later = (AgentUpdatedStreamEvent, TurnStarted, RunFinished)
    begun = next(index for index, event in enumerate(events) if isinstance(event, TurnStarted)) + 1
    return next(index for index, event in enumerate(events) if index >= begun and isinstance(event, later))


async def quiet(result: RunResultStreaming, model: WatchedModel) -> None:
    task = result.run_loop_task
    assert task is not None
    await asyncio.wait([task], timeout=5)
    assert_quiet(result, model)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert task.cancelling() == 0 or task.done()


@pytest.mark.parametrize("raises", [False, True], ids=["trips", "raises"])
@pytest.mark.parametrize("name", ["plain", "parallel tools", "handoff", "nested agent"])
async def test_a_trip_at_every_event_of_the_first_turn(
    name: str, raises: bool, quiet_loop: list[dict[str, Any]]
) -> None:
    """Whatever the run is doing, the error is told and nothing is left; the calls of the turn have their outputs."""
    expected = Odd if raises else InputGuardrailTripwireTriggered
    for at in range(await events_of_the_first_turn(name)):
        agent, model = agent_of(name)
        guardrail, now = on_call(error=Odd("odd") if raises else None)
        agent.input_guardrails = [guardrail]
        result = Runner.run_streamed(agent, "go")
        seen = 0
        with pytest.raises(expected):
            async for _ in result.stream_events(signals=True):
                if seen == at:
                    now.set()
                seen += 1
            assert now.is_set(), "no second turn begins before the guardrail has ended"
        await quiet(result, model)
        assert result.status == "failed" and result.final_output is None and result.is_complete
        assert isinstance(result.run_loop_exception, expected)
        assert [found.output.tripwire_triggered for found in result.input_guardrail_results] == [True] * (not raises)


async def test_a_trip_closes_the_stream_before_its_next_event(quiet_loop: list[dict[str, Any]]) -> None:
    agent, model = agent_of("plain", hang=True)
    guardrail, now = on_call()
    agent.input_guardrails = [guardrail]
    result = Runner.run_streamed(agent, "go")
    with pytest.raises(InputGuardrailTripwireTriggered) as caught:
        async for event in result:
            if event.type == "raw_response_event":
                now.set()
    await quiet(result, model)
    assert caught.value.guardrail_result.output.output_info == "found"
    assert caught.value.run_data is not None and len(caught.value.run_data.input_guardrail_results) == 1


async def test_a_run_without_streaming_is_stopped_too(quiet_loop: list[dict[str, Any]]) -> None:
    agent, model = agent_of("plain", hang=True)
    guardrail, now = on_call()
    agent.input_guardrails = [guardrail]
    asyncio.get_running_loop().call_soon(now.set)
    with pytest.raises(InputGuardrailTripwireTriggered):
        await Runner.run(agent, "go")
    assert model.open == 0
    task = asyncio.current_task()
    assert task is not None and task.cancelling() == 0, "the caller's task is not left cancelled"


async def test_a_trip_while_tools_run_cancels_them(quiet_loop: list[dict[str, Any]]) -> None:
    guardrail, now = on_call()
    seen: list[str] = []

    @function_tool
    async def wait() -> str:
        now.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        return "never"

    model = WatchedModel([[call("wait", {}, call_id="c1")]])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[wait], input_guardrails=[guardrail]), "go")
    with pytest.raises(InputGuardrailTripwireTriggered):
        await result
    assert seen == ["cancelled"]
    await quiet(result, model)
    assert "unknown" in str(result.new_items[-1].output)  # type: ignore[union-attr]
    ends = [entry.event.status for entry in result._run.log.entries if isinstance(entry.event, ToolFinished)]
    assert ends == ["cancelled"]


async def test_a_known_trip_starts_no_tool(quiet_loop: list[dict[str, Any]]) -> None:
    """Known when the model has answered, even if the run has not been interrupted yet."""
    started: list[str] = []
    guardrail, now = on_call()

    @function_tool
    async def act() -> str:
        started.append("act")
        return ""

    class Model(WatchedModel):
        async def stream_response(self, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
            async for event in super().stream_response(*args, **kwargs):
                if event.type == "response.completed":
                    now.set()
                    await asyncio.sleep(0)  # the guardrail runs now; the callback of its end comes after the event
                yield event

    model = Model([[call("act", {}, call_id="c1")]])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[act], input_guardrails=[guardrail]), "go")
    with pytest.raises(InputGuardrailTripwireTriggered):
        await result
    assert started == []


async def test_the_final_output_waits_for_the_guardrails(quiet_loop: list[dict[str, Any]]) -> None:
    agent, model = agent_of("plain")
    guardrail, now = on_call(trips=False)
    agent.input_guardrails = [guardrail]
    result = Runner.run_streamed(agent, "go")
    async for event in result.stream_events():
        assert result.final_output is None
        if event.type == "run_item_stream_event":
            for _ in range(20):
                await asyncio.sleep(0)
            assert result.status == "running"
            now.set()
    assert result.final_output == "One two three."
    await quiet(result, model)


async def test_the_next_turn_waits_for_the_guardrails(quiet_loop: list[dict[str, Any]]) -> None:
    agent, model = agent_of("parallel tools")
    guardrail, now = on_call(trips=False)
    agent.input_guardrails = [guardrail]
    result = Runner.run_streamed(agent, "go")
    async for event in result.stream_events():
        if event.type == "run_item_stream_event" and event.name == "tool_output":
            for _ in range(20):
                await asyncio.sleep(0)
            assert model.calls == 1
            now.set()
    assert model.calls == 2 and result.final_output == "Done now."


async def test_the_first_of_two_trips_is_told(quiet_loop: list[dict[str, Any]]) -> None:
    agent, model = agent_of("plain", hang=True)
    (first, first_now), (second, second_now) = on_call(), on_call()
    second.name = "second"
    agent.input_guardrails = [first, second]
    result = Runner.run_streamed(agent, "go")
    with pytest.raises(InputGuardrailTripwireTriggered) as caught:
        async for _ in result:
            second_now.set()
    assert caught.value.guardrail_result.guardrail is second
    assert not first_now.is_set()
    await quiet(result, model)


@pytest.mark.parametrize("blocking", [True, False])
async def test_a_cancelled_run_cancels_its_guardrails(blocking: bool, quiet_loop: list[dict[str, Any]]) -> None:
    agent, model = agent_of("plain", hang=True)
    running, seen = asyncio.Event(), []

    async def look(context: Any, agent: Any, given: Any) -> GuardrailFunctionOutput:
        running.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        raise AssertionError

    agent.input_guardrails = [InputGuardrail(look, run_in_parallel=not blocking)]
    result = Runner.run_streamed(agent, "go")
    await running.wait()
    result.cancel()
    await result.aclose()
    assert seen == ["cancelled"] and result.status == "stopped"
    await quiet(result, model)


async def test_a_cancel_and_a_trip_at_once(quiet_loop: list[dict[str, Any]]) -> None:
    """Whoever comes first decides, and the other leaves nothing."""
    for cancel_first in (True, False):
        agent, model = agent_of("plain", hang=True)
        guardrail, now = on_call()
        agent.input_guardrails = [guardrail]
        result = Runner.run_streamed(agent, "go")
        async for event in result.stream_events(signals=True):
            if event.type == "raw_response_event":
                if cancel_first:
                    result.cancel()
                    now.set()
                else:
                    now.set()
                    result.cancel()
                break
        await quiet(result, model)
        assert result.status == "stopped" and result.run_loop_exception is None


async def test_an_output_trip_after_tools_is_withheld_everywhere(quiet_loop: list[dict[str, Any]]) -> None:
    """Also on the error's own data."""

    def look(context: Any, agent: Any, output: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(output, True)

    @function_tool
    def secret() -> str:
        return "the secret"

    model = WatchedModel([[call("secret", {}, call_id="c1")]])
    guardrail = OutputGuardrail(look)
    agent = Agent(
        name="A",
        model=model,
        tools=[secret],
        tool_use_behavior="stop_on_first_tool",
        output_guardrails=[guardrail],
    )
    result = Runner.run_streamed(agent, "go")
    public = []
    with pytest.raises(OutputGuardrailTripwireTriggered) as caught:
        async for event in result:
            public.append(event)
    found, data = caught.value.guardrail_result, caught.value.run_data
    assert data is not None and found.guardrail is guardrail
    told = [found.agent_output, found.output.output_info, data.new_items, result.to_input_list(), public]
    assert "the secret" not in repr(told)
    assert result.final_output is None


async def test_output_guardrails_run_together(quiet_loop: list[dict[str, Any]]) -> None:
    second_ran = asyncio.Event()

    async def first(context: Any, agent: Any, output: Any) -> GuardrailFunctionOutput:
        await second_ran.wait()
        return GuardrailFunctionOutput("first", False)

    def second(context: Any, agent: Any, output: Any) -> GuardrailFunctionOutput:
        second_ran.set()
        return GuardrailFunctionOutput("second", False)

    agent, _ = agent_of("plain")
    agent.output_guardrails = [OutputGuardrail(first), OutputGuardrail(second)]
    result = await Runner.run(agent, "go")
    assert [found.output.output_info for found in result.output_guardrail_results] == ["second", "first"]


def job(error: Exception | None = None, *, waits: bool = False) -> Callable[[], Any]:
    async def work() -> None:
        if waits:
            await asyncio.Event().wait()
        if error is not None:
            raise error

    return work


async def test_the_first_error_stops_the_rest(quiet_loop: list[dict[str, Any]]) -> None:
    await first_error([])
    await first_error([asyncio.ensure_future(job()()), asyncio.ensure_future(job()())])
    waiting = asyncio.ensure_future(job(waits=True)())
    with pytest.raises(Odd):
        await first_error([waiting, asyncio.ensure_future(job(Odd())())])
    assert waiting.cancelled()
    waiting = asyncio.ensure_future(job(waits=True)())
    outer = asyncio.ensure_future(first_error([waiting]))
    await asyncio.sleep(0)
    outer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outer
    assert waiting.cancelled()


def test_the_scripts_are_there() -> None:
    assert {"guardrails", "nested agent"} <= set(SCRIPTS)
