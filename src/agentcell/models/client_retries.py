"""Whether the official client may retry a request by itself.

The runner's own retries are one request each: were the client to retry inside them, a policy that allows two retries
would make six requests.
"""

from __future__ import annotations

from contextvars import ContextVar

from .. import openai_types as oai

client_retries_off: ContextVar[bool] = ContextVar("client_retries_off", default=False)
"""Set by the engine around the opening of a stream."""


def for_this_attempt(client: oai.AsyncOpenAI) -> oai.AsyncOpenAI:
    """The client, or the same one without retries of its own."""
    return client.with_options(max_retries=0) if client_retries_off.get() else client
