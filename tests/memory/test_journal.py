"""What runs write into a session's journal, and how it reads at every moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import agents
import pytest
from things import answer, call, output, thought, unknown, user

from agentcell import SQLiteSession, UserError
from agentcell.testing import assert_sendable


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]


def calls_kept(path: Path) -> int:
    return rows(path, "agent_messages_journal WHERE kind = 'call'")


async def test_a_run_as_it_is_written(session: SQLiteSession, path: Path) -> None:
    await session.begin_run("r", [user("1")])
    assert await session.get_items() == [user("1")]
    await session.tool_started("r", call("a"))
    await session.tool_started("r", call("b"))
    assert await session.get_items() == [user("1"), call("a"), call("b"), unknown("a"), unknown("b")]
    await session.tool_finished("r", "b", output("b"))
    assert await session.get_items() == [user("1"), call("a"), call("b"), output("b"), unknown("a")]
    await session.tool_finished("r", "a", None)
    assert await session.get_items() == [user("1"), call("a"), call("b"), output("b"), unknown("a")]
    turn = [thought(), call("a"), call("b"), output("a"), output("b")]
    await session.add_turn("r", turn)
    assert await session.get_items() == [user("1"), *turn]
    assert calls_kept(path) == 0
    await session.add_turn("r", [answer("2")])
    await session.end_run("r", "completed")
    assert await session.get_items() == [user("1"), *turn, answer("2")]
    assert rows(path, "agent_messages") == 7
    with closing(sqlite3.connect(path)) as connection:
        status = connection.execute("SELECT status FROM agent_messages_journal WHERE kind = 'run'").fetchall()
    assert status == [("completed",)]


async def test_calls_that_no_turn_answered_stay(open_session: Callable[..., SQLiteSession]) -> None:
    session = open_session()
    await session.begin_run("r", [user("1")])
    await session.tool_started("r", {"call_id": "a", "name": "f", "arguments": "{}", "id": "fc_1", "status": "done"})
    await session.end_run("r", "cancelled")
    session.close()
    later = open_session()
    await later.begin_run("s", [user("2")])
    assert await later.get_items() == [user("1"), call("a"), unknown("a"), user("2")]


async def test_a_turn_answers_only_what_it_has_outputs_for(session: SQLiteSession) -> None:
    """One call waits for an approval, another was cut off: the outcome that is known is told."""
    await session.begin_run("r", [user("1")])
    for name in "abc":
        await session.tool_started("r", call(name))
    await session.tool_finished("r", "b", output("b"))
    await session.add_turn("r", [call("a"), call("b"), output("a")])
    assert await session.get_items() == [
        user("1"),
        call("a"),
        call("b"),
        output("a"),
        call("c"),
        output("b"),
        unknown("c"),
    ]


async def test_the_output_of_a_later_run_finds_its_call(session: SQLiteSession) -> None:
    """A run that waited for an approval goes on: under its own name it comes back to its place."""
    await session.begin_run("r", [user("1")])
    await session.add_turn("r", [call("a")])
    await session.end_run("r", "interrupted")
    await session.add_items([user("aside")])
    assert await session.get_items() == [user("1"), call("a"), unknown("a"), user("aside")]
    await session.begin_run("r", [])
    await session.tool_started("r", call("a"))
    assert await session.get_items() == [user("1"), call("a"), unknown("a"), user("aside")]
    await session.tool_finished("r", "a", output("a", "half"))
    assert await session.get_items() == [user("1"), call("a"), output("a", "half"), user("aside")]
    await session.add_turn("r", [output("a")])
    assert await session.get_items() == [user("1"), call("a"), output("a"), user("aside")]


async def test_another_run_may_start_the_call_that_waited(session: SQLiteSession) -> None:
    await session.begin_run("r", [user("1")])
    await session.add_turn("r", [call("a")])
    await session.begin_run("s", [])
    await session.tool_started("s", call("a"))
    assert await session.get_items() == [user("1"), call("a"), unknown("a")]
    await session.tool_finished("s", "a", output("a"))
    assert await session.get_items() == [user("1"), call("a"), output("a")]


async def test_ids_that_come_again_are_other_calls(session: SQLiteSession) -> None:
    """Some models count their calls from 1 in every response."""
    await session.begin_run("r", [user("1")])
    await session.tool_started("r", call("call_1"))
    await session.add_turn("r", [call("call_1"), output("call_1")])
    await session.tool_started("r", call("call_1", "g"))
    await session.begin_run("s", [user("2")])
    await session.tool_started("s", call("call_1", "h"))
    await session.tool_finished("s", "call_1", output("call_1", "h"))
    assert await session.get_items() == [
        user("1"),
        call("call_1"),
        output("call_1"),
        call("call_1", "g"),
        unknown("call_1"),
        user("2"),
        call("call_1", "h"),
        output("call_1", "h"),
    ]


async def test_runs_that_write_at_the_same_time_stay_together(session: SQLiteSession) -> None:
    await session.begin_run("r", [user("r1")])
    await session.begin_run("empty", [])
    await session.begin_run("s", [user("s1")])
    await session.add_items([user("loose")])
    await session.add_turn("s", [call("a"), output("a")])
    await session.add_turn("r", [call("a"), output("a")])
    await session.begin_run("t", [user("t1")])
    await session.add_turn("empty", [answer("e2")])
    await session.add_turn("r", [answer("r2")])
    await session.add_turn("s", [answer("s2")])
    r, s = [user("r1"), call("a"), output("a"), answer("r2")], [user("s1"), call("a"), output("a"), answer("s2")]
    assert await session.get_items() == [*r, answer("e2"), *s, user("loose"), user("t1")]


async def test_what_is_written_after_clearing_begins_anew(session: SQLiteSession) -> None:
    await session.begin_run("r", [user("1")])
    await session.tool_started("r", call())
    await session.clear_session()
    assert await session.get_items() == []
    await session.tool_finished("r", "c1", output())
    assert await session.get_items() == []
    await session.add_items([user("2")])
    await session.add_turn("r", [call(), output(), answer("3")])
    assert await session.get_items() == [call(), output(), answer("3"), user("2")]


async def test_sessions_keep_their_journals_apart(open_session: Callable[..., SQLiteSession]) -> None:
    a, b = open_session("a"), open_session("b")
    for session in (a, b):
        await session.begin_run("r", [user(session.session_id)])
        await session.tool_started("r", call("x", session.session_id))
    await a.add_turn("r", [call("x"), output("x")])
    assert await a.get_items() == [user("a"), call("x"), output("x")]
    assert await b.get_items() == [user("b"), call("x", "b"), unknown("x")]
    await a.clear_session()
    assert await b.get_items() == [user("b"), call("x", "b"), unknown("x")]


async def test_the_reference_reads_the_items_of_runs(session: SQLiteSession, path: Path) -> None:
    await session.begin_run("r", [user("1")])
    await session.add_turn("r", [call(), output()])
    await session.tool_started("r", call("c2"))
    with closing(agents.SQLiteSession("a", path)) as theirs:
        assert await theirs.get_items() == [user("1"), call(), output()]


async def test_popping_goes_back_item_by_item(session: SQLiteSession, path: Path) -> None:
    await session.add_items([user("0")])
    await session.begin_run("r", [user("1")])
    await session.add_turn("r", [thought(), call("a"), output("a")])
    await session.tool_started("r", call("b"))
    await session.tool_finished("r", "b", output("b"))
    popped, left = [], []
    while (item := await session.pop_item()) is not None:
        popped.append(item)
        left.append(await session.get_items())
        assert_sendable(left[-1])
    assert popped == [output("b"), call("b"), output("a"), call("a"), thought(), user("1"), user("0")]
    turn = [thought(), call("a"), output("a")]
    assert left == [
        [user("0"), user("1"), *turn, call("b"), unknown("b")],
        [user("0"), user("1"), *turn],
        [user("0"), user("1"), thought(), call("a"), unknown("a")],
        [user("0"), user("1")],
        [user("0"), user("1")],
        [user("0")],
        [],
    ]
    assert calls_kept(path) == 0


async def test_a_popped_call_does_not_come_back_from_the_journal(session: SQLiteSession) -> None:
    await session.begin_run("r", [user("1")])
    await session.tool_started("r", call())
    await session.add_turn("r", [call()])
    assert await session.pop_item() == call()
    assert await session.get_items() == [user("1")]


async def test_popping_a_call_leaves_those_of_other_runs_alone(session: SQLiteSession) -> None:
    await session.begin_run("r", [user("1")])
    await session.tool_started("r", call("call_1", "f"))
    await session.begin_run("s", [user("2")])
    await session.add_turn("s", [call("call_1", "g"), output("call_1")])
    assert [await session.pop_item() for _ in range(3)] == [output("call_1"), call("call_1", "g"), user("2")]
    assert await session.get_items() == [user("1"), call("call_1", "f"), unknown("call_1")]


async def test_popping_follows_the_order_of_reading(session: SQLiteSession) -> None:
    await session.begin_run("r", [user("r1")])
    await session.begin_run("s", [user("s1")])
    await session.add_turn("r", [answer("r2")])
    assert [await session.pop_item() for _ in range(4)] == [user("s1"), answer("r2"), user("r1"), None]


async def test_runs_keep_their_order_when_items_before_them_are_popped(session: SQLiteSession) -> None:
    await session.add_items([user("0")])
    await session.begin_run("r", [])
    assert await session.pop_item() == user("0")
    await session.begin_run("s", [user("s")])
    await session.add_turn("r", [user("r")])
    assert await session.get_items() == [user("r"), user("s")]


async def test_calls_of_other_kinds(session: SQLiteSession) -> None:
    await session.begin_run("r", [])
    await session.tool_started("r", {"type": "custom_tool_call", "call_id": "x", "name": "f", "input": "i", "id": "z"})
    read: list[Any] = await session.get_items()
    assert read[0] == {"type": "custom_tool_call", "call_id": "x", "name": "f", "input": "i"}
    assert_sendable(read)
    await session.tool_finished("r", "x", {"type": "custom_tool_call_output", "call_id": "x", "output": "o"})
    assert (await session.get_items())[1] == {"type": "custom_tool_call_output", "call_id": "x", "output": "o"}


async def test_arguments_and_outputs_may_be_plain(session: SQLiteSession) -> None:
    await session.begin_run("r", [])
    await session.tool_started("r", {"call_id": "c1", "name": "f", "arguments": {"a": 1}})
    await session.tool_finished("r", "c1", {"output": "done"})
    assert await session.get_items() == [{**call(), "arguments": '{"a": 1}'}, output()]


@pytest.mark.parametrize("wrong", [{}, {"call_id": ""}, {"call_id": 3, "name": "f"}])
async def test_a_call_needs_an_id(session: SQLiteSession, wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="expected a call with a text as its call_id"):
        await session.tool_started("r", wrong)
    assert await session.get_items() == []
