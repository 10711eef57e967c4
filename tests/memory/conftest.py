"""Sessions for tests: each is closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from agentcell import SQLiteSession


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is not there yet."""
    return tmp_path / "chats.db"


@pytest.fixture
def open_session(path: Path) -> Iterator[Callable[..., SQLiteSession]]:
    """Makes sessions in that file."""
    with ExitStack() as stack:

        def make(session_id: str = "a", db_path: str | Path = path, **options: Any) -> SQLiteSession:
            return stack.enter_context(closing(SQLiteSession(session_id, db_path, **options)))

        yield make


@pytest.fixture
def session(open_session: Callable[..., SQLiteSession]) -> SQLiteSession:
    """A session in that file."""
    return open_session()
