"""The tables of sessions, and every statement about them.

    agent_sessions           one row for each session                    } as the reference makes them, so that it
    agent_messages           one row for each item, as JSON              } reads our files and we read its
    agent_messages_journal   what is known of runs beyond their items
        kind 'run'      a run and the place of its first item: `first_id`; `status` is how it ended
        kind 'items'    which items are the run's: those from `first_id` to `last_id`, written in one commit
        kind 'call'     a call that was started, and its `output` once it has ended; gone when a turn answers it

Ids of items are never used twice, so the places stay right whatever is deleted. When the reference clears a session it
deletes the session's row; a trigger then deletes its journal.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class MessageRow(NamedTuple):
    """An item as it is stored."""

    id: int
    """The row's number."""
    data: object
    """The item's JSON, if it is not damaged."""


class JournalRow(NamedTuple):
    """A row of the journal."""

    id: int
    """The row's number."""
    run_id: str
    """The run."""
    kind: str
    """`run`, `items` or `call`."""
    first_id: int | None
    """The first item that the row speaks of, or the place where it would be."""
    last_id: int | None
    """The last item that the row speaks of."""
    call_id: str | None
    """The call that the row speaks of."""
    call: object
    """The call's JSON; nothing when only its outcome was told."""
    output: object
    """The output's JSON; nothing when it is unknown."""


@dataclass(frozen=True)
class Tables:
    """The names of a session's tables, with what is done to them; every method is a part of a transaction."""

    sessions: str
    """Table of the sessions."""
    messages: str
    """Table of the items."""

    @property
    def journal(self) -> str:
        """Table of the journal."""
        return f"{self.messages}_journal"

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Make what is missing; a complete file is only read, so that a lock on it does not matter."""
        wanted = {self.sessions, self.messages, self.journal, f"{self.journal}_of_run", f"{self.journal}_clear"}
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if wanted <= found:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in self._declarations():
                connection.execute(statement)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _declarations(self) -> Iterable[str]:
        sessions, messages, journal = map(quoted, (self.sessions, self.messages, self.journal))
        yield f"""CREATE TABLE IF NOT EXISTS {sessions} (
            session_id TEXT PRIMARY KEY,
            created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
            updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
        )"""
        yield f"""CREATE TABLE IF NOT EXISTS {messages} (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            session_id TEXT NOT NULL,
            message_data TEXT NOT NULL,
            created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
            FOREIGN KEY (session_id) REFERENCES {sessions} (session_id) ON DELETE CASCADE
        )"""
        yield f"""CREATE INDEX IF NOT EXISTS {quoted(f"idx_{self.messages}_session_id")}
            ON {messages} (session_id, id)"""
        yield f"""CREATE TABLE IF NOT EXISTS {journal} (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            session_id TEXT NOT NULL,
            run_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            first_id INTEGER,
            last_id INTEGER,
            call_id TEXT,
            call TEXT,
            output TEXT,
            status TEXT,
            created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
        )"""
        yield f"""CREATE INDEX IF NOT EXISTS {quoted(f"{self.journal}_of_run")}
            ON {journal} (session_id, run_id, kind, call_id)"""
        yield f"""CREATE TRIGGER IF NOT EXISTS {quoted(f"{self.journal}_clear")} AFTER DELETE ON {sessions}
            BEGIN DELETE FROM {journal} WHERE session_id = OLD.session_id; END"""

    def messages_of(self, connection: sqlite3.Connection, session_id: str) -> list[MessageRow]:
        """The session's items in the order they were written."""
        sql = f"SELECT id, message_data FROM {quoted(self.messages)} WHERE session_id = ? ORDER BY id"
        return [MessageRow(*row) for row in connection.execute(sql, (session_id,))]

    def journal_of(self, connection: sqlite3.Connection, session_id: str) -> list[JournalRow]:
        """The session's journal in the order it was written."""
        columns = ", ".join(quoted(name) for name in JournalRow._fields)
        sql = f"SELECT {columns} FROM {quoted(self.journal)} WHERE session_id = ? ORDER BY id"
        return [JournalRow(*row) for row in connection.execute(sql, (session_id,))]

    def touch(self, connection: sqlite3.Connection, session_id: str) -> None:
        """The session exists, and has changed now."""
        connection.execute(
            f"INSERT INTO {quoted(self.sessions)} (session_id) VALUES (?) "
            "ON CONFLICT (session_id) DO UPDATE SET updated_at = CURRENT_TIMESTAMP",
            (session_id,),
        )

    def add_messages(self, connection: sqlite3.Connection, session_id: str, data: Sequence[str]) -> tuple[int, int]:
        """Add items; the first and the last number they got."""
        sql = f"INSERT INTO {quoted(self.messages)} (session_id, message_data) VALUES (?, ?)"
        numbers = [connection.execute(sql, (session_id, each)).lastrowid or 0 for each in data]
        return numbers[0], numbers[-1]

    def ensure_run(self, connection: sqlite3.Connection, session_id: str, run_id: str) -> None:
        """The run has a place in the conversation, unless it has one already: where the next item comes.

        That is after the last number that was ever given, as items may have been taken out again.
        """
        connection.execute(
            f"INSERT INTO {quoted(self.journal)} (session_id, run_id, kind, first_id) "
            "SELECT ?1, ?2, 'run', 1 + MAX("
            "COALESCE((SELECT seq FROM sqlite_sequence WHERE name = ?3), 0), "
            f"COALESCE((SELECT MAX(id) FROM {quoted(self.messages)}), 0)) "
            f"WHERE NOT EXISTS (SELECT 1 FROM {quoted(self.journal)} "
            "WHERE session_id = ?1 AND run_id = ?2 AND kind = 'run')",
            (session_id, run_id, self.messages),
        )

    def add_of_run(self, connection: sqlite3.Connection, session_id: str, run_id: str, data: Sequence[str]) -> None:
        """Add items of a run."""
        if data:
            first, last = self.add_messages(connection, session_id, data)
            self._note(connection, session_id=session_id, run_id=run_id, kind="items", first_id=first, last_id=last)

    def forget_calls(self, connection: sqlite3.Connection, session_id: str, run_id: str, calls: Iterable[str]) -> None:
        """Delete the intents of calls that are answered."""
        sql = (
            f"DELETE FROM {quoted(self.journal)} WHERE session_id = ? AND run_id = ? AND kind = 'call' AND call_id = ?"
        )
        connection.executemany(sql, [(session_id, run_id, call_id) for call_id in calls])

    def add_call(self, connection: sqlite3.Connection, session_id: str, run_id: str, call_id: str, call: str) -> None:
        """A call is about to start; its row replaces one of the same id."""
        self.forget_calls(connection, session_id, run_id, [call_id])
        self._note(connection, session_id=session_id, run_id=run_id, kind="call", call_id=call_id, call=call)

    def set_output(
        self, connection: sqlite3.Connection, session_id: str, run_id: str, call_id: str, output: str | None
    ) -> None:
        """What became of a call that was started; also kept for one that was not announced."""
        found = connection.execute(
            f"UPDATE {quoted(self.journal)} SET output = ? "
            "WHERE session_id = ? AND run_id = ? AND kind = 'call' AND call_id = ?",
            (output, session_id, run_id, call_id),
        )
        if not found.rowcount and output is not None:
            self._note(connection, session_id=session_id, run_id=run_id, kind="call", call_id=call_id, output=output)

    def set_status(self, connection: sqlite3.Connection, session_id: str, run_id: str, status: str) -> None:
        """How a run has ended."""
        sql = f"UPDATE {quoted(self.journal)} SET status = ? WHERE session_id = ? AND run_id = ? AND kind = 'run'"
        connection.execute(sql, (status, session_id, run_id))

    def remove(self, connection: sqlite3.Connection, kind: str, number: int) -> None:
        """Take out one thing that was stored: a `message`, a `call` or the `output` of one."""
        match kind:
            case "message":
                connection.execute(f"DELETE FROM {quoted(self.messages)} WHERE id = ?", (number,))
            case "call":
                connection.execute(f"DELETE FROM {quoted(self.journal)} WHERE id = ?", (number,))
            case "output":
                connection.execute(f"UPDATE {quoted(self.journal)} SET output = NULL WHERE id = ?", (number,))

    def clear(self, connection: sqlite3.Connection, session_id: str) -> None:
        """Delete a session with all that it has."""
        for table in (self.messages, self.journal, self.sessions):
            connection.execute(f"DELETE FROM {quoted(table)} WHERE session_id = ?", (session_id,))

    def _note(self, connection: sqlite3.Connection, **values: object) -> None:
        """Add a row to the journal."""
        places = ", ".join("?" * len(values))
        sql = f"INSERT INTO {quoted(self.journal)} ({', '.join(values)}) VALUES ({places})"
        connection.execute(sql, tuple(values.values()))


def quoted(name: str) -> str:
    """A name as SQL writes it, whatever is in it."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
