"""Many calls in one turn, and what is left of each of them when the run ends in between."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from runs import WatchedModel, assert_quiet, assert_valid_history, texts

from agentcell import Agent, ModelBehaviorError, RunConfig, RunHooks, Runner, UserError, function_tool
from agentcell.engine import calls as engine_calls
from agentcell.engine.call_ids import without_repeats
from agentcell.engine.tool_call import NEVER_STARTED, STILL_RUNNING
from agentcell.items import ToolCallItem
from agentcell.models.response_events import function_call_item as call
from agentcell.models.response_events import response_events, typed
from agentcell.run_config import ToolExecutionConfig
from agentcell.stream_events import ToolFinished, ToolStarted


def outputs_of(result: Any) -> dict[str, Any]:
    return {item.call_id: item.output for item in result.new_items if item.type == "tool_call_output_item"}


async def signals_of(result: Any) -> list[Any]:
    return [
        event async for event in result.stream_events(signals=True) if isinstance(event, (ToolStarted, ToolFinished))
    ]


async def test_calls_that_never_started_say_so(quiet_loop: list[Any]) -> None:
    ran: list[str] = []

    @function_tool(failure_error_function=None)
    async def a() -> str:
        raise ValueError("no way")

    @function_tool
    async def b() -> str:
        ran.append("b")
        return "b"

    model = WatchedModel([[call(name, {}, call_id=f"c_{name}") for name in "abb"[:2]]])
    config = RunConfig(tool_execution=ToolExecutionConfig(max_function_tool_concurrency=1))
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[a, b]), "go", run_config=config)
    with pytest.raises(UserError, match="Error running tool a: no way"):
        await result
    assert not ran
    assert outputs_of(result) == {
        "c_a": "The tool failed: UserError: Error running tool a: no way",
        "c_b": NEVER_STARTED,
    }
    assert_quiet(result, model)


@pytest.mark.parametrize("most", [1, 2, 3, 5])
async def test_no_more_calls_at_the_same_time_than_allowed(most: int, quiet_loop: list[Any]) -> None:
    now, peak = 0, 0

    @function_tool
    async def busy(n: int) -> int:
        nonlocal now, peak
        now += 1
        peak = max(peak, now)
        for _ in range(n):
            await asyncio.sleep(0)
        now -= 1
        return n

    model = WatchedModel([[call("busy", {"n": 7 - n}, call_id=f"c{n}") for n in range(6)], texts("Done.")])
    config = RunConfig(tool_execution=ToolExecutionConfig(max_function_tool_concurrency=most))
    result = await Runner.run(Agent(name="A", model=model, tools=[busy]), "go", run_config=config)
    assert peak == most
    assert list(outputs_of(result).values()) == [7, 6, 5, 4, 3, 2], "outputs are in call order"


async def test_the_error_of_the_first_call_is_raised_and_no_other_is_lost(quiet_loop: list[Any]) -> None:
    together = asyncio.Event()

    def failing(name: str) -> Any:
        @function_tool(name_override=name, failure_error_function=None)
        async def tool() -> str:
            await together.wait()
            raise ValueError(name)

        return tool

    @function_tool
    async def go() -> str:
        together.set()
        return "gone"

    model = WatchedModel([[call(name, {}, call_id=f"c_{name}") for name in ("x", "y", "go")]])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[failing("x"), failing("y"), go]), "go")
    with pytest.raises(UserError, match="Error running tool x: x"):
        await result
    outputs = outputs_of(result)
    assert outputs["c_y"] == "The tool failed: UserError: Error running tool y: y" and outputs["c_go"] == "gone"
    assert_quiet(result, model)


async def test_a_tool_that_ignores_its_cancellation_is_left_behind(
    quiet_loop: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_calls, "PATIENCE", 0.001)
    running, release, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @function_tool
    async def stubborn() -> str:
        running.set()
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        ended.set()
        raise ValueError("nobody asks")

    model = WatchedModel([[call("stubborn", {}, call_id="c1")]])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[stubborn]), "go")
    await running.wait()
    result.cancel()
    await result.aclose()
    assert result.status == "stopped" and not ended.is_set()
    assert "unknown" in outputs_of(result)["c1"]
    assert_quiet(result, model)
    release.set()
    await ended.wait()


async def test_a_cancelled_async_tool_is_told(quiet_loop: list[Any]) -> None:
    running = asyncio.Event()
    seen: list[str] = []

    @function_tool
    async def hang() -> str:
        running.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        return ""

    model = WatchedModel([[call("hang", {}, call_id="c1")]])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[hang]), "go")
    await running.wait()
    result.cancel()
    await result.aclose()
    assert seen == ["cancelled"]
    said = [e.event for e in result._run.log.entries if isinstance(e.event, ToolFinished)]
    assert [(s.status, s.error) for s in said] == [("cancelled", None)]


async def test_a_cancelled_sync_tool_says_that_its_thread_runs_on(quiet_loop: list[Any]) -> None:
    running, release, ended = threading.Event(), threading.Event(), threading.Event()

    @function_tool
    def hang() -> str:
        running.set()
        release.wait(10)
        ended.set()
        return ""

    model = WatchedModel([[call("hang", {}, call_id="c1")]])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[hang]), "go")
    await asyncio.to_thread(running.wait, 10)
    result.cancel()
    await result.aclose()
    said = [e.event for e in result._run.log.entries if isinstance(e.event, ToolFinished)]
    assert [(s.status, s.error) for s in said] == [("cancelled", STILL_RUNNING)]
    assert not ended.is_set()
    release.set()
    await asyncio.to_thread(ended.wait, 10)


def test_a_hanging_thread_does_not_hold_up_the_loop_it_came_from() -> None:
    """`asyncio.run` waits for the threads of its executor; tools have threads of their own."""
    running, release = threading.Event(), threading.Event()

    @function_tool
    def hang() -> str:
        running.set()
        release.wait(10)
        return ""

    async def main() -> str:
        model = WatchedModel([[call("hang", {}, call_id="c1")]])
        result = Runner.run_streamed(Agent(name="A", model=model, tools=[hang]), "go")
        await asyncio.to_thread(running.wait, 10)
        await result.aclose()
        return result.status

    assert asyncio.run(main()) == "stopped"
    assert not release.is_set()
    release.set()


@pytest.mark.parametrize("rule", ["always", "by call"])
async def test_a_tool_that_needs_approval_does_not_run(rule: str, quiet_loop: list[Any]) -> None:
    ran, asked = [], []

    async def asks(context: Any, arguments: dict[str, Any], call_id: str) -> bool:
        asked.append((context.context, arguments, call_id))
        return arguments["a"] > 1

    @function_tool(needs_approval=True if rule == "always" else asks)
    def pay(a: int) -> str:
        ran.append(a)
        return "paid"

    @function_tool
    def free() -> str:
        ran.append("free")
        return ""

    model = WatchedModel([[call("free", {}, call_id="c0"), call("pay", {"a": 2}, call_id="c1")]])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[pay, free]), "go", context="mine")
    await result
    assert ran == ["free"] and [item.call_id for item in result.interruptions] == ["c1"]
    assert result.status == "paused" and result.is_complete and result.final_output is None
    assert asked == ([] if rule == "always" else [("mine", {"a": 2}, "c1")])
    assert model.open == 0 and result._run.log.closed


async def test_a_call_that_needs_no_approval_runs(quiet_loop: list[Any]) -> None:
    async def asks(context: Any, arguments: dict[str, Any], call_id: str) -> bool:
        return arguments.get("a", 0) > 1

    @function_tool(needs_approval=asks)
    def pay(a: int) -> str:
        return "paid"

    turns = [[call("pay", {"a": 1}, call_id="c1"), call("pay", "{bad", call_id="c2")], texts("Done.")]
    result = await Runner.run(Agent(name="A", model=WatchedModel(turns), tools=[pay]), "go")
    assert outputs_of(result) == {"c1": "paid"}
    assert [item.call_id for item in result.interruptions] == ["c2"], "arguments that cannot be read need approval"


async def test_a_result_is_kept_when_the_hook_behind_it_fails(quiet_loop: list[Any]) -> None:
    class Bad(RunHooks):
        async def on_tool_end(self, context: Any, agent: Any, tool: Any, result: Any) -> None:
            raise LookupError("hook")

    @function_tool
    def f() -> str:
        return "the result"

    model = WatchedModel([[call("f", {}, call_id="c1")]])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[f]), "go", hooks=Bad())
    with pytest.raises(UserError, match="Error running tool f: hook"):
        await result
    assert outputs_of(result) == {"c1": "the result"}
    said = [e.event for e in result._run.log.entries if isinstance(e.event, ToolFinished)]
    assert [s.status for s in said] == ["completed"]


async def test_signals_go_out_in_the_order_in_which_calls_end(quiet_loop: list[Any]) -> None:
    first = asyncio.Event()

    @function_tool
    async def slow() -> str:
        await first.wait()
        return "slow"

    @function_tool
    async def fast() -> str:
        first.set()
        return "fast"

    model = WatchedModel([[call("slow", {}, call_id="c1"), call("fast", {}, call_id="c2")], texts("Done.")])
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[slow, fast]), "go")
    signals = await signals_of(result)
    assert [(type(s).__name__, s.call_id) for s in signals] == [
        ("ToolStarted", "c1"),
        ("ToolStarted", "c2"),
        ("ToolFinished", "c2"),
        ("ToolFinished", "c1"),
    ]


def made(*items: dict[str, Any]) -> list[Any]:
    """Output items as the official client's objects."""
    last: Any = typed(list(response_events(list(items), response_id="r", model="m"))[-1])
    return last.response.output


def earlier(*items: dict[str, Any]) -> list[ToolCallItem]:
    return [ToolCallItem(Agent(name="A"), item) for item in made(*items)]


ADD = call("add", '{"a":1,"b":2}', call_id="c1")


@pytest.mark.parametrize("again", ['{"a":1,"b":2}', '{"b": 2, "a": 1}'])
def test_the_same_call_again_is_left_out(again: str) -> None:
    twice = made(ADD, call("add", again, call_id="c1"))
    assert without_repeats(twice, []) == twice[:1]
    assert without_repeats(twice[1:], earlier(ADD)) == []


@pytest.mark.parametrize(
    "other",
    [
        call("add", '{"a":1,"b":3}', call_id="c1"),
        call("sub", '{"a":1,"b":2}', call_id="c1"),
        call("add", "{bad", call_id="c1"),
        {**ADD, "namespace": "x"},
    ],
    ids=["arguments", "tool", "no JSON", "namespace"],
)
def test_an_id_for_another_call_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(ModelBehaviorError, match="in one response"):
        without_repeats(made(ADD, other), [])
    with pytest.raises(ModelBehaviorError, match="completed tool call ID"):
        without_repeats(made(other), earlier(ADD))


def test_other_ids_and_other_items_stay() -> None:
    output = made(*texts("Hi."), ADD, call("add", '{"a":1,"b":2}', call_id="c2"))
    assert without_repeats(output, earlier(call("add", "{}", call_id="c0"))) == output
    assert without_repeats(made(*texts("Hi.")), earlier(ADD))[0].type == "message"


async def test_history_stays_valid_with_every_kind_of_end(quiet_loop: list[Any]) -> None:
    @function_tool
    def fine() -> str:
        return "fine"

    @function_tool(failure_error_function=None)
    def fatal() -> str:
        raise ValueError("x")

    names = ["fine", "fatal", "fine", "missing"]
    model = WatchedModel([[call(name, {}, call_id=f"c{i}") for i, name in enumerate(names)]])
    config = RunConfig(tool_not_found_behavior="return_error_to_model")
    result = Runner.run_streamed(Agent(name="A", model=model, tools=[fine, fatal]), "go", run_config=config)
    with pytest.raises(UserError):
        await result
    assert_valid_history(result.to_input_list())
