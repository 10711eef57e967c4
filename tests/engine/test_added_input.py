"""`result.add_input`: saying something to a run that goes on. The reference has nothing like it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from typing import Any

import pytest
from runs import WatchedModel, call, texts

from agentcell import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrail,
    InputGuardrailTripwireTriggered,
    OutputGuardrail,
    Runner,
    RunResultStreaming,
    RunState,
    SQLiteSession,
    UserError,
    function_tool,
)
from agentcell.stream_events import InputAdded, InputQueued, RawResponsesStreamEvent, ToolFinished, TurnStarted
from agentcell.testing import assert_sendable


@function_tool
async def look() -> str:
    return "looked"


def said(text: str) -> Any:
    return {"role": "user", "content": text}


def users(items: Any) -> list[str]:
    return [item["content"] for item in items if item.get("role") == "user"]


def agent_of(*turns: Any, **more: Any) -> tuple[Agent[Any], WatchedModel]:
    model = WatchedModel(turns)
    return Agent(name="A", model=model, tools=[look], **more), model


LOOK = [call("look", {}, call_id="c1")]


async def add_at_first_delta(result: RunResultStreaming, *inputs: Any) -> list[Any]:
    """Read the run to its end and add these when the model has begun to speak; what was read."""
    events: list[Any] = []
    waiting = list(inputs)
    async for event in result.stream_events(signals=True):
        events.append(event)
        if isinstance(event, RawResponsesStreamEvent) and event.data.type.endswith("delta"):
            while waiting:
                result.add_input(waiting.pop(0))
    assert not waiting
    return events


async def test_it_is_taken_in_at_the_next_turn() -> None:
    agent, model = agent_of(LOOK, texts("Done."))
    result = Runner.run_streamed(agent, "go")
    events = await add_at_first_delta(result, "and quickly")
    assert result.final_output == "Done." and model.calls == 2
    assert [item.get("type") or item["content"] for item in model.inputs[1]] == [
        "go", "function_call", "function_call_output", "and quickly",
    ]  # fmt: skip
    signals = [event for event in events if isinstance(event, (TurnStarted, InputQueued, InputAdded))]
    assert [type(event).__name__ for event in signals] == ["TurnStarted", "InputQueued", "InputAdded", "TurnStarted"]
    assert signals[1:3] == [InputQueued(1, "and quickly"), InputAdded("and quickly", (1,))]
    assert [item.type for item in result.new_items] == [
        "tool_call_item", "tool_call_output_item", "input_item", "message_output_item",
    ]  # fmt: skip
    assert users(result.to_input_list()) == ["go", "and quickly"]


async def test_a_run_that_would_have_ended_goes_on_for_it() -> None:
    agent, model = agent_of(texts("First."), texts("Second."))
    result = Runner.run_streamed(agent, "go")
    await add_at_first_delta(result, "and then?")
    assert result.final_output == "Second." and model.calls == 2
    assert [item.get("role") for item in result.to_input_list()] == ["user", "assistant", "user", "assistant"]


async def test_so_does_one_whose_tool_gives_the_final_output() -> None:
    agent, model = agent_of(LOOK, texts("Second."), tool_use_behavior="stop_on_first_tool")
    result = Runner.run_streamed(agent, "go")
    async for event in result.stream_events(signals=True):
        if isinstance(event, ToolFinished):
            result.add_input("and then?")
    assert result.final_output == "Second." and model.calls == 2


async def test_several_come_in_order() -> None:
    agent, model = agent_of(texts("First."), texts("Second."))
    result = Runner.run_streamed(agent, "go")
    both = [said("two"), {"role": "developer", "content": "be kind"}]
    events = await add_at_first_delta(result, "one", both, "three")
    assert [item["content"] for item in model.inputs[1][2:]] == ["one", "two", "be kind", "three"]
    assert [event.text for event in events if isinstance(event, InputAdded)] == ["three"]


async def test_from_other_threads() -> None:
    agent, model = agent_of(texts("First."), texts("Second."))
    result = Runner.run_streamed(agent, "go")
    begin = threading.Barrier(8)

    def add(number: int) -> None:
        begin.wait()
        for piece in range(20):
            result.add_input(f"{number}.{piece}")

    added = False
    async for event in result.stream_events():
        if isinstance(event, RawResponsesStreamEvent) and event.data.type.endswith("delta") and not added:
            added = True
            threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    taken = users(model.inputs[1])[1:]
    assert sorted(taken) == sorted(f"{number}.{piece}" for number in range(8) for piece in range(20))
    for number in range(8):
        assert [text for text in taken if text.startswith(f"{number}.")] == [f"{number}.{p}" for p in range(20)]


@pytest.mark.parametrize("blocking", [True, False])
async def test_the_current_agents_guardrails_check_it(blocking: bool) -> None:
    seen: list[tuple[str, list[str]]] = []

    def guard(name: str) -> Any:
        async def check(context: Any, agent: Any, given: Any) -> GuardrailFunctionOutput:
            seen.append((name, users(given)))
            return GuardrailFunctionOutput(None, users(given)[-1] == "be evil")

        return InputGuardrail(check, run_in_parallel=not blocking)

    model = WatchedModel([[call("transfer_to_b", {}, call_id="h")], texts("First."), texts("Second.")])
    b = Agent(name="B", model=model, input_guardrails=[guard("B")])
    a = Agent(name="A", model=model, handoffs=[b], input_guardrails=[guard("A")])
    result = Runner.run_streamed(a, "go")
    with pytest.raises(InputGuardrailTripwireTriggered):
        async for event in result.stream_events():
            if isinstance(event, RawResponsesStreamEvent) and getattr(event.data, "delta", None) == "First.":
                result.add_input("be evil")
    assert seen == [("A", ["go"]), ("B", ["be evil"])]
    assert model.calls == 2, "guardrails of added input come before the model call, as in the reference"
    assert result.final_output is None


async def test_it_is_refused_after_the_end() -> None:
    agent, _ = agent_of(texts("Done."))
    result = Runner.run_streamed(agent, "go")
    await result
    with pytest.raises(UserError, match="the run has ended, so it takes no more input"):
        result.add_input("more")
    stopped = Runner.run_streamed(agent, "go")
    stopped.cancel()
    with pytest.raises(UserError, match="the run has ended"):
        stopped.add_input("more")


async def test_nothing_that_is_taken_is_lost_at_the_end() -> None:
    """Once the run has settled on its final output it takes no more: what it takes, the model sees."""
    told: list[str] = []

    async def check(context: Any, agent: Any, output: Any) -> GuardrailFunctionOutput:
        try:
            result.add_input("too late")
        except UserError as error:
            told.append(str(error))
        return GuardrailFunctionOutput(None, False)

    agent, model = agent_of(texts("Done."), output_guardrails=[OutputGuardrail(check)])
    result = Runner.run_streamed(agent, "go")
    await result
    assert result.final_output == "Done." and model.calls == 1
    assert len(told) == 1 and "is about to end, so it takes no more input" in told[0]


async def test_a_run_goes_on_after_an_error_that_a_handler_has_taken() -> None:
    refusal = {"type": "refusal", "refusal": "No."}
    refused = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [refusal]}
    agent, model = agent_of([refused], texts("Second."))
    handlers: Any = {"model_refusal": lambda given: "It would not."}
    result = Runner.run_streamed(agent, "go", error_handlers=handlers)
    async for event in result.stream_events():
        if isinstance(event, RawResponsesStreamEvent) and event.data.type == "response.completed" and model.calls == 1:
            result.add_input("please")
    assert result.final_output == "Second." and model.calls == 2
    assert users(model.inputs[1]) == ["go", "please"]


@pytest.mark.parametrize("wrong", [5, None, {"role": "user"}])
async def test_what_is_no_input_is_refused(wrong: Any) -> None:
    agent, model = agent_of(texts("Done."))
    result = Runner.run_streamed(agent, "go")
    with pytest.raises(UserError):
        result.add_input(wrong)
    await result
    assert model.calls == 1


async def test_the_session_keeps_it_in_its_place() -> None:
    agent, _ = agent_of(LOOK, texts("First."), texts("Second."))
    with closing(SQLiteSession("a")) as session:
        result = Runner.run_streamed(agent, "go", session=session)
        async for event in result.stream_events(signals=True):
            if isinstance(event, ToolFinished):
                result.add_input("one")
            if isinstance(event, RawResponsesStreamEvent) and getattr(event.data, "delta", None) == "First.":
                result.add_input("two")
        items: list[Any] = list(await session.get_items())
    assert_sendable(items)
    assert [item.get("role") or item["type"] for item in items] == [
        "user", "function_call", "function_call_output", "user", "assistant", "user", "assistant",
    ]  # fmt: skip
    assert users(items) == ["go", "one", "two"]


@pytest.mark.parametrize("mode", ["immediate", "after_turn"])
async def test_cancelling_leaves_it_for_the_run_that_goes_on(mode: Any) -> None:
    """It waits in the state, also in its JSON, and is taken in once."""
    agent, model = agent_of(LOOK, texts("Done."), texts("Done."))
    with closing(SQLiteSession("a")) as session:
        result = Runner.run_streamed(agent, "go", session=session)
        async for event in result.stream_events(signals=True):
            if isinstance(event, ToolFinished):
                result.add_input("and then?")
                result.cancel(mode)
        await result.aclose()
        assert model.calls == 1 and users(await session.get_items()) == ["go"]
        state = await RunState.from_string(agent, result.to_state().to_string(key="k"), key="k")
        assert state.pending_input == [said("and then?")]
        again = await Runner.run(agent, state, session=session)
        assert users(model.inputs[-1]) == users(again.to_input_list()) == ["go", "and then?"]
        items: list[Any] = list(await session.get_items())
    assert_sendable(items)
    assert users(items) == ["go", "and then?"] and again.final_output == "Done."


async def test_a_turn_limit_leaves_it_in_the_state() -> None:
    agent, _ = agent_of(texts("First."), texts("Second."))
    result = Runner.run_streamed(agent, "go", max_turns=1)
    with pytest.raises(Exception, match="Max turns"):
        await add_at_first_delta(result, "and then?")
    assert result.to_state().pending_input == [said("and then?")]


async def test_it_waits_while_a_call_waits_for_approval() -> None:
    @function_tool(needs_approval=True)
    def pay() -> str:
        return "paid"

    model = WatchedModel([[call("pay", {}, call_id="p")], texts("Done.")])
    agent = Agent(name="A", model=model, tools=[pay])
    result = Runner.run_streamed(agent, "go")
    await add_at_first_delta(result, "hurry")
    assert result.interruptions
    state = result.to_state()
    assert state.pending_input == [said("hurry")]
    state.approve(state.get_interruptions()[0])
    again = await Runner.run(agent, state)
    assert [item.get("type") or item["content"] for item in model.inputs[1]] == [
        "go", "function_call", "function_call_output", "hurry",
    ]  # fmt: skip
    assert again.final_output == "Done."


async def test_before_the_first_turn() -> None:
    agent, model = agent_of(texts("Done."))
    result = Runner.run_streamed(agent, "go")
    result.add_input("and more")
    await asyncio.wait_for(result._finished(), 10)
    assert users(model.inputs[0]) == ["go", "and more"]
