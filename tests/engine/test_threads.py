"""The library's own loop: context, results, errors, interrupts; and runs that live on it."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any

import pytest
from runs import WatchedModel, agent_of, assert_quiet, texts

from agentcell import Agent, MaxTurnsExceeded, Runner, UserError, function_tool
from agentcell.engine import threads
from agentcell.engine.threads import LoopThread
from agentcell.models.response_events import function_call_item as call

where: contextvars.ContextVar[str] = contextvars.ContextVar("where", default="nowhere")


@pytest.fixture
def own() -> Any:
    thread = LoopThread("test")
    yield thread
    thread.close()


def test_results_and_errors_come_back(own: LoopThread) -> None:
    async def double(value: int) -> int:
        await asyncio.sleep(0)
        return value * 2

    async def fail() -> None:
        raise KeyError("no")

    assert own.run(double(4)) == 8
    with pytest.raises(KeyError):
        own.run(fail())


def test_a_timeout_error_of_the_work_is_not_taken_for_waiting(own: LoopThread) -> None:
    async def fail() -> None:
        raise TimeoutError("from the work")

    with pytest.raises(TimeoutError, match="from the work"):
        own.run(fail())


def test_work_sees_the_callers_context(own: LoopThread) -> None:
    async def look() -> str:
        return where.get()

    where.set("here")
    assert own.run(look()) == "here"


def test_there_is_one_loop_and_one_daemon_thread(own: LoopThread) -> None:
    assert own.loop() is own.loop()
    assert [t.daemon for t in threading.enumerate() if t.name == "test"] == [True]


def test_closing_ends_everything_in_order_and_the_next_use_starts_anew(own: LoopThread) -> None:
    ended: list[str] = []

    async def begin() -> None:
        async def forever() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("task")

        async def values() -> Any:
            try:
                yield 1
            finally:
                ended.append("generator")

        kept.extend([asyncio.ensure_future(forever()), values()])
        await anext(kept[1])

    kept: list[Any] = []
    own.run(begin())
    first = own.loop()
    own.close()
    own.close()
    assert ended == ["task", "generator"] and first.is_closed()
    assert not [t for t in threading.enumerate() if t.name == "test"]
    assert own.run(asyncio.sleep(0, "again")) == "again" and own.loop() is not first


@pytest.mark.parametrize("with_handler", [True, False])
def test_an_interrupt_ends_the_work(own: LoopThread, with_handler: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while waiting: the work is told, has ended when the interrupt goes on, and its end was orderly."""
    ended = threading.Event()
    stop: Callable[[], Any] | None = None

    async def work() -> None:
        nonlocal stop
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        stop = lambda: loop.call_soon_threadsafe(task.cancel)  # noqa: E731
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    started = threading.Event()
    begin = own.start

    def interrupted(coroutine: Any) -> Any:
        outcome = begin(coroutine)
        started.wait()
        monkeypatch.setattr(outcome, "result", lambda timeout: (_ for _ in ()).throw(KeyboardInterrupt))
        return outcome

    monkeypatch.setattr(own, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        own.run(work(), on_interrupt=(lambda: stop and stop()) if with_handler else None)
    assert ended.wait(5)


def test_run_sync_without_a_loop() -> None:
    agent, model = agent_of("parallel tools")
    result = Runner.run_sync(agent, "go")
    assert result.final_output == "Done now." and model.open == 0


async def test_run_sync_inside_a_running_loop() -> None:
    agent, model = agent_of("parallel tools")
    assert Runner.run_sync(agent, "go").final_output == "Done now."
    assert model.open == 0


async def test_run_sync_inside_a_loop_keeps_the_context() -> None:
    seen: list[str] = []

    @function_tool
    def look() -> str:
        seen.append(where.get())
        return ""

    where.set("cell 3")
    model = WatchedModel([[call("look", {}, call_id="c1")], texts("ok")])
    Runner.run_sync(Agent(name="A", model=model, tools=[look]), "go")
    assert seen == ["cell 3"]


@pytest.mark.parametrize("inside", [True, False])
def test_run_sync_raises_the_runs_error(inside: bool) -> None:
    agent, _ = agent_of("parallel tools")

    async def in_a_loop() -> Any:
        return Runner.run_sync(agent, "go", max_turns=1)

    with pytest.raises(MaxTurnsExceeded):
        if inside:
            asyncio.run(in_a_loop())
        else:
            Runner.run_sync(agent, "go", max_turns=1)


async def test_an_interrupt_of_run_sync_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    agent, model = agent_of("plain", hang=True)
    begin = threads.own_loop.start

    def interrupted(coroutine: Any) -> Any:
        outcome = begin(coroutine)
        while not model.open:
            pass
        monkeypatch.setattr(outcome, "result", lambda timeout: (_ for _ in ()).throw(KeyboardInterrupt))
        return outcome

    monkeypatch.setattr(threads.own_loop, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Runner.run_sync(agent, "go")
    assert model.open == 0


def test_a_run_made_outside_a_loop_waits_for_its_first_reader() -> None:
    agent, model = agent_of("parallel tools")
    result = Runner.run_streamed(agent, "go")
    assert result.status == "prepared" and result.run_loop_task is None and model.calls == 0

    async def read() -> list[Any]:
        return [event async for event in result]

    events = asyncio.run(read())
    assert events and result.final_output == "Done now."
    assert_quiet(result, model)
    assert asyncio.run(read()) == events, "a later reader, on another loop, gets the same"


def test_awaiting_a_run_made_outside_a_loop() -> None:
    agent, _ = agent_of("handoff")
    result = Runner.run_streamed(agent, "go")

    async def wait() -> Any:
        return await result

    assert asyncio.run(wait()).final_output == "B speaks."


def test_waiting_without_a_loop() -> None:
    agent, model = agent_of("handoff")
    result = Runner.run_streamed(agent, "go")
    assert result.wait().final_output == "B speaks."
    assert_quiet(result, model)


def test_starting_without_a_loop() -> None:
    agent, _ = agent_of("handoff")
    result = Runner.run_streamed(agent, "go")
    result.start()
    result.start()
    assert result.wait().final_output == "B speaks."


def test_cancelling_a_run_that_was_just_started_elsewhere() -> None:
    """The cancellation is not lost, although the run has no task yet."""
    for _ in range(20):
        agent, model = agent_of("plain", hang=True)
        result = Runner.run_streamed(agent, "go")
        result.start()
        result.cancel()
        ended = threading.Event()
        threading.Thread(target=lambda r=result, e=ended: (asyncio.run(r._run.log.wait_closed()), e.set())).start()
        assert ended.wait(5)
        assert result.status == "stopped" and model.open == 0


def test_cancelling_a_run_that_was_only_prepared() -> None:
    agent, model = agent_of("plain")
    result = Runner.run_streamed(agent, "go")
    result.cancel()
    assert result.status == "stopped" and result.is_complete and model.calls == 0
    with pytest.raises(UserError):
        asyncio.run(wait_inside(result))
    assert result.wait().final_output is None


async def wait_inside(result: Any) -> None:
    result.wait()


async def test_a_run_is_read_from_another_loop() -> None:
    agent, _ = agent_of("parallel tools")
    result = Runner.run_streamed(agent, "go")

    async def read() -> list[str]:
        return [event.type async for event in result]

    elsewhere = asyncio.ensure_future(asyncio.to_thread(lambda: asyncio.run(read())))
    here = await read()
    assert await elsewhere == here
