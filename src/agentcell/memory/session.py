"""What a session is: the protocol for everybody's stores, and the same as a base class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol, runtime_checkable

from .. import openai_types as oai
from .session_settings import SessionSettings


@runtime_checkable
class Session(Protocol):
    """The history of one conversation, kept between runs; any object with these members is one."""

    session_id: str
    """Names the conversation."""
    session_settings: SessionSettings | None = None
    """How it is read when nothing else is said."""

    async def get_items(self, limit: int | None = None) -> list[oai.ResponseInputItemParam]:
        """The conversation in order; with `limit` its latest items."""
        ...

    async def add_items(self, items: list[oai.ResponseInputItemParam]) -> None:
        """Add items at the end."""
        ...

    async def pop_item(self) -> oai.ResponseInputItemParam | None:
        """Take the latest item out and return it; `None` when there is none."""
        ...

    async def clear_session(self) -> None:
        """Forget the conversation."""
        ...


class SessionABC(ABC):
    """A base class for sessions."""

    session_id: str
    """Names the conversation."""
    session_settings: SessionSettings | None = None
    """How it is read when nothing else is said."""

    @abstractmethod
    async def get_items(self, limit: int | None = None) -> list[oai.ResponseInputItemParam]:
        """The conversation in order; with `limit` its latest items."""

    @abstractmethod
    async def add_items(self, items: list[oai.ResponseInputItemParam]) -> None:
        """Add items at the end."""

    @abstractmethod
    async def pop_item(self) -> oai.ResponseInputItemParam | None:
        """Take the latest item out and return it; `None` when there is none."""

    @abstractmethod
    async def clear_session(self) -> None:
        """Forget the conversation."""
