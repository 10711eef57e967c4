"""Every way to end a run, at every event of every kind of conversation, on a virtual clock.

A point is a script, an event of it, and a way to end the run when that event has been read. At that moment the model
and the tools stand still for good, so that nothing ends by itself. Afterwards nothing of the run is left: no task, no
timer, no open stream or generator, no complaint on the loop's exception handler; every tool that started is recorded,
the history can be sent again, and no time has passed on the loop's clock: no timer has decided anything.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from runs import SCRIPTS, WatchedModel, agent_of, assert_quiet
from virtual_loop import VirtualLoop, assert_no_complaints, run_virtually

from agentcell import Runner, RunResultStreaming
from agentcell.stream_events import ToolStarted


class Boom(Exception):
    """Raised by a loop's body."""


@dataclass
class Point:
    """Where a run ends, and what is looked at."""

    result: RunResultStreaming
    model: WatchedModel
    at: int
    """The event after which it ends, counted from 0."""
    signals: bool
    """Whether signals are read and counted, too: starts and ends of tools, and what a nested agent does."""

    def events(self) -> AsyncIterator[Any]:
        return self.result.stream_events(signals=True) if self.signals else aiter(self.result)

    def freeze(self) -> None:
        self.model.frozen = True


def here(point: Point, seen: int) -> bool:
    """Whether this is the event; from now on everything stands still."""
    if seen == point.at:
        point.freeze()
    return seen == point.at


async def by_break(point: Point) -> None:
    seen = 0
    async for _ in point.events():
        if here(point, seen):
            break
        seen += 1


async def by_exception(point: Point) -> None:
    async def body() -> None:
        seen = 0
        async for _ in point.events():
            if here(point, seen):
                raise Boom
            seen += 1

    with pytest.raises(Boom):
        await body()


async def by_abandoning_a_half_read_iterator(point: Point) -> None:
    events = point.events()
    for _ in range(point.at + 1):
        await anext(events)
    point.freeze()
    del events
    gc.collect(0)


async def by_aclose_of_the_iterator(point: Point) -> None:
    events: Any = point.events()
    for _ in range(point.at + 1):
        await anext(events)
    point.freeze()
    await events.aclose()


async def by_aclose_of_the_run(point: Point) -> None:
    events = point.events()
    for _ in range(point.at + 1):
        await anext(events)
    point.freeze()
    await point.result.aclose()


async def by_async_with(point: Point) -> None:
    async with point.result:
        seen = 0
        async for _ in point.events():
            if here(point, seen):
                break
            seen += 1


async def by_exception_in_async_with(point: Point) -> None:
    with pytest.raises(Boom):
        async with point.result:
            seen = 0
            async for _ in point.events():
                if here(point, seen):
                    raise Boom
                seen += 1


async def by_task_cancel_in_the_body(point: Point) -> None:
    reached = asyncio.Event()

    async def consume() -> None:
        seen = 0
        async for _ in point.events():
            if here(point, seen):
                reached.set()
                await asyncio.Event().wait()
            seen += 1

    task = asyncio.ensure_future(consume())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_task_cancel_while_waiting(point: Point) -> None:
    """The consumer waits for its next event, which does not come; when the run was over, it has ended itself."""
    last = asyncio.Event()

    async def consume() -> None:
        seen = 0
        async for _ in point.events():
            if here(point, seen):
                last.set()
            seen += 1

    task = asyncio.ensure_future(consume())
    await last.wait()
    for _ in range(100):  # read what was written before everything stood still
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


async def by_timeout_of_an_event(point: Point) -> None:
    """The only way that needs a timer, of its own."""
    events = point.events()
    for _ in range(point.at + 1):
        await anext(events)
    point.freeze()
    try:
        while True:
            await asyncio.wait_for(anext(events), 30)
    except (TimeoutError, StopAsyncIteration):
        pass


async def by_cancel(point: Point) -> None:
    seen = 0
    async for _ in point.events():
        assert seen <= point.at, "an event after the cancellation"
        if here(point, seen):
            point.result.cancel()
        seen += 1


async def by_cancel_from_a_thread(point: Point) -> None:
    seen = 0
    async for _ in point.events():
        if here(point, seen):
            await asyncio.to_thread(point.result.cancel)
        seen += 1


async def by_cancel_of_the_runs_task(point: Point) -> None:
    seen = 0
    async for _ in point.events():
        if here(point, seen) and point.result.run_loop_task is not None:
            point.result.run_loop_task.cancel()
        seen += 1


async def by_cancel_after_turn(point: Point) -> None:
    """The turn is completed, so nothing stands still; the next one does not begin."""
    seen, turn = 0, 0
    async for _ in point.events():
        if seen == point.at:
            point.result.cancel("after_turn")
            turn = point.result.current_turn
        seen += 1
    assert point.result.current_turn == turn


async def by_leaving_the_program(point: Point) -> None:
    """The loop ends with the run in the middle of it: `asyncio.run` cancels what is left."""
    events = point.events()
    for _ in range(point.at + 1):
        await anext(events)
    point.freeze()


ENDINGS = [
    by_break, by_exception, by_abandoning_a_half_read_iterator, by_aclose_of_the_iterator, by_aclose_of_the_run,
    by_async_with, by_exception_in_async_with, by_task_cancel_in_the_body, by_task_cancel_while_waiting,
    by_timeout_of_an_event, by_cancel, by_cancel_from_a_thread, by_cancel_of_the_runs_task, by_cancel_after_turn,
    by_leaving_the_program,
]  # fmt: skip

EVENTS = {
    ("plain", False): 13, ("plain", True): 18,
    ("parallel tools", False): 33, ("parallel tools", True): 50,
    ("handoff", False): 28, ("handoff", True): 40,
    ("guardrails", False): 20, ("guardrails", True): 31,
    ("nested agent", False): 20, ("nested agent", True): 62,
}  # fmt: skip
"""How many events a script has, without signals and with them; a point for each."""

Ending = Callable[[Point], Awaitable[None]]


@pytest.fixture(scope="module", autouse=True)
def frozen_garbage() -> Iterator[None]:
    """What is older than these tests need not be searched after each of them."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def number_of_events(name: str, signals: bool) -> int:
    found: list[Any] = []

    async def read(loop: VirtualLoop) -> None:
        agent, _ = agent_of(name)
        found.extend([event async for event in Runner.run_streamed(agent, "go").stream_events(signals=signals)])

    run_virtually(read)
    return len(found)


def assert_recorded(result: RunResultStreaming) -> None:
    """Every tool that started has its output, or that it is unknown, in the history; the user's message is kept."""
    started = [e.event.call_id for e in result._run.log.entries if isinstance(e.event, ToolStarted)]
    outputs = {item.call_id: item.output for item in result.new_items if item.type == "tool_call_output_item"}
    for call_id in started:
        said = outputs[call_id]
        assert said in ("one", "two", "three", "ask") or "unknown" in said or "cancelled" in said, said
    assert result.to_input_list()[0] == {"role": "user", "content": "go"}


def end(name: str, ending: Ending, at: int, signals: bool) -> VirtualLoop:
    """One point; gives its loop."""
    points: list[Point] = []

    async def run(loop: VirtualLoop) -> None:
        agent, model = agent_of(name)
        point = Point(Runner.run_streamed(agent, "go"), model, at, signals)
        points.append(point)
        await ending(point)
        if ending is by_leaving_the_program:
            return
        if point.result.run_loop_task is not None:
            await asyncio.wait([point.result.run_loop_task])
        for _ in range(20):  # a generator that was left is closed by a task of the loop
            if not loop.left_over():
                break
            await asyncio.sleep(0)
        assert loop.left_over() == []
        assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]

    loop = run_virtually(run)
    (point,) = points
    assert loop.time() == 0 or ending is by_timeout_of_an_event
    assert_quiet(point.result, point.model)
    assert_recorded(point.result)
    assert point.result.is_complete and point.result.status in ("stopped", "done")
    return loop


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.__name__)
@pytest.mark.parametrize("signals", [False, True], ids=["events", "signals"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_nothing_is_left(name: str, signals: bool, ending: Ending) -> None:
    assert_no_complaints([end(name, ending, at, signals) for at in range(EVENTS[name, signals])])


def test_every_event_is_a_point(record_property: Callable[[str, object], None]) -> None:
    """The numbers that the points are counted by are those of the scripts."""
    assert {key: number_of_events(*key) for key in EVENTS} == EVENTS
    assert {name for name, _ in EVENTS} == set(SCRIPTS)
    points = len(ENDINGS) * sum(EVENTS.values())
    record_property("points", points)
    assert points == 4725
