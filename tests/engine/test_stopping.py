"""Runs that are stopped, or not: readers and views, partial text, failures that nobody asks for, runs that hang."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from runs import SCRIPTS, WatchedModel, agent_of, assert_quiet, assert_valid_history

from agentcell import Runner, RunResultStreaming


async def quiet(result: RunResultStreaming) -> None:
    """Wait until the run's task has ended, as it must by itself."""
    task = result.run_loop_task
    if task is not None:
        await asyncio.wait([task], timeout=5)


async def events_of(name: str) -> int:
    agent, _ = agent_of(name)
    return len([event async for event in Runner.run_streamed(agent, "go")])


async def test_an_abandoned_iterator_stops_the_run(quiet_loop: list[dict[str, Any]]) -> None:
    """`break` alone does it: the loop's generator hook closes an iterator that nobody holds."""
    agent, model = agent_of("plain", hang=True)
    result = Runner.run_streamed(agent, "go")
    async for event in result:
        if event.type == "raw_response_event":
            break
    assert result.run_loop_task is not None
    await asyncio.wait([result.run_loop_task], timeout=5)
    assert_quiet(result, model)
    assert result.status == "stopped"


async def test_partial_text_is_kept(quiet_loop: list[dict[str, Any]]) -> None:
    agent, _ = agent_of("plain", hang=True)
    result = Runner.run_streamed(agent, "go")
    async for event in result:
        if event.type == "raw_response_event" and event.data.type == "response.output_text.done":
            result.cancel()
    assert result.partial_text == "One two three."
    assert result.final_output is None
    assert "Partial text" in str(result) and "One two three." in str(result)


async def test_the_stopped_history_can_be_sent_again(quiet_loop: list[dict[str, Any]]) -> None:
    """A run stopped while its tools run leaves a history that a next run can start from."""
    agent, _ = agent_of("parallel tools")
    first = Runner.run_streamed(agent, "go")
    async for event in first.stream_events(signals=True):
        if type(event).__name__ == "ToolStarted":
            first.cancel()
    await first.aclose()
    assert len(first.new_items) == 6
    agent.model = model = WatchedModel([SCRIPTS["plain"][0]])
    await Runner.run(agent, [*first.to_input_list(), {"role": "user", "content": "Go on."}])
    assert_valid_history(model.inputs[0])


async def test_a_second_reader_keeps_the_run_alive(quiet_loop: list[dict[str, Any]]) -> None:
    agent, model = agent_of("parallel tools")
    result = Runner.run_streamed(agent, "go")
    other = result.stream_events()
    events = [await anext(other)]
    async for _ in result:
        break
    events += [event async for event in other]
    assert result.status == "done" and result.final_output == "Done now."
    assert len(events) == await events_of("parallel tools")
    assert_quiet(result, model)


async def test_the_last_of_two_readers_stops_the_run(quiet_loop: list[dict[str, Any]]) -> None:
    agent, model = agent_of("plain", hang=True)
    result = Runner.run_streamed(agent, "go")
    first, second = result.stream_events(), result.stream_events()
    await anext(first)
    await anext(second)
    await first.aclose()  # type: ignore[attr-defined]
    for _ in range(20):
        await asyncio.sleep(0)
    assert result.status == "running"
    await second.aclose()  # type: ignore[attr-defined]
    await quiet(result)
    assert_quiet(result, model)
    assert result.status == "stopped"


async def test_a_view_does_not_keep_a_run_alive(quiet_loop: list[dict[str, Any]]) -> None:
    agent, model = agent_of("plain", hang=True)
    result = Runner.run_streamed(agent, "go")
    view = result._run.log.reader(consumer=False)
    async for _ in result:
        break
    await quiet(result)
    assert_quiet(result, model)
    entries = []
    while more := await view.take_all():
        entries += more
    assert type(entries[-1].event).__name__ == "RunFinished"


async def test_a_view_does_not_stop_a_run(quiet_loop: list[dict[str, Any]]) -> None:
    agent, _ = agent_of("parallel tools")
    result = Runner.run_streamed(agent, "go")
    view = result._run.log.reader(consumer=False)
    assert await view.take_all()
    view.close()
    assert (await result).final_output == "Done now."


async def test_a_view_does_not_hold_up_the_next_turn(quiet_loop: list[dict[str, Any]]) -> None:
    agent, _ = agent_of("parallel tools")
    result = Runner.run_streamed(agent, "go")
    view = result._run.log.reader(consumer=False)
    assert await view.take() is not None  # and no more
    assert len([event async for event in result]) == await events_of("parallel tools")
    view.close()


async def test_an_unconsumed_run_goes_on_to_the_end(quiet_loop: list[dict[str, Any]]) -> None:
    agent, model = agent_of("handoff")
    result = Runner.run_streamed(agent, "go")
    assert result.run_loop_task is not None or result.status == "running"
    await result.run_loop_task  # type: ignore[misc]
    assert result.final_output == "B speaks." and result.last_agent.name == "B"
    assert_quiet(result, model)


@pytest.mark.parametrize("first", ["final_output", "result", "stream", "await"])
async def test_an_unconsumed_failure_is_told_once(first: str, quiet_loop: list[dict[str, Any]]) -> None:
    """Nothing complains by itself; the first who asks for the outcome is told."""
    from agentcell import MaxTurnsExceeded

    agent, _ = agent_of("parallel tools")
    result = Runner.run_streamed(agent, "go", max_turns=1)
    await asyncio.wait([result.run_loop_task])  # type: ignore[list-item]
    assert isinstance(result.run_loop_exception, MaxTurnsExceeded)
    assert result.is_complete and result.status == "failed"
    with pytest.raises(MaxTurnsExceeded):
        if first == "final_output":
            _ = result.final_output
        elif first == "result":
            _ = result.result
        elif first == "await":
            await result
        else:
            async for _ in result:
                pass
    assert result.final_output is None
    with pytest.raises(MaxTurnsExceeded):
        _ = result.result


async def test_a_forgotten_failure_is_silent(quiet_loop: list[dict[str, Any]]) -> None:
    """`quiet_loop` collects garbage and fails on "Task exception was never retrieved"."""
    agent, _ = agent_of("parallel tools")
    task = Runner.run_streamed(agent, "go", max_turns=1).run_loop_task
    assert task is not None
    await asyncio.wait([task])
    del task


async def test_cancelling_the_run_task_from_outside(quiet_loop: list[dict[str, Any]]) -> None:
    agent, model = agent_of("plain", hang=True)
    result = Runner.run_streamed(agent, "go")
    await asyncio.sleep(0)
    assert result.run_loop_task is not None
    result.run_loop_task.cancel()
    async for _ in result:
        pass
    await asyncio.wait([result.run_loop_task])
    assert_quiet(result, model)
    assert result.status == "stopped" and result.final_output is None


async def test_cancelling_a_run_without_streaming(quiet_loop: list[dict[str, Any]]) -> None:
    """`Runner.run` works in its caller's task, and its cancellation is the caller's."""
    agent, model = agent_of("plain", hang=True)
    task = asyncio.ensure_future(Runner.run(agent, "go"))
    while not model.open:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert model.open == 0


async def test_a_timeout_around_a_run(quiet_loop: list[dict[str, Any]]) -> None:
    agent, model = agent_of("plain", hang=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            async for _ in Runner.run_streamed(agent, "go"):
                pass
    for _ in range(20):
        await asyncio.sleep(0)
    assert model.open == 0


async def test_cancelling_before_the_start(quiet_loop: list[dict[str, Any]]) -> None:
    agent, model = agent_of("plain")
    result = Runner.run_streamed(agent, "go")
    result.cancel()
    await result.aclose()
    assert [event async for event in result] == []
    assert model.calls == 0
    assert_quiet(result, model)


async def test_a_hanging_tool_is_cancelled(quiet_loop: list[dict[str, Any]]) -> None:
    from agentcell import Agent, function_tool
    from agentcell.models.response_events import function_call_item as call

    seen: list[str] = []
    running = asyncio.Event()

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
    assert_quiet(result, model)
    assert "unknown" in result.new_items[-1].output  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["response.failed", "response.incomplete"])
async def test_a_failing_stream_is_closed_before_the_run_has_ended(
    kind: str, quiet_loop: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the loop, and not some time later by the garbage collector."""
    from agentcell import Agent, StreamInterrupted
    from agentcell.models.response_events import message_item, response_events, typed

    status = kind.removeprefix("response.")
    failed = list(response_events([message_item("x")], response_id="r", model="m", status=status))[-1]  # type: ignore[arg-type]
    opened: list[bool] = []

    class Failing(WatchedModel):
        async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:  # type: ignore[override]
            self.open += 1
            try:
                yield typed(failed)
                yield typed(failed)
            finally:
                self.open -= 1

    model = Failing([])
    result = Runner.run_streamed(Agent(name="A", model=model), "go")
    fail = result._run.fail
    monkeypatch.setattr(result._run, "fail", lambda error: (opened.append(bool(model.open)), fail(error)))
    with pytest.raises(StreamInterrupted):
        await result
    assert opened == [False]
