"""The official client's own retries, made by the runner in the client's place.

The client waits in silence, for up to two minutes when the service asks for that. So while the runner makes a call, the
client gets no retries, and the runner makes the same ones: for the same failures, as often as the client is set to,
after the same waits, but said before they begin and never longer than the runner's own limit. A model that is called
by anybody else has the client's retries as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from .. import openai_types as oai
from .failures import PASSING, is_connection_error, normalized, says_whether_to_retry

LONGEST_REFUSED = 120.0
"""Seconds; a service that asks for a longer wait is not asked again."""
FIRST_DELAY = 0.5
LONGEST_DELAY = 8.0


@dataclass
class ClientRetries:
    """The client's retries of one model call."""

    allowed: int = 0
    """How many the client would make; told by the model when it opens a request."""
    made: int = 0
    """How many were made in its place."""

    def delay(self, error: Exception, chance: Callable[[], float]) -> float | None:
        """Seconds until the client would try again; `None` when it would not."""
        if self.made >= self.allowed or not _would_retry(error):
            return None
        asked = normalized(error).retry_after
        if asked is not None and asked > LONGEST_REFUSED:
            return None
        if asked:
            return asked
        return min(FIRST_DELAY * 2.0**self.made, LONGEST_DELAY) * (1 - 0.25 * chance())


def _would_retry(error: Exception) -> bool:
    said = says_whether_to_retry(error)
    if said is not None:
        return said
    status = normalized(error).status_code
    return is_connection_error(error) if status is None else status in PASSING or status >= 500


taken_over: ContextVar[ClientRetries | None] = ContextVar("client_retries", default=None)
"""Set by the engine around the opening of a stream."""


def for_this_attempt(client: oai.AsyncOpenAI) -> oai.AsyncOpenAI:
    """The client, or the same one without retries of its own when the runner makes them."""
    retries = taken_over.get()
    if retries is None:
        return client
    retries.allowed = client.max_retries
    return client.with_options(max_retries=0) if client.max_retries else client
