"""Every way to end a run, at every event, with the conversation in an SQLite file.

A point is a script, a way to end it, and the event after which that happens; at that moment the model and the
asynchronous tools stand still for good. The tools note in a list when they start and when they end: that is the truth
which the file is compared with. Whatever was ended where, the history in the file can be sent, it has the user's
message, it shows each tool that started, with its result or as unknown, and it claims no result that there was not.
Then another run goes on from there, through the real client, on a server that checks as strictly as the service.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from runs import WatchedModel, call, texts

from agentcell import Agent, Runner, RunResultStreaming, SQLiteSession, function_tool
from agentcell.testing import LoopbackServer, assert_sendable
from agentcell.tool_context import ToolContext


@dataclass
class Truth:
    """What really happened in a run's tools."""

    model: WatchedModel
    started: list[str] = field(default_factory=list)
    """Ids of calls, in the order their tools started."""
    ended: list[str] = field(default_factory=list)
    """Ids of calls whose tools came to their end."""


@function_tool
async def work(context: ToolContext[Truth], steps: int) -> str:
    truth = context.context
    truth.started.append(context.tool_call_id)
    for _ in range(steps):
        await truth.model.step()
    truth.ended.append(context.tool_call_id)
    return f"result of {context.tool_call_id}"


@function_tool
def work_in_a_thread(context: ToolContext[Truth]) -> str:
    context.context.started.append(context.tool_call_id)
    context.context.ended.append(context.tool_call_id)
    return f"result of {context.tool_call_id}"


@function_tool(needs_approval=True)
async def work_if_approved(context: ToolContext[Truth]) -> str:
    context.context.started.append(context.tool_call_id)
    await context.context.model.step()
    context.context.ended.append(context.tool_call_id)
    return f"result of {context.tool_call_id}"


TOOLS = [work, work_in_a_thread, work_if_approved]

SCRIPTS: dict[str, list[Any]] = {
    "plain": [texts("One two three.")],
    "parallel tools": [
        [
            call("work", {"steps": 1}, call_id="short"),
            call("work_in_a_thread", {}, call_id="thread"),
            call("work", {"steps": 5}, call_id="long"),
        ],
        [call("work", {"steps": 1}, call_id="second")],
        texts("Done."),
    ],
    "handoff": [
        [call("work", {"steps": 2}, call_id="before"), call("transfer_to_b", {}, call_id="handoff")],
        [call("work", {"steps": 1}, call_id="after")],
        texts("B is done."),
    ],
    "approval": [
        [call("work", {"steps": 1}, call_id="free"), call("work_if_approved", {}, call_id="gated")],
        texts("Approved."),
    ],
    "nested agent": [
        [call("ask", {"input": "go"}, call_id="asked")],
        [call("work", {"steps": 2}, call_id="inner")],
        texts("From within."),
        texts("Done."),
    ],
}


@dataclass
class Point:
    """Where a run ends."""

    name: str
    """The script."""
    at: int
    """The event after which it ends, counted from 0 over all runs of the script."""
    path: Path
    """The file of the session."""
    result: RunResultStreaming = field(init=False)
    """The run that goes on."""
    truth: Truth = field(init=False)
    """What has happened."""
    reached: bool = False
    """Whether there was such an event."""

    def session(self, kind: str = "outer") -> SQLiteSession:
        return SQLiteSession(f"{kind} {self.at}", self.path)

    def here(self, seen: int) -> bool:
        if seen == self.at:
            self.reached = self.truth.model.frozen = True
        return self.reached


EVENTS = {
    "plain": (13, 18), "parallel tools": (41, 64), "handoff": (38, 56), "approval": (27, 46), "nested agent": (20, 63),
}  # fmt: skip
"""How many events a script has, without signals and with them; a point for each."""

Ending = Callable[[Point, AsyncIterator[Any], int], Awaitable[int]]
"""Reads a run that begins with the event of this number, ends it when it is time, and says how many it has seen."""


async def by_cancel(point: Point, events: AsyncIterator[Any], seen: int) -> int:
    async for _ in events:
        if point.here(seen):
            point.result.cancel()
        seen += 1
    return seen


async def by_break(point: Point, events: AsyncIterator[Any], seen: int) -> int:
    async for _ in events:
        seen += 1
        if point.here(seen - 1):
            break
    return seen


async def by_task_cancel(point: Point, events: AsyncIterator[Any], seen: int) -> int:
    reached = asyncio.Event()

    async def consume() -> int:
        count = seen
        async for _ in events:
            count += 1
            if point.here(count - 1):
                reached.set()
        return count

    task, waiting = asyncio.ensure_future(consume()), asyncio.ensure_future(reached.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if reached.is_set():
        task.cancel()
    await asyncio.wait([task])
    return seen if task.cancelled() else task.result()


async def by_cancelling_again_and_again(point: Point, events: AsyncIterator[Any], seen: int) -> int:
    """As somebody does who clicks on Stop until everything is quiet: at every turn of the loop."""
    async for _ in events:
        if point.here(seen):
            task = point.result.run_loop_task
            assert task is not None
            while not task.done():
                task.cancel()
                await asyncio.sleep(0)
        seen += 1
    return seen


async def by_cancel_after_turn(point: Point, events: AsyncIterator[Any], seen: int) -> int:
    async for _ in events:
        if seen == point.at:
            point.reached = True
            point.result.cancel("after_turn")
        seen += 1
    return seen


async def by_leaving_the_program(point: Point, events: AsyncIterator[Any], seen: int) -> int:
    """The loop ends with the run in the middle of it: `asyncio.run` cancels all tasks, those that write included."""
    async for _ in events:
        seen += 1
        if point.here(seen - 1):
            raise KeyboardInterrupt
    return seen


ENDINGS = [
    by_cancel, by_break, by_task_cancel, by_cancelling_again_and_again, by_cancel_after_turn, by_leaving_the_program
]  # fmt: skip
AT_SIGNALS = (by_cancel, by_cancelling_again_and_again, by_leaving_the_program)
"""Endings that happen at signals, too: when a tool has started or ended, and within a nested run."""


def agent_of(name: str, nested: SQLiteSession) -> tuple[Agent[Any], Truth]:
    model = WatchedModel(SCRIPTS[name])
    other = Agent(name="B", model=model, tools=list(TOOLS))
    agent = Agent(name="A", model=model, tools=list(TOOLS), handoffs=[other])
    if name == "nested agent":
        agent.tools.append(other.as_tool("ask", "Ask B.", session=nested))
    return agent, Truth(model)


async def play(point: Point, ending: Ending, session: SQLiteSession, nested: SQLiteSession) -> None:
    """One point: the run, and for the script with an approval the run that goes on after it."""
    agent, point.truth = agent_of(point.name, nested)
    signals = ending in AT_SIGNALS
    point.result = Runner.run_streamed(agent, "go", context=point.truth, session=session)
    seen = await ending(point, point.result.stream_events(signals=signals), 0)
    await quiet(point)
    if point.result.interruptions and not point.reached:
        state = point.result.to_state()
        state.approve(point.result.interruptions[0])
        point.result = Runner.run_streamed(agent, state, session=session)
        await ending(point, point.result.stream_events(signals=signals), seen)
        await quiet(point)


async def quiet(point: Point) -> None:
    """Wait until nothing is going on, tools that were left behind included."""
    here = asyncio.current_task()
    while others := [task for task in asyncio.all_tasks() if task is not here]:
        await asyncio.wait(others, timeout=5)
    assert point.result.is_complete


def assert_true(items: list[Any], truth: Truth, calls: set[str]) -> None:
    """The history is whole, begins with what the user said, and says of these calls what happened."""
    assert_sendable(items)
    assert items[0] == {"role": "user", "content": "go"}
    assert sum(item.get("role") == "user" for item in items) == 1
    called = [item["call_id"] for item in items if item.get("type") == "function_call"]
    assert len(called) == len(set(called)), "a call is there twice"
    outputs = {item["call_id"]: item["output"] for item in items if item.get("type") == "function_call_output"}
    assert set(outputs) == set(called)
    for call_id in calls & set(truth.started):
        said = outputs[call_id]
        assert said == f"result of {call_id}" or "unknown" in said, f"{call_id} started: {said!r}"
    for call_id, said in outputs.items():
        if call_id in calls and said == f"result of {call_id}":
            assert call_id in truth.ended


def history(session: SQLiteSession) -> list[Any]:
    with closing(session):
        return asyncio.run(session.get_items())


def check(point: Point) -> list[Any]:
    """Compare the files with the truth; the history of the outer run."""
    truth, calls = point.truth, {item["call_id"] for turn in SCRIPTS[point.name] for item in turn if "call_id" in item}
    items = history(point.session())
    assert_true(items, truth, calls - {"inner"})
    inner = history(point.session("nested"))
    if inner:
        assert_true(inner, truth, {"inner"})
        assert any(item.get("call_id") == "asked" for item in items), "a nested run without the call that it answers"
    assert inner or "inner" not in truth.started
    return items


def go_on(points: list[Point]) -> None:
    """Another run in each session, which the service must take."""
    from openai import AsyncOpenAI

    from agentcell import OpenAIResponsesModel

    async def run(base_url: str) -> None:
        async with AsyncOpenAI(base_url=base_url, api_key="test", max_retries=0) as client:
            agent = Agent(name="A", model=OpenAIResponsesModel("gpt-test", client), tools=list(TOOLS))
            for point in points:
                with closing(point.session()) as session:
                    before = await session.get_items()
                    result = await Runner.run(agent, "and then?", session=session)
                    assert result.final_output == "I see."
                    said = await session.get_items()
                    assert said[:-2] == before
                    assert [item.get("role") for item in said[-2:]] == ["user", "assistant"]

    with LoopbackServer(["I see."] * len(points), strict=True) as server:
        asyncio.run(run(server.base_url))
        server.assert_complete()


@pytest.fixture(scope="module", autouse=True)
def frozen_garbage() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.__name__)
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_file_tells_the_truth(name: str, ending: Ending, tmp_path: Path) -> None:
    path = tmp_path / "chats.db"
    different: dict[str, Point] = {}
    at = 0
    with closing(SQLiteSession("keeps the file open", path)) as keeper:
        asyncio.run(keeper.get_items())
        while True:
            point = Point(name, at, path)
            with closing(point.session()) as session, closing(point.session("nested")) as nested:
                try:
                    asyncio.run(play(point, ending, session, nested))
                except KeyboardInterrupt:
                    assert ending is by_leaving_the_program
            if not point.reached:
                break
            different.setdefault(json.dumps(check(point)), point)
            at += 1
        go_on(list(different.values()))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert at == EVENTS[name][ending in AT_SIGNALS], "every event was a point"
    assert len(different) > 1 or ending is by_cancel_after_turn
