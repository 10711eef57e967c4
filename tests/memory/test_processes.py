"""Several processes on one file, processes that are killed, and locks of other programs."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import agents
import pytest
import writer
from things import unknown

from agentcell import SQLiteSession
from agentcell.testing import assert_sendable

WRITER = str(Path(writer.__file__))

LOCK = """
import sqlite3, sys, time
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
other.execute("COMMIT")
"""


def start(path: Path, session_id: str, name: str, runs: int, busy_timeout: float = 30) -> subprocess.Popen[str]:
    command = [sys.executable, WRITER, str(path), session_id, name, str(runs), str(busy_timeout)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        _, said = process.communicate(timeout=500)
        assert (process.returncode, said) == (0, "")


def read(path: Path, session_id: str) -> list[Any]:
    with closing(SQLiteSession(session_id, path)) as session:
        return asyncio.run(session.get_items())


def check_file(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def check_whole_runs(items: list[Any], runs: set[str]) -> None:
    """Every item of every run is there once, and each run is in one piece."""
    assert_sendable(items)
    order = list(dict.fromkeys(writer.owner(item) for item in items))
    assert set(order) == runs
    assert items == [item for run in order for item in writer.items_of(run)]


def play_many(path: Path, processes: int, runs: int, sessions: int) -> None:
    finish([start(path, f"s{n % sessions}", f"p{n}", runs) for n in range(processes)])
    check_file(path)
    for session in range(sessions):
        names = {f"p{n}.{run}" for n in range(processes) if n % sessions == session for run in range(runs)}
        check_whole_runs(read(path, f"s{session}"), names)
    with closing(sqlite3.connect(path)) as connection:
        kinds = dict(connection.execute("SELECT kind, COUNT(*) FROM agent_messages_journal GROUP BY kind").fetchall())
        rows = connection.execute("SELECT COUNT(*) FROM agent_messages").fetchone()[0]
    assert rows == processes * runs * len(writer.items_of("x"))
    assert kinds == {"run": processes * runs, "items": processes * runs * 4}, "no intent is left"


def test_processes_write_into_one_file(path: Path) -> None:
    play_many(path, processes=3, runs=4, sessions=2)


@pytest.mark.ci
@pytest.mark.timeout(600)
def test_eight_processes_write_fifty_runs_each_into_one_file(path: Path) -> None:
    play_many(path, processes=8, runs=50, sessions=4)


@pytest.mark.ci
@pytest.mark.timeout(600)
def test_eight_processes_write_fifty_runs_each_into_one_session(path: Path) -> None:
    play_many(path, processes=8, runs=50, sessions=1)


@pytest.mark.ci
@pytest.mark.timeout(600)
def test_thirty_processes_write_into_one_session(path: Path) -> None:
    play_many(path, processes=30, runs=5, sessions=1)


async def test_thirty_tasks_write_into_one_session(path: Path) -> None:
    """Half of them through one object."""
    names = [f"t{n}" for n in range(30)]
    one = SQLiteSession("a", path)

    async def write(number: int) -> None:
        session = one if number % 2 else SQLiteSession("a", path)
        for run in range(3):
            for step, args in writer.steps(f"{names[number]}.{run}"):
                await getattr(session, step)(*args)
                await asyncio.sleep(0)
        if session is not one:
            session.close()

    await asyncio.gather(*map(write, range(30)))
    check_whole_runs(await one.get_items(), {f"{name}.{run}" for name in names for run in range(3)})  # type: ignore
    one.close()


def check_after_kill(items: list[Any], name: str, done: list[tuple[int, int]]) -> None:
    """All that was promised is there, in order, and at most one step more."""
    assert_sendable(items)
    last, index = done[-1] if done else (0, -1)
    order = list(dict.fromkeys(writer.owner(item) for item in items))
    assert order == [f"{name}.{n}" for n in range(len(order))]
    for number in range(last):
        assert [i for i in items if writer.owner(i) == f"{name}.{number}"] == writer.items_of(f"{name}.{number}")
    at_least, at_most = ahead(name, last, index), ahead(name, last, index + 1)
    rest = [item for item in items if writer.owner(item) not in order[:last]]
    assert rest in (at_least, at_most)


def ahead(name: str, number: int, index: int) -> list[Any]:
    """What reads as the run `number` after its step `index`; the first step of the next run comes after its last."""
    steps = list(writer.steps(f"{name}.{number}"))
    if index >= len(steps):
        return ahead(name, number, index - 1) + ahead(name, number + 1, 0)
    items: list[Any] = []
    waiting: dict[str, tuple[Any, Any]] = {}
    for step, args in steps[: index + 1]:
        match step:
            case "begin_run" | "add_turn":
                items += args[1]
                for item in args[1]:
                    waiting.pop(item.get("call_id"), None)
            case "tool_started":
                waiting[args[1]["call_id"]] = (args[1], None)
            case "tool_finished":
                waiting[args[1]] = (waiting[args[1]][0], args[2])
    items += [begun for begun, _ in waiting.values()]
    items += [ended for _, ended in waiting.values() if ended is not None]
    return items + [unknown(name) for name, (_, ended) in waiting.items() if ended is None]


def kill_many(folder: Path, times: int, pause: float, seed: int) -> dict[str, int]:
    """Kill a writer at random moments; each time another writes on in the same file."""
    dice = random.Random(seed)
    path = folder / "chats.db"
    found = {"kills": 0, "runs": 0, "unknown": 0}
    for number in range(times):
        name = f"k{number}"
        with start(path, name, name, 0) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(dice.randrange(0, 25))]
            time.sleep(dice.random() * pause)
            process.kill()
            lines += process.stdout.readlines()
        whole = [line for line in lines if line.endswith("\n")]
        done = [(int(run), int(step)) for run, step in (line.split() for line in whole)]
        check_file(path)
        items = read(path, name)
        check_after_kill(items, name, done)
        found["kills"] += 1
        found["runs"] += done[-1][0] + 1 if done else 0
        found["unknown"] += any(item == unknown(item.get("call_id")) for item in items)
    for number in range(times):
        assert_sendable(read(path, f"k{number}"))
    return found


def test_a_killed_writer_leaves_a_true_history(tmp_path: Path) -> None:
    assert kill_many(tmp_path, times=4, pause=0.01, seed=1)["kills"] == 4


@pytest.mark.ci
@pytest.mark.timeout(900)
def test_two_hundred_killed_writers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = kill_many(tmp_path, times=200, pause=0.02, seed=2)
    with capsys.disabled():
        print(f"\n{found}")
    assert found["kills"] == 200
    assert found["unknown"] > 10, "tools were cut off, too"


@pytest.mark.ci
@pytest.mark.timeout(600)
def test_writers_are_killed_among_others_in_one_session(path: Path) -> None:
    """Those who live lose nothing, and the dead leave pieces that are true and can be sent."""
    dice = random.Random(3)
    living = [start(path, "s0", f"p{n}", 25) for n in range(3)]
    victims = 0
    while victims < 8 or (victims < 60 and any(process.poll() is None for process in living)):
        with start(path, "s0", f"k{victims}", 0) as process:
            assert process.stdout is not None
            for _ in range(dice.randrange(0, 25)):
                process.stdout.readline()
            process.kill()
        victims += 1
        assert_sendable(read(path, "s0"))
    finish(living)
    check_file(path)
    items = read(path, "s0")
    assert_sendable(items)
    owners = [writer.owner(item) for item in items]
    blocks = [owner for at, owner in enumerate(owners) if at == 0 or owners[at - 1] != owner]
    assert len(blocks) == len(set(blocks)), "each run is in one piece"
    whole = [item for item in items if writer.owner(item).startswith("p")]
    check_whole_runs(whole, {f"p{n}.{run}" for n in range(3) for run in range(25)})


@contextmanager
def locked_by_another_process(path: Path, seconds: float) -> Iterator[None]:
    command = [sys.executable, "-c", LOCK, str(path), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield
    assert process.returncode == 0


def write_through_a_lock(path: Path, seconds: float) -> None:
    """Two processes begin to write while a third holds the lock, longer than SQLite's own patience allows."""
    finish([start(path, "s0", "p", 1)])
    with locked_by_another_process(path, seconds):
        writers = [start(path, "s0", f"p{n}", 2, busy_timeout=30) for n in range(2)]
    finish(writers)
    check_file(path)
    check_whole_runs(read(path, "s0"), {"p.0", "p0.0", "p0.1", "p1.0", "p1.1"})


def test_a_lock_of_another_process_loses_nothing(path: Path) -> None:
    write_through_a_lock(path, 1.0)


@pytest.mark.ci
def test_a_lock_of_eight_seconds_loses_nothing(path: Path) -> None:
    write_through_a_lock(path, 8.0)


def test_the_reference_and_we_write_into_one_file_at_once(path: Path) -> None:
    """The reference's writers see a lock of ours as one of their own."""

    async def theirs() -> None:
        with closing(agents.SQLiteSession("theirs", path)) as session:
            for n in range(20):
                await session.add_items([{"role": "user", "content": str(n)}])

    processes = [start(path, "s0", f"p{n}", 3) for n in range(2)]
    asyncio.run(theirs())
    finish(processes)
    check_whole_runs(read(path, "s0"), {f"p{n}.{run}" for n in range(2) for run in range(3)})
    assert [item["content"] for item in read(path, "theirs")] == [str(n) for n in range(20)]
