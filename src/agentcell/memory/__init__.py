"""Sessions: conversations that outlive a run.

session = SQLiteSession("user-1", "chats.db")
result = Runner.run_streamed(agent, "Hello", session=session)

Session                     what a store of conversations must have: four methods
|-- SessionABC              the same as a base class
|   `-- SQLiteSession       kept by SQLite, in a file or in memory
`-- JournalSession          also told what a run is about to do, so that a crash leaves a true history
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .journal import JournalSession as JournalSession
    from .session import Session as Session
    from .session import SessionABC as SessionABC
    from .session_settings import SessionSettings as SessionSettings
    from .sqlite_session import SQLiteSession as SQLiteSession
    from .util import SessionInputCallback as SessionInputCallback

_HOME = {
    "JournalSession": "journal",
    "SQLiteSession": "sqlite_session",
    "Session": "session",
    "SessionABC": "session",
    "SessionInputCallback": "util",
    "SessionSettings": "session_settings",
}

__all__ = [
    "JournalSession",
    "SQLiteSession",
    "Session",
    "SessionABC",
    "SessionInputCallback",
    "SessionSettings",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
