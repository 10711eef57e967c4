"""A session that SQLite keeps, in a file or in memory."""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from .. import openai_types as oai
from ..exceptions import ArgumentTypeError, UserError
from ..logger import logger
from .conversation import Stored, in_order
from .database import Database, opened, release
from .encoding import encode, encoded
from .lane import finished
from .pairing import call_key, output_key
from .repair import latest, sendable
from .session import SessionABC
from .session_settings import SessionSettings, coerce_session_settings, resolve_session_limit
from .tables import Tables

T = TypeVar("T")

_OF_ONE_RESPONSE = ("id", "status")
"""Fields that tie a call to a response of the model; one that was never completed cannot be referred to."""


class SQLiteSession(SessionABC):
    """A conversation in an SQLite database: in a file that many processes may use, or in memory until it is closed.

    It keeps a run's journal (see `JournalSession`), so that a crash leaves a true history, and what `get_items` returns
    can always be sent. Files are the reference's, with one table more. Any number of loops and threads may use it.
    Raises `SessionBusy` when another process keeps the file locked, and `SessionCorrupt` for a file that is no
    database. A damaged row is left out with a warning, and kept.
    """

    def __init__(
        self,
        session_id: str,
        db_path: str | Path = ":memory:",
        sessions_table: str = "agent_sessions",
        messages_table: str = "agent_messages",
        session_settings: SessionSettings | dict[str, Any] | None = None,
        *,
        busy_timeout: float = 30.0,
    ) -> None:
        """The conversation `session_id` at `db_path`; nothing is opened before the first use.

        `busy_timeout` is how many seconds to wait for a lock of another process.
        """
        self.session_id = session_id
        self.session_settings: SessionSettings | None = (
            SessionSettings() if session_settings is None else coerce_session_settings(session_settings)
        )
        self.db_path = db_path
        self.sessions_table = sessions_table
        self.messages_table = messages_table
        self.busy_timeout = busy_timeout
        self._tables = Tables(sessions_table, messages_table)
        self._lock = threading.Lock()
        self._database: Database | None = None
        self._release: weakref.finalize[..., SQLiteSession] | None = None
        self._closed = False
        self._known_broken: set[tuple[str, int]] = set()

    def __repr__(self) -> str:
        return f"SQLiteSession({self.session_id!r}, {str(self.db_path)!r})"

    async def get_items(self, limit: int | None = None) -> list[oai.ResponseInputItemParam]:
        """The conversation, fit to be sent; with `limit` its latest items.

        A call without an output gets one that says that its effect is unknown; an output without a call, and reasoning
        that led to nothing, are left out. `limit`, or else the settings' limit, counts what is then read; where it
        cuts a call from its output, or reasoning from what it led to, the half that is left is left out, too.
        """
        if limit is not None and not isinstance(limit, int):
            raise ArgumentTypeError(f"get_items(limit={limit!r}): expected a whole number, or None for all items")
        limit = resolve_session_limit(limit, self.session_settings)

        def read(connection: sqlite3.Connection) -> list[Any]:
            return latest(sendable([each.item for each in self._read(connection)]), limit)

        return await self._do(read, writes=False)

    async def add_items(self, items: list[oai.ResponseInputItemParam]) -> None:
        """Add items at the end, in one commit."""
        data = encoded(items)

        def write(connection: sqlite3.Connection) -> None:
            if data:
                self._tables.touch(connection, self.session_id)
                self._tables.add_messages(connection, self.session_id, data)

        await self._do(write)

    async def pop_item(self) -> oai.ResponseInputItemParam | None:
        """Take out the item that was stored last, in the order of the conversation, and return it.

        It undoes `add_items` item by item, as the reference does: popping as often as items were added brings back what
        was there before. In between, `get_items` stays fit to be sent: once an output is popped its call reads as one
        whose output is unknown, and reasoning whose call is popped is not read, but is what the next call returns.
        """

        def write(connection: sqlite3.Connection) -> Stored | None:
            stored = self._read(connection)
            if not stored:
                return None
            last = stored[-1]
            self._tables.remove(connection, last.kind, last.number)
            if call_key(last.item) is not None:
                # The journal may hold the same call, which was not told twice and must not come up now.
                before = {(each.kind, each.number) for each in stored}
                for each in self._read(connection):
                    if (each.kind, each.number) not in before:
                        self._tables.remove(connection, each.kind, each.number)
            self._tables.touch(connection, self.session_id)
            return last

        popped: Any = await self._do(write)
        return popped.item if popped else None

    async def clear_session(self) -> None:
        """Delete the conversation, damaged rows and journal included."""
        await self._do(lambda connection: self._tables.clear(connection, self.session_id))

    async def begin_run(self, run_id: str, items: list[Any]) -> None:
        """A run begins with the user's new input."""
        await self._add_of_run(run_id, items, [])

    async def tool_started(self, run_id: str, call: dict[str, Any]) -> None:
        """A tool is about to start: its call with `call_id`, `name` and `arguments`."""
        item = {"type": "function_call", **{k: v for k, v in call.items() if k not in _OF_ONE_RESPONSE}}
        call_id = item.get("call_id")
        if not isinstance(call_id, str) or not call_id:
            raise UserError(f"tool_started(call={call!r}): expected a call with a text as its call_id")
        arguments = item.get("arguments", "{}")
        if item["type"] == "function_call":
            item["arguments"] = arguments if isinstance(arguments, str) else json.dumps(arguments)
        data = encode(item, "the call")

        def write(connection: sqlite3.Connection) -> None:
            self._tables.touch(connection, self.session_id)
            self._tables.ensure_run(connection, self.session_id, run_id)
            self._tables.add_call(connection, self.session_id, run_id, call_id, data)

        await self._do(write)

    async def tool_finished(self, run_id: str, call_id: str, output: dict[str, Any] | None) -> None:
        """A tool has ended with the output item that the model gets; `None` when its effect is unknown."""
        whole = None if output is None else {"type": "function_call_output", "call_id": call_id, **output}
        data = None if whole is None else encode(whole, "the output")

        def write(connection: sqlite3.Connection) -> None:
            self._tables.touch(connection, self.session_id)
            self._tables.ensure_run(connection, self.session_id, run_id)
            self._tables.set_output(connection, self.session_id, run_id, call_id, data)

        await self._do(write)

    async def add_turn(self, run_id: str, items: list[Any]) -> None:
        """A turn is complete; its items replace the intents of the calls that they answer."""
        keys = [key for item in items if isinstance(item, dict) and (key := output_key(item)) is not None]
        await self._add_of_run(run_id, items, [call_id for _, call_id in keys if call_id is not None])

    async def end_run(self, run_id: str, status: str) -> None:
        """The run has ended; intents that no turn has answered stay in the history."""
        await self._do(lambda connection: self._tables.set_status(connection, self.session_id, run_id, status))

    def close(self) -> None:
        """Close the session; waits for writes that were begun. Using it again raises `RuntimeError`."""
        with self._lock:
            self._closed = True
            self._database = None
            finalizer, self._release = self._release, None
        closing = finalizer() if finalizer is not None else None
        if closing is not None:
            closing.result()

    async def _add_of_run(self, run_id: str, items: list[Any], answered: list[str]) -> None:
        data = encoded(items)

        def write(connection: sqlite3.Connection) -> None:
            self._tables.touch(connection, self.session_id)
            self._tables.ensure_run(connection, self.session_id, run_id)
            self._tables.add_of_run(connection, self.session_id, run_id, data)
            self._tables.forget_calls(connection, self.session_id, run_id, answered)

        await self._do(write)

    async def _do(self, work: Callable[[sqlite3.Connection], T], *, writes: bool = True) -> T:
        """Do something in one transaction, off the event loop and in its turn."""
        with self._lock:
            if self._closed:
                raise RuntimeError("SQLiteSession is closed")
            if self._database is None:
                self._database = opened(str(self.db_path))
                self._release = weakref.finalize(self, release, self._database)
            future = self._database.submit(work, tables=self._tables, writes=writes, timeout=self.busy_timeout)
        return await finished(future)

    def _read(self, connection: sqlite3.Connection) -> list[Stored]:
        messages = self._tables.messages_of(connection, self.session_id)
        return in_order(messages, self._tables.journal_of(connection, self.session_id), self._warn_of_broken)

    def _warn_of_broken(self, kind: str, number: int) -> None:
        if (kind, number) in self._known_broken:
            return
        self._known_broken.add((kind, number))
        table = self._tables.messages if kind == "message" else self._tables.journal
        logger.warning(
            "Row %d of table %r in the session's database %r is no item in JSON; it is left out, and kept",
            number,
            table,
            str(self.db_path),
        )
