"""What happens when files are locked, damaged, replaced or foreign, and tasks are cancelled."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sqlite3
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from things import call, output, unknown, user

from agentcell import AgentsException, SessionBusy, SessionCorrupt, SQLiteSession
from agentcell.memory import database
from agentcell.memory.lane import Lane
from agentcell.testing import assert_sendable


@contextmanager
def locked(path: Path) -> Iterator[Callable[[], None]]:
    """Another connection holds the file's write lock, until it is told to let go or the block ends."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield lambda: other.execute("ROLLBACK") and None
        if other.in_transaction:
            other.execute("ROLLBACK")


def lanes_end() -> None:
    """Wait for the threads that work for sessions; each ends when its queue is empty."""
    for thread in threading.enumerate():
        if thread.name == "agentcell-session":
            thread.join()


def stored(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return [json.loads(data) for (data,) in connection.execute("SELECT message_data FROM agent_messages")]


async def test_nothing_is_opened_before_the_first_use(path: Path) -> None:
    session = SQLiteSession("a", path)
    assert not path.exists()
    session.close()
    assert not path.exists()


async def test_files_keep_a_log_for_many_processes(session: SQLiteSession, path: Path) -> None:
    await session.add_items([user("1")])
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_a_lock_that_is_let_go_loses_nothing(session: SQLiteSession, path: Path) -> None:
    await session.begin_run("r", [user("1")])
    with locked(path) as let_go:
        writes = [
            asyncio.ensure_future(session.tool_started("r", call())),
            asyncio.ensure_future(session.tool_finished("r", "c1", output())),
            asyncio.ensure_future(session.add_turn("r", [call(), output()])),
            asyncio.ensure_future(session.add_items([user("2")])),
        ]
        await asyncio.sleep(0.05)
        assert not any(write.done() for write in writes)
        let_go()
        await asyncio.gather(*writes)
    assert await session.get_items() == [user("1"), call(), output(), user("2")]


async def test_a_lock_that_stays_is_a_typed_error_and_writes_nothing(
    open_session: Callable[..., SQLiteSession], path: Path
) -> None:
    session = open_session(busy_timeout=0.05)
    await session.add_items([user("1")])
    with locked(path):
        with pytest.raises(SessionBusy, match=r"was locked by another process for 0\.05 seconds") as busy:
            await session.add_items([user("2"), user("3")])
        assert (busy.value.path, busy.value.waited) == (str(path), 0.05)
        assert isinstance(busy.value, AgentsException)
        with pytest.raises(SessionBusy):
            await session.pop_item()
        assert await session.get_items() == [user("1")], "reading needs no lock"
    await session.add_items([user("4")])
    assert await session.get_items() == [user("1"), user("4")]


async def test_those_who_wait_together_do_not_wait_longer(
    session: SQLiteSession, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time counts from the call, not from the end of the writes before it."""
    await session.add_items([user("1")])
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(database, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=sleep))
    hold = threading.Event()
    assert session._database is not None
    session._database._lane.submit(hold.wait)
    with locked(path):
        writes = [asyncio.ensure_future(session.add_items([user("2")])) for _ in range(50)]
        await asyncio.sleep(0)
        hold.set()
        results = await asyncio.gather(*writes, return_exceptions=True)
    assert all(isinstance(result, SessionBusy) for result in results)
    assert clock[0] == pytest.approx(30)
    assert await session.get_items() == [user("1")]


async def test_the_loop_goes_on_while_a_write_waits(session: SQLiteSession, path: Path) -> None:
    await session.add_items([user("1")])
    with locked(path) as let_go:
        write = asyncio.ensure_future(session.add_items([user("2")]))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not write.done()
        let_go()
        await write


async def test_a_cancelled_write_is_finished_in_its_turn(session: SQLiteSession, path: Path) -> None:
    await session.add_items([user("1")])
    with locked(path) as let_go:
        first = asyncio.ensure_future(session.add_items([user("2"), user("3")]))
        second = asyncio.ensure_future(session.add_items([user("4")]))
        await asyncio.sleep(0.01)
        for write in (first, second):
            write.cancel()
            with pytest.raises(asyncio.CancelledError):
                await write
        let_go()
        await session.add_items([user("5")])
    assert await session.get_items() == [user(str(n)) for n in range(1, 6)]


async def test_what_a_cancelled_write_could_not_do_is_logged(
    open_session: Callable[..., SQLiteSession], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    session = open_session(busy_timeout=0.05)
    await session.add_items([user("1")])
    with locked(path):
        write = asyncio.ensure_future(session.add_items([user("2")]))
        await asyncio.sleep(0)
        write.cancel()
        with pytest.raises(asyncio.CancelledError):
            await write
        await session.get_items()
    assert "could not finish what a cancelled task had begun" in caplog.text
    assert await session.get_items() == [user("1")]


def test_a_loop_that_ends_leaves_the_write_to_finish(path: Path) -> None:
    session = SQLiteSession("a", path)

    async def leave() -> None:
        await session.add_items([user("1")])
        asyncio.ensure_future(session.add_items([user("2")]))  # noqa: RUF006
        await asyncio.sleep(0)

    asyncio.run(leave())
    session.close()
    assert stored(path) == [user("1"), user("2")]


def test_many_threads_and_loops_use_one_session(path: Path) -> None:
    session = SQLiteSession("a", path)
    failures: list[BaseException] = []

    async def write(name: str) -> None:
        await session.begin_run(name, [user(f"{name}:0")])
        for turn in range(1, 6):
            await session.add_turn(name, [user(f"{name}:{turn}")])
            assert_sendable(await session.get_items())  # type: ignore[arg-type]

    def work(name: str) -> None:
        try:
            asyncio.run(write(name))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    items: list[Any] = asyncio.run(session.get_items())
    texts = [item["content"] for item in items]
    session.close()
    names = list(dict.fromkeys(text.split(":")[0] for text in texts))
    assert texts == [f"{name}:{turn}" for name in names for turn in range(6)]
    assert sorted(names) == [f"t{n}" for n in range(8)]


async def test_text_that_cannot_be_stored_is_replaced(session: SQLiteSession, path: Path) -> None:
    nested: Any = {"role": "user", "content": [{"\udfff": ("\0",)}]}
    await session.add_items([user("a\0b \ud800 \ud83d\ude00 é"), nested])
    read: list[Any] = await session.get_items()
    assert read == [user("a\ufffdb \ufffd 😀 é"), user([{"\ufffd": ["\ufffd"]}])]
    json.dumps(read, ensure_ascii=False).encode()
    await session.begin_run("r", [])
    await session.tool_started("r", {"call_id": "c", "name": "f", "arguments": "\ud800"})
    await session.tool_finished("r", "c", output("c", "\0"))
    read = await session.get_items()
    assert [item.get("arguments", item.get("output")) for item in read[2:]] == ["\ufffd"] * 2


DAMAGE = ['{"role": "user"', "", "[1, 2]", "null", '"text"', b"\xff\xfe", "[" * 100_000]


@pytest.mark.parametrize("data", DAMAGE, ids=range(len(DAMAGE)))
async def test_a_damaged_row_is_left_out_and_kept(
    session: SQLiteSession, path: Path, data: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await session.add_items([user("1"), user("2"), user("3")])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE agent_messages SET message_data = ? WHERE id = 2", (data,))
        connection.execute("UPDATE agent_messages SET message_data = ? WHERE id = 3", (data,))
    for _ in range(3):
        assert await session.get_items() == [user("1")]
    warned = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.args[0] for record in warned if isinstance(record.args, tuple)] == [2, 3], "each once"
    assert await session.pop_item() == user("1")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT id FROM agent_messages").fetchall() == [(2,), (3,)]


async def test_a_damaged_row_of_the_journal(session: SQLiteSession, path: Path) -> None:
    await session.begin_run("r", [user("1")])
    for name in "ab":
        await session.tool_started("r", call(name))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE agent_messages_journal SET call = '{' WHERE call_id = 'a'")
    assert await session.get_items() == [user("1"), call("b"), unknown("b")]


GARBAGE = [b"hello", b"hello" * 10_000, b"\0" * 4096, b"{}", b"SQLite format 3\0" + b"garbage" * 1000]


@pytest.mark.parametrize("content", GARBAGE, ids=range(len(GARBAGE)))
async def test_a_file_that_is_no_database_is_left_alone(
    open_session: Callable[..., SQLiteSession], path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    session = open_session()
    for use in (session.get_items, session.pop_item, lambda: session.add_items([user("1")]), session.clear_session):
        with pytest.raises(SessionCorrupt, match="cannot be used") as corrupt:
            await use()
        assert corrupt.value.path == str(path)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == [path.name]


async def test_a_damaged_page_is_a_typed_error(open_session: Callable[..., SQLiteSession], path: Path) -> None:
    session = open_session()
    await session.add_items([user(str(n) * 500) for n in range(200)])
    session.close()
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 20] = b"\xff" * 4096 * 17
    path.write_bytes(content)
    with pytest.raises(SessionCorrupt):
        await open_session().get_items()
    assert path.read_bytes() == bytes(content)


async def test_an_empty_file_is_a_new_database(session: SQLiteSession, path: Path) -> None:
    path.touch()
    await session.add_items([user("1")])
    assert await session.get_items() == [user("1")]


async def test_a_place_that_is_not_there_is_named(open_session: Callable[..., SQLiteSession], path: Path) -> None:
    session = open_session("a", path.parent / "nowhere" / "x.db")
    with pytest.raises(sqlite3.OperationalError) as error:
        await session.get_items()
    assert "nowhere" in str(error.value.__notes__)


async def test_a_file_that_was_removed_is_made_again(open_session: Callable[..., SQLiteSession], path: Path) -> None:
    """Notebooks keep old objects alive; a new session must not write into a file that is gone."""
    old = open_session()
    await old.add_items([user("1")])
    for file in path.parent.iterdir():
        file.unlink()
    new = open_session()
    assert await new.get_items() == []
    await new.add_items([user("2")])
    await old.add_items([user("3")])
    assert await old.get_items() == await new.get_items() == [user("2"), user("3")]
    assert stored(path) == [user("2"), user("3")]


async def test_any_names_of_tables(open_session: Callable[..., SQLiteSession]) -> None:
    session = open_session("a'; --", sessions_table='my "sessions"; DROP', messages_table="order")
    await session.begin_run("r", [user("1")])
    await session.tool_started("r", call())
    assert await session.get_items() == [user("1"), call(), unknown()]
    await session.clear_session()
    assert await session.get_items() == []


@pytest.mark.parametrize("limit", ["3", 1.5, [1]])
async def test_limits_are_numbers(session: SQLiteSession, limit: Any) -> None:
    with pytest.raises(TypeError, match="expected a whole number"):
        await session.get_items(limit)


@pytest.mark.parametrize("item", ["text", None, 5, [1]])
async def test_items_are_dicts(session: SQLiteSession, item: Any) -> None:
    with pytest.raises(TypeError, match=r"item 1 is"):
        await session.add_items([user("1"), item])
    with pytest.raises(TypeError, match=r"item 0 is"):
        await session.add_turn("r", [item])
    assert await session.get_items() == []


async def test_sessions_of_one_file_share_its_connection(
    open_session: Callable[..., SQLiteSession], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    sessions = [open_session(f"s{n}", path if n % 2 else path.name) for n in range(100)]
    await asyncio.gather(*(session.add_items([user(session.session_id)]) for session in sessions))
    assert len({id(session._database) for session in sessions}) == 1
    for session in sessions:
        assert await session.get_items() == [user(session.session_id)]
    for session in sessions:
        session.close()
    assert str(path) not in database._shared
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name], "the last one leaves one file"


async def test_a_forgotten_session_closes_its_file(path: Path) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for where in (path, ":memory:"):
            session: Any = SQLiteSession("a", where)
            await session.add_items([user("1")])
            opened = session._database
            session.itself = session  # only the collector finds it
            assert opened._connection is not None
            del session
            lanes_end()
            gc.collect()
            lanes_end()
            assert opened._connection is None
    assert [str(warning.message) for warning in warned] == []
    assert str(path) not in database._shared


AT_EXIT = """
import asyncio, sys
from agentcell import SQLiteSession
kept = SQLiteSession("a", sys.argv[1])
asyncio.run(kept.add_items([{"role": "user", "content": "1"}]))
"""

FORKED = """
import asyncio, os, sys
from agentcell import SQLiteSession
session, memory = SQLiteSession("a", sys.argv[1]), SQLiteSession("a")
def add(to, text):
    asyncio.run(to.add_items([{"role": "user", "content": text}]))
add(session, "parent")
add(memory, "parent")
child = os.fork()
if child == 0:
    add(session, "child")
    add(memory, "child")
    assert len(asyncio.run(memory.get_items())) == 2
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
add(session, "parent again")
assert len(asyncio.run(memory.get_items())) == 1
print([item["content"] for item in asyncio.run(session.get_items())])
"""


def script(code: str, path: Path) -> str:
    command = [sys.executable, "-X", "dev", "-W", "error", "-W", "ignore::DeprecationWarning", "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_a_session_that_is_open_at_the_end_of_the_program(path: Path) -> None:
    script(AT_EXIT, path)
    assert stored(path) == [user("1")]
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_process_may_go_on_with_a_session(path: Path) -> None:
    assert script(FORKED, path) == "['parent', 'child', 'parent again']"


def test_a_lane_works_in_order_and_without_threads_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    lane, done = Lane(), []
    hold = threading.Event()
    futures = [lane.submit(hold.wait), *(lane.submit(lambda n=n: done.append(n)) for n in range(50))]
    assert not futures[1].cancel(), "what was begun is not taken back"
    ended = lane.last(lambda: done.append("last"))
    hold.set()
    ended.result(10)
    assert done == [*range(50), "last"]

    def no_thread(self: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    lanes_end()
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    assert lane.submit(lambda: 5).result(0) == 5
