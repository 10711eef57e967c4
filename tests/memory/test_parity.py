"""`SQLiteSession` beside the reference's: the four methods, and files that either of them wrote."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import agents
import pytest
from agents.memory import session_settings as their_settings
from things import user

import agentcell
from agentcell.memory import session_settings as our_settings

LIBRARIES: dict[str, Any] = {"ours": agentcell, "theirs": agents}
LIMITS = (None, 0, 1, 2, 3, 99, -1, -7, True)


CONVERSATION: list[Any] = [
    user("How warm is it?"),
    {"id": "rs_1", "type": "reasoning", "summary": []},
    {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"city": "Köln"}'},
    {"type": "function_call_output", "call_id": "c1", "output": "☀ 21°"},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "21° 😀", "annotations": []}]},
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"n": 1.5, "b": True, "z": None}},
]


async def both(play: Any, path: Path | str = ":memory:") -> None:
    """Play a scene with both libraries; what it returns must be equal."""
    results = {}
    for name, library in LIBRARIES.items():
        where = f"{path}.{name}" if str(path) != ":memory:" else ":memory:"
        results[name] = await play(library, where)
    assert results["ours"] == results["theirs"]
    assert results["ours"]


async def test_items_come_back_as_they_went_in(tmp_path: Path) -> None:
    async def play(library: Any, path: str) -> Any:
        with closing(library.SQLiteSession("a", path)) as session:
            await session.add_items(CONVERSATION)
            await session.add_items([])
            await session.add_items(tuple(CONVERSATION[:1]))
            return await session.get_items()

    await both(play)
    await both(play, tmp_path / "x.db")


async def test_limits() -> None:
    async def play(library: Any, path: str) -> Any:
        session = library.SQLiteSession("a", path)
        await session.add_items([user(str(n)) for n in range(5)])
        read: dict[Any, Any] = {limit: await session.get_items(limit) for limit in LIMITS}
        for preset in (None, 2, -2, 0):
            session.session_settings = library.SessionSettings(preset)
            read["preset", preset] = await session.get_items(), await session.get_items(3), await session.get_items(0)
        session.session_settings = None
        read["nothing set"] = await session.get_items()
        session.close()
        return read

    await both(play)


async def test_popping_takes_the_items_back_one_by_one() -> None:
    """Calls, outputs and reasoning included: the sequence is the reference's, to the last item and beyond."""

    async def play(library: Any, path: str) -> Any:
        with closing(library.SQLiteSession("a", path)) as session:
            await session.add_items(CONVERSATION)
            return [await session.pop_item() for _ in range(len(CONVERSATION) + 2)]

    await both(play)


async def test_clearing(tmp_path: Path) -> None:
    async def play(library: Any, path: str) -> Any:
        with closing(library.SQLiteSession("a", path)) as a, closing(library.SQLiteSession("b", path)) as b:
            await a.add_items(CONVERSATION)
            await b.add_items([user("other")])
            await a.clear_session()
            await a.clear_session()
            cleared = await a.get_items(), await a.pop_item(), await b.get_items()
            await a.add_items([user("again")])
            return cleared, await a.get_items()

    await both(play, tmp_path / "x.db")


async def test_sessions_in_one_file_and_other_tables(tmp_path: Path) -> None:
    async def play(library: Any, path: str) -> Any:
        tables: dict[str, str] = {"sessions_table": "my_sessions", "messages_table": "my_messages"}
        sessions = [
            library.SQLiteSession("a", path),
            library.SQLiteSession("b", Path(path)),
            library.SQLiteSession("a", path, **tables),
        ]
        for number, session in enumerate(sessions):
            await session.add_items([user(str(number))])
        read = [await session.get_items() for session in sessions]
        for session in sessions:
            session.close()
        with closing(library.SQLiteSession("a", path)) as session:
            return read, await session.get_items()

    await both(play, tmp_path / "x.db")


async def test_memory_belongs_to_one_session() -> None:
    async def play(library: Any, path: str) -> Any:
        with closing(library.SQLiteSession("a", path)) as a, closing(library.SQLiteSession("a", path)) as b:
            await a.add_items([user("1")])
            return await a.get_items(), await b.get_items()

    await both(play)


async def test_a_closed_session_says_so() -> None:
    async def play(library: Any, path: str) -> Any:
        session = library.SQLiteSession("a", path)
        await session.add_items([user("1")])
        session.close()
        session.close()
        said = []
        for use in (session.get_items, lambda: session.add_items([]), session.pop_item, session.clear_session):
            with pytest.raises(RuntimeError) as error:
                await use()
            said.append(str(error.value))
        return said

    await both(play)


async def test_what_is_no_item_is_refused_before_anything_is_written() -> None:
    for library in LIBRARIES.values():
        with closing(library.SQLiteSession("a")) as session:
            with pytest.raises(TypeError):
                await session.add_items([user("1"), {"role": object()}])
            assert await session.get_items() == []


async def test_the_protocol_is_the_same() -> None:
    class Four:
        session_id = "x"

        async def get_items(self, limit: int | None = None) -> list[Any]:
            return []

        async def add_items(self, items: list[Any]) -> None: ...
        async def pop_item(self) -> None: ...
        async def clear_session(self) -> None: ...

    class Whole(Four):
        session_settings = None

    for library in LIBRARIES.values():
        assert not isinstance(Four(), library.Session)
        assert isinstance(Whole(), library.Session)
        assert isinstance(library.SQLiteSession("a"), library.Session)
        assert isinstance(library.SQLiteSession("a"), library.SessionABC)
        assert library.SessionABC.session_settings is None
        with pytest.raises(TypeError, match="abstract"):
            library.SessionABC()
    assert isinstance(agentcell.SQLiteSession("a"), agentcell.JournalSession)
    assert not isinstance(Whole(), agentcell.JournalSession)


def test_settings() -> None:
    def play(library: Any, module: Any) -> list[Any]:
        settings = library.SessionSettings
        values: list[Any] = [
            settings().to_dict(),
            settings(3).to_dict(),
            settings("3").to_dict(),
            settings(3).resolve(settings()).to_dict(),
            settings(3).resolve(settings(1)).to_dict(),
            settings(3).resolve({"limit": 5}).to_dict(),
            settings(3).resolve({"limit": None}).to_dict(),
            settings(3).resolve(None).to_dict(),
            repr(settings(3)),
            module.coerce_session_settings({"limit": 2}).to_dict(),
            module.resolve_session_limit(None, settings(2)),
            module.resolve_session_limit(0, settings(2)),
            module.resolve_session_limit(None, {"limit": 4}),
            module.resolve_session_limit(None, None),
            library.SQLiteSession("x", session_settings={"limit": 3}).session_settings.to_dict(),
            library.SQLiteSession("x").session_settings.to_dict(),
        ]
        wrong = [
            lambda: settings(3).resolve({"lim": 1}),
            lambda: settings(3).resolve("x"),
            lambda: settings("q"),
            lambda: module.coerce_session_settings(3),
            lambda: library.SQLiteSession("x", session_settings=3),
        ]
        for make in wrong:
            with pytest.raises((TypeError, ValueError)) as error:
                make()
            values.append((type(error.value), str(error.value)))
        return values

    assert play(agentcell, our_settings) == play(agents, their_settings)


def schema(path: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(f"PRAGMA table_info({table})").fetchall()
            + connection.execute(f"PRAGMA foreign_key_list({table})").fetchall()
            + [connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0].split()]
            for table in ("agent_sessions", "agent_messages")
        }


async def test_the_tables_are_those_of_the_reference(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in LIBRARIES}
    for name, library in LIBRARIES.items():
        with closing(library.SQLiteSession("a", files[name])) as session:
            await session.add_items(CONVERSATION)
    tables = {name: schema(path) for name, path in files.items()}
    assert {t: s[:-1] for t, s in tables["ours"].items()} == {t: s[:-1] for t, s in tables["theirs"].items()}
    rows = {}
    for name, path in files.items():
        with closing(sqlite3.connect(path)) as connection:
            rows[name] = connection.execute("SELECT id, session_id, message_data FROM agent_messages").fetchall()
    assert rows["ours"] == rows["theirs"]


@pytest.mark.parametrize("first, second", [(agents, agentcell), (agentcell, agents)], ids=["theirs", "ours"])
async def test_each_reads_the_files_of_the_other(tmp_path: Path, first: Any, second: Any) -> None:
    path = tmp_path / "x.db"
    with closing(first.SQLiteSession("a", path)) as session:
        await session.add_items(CONVERSATION)
    with closing(second.SQLiteSession("a", path)) as session:
        assert await session.get_items() == CONVERSATION
        await session.add_items([user("more")])
    with closing(first.SQLiteSession("a", path)) as session:
        assert await session.get_items() == [*CONVERSATION, user("more")]
        assert await session.pop_item() == user("more")
    with closing(second.SQLiteSession("a", path)) as session:
        assert await session.get_items() == CONVERSATION
        await session.clear_session()
    with closing(first.SQLiteSession("a", path)) as session:
        assert await session.get_items() == []


async def test_the_reference_clears_the_journal_as_well(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with closing(agentcell.SQLiteSession("a", path)) as ours, closing(agents.SQLiteSession("a", path)) as theirs:
        await ours.begin_run("r", [user("1")])
        await ours.tool_started("r", {"call_id": "c", "name": "f", "arguments": "{}"})
        await theirs.add_items([user("2")])
        assert len(await ours.get_items()) == 4
        await theirs.clear_session()
        assert await ours.get_items() == []
