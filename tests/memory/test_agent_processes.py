"""Agents in several processes with sessions in one file: killed at random moments, many at once, and with locks."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import agent_process
import pytest
from agent_process import Orders, kind, kinds
from killing import Found, forge, killed

from agentcell import SQLiteSession
from agentcell.testing import assert_sendable

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")

WRONG = ("corrupt", "orphans", "lost_messages", "lost_tools", "untrue", "refused")


def wrong(found: Found) -> dict[str, int]:
    return {name: count for name, count in dataclasses.asdict(found).items() if name in WRONG and count}


def test_killed_agents_leave_a_true_history(tmp_path: Path) -> None:
    found = killed("agentcell", tmp_path, times=5, seed=1)
    assert found.kills == 5 and wrong(found) == {}


@pytest.mark.ci
@pytest.mark.timeout(600)
def test_two_hundred_killed_agents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The figures of the reference are for comparison: `python tests/memory/killing.py agents`."""
    found = killed("agentcell", tmp_path, times=200, seed=2)
    with capsys.disabled():
        print(f"\n{found}")
    assert found.kills == 200 and wrong(found) == {}
    assert found.cut_off > 20, "tools were cut off, too"


def stored(path: Path, session: str) -> list[Any]:
    with closing(SQLiteSession(session, path)) as opened:
        return asyncio.run(opened.get_items())


def play(path: Path, orders: list[Orders]) -> None:
    """Children with these orders at once; afterwards exactly their runs are there, each in one piece."""
    with forge("agentcell") as children:
        begun = [children.start(order) for order in orders]
        assert [children.wait(child) for child in begun] == [0] * len(begun)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT COUNT(*) FROM agent_messages").fetchone()[0]
        notes = dict(connection.execute("SELECT kind, COUNT(*) FROM agent_messages_journal GROUP BY kind").fetchall())
        ends = connection.execute("SELECT DISTINCT status FROM agent_messages_journal WHERE kind = 'run'").fetchall()
    runs = sum(order.runs for order in orders)
    assert rows == runs * len(kinds(""))
    assert notes == {"run": runs, "items": 4 * runs}, "no intent is left"
    assert ends == [("done",)]
    for session in {order.session for order in orders}:
        names = {f"{o.name}.{number}" for o in orders if o.session == session for number in range(o.runs)}
        items = stored(path, session)
        assert_sendable(items)
        order = list(dict.fromkeys(agent_process.owner(item) for item in items))
        assert set(order) == names
        assert [kind(item) for item in items] == [one for run in order for one in kinds(run)]


def test_three_processes_on_one_file(path: Path) -> None:
    play(path, [Orders(str(path), f"s{n % 2}", f"p{n}", runs=2) for n in range(3)])


@pytest.mark.ci
@pytest.mark.timeout(300)
@pytest.mark.parametrize("sessions", [1, 8])
def test_eight_processes_make_fifty_runs_each_on_one_file(path: Path, sessions: int) -> None:
    play(path, [Orders(str(path), f"s{n % sessions}", f"p{n}", runs=50) for n in range(8)])


@pytest.mark.ci
@pytest.mark.timeout(300)
def test_thirty_processes_in_one_session(path: Path) -> None:
    play(path, [Orders(str(path), "s", f"p{n}", runs=3) for n in range(30)])
