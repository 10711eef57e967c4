"""A run and its session: writes that are cancelled, fail, or come from several runs; runs that go on from a state."""

from __future__ import annotations

import asyncio
import logging
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from runs import WatchedModel, call, texts

from agentcell import Agent, Runner, RunState, SessionABC, SQLiteSession, function_tool
from agentcell.testing import assert_sendable


@function_tool
async def look() -> str:
    return "looked"


@function_tool(needs_approval=True)
async def pay() -> str:
    return "paid"


def agent_of(*turns: Any) -> Agent[Any]:
    return Agent(name="A", model=WatchedModel(turns), tools=[look, pay])


def kinds(items: Any) -> list[str]:
    return [item.get("role") or item["type"] for item in items]


class Plain(SessionABC):
    """A session without a journal that somebody has written; it counts what it is asked to do."""

    def __init__(self, *, fails_at: int = 0) -> None:
        self.session_id = "plain"
        self.items: list[Any] = []
        self.asked: list[int] = []
        self.fails_at = fails_at
        self.hold: asyncio.Event | None = None
        self.writing = asyncio.Event()

    async def get_items(self, limit: int | None = None) -> list[Any]:
        return list(self.items)

    async def add_items(self, items: list[Any]) -> None:
        self.asked.append(len(items))
        self.writing.set()
        if self.hold is not None:
            await self.hold.wait()
        if len(self.asked) == self.fails_at:
            raise OSError("the disk is full")
        self.items += items

    async def pop_item(self) -> Any:
        return self.items.pop() if self.items else None

    async def clear_session(self) -> None:
        self.items = []


TURNS = [call("look", {}, call_id="c1")], texts("Done.")


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize(("fails_at", "asked"), [(1, [1]), (2, [1, 2]), (3, [1, 2, 1])])
async def test_a_write_that_fails_ends_the_run_and_is_not_tried_again(
    streamed: bool, fails_at: int, asked: list[int]
) -> None:
    """Nobody knows what a session that fails has written: trying again could say things twice."""
    session = Plain(fails_at=fails_at)
    with pytest.raises(OSError, match="the disk is full"):
        if streamed:
            async for _ in Runner.run_streamed(agent_of(*TURNS), "go", session=session).stream_events():
                pass
        else:
            await Runner.run(agent_of(*TURNS), "go", session=session)
    assert session.asked == asked
    assert len(session.items) == sum(asked[:-1])


async def test_a_write_is_finished_once_however_often_the_run_is_cancelled(quiet_loop: list[Any]) -> None:
    for at in (1, 2, 3):
        session = Plain()
        result = Runner.run_streamed(agent_of(*TURNS), "go", session=session)
        reader = asyncio.ensure_future(result._finished())
        while len(session.asked) < at - 1 or (at > 1 and len(session.items) < sum(session.asked)):
            await asyncio.sleep(0)
        session.hold = asyncio.Event()
        while len(session.asked) < at:
            await asyncio.sleep(0)
        task = result.run_loop_task
        assert task is not None
        for _ in range(5):
            task.cancel()
            await asyncio.sleep(0)
        assert not task.done(), "the write goes on"
        session.hold.set()
        await asyncio.wait([task, reader])
        assert not reader.cancelled()
        assert len(session.items) == sum(session.asked) == sum([1, 2, 1][:at])
        assert_sendable(session.items)


async def test_a_write_that_fails_after_the_cancellation_is_told_in_the_log(
    quiet_loop: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    session = Plain(fails_at=2)
    result = Runner.run_streamed(agent_of(*TURNS), "go", session=session)
    while len(session.asked) < 1:
        await asyncio.sleep(0)
    session.hold = asyncio.Event()
    while len(session.asked) < 2:
        await asyncio.sleep(0)
    result.cancel()
    await asyncio.sleep(0)
    session.hold.set()
    with caplog.at_level(logging.WARNING, "agentcell"):
        await result.aclose()
    assert result.status == "stopped" and session.asked == [1, 2]
    assert "the disk is full" in caplog.text


async def test_a_run_that_goes_on_says_nothing_twice(tmp_path: Path) -> None:
    """It keeps its name in the session, also in another program, and its place in the conversation."""
    path = tmp_path / "chats.db"
    with closing(SQLiteSession("a", path)) as session:
        begun: list[Any] = []
        session.begin_run, real = (lambda *args: begun.append(args) or real(*args)), session.begin_run  # type: ignore
        calls = [call("look", {}, call_id="c1"), call("pay", {}, call_id="c2"), call("pay", {}, call_id="c3")]
        agent = agent_of(calls, texts("Done."))
        result = await Runner.run(agent, "go", session=session)
        assert len(result.interruptions) == 2
        await Runner.run(agent_of(texts("Aside.")), "something else", session=session)
        text = result.to_state().to_string(key="k")
        for _ in range(2):
            state = await RunState.from_string(agent, text, key="k")
            state.approve(state.get_interruptions()[0])
            result = await Runner.run(agent, state, session=session)
            text = result.to_state().to_string(key="k")
        assert result.final_output == "Done."
        assert [(run_id, len(items)) for run_id, items in begun] == [(begun[0][0], 1), (begun[1][0], 1)]
        items: list[Any] = list(await session.get_items())
    assert_sendable(items)
    outputs = {item["call_id"]: item["output"] for item in items if item.get("type") == "function_call_output"}
    assert outputs == {"c1": "looked", "c2": "paid", "c3": "paid"}
    assert kinds(items) == [
        "user", *["function_call"] * 3, *["function_call_output"] * 3, "assistant", "user", "assistant",
    ]  # fmt: skip


async def test_runs_at_once_on_one_session_object_stay_in_one_piece() -> None:
    with closing(SQLiteSession("a")) as session:
        agents = [agent_of([call("look", {}, call_id=f"c{number}")], texts(f"{number}.")) for number in range(10)]
        await asyncio.gather(*(Runner.run(agent, f"{n}", session=session) for n, agent in enumerate(agents)))
        items: list[Any] = list(await session.get_items())
    assert_sendable(items)
    one = ["user", "function_call", "function_call_output", "assistant"]
    assert kinds(items) == one * 10
    for at in range(0, 40, 4):
        number = items[at]["content"]
        assert items[at + 1]["call_id"] == f"c{number}" and items[at + 3]["content"][0]["text"] == f"{number}."


async def test_runs_of_this_loop_and_of_the_librarys_share_a_session() -> None:
    """`run_sync` inside a running loop has a loop of its own."""
    with closing(SQLiteSession("a")) as session:
        result = Runner.run_streamed(agent_of(*TURNS), "here", session=session)
        async for _ in result.stream_events():
            if len(result.new_items) == 2 and result.current_turn == 2:
                break
        Runner.run_sync(agent_of(*TURNS), "there", session=session)
        await result.aclose()
        await Runner.run(agent_of(texts("Done.")), "here again", session=session)
        items: list[Any] = list(await session.get_items())
    assert_sendable(items)
    assert [item["content"] for item in items if item.get("role") == "user"] == ["here", "there", "here again"]
    one = ["user", "function_call", "function_call_output", "assistant"]
    assert kinds(items) == [*one[:3], *one, "user", "assistant"]


async def test_a_nested_run_in_the_session_of_the_outer_one_is_told_after_it() -> None:
    with closing(SQLiteSession("a")) as session:
        inner = agent_of(*TURNS)
        outer = agent_of([call("ask", {"input": "within"}, call_id="asked")], texts("Outer."))
        outer.tools.append(inner.as_tool("ask", "Ask.", session=session))
        result = await Runner.run(outer, "go", session=session)
        items: list[Any] = list(await session.get_items())
    assert result.final_output == "Outer."
    assert_sendable(items)
    one = ["user", "function_call", "function_call_output", "assistant"]
    assert kinds(items) == one * 2
    assert [item["content"] for item in items if item.get("role") == "user"] == ["go", "within"]
