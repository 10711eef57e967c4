"""Runs whose session's file is locked by somebody else, for a while or for good."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from runs import WatchedModel, call, texts

from agentcell import Agent, Runner, RunResult, SessionBusy, SQLiteSession, function_tool
from agentcell.memory.pairing import NO_OUTPUT
from agentcell.stream_events import ToolFinished
from agentcell.testing import assert_sendable

GO: Any = {"role": "user", "content": "go"}
TURN = [call("act", {}, call_id="c1")]
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "acted"}


class Lock:
    """The file's write lock, which a test takes and lets go of."""

    def __init__(self, path: Path) -> None:
        self._other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def take(self) -> None:
        self._other.execute("BEGIN IMMEDIATE")

    def let_go(self) -> None:
        if self._other.in_transaction:
            self._other.execute("ROLLBACK")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "chats.db"
    with closing(SQLiteSession("before", path)) as session:
        asyncio.run(session.add_items([GO]))
    return path


@contextmanager
def lock_on(path: Path) -> Iterator[Lock]:
    lock = Lock(path)
    try:
        yield lock
    finally:
        lock.let_go()
        lock._other.close()


class At(WatchedModel):
    """Does something in the middle of its calls: at the call of this number, from 1."""

    def __init__(self, turns: list[Any], *, at: int = 0, then: Callable[[], Any] = lambda: None) -> None:
        super().__init__(turns)
        self.at, self.then = at, then

    async def step(self) -> None:
        await super().step()
        if self.calls == self.at:
            self.at = 0
            self.then()


async def run(
    path: Path, model: WatchedModel, act: Callable[[], Any] = lambda: None, *, patience: float = 0.03
) -> RunResult:
    @function_tool(name_override="act")
    async def tool() -> str:
        done = act()
        if isinstance(done, Awaitable):
            await done
        return "acted"

    agent = Agent(name="A", model=model, tools=[tool])
    with closing(SQLiteSession("a", path, busy_timeout=patience)) as session:
        return await Runner.run(agent, "go", session=session)


async def stored(path: Path) -> list[Any]:
    with closing(SQLiteSession("a", path)) as session:
        items: list[Any] = list(await session.get_items())
    assert_sendable(items)
    return [(item.get("type") or item["role"], item.get("output")) for item in items]


WHOLE = [("user", None), ("function_call", None), ("function_call_output", "acted"), ("message", None)]


async def test_a_lock_that_comes_after_a_tool_ran_loses_nothing(path: Path) -> None:
    with lock_on(path) as lock:

        def act() -> None:
            lock.take()
            asyncio.get_running_loop().call_later(0.1, lock.let_go)

        result = await run(path, WatchedModel([TURN, texts("Done.")]), act, patience=30)
    assert (result.final_output, result.session_error) == ("Done.", None)
    assert await stored(path) == WHOLE


HOLD = """
import sqlite3, sys, time
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(8)
other.execute("COMMIT")
"""


@pytest.mark.ci
@pytest.mark.parametrize("after_tool", [False, True], ids=["from the start", "after a tool"])
async def test_a_lock_of_eight_seconds_loses_nothing(path: Path, after_tool: bool) -> None:
    holders: list[subprocess.Popen[str]] = []

    def hold() -> None:
        holders.append(subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True))
        assert holders[0].stdout is not None and holders[0].stdout.readline() == "locked\n"

    model = WatchedModel([TURN, texts("Done.")])
    if after_tool:
        result = await run(path, model, hold, patience=30)
    else:
        hold()
        result = await run(path, model, patience=30)
    with holders[0] as holder:
        assert holder.poll() is not None, "the run has waited for the lock"
    assert (result.final_output, result.session_error) == ("Done.", None)
    assert await stored(path) == WHOLE


async def test_a_file_that_stays_locked_after_a_tool_ran_costs_the_session_and_not_the_result(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with lock_on(path) as lock, caplog.at_level(logging.WARNING, "agentcell"):
        result = await run(path, WatchedModel([TURN, texts("Done.")]), lock.take)
    assert result.final_output == "Done."
    assert [item.type for item in result.new_items] == [
        "tool_call_item",
        "tool_call_output_item",
        "message_output_item",
    ]
    assert isinstance(result.session_error, SessionBusy)
    assert [record.message for record in caplog.records if "session" in record.message] == [
        f"the session was not told of everything in run {result.run_id}: {result.session_error!r}"
    ]
    assert await stored(path) == [("user", None), ("function_call", None), ("function_call_output", NO_OUTPUT)]


async def test_a_file_that_stays_locked_during_the_last_turn(path: Path) -> None:
    with lock_on(path) as lock:
        result = await run(path, At([TURN, texts("Done.")], at=2, then=lock.take))
    assert result.final_output == "Done." and isinstance(result.session_error, SessionBusy)
    assert await stored(path) == WHOLE[:-1]


async def test_what_could_not_be_written_is_written_later(path: Path) -> None:
    """Neither the tool's output nor its turn could be written; the turn after it brings both."""
    with lock_on(path) as lock:
        model = At([TURN, texts("Done.")], at=2, then=lock.let_go)
        result = await run(path, model, lock.take)
    assert (result.final_output, result.session_error) == ("Done.", None)
    assert await stored(path) == WHOLE


async def test_no_tool_runs_that_could_not_be_announced(path: Path) -> None:
    """A tool that ran unseen would be worse than none."""
    ran: list[int] = []
    with lock_on(path) as lock:
        model = At([TURN, texts("Done.")], at=1, then=lock.take)
        with pytest.raises(SessionBusy, match="was locked by another process") as busy:
            await run(path, model, lambda: ran.append(1))
        assert busy.value.run_data is not None
    assert ran == [] and model.calls == 1
    assert await stored(path) == [("user", None)]


async def test_a_run_that_cannot_be_announced_does_not_begin(path: Path) -> None:
    with lock_on(path) as lock:
        lock.take()
        model = WatchedModel([texts("Done.")])
        with pytest.raises(SessionBusy):
            await run(path, model)
    assert model.calls == 0
    assert await stored(path) == []


async def test_a_run_that_is_cancelled_while_it_waits_for_a_lock_writes_all(path: Path) -> None:
    """The turn is complete, and its writing waits: it is done in the end, once."""
    with lock_on(path) as lock, closing(SQLiteSession("a", path)) as session:

        @function_tool
        def act() -> str:
            lock.take()
            return "acted"

        result = Runner.run_streamed(Agent(name="A", model=WatchedModel([TURN]), tools=[act]), "go", session=session)
        async for event in result.stream_events(signals=True):
            if isinstance(event, ToolFinished):
                result.cancel()
                asyncio.get_running_loop().call_later(0.05, lock.let_go)
        await result.aclose()
        assert result.status == "stopped"
        assert await stored(path) == WHOLE[:-1]
