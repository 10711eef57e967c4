"""The stream of a run: when it starts and ends, who may read it, what stops it. Each test names its rule.

A test takes the library and what stands in for the model; where the two libraries differ, it names the row of the
table of differences and says what each of them does.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import agents
import pytest
from suite import Over, rule
from world import opened, seen, told

import agentcell
from agentcell.models.response_events import function_call_item as call
from agentcell.models.response_events import message_item as message
from agentcell.models.response_events import reasoning_item as reasoning
from agentcell.testing import Turn

CALL = call("add", {"a": 1, "b": 2}, call_id="c1")
WAIT = call("wait", {}, call_id="w1")


def adder(lib: Any) -> Any:
    @lib.function_tool
    def add(a: int, b: int) -> int:
        return a + b

    return add


class Waiting:
    """A tool that waits until it is released, and what became of it."""

    def __init__(self, lib: Any) -> None:
        self.started, self.release = asyncio.Event(), asyncio.Event()
        self.ended = ""

        @lib.function_tool
        async def wait() -> str:
            self.started.set()
            try:
                await self.release.wait()
            except asyncio.CancelledError:
                self.ended = "cancelled"
                raise
            self.ended = "done"
            return "waited"

        self.tool = wait


def names(events: list[Any]) -> list[str]:
    """The events that are not the model's own, by name; an error by its class."""
    return [
        getattr(event, "name", None) or getattr(event, "type", None) or type(event).__name__
        for event in events
        if getattr(event, "type", "") != "raw_response_event"
    ]


async def until(condition: Callable[[], Any]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


async def many_turns_of_the_loop() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


@rule("1")
async def test_the_run_starts_without_being_iterated(lib: Any, over: Over) -> None:
    async with opened(lib, ["Hi."], over) as (model, sent):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model), "x")
        assert sent() == []
        await until(sent)
        events = await told(result)
    assert [event.type for event in events[:2]] == ["agent_updated_stream_event", "raw_response_event"]
    assert result.final_output == "Hi."


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@rule("1", "1", over=("scripted",))
def test_without_a_running_loop(lib: Any, over: Over) -> None:
    testing = __import__(f"{lib.__name__}.testing", fromlist=["testing"])
    model = testing.ScriptedModel([[testing.assistant_message("Hi.")]])
    agent = lib.Agent(name="A", model=model)
    if lib is agents:
        with pytest.raises(RuntimeError, match="no running event loop"):
            lib.Runner.run_streamed(agent, "x")
    else:
        result = lib.Runner.run_streamed(agent, "x")
        assert result._run.status == "prepared"
        assert names([*result.stream_events_sync()]) == ["agent_updated_stream_event", "message_output_created"]
        assert result.final_output == "Hi."


@rule("60", "1", over=("scripted",))
async def test_run_sync_in_a_running_loop(lib: Any, over: Over) -> None:
    async with opened(lib, ["Hi."], over) as (model, _):
        agent = lib.Agent(name="A", model=model)
        if lib is agents:
            with pytest.raises(RuntimeError):
                lib.Runner.run_sync(agent, "x")
        else:
            assert lib.Runner.run_sync(agent, "x").final_output == "Hi."


@rule("3 26 27")
async def test_the_agent_is_named_before_anything_is_checked(lib: Any, over: Over) -> None:
    """A guardrail that waits for the first event gets it."""
    named = asyncio.Event()

    async def check(context: Any, agent: Any, given: Any) -> Any:
        await named.wait()
        return lib.GuardrailFunctionOutput(None, False)

    async with opened(lib, ["Hi."], over) as (model, sent):
        guardrail = lib.InputGuardrail(check, run_in_parallel=False)
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, input_guardrails=[guardrail]), "x")
        events = result.stream_events()
        first = await anext(events)
        await many_turns_of_the_loop()
        assert sent() == []
        named.set()
        rest = [event async for event in events]
    assert first.type == "agent_updated_stream_event" and first.new_agent.name == "A"
    assert names(rest) == ["message_output_created"]


@rule("4 5 6")
async def test_no_item_before_the_response_is_completed(lib: Any, over: Over) -> None:
    turns = [[reasoning("Hm."), message("I add."), CALL], "3"]
    async with opened(lib, turns, over) as (model, _):
        events = await told(lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[adder(lib)]), "x"))
    order = [seen(event)[:2] for event in events]
    completed = [index for index, (_, what) in enumerate(order) if what == "response.completed"]
    items = [(index, what) for index, (kind, what) in enumerate(order) if kind == "run_item_stream_event"]
    assert [what for index, what in items if index < completed[0]] == []
    first = ["reasoning_item_created", "message_output_created", "tool_called", "tool_output"]
    assert [what for index, what in items if completed[0] < index < completed[1]] == first
    assert [what for index, what in items if index > completed[1]] == ["message_output_created"]


@rule("6")
async def test_a_call_is_told_before_the_hooks_of_its_response(lib: Any, over: Over) -> None:
    """The event waits for its consumer while the hook runs."""
    waiting: list[list[str]] = []

    class Hooks(lib.RunHooks):  # type: ignore[misc, name-defined]
        async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
            await many_turns_of_the_loop()
            waiting.append(list(got))

        async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
            waiting.append(list(got))

    got: list[str] = []
    async with opened(lib, [CALL, "3"], over) as (model, _):
        agent = lib.Agent(name="A", model=model, tools=[adder(lib)])
        result = lib.Runner.run_streamed(agent, "x", hooks=Hooks())
        async for event in result.stream_events():
            got.extend(names([event]))
    assert waiting[:2] == [["agent_updated_stream_event", "tool_called"]] * 2


@rule("9", "9")
async def test_only_three_families_are_events(lib: Any, over: Over) -> None:
    async with opened(lib, [CALL, "3", CALL, "3"], over) as (model, _):
        agent = lib.Agent(name="A", model=model, tools=[adder(lib)])
        events = await told(lib.Runner.run_streamed(agent, "x"))
        families = {"agent_updated_stream_event", "raw_response_event", "run_item_stream_event"}
        assert {event.type for event in events} == families
        if lib is agentcell:
            signals = await told(lib.Runner.run_streamed(agent, "x"), signals=True)
            more = [type(event).__name__ for event in signals if getattr(event, "type", None) not in families]
            assert [more[0], more[-1]] == ["RunStarted", "RunFinished"] and "ToolFinished" in more


@rule("10")
async def test_the_event_has_the_item_that_new_items_has(lib: Any, over: Over) -> None:
    items, lag, usage = [], [], []
    async with opened(lib, [CALL, "3"], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[adder(lib)]), "x")
        async for event in result.stream_events():
            if event.type == "run_item_stream_event":
                items.append(event.item)
            if getattr(event, "name", "") == "tool_called" and over == "loopback":
                lag.append((len(result.new_items), len(result.raw_responses)))
                usage.append(result.context_wrapper.usage.requests)
    assert [id(item) for item in items] == [id(item) for item in result.new_items] and len(items) == 3
    if over == "loopback":  # a scripted model may have finished the turn by then
        assert lag == [(0, 0)], "items are taken in at the end of the turn"
        assert usage == [1], "usage is known before the items"


@rule("10")
async def test_what_a_tool_sees_of_its_run(lib: Any, over: Over) -> None:
    """While a turn's tools run, usage has its response, and `new_items` has nothing of the turn."""
    found: list[Any] = []

    @lib.function_tool
    async def look() -> str:
        result = results[0]
        found.append((len(result.new_items), len(result.raw_responses), result.context_wrapper.usage.requests))
        found.append(result.current_turn)
        return "seen"

    async with opened(lib, [call("look", {}, call_id="l1"), call("look", {}, call_id="l2"), "Done."], over) as (
        model,
        _,
    ):
        results = [lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[look]), "x")]
        await told(results[0])
    assert found == [(0, 0, 1), 1, (2, 1, 2), 2]


@rule("13")
async def test_the_next_turn_waits_for_a_slow_consumer(lib: Any, over: Over) -> None:
    async with opened(lib, [CALL, "3"], over) as (model, sent):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[adder(lib)]), "x")
        async for event in result.stream_events():
            if getattr(event, "name", "") == "tool_output":
                await many_turns_of_the_loop()
                assert len(sent()) == 1
        assert len(sent()) == 2


@rule("13")
async def test_an_unread_run_keeps_its_events(lib: Any, over: Over) -> None:
    async with opened(lib, [CALL, "3"], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[adder(lib)]), "x")
        await result.run_loop_task
        assert result.is_complete and result.final_output == "3"
        events = await told(result)
    assert names(events) == ["agent_updated_stream_event", "tool_called", "tool_output", "message_output_created"]


@rule("14", "13")
async def test_a_second_reading(lib: Any, over: Over) -> None:
    async with opened(lib, ["Hi."], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model), "x")
        first, second = names(await told(result)), names(await told(result))
    assert first == ["agent_updated_stream_event", "message_output_created"]
    assert second == ([] if lib is agents else first)


@rule("14", "13")
async def test_two_readers_at_once(lib: Any, over: Over) -> None:
    """The reference shares the events out, and one reader never ends; here each gets all of them."""
    async with opened(lib, [CALL, "3"], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[adder(lib)]), "x")
        readers = [asyncio.ensure_future(told(result)) for _ in range(2)]
        await asyncio.wait(readers, return_when=asyncio.FIRST_COMPLETED)
        await many_turns_of_the_loop()
        ended = [reader for reader in readers if reader.done()]
        if lib is agents:
            assert len(ended) == 1
            hanging = next(reader for reader in readers if not reader.done())
            hanging.cancel()
            await asyncio.wait([hanging])
        else:
            await asyncio.wait(readers)
            whole = ["agent_updated_stream_event", "tool_called", "tool_output", "message_output_created"]
            assert [names(reader.result()) for reader in readers] == [whole, whole]


@rule("15 18 31")
async def test_the_stream_ends_after_the_run(lib: Any, over: Over) -> None:
    """An output guardrail that takes its time holds the iterator open, though everything has been told."""
    order: list[str] = []
    told_all = asyncio.Event()

    async def check(context: Any, agent: Any, output: Any) -> Any:
        await told_all.wait()
        await many_turns_of_the_loop()
        order.append("checked")
        return lib.GuardrailFunctionOutput(None, False)

    async with opened(lib, ["Hi."], over) as (model, _):
        agent = lib.Agent(name="A", model=model, output_guardrails=[lib.OutputGuardrail(check)])
        result = lib.Runner.run_streamed(agent, "x")
        async for event in result.stream_events():
            if getattr(event, "name", "") == "message_output_created":
                assert result.final_output is None
                order.append("told")
                told_all.set()
        order.append("ended")
        assert result.run_loop_task.done() and result.final_output == "Hi."
    assert order == ["told", "checked", "ended"]


@rule("16 36", "16")
async def test_an_error_and_what_was_queued(lib: Any, over: Over) -> None:
    """The reference throws away what nobody has read yet."""
    async with opened(lib, [[message("I look."), call("nope", {}, call_id="n1")]], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model), "x")
        await asyncio.wait([result.run_loop_task])
        events = await told(result)
    assert isinstance(events[-1], lib.ModelBehaviorError)
    kinds = [event.type for event in events[:-1]]
    if lib is agents:
        assert kinds == []
    else:
        assert kinds[0] == "agent_updated_stream_event" and kinds.count("raw_response_event") == len(kinds) - 1 > 5


@rule("16 17 47", "17")
async def test_a_limit_that_nobody_saw(lib: Any, over: Over) -> None:
    """Both tell everything before the error; only the reference keeps silent about it until then."""
    async with opened(lib, [CALL], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[adder(lib)]), "x", max_turns=1)
        await asyncio.wait([result.run_loop_task])
        assert result.is_complete
        if lib is agents:
            assert result.final_output is None and result.run_loop_exception is None
        else:
            assert isinstance(result.run_loop_exception, lib.MaxTurnsExceeded)
        events = await told(result)
    shown = ["agent_updated_stream_event", "tool_called", "tool_output", "MaxTurnsExceeded"]
    assert names(events) == shown


@rule("17 18")
async def test_the_failure_of_a_run_that_nobody_reads(lib: Any, over: Over) -> None:
    async with opened(lib, [call("nope", {}, call_id="n1")], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model), "x")
        assert result.run_loop_exception is None
        await asyncio.wait([result.run_loop_task])
        assert isinstance(result.run_loop_exception, lib.ModelBehaviorError)
        assert str(result.run_loop_exception) == "Tool nope not found in agent A"
        with pytest.raises(lib.ModelBehaviorError):
            async for _ in result.stream_events():
                pass
        # Ours raises it at the first access when nobody has read the stream (row 17).
        assert result.final_output is None


@rule("18", over=("loopback",))
async def test_no_final_output_before_the_end(lib: Any, over: Over) -> None:
    release = threading.Event()
    async with opened(lib, [Turn(["Hello."], hold_after=5, release=release)], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model), "x")
        async for event in result.stream_events():
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                assert result.final_output is None and not result.is_complete
                release.set()
        assert result.final_output == "Hello."


@rule("20", over=("loopback",))
async def test_an_immediate_cancel_ends_the_loop_quietly(lib: Any, over: Over) -> None:
    after = 0
    async with opened(lib, [Turn(["One two three four."], hold_after=6)], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model), "x")
        async for event in result.stream_events():
            after += bool(after)
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                result.cancel()
                result.cancel()
                after = 1
    assert after == 1
    assert result.is_complete and result.final_output is None and result.new_items == []
    assert result.run_loop_exception is None


@rule("20")
async def test_a_cancel_drops_what_was_not_read(lib: Any, over: Over) -> None:
    async with opened(lib, ["One two three four."], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model), "x")
        await result.run_loop_task
        count = 0
        async for _ in result.stream_events():
            count += 1
            result.cancel()
    assert count == 1 and result.is_complete


@rule("20")
async def test_a_cancel_before_iterating(lib: Any, over: Over) -> None:
    async with opened(lib, ["One."], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model), "x")
        result.cancel()
        assert await told(result) == []
    assert result.is_complete


@rule("20", "20")
async def test_a_cancel_while_tools_run(lib: Any, over: Over) -> None:
    """An asynchronous tool is cancelled, and nothing is raised; the call is recorded here, and lost there."""
    waiting = Waiting(lib)
    async with opened(lib, [[CALL, WAIT]], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[adder(lib), waiting.tool]), "x")
        reading = asyncio.ensure_future(told(result))
        await waiting.started.wait()
        result.cancel()
        events = await reading
        await until(lambda: waiting.ended)
        await asyncio.wait([result.run_loop_task])
    assert waiting.ended == "cancelled" and result.is_complete and result.final_output is None
    assert not any(isinstance(event, Exception) for event in events)
    assert len(result.new_items) == (0 if lib is agents else 4)


@rule("20")
async def test_a_synchronous_tool_outlives_a_cancel(lib: Any, over: Over) -> None:
    started, release, ended = threading.Event(), threading.Event(), threading.Event()

    @lib.function_tool
    def wait() -> str:
        started.set()
        release.wait(30)
        ended.set()
        return "waited"

    async with opened(lib, [WAIT], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[wait]), "x")
        reading = asyncio.ensure_future(told(result))
        await until(started.is_set)
        result.cancel()
        await reading
        assert not ended.is_set()
        release.set()
        await until(ended.is_set)
    assert result.is_complete and result.final_output is None


@rule("21 22")
@pytest.mark.parametrize("when", ["response.created", "tool_called", "tool_output"])
async def test_a_cancel_after_the_turn(lib: Any, over: Over, when: str) -> None:
    """The turn is completed, the next model call is not made."""
    said = []
    async with opened(lib, [CALL, "3"], over) as (model, sent):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[adder(lib)]), "x")
        async for event in result.stream_events():
            name = event.data.type if event.type == "raw_response_event" else getattr(event, "name", "agent")
            said.append(name)
            if name == when:
                result.cancel(mode="after_turn")
        assert said[-1] == "tool_output" and len(sent()) == 1
    assert result.final_output is None and result.is_complete
    assert [item.type for item in result.new_items] == ["tool_call_item", "tool_call_output_item"]


@rule("21")
async def test_a_cancel_after_the_last_turn(lib: Any, over: Over) -> None:
    """A turn that has begun and gives a final output finishes the run."""
    async with opened(lib, [CALL, "Done."], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[adder(lib)]), "x")
        async for event in result.stream_events():
            if result.current_turn == 2 and event.type == "raw_response_event":
                result.cancel(mode="after_turn")
    assert result.final_output == "Done." and len(result.new_items) == 3


@rule("23")
async def test_cancelling_who_waits_for_the_next_event(lib: Any, over: Over) -> None:
    waiting = Waiting(lib)
    async with opened(lib, [WAIT], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[waiting.tool]), "x")
        reading = asyncio.ensure_future(told(result))
        await waiting.started.wait()
        await many_turns_of_the_loop()
        reading.cancel()
        await asyncio.wait([reading])
        await until(lambda: waiting.ended)
    assert waiting.ended == "cancelled" and result.is_complete


@rule("24", "23")
@pytest.mark.parametrize("way", ["break", "raise"])
async def test_leaving_the_loop(lib: Any, over: Over, way: str) -> None:
    """The reference's run goes on, and its tool with it."""
    waiting = Waiting(lib)

    async def leave(result: Any) -> None:
        async for _ in result.stream_events():
            if waiting.started.is_set():
                if way == "raise":
                    raise LookupError("of the body")
                break
            await asyncio.sleep(0)

    # Words that are still to be read when the tool has started.
    async with opened(lib, [[message("One two three."), WAIT], "Done."], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[waiting.tool]), "x")
        await waiting.started.wait()
        leaving = asyncio.ensure_future(leave(result))
        if lib is agents:
            await many_turns_of_the_loop()
            assert waiting.ended == "" and not result.is_complete
            waiting.release.set()
            await asyncio.wait([leaving, result.run_loop_task])
            assert waiting.ended == "done"
        else:
            await asyncio.wait([leaving])
            await until(lambda: waiting.ended)
            assert waiting.ended == "cancelled" and result.is_complete
    assert (leaving.exception() is None) == (way == "break")


@rule("25", "23")
async def test_an_iterator_that_is_left_and_kept(lib: Any, over: Over) -> None:
    """It holds the run up before the next turn; closing it lets the reference's run go on, and stops ours."""
    async with opened(lib, [CALL, "3"], over) as (model, sent):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[adder(lib)]), "x")
        events = result.stream_events()
        async for event in events:
            if getattr(event, "name", "") == "tool_called":
                break
        await many_turns_of_the_loop()
        assert not result.is_complete and len(sent()) == 1
        await events.aclose()
        await asyncio.wait([result.run_loop_task])
        assert result.is_complete
        assert result.final_output == ("3" if lib is agents else None)


@rule("42", "max_handoffs", over=("scripted",))
async def test_agents_that_hand_off_for_ever(lib: Any, over: Over) -> None:
    turns = [call("transfer_to_a", {}, call_id=f"h{n}") for n in range(60)]
    async with opened(lib, [*turns, "At last."], over) as (model, _):
        agent = lib.Agent(name="A", model=model)
        agent.handoffs.append(agent)
        result = lib.Runner.run_streamed(agent, "x", max_turns=None)
        events = await told(result)
    updates = names(events).count("agent_updated_stream_event")
    if lib is agents:
        assert result.final_output == "At last." and updates == 61
    else:
        assert isinstance(events[-1], lib.UserError) and "max_handoffs" in str(events[-1]) and updates == 51


@rule("47")
async def test_the_turn_number_after_the_limit(lib: Any, over: Over) -> None:
    async with opened(lib, [CALL, "3"], over) as (model, _):
        result = lib.Runner.run_streamed(lib.Agent(name="A", model=model, tools=[adder(lib)]), "x", max_turns=1)
        events = await told(result)
    assert names(events)[-2:] == ["tool_output", "MaxTurnsExceeded"]
    assert result.current_turn == 2
    assert events[-1].run_data is not None and len(events[-1].run_data.new_items) == 2
