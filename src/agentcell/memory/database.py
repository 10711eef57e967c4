"""One SQLite database, shared by all sessions of this process that live in it.

Several connections of one process to one file would wait for each other as strangers do, and each would cost file
handles. So sessions with the same file share a connection and a lane. A job is one transaction, tried until the file's
lock is free: it is done as a whole or not at all, which makes trying again safe. The connection opens at the first job
and closes when the last session lets go; a file that was replaced meanwhile is opened again.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from ..exceptions import SessionBusy, SessionCorrupt
from .lane import Lane
from .tables import Tables

T = TypeVar("T")

MEMORY = ":memory:"
"""The path of a database that lives as long as its session."""

_MAGIC = b"SQLite format 3\0"
_OTHERS_TURN = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL)
"""Errors that pass when others are done; the second comes when very many open a file at once."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1

_guard = threading.RLock()  # a collected session releases its database inside any allocation
_shared: dict[str, Database] = {}
_all: weakref.WeakSet[Database] = weakref.WeakSet()
_abandoned: list[sqlite3.Connection] = []
"""Connections of a parent process: a forked child must neither use nor close them."""


def opened(path: str) -> Database:
    """The database at a path, for one more session; each must `release` it once."""
    if path == MEMORY:
        database = Database(path)
        database.users = 1
        return database
    key = str(Path(path).resolve())
    with _guard:
        database = _shared.get(key) or Database(key)
        _shared[key] = database
        database.users += 1
        return database


def release(database: Database) -> Future[None] | None:
    """A session does not need the database any more; the last one closes it, after what was begun."""
    with _guard:
        database.users -= 1
        if database.users:
            return None
        if _shared.get(database.path) is database:
            del _shared[database.path]
    return database.close()


class Database:
    """A connection with its lane; opens at the first job."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.users = 0
        self._lane = Lane()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._prepared: set[Tables] = set()
        _all.add(self)

    def submit(
        self,
        work: Callable[[sqlite3.Connection], T],
        *,
        tables: Tables,
        writes: bool,
        timeout: float,
    ) -> Future[T]:
        """Queue a transaction on these tables, which are made if need be.

        It fails with `SessionBusy` when the file stays locked for `timeout` seconds from now on.
        """
        started = time.monotonic()
        return self._lane.submit(partial(self._persist, work, tables, writes, started, timeout))

    def close(self) -> Future[None]:
        """Close the connection after the jobs that are queued."""
        return self._lane.last(self._disconnect)

    def _persist(
        self,
        work: Callable[[sqlite3.Connection], T],
        tables: Tables,
        writes: bool,
        started: float,
        timeout: float,
    ) -> T:
        """Try until the lock is free, at irregular moments, so that those who wait do not always meet."""
        pause = _FIRST_PAUSE
        while True:
            try:
                connection = self._connected()
                if tables not in self._prepared:
                    tables.prepare(connection)
                    self._prepared.add(tables)
                return self._transaction(connection, work, "BEGIN IMMEDIATE" if writes else "BEGIN")
            except sqlite3.DatabaseError as error:
                code = _primary(error)
                if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                    self._disconnect()
                    raise SessionCorrupt(self.path, str(error)) from error
                if code not in _OTHERS_TURN:
                    error.add_note(f"in the session's database {self.path!r}")
                    raise
                left = started + timeout - time.monotonic()
                if left <= 0:
                    raise SessionBusy(self.path, timeout) from error
            time.sleep(min(random.uniform(0.5, 1.5) * pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _transaction(self, connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T], begin: str) -> T:
        try:
            connection.execute(begin)
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            try:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            except sqlite3.Error:
                self._disconnect()  # which rolls back as well
            raise
        return result

    def _connected(self) -> sqlite3.Connection:
        """The connection, opened anew when the path leads to another file than it did."""
        file = self._identity()
        if self._connection is not None and file == self._file:
            return self._connection
        self._disconnect()
        connection = self._connect()
        self._connection, self._file = connection, self._identity()
        return connection

    def _connect(self) -> sqlite3.Connection:
        if self.path != MEMORY:
            _check_is_database(self.path)
        connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            connection.text_factory = _text
            if self.path != MEMORY and connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.DatabaseError as error:
            if _primary(error) != sqlite3.SQLITE_READONLY:
                connection.close()
                raise
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        self._prepared.clear()
        if connection is not None:
            connection.close()

    def _identity(self) -> tuple[int, int] | None:
        """Which file the path leads to now."""
        if self.path == MEMORY:
            return None
        with suppress(OSError):
            found = os.stat(self.path)
            return found.st_dev, found.st_ino
        return None

    def abandon(self) -> None:
        """In a forked child: leave what belongs to the parent alone and begin anew."""
        self._lane = Lane()
        if self.path != MEMORY and self._connection is not None:
            _abandoned.append(self._connection)
            self._connection = None
            self._prepared.clear()


def _check_is_database(path: str) -> None:
    """Raise `SessionCorrupt` for a file that has something else in it, before SQLite touches it."""
    with suppress(OSError), open(path, "rb") as file:
        head = file.read(len(_MAGIC))
        if head and head != _MAGIC:
            raise SessionCorrupt(path, f"it begins with {head!r}")


def _primary(error: sqlite3.Error) -> int:
    """SQLite's error code without its extension; 0 for an error of the binding itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _after_fork() -> None:
    global _guard
    _guard = threading.RLock()
    for database in list(_all):
        database.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
